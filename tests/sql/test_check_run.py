"""The history of checks: what began to fail, what holds again, what is latest."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.sql.fixture_lake import FixtureLake

START = dt.datetime(2026, 6, 1, 3)
SELECT = ["+check__run"]


def run_of(hour: int, check: str, passed: bool, **more: Any) -> dict[str, Any]:
    return {
        "gate": "lake", "subject": f"s{hour}", "checked_at": START + dt.timedelta(hours=hour),
        "layer": "raw", "table_name": "tickets", "check_name": check, "severity": "critical",
        "owner": "support-ops", "is_passed": passed, "is_crashed": False,
        "is_blocking": not passed, "failing_count": 0 if passed else 3, "row_count": 9,
        "check_seconds": 0.5, **more,
    }  # fmt: skip


def told(warehouse: Any, check: str) -> list[tuple]:
    return warehouse.query(
        "select hour(checked_at) - 3, is_passed, is_new_breach, is_recovery, is_latest "
        f"from marts.check__run where check_name = '{check}' order by checked_at, gate"
    )


def test_breaches_recoveries_and_the_latest_are_told(lake: FixtureLake, make_warehouse) -> None:
    lake.check_runs = [
        *(run_of(hour, "flaps", hour % 2 == 0) for hour in range(5)),
        run_of(2, "fails at first", passed=False),
        run_of(4, "fails at first", passed=False),
        # A marts' check of the same name has a history of its own.
        run_of(3, "fails at first", passed=True, gate="marts"),
    ]
    lake.save()
    warehouse = make_warehouse(lake)
    warehouse.run("build", select=SELECT)
    assert told(warehouse, "flaps") == [
        (0, True, False, False, False), (1, False, True, False, False),
        (2, True, False, True, False), (3, False, True, False, False),
        (4, True, False, True, True),
    ]  # fmt: skip
    assert told(warehouse, "fails at first") == [
        (2, False, True, False, False), (3, True, False, False, True),
        (4, False, False, False, True),
    ]  # fmt: skip


def test_an_evaluation_that_is_told_twice_counts_once_and_the_breach_is_kept(
    lake: FixtureLake, make_warehouse
) -> None:
    """Bad input: two outcomes of one moment, as two gates within a second could leave them."""
    lake.check_runs = [run_of(0, "c", passed=True), run_of(0, "c", passed=False),
                       run_of(0, "c", passed=False, failing_count=None)]  # fmt: skip
    lake.save()
    warehouse = make_warehouse(lake)
    warehouse.run("build", select=SELECT)
    assert warehouse.query("select is_passed, failing_count from marts.check__run") == [(False, 3)]


def test_a_company_without_any_history_has_an_empty_mart(lake: FixtureLake, make_warehouse) -> None:
    warehouse = make_warehouse(lake)
    warehouse.run("build", select=SELECT)
    assert warehouse.query("select count(*) from marts.check__run") == [(0,)]
