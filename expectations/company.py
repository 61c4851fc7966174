"""A company's own checks, added to ours: `<workspace>/expectations/{raw,marts}/*.yml`.

Belongs here: the form of such a file and how its checks join the suite of the same table. Does not
belong here: the form of a check (`suites`), who asks for them (the orchestrator).

    name: active_users__daily      # like the file
    layer: marts                   # like the folder
    table: active_users__daily
    owner: growth                  # optional: who answers for these checks; else ours of the table
    runbook: Ask in #growth.       # optional: what to do when one fails; else ours of the table
    masked: [account_id]           # optional: columns never to be shown in samples
    on_drift: block                # optional, of a contract: see below
    expectations: [...]            # in the form of ours, which stand in the project

Checks are only added. Everything else of a table (its key, what happens on a failure) is said by
our suite of it, so that no file of a company's can remove or weaken a check of ours. What may be
made graver is the one of columns: under `on_drift: block`, a column of the contract that vanished
or changed its kind holds the delivery back. A file that says so needs no checks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from expectations.reading import Document, SuiteError, read_yaml
from expectations.suites import Suite, read_checks
from expectations.vocabulary import LAYERS

Columns = Callable[[Suite], Collection[str]]
_KEYS = {"name", "layer", "table", "owner", "runbook", "masked", "on_drift", "expectations"}
_NEEDS = ("name", "layer", "table")
_OURS = ("on_fail", "key", "partition")


def company_files(folder: Path) -> tuple[Path, ...]:
    """All files of checks below a workspace's `expectations/`.

    Raises:
        SuiteError: If a file lies where nobody would read it.
    """
    found = sorted(p for p in folder.rglob("*") if p.suffix in (".yml", ".yaml") and p.is_file())
    for path in found:
        if path.suffix != ".yml":
            raise SuiteError(f"{path}:1: is not read. Rename it to {path.stem}.yml.")
        if path.parent.parent != folder or path.parent.name not in LAYERS:
            raise SuiteError(f"{path}:1: is not read. Put it into {folder / 'raw'} (checks of a "
                             f"contract) or {folder / 'marts'} (checks of a mart).")  # fmt: skip
    return tuple(found)


def add_checks(
    suites: Iterable[Suite], files: Iterable[Path], columns: Columns
) -> tuple[Suite, ...]:
    """The suites, in their order, with the checks of the company's files of the same layer.

    Args:
        suites: Ours.
        files: The company's.
        columns: The columns that a suite's table has.

    Raises:
        SuiteError: Naming the file, the line, the key and what to do.
    """
    whole = {(suite.layer, suite.table): suite for suite in suites}
    layers = {layer for layer, _ in whole}
    for path in files:
        if path.parent.name in layers and not _says_nothing(path):
            suite = _extended(whole, read_yaml(path), columns)
            whole[suite.layer, suite.table] = suite
    return tuple(whole.values())


def _says_nothing(path: Path) -> bool:
    """Whether all of it is commented out, as in the example of a new workspace."""
    lines = path.read_bytes().splitlines()
    return all(not line.strip() or line.lstrip().startswith(b"#") for line in lines)


def _extended(
    whole: Mapping[tuple[str, str], Suite], document: Document, columns: Columns
) -> Suite:
    values = document.value
    for key in _OURS:
        if key in values:
            document.fail((key,), "is said by our suite of the table", "Leave it out.")
    document.only((), _KEYS if values.get("layer") == "raw" else _KEYS - {"on_drift"})
    document.need((), _NEEDS if "on_drift" in values else (*_NEEDS, "expectations"))
    if "on_drift" in values:
        document.one_of(("on_drift",), ("block",))
    for key, wanted in (("name", document.path.stem), ("layer", document.path.parent.name)):
        if values[key] != wanted:
            document.fail((key,), f"is {values[key]!r}, by its place it is {wanted!r}",
                          "Write that, or move the file.")  # fmt: skip
    ours = whole.get((values["layer"], str(values["table"])))
    if ours is None:
        tables = [table for layer, table in whole if layer == values["layer"]]
        document.unknown(("table",), values["table"], tables, "table")
    known = set(columns(ours))
    checks = [
        replace(check, owner=_words(document, "owner"), runbook=_words(document, "runbook"))
        for check in (read_checks(document, known) if "expectations" in values else ())
    ]
    taken = {check.check_name: check.place for check in ours.expectations}
    for number, check in enumerate(checks):
        if check.check_name in taken:
            document.fail(
                ("expectations", number),
                f"is named {check.check_name!r} like the one at {taken[check.check_name]}, which "
                "stays as it is",
                "Give this one a `name` of its own.",
            )
    masked = values.get("masked") or []
    if not isinstance(masked, list):
        document.fail(("masked",), "is no list of columns", "Write `masked: [a_column]`.")
    for column in masked:
        if str(column) not in known:
            document.unknown(("masked",), column, known, "column")
    return replace(
        ours, masked=ours.masked | set(masked), expectations=(*ours.expectations, *checks),
        on_drift=values.get("on_drift", ours.on_drift),
    )  # fmt: skip


def _words(document: Document, key: str) -> str:
    """What the file says there; empty where it says nothing, and ours holds."""
    value = document.value.get(key, "")
    if not isinstance(value, str) or (key in document.value and not value.strip()):
        document.fail((key,), f"is {value!r}, not words", "Say it in words, or leave it out.")
    return value
