"""Random tickets, their changes and messages.

Belongs here: one ticket's rows. Does not belong here: the company around them (`support_world`).
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

Row = dict[str, Any]
MINUTE = dt.timedelta(minutes=1)
AS_OF = dt.datetime(2026, 4, 8, 12)
FIRST = dt.datetime(2026, 2, 26)
LAST = dt.datetime(2026, 4, 6)
TEXTS = (
    "Export failed again",
    "the EXPORT\n fails!",
    "Exports fail",
    "slow board",
    "slowboard",
    "a slow boards",
    "An invoice, please",
    "export failing in the sandbox",
    "ghost",
    "Hello",
    "",
)
ASKERS = ("10", "11", "12", "13", "14", "15", "16", "17", "98", "99", "900", None, "-1")
AUTHORS = ("900", "901", "902", "55", "-1", None)


def _walk(chance: random.Random) -> Iterator[str]:
    """Statuses after one another, as help desks let them follow."""
    onward = {
        "new": ("open", "open", "pending", "solved", "deleted"),
        "open": ("pending", "hold", "solved", "solved"),
        "pending": ("open", "solved"),
        "hold": ("open", "solved"),
        "solved": ("open", "closed", "open", "deleted"),
        "closed": (),
        "deleted": ("open", "new", "solved"),
    }
    status = "new"
    for _ in range(chance.choice((0, 1, 2, 3, 4, 6))):
        if not onward[status]:
            return
        status = chance.choice(onward[status])
        yield status


def _messages(world: Any, chance: random.Random, source: str, ticket: Row, first_id: int) -> None:
    at = ticket["created_at"]
    for number in range(chance.choice((0, 1, 2, 3, 5, 8))):
        author = chance.choice((ticket["requester_ref"], ticket["submitter_ref"], *AUTHORS))
        world.add(
            "ticket_messages",
            source,
            {
                "message_id": str(first_id + number),
                "ticket_id": ticket["ticket_id"],
                "author_ref": author,
                "is_public": chance.random() < 0.8,
                "channel": chance.choice(("web", "web", "chat", "rule", None)),
                "body": chance.choice(TEXTS),
                "created_at": at,
            },
        )
        at += chance.choice((-30, 0, 5, 90, 600, 4000)) * MINUTE
        at = min(at, AS_OF - 60 * MINUTE)


def _moves(world: Any, chance: random.Random, source: str, ticket: Row, number: int) -> None:
    """Priorities, groups and agents that change on the way; some changes are delivered in part."""
    choices = {
        "priority": ("low", "normal", "High", "urgent", None),
        "group_id": ("q1", "q2", "q3", None),
        "assignee_id": ("900", "902", "903", None),
    }
    for field, values in choices.items():
        before = chance.choice(values)
        at = ticket["created_at"]
        for step in range(chance.choice((0, 0, 1, 2, 3))):
            after = chance.choice(values)
            at = min(at + chance.choice((0, 0, 3, 200, 4000)) * MINUTE, AS_OF - 30 * MINUTE)
            change = {
                "ticket_event_id": f"{number}{field[0]}{step}",
                "ticket_id": ticket["ticket_id"],
                "occurred_at": at,
                "event_type": "change",
                "field": field,
                "previous_value": before,
                "value": after,
            }
            before = after
            world.add("ticket_events", source, change)
        if field == "priority":
            ticket["priority"] = before.lower() if before else None


def add_ticket(world: Any, chance: random.Random, source: str, number: int) -> None:
    created = FIRST + chance.randrange(int((LAST - FIRST) / MINUTE)) * MINUTE
    ident = str(chance.choice((number, number + 90)) * 2 + 1) if number % 2 else str(number * 2)
    base: Row = {
        "ticket_id": ident,
        "subject": chance.choice((None, *TEXTS)),
        "queue_id": chance.choice(("q1", "q2", None)),
        "requester_ref": chance.choice(ASKERS),
        "submitter_ref": chance.choice((None, "10", "900", "901")),
        "assignee_ref": chance.choice((None, "900", "901")),
        "account_ref": chance.choice((None, None, "2", "3", "8")),
        "tags": chance.choice((None, [], ["vip"], ["EXPORT", "x"], ["slow"], ["bills"])),
        "schedule_ref": chance.choice((None, "1", "2", "7", "9")),
        "created_at": created,
        "merged_into_id": "closed_by_merge" if chance.random() < 0.06 else None,
    }
    at, before, known = created, "new", []
    for step, status in enumerate(_walk(chance)):
        at = min(at + chance.choice((-20, 0, 0, 7, 300, 1500, 6000)) * MINUTE, AS_OF - 30 * MINUTE)
        change = {
            "ticket_event_id": f"{number}{step + 8}",
            "ticket_id": ident,
            "occurred_at": at,
            "event_type": "change",
            "field": "status",
            "previous_value": before,
            "value": status,
        }
        before = status
        known.append((at, status))
        if chance.random() < 0.93:
            world.add("ticket_events", source, change)
    if chance.random() < 0.3:
        moment = created + chance.randrange(9000) * MINUTE
        for name, later in (
            ("offered", 0),
            (chance.choice(("good", "bad", "offered")), 50),
            ("bad", 90),
        )[: chance.randint(1, 3)]:
            world.add(
                "ticket_events",
                source,
                {
                    "ticket_event_id": f"{number}c{later}",
                    "ticket_id": ident,
                    "occurred_at": moment + later * MINUTE,
                    "event_type": "change",
                    "field": "satisfaction_score",
                    "value": name,
                },
            )
            base["satisfaction"] = name
    if chance.random() < 0.35:
        world.add(
            "ticket_events",
            source,
            {
                "ticket_event_id": f"{number}s",
                "ticket_id": ident,
                "occurred_at": created + chance.randrange(-9, chance.choice((900, 4000))) * MINUTE,
                "event_type": "change",
                "field": "schedule_id",
                "previous_value": chance.choice((None, "1")),
                "value": chance.choice(("2", "1", "5")),
            },
        )
    _moves(world, chance, source, base, number)
    # Two versions; the last may be older than the last changes, which then have the last word.
    cut = len(known) - (chance.random() < 0.15)
    seen = known[:cut]
    last = max([created, *(moment for moment, _ in seen)])
    now = {
        "status": seen[-1][1] if seen else "new",
        "version_at": last + MINUTE,
        "updated_at": last,
    }
    world.add(
        "tickets", source, base | {"status": "new", "version_at": created, "updated_at": created}
    )
    world.add("tickets", source, base | now)
    _messages(world, chance, source, base, number * 20 + 5)
