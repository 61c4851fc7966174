"""Contested cases of support counted by hand (docs/decisions.md tells why)."""

from __future__ import annotations

import datetime as dt

import pytest

from .fixture_lake import FixtureLake, Warehouse
from .support_desk import (
    CHANGES,
    HOUR,
    MESSAGES,
    NOW,
    OWN,
    PEOPLE,
    SPENT,
    TICKETS,
    build,
    facts,
    hours,
    load,
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Few enough tickets to count on paper."""
    folder = tmp_path_factory.mktemp("desk")
    lake = FixtureLake(folder / "lake")
    lake.add("tickets", TICKETS, source="zendesk")
    lake.add("ticket_events", CHANGES, source="zendesk")
    lake.add("ticket_messages", MESSAGES, source="zendesk")
    born = {"role": "end-user", "updated_at": "2026-01-01"}
    lake.add("identities", [born | person for person in PEOPLE], source="zendesk")
    lake.add("business_hours", hours("1", "America/New_York", range(1, 6)), source="zendesk")
    closed = {
        "schedule_ref": "1",
        "holiday_id": "m",
        "starts_on": "2026-05-25",
        "ends_on": "2026-05-25",
    }
    lake.add("holidays", [closed], source="zendesk")
    report = {"report": "ticket_metric_set", "subject_id": "1", "reported_at": NOW}
    lake.add(
        "vendor_reports",
        [
            report | {"metric": "reply_time_in_minutes.calendar", "reported_value": 5430.0},
            report | {"metric": "reply_time_in_minutes.business", "reported_value": 150.0},
        ],
        source="zendesk",
    )
    told = {"report": "support_day", "subject_id": "2026-05-26", "reported_at": "2026-05-27T12:00"}
    lake.add(
        "vendor_reports",
        [
            told | {"metric": "created_tickets", "reported_value": 9.0},
            told | {"metric": "good_ratings", "reported_value": 0.0},
            told | {"metric": "created_tickets", "reported_value": 9.0, "subject_id": "26 May"},
        ],
        source="zendesk",
    )
    lake.add(
        "features", [{"feature_id": f, "name": f} for f in ("export", "unused")], source="registry"
    )
    theme = {"theme_id": "export_fails", "theme_name": "Exports fail", "feature_id": "export"}
    lake.add(
        "theme_terms", [theme | {"term": "export fail*", "is_exclusion": False}], source="registry"
    )
    lake.add(
        "exclusions",
        [{"subject_type": "email_domain", "subject": "corp.test", "reason": "employee"}],
        source="registry",
    )
    lake.add(
        "tracking_plan",
        [{"event_name": "Export", "feature_id": "export", "event_class": "value"}],
        source="registry",
    )
    used = {"event_name": "Export", "event_type": "track", "is_clock_skewed": False}
    moments = [
        ("u0", "2026-05-20"),
        ("u0", "2026-05-26"),
        ("u3", "2026-05-26"),
        ("u2", "2026-05-26"),
        ("u4", "2026-06-03"),
    ]
    lake.add(
        "usage_events",
        [
            used
            | {
                "event_id": str(n),
                "user_id": user,
                "occurred_at": f"{day}T15:00",
                "received_at": f"{day}T15:00",
            }
            for n, (user, day) in enumerate(moments)
        ],
    )
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target", SPENT)
    build(warehouse, "+marts.support", "+reconciliation__source_day")
    warehouse.run("test", select=OWN, exclude=["resource_type:unit_test"])
    return warehouse


def test_first_reply_over_a_weekend_and_a_holiday(small: Warehouse) -> None:
    reply = "first_reply_seconds, first_reply_business_seconds, schedule_basis"
    assert facts(small, "1", reply) == (90.5 * HOUR, 2.5 * HOUR, "only schedule")
    vendor = "vendor_first_reply_seconds, vendor_first_reply_business_seconds"
    assert facts(small, "1", vendor) == (90.5 * HOUR, 2.5 * HOUR)


def test_who_opens_a_ticket_does_not_answer_it(small: Warehouse) -> None:
    assert facts(small, "2", "first_reply_seconds, reply_count, is_agent_created") == (
        HOUR,
        1,
        True,
    )
    assert facts(small, "9", "reply_count, is_end_user") == (0, False)


def clocks(warehouse: Warehouse, ident: str, columns: str) -> tuple:
    query = f"select {columns} from marts.ticket__ticket where ticket_id = ?"
    (row,) = warehouse.query(query, [ident])
    return row


def test_a_reopened_ticket_waits_on(small: Warehouse) -> None:
    columns = (
        "requester_wait_seconds, requester_wait_business_seconds, reopen_count, on_hold_seconds"
    )
    assert clocks(small, "1", columns) == (115 * HOUR, 11 * HOUR, 1, 0)
    assert clocks(small, "1", "reopen14_count, first_reply_business_difference_reason") == (
        1,
        "equal",
    )


def test_who_writes_again_waits_again(small: Warehouse) -> None:
    columns = "next_reply_count, next_reply_seconds, next_reply_business_seconds, exclusion_reason"
    assert clocks(small, "3", columns) == (1, 4 * HOUR, 4 * HOUR, "merged")
    assert clocks(small, "6", "next_reply_count, next_reply_seconds, agent_count") == (0, None, 1)


def test_why_the_help_desk_counts_more_tickets(small: Warehouse) -> None:
    """Nine, we count five: an employee's, a merged one, one deleted since, and one nobody knows."""
    columns = "own_value, vendor_value, time_zone_difference, exclusion_difference, "
    columns += "merged_deleted_difference, late_difference, residual, residual_rate"
    query = f"select {columns} from marts.reconciliation__source_day where day_on = '2026-05-26' "
    query += "and basis = 'day report' and metric = ?"
    assert small.query(query, ["created_tickets"]) == [(5, 9, 0, -1, -2, 0, -1, 1 / 9)]
    assert small.query(query, ["good_ratings"]) == [(0, 0, 0, 0, 0, 0, 0, None)]


def test_created_by_the_companys_own_day(small: Warehouse) -> None:
    # 2, 5, 6, 9 and, just before midnight, 7; not 3 (merged), 4 (deleted), 8 (employee).
    columns = "created_count, agent_created_count, excluded_ticket_count"
    assert load(small, "2026-05-26", columns) == (5, 1, 3)
    assert load(small, "2026-05-27", columns) == (0, 0, 0)


@pytest.mark.parametrize(
    ("day", "flow"),
    [
        ("2026-05-22", (1, 0, 0, 0, 0, 1)),
        ("2026-05-25", (0, 0, 0, 0, 0, 1)),
        ("2026-05-26", (5, 3, 0, 0, 0, 3)),
        ("2026-05-27", (0, 0, 1, 1, 0, 3)),
        ("2026-05-28", (3, 1, 0, 0, 1, 6)),
    ],
)
def test_backlog_of_each_midnight(small: Warehouse, day: str, flow: tuple) -> None:
    columns = (
        "created_count, solved_count, reopened_count, deleted_count, restored_count, backlog_count"
    )
    assert load(small, day, columns) == flow


def test_who_still_waits_counts_in_the_median(small: Warehouse) -> None:
    """After 1 hour, after 3 hours, and one that waits for 2 hours by now: 3 hours, not 2."""
    columns = "first_reply_count, first_reply_pending_count, first_reply_p50_seconds"
    assert load(small, "2026-05-28", columns, "slow") == (2, 1, 3 * HOUR)


def test_of_those_first_solved_on_a_day_some_are_opened_again(small: Warehouse) -> None:
    columns = "reopen_num, reopen_den, reopen_rate, reopen14_num"
    assert load(small, "2026-05-26", columns) == (1, 3, 1 / 3, 1)
    # Ticket 1 was first solved on the 26th and is not first solved again on the 28th.
    assert load(small, "2026-05-28", columns) == (0, 0, None, 0)


def test_half_are_solved_once_half_of_all_are(small: Warehouse) -> None:
    """Of five, two are solved after an hour; three run on: nobody knows how long half take."""
    columns = "resolution_count, resolution_pending_count, resolution_p50_seconds"
    assert load(small, "2026-05-26", columns) == (2, 3, None)
    assert load(small, "2026-05-22", columns) == (1, 0, 139 * HOUR)


def test_one_touch_is_one_reply_or_one_chat(small: Warehouse) -> None:
    columns = "one_touch_num, one_touch_den, one_touch_rate"
    assert load(small, "2026-05-26", columns) == (1, 2, 0.5)
    # Ticket 1 was solved on the 26th, but not for good.
    assert load(small, "2026-05-28", columns) == (0, 1, 0)
    assert load(small, "2026-05-27", columns) == (0, 0, None)


def test_the_last_rating_counts_on_its_day(small: Warehouse) -> None:
    columns = "csat_num, csat_den, csat_rate, csat_interval_low, csat_interval_high"
    found = load(small, "2026-05-28", columns)
    assert found == pytest.approx((1, 2, 0.5, 0.094531, 0.905469), abs=1e-5)
    assert load(small, "2026-05-26", columns) == (0, 0, None, None, None)
    columns = "csat_response_num, csat_response_den, csat_response_rate"
    assert load(small, "2026-05-26", columns) == (1, 2, 0.5)


@pytest.mark.parametrize(
    ("feature", "numbers"),
    [
        # 2, 5, 6, 7, a, b, c; requesters 10 and 11 are users, 15 and 99 are not; 9 is an agent's.
        ("all", (7, 2, 5, 2, 2.5, 2, 5)),
        ("export", (1, 1, 1, 2, 0.5, 0, 1)),
        ("unused", (0, 0, 0, 0, None, 0, 0)),
    ],
)
def test_contacts_of_a_week(small: Warehouse, feature: str, numbers: tuple) -> None:
    columns = "ticket_count, requester_count, contact_num, contact_den, contact_rate, "
    columns += "unmatched_requester_count, excluded_ticket_count"
    query = f"select {columns} from marts.contact_rate__feature_week "
    query += "where feature_id = ? and week_on = '2026-05-25'"
    assert small.query(query, [feature]) == [numbers]


def test_themes_and_tags_say_what_a_ticket_is_about(small: Warehouse) -> None:
    rows = small.query(
        "select ticket_id, feature_id, link_basis from core.bridge_ticket_feature order by 1"
    )
    assert rows == [("1", "export", "theme"), ("2", "export", "tag"), ("3", "export", "theme")]


def test_a_day_is_complete_once_it_is_over_here(small: Warehouse) -> None:
    through = "is_complete, data_through_at"
    assert load(small, "2026-05-27", through) == (True, dt.datetime(2026, 5, 28, 4))
    assert load(small, "2026-05-28", through) == (False, dt.datetime(2026, 5, 28, 20))


def test_dbts_own_unit_tests(small: Warehouse) -> None:
    own = ("intermediate.support", "fct_ticket_target", "fct_feature_reach")
    small.run("test", select=[f"{models},resource_type:unit_test" for models in own])
