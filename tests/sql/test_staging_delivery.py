"""Staging of work items, deployments, incidents, checks and sessions: what counts, and once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .fixture_lake import FixtureLake, Warehouse, at, load_contract_files

CONTRACTS = (
    "work_items", "work_item_events", "deployments", "incidents", "qa_checks", "research_sessions",
    "survey_deliveries",
)  # fmt: skip
LATER = "2026-05-09T00:00:00Z"


def _moved(spec: dict[str, Any], at: str) -> dict[str, Any]:
    """The contract's example as it was (or became) at another time."""
    return spec["example"] | {spec["version"]["column"]: at}


def _plain(row: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    """Times without their zone, as they lie in the lake."""
    times = {c["name"] for c in spec["columns"] if c["type"] == "timestamp"}
    return {k: str(v).removesuffix("Z") if k in times else v for k, v in row.items()}


def _word(spec: dict[str, Any]) -> str:
    """A column of the contract that tells two versions apart."""
    fixed = {*spec["key"], spec["version"]["column"]}
    return next(c["name"] for c in spec["columns"]
                if c["type"] == "text" and c["name"] not in fixed)  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, dbt_target: Path) -> Warehouse:
    """Each example, a later version of it, the same again, what ties, and what must not count."""
    home = tmp_path_factory.mktemp("delivery")
    lake = FixtureLake(home / "lake")
    for name in CONTRACTS:
        spec = load_contract_files()[name]
        now, later = _plain(spec["example"], spec), _plain(_moved(spec, LATER), spec)
        gone = {**now, spec["key"][1]: "gone"}
        lake.add(name, [later], source="s")
        lake.add(name, [now, later], source="s")
        lake.add(name, [now], source="t")
        tied = {**now, _word(spec): "tied"}
        for source, rows in {"u": (now, tied), "v": (tied, now)}.items():
            for row in rows:
                lake.add(name, [row], source=source)
        lake.withdraw(lake.add(name, [gone], source="s"))
        lake.add(name, [{**now, spec["key"][1]: "never"}], source="s", committed=False)
    # Of these a version may be unknown, and one of two such rows counts all the same.
    seat = load_contract_files()["tool_seats"]["example"]
    for is_billable in (True, False):
        lake.add("tool_seats", [{**seat, "is_billable": is_billable}], source="s")
    # Who asked, where a ticket alone says it.
    asked = load_contract_files()["identities"]["example"] | {"updated_at": "2000-01-01 00:00:00"}
    lake.add("identities", [asked], source="s")
    warehouse = Warehouse(home / "warehouse.duckdb", lake, dbt_target)
    staged = [f"stg_{name}" for name in (*CONTRACTS, "tool_seats")]
    warehouse.run(select=["+dim_contract", *staged])
    return warehouse


def test_of_each_key_one_row_counts_and_it_is_the_right_version(built: Warehouse) -> None:
    for name in CONTRACTS:
        spec = load_contract_files()[name]
        column, keep = spec["version"]["column"], spec["version"]["keep"]
        first = _plain(spec["example"], spec)[column]
        truth = LATER.removesuffix("Z") if keep == "latest" else first
        found = built.query(
            f"select source, {spec['key'][1]}, {column} from staging.stg_{name} "
            "where source in ('s', 't') order by 1"
        )
        key = spec["example"][spec["key"][1]]
        assert found == [("s", key, at(truth)), ("t", key, at(first))], name


def test_of_rows_that_tie_the_same_one_counts_in_whatever_order_they_came(built: Warehouse) -> None:
    for name in CONTRACTS:
        spec = load_contract_files()[name]
        found = built.query(
            f"select source, {spec['version']['column']}, {_word(spec)} from staging.stg_{name} "
            "where source in ('u', 'v') order by 1"
        )
        assert [row[0] for row in found] == ["u", "v"], name
        assert found[0][1:] == found[1][1:], name


def test_of_rows_without_a_version_one_counts(built: Warehouse) -> None:
    found = built.query("select last_active_at, count(*) from staging.stg_tool_seats group by all")
    assert found == [(None, 1)]


def test_columns_are_those_of_the_contract_in_its_types(built: Warehouse) -> None:
    kinds = {"text": "VARCHAR", "json": "VARCHAR", "double": "DOUBLE", "boolean": "BOOLEAN",
             "timestamp": "TIMESTAMP", "date": "DATE"}  # fmt: skip
    for name in CONTRACTS:
        columns = load_contract_files()[name]["columns"]
        found = dict(row[:2] for row in built.query(f"describe select * from staging.stg_{name}"))
        assert {c["name"]: kinds[c["type"]] for c in columns}.items() <= found.items(), name
        assert len(found) == len(columns) + 5, name


def test_each_contract_tells_by_its_own_clock_how_far_it_reaches(built: Warehouse) -> None:
    found = {row[0]: row[1:] for row in built.query(
        "select contract, last_occurred_at, row_count from core.dim_contract")}  # fmt: skip
    for name in CONTRACTS:
        spec = load_contract_files()[name]
        column, keep = spec["version"]["column"], spec["version"]["keep"]
        reach = (
            LATER.removesuffix("Z") if keep == "latest" else _plain(spec["example"], spec)[column]
        )
        # Two versions, the same from another source and two that tie from two more; what was taken
        # back does not count.
        assert found[name] == (at(reach), 7), name
    assert found["identities"] == (None, 1)
