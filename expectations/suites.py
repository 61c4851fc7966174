"""Suites as files: what must hold of one table, in Great Expectations' own words.

Belongs here: the form of a suite and the strict reading of its YAML. Does not belong here: the
words themselves (`vocabulary`), their evaluation (`runner`), what a company adds (`company`). Great
Expectations is not imported: Dagster reads all suites whenever its definitions load.

    name: exposures
    layer: raw                     # raw: a contract of the lake; marts: a mart
    table: exposures
    owner: product-analytics
    on_fail: block                 # or quarantine_rows: a contract's wrong rows stay out alone
    quarantine_limit: 0.05         # optional: the largest share of rows that may stay out
    on_drift: warn                 # or block, of a contract: where a column went or changed kind
    runbook: What to do when it fails, in a sentence or two.
    expectations:
      - type: expect_column_values_to_not_be_null
        kwargs: {column: user_id, mostly: 0.9}
        severity: warning
        description: Why this must hold.
        name: optional, where two checks would have the same name
        row_condition: {column: is_revision, operator: "==", parameter: false}   # optional
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expectations.reading import Document, SuiteError, read_yaml
from expectations.results import Severity
from expectations.vocabulary import LAYERS, ON_DRIFT, ON_FAIL, OPERATORS, SEVERITIES, WORDS, Word
from ingest.contracts import LANDING_COLUMNS, load_contracts

__all__ = ["ExpectationSpec", "RowCondition", "Suite", "SuiteError", "load_suites", "read_checks"]

_SUITE_KEYS = {"name", "layer", "table", "owner", "on_fail", "key", "partition", "runbook",
               "masked", "quarantine_limit", "expectations"}  # fmt: skip
_SUITE_NEEDS = ("name", "layer", "table", "owner", "on_fail", "runbook", "expectations")
_CHECK_KEYS = {"type", "kwargs", "severity", "description", "name", "row_condition"}
_CHECK_NEEDS = ("type", "severity", "description")
QUARANTINE_LIMIT = 0.05
_ONE_MISSING = "either_value_is_missing"
_NAME = re.compile(r"[a-z0-9_]+")


@dataclass(frozen=True)
class RowCondition:
    """Which rows a check speaks of: `column operator parameter`."""

    column: str
    operator: str
    parameter: Any = None


@dataclass(frozen=True)
class ExpectationSpec:
    """One expectation of a suite: what must hold, how grave a breach is, and why it matters.

    `place` is where it stands: `file:line`; owner and runbook, where a company says its own.
    """

    check_name: str
    type: str
    kwargs: dict[str, Any]
    severity: Severity
    description: str
    row_condition: RowCondition | None = None
    place: str = ""
    owner: str = ""
    runbook: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it names."""
        return columns_of(WORDS[self.type], self.kwargs)


@dataclass(frozen=True)
class Suite:
    """All that must hold of one table; `masked` columns are never shown in samples."""

    name: str
    layer: str
    table: str
    owner: str
    on_fail: str
    key: tuple[str, ...]
    partition: str | None
    runbook: str
    masked: frozenset[str]
    expectations: tuple[ExpectationSpec, ...]
    quarantine_limit: float = QUARANTINE_LIMIT
    on_drift: str = "warn"

    def owner_of(self, spec: ExpectationSpec) -> str:
        """Who answers for one of its checks."""
        return spec.owner or self.owner

    def runbook_of(self, spec: ExpectationSpec) -> str:
        """What to do when one of its checks fails."""
        return spec.runbook or self.runbook


def load_suites(*folders: Path | str) -> tuple[Suite, ...]:
    """All suites below `folders`, ordered by layer and name.

    Raises:
        SuiteError: Naming the file, the line, the key and what to do.
    """
    suites: dict[tuple[str, str], Suite] = {}
    for folder in folders:
        for path in sorted(Path(folder).rglob("*.yml")):
            suite = _suite(path)
            if (suite.layer, suite.table) in suites:
                raise SuiteError(f"{path}: there is another suite of {suite.layer}/{suite.table}. "
                                 "Put all checks of a table in one file.")  # fmt: skip
            suites[suite.layer, suite.table] = suite
    return tuple(sorted(suites.values(), key=lambda one: (LAYERS.index(one.layer), one.name)))


