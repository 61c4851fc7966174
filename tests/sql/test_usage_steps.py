"""Sessions and funnels that grow step by step, of people who never pause, are a full refresh's.

Belongs here: chains of attempts and sessions that a change far back shifts, people who change
without an event. Does not belong here: all other incremental models (test_incremental).
"""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any

import pytest

from .test_incremental import SETTINGS, Growing
from .usage_registry import funnel
from .usage_world import Delivery, Step

FIRST = dt.datetime(2026, 5, 1)
DAY = dt.timedelta(days=1)
DAYS = 24
LONG_IDS = 17
TABLES = ["core.fct_session", "core.fct_funnel_entry", "core.dim_activity_date",
          "marts.session__daily", "marts.funnel__entry_week_step"]  # fmt: skip
SELECT = ["+session__daily", "+funnel__entry_week_step"]
REGISTRY: dict[str, list[dict[str, Any]]] = {
    "tracking_plan": [{"event_name": "A", "event_class": "value"},
                      {"event_name": "B", "event_class": "neutral"}],
    "funnel_steps": [
        *funnel("pair", 1, 30, ["A", "A"], ["X"]),
        *funnel("turn", 1, 7, ["A", "B", "A"]),
        *funnel("held", 2, 20, ["A", "B", "C"], ["X"], hold="doc"),
        *funnel("one", 1, 5, ["B"]),
    ],
    "exclusions": [
        {"subject_type": "email_domain", "subject": "harborline.test", "reason": "employee"},
        {"subject_type": "account", "subject": "gone.test", "reason": "demo"},
    ],
}  # fmt: skip
ACCOUNTS = [
    {"account_ref": "1", "external_id": "a1", "updated_at": FIRST - DAY},
    {"account_ref": "2", "external_id": "a2", "time_zone": "Pacific/Auckland",
     "updated_at": FIRST - DAY},
]  # fmt: skip
# Gaps at which attempts and sessions go on or end, and many at which neither may ever end.
PACES = ((5, 10, 20, 30), (30, 31, 60, 300), (240, 300, 419, 420, 421), (1100, 1200, 1800, 1801))


class Corner:
    """A few ids that may turn out to be one person."""

    def __init__(self, seed: int) -> None:
        self.draw, self.seed, self.count = random.Random(seed), seed, 0
        self.users = [f"{seed}-u{n}" for n in range(self.draw.randint(1, 3))]
        self.devices = [f"{seed}-d{n}" for n in range(self.draw.randint(1, 2))]
        self.names = self.draw.choice(("AAB", "ABC", "ABCX", "B", "AABBCX"))
        # Some do nothing of value, some nothing at all for a long time.
        self.stretch = sorted(self.draw.sample(range(DAYS), 2))

    def event(self, at: dt.datetime) -> dict[str, Any]:
        self.count += 1
        user = self.draw.choice([None, *self.users])
        return {
            "event_id": f"{self.seed}-{self.count:04}", "event_name": self.draw.choice(self.names),
            "event_type": "track", "user_id": user,
            "anonymous_id": self.draw.choice([*([None] if user else []), *self.devices]),
            "group_id": self.draw.choice((None, None, "a1", "a2")),
            "occurred_at": at, "received_at": at + dt.timedelta(seconds=self.draw.randrange(3)),
            "is_clock_skewed": False, "properties": f'{{"doc": "{self.draw.randrange(2)}"}}',
        }  # fmt: skip

    def events(self) -> list[dict[str, Any]]:
        """A walk through the days at one pace; now and then two events of one moment."""
        first, last = self.stretch
        at = FIRST + first * DAY + dt.timedelta(minutes=self.draw.randrange(600))
        pace, found = self.draw.choice(PACES), []
        while at < FIRST + last * DAY and len(found) < 60:
            found += [self.event(at) for _ in range(self.draw.choice((1, 1, 1, 2)))]
            at += dt.timedelta(minutes=self.draw.choice(pace))
        return found

    def some_event(self, day: int) -> dict[str, Any]:
        """At any time, or shortly after a midnight before which somebody was unsigned."""
        minute = self.draw.randrange(self.draw.choice((25, 1440)))
        return self.event(FIRST + day * DAY + dt.timedelta(minutes=minute))

    def record(self, number: int, **known: Any) -> dict[str, Any]:
        return {
            "identity_ref": f"{self.seed}-{number}", "role": "contact",
            "user_id": self.draw.choice(self.users), "updated_at": FIRST + 40 * DAY,
        } | known  # fmt: skip


