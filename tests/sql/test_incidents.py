"""Incidents and the precision of checks, counted by hand from a record of what happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from .fixture_lake import FixtureLake, Warehouse

T0 = dt.datetime(2026, 5, 4, 8)
SELECT = ["+incident__incident", "+check_precision__check"]


def hours(count: float) -> dt.datetime:
    return T0 + dt.timedelta(hours=count)


def happened(
    number: int, incident: str, transition: str, at: float, **facts: Any
) -> dict[str, Any]:
    """A line of the record; `facts` are what the incident was like after it."""
    return {
        "transition_number": number, "transition_id": str(number), "incident_id": incident,
        "transition": transition, "happened_at": hours(at), "subject_kind": "check",
        "asset": "marts/a", "name": "must_hold", "severity": "warning", "owner": "product-ops",
        "description": "It must hold.", "cause_id": incident, "began_at": T0, "opened_at": T0,
        "verdict": "", "return_count": 0, "failing_row_count": 5,
    } | facts  # fmt: skip


RECORD = [
    # One that became graver, was judged true and was over after ten hours; noticed within two.
    happened(1, "one", "opened", 2, opened_at=hours(2)),
    happened(2, "one", "escalated", 3, opened_at=hours(2), severity="critical",
             failing_row_count=9),
    happened(3, "one", "acknowledged", 4, opened_at=hours(2), severity="critical",
             verdict="true_alarm", acknowledged_at=hours(4)),
    happened(4, "one", "recovered", 12, opened_at=hours(2), severity="critical",
             verdict="true_alarm", acknowledged_at=hours(4), recovered_at=hours(12)),
    # Its consequence, which goes on; lines of one moment stand in their order.
    happened(5, "two", "opened", 2, asset="marts/b", cause_id="one", opened_at=hours(2)),
    happened(6, "two", "regrouped", 12, asset="marts/b", cause_id="two", opened_at=hours(2)),
    # The same check again, a false alarm; and once more, judged by nobody.
    happened(7, "three", "opened", 100, began_at=hours(96), opened_at=hours(100)),
    happened(8, "three", "false_alarm", 101, began_at=hours(96), opened_at=hours(100),
             verdict="false_alarm", acknowledged_at=hours(101)),
    happened(9, "three", "recovered", 104, began_at=hours(96), opened_at=hours(100),
             verdict="false_alarm", acknowledged_at=hours(101), recovered_at=hours(104)),
    happened(10, "four", "opened", 200, began_at=hours(200), opened_at=hours(200)),
    # Silence is about no asset and no rows.
    happened(11, "five", "opened", 300, subject_kind="silence", asset="", name="runs",
             opened_at=hours(300), began_at=hours(300), failing_row_count=None),
]  # fmt: skip


@pytest.fixture
def built(lake: FixtureLake, make_warehouse: Callable[..., Warehouse]) -> Warehouse:
    lake.transitions += RECORD
    lake.save()
    warehouse = make_warehouse(lake)
    warehouse.run("build", select=SELECT, exclude=["resource_type:unit_test"])
    return warehouse


def test_incidents_and_precision_as_counted_by_hand(built: Warehouse) -> None:
    found = built.query(
        "select incident_id, asset_name, severity, is_cause, is_open, detect_seconds / 3600, "
        "repair_seconds / 3600, failing_row_count, verdict, is_complete "
        "from marts.incident__incident order by 1"
    )
    assert found == [
        ("five", "none", "warning", True, True, 0.0, None, None, None, False),
        ("four", "marts/a", "warning", True, True, 0.0, None, 5, None, False),
        ("one", "marts/a", "critical", True, False, 2.0, 10.0, 9, "true_alarm", True),
        ("three", "marts/a", "warning", True, False, 4.0, 4.0, 5, "false_alarm", True),
        ("two", "marts/b", "warning", True, True, 2.0, None, 5, None, False),
    ]
    precise = built.query(
        "select subject_type, asset_name, incident_count, open_incident_count, precision_num, "
        "precision_den, precision_rate, detect_p50_seconds / 3600, repair_p50_seconds / 3600, "
        "is_complete from marts.check_precision__check order by 1, 2"
    )
    assert precise == [
        ("check", "marts/a", 3, 1, 1, 2, 0.5, 2.0, 7.0, False),
        ("check", "marts/b", 1, 1, 0, 0, None, 2.0, None, False),
        ("silence", "none", 1, 1, 0, 0, None, 0.0, None, False),
    ]
