"""Devices that change hands, for worlds of usage.

Belongs here: unsigned uses around sign-ins, companies that have little else. Does not belong
here: whose they are (people_oracle).
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
DAY = dt.timedelta(days=1)
FIRST = dt.date(2026, 4, 1)


def handovers(
    draw: random.Random,
    make: Callable[..., dict[str, Any]],
    devices: list[str],
    users: list[str],
    day: dt.date,
    count: int = 12,
) -> list[dict[str, Any]]:
    """Unsigned uses shortly before and after sign-ins, also around midnight and at one instant."""
    events = []
    for _ in range(count):
        device = draw.choice(devices)
        start = dt.datetime.combine(day + draw.randrange(4) * DAY, dt.time(23, 40))
        for user in (None, draw.choice(users), None, None, draw.choice(users), None):
            start += dt.timedelta(minutes=draw.choice([0, 1, 14, 15, 29, 30, 31, 300]))
            events.append(
                make(start.date(), user_id=user or "u00", anonymous_id=device)
                | {"user_id": user, "anonymous_id": device, "occurred_at": start,
                   "received_at": start + dt.timedelta(seconds=2)}
            )  # fmt: skip
    return events


class Company:
    """Users, mailboxes and devices with names of their own, so that many fit into one lake."""

    def __init__(self, seed: int) -> None:
        self.draw, self.seed, self.count = random.Random(seed), seed, 0
        self.users = [f"{seed}-u{n}" for n in range(self.draw.randint(2, 7))]
        self.devices = [f"{seed}-d{n}" for n in range(self.draw.randint(1, 4))]
        self.boxes = [f"{seed}-k{n}" for n in range(self.draw.randint(1, 4))]

    def event(self, day: dt.date, **fixed: Any) -> Row:
        self.count += 1
        at = dt.datetime.combine(day, dt.time(self.draw.randrange(24), self.draw.randrange(60)))
        return {
            "event_id": f"{self.seed}-{self.count}", "event_name": "Export", "event_type": "track",
            "user_id": self.draw.choice([None, *self.users]),
            "anonymous_id": self.draw.choice([None, *self.devices]),
            "email_key": self.draw.choice(self.boxes) if self.draw.random() < 0.15 else None,
            "occurred_at": at, "received_at": at + dt.timedelta(seconds=1),
            "is_clock_skewed": False,
        } | fixed  # fmt: skip

    def events(self) -> list[Row]:
        draw = self.draw
        found = [self.event(FIRST + draw.randrange(70) * DAY) for _ in range(draw.randint(5, 30))]
        for _ in range(draw.randint(0, 3)):
            day = FIRST + draw.randrange(70) * DAY
            chosen = draw.sample(self.users, min(len(self.users), draw.randint(1, 3)))
            found += handovers(draw, self.event, self.devices, chosen, day, count=3)
        if draw.random() < 0.5:
            calls = {"event_type": "alias", "user_id": self.users[0], "previous_id": "old-device"}
            calls["previous_id"] = f"{self.seed}-{calls['previous_id']}"
            found.append(self.event(FIRST, **calls))
        return found

    def records(self) -> list[Row]:
        return [
            {"source": "crm", "identity_ref": f"{self.seed}-{n}", "role": "contact",
             "updated_at": dt.datetime(2026, 4, 1),
             "user_id": self.draw.choice([None, *self.users]),
             "email_key": self.draw.choice([None, *self.boxes])}
            for n in range(self.draw.randint(0, 5))
        ]  # fmt: skip
