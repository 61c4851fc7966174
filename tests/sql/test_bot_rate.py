"""Ids that do more than a person can, against plain loops, also when the last event comes late."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from typing import Any

import pytest

from .fixture_lake import FixtureLake, Warehouse

MINUTE_LIMIT, DAY_LIMIT = 4, 25
LIMITS = {"id_minute_event_limit": MINUTE_LIMIT, "id_day_event_limit": DAY_LIMIT}
Row = dict[str, Any]


def event(number: int, at: dt.datetime, user: str | None, device: str | None, **more: Any) -> Row:
    return {
        "event_id": f"e{number}", "event_name": "Export", "event_type": "track", "user_id": user,
        "anonymous_id": device, "occurred_at": at, "received_at": at, "is_clock_skewed": False,
    } | more  # fmt: skip


def random_events(seed: int) -> list[Row]:
    draw, events = random.Random(seed), []
    for user, device in [*((f"u{n}", "d") for n in range(6)), (None, "d"), (None, "x")]:
        for day in range(1, 9):
            pace = draw.choice([3, 26, 27, 60])
            for _ in range(draw.choice([2, 6, DAY_LIMIT, DAY_LIMIT + 1, DAY_LIMIT + 2])):
                at = dt.datetime(2026, 5, day) + dt.timedelta(
                    minutes=draw.randrange(pace) * 20, seconds=draw.randrange(60))  # fmt: skip
                kind = draw.choice([{}] * 20 + [{"event_type": "identify"}, {"is_active": False}])
                events.append(event(len(events), at, user, device, **kind))
    return events


def program_days(events: list[Row]) -> set[tuple[str, dt.date]]:
    """Ids and UTC days of programs."""
    minutes, days = Counter(), Counter()
    for row in events:
        if row["event_type"] == "track" and row.get("is_active", True):
            name = row["user_id"] or row["anonymous_id"]
            days[name, row["occurred_at"].date()] += 1
            minutes[name, row["occurred_at"].replace(second=0)] += 1
    fast = {(name, at.date()) for (name, at), count in minutes.items() if count > MINUTE_LIMIT}
    return fast | {key for key, count in days.items() if count > DAY_LIMIT}


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Warehouse, list[Row]]:
    folder, events = tmp_path_factory.mktemp("rate"), random_events(7)
    random.Random(8).shuffle(events)
    lake = FixtureLake(folder / "lake")
    lake.add("usage_events", events[::2])
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target", LIMITS)
    warehouse.run("build", select=["+fct_event"], exclude=["resource_type:unit_test"])
    late = lake.add("usage_events", events[1::2])
    warehouse.run(select=["+fct_event"], touched=lake.event_days(late))
    return warehouse, events


def test_all_events_of_a_programs_day_are_flagged(grown: tuple[Warehouse, list[Row]]) -> None:
    warehouse, events = grown
    programs = program_days(events)
    expected = {
        row["event_id"]: "bot_rate"
        if (row["user_id"] or row["anonymous_id"], row["occurred_at"].date()) in programs else None
        for row in events
    }  # fmt: skip
    found = dict(warehouse.query("select event_id, exclusion_reason from core.fct_event"))
    assert found == expected
    assert 5 < len(programs) < 60
    assert len(program_days(events[::2])) < len(programs)


def test_nothing_is_deleted(grown: tuple[Warehouse, list[Row]]) -> None:
    warehouse, events = grown
    assert warehouse.query("select count(*), sum(is_countable::int) from core.fct_event") == [
        (len(events), sum(
            (row["user_id"] or row["anonymous_id"], row["occurred_at"].date())
            not in program_days(events) for row in events)),
    ]  # fmt: skip
