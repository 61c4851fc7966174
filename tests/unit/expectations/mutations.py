"""How a sane row is made, and how it is changed so that one check fails.

Belongs here: what follows from a check's type. Does not belong here: what must be said table by
table (`cases`, `tables`).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from expectations.suites import ExpectationSpec, Suite
from ingest.contracts import LANDING_COLUMNS, load_contracts
from tests.unit.expectations import experiment_cases as experiments
from tests.unit.expectations.breaches import BREACH
from tests.unit.expectations.cases import DAY, NEEDED, SANE, TELLS_APART, Row

ROOT = Path(__file__).parents[3]
MARTS = ROOT / "dbt_project" / "models" / "marts"
# A thinned-out choice keeps the default run short.
EVERY = 6
AT = datetime(2026, 3, 2, 9)
_SECOND = timedelta(seconds=1)
_BY_TYPE: dict[str, Any] = {
    "text": "x", "varchar": "x", "bigint": 0, "integer": 1, "double": None, "boolean": True,
    "date": DAY, "timestamp": AT,
}  # fmt: skip
_BY_ENDING = {"_no_json": "{no", "_is_no_monday": DAY + timedelta(days=1), "_of_its_parts": 0.6}


def columns(suite: Suite) -> dict[str, str]:
    """Columns and DuckDB types of the table that a suite is about."""
    return _columns(suite.layer, suite.table)


@cache
def _columns(layer: str, table: str) -> dict[str, str]:
    if layer == "raw":
        contract = load_contracts()[table]
        return {**{c.name: c.sql_type for c in contract.columns}, **LANDING_COLUMNS}
    (path,) = MARTS.glob(f"*/{table}.yml")
    model = yaml.safe_load(path.read_text(encoding="utf-8"))["models"][0]
    return {column["name"]: column["data_type"] for column in model["columns"]}


def sane(suite: Suite) -> Row:
    """A row that breaches nothing: the contract's example, or one written here."""
    if suite.layer == "raw":
        row: Row = {
            **dict.fromkeys(columns(suite)), **load_contracts()[suite.table].example,
            "source": "s", "batch_id": "b", "loaded_at": "2026-12-31 00:00:00",
            "source_file": "f", "source_line": 1, "row_key": 1, "is_revision": False,
        }  # fmt: skip
        row |= {c.name: "a.test" for c in load_contracts()[suite.table].columns
                if c.name == "email_domain"}  # fmt: skip
    else:
        row = {name: _BY_TYPE[kind] for name, kind in columns(suite).items()}
    return {**row, **(SANE | experiments.SANE).get(suite.table, {})}


def told_apart(suite: Suite, row: Row, number: int) -> Row:
    """The row under a key of its own."""
    column = (TELLS_APART | experiments.TELLS_APART).get(suite.table) or next(
        name for name in suite.key if name != "source" and isinstance(row[name], str)
    )
    value = row[column]
    if isinstance(value, date):
        # Months stay months, weeks begin on Monday.
        later = value.replace(year=value.year + number)
        return {**row, column: later if value.day == 1 else value + timedelta(weeks=number)}
    return {**row, column: number if isinstance(value, int) else f"{value}-{number:04}"}


def is_about_rows(spec: ExpectationSpec) -> bool:
    """Whether the check looks at one row at a time (keys count as such), and at no other mart."""
    whole = spec.type == "expect_table_row_count_to_be_between" or "mostly" in spec.kwargs
    query = spec.kwargs.get("unexpected_rows_query", "")
    return not (whole or " qualify " in query or " marts." in query)


def breaching(suite: Suite, spec: ExpectationSpec, row: Row) -> list[Row]:
    """The row changed so that it breaches the check; two rows where they must differ."""
    change = (BREACH | experiments.BREACH).get((suite.table, spec.check_name))
    if change is not None:
        return [{**row, **(change(row) if callable(change) else change)}]
    if spec.type in ("expect_compound_columns_to_be_unique", "expect_column_values_to_be_unique"):
        return [row, dict(row)]
    return [{**_alone(suite, spec, row), **_change(spec, row)}]


def _alone(suite: Suite, spec: ExpectationSpec, row: Row) -> Row:
    """The row with unknown numbers wherever the check does not look, so that no other can fail."""
    if suite.layer == "raw" or spec.type == "unexpected_rows_expectation":
        return row
    needed = {*spec.columns, *suite.key, *(NEEDED | experiments.NEEDED).get(suite.table, ())}
    for other in suite.expectations:
        if other.type == "expect_column_values_to_not_be_null":
            needed |= set(other.columns)
    kinds = columns(suite)
    loose = {name for name in row if kinds[name] in ("bigint", "double")} - needed
    return {**row, **dict.fromkeys(loose)}


def _change(spec: ExpectationSpec, row: Row) -> Row:
    k, name = spec.kwargs, spec.kwargs.get("column", "")
    match spec.type:
        case "expect_column_values_to_not_be_null":
            return {name: None}
        case "expect_column_values_to_be_in_set":
            return {name: "never heard of"}
        case "expect_column_values_to_match_regex":
            return {name: "@ NO match"}
        case "expect_column_values_to_not_match_regex":
            return {name: "<p>A@b</p>"}
        case "expect_column_values_to_be_between":
            if name.endswith("_rate"):
                stem = name.removesuffix("_rate")
                return {f"{stem}_num": -1, f"{stem}_den": 1, name: -1.0}
            low, high = k.get("min_value"), k.get("max_value")
            return {name: step(low, -1) if low is not None else step(high, 1)}
        case "expect_column_value_lengths_to_be_between":
            return {name: "y" * (k["min_value"] - 1 if "min_value" in k else k["max_value"] + 1)}
        case "expect_column_pair_values_a_to_be_greater_than_b":
            a, b = k["column_A"], k["column_B"]
            if isinstance(row[a], int):
                return {b: row[a] + 1}
            lower = DAY if row[b] is None else row[b]
            return {a: step(lower, -1), b: lower}
        case "expect_column_pair_values_to_be_equal":
            return {k["column_A"]: step(row[k["column_B"]], 1)}
    what = spec.check_name.removeprefix("unexpected_rows__")
    for ending, value in _BY_ENDING.items():
        if what.endswith(ending):
            return {what.removesuffix(ending): value}
    raise AssertionError(f"say in BREACH what breaches {spec.check_name}")


def step(value: Any, sign: int) -> Any:
    """The next value below (-1) or above (1)."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value.replace("Z", ""))
        if value.time() == datetime.min.time():
            value = value.date()
    if isinstance(value, datetime):
        return value + sign * _SECOND
    if isinstance(value, date):
        return value + sign * timedelta(days=1)
    return value + sign
