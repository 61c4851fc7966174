"""Funnels, sessions and the tracking plan, of a company small enough to count on paper.

Belongs here: what depends on single events and their order. Does not belong here: what people do
over weeks (test_usage_people), random companies (test_usage_oracle).
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from .fixture_lake import FixtureLake, Warehouse
from .usage_registry import funnel

MONDAY = "2026-05-04"
# who, when (of 4 May unless said), what; times are UTC, as the company is.
ACTS: list[tuple[str, str, str, dict]] = [
    ("t1", "10:00", "View", {}), ("t1", "11:00", "Cart", {}), ("t1", "12:00", "Pay", {}),
    # The wrong order.
    ("t2", "10:00", "View", {}), ("t2", "11:00", "Pay", {}), ("t2", "12:00", "Cart", {}),
    # Too late, by an hour; t8 just in time.
    ("t3", "10:00", "View", {}), ("t3", "2026-05-05T11:00", "Cart", {}),
    ("t8", "10:00", "View", {}), ("t8", "2026-05-05T10:00", "Cart", {}),
    # A second view while the first attempt is open is no entry, and does not lengthen it.
    ("t4", "10:00", "View", {}), ("t4", "2026-05-05T09:00", "View", {}),
    ("t4", "2026-05-05T10:30", "Cart", {}),
    # Refused, and tried again.
    *[("t5", at, name, {}) for at, name in (
        ("10:00", "View"), ("10:10", "Cart"), ("10:20", "Refused"), ("10:30", "Pay"),
        ("11:00", "View"), ("11:10", "Cart"), ("11:20", "Pay"))],
    # At the same moment: by receipt the cart came first; without that, by id.
    ("t6", "10:00", "View", {"received_at": "2026-05-04T10:02"}),
    ("t6", "10:00", "Cart", {"received_at": "2026-05-04T10:01"}),
    ("t7", "10:00", "View", {"event_id": "t7-a"}), ("t7", "10:00", "Cart", {"event_id": "t7-b"}),
    # Opened and saved, but not the same document; then both; then of no document.
    ("h1", "10:00", "Open", {"properties": {"doc": "d1"}}),
    ("h1", "11:00", "Save", {"properties": {"doc": "d2"}}),
    ("h2", "10:00", "Open", {"properties": {"doc": "d1"}}),
    ("h2", "10:30", "Open", {"properties": {"doc": "d2"}}),
    ("h2", "11:00", "Save", {"properties": {"doc": "d2"}}),
    ("h3", "10:00", "Open", {}), ("h3", "11:00", "Save", {}),
    # Sessions of 12 May: 60, 1 and 1 minutes, with 60, 2 and 2 events.
    *[("s1", f"2026-05-12T08:{minute:02}", "View", {}) for minute in range(59)],
    ("s1", "2026-05-12T09:00", "View", {}),
    *[("s1", f"2026-05-12T{at}", "View", {}) for at in ("12:00", "12:01", "15:00", "15:01")],
    # 13 May: across midnight, on two devices; 30 minutes of silence don't end it, 31 do.
    ("s2", "2026-05-13T23:40", "View", {"anonymous_id": "phone", "platform": "ios"}),
    ("s2", "2026-05-14T00:05", "View", {"anonymous_id": "laptop", "platform": "web"}),
    ("s2", "2026-05-14T00:35", "Cart", {}), ("s2", "2026-05-14T01:06", "View", {}),
    # 20 May: a heartbeat does not lengthen a session.
    ("s3", "2026-05-20T10:00", "View", {}), ("s3", "2026-05-20T10:20", "Beat", {}),
    ("s3", "2026-05-20T10:40", "View", {}),
    # Nobody's plan knows this one.
    ("t1", "2026-05-26T10:00", "Mystery", {}), ("t1", "2026-05-26T10:00", "View", {}),
    # An attempt that may still succeed, and the end of the data.
    ("v1", "2026-06-28T20:00", "View", {}), ("z", "2026-06-29T11:50", "Cart", {}),
]  # fmt: skip


def events() -> Iterator[dict]:
    for number, (user, at, name, more) in enumerate(ACTS):
        moment = at if "T" in at else f"{MONDAY}T{at}"
        yield {
            "event_id": f"{user}-{number:03}", "event_name": name, "event_type": "track",
            "user_id": user, "occurred_at": moment, "received_at": moment,
            "is_clock_skewed": False,
        } | more  # fmt: skip


def view(number: int, at: str) -> dict:
    return {
        "event_id": f"v{number}", "event_name": "View", "event_type": "track", "user_id": "u",
        "occurred_at": at, "received_at": at, "is_clock_skewed": False,
    }  # fmt: skip


def built(lake: FixtureLake, folder: Path, select: list[str]) -> Warehouse:
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target")
    warehouse.run("build", select=select, exclude=["resource_type:test", "resource_type:unit_test"])
    return warehouse


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("shop")
    lake = FixtureLake(folder / "lake")
    lake.add("tracking_plan", [
        {"event_name": "View", "event_class": "neutral"},
        {"event_name": "Cart", "event_class": "value", "feature_id": "cart"},
        {"event_name": "Pay", "event_class": "value", "feature_id": "pay"},
        {"event_name": "Open", "event_class": "value"},
        {"event_name": "Beat", "event_class": "system"},
    ], source="registry")  # fmt: skip
    lake.add("funnel_steps", [
        *funnel("buy", 1, 24, ["View", "Cart", "Pay"], ["Refused"]),
        *funnel("save", 1, 24, ["Open", "Save"], hold="doc"),
        *funnel("never", 3, 24, ["Nothing", "Nada"]),
    ], source="registry")  # fmt: skip
    lake.add("usage_events", events())
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target")
    marts = ["funnel__entry_week_step", "session__daily", "tracking_coverage__source_week"]
    warehouse.run("build", select=[f"+{m}" for m in marts], exclude=["resource_type:unit_test"])
    return warehouse


def steps(warehouse: Warehouse, funnel_id: str, mode: str, week: str = MONDAY) -> list[tuple]:
    return warehouse.query(
        "select entry_count, mature_entry_count, ended_by_exclusion_count, reached_count, "
        "conversion_rate, step_conversion_rate from marts.funnel__entry_week_step "
        "where funnel_id = ? and entry_mode = ? and entry_week_on = ? order by step_number",
        [funnel_id, mode, week],
    )


def test_the_first_entry_of_each_person(shop: Warehouse) -> None:
    # All eight view; t1 t2 t5 t7 t8 put something into the cart, t1 pays; t5 is refused.
    assert steps(shop, "buy", "unique_first") == [
        (8, 8, 1, 8, 1.0, None), (8, 8, 1, 5, 5 / 8, 5 / 8), (8, 8, 1, 1, 1 / 8, 1 / 5),
    ]  # fmt: skip


def test_every_entry_that_begins_when_none_is_open(shop: Warehouse) -> None:
    # t5 enters once more and pays. t4 does not: the first attempt is open when it views again.
    assert steps(shop, "buy", "reentry") == [
        (9, 9, 1, 9, 1.0, None), (9, 9, 1, 6, 6 / 9, 6 / 9), (9, 9, 1, 2, 2 / 9, 2 / 6),
    ]  # fmt: skip


def test_a_held_property_is_the_same_in_all_steps(shop: Warehouse) -> None:
    assert [row[3] for row in steps(shop, "save", "unique_first")] == [2, 0]
    assert [row[3] for row in steps(shop, "save", "reentry")] == [3, 1]


def test_an_entry_that_may_still_succeed_has_no_rate(shop: Warehouse) -> None:
    late = steps(shop, "buy", "unique_first", "2026-06-22")
    assert late[0] == (1, 0, 0, 0, None, None)
    complete = shop.query(
        "select entry_week_on from marts.funnel__entry_week_step "
        "where funnel_id = 'buy' and is_complete order by 1 desc limit 1"
    )
    # 21 June is over everywhere at noon of the 22nd, its last window a day later.
    assert complete == [(dt.date(2026, 6, 15),)]


def test_a_funnel_that_nobody_enters_shows_zero(shop: Warehouse) -> None:
    assert steps(shop, "never", "reentry") == [(0, 0, 0, 0, None, None)] * 2


def test_the_median_time_is_of_those_who_came_so_far(shop: Warehouse) -> None:
    rows = shop.query(
        "select reached_p50_seconds from marts.funnel__entry_week_step where funnel_id = 'buy' "
        "and entry_mode = 'unique_first' and entry_week_on = '2026-05-04' order by step_number"
    )
    # Carts after 0 (t7), 10, 60, 120 minutes and 24 hours.
    assert rows == [(0.0,), (3600.0,), (7200.0,)]


def sessions(warehouse: Warehouse, day: str) -> tuple:
    (row,) = warehouse.query(
        "select session_count, person_count, mean_length_seconds, length_p50_seconds, "
        "single_event_num from marts.session__daily where activity_on = ?",
        [day],
    )
    return row


def test_the_mean_length_is_of_sessions_and_not_of_their_events(shop: Warehouse) -> None:
    # 60, 1 and 1 minutes: 20.7 on average. By rows of events it would be 56.
    count, people, mean, median, single = sessions(shop, "2026-05-12")
    assert (count, people, round(mean / 60, 1), median, single) == (3, 1, 20.7, 60.0, 0)


def test_a_session_does_not_end_at_midnight_nor_on_another_device(shop: Warehouse) -> None:
    assert sessions(shop, "2026-05-13") == (1, 1, 55 * 60.0, 55 * 60.0, 0)
    assert sessions(shop, "2026-05-14") == (1, 1, 0.0, 0.0, 1)


def test_a_late_event_joins_two_sessions_of_two_days(tmp_path: Path) -> None:
    moments = ["2026-05-13T23:40", "2026-05-14T00:20", "2026-05-15T12:00"]
    lake = FixtureLake(tmp_path / "lake")
    lake.add("usage_events", [view(number, at) for number, at in enumerate(moments)])
    warehouse = built(lake, tmp_path, ["+session__daily"])
    assert sessions(warehouse, "2026-05-13") == sessions(warehouse, "2026-05-14")
    assert sessions(warehouse, "2026-05-13") == (1, 1, 0.0, 0.0, 1)
    late = lake.add("usage_events", [view(9, "2026-05-14T00:00")])
    warehouse.run(select=["+session__daily"], touched=lake.event_days(late))
    assert sessions(warehouse, "2026-05-13") == (1, 1, 2400.0, 2400.0, 0)
    assert sessions(warehouse, "2026-05-14") == (0, 0, None, None, 0)


def test_unsigned_uses_of_a_till_are_theirs_who_sign_in_next(tmp_path: Path) -> None:
    """The sign-in comes in late, and on another day than the uses that it takes over."""
    rows = [
        view(number, at) | {"user_id": user, "anonymous_id": "till"}
        for number, (user, at) in enumerate([
            ("bob", "2026-05-13T10:00"), ("amy", "2026-05-13T20:00"), (None, "2026-05-13T23:35"),
            (None, "2026-05-13T23:50"), ("amy", "2026-05-15T12:00"),
        ])
    ]  # fmt: skip
    lake = FixtureLake(tmp_path / "lake")
    lake.add("funnel_steps", funnel("buy", 1, 1, ["View", "Cart"]), source="registry")
    lake.add("usage_events", rows)
    warehouse = built(lake, tmp_path, select := ["+session__daily", "+fct_funnel_entry"])
    night = (
        "select person_id, strftime(started_at, '%H:%M'), length_seconds / 60, event_count from "
        "core.fct_session where strftime(started_at, '%d %H') in ('13 23', '14 00') order by all"
    )
    assert warehouse.query(night) == [("anon:till", "23:35", 15.0, 2)]
    cart = {"event_name": "Cart", "user_id": "bob", "anonymous_id": "till"}
    late = lake.add("usage_events", [view(9, "2026-05-14T00:10") | cart])
    warehouse.run(select=select, touched=lake.event_days(late))
    # 23:50 is 20 minutes before the sign-in and bob's; 23:35 is 35 minutes before it, nobody's.
    assert warehouse.query(night) == [("anon:till", "23:35", 0.0, 1), ("bob", "23:50", 20.0, 2)]
    bought = "select person_id from core.fct_funnel_entry where step_number = 2"
    assert warehouse.query(bought) == [("bob",)]


def test_background_work_does_not_lengthen_a_session(shop: Warehouse) -> None:
    assert sessions(shop, "2026-05-20")[0] == 2
    assert sessions(shop, "2026-05-21") == (0, 0, None, None, 0)


def test_a_session_that_may_go_on_keeps_its_day_open(shop: Warehouse) -> None:
    rows = shop.query(
        "select open_session_count, is_complete from marts.session__daily "
        "where activity_on in ('2026-06-28', '2026-06-29') order by activity_on"
    )
    assert rows == [(0, False), (1, False)]


def test_what_the_tracking_plan_does_not_know(shop: Warehouse) -> None:
    names = "event_count, event_name_count, unknown_event_name_count, unmapped_num, unknown_num"
    rows = shop.query(
        f"select {names}, unmapped_rate, unknown_rate from marts.tracking_coverage__source_week "
        "where week_on in ('2026-05-04', '2026-05-25', '2026-06-01') order by week_on"
    )
    # 4 May: 10 views, 9 carts, 4 payments, 1 refusal, 4 documents opened, 3 saved. Refusals and
    # saves are in nobody's plan; views and documents are, and show use of no feature.
    assert rows == [
        (31, 6, 2, 18, 4, 18 / 31, 4 / 31),
        (2, 2, 1, 2, 1, 1.0, 0.5),
        (0, 0, 0, 0, 0, None, None),
    ]


def test_coverage_needs_no_value_event_and_is_each_sources_own(tmp_path: Path) -> None:
    """A plan that maps nothing, a source that falls silent, one that tracks nothing."""
    lake = FixtureLake(tmp_path / "lake")
    lake.add("tracking_plan", [{"event_name": "View", "event_class": "neutral"}], source="registry")
    for source, kind, days in [
        ("app", "track", ("2026-05-04", "2026-05-20")), ("ahead", "track", ("2027-01-01",)),
        ("shop", "track", ("2026-05-12", "2026-05-26")), ("site", "page", ("2026-05-04",)),
    ]:  # fmt: skip
        rows = [view(n, f"{day}T12:00") | {"event_type": kind} for n, day in enumerate(days)]
        lake.add("usage_events", rows, source=source)
    warehouse = built(lake, tmp_path, ["+tracking_coverage__source_week"])
    found = warehouse.query(
        "select source, strftime(week_on, '%d %b'), event_count, unmapped_rate, unknown_num, "
        "is_complete from marts.tracking_coverage__source_week order by source, week_on"
    )
    # 17 May is over everywhere on the 18th at noon; app does not reach the 25th, shop does.
    assert found == [
        ("app", "04 May", 1, 1.0, 0, True), ("app", "11 May", 0, None, 0, True),
        ("app", "18 May", 1, 1.0, 0, False),
        ("shop", "11 May", 1, 1.0, 0, True), ("shop", "18 May", 0, None, 0, True),
        ("shop", "25 May", 1, 1.0, 0, False),
    ]  # fmt: skip


BROKEN = {
    "update marts.funnel__entry_week_step set reached_count = 99 where step_number = 2": [
        "never_rises_funnel"],
    "update marts.funnel__entry_week_step set is_complete = true, mature_entry_count = 0": [
        "holds_funnel__entry_week_step_not_is_complete",
        "holds_funnel__entry_week_step_step_number"],
    "update marts.session__daily set mean_length_seconds = 1e6": ["holds_session__daily"],
    "update marts.tracking_coverage__source_week set unknown_num = 1e6": [
        "holds_tracking_coverage", "rate_of_parts_tracking"],
}  # fmt: skip


def test_broken_marts_fail_their_own_tests(shop: Warehouse, tmp_path: Path) -> None:
    path = tmp_path / shop.path.name
    shutil.copy(shop.path, path)
    with duckdb.connect(str(path)) as connection:
        for change in BROKEN:
            connection.execute(change)
    marts = {change.split("marts.")[1].split()[0] for change in BROKEN}
    broken = Warehouse(path, shop.lake, shop.target)
    with pytest.raises(AssertionError) as failure:
        broken.run("test", select=[f"{mart},test_type:data" for mart in sorted(marts)])
    for tests in BROKEN.values():
        for test in tests:
            assert test in str(failure.value)
