"""A help desk small enough to count on paper, and how to ask its warehouse.

Belongs here: rows of contracts, short queries. Does not belong here: what they should add up to.
"""

from __future__ import annotations

from typing import Any

from .fixture_lake import Warehouse

NOW = "2026-05-28T20:00"
SPENT = {"org_time_zone": "America/New_York", "as_of_at": "2026-06-30 12:00:00"}
HOUR = 3600
OWN = ["intermediate.support", "marts.support", "fct_ticket", "fct_ticket_status"]


def ticket(ident: str, created: str, **more: Any) -> dict[str, Any]:
    row = {"ticket_id": ident, "status": "new", "queue_id": "q", "requester_ref": "10"}
    row |= {"submitter_ref": "10", "created_at": created, "updated_at": created}
    return row | {"version_at": created} | more


def change(ident: str, number: int, at: str, value: str, field: str = "status") -> dict[str, Any]:
    row = {"ticket_event_id": f"{ident}{number}", "ticket_id": ident, "occurred_at": at}
    return row | {"event_type": "change", "field": field, "value": value}


def said(ident: str, number: int, at: str, author: str, **more: Any) -> dict[str, Any]:
    row = {"message_id": f"{ident}{number}", "ticket_id": ident, "author_ref": author}
    return row | {"is_public": True, "channel": "web", "body": "Hello", "created_at": at} | more


TICKETS = [
    # Friday 16:00 in New York; answered on Tuesday at 10:30, Monday is a holiday.
    ticket("1", "2026-05-22T20:00", subject="Exports: the export failed"),
    ticket("2", "2026-05-26T14:00", submitter_ref="900", tags=["export"]),
    ticket("3", "2026-05-26T14:00", merged_into_id="closed_by_merge", subject="export fails"),
    ticket(
        "4",
        "2026-05-26T14:00",
        status="deleted",
        updated_at="2026-05-27T14:00",
        version_at="2026-05-27T14:00",
    ),
    ticket("5", "2026-05-26T15:00", requester_ref="11", satisfaction="good"),
    ticket("6", "2026-05-26T15:00", requester_ref="15", satisfaction="bad"),
    # 03:30 in UTC is the evening before in New York.
    ticket("7", "2026-05-27T03:30", requester_ref="99", satisfaction="offered"),
    ticket("8", "2026-05-26T15:00", requester_ref="16"),
    ticket("9", "2026-05-26T15:00", requester_ref="900"),
    *(
        ticket(n, f"2026-05-28T{at}:00", queue_id="slow")
        for n, at in [("a", 13), ("b", 14), ("c", 18)]
    ),
    # Deleted as spam at the end of the data: shows how far they reach and counts nowhere.
    ticket("z", NOW, queue_id="spam", status="deleted"),
]
CHANGES = [
    change("1", 0, "2026-05-26T15:00", "solved"),
    change("1", 1, "2026-05-27T15:00", "open"),
    change("1", 2, "2026-05-28T15:00", "solved"),
    change("1", 3, "2026-05-28T19:00", "closed"),
    change("5", 0, "2026-05-26T16:00", "solved"),
    change("6", 0, "2026-05-26T16:00", "solved"),
    change("5", 1, "2026-05-26T17:00", "offered", "satisfaction_score"),
    change("5", 2, "2026-05-26T18:00", "bad", "satisfaction_score"),
    change("5", 3, "2026-05-28T10:00", "good", "satisfaction_score"),
    change("6", 1, "2026-05-28T11:00", "bad", "satisfaction_score"),
    change("7", 0, "2026-05-27T05:00", "deleted"),
    change("7", 1, "2026-05-28T05:00", "open"),
    change("z", 0, NOW, "deleted"),
]
MESSAGES = [
    said("1", 0, "2026-05-22T20:00", "10"),
    said("1", 1, "2026-05-22T20:02", "900", channel="rule"),
    said("1", 2, "2026-05-22T20:10", "900", is_public=False),
    said("1", 3, "2026-05-26T14:30", "900"),
    said("1", 4, "2026-05-26T14:59", "901"),
    said("2", 0, "2026-05-26T14:00", "900"),
    said("2", 1, "2026-05-26T15:00", "900"),
    # Answered, thanked for, asked again and answered again, New York 10:30 to 15:00.
    said("3", 0, "2026-05-26T14:30", "900"),
    said("3", 1, "2026-05-26T15:00", "10"),
    said("3", 2, "2026-05-26T16:00", "10"),
    said("3", 3, "2026-05-26T19:00", "900"),
    said("5", 0, "2026-05-26T15:10", "900", channel="chat"),
    said("5", 1, "2026-05-26T15:11", "900", channel="chat"),
    said("6", 0, "2026-05-26T15:30", "900"),
    said("6", 1, "2026-05-26T15:40", "900"),
    said("9", 0, "2026-05-26T15:30", "900"),
    said("a", 0, "2026-05-28T14:00", "900"),
    said("b", 0, "2026-05-28T17:00", "900"),
    said("z", 0, NOW, "10"),
]
PEOPLE = [
    {"identity_ref": "10", "user_id": "u0"},
    {"identity_ref": "11", "user_id": "u1"},
    {"identity_ref": "15"},
    {"identity_ref": "16", "user_id": "u2", "email_domain": "corp.test"},
    {"identity_ref": "900", "role": "agent"},
    {"identity_ref": "901", "role": "admin"},
]


def hours(ref: str, zone: str, days: range) -> list[dict[str, Any]]:
    row = {"schedule_ref": ref, "time_zone": zone, "updated_at": "2026-01-01"}
    return [row | {"opens_minute": d * 1440 + 540, "closes_minute": d * 1440 + 1020} for d in days]


def build(warehouse: Warehouse, *models: str) -> None:
    """Models and seeds alone: the checks of what lies upstream run elsewhere."""
    warehouse.run("build", select=models, exclude=["resource_type:test", "resource_type:unit_test"])


def load(warehouse: Warehouse, day: str, columns: str, queue: str = "all") -> tuple:
    query = f"select {columns} from marts.support_load__queue_day where day_on = ? and queue_id = ?"
    (row,) = warehouse.query(query, [day, queue])
    return row


def facts(warehouse: Warehouse, ident: str, columns: str) -> tuple:
    (row,) = warehouse.query(f"select {columns} from core.fct_ticket where ticket_id = ?", [ident])
    return row
