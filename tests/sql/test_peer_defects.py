"""Defects of other systems in identity, time and duplicates, each with a proof that it is not here.

Other tests hold the rest: windows over missing months and dead features (test_usage_oracle),
sessions that are cut at midnight (none are cut here), order and repetition (test_incremental).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from .fixture_lake import FixtureLake, Warehouse

Row = dict[str, Any]


def event(name: str, at: str, user: str | None, device: str | None = None) -> Row:
    moment = dt.datetime.fromisoformat(f"2026-{at}")
    return {
        "event_id": name, "event_name": "Export", "event_type": "track", "user_id": user,
        "anonymous_id": device, "occurred_at": moment, "received_at": moment,
        "is_clock_skewed": False,
    }  # fmt: skip


def exposure(name: str, user: str | None, variation: str) -> Row:
    return {"exposure_id": name, "experiment_id": "exp", "variation_id": variation,
            "user_id": user, "exposed_at": "2026-05-05T10:00:00"}  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("peers")
    lake = FixtureLake(folder / "lake")
    day = [
        event("s1", "05-05T10:00:00.100", "ann"), event("s2", "05-05T10:00:00.900", "ann"),
        event("d1", "05-01T09:00", "old", "phone"), event("d2", "05-01T12:00", None, "phone"),
        event("z", "06-20T12:00", "zoe"), event("b", "05-05T10:00", "both"),
        event("o", "05-05T10:00", "one"),
    ]  # fmt: skip
    lake.add("usage_events", day, batch="one")
    lake.add("usage_events", day, batch="again")
    lake.add("exposures", [
        exposure("x1", "both", "A"), exposure("x2", "both", "B"), exposure("x3", "one", "A"),
        exposure("x4", "one", "A"), exposure("x5", None, "A"), exposure("x6", None, "B"),
    ], source="statsig")  # fmt: skip
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target")
    select = ["+fct_exposure", "+fct_person_day"]
    tests = ["resource_type:test", "resource_type:unit_test"]
    warehouse.run("build", select=select, exclude=tests)
    late = [event("l1", "05-05T11:00", "late"), event("d3", "06-19T12:00", "new", "phone")]
    batch = lake.add("usage_events", late)
    warehouse.run(select=select, touched=lake.event_days(batch))
    return warehouse


def uses(warehouse: Warehouse, day: str) -> dict[str, int]:
    return dict(warehouse.query(
        "select person_id, value_event_count from core.fct_person_day where activity_on = ?", [day]
    ))  # fmt: skip


def test_two_events_of_one_second_are_two(built: Warehouse) -> None:
    """tap-mixpanel: the key is event, second and person, so that one of them disappears."""
    assert uses(built, "2026-05-05")["ann"] == 2


def test_a_delivery_that_comes_twice_counts_once(built: Warehouse) -> None:
    """dlt: a resource without primary key appends, and a killed load doubles its rows."""
    assert built.query("select count(*), count(distinct event_id) from core.fct_event") == [(9, 9)]


def test_an_event_that_is_six_weeks_late_counts(built: Warehouse) -> None:
    """Snowplow unified: what is more than 3 days late is dropped."""
    assert uses(built, "2026-05-05")["late"] == 1


def test_a_new_owner_of_a_device_does_not_rewrite_its_past(built: Warehouse) -> None:
    """Snowplow unified: all events of a device belong to the user seen last on it."""
    assert uses(built, "2026-05-01") == {"old": 1, "anon:phone": 1}


def test_who_saw_both_variations_is_a_crossover(built: Warehouse) -> None:
    """Statsig's published query groups by the group, so that everybody has seen one."""
    found = built.query(
        "select unit_id, bool_and(is_crossover), bool_or(is_crossover), sum(is_first::int) "
        "from core.fct_exposure group by 1 order by 1"
    )
    # Exposures that name nobody are not one unit: they assign none and cross nowhere.
    assert found == [
        ("both", True, True, 1), ("one", False, False, 1), ("unknown", False, False, 0),
    ]  # fmt: skip
