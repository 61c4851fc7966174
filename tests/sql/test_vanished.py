"""Tickets that a complete export lists no more: which have vanished, since when, and which not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .fixture_lake import FixtureLake, Warehouse, at

FIRST, SECOND, THIRD, FOURTH = (f"2026-05-0{day}T12:00:00" for day in (1, 2, 3, 4))


def _ticket(ticket_id: str, version_at: str = FIRST, status: str = "open") -> dict[str, Any]:
    return {
        "ticket_id": ticket_id, "version_at": version_at, "status": status,
        "created_at": "2026-05-01T08:00:00", "updated_at": version_at,
    }  # fmt: skip


def _listed(ids: str, listed_at: str, scope: str = "all", contract: str = "tickets") -> list[dict]:
    return [
        {"contract": contract, "scope": scope, "item_id": item, "listed_at": listed_at}
        for item in ids.split()
    ]


# What is delivered under source `s`, in the order of the exports.
LISTS = [
    _listed("stays goes returns moves changed", FIRST),
    _listed("stays changed", SECOND),
    _listed("stays returns", THIRD),
    # The same ticket in another list, which still has it.
    _listed("moves", FIRST, scope="other"),
    # Another contract's list says nothing about tickets.
    _listed("stays goes", FIRST, contract="accounts"),
    _listed("goes", FOURTH, contract="accounts"),
]
TICKETS = [
    _ticket("stays"), _ticket("goes"), _ticket("returns"), _ticket("moves"), _ticket("unlisted"),
    # A version that is younger than the list without it proves that it is still there.
    _ticket("changed"), _ticket("changed", FOURTH, "pending"),
]  # fmt: skip
TRUTH = [
    ("s", "changed", at(FOURTH), "pending", at(FOURTH)),
    ("s", "goes", at(SECOND), "deleted", at(SECOND)),
    ("s", "moves", at(FIRST), "open", at(FIRST)),
    ("s", "returns", at(FIRST), "open", at(FIRST)),
    ("s", "stays", at(FIRST), "open", at(FIRST)),
    ("s", "unlisted", at(FIRST), "open", at(FIRST)),
    # Another system's ticket of the same id.
    ("t", "goes", at(FIRST), "open", at(FIRST)),
]


@pytest.mark.parametrize("turned", [False, True], ids=["in_order", "backwards"])
def test_what_is_listed_no_more_is_deleted_since_then(
    tmp_path: Path, dbt_target: Path, turned
) -> None:
    lake = FixtureLake(tmp_path / "lake")
    step = -1 if turned else 1
    lake.add("tickets", TICKETS[::step], source="s")
    lake.add("tickets", [_ticket("goes")], source="t")
    for rows in LISTS[::step]:
        lake.add("listed_rows", rows, source="s")
    # An export taken back, and one that was never committed, list nothing.
    lake.withdraw(lake.add("listed_rows", _listed("goes", FOURTH), source="s"))
    lake.add("listed_rows", _listed("goes", FOURTH), source="s", committed=False)
    warehouse = Warehouse(tmp_path / "warehouse.duckdb", lake, dbt_target)
    warehouse.run(select=["stg_tickets"])
    found = warehouse.query(
        "select source, ticket_id, version_at, status, updated_at from staging.stg_tickets "
        "order by 1, 2"
    )
    assert found == TRUTH


def test_without_lists_nothing_vanishes(tmp_path: Path, dbt_target: Path) -> None:
    lake = FixtureLake(tmp_path / "lake")
    lake.add("tickets", [_ticket("a"), _ticket("a", SECOND, "solved")], source="s")
    warehouse = Warehouse(tmp_path / "warehouse.duckdb", lake, dbt_target)
    warehouse.run(select=["stg_tickets"])
    assert warehouse.query("select ticket_id, status from staging.stg_tickets") == [("a", "solved")]