def tills() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Two tills around midnight, what is told first and later: a sign-in, and a use before one.

    Nothing else touches these days.
    """
    rows = [
        [{"event_id": f"{till}-{number}", "event_name": "A", "event_type": "track",
          "user_id": who and f"{till}-{who}", "anonymous_id": till, "is_clock_skewed": False,
          **dict.fromkeys(("occurred_at", "received_at"), FIRST + dt.timedelta(day, minute * 60))}
         for number, (day, minute, who) in enumerate(told)]
        for till, told in (
            ("till1", [(26, 600, "v"), (26, 900, "u"), (28, 1430, None), (29, 10, "u")]),
            ("till2", [(26, 600, "v"), (26, 900, "u"), (32, 10, "u"), (31, 1430, None)]),
        )
    ]  # fmt: skip
    return [row for till in rows for row in till[:-1]], [till[-1] for till in rows]


def quiet_days() -> list[list[dict[str, Any]]]:
    """Days on which nobody else does anything: what is told first, later, and taken back.

    At the end somebody of many ids goes on for 37 hours, so that the day of the start was over
    long before; that it may still go on shows once nothing later is known.
    """
    long = [(33, 29 * number, f"quiet-{number % LONG_IDS}") for number in range(78)]
    told = [[(-30, 0, "quiet"), *long], [(-13, 0, "quiet")], [(-20, 0, "quiet"), (36, 0, "quiet")]]
    return [
        [{"event_id": f"quiet-{day}-{minute}", "event_name": "A", "event_type": "track",
          "user_id": user, "is_clock_skewed": False,
          **dict.fromkeys(("occurred_at", "received_at"),
                          FIRST + day * DAY + dt.timedelta(minutes=minute))}
         for day, minute, user in rows]
        for rows in told
    ]  # fmt: skip


def usage(name: str, rows: list[dict[str, Any]]) -> Delivery:
    return Delivery(name, "usage_events", "segment", rows)


def records(name: str, rows: list[dict[str, Any]]) -> Delivery:
    return Delivery(name, "identities", "crm", rows)


def steps_of(seed: int, corners: int) -> list[Step]:
    """A base, and what comes after it: each touches two or three days, or none at all."""
    draw = random.Random(seed)
    people = [Corner(seed * 1000 + n) for n in range(corners)]
    rows = [event for corner in people for event in corner.events()]
    doubtful_on = {(FIRST + day * DAY).date() for day in draw.sample(range(DAYS), 2)}
    doubtful = [e for e in rows if e["occurred_at"].date() in doubtful_on and draw.random() < 0.2]
    kept = [event for event in rows if event not in doubtful]
    early, late = draw.sample(range(2, DAYS - 4), 2)
    moved_on = (FIRST + draw.randrange(DAYS) * DAY).date()
    moved = [
        e | {"occurred_at": e["occurred_at"] + draw.choice((-4, 3)) * DAY,
             "received_at": e["received_at"] - dt.timedelta(seconds=9)}
        for e in kept if e["occurred_at"].date() == moved_on and draw.random() < 0.1
    ]  # fmt: skip
    late_rows = [c.some_event(draw.choice((early, late))) for c in people if draw.random() < 0.5]
    last = [c.some_event(DAYS) for c in people if draw.random() < 0.5]
    shared = [c.record(1, email_key=f"k{c.seed}", user_id=user) | {"identity_ref": user}
              for c in people if draw.random() < 0.4 for user in c.users]  # fmt: skip
    hired = [c.record(7, email_domain="harborline.test") for c in people if draw.random() < 0.2]
    clocks = [ACCOUNTS[0] | {"time_zone": "Asia/Tokyo", "updated_at": FIRST + 40 * DAY},
              {"account_ref": "3", "external_id": "a1", "domain": "gone.test",
               "updated_at": FIRST + 40 * DAY}]  # fmt: skip
    mailboxes = records("mailboxes", shared)
    kept, late_rows = (a + b for a, b in zip((kept, late_rows), tills(), strict=True))
    quiet = zip((kept, late_rows, doubtful), quiet_days(), strict=True)
    kept, late_rows, doubtful = (told + alone for told, alone in quiet)
    base = [Delivery(f"r-{name}", name, "registry", found) for name, found in REGISTRY.items()]
    base += [Delivery("accounts", "accounts", "hubspot", ACCOUNTS), usage("first", kept)]
    base.append(records("long", [
        {"identity_ref": f"quiet-{n}", "role": "contact", "user_id": f"quiet-{n}",
         "email_key": "quiet", "updated_at": FIRST + 40 * DAY} for n in range(LONG_IDS)
    ]))  # fmt: skip
    base.append(usage("doubtful", doubtful))
    return [
        Step("base", base),
        Step("late", [usage("late", late_rows), usage("last", last)]),
        Step("mailboxes", [mailboxes]),
        Step("gone", [usage("moved", moved)], [base[-1]]),
        Step("apart", [records("hired", hired)], [mailboxes]),
        Step("clocks", [Delivery("clocks", "accounts", "hubspot", clocks[:1])]),
        Step("barred", [Delivery("barred", "accounts", "hubspot", clocks[1:])]),
    ]  # fmt: skip


def grown(seed: int, corners: int, folder: Path, *, every: int) -> None:
    """Takes all steps, some of them together; holds the tables to a full refresh after each."""
    first, *steps = steps_of(seed, corners)
    growing = Growing(folder, first, SELECT)
    for number in range(0, len(steps), every):
        step = sum(steps[number + 1 : number + every], steps[number])
        growing.take(step)
        growing.fresh.run(select=SELECT, full_refresh=True, **SETTINGS)
        for table in TABLES:
            found, wanted = (w.rows(table) for w in (growing.grown, growing.fresh))
            assert len(wanted) > 20
            here, there = (sorted(set(a) - set(b), key=str)[:3]
                           for a, b in ((found, wanted), (wanted, found)))  # fmt: skip
            assert here == there == [], (table, step.name)
            assert found == wanted, (table, step.name)


@pytest.mark.slow
def test_people_who_never_pause(tmp_path: Path) -> None:
    grown(1, 100, tmp_path, every=3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
def test_more_people_who_never_pause(seed: int, tmp_path: Path) -> None:
    grown(seed, 200, tmp_path, every=1)
