"""Okta's System Log: who opened which tool by single sign-on.

Belongs here: Okta's JSON. Does not belong here: who has a seat (`demo.seats`).
"""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

from demo import catalog
from demo.company import AS_OF, moment, source_of_chance
from demo.files import Delivery
from demo.people import Person
from demo.seats import Seat


def _sign_on(
    chance: random.Random, person: Person, app: str, at: datetime, number: int
) -> dict[str, Any]:
    is_good = chance.random() < 0.98
    return {
        "actor": {
            "id": f"00u{person.zendesk_id}",
            "type": "User",
            "alternateId": person.email,
            "displayName": person.name,
            "detailEntry": None,
        },
        "client": {
            "userAgent": {"rawUserAgent": "Mozilla/5.0", "os": "Mac OS X", "browser": "CHROME"},
            "zone": "null",
            "device": "Computer",
            "ipAddress": "203.0.113.7",
        },
        "displayMessage": "User single sign on to app",
        "eventType": "user.authentication.sso",
        "outcome": {
            "result": "SUCCESS" if is_good else "FAILURE",
            "reason": None if is_good else "INVALID_CREDENTIALS",
        },
        "published": at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{chance.randrange(1000):03d}Z",
        "severity": "INFO" if is_good else "WARN",
        "uuid": f"{chance.getrandbits(32):08x}-{number:08x}",
        "version": "0",
        "target": [
            {
                "id": f"0oa{app.lower()}",
                "type": "AppInstance",
                "alternateId": app,
                "displayName": app,
                "detailEntry": None,
            },
            {
                "id": f"0ua{person.zendesk_id}",
                "type": "AppUser",
                "alternateId": person.email,
                "displayName": person.name,
                "detailEntry": None,
            },
        ],
    }


def write_sign_ons(delivery: Delivery, seed: int, seats: list[Seat]) -> None:
    """The last 90 days, as long as the vendor keeps them, in a file for each month."""
    chance = source_of_chance(seed, "sign-ons")
    names = {t.tool_id: t.name for t in catalog.TOOLS}
    by_month: dict[int, list[dict[str, Any]]] = {4: [], 5: [], 6: []}
    for n in range(89):
        day = date(2026, 4, 2) + timedelta(n)
        for seat in seats if day.weekday() < 5 else ():
            if (seat.stopped_on and seat.stopped_on < day) or chance.random() > 0.25:
                continue
            at = moment(day, chance.randint(12, 20), chance.randrange(60), chance.randrange(60))
            month = by_month[day.month]
            month.append(
                _sign_on(
                    chance, seat.person, names[seat.tool_id], at, day.month * 10**6 + len(month)
                )
            )
        if day.weekday() == 2:
            # An app that stands in nobody's register.
            month = by_month[day.month]
            month.append(
                _sign_on(
                    chance,
                    seats[5].person,
                    "Canva",
                    moment(day, 15),
                    day.month * 10**6 + len(month),
                )
            )
    for month, events in by_month.items():
        events.sort(key=lambda e: (e["published"], e["uuid"]))
        at = moment(date(2026, month + 1, 1), 5) if month < 6 else AS_OF
        delivery.json("okta_system_log", f"drop/okta/system_log_2026-{month:02d}.json", events, at)
        for event in events:
            delivery.row("okta_system_log", "tool_activity", event["uuid"], 1)
