"""Support exports as they should not be: what is counted all the same, and what is marked."""

from __future__ import annotations

import datetime as dt

import pytest

from .fixture_lake import FixtureLake, Warehouse
from .support_desk import HOUR, SPENT, build, change, facts, hours, load, ticket


@pytest.fixture(scope="module")
def rough(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A list of tickets with nothing around it but one odd change; no messages at all."""
    folder = tmp_path_factory.mktemp("rough")
    lake = FixtureLake(folder / "lake")
    lake.add(
        "tickets",
        [
            ticket("1", "2026-05-20T12:00", requester_ref="404", schedule_ref="nowhere"),
            ticket(
                "2",
                "2026-05-20T12:00",
                status="solved",
                updated_at="2026-05-21T12:00",
                version_at="2026-05-21T12:01",
            ),
            ticket(
                "3", "2026-05-20T12:00", status="solved", requester_ref=None, schedule_ref="odd"
            ),
            ticket("4", "2030-01-01T00:00"),
        ],
        source="zendesk",
    )
    lake.add(
        "ticket_events",
        [
            change("3", 0, "2026-05-19T12:00", "solved"),
            change("404", 0, "2026-05-22T12:00", "open"),
        ],
        source="zendesk",
    )
    lake.add("business_hours", hours("odd", "Middle-earth/Shire", range(1, 6)), source="zendesk")
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target", SPENT)
    build(warehouse, "+support_load__queue_day")
    warehouse.run(
        "test",
        select=["fct_ticket", "support_load__queue_day"],
        exclude=["resource_type:unit_test"],
    )
    return warehouse


def test_an_unknown_requester_is_counted_and_marked(rough: Warehouse) -> None:
    assert facts(rough, "1", "person_id, is_matched, account_id, is_countable") == (
        None,
        False,
        "unknown",
        True,
    )
    assert facts(rough, "3", "requester_key, is_countable") == ("zendesk:ticket 3", True)


def test_solved_before_created_takes_no_time_and_is_marked(rough: Warehouse) -> None:
    columns = "first_resolution_seconds, solved_at, has_clock_fault"
    assert facts(rough, "3", columns) == (0, dt.datetime(2026, 5, 20, 12), True)


def test_a_solved_ticket_without_its_change_is_solved_when_it_last_changed(
    rough: Warehouse,
) -> None:
    columns = "solved_at, has_inferred_status, first_resolution_seconds"
    assert facts(rough, "2", columns) == (dt.datetime(2026, 5, 21, 12), True, 24 * HOUR)


def test_a_missing_schedule_gives_no_business_hours(rough: Warehouse) -> None:
    columns = "schedule_ref, schedule_basis, first_resolution_business_seconds"
    assert facts(rough, "3", columns) == (None, "not delivered", None)
    assert facts(rough, "2", columns) == (None, "not known", None)


def test_without_messages_nobody_knows_of_replies(rough: Warehouse) -> None:
    columns = (
        "created_count, backlog_count, first_reply_count, first_reply_pending_count, one_touch_rate"
    )
    assert load(rough, "2026-05-20", columns) == (3, 2, None, None, None)
    assert facts(rough, "2", "reply_count, is_one_touch, is_first_reply_pending") == (
        None,
        None,
        None,
    )


def test_a_ticket_of_the_future_is_kept_out(rough: Warehouse) -> None:
    assert facts(rough, "4", "is_countable, exclusion_reason") == (False, "in the future")
    assert rough.query("select max(day_on) from core.dim_support_date") == [(dt.date(2026, 5, 22),)]
