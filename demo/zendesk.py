"""Zendesk's incremental exports: pages of tickets with sideloads, of ticket events, schedules.

Belongs here: pages and files. Does not belong here: what happened (`demo.support`) or what one
object looks like (`demo.zendesk_objects`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from demo.company import AS_OF, STARTS_ON, Account, moment
from demo.desk import CLOSES, GROUPS, HOLIDAYS, OPENS, SCHEDULE_ID, Ticket
from demo.files import Delivery
from demo.people import Person
from demo.zendesk_objects import API, audits_of, directory, metric_set, organization, ticket_record

_T = TypeVar("_T")


def export_times() -> list[datetime]:
    """When somebody exports: on the first day of each month, and now."""
    return [moment(date(2026, month, 1), 6) for month in range(2, 7)] + [AS_OF]


def _pages(items: Sequence[_T], size: int) -> Iterator[tuple[int, Sequence[_T], bool]]:
    for number, start in enumerate(range(0, max(len(items), 1), size), start=1):
        yield number, items[start : start + size], start + size >= len(items)


def _write_tickets(delivery: Delivery, changed: list[Ticket], users: dict[int, dict[str, Any]],
                   orgs: dict[int, Account], at: datetime) -> None:  # fmt: skip
    kind, stamp = "zendesk_tickets", f"{at:%Y-%m-%d}"
    for number, page, is_last in _pages(changed, 120):
        people = sorted({i for t in page for i in (t.requester_id, t.agent_id)})
        seen_orgs = sorted({t.organization_id for t in page if t.organization_id})
        document = {
            "tickets": [ticket_record(t, at) for t in page],
            "users": [users[i] for i in people],
            "groups": [{"id": i, "name": n, "deleted": False} for i, n in GROUPS.items()],
            "organizations": [organization(orgs[i]) for i in seen_orgs],
            "metric_sets": [metric_set(t, at) for t in page],
            "after_url": None
            if is_last
            else f"{API}/incremental/tickets/cursor.json?cursor=p{number}",
            "after_cursor": f"p{number}",
            "before_cursor": None,
            "before_url": None,
            "end_of_stream": is_last,
        }
        delivery.json(
            kind, f"drop/zendesk/incremental_tickets_{stamp}_page_{number}.json", document, at
        )
        for entry in document["tickets"]:
            delivery.row(kind, "tickets", entry["id"], str(entry))
        for entry in document["metric_sets"]:
            for name, value in entry.items():
                parts = value.items() if isinstance(value, dict) else [(None, value)]
                for half, figure in (
                    parts if name.endswith("_in_minutes") or name in ("reopens", "replies") else ()
                ):
                    delivery.row(
                        kind,
                        "vendor_reports",
                        (entry["ticket_id"], name, half),
                        (figure, entry["updated_at"]),
                    )
        for entry in document["users"]:
            delivery.row(kind, "identities", entry["id"], entry["updated_at"])
        for entry in document["organizations"]:
            delivery.row(kind, "accounts", entry["id"], entry["updated_at"])


def _write_events(delivery: Delivery, audits: list[dict[str, Any]], at: datetime) -> None:
    kind, stamp = "zendesk_ticket_events", f"{at:%Y-%m-%d}"
    for number, page, is_last in _pages(audits, 1_000):
        document = {
            "ticket_events": page,
            "next_page": None if is_last else f"{API}/incremental/ticket_events.json",
            "count": len(page),
            "end_of_stream": is_last,
            "end_time": page[-1]["timestamp"] if page else None,
        }
        delivery.json(kind, f"drop/zendesk/ticket_events_{stamp}_page_{number}.json", document, at)
        for audit in page:
            for child in audit["child_events"]:
                delivery.row(kind, "ticket_events", child["id"], 1)
                if child["event_type"] == "Comment":
                    delivery.row(kind, "ticket_messages", child["id"], 1)


def _write_hours(delivery: Delivery, at: datetime) -> None:
    intervals = [
        {"start_time": d * 1440 + OPENS * 60, "end_time": d * 1440 + CLOSES * 60}
        for d in range(1, 6)
    ]
    schedule = {
        "id": SCHEDULE_ID,
        "name": "Harborline support",
        "time_zone": "Eastern Time (US & Canada)",
        "intervals": intervals,
        "created_at": "2025-11-03T15:00:00Z",
        "updated_at": "2025-11-03T15:00:00Z",
    }
    url = f"{API}/business_hours/schedules"
    delivery.json("zendesk_schedules", "drop/zendesk/schedules.json",
                  {"schedules": [schedule], "url": f"{url}.json"}, at)  # fmt: skip
    holidays = [
        {"id": 4_400 + n, "name": name, "start_date": day.isoformat(), "end_date": day.isoformat()}
        for n, (name, day) in enumerate(HOLIDAYS)
    ]
    delivery.json(
        "zendesk_holidays",
        f"drop/zendesk/schedule_{SCHEDULE_ID}_holidays.json",
        {"holidays": holidays, "url": f"{url}/{SCHEDULE_ID}/holidays.json"},
        at,
    )
    for interval in intervals:
        delivery.row("zendesk_schedules", "business_hours", interval["start_time"], 1)
    for holiday in holidays:
        delivery.row("zendesk_holidays", "holidays", holiday["id"], 1)


def write_zendesk(
    delivery: Delivery, tickets: list[Ticket], people: list[Person], accounts: list[Account]
) -> None:
    """Writes each export with what changed since the one before."""
    users, orgs = directory(people, accounts), {a.zendesk_id: a for a in accounts}
    audits = sorted(
        (a for t in tickets for a in audits_of(t)), key=lambda a: (a["timestamp"], a["id"])
    )
    since = datetime(2026, 1, 1, tzinfo=UTC)
    _write_hours(delivery, moment(STARTS_ON, 12))
    for at in export_times():
        changed = [t for t in tickets if t.created_at < at and since <= t.version_before(at)]
        _write_tickets(delivery, changed, users, orgs, at)
        span = [a for a in audits if since.timestamp() <= a["timestamp"] < at.timestamp()]
        _write_events(delivery, span, at)
        since = at
