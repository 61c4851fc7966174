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


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, dbt_target: Path) -> Warehouse:
    """Each example, a later version of it, the same again, and what must not count."""
    home = tmp_path_factory.mktemp("delivery")
    lake = FixtureLake(home / "lake")
    for name in CONTRACTS:
        spec = load_contract_files()[name]
        now, later = _plain(spec["example"], spec), _plain(_moved(spec, LATER), spec)
        gone = {**now, spec["key"][1]: "gone"}
        lake.add(name, [later], source="s")
        lake.add(name, [now, later], source="s")
        lake.add(name, [now], source="t")
        lake.withdraw(lake.add(name, [gone], source="s"))
        lake.add(name, [{**now, spec["key"][1]: "never"}], source="s", committed=False)
    warehouse = Warehouse(home / "warehouse.duckdb", lake, dbt_target)
    warehouse.run(select=["+dim_contract", *(f"stg_{name}" for name in CONTRACTS)])
    return warehouse


def test_of_each_key_one_row_counts_and_it_is_the_right_version(built: Warehouse) -> None:
    for name in CONTRACTS:
        spec = load_contract_files()[name]
        column, keep = spec["version"]["column"], spec["version"]["keep"]
        first = _plain(spec["example"], spec)[column]
        truth = LATER.removesuffix("Z") if keep == "latest" else first
        found = built.query(
            f"select source, {spec['key'][1]}, {column} from staging.stg_{name} order by 1"
        )
        key = spec["example"][spec["key"][1]]
        assert found == [("s", key, at(truth)), ("t", key, at(first))], name


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
        # Two versions and the same from another source; what was taken back does not count.
        assert found[name] == (at(reach), 3), name