def columns_of(word: Word, kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    """Columns that arguments name, in the order of the word's arguments."""
    found: list[str] = []
    for argument in word.columns:
        value = kwargs.get(argument)
        found += [str(v) for v in value] if isinstance(value, list) else [str(value)]
    return tuple(found)


def _suite(path: Path) -> Suite:
    document = read_yaml(path)
    values = document.value
    document.only((), _SUITE_KEYS | ({"on_drift"} if values.get("layer") == "raw" else set()))
    document.need((), _SUITE_NEEDS)
    for key, words in (("layer", LAYERS), ("on_fail", ON_FAIL), ("on_drift", ON_DRIFT)):
        if key in values:
            document.one_of((key,), words)
    if values["name"] != path.stem:
        document.fail(("name",), f"is {values['name']!r}, the file's name is {path.stem!r}",
                      "Name the suite like its file.")  # fmt: skip
    known, masked = _contract(document)
    return Suite(
        name=values["name"],
        layer=values["layer"],
        table=values["table"],
        owner=values["owner"],
        on_fail=values["on_fail"],
        key=tuple(values.get("key", ())),
        partition=values.get("partition"),
        runbook=values["runbook"],
        masked=frozenset(masked | set(values.get("masked", ()))),
        expectations=read_checks(document, known),
        quarantine_limit=_quarantine_limit(document),
        on_drift=values.get("on_drift", "warn"),
    )


def _quarantine_limit(document: Document) -> float:
    limit = document.value.get("quarantine_limit", QUARANTINE_LIMIT)
    if not isinstance(limit, int | float) or not 0 < limit <= 1:
        document.fail(("quarantine_limit",), f"is {limit!r}", "Use a share above 0, at most 1.")
    if document.value["on_fail"] == "quarantine_rows" and document.value["layer"] != "raw":
        document.fail(("on_fail",), "is quarantine_rows for a mart",
                      "Rows of a mart are made, not delivered: write block.")  # fmt: skip
    if "quarantine_limit" in document.value and document.value["on_fail"] != "quarantine_rows":
        document.fail(("quarantine_limit",), "stands beside on_fail: block",
                      "Remove it, or write `on_fail: quarantine_rows`.")  # fmt: skip
    return float(limit)


def read_checks(document: Document, known: Collection[str] | None) -> tuple[ExpectationSpec, ...]:
    """The checks of a file; `known` are the columns they may name, None where nobody knows."""
    items = document.value["expectations"]
    if not isinstance(items, list) or not items:
        document.fail(("expectations",), "is no list of checks", "State at least one check.")
    checks = [_check(document, number, known) for number in range(len(items))]
    _no_duplicates(document, checks)
    return tuple(checks)


def _contract(document: Document) -> tuple[set[str] | None, set[str]]:
    """Columns that a raw suite may name and those to mask; of a mart nobody here knows columns."""
    values = document.value
    if values["layer"] != "raw":
        return None, set()
    contracts = load_contracts()
    contract = contracts.get(values["table"])
    if contract is None:
        document.unknown(("table",), values["table"], contracts, "contract")
    elif values["owner"] != contract.owner:
        document.fail(("owner",), f"is {values['owner']!r}, the contract's is {contract.owner!r}",
                      "Write the contract's owner, or change it there.")  # fmt: skip
    assert contract is not None  # noqa: S101
    known = {*contract.column_names, *LANDING_COLUMNS}
    named = [*values.get("key", ()), *values.get("masked", ())]
    named += [values["partition"]] if values.get("partition") else []
    for column in named:
        if column not in known:
            document.unknown(("key",), column, known, "column")
    # `extra` holds columns that no contract knows; nobody said that they are not personal.
    return known, {c.name for c in contract.columns if c.personal} | {"extra"}


def _check(document: Document, number: int, known: Collection[str] | None) -> ExpectationSpec:
    at: tuple[Any, ...] = ("expectations", number)
    item = document.mapping(at)
    document.only(at, _CHECK_KEYS)
    document.need(at, _CHECK_NEEDS)
    document.one_of((*at, "severity"), SEVERITIES)
    kind = item["type"]
    if kind not in WORDS:
        document.unknown((*at, "type"), kind, WORDS, "expectation type")
    word = WORDS[kind]
    kwargs = document.mapping((*at, "kwargs")) if "kwargs" in item else {}
    if kwargs or word.required:
        document.only((*at, "kwargs"), word.arguments)
        document.need((*at, "kwargs"), sorted(word.required))
    _sane(document, (*at, "kwargs"), kwargs)
    condition = _condition(document, (*at, "row_condition"), item, known)
    for column in columns_of(word, kwargs):
        if known is not None and column not in known:
            argument = next(a for a in word.columns if column in str(kwargs[a]))
            document.unknown((*at, "kwargs", argument), column, known, "column")
    name = item.get("name") or _name(kind, columns_of(word, kwargs))
    if kind == "unexpected_rows_expectation" and not item.get("name"):
        document.fail(at, "has a query but no name", "Add `name: unexpected_rows__<what>`.")
    if kind == "unexpected_rows_expectation" and condition:
        document.fail((*at, "row_condition"), "stands beside a query", "Put it into the query.")
    if not _NAME.fullmatch(name):
        document.fail((*at, "name"), f"is {name!r}", "Use lower-case letters, digits and _.")
    return ExpectationSpec(name, kind, dict(kwargs), item["severity"], str(item["description"]),
                           condition, f"{document.path}:{document.line(at)}")  # fmt: skip


def _name(kind: str, columns: tuple[str, ...]) -> str:
    return "__".join([kind.removeprefix("expect_"), *columns])


def _sane(document: Document, at: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """What Great Expectations itself would accept though it can't be meant."""
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is not None and high is not None:
        try:
            empty = low > high
        except TypeError:
            document.fail((*at, "min_value"), f"{low!r} and max_value {high!r} can't be compared",
                          "Write both in the same form.")  # fmt: skip
        if empty:
            document.fail((*at, "min_value"), f"{low} is greater than max_value {high}",
                          "No value could pass; exchange them.")  # fmt: skip
    mostly = kwargs.get("mostly")
    if mostly is not None and not (isinstance(mostly, int | float) and 0 < mostly <= 1):
        document.fail((*at, "mostly"), f"is {mostly!r}", "Use a share above 0, at most 1.")
    if "column_A" in kwargs and kwargs.get("ignore_row_if") != _ONE_MISSING:
        document.fail(at, f"has ignore_row_if {kwargs.get('ignore_row_if')!r}",
                      f"Write `ignore_row_if: {_ONE_MISSING}`: the engines of Great Expectations "
                      "differ in pairs of which one value is missing. Check for missing values "
                      "by expect_column_values_to_not_be_null.")  # fmt: skip
    query = kwargs.get("unexpected_rows_query")
    if query is not None and "{batch}" not in query:
        document.fail((*at, "unexpected_rows_query"), "does not read {batch}",
                      "Select the wrong rows from {batch}.")  # fmt: skip
    pattern = kwargs.get("regex")
    if pattern is not None:
        try:
            re.compile(pattern)
        except re.error as error:
            document.fail((*at, "regex"), f"is no pattern: {error}", "Correct the pattern.")


def _condition(
    document: Document, at: tuple[Any, ...], item: Mapping[str, Any], known: Collection[str] | None
) -> RowCondition | None:
    if "row_condition" not in item:
        return None
    value = document.mapping(at)
    document.only(at, {"column", "operator", "parameter"})
    document.need(at, ("column", "operator"))
    document.one_of((*at, "operator"), OPERATORS)
    if known is not None and value["column"] not in known:
        document.unknown((*at, "column"), value["column"], known, "column")
    if value["operator"] not in ("IS_NULL", "IS_NOT_NULL"):
        document.need(at, ("parameter",))
    return RowCondition(value["column"], value["operator"], value.get("parameter"))


def _no_duplicates(document: Document, checks: list[ExpectationSpec]) -> None:
    seen: dict[str, int] = {}
    for number, check in enumerate(checks):
        if check.check_name in seen:
            first = document.line(("expectations", seen[check.check_name]))
            document.fail(
                ("expectations", number),
                f"is the second check named {check.check_name!r} (the first: line {first})",
                "Remove one, or give this one a `name`.",
            )
        seen[check.check_name] = number
