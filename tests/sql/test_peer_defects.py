"""Defects of other systems, each with a proof that it is not here.

Some stand with what they are about: the length of sessions by rows of events and sessions that are
cut at midnight (test_usage_events), walks over pages that lose records of one moment or stop at a
cap without a word (tests/unit/ingest/apis), order and repetition (test_incremental).
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
        # Nobody at all comes in the two weeks between.
        event("g1", "05-06T10:00", "gap"), event("g2", "05-27T10:00", "gap"),
    ]  # fmt: skip
    lake.add("usage_events", day, batch="one")
    lake.add("usage_events", day, batch="again")
    lake.add("exposures", [
        exposure("x1", "both", "A"), exposure("x2", "both", "B"), exposure("x3", "one", "A"),
        exposure("x4", "one", "A"), exposure("x5", None, "A"), exposure("x6", None, "B"),
    ], source="statsig")  # fmt: skip
    lake.add("tracking_plan", [
        {"event_name": "Export", "feature_id": "export", "event_class": "value"},
        {"event_name": "Fax", "feature_id": "fax", "event_class": "value"},
    ], source="registry")  # fmt: skip
    lake.add("features", [
        {"feature_id": "export", "name": "Export"}, {"feature_id": "fax", "name": "Fax"},
    ], source="registry")  # fmt: skip
    lake.add("tickets", [
        {"ticket_id": "1", "status": "closed", "requester_ref": "c1",
         "created_at": "2026-05-05T10:00:00", "version_at": "2026-05-05T12:30:00",
         "updated_at": "2026-05-05T12:30:00"},
    ], source="intercom")  # fmt: skip
    lake.add("ticket_messages", [
        {"ticket_id": "1", "message_id": "m1", "author_ref": "c1",
         "is_public": True, "body": "Thanks!", "created_at": "2026-05-05T10:00:00"},
    ], source="intercom")  # fmt: skip
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target")
    select = [
        "+fct_exposure_unit", "+fct_person_day", "+lifecycle__weekly",
        "+retention__cohort_interval", "+feature_adoption__feature_week", "+fct_ticket",
    ]  # fmt: skip
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
    assert built.query("select count(*), count(distinct event_id) from core.fct_event") == [
        (11, 11)
    ]


def test_an_event_that_is_six_weeks_late_counts(built: Warehouse) -> None:
    """Snowplow unified: what is more than 3 days late is dropped."""
    assert uses(built, "2026-05-05")["late"] == 1


def test_a_new_owner_of_a_device_does_not_rewrite_its_past(built: Warehouse) -> None:
    """Snowplow unified: all events of a device belong to the user seen last on it."""
    assert uses(built, "2026-05-01") == {"old": 1, "anon:phone": 1}


def test_who_saw_both_variations_is_a_crossover(built: Warehouse) -> None:
    """Statsig's published query groups by the group, so that everybody has seen one."""
    found = built.query(
        "select unit_id, exposure_id, is_crossover from core.fct_exposure_unit order by 1"
    )
    # Exposures that name nobody are not one unit: they assign none and cross nowhere.
    assert found == [("both", "x1", True), ("one", "x3", False)]
    nobody = "select count(*) from core.fct_exposure where unit_id = 'unknown'"
    assert built.query(nobody) == [(2,)]


def test_who_leaves_leaves_in_the_week_after_and_not_when_the_next_one_comes(
    built: Warehouse,
) -> None:
    """dbt_mixpanel: churn is a lag over weeks that have rows, so an empty one moves it."""
    found = built.query(
        "select week_on::varchar, active_person_count, dormant_person_count, "
        "resurrecting_person_count from marts.lifecycle__weekly where segment = 'all' "
        "and week_on between '2026-05-04' and '2026-05-25' order by 1"
    )
    assert found == [
        ("2026-05-04", 5, 2, 0), ("2026-05-11", 0, 5, 0), ("2026-05-18", 0, 0, 0),
        ("2026-05-25", 1, 0, 1),
    ]  # fmt: skip


def test_a_feature_that_nobody_uses_any_more_has_its_zeros(built: Warehouse) -> None:
    """dbt_pendo: rows end with a feature's last click, and a feature without one has none."""
    found = built.query(
        "select feature_id, count(*), sum(feature_person_count), max(week_on)::varchar "
        "from marts.feature_adoption__feature_week group by 1 order by 1"
    )
    (_, weeks, users, last), (_, weeks_of_fax, users_of_fax, last_of_fax) = found
    assert (weeks, last) == (weeks_of_fax, last_of_fax) == (8, "2026-06-15")
    assert (users, users_of_fax) == (10, 0)


def test_a_cohort_has_a_row_for_each_interval_also_without_anybody(built: Warehouse) -> None:
    """PostHog's published retention query: weeks in which nobody came back have no row."""
    found = built.query(
        "select interval_number, retained_count, eligible_count "
        "from marts.retention__cohort_interval where cohort_week_on = '2026-05-04' "
        "and variant = 'classic_week' and is_mature order by 1"
    )
    assert found[:5] == [(0, 5, 5), (1, 0, 5), (2, 0, 5), (3, 1, 5), (4, 0, 5)]


def test_a_conversation_of_one_message_has_a_time_to_its_end(built: Warehouse) -> None:
    """dbt_intercom: counted from the contact's first reply, which such a one doesn't have."""
    found = built.query("select full_resolution_seconds from core.fct_ticket")
    assert found == [(9_000,)]
