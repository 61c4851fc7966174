"""Customers who leave after they used less of the product, and one counted on paper.

Belongs here: rows of contracts. Does not belong here: what they should add up to.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from .fixture_lake import FixtureLake
from .survey_world import WORDING, answer

Row = dict[str, Any]
Rows = dict[tuple[str, str], list[Row]]
ORG_ZONE = "America/New_York"
FIRST = dt.date(2024, 9, 2)  # a Monday
END = dt.datetime(2026, 6, 30, 11)
WEEKS = 95
DAY = dt.timedelta(days=1)
ZONES = ("Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata", "Nowhere/Land", None)
FEATURES = ("export", "share", "search", "none")
CRM, EVENTS, TICKETS = ("accounts", "hubspot"), ("usage_events", "segment"), ("tickets", "zendesk")
CHANGES, ANSWERS = ("ticket_events", "zendesk"), ("survey_responses", "qualtrics")
REGISTRY: Rows = {
    ("tracking_plan", "registry"): [
        {"event_name": name, "event_class": "value", "feature_id": None if name == "none" else name}
        for name in FEATURES
    ],
    ("exclusions", "registry"): [
        {"subject_type": "account", "subject": "g3", "reason": "test_account"},
        {"subject_type": "user_id", "subject": "g4-0", "reason": "employee"},
    ],
}


def moment(day: dt.date, hour: float = 12) -> dt.datetime:
    """A UTC time of a day."""
    return dt.datetime.combine(day, dt.time()) + dt.timedelta(hours=hour)


def version(n: int | str, at: dt.datetime, arr: int | None = 1_000, **more: Any) -> Row:
    """One version of a customer in the CRM."""
    return {
        "account_ref": str(n), "external_id": f"g{n}", "name": f"Customer {n}", "plan": "pro",
        "lifecycle": "customer", "arr_minor": arr, "currency": "USD", "paid_seat_count": 4,
        "created_at": moment(FIRST - 90 * DAY), "updated_at": at,
    } | more  # fmt: skip


class World:
    """Rows by contract and source; all by chance from one seed."""

    def __init__(self, seed: int, accounts: int) -> None:
        self.draw = random.Random(seed)
        self.rows: Rows = {key: list(found) for key, found in REGISTRY.items()}
        for n in range(1, accounts + 1):
            self._account(n)

    def add(self, key: tuple[str, str], row: Row) -> None:
        self.rows.setdefault(key, []).append(row)

    def event(self, user: str, account: str, name: str, at: dt.datetime) -> None:
        """One use."""
        number = len(self.rows.get(EVENTS, [])) + 1
        self.add(
            EVENTS,
            {"event_id": f"e{number}", "event_name": name, "event_type": "track", "user_id": user,
             "group_id": account, "occurred_at": at, "received_at": at + dt.timedelta(seconds=2),
             "is_clock_skewed": False},
        )  # fmt: skip

    def ticket(
        self, number: str, account: int | str, at: dt.datetime, *changes: tuple, **more: Any
    ) -> None:
        """A ticket and what was changed on it: (when, field, before, after)."""
        last = max([at, *(c[0] for c in changes)])
        final = {"status": "open", "priority": "normal"} | {c[1]: c[3] for c in changes}
        self.add(
            TICKETS,
            {"ticket_id": number, "version_at": last, "created_at": at, "updated_at": last,
             "account_ref": f"z{account}", "requester_ref": f"r{account}"} | final | more,
        )  # fmt: skip
        for count, (when, field, before, after) in enumerate(changes):
            self.add(
                CHANGES,
                {"ticket_event_id": f"{number}-{count}", "ticket_id": number, "occurred_at": when,
                 "event_type": "change", "field": field, "previous_value": before, "value": after},
            )  # fmt: skip

    def mood(self, response: str, user: str, value: int, at: dt.datetime) -> None:
        """An answer to the question whether somebody would recommend the product."""
        row = answer("nps", response, "q1", value, at, user_id=user, question_text=WORDING)
        self.add(ANSWERS, row)

    def _account(self, n: int) -> None:
        draw = self.draw
        known = moment(FIRST + draw.choice([-60, -60, -30, 20]) * DAY, 9)
        plan = draw.choice(["pro", "pro", "starter", "enterprise"])
        facts = {"plan": plan, "time_zone": draw.choice(ZONES), "paid_seat_count": draw.choice(
            [2, 4, None])}  # fmt: skip
        self.add(CRM, version(n, known, **facts))
        self.add(("accounts", "zendesk"), {"account_ref": f"z{n}", "external_id": f"g{n}",
                                           "updated_at": known})  # fmt: skip
        lost_on = FIRST + draw.randrange(120, 7 * WEEKS) * DAY if draw.random() < 0.9 else None
        if lost_on:
            self._loss(n, lost_on, facts)
        people = draw.choice([1, 2, 3])
        for week in range(WEEKS):
            monday = FIRST + 7 * week * DAY
            left = (lost_on - monday).days if lost_on else 999
            names = FEATURES[:1] if left < 110 else FEATURES
            for person in range(people):
                if draw.random() < (0.8 if left > 0 else 0.2):
                    at = moment(monday + draw.randrange(7) * DAY, draw.choice([0, 5, 11, 23]))
                    if at < END:
                        self.event(f"g{n}-{person}", f"g{n}", draw.choice(names), at)
        for count in range(draw.choice([0, 1, 3])):
            self._ticket(n, count)
        if draw.random() < 0.5:
            at = moment(FIRST + draw.randrange(WEEKS * 7 - 1) * DAY, draw.choice([2, 23]))
            for number, when in enumerate([at, at + 20 * DAY]):
                if when < END:
                    self.mood(f"n{n}-{number}", f"g{n}-0", draw.randrange(11), when)

    def _loss(self, n: int, on: dt.date, facts: Row) -> None:
        kinds = ["left"] * 3 + ["less"] * 3 + ["free"] * 2 + ["other money", "unknown"]
        kind = self.draw.choice(kinds)
        told = moment(on, self.draw.choice([3, 22]))
        changes: dict[str, Row] = {
            "left": {"churned_on": on},
            "less": {"arr_minor": 400},
            "free": {"plan": "Free"},
            "other money": {"arr_minor": 400, "currency": "EUR"},
            "unknown": {"arr_minor": None},
        }
        if kind == "left":
            told += self.draw.choice([-5, 0, 30]) * DAY
        self.add(CRM, version(n, min(told, END), **facts | changes[kind]))

    def _ticket(self, n: int, count: int) -> None:
        draw = self.draw
        at = moment(FIRST + draw.randrange(WEEKS * 7 - 60) * DAY, draw.choice([3, 4, 5, 23]))
        first, second = at + draw.randrange(1, 9) * DAY, at + draw.randrange(10, 40) * DAY
        before, after = draw.choice([("normal", "urgent"), ("high", "low"), ("urgent", "normal")])
        changes = [(first, "priority", before, after), (second, "status", "open", "solved")]
        more: Row = draw.choice([{}, {}, {"satisfaction": "good"}, {"satisfaction": "bad"},
                                 {"merged_into_id": "1"}])  # fmt: skip
        self.ticket(f"t{n}-{count}", n, at, *changes, **more)


def by_hand(world: World) -> None:
    """Customer g900 of docs/decisions.md: four people, of whom one is left by May 2026."""
    world.add(CRM, version(900, moment(FIRST), 12_000, plan="pro", paid_seat_count=8))
    world.add(("accounts", "zendesk"), {"account_ref": "z900", "external_id": "g900",
                                        "updated_at": moment(FIRST)})  # fmt: skip
    monday = dt.date(2025, 5, 5)
    for week in range(-8, 0):
        for person in range(4 if week < -4 else 2):
            world.event(f"g900-{person}", "g900", "export", moment(monday + 7 * week * DAY))
    world.event("g900-0", "g900", "share", moment(monday + DAY))
    world.ticket(
        "t900", 900, moment(monday + 2 * DAY),
        (moment(monday + 3 * DAY), "priority", "normal", "urgent"),
        (moment(monday + 9 * DAY), "status", "open", "solved"),
    )  # fmt: skip
    world.ticket("t901", 900, moment(monday - 10 * DAY), (moment(monday), "status", "open",
                                                          "solved"))  # fmt: skip
    for number, value in enumerate((10, 3, 5)):
        world.mood(f"h{number}", f"g900-{number}", value, moment(monday - 20 * DAY))
    world.add(CRM, version(900, moment(dt.date(2025, 8, 9)), 9_000, paid_seat_count=6))


def deliver(lake: FixtureLake, rows: Rows) -> None:
    """Lands all rows."""
    for (contract, source), found in rows.items():
        lake.add(contract, found, source=source)


def until(rows: Rows, end: dt.datetime) -> Rows:
    """What had been told by then: a ticket as it stood, of the CRM the versions written by then."""
    clocks = {"usage_events": "occurred_at", "accounts": "updated_at", "survey_responses":
              "submitted_at", "ticket_events": "occurred_at"}  # fmt: skip
    kept: Rows = {}
    for key, found in rows.items():
        clock = clocks.get(key[0])
        kept[key] = [row for row in found if not clock or row[clock] < end]
    changes: dict[str, list[Row]] = {}
    for change in kept[CHANGES]:
        changes.setdefault(change["ticket_id"], []).append(change)
    stood = []
    for row in rows[TICKETS]:
        if row["created_at"] >= end:
            continue
        state = {"status": "open", "priority": "normal"}
        every = [c for c in rows[CHANGES] if c["ticket_id"] == row["ticket_id"]]
        state |= {c["field"]: c["previous_value"] for c in reversed(every)}
        last = row["created_at"]
        for change in changes.get(row["ticket_id"], []):
            state[change["field"]] = change["value"]
            last = max(last, change["occurred_at"])
        stood.append(row | state | {"version_at": last, "updated_at": last})
    return kept | {TICKETS: stood}
