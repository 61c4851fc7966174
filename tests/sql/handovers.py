"""Devices that change hands, for worlds of usage.

Belongs here: unsigned uses around sign-ins. Does not belong here: whose they are (people_oracle).
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

DAY = dt.timedelta(days=1)


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
