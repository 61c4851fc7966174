"""Zendesk's incremental exports: pages of tickets with sideloads, of ticket events, schedules.

Belongs here: Zendesk's JSON. Does not belong here: what happened (`demo.support`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from demo import support
from demo.company import AS_OF, INTERNAL_DOMAIN, STARTS_ON, Account, iso, moment
from demo.files import Delivery
from demo.people import Person
from demo.support import Message, Ticket

_API = "https://harborline.zendesk.test/api/v2"
_T = TypeVar("_T")
_VIA = {"Mail": {"channel": "email"}, "Web form": {"channel": "web"}, "Rule": {"channel": "rule"}}


def export_times() -> list[datetime]:
    """When somebody exports: on the first day of each month, and now."""
    return [moment(date(2026, month, 1), 6) for month in range(2, 7)] + [AS_OF]


def _pages(items: Sequence[_T], size: int) -> Iterator[tuple[int, Sequence[_T], bool]]:
    for number, start in enumerate(range(0, max(len(items), 1), size), start=1):
        yield number, items[start : start + size], start + size >= len(items)


def _minutes(ticket: Ticket, until: datetime, wanted: set[str]) -> dict[str, int]:
    """Minutes by the calendar and in business hours that a ticket spent in some statuses."""
    calendar = business = 0.0
    moments = [s for s in ticket.statuses if s[0] < until]
    for n, (start, status) in enumerate(moments):
        end = moments[n + 1][0] if n + 1 < len(moments) else until
        if status in wanted:
            calendar += (end - start).total_seconds()
            business += support.business_seconds(start, end)
    return {"calendar": int(calendar // 60), "business": int(business // 60)}


def _between(start: datetime, end: datetime | None) -> dict[str, int | None]:
    if end is None:
        return {"calendar": None, "business": None}
    seconds = (end - start).total_seconds()
    return {"calendar": int(seconds // 60), "business": support.business_seconds(start, end) // 60}


def public_replies(ticket: Ticket, until: datetime = AS_OF) -> list[Message]:
    """Public messages of human agents."""
    return [
        m for m in ticket.messages if m.is_public and m.author_id in support.AGENTS and m.at < until
    ]


def reopens(ticket: Ticket, until: datetime = AS_OF) -> int:
    """How often it went from solved to open."""
    names = [s for w, s in ticket.statuses if w < until]
    return sum(1 for a, b in zip(names, names[1:], strict=False) if (a, b) == ("solved", "open"))


def _metric_set(ticket: Ticket, until: datetime) -> dict[str, Any]:
    replies = public_replies(ticket, until)
    solved = [w for w, s in ticket.statuses if s == "solved" and w < until]
    is_solved = ticket.status_at(until - timedelta(seconds=1)) in ("solved", "closed")
    created, first = ticket.created_at, replies[0].at if replies else None
    return {
        "url": f"{_API}/ticket_metrics/{ticket.ticket_id + 880_000}.json",
        "id": ticket.ticket_id + 880_000,
        "ticket_id": ticket.ticket_id,
        "created_at": iso(created),
        "updated_at": iso(ticket.version_before(until)),
        "group_stations": 1,
        "assignee_stations": 1 if replies else 0,
        "reopens": reopens(ticket, until),
        "replies": len(replies),
        "assigned_at": iso(first) if first else None,
        "initially_assigned_at": iso(first) if first else None,
        "solved_at": iso(solved[-1]) if is_solved and solved else None,
        "reply_time_in_minutes": _between(created, first),
        "first_resolution_time_in_minutes": _between(created, solved[0] if solved else None),
        "full_resolution_time_in_minutes": _between(
            created, solved[-1] if solved and is_solved else None
        ),
        "agent_wait_time_in_minutes": _minutes(ticket, until, {"pending"}),
        "requester_wait_time_in_minutes": _minutes(ticket, until, {"new", "open", "hold"}),
        "on_hold_time_in_minutes": _minutes(ticket, until, {"hold"}),
    }


def _ticket(ticket: Ticket, until: datetime) -> dict[str, Any]:
    scores = [s for w, s in ticket.scores if w < until]
    changed = ticket.version_before(until)
    return {
        "url": f"{_API}/tickets/{ticket.ticket_id}.json",
        "id": ticket.ticket_id,
        "external_id": None,
        "via": {"channel": ticket.channel, "source": {"from": {}, "to": {}, "rel": None}},
        "created_at": iso(ticket.created_at),
        "updated_at": iso(changed),
        # The cursor's clock runs a little behind: it is when the row was written for the export.
        "generated_timestamp": int(changed.timestamp()) + 2,
        "type": "question",
        "subject": "SCRUBBED"
        if ticket.deleted_at and ticket.deleted_at < until
        else ticket.subject,
        "raw_subject": ticket.subject,
        "description": ticket.messages[0].body,
        "priority": ticket.priority,
        "status": ticket.status_at(until - timedelta(seconds=1)),
        "recipient": None,
        "requester_id": ticket.requester_id,
        "submitter_id": ticket.requester_id,
        "assignee_id": ticket.agent_id if public_replies(ticket, until) else None,
        "organization_id": ticket.organization_id,
        "group_id": ticket.group_id,
        "collaborator_ids": [],
        "follower_ids": [],
        "is_public": True,
        "tags": list(ticket.tags) if ticket.version_before(until) > ticket.created_at else [],
        "custom_fields": [{"id": 360_001, "value": None}],
        "satisfaction_rating": {"score": scores[-1] if scores else "unoffered"},
        "brand_id": 360_000_102,
        "allow_channelback": False,
        "from_messaging_channel": False,
    }


def _user(user_id: int, name: str, email: str, role: str, created: datetime, *,
          external_id: str | None = None, organization_id: int | None = None,
          zone: str = "America/New_York") -> dict[str, Any]:  # fmt: skip
    return {
        "id": user_id,
        "url": f"{_API}/users/{user_id}.json",
        "name": name,
        "email": email,
        "created_at": iso(created),
        "updated_at": iso(created),
        "time_zone": "Eastern Time (US & Canada)",
        "iana_time_zone": zone,
        "phone": None,
        "locale": "en-US",
        "organization_id": organization_id,
        "role": role,
        "verified": True,
        "external_id": external_id,
        "tags": [],
        "active": True,
        "shared": False,
        "suspended": False,
        "default_group_id": None,
    }


def _directory(people: list[Person], accounts: list[Account]) -> dict[int, dict[str, Any]]:
    """All users that Zendesk may sideload, by id."""
    orgs = {a.account_id: a for a in accounts}
    users = {
        p.zendesk_id: _user(
            p.zendesk_id, p.name, p.email, "end-user", moment(STARTS_ON, 9), external_id=p.user_id,
            organization_id=orgs[p.account_id].zendesk_id if p.account_id in orgs else None,
        )
        for p in people
    }  # fmt: skip
    for agent_id, name in support.AGENTS.items():
        email = f"{name.lower().replace(' ', '.')}@{INTERNAL_DOMAIN}"
        users[agent_id] = _user(agent_id, name, email, "agent", moment(STARTS_ON, 8))
    for n in range(17):
        number = 39_800_000_000 + n
        email = f"visitor{n}@post-{n}.example"
        users[number] = _user(number, f"Visitor {n}", email, "end-user", moment(STARTS_ON, 9))
    return users


def _organization(account: Account) -> dict[str, Any]:
    return {
        "url": f"{_API}/organizations/{account.zendesk_id}.json", "id": account.zendesk_id,
        "name": account.name, "shared_tickets": False, "shared_comments": False,
        "external_id": account.account_id, "created_at": iso(account.created_at),
        "updated_at": iso(account.created_at), "domain_names": [account.domain], "details": None,
        "notes": None, "group_id": None, "tags": [], "organization_fields": {},
    }  # fmt: skip


def _child(number: int, via: str, event_type: str, **fields: Any) -> dict[str, Any]:
    return {"id": number, "via": via, "via_reference_id": None, "event_type": event_type} | fields


def _audits(ticket: Ticket) -> list[dict[str, Any]]:
    """The ticket's history as audits with child events, in order of time."""
    moments: dict[tuple[datetime, int], list[dict[str, Any]]] = {}
    number = ticket.ticket_id * 1_000

    def child(at: datetime, actor: int, via: str, event_type: str, **fields: Any) -> None:
        nonlocal number
        number += 1
        moments.setdefault((at, actor), []).append(_child(number, via, event_type, **fields))

    origin = ticket.messages[0].via
    for name, value in (
        ("subject", ticket.subject),
        ("requester_id", ticket.requester_id),
        ("group_id", ticket.group_id),
        ("status", "new"),
        ("priority", ticket.priority),
        ("organization_id", ticket.organization_id),
    ):
        if value is not None:
            child(ticket.created_at, ticket.requester_id, origin, "Create", **{name: value})
    for message in ticket.messages:
        child(message.at, message.author_id, message.via, "Comment", type="Comment",
              author_id=message.author_id, body=message.body, plain_body=message.body,
              html_body=f'<div class="zd-comment"><p>{message.body}</p></div>',
              public=message.is_public, attachments=[], comment_present=True,
              comment_public=message.is_public)  # fmt: skip
    before = "new"
    for at, status in ticket.statuses[1:]:
        actor = next((m.author_id for m in ticket.messages if m.at == at), ticket.agent_id)
        actor = SYSTEM_ACTOR if status == "closed" and not ticket.merged_into else actor
        via = "Rule" if actor == SYSTEM_ACTOR else "Web form"
        child(at, actor, via, "Change", status=status, previous_value=before)
        before = status
    score = "unoffered"
    for at, value in ticket.scores:
        actor, via = (
            (SYSTEM_ACTOR, "Rule") if value == "offered" else (ticket.requester_id, "Web form")
        )
        child(at, actor, via, "Change", satisfaction_score=value, previous_value=score)
        score = value
    return [
        {
            "id": children[0]["id"] + 500,
            "ticket_id": ticket.ticket_id,
            "timestamp": int(at.timestamp()),
            "created_at": iso(at),
            "updater_id": actor,
            "via": children[0]["via"],
            "system": {"client": "Mozilla/5.0", "location": "New York, NY, United States"},
            "event_type": "Audit",
            "child_events": children,
        }
        for (at, actor), children in sorted(moments.items(), key=lambda m: (m[0][0], m[1][0]["id"]))
    ]


SYSTEM_ACTOR = support.SYSTEM


def _write_tickets(delivery: Delivery, changed: list[Ticket], users: dict[int, dict[str, Any]],
                   orgs: dict[int, Account], at: datetime) -> None:  # fmt: skip
    kind, stamp = "zendesk_tickets", f"{at:%Y-%m-%d}"
    for number, page, is_last in _pages(changed, 120):
        people = sorted({i for t in page for i in (t.requester_id, t.agent_id)})
        seen_orgs = sorted({t.organization_id for t in page if t.organization_id})
        document = {
            "tickets": [_ticket(t, at) for t in page],
            "users": [users[i] for i in people],
            "groups": [{"id": i, "name": n, "deleted": False} for i, n in support.GROUPS.items()],
            "organizations": [_organization(orgs[i]) for i in seen_orgs],
            "metric_sets": [_metric_set(t, at) for t in page],
            "after_url": None
            if is_last
            else f"{_API}/incremental/tickets/cursor.json?cursor=p{number}",
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
            "next_page": None if is_last else f"{_API}/incremental/ticket_events.json",
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
        {"start_time": d * 1440 + support.OPENS * 60, "end_time": d * 1440 + support.CLOSES * 60}
        for d in range(1, 6)
    ]
    schedule = {
        "id": support.SCHEDULE_ID,
        "name": "Harborline support",
        "time_zone": "Eastern Time (US & Canada)",
        "intervals": intervals,
        "created_at": "2025-11-03T15:00:00Z",
        "updated_at": "2025-11-03T15:00:00Z",
    }
    url = f"{_API}/business_hours/schedules"
    delivery.json("zendesk_schedules", "drop/zendesk/schedules.json",
                  {"schedules": [schedule], "url": f"{url}.json"}, at)  # fmt: skip
    holidays = [
        {"id": 4_400 + n, "name": name, "start_date": day.isoformat(), "end_date": day.isoformat()}
        for n, (name, day) in enumerate(support.HOLIDAYS)
    ]
    delivery.json(
        "zendesk_holidays",
        f"drop/zendesk/schedule_{support.SCHEDULE_ID}_holidays.json",
        {"holidays": holidays, "url": f"{url}/{support.SCHEDULE_ID}/holidays.json"},
        at,
    )
    for interval in intervals:
        delivery.row("zendesk_schedules", "business_hours", interval["start_time"], 1)
    for holiday in holidays:
        delivery.row("zendesk_holidays", "holidays", holiday["id"], 1)


def _in_span(times: Iterable[datetime], start: datetime, end: datetime) -> bool:
    return any(start <= t < end for t in times)


def write_zendesk(
    delivery: Delivery, tickets: list[Ticket], people: list[Person], accounts: list[Account]
) -> None:
    """Writes each export with what changed since the one before."""
    users, orgs = _directory(people, accounts), {a.zendesk_id: a for a in accounts}
    audits = sorted(
        (a for t in tickets for a in _audits(t)), key=lambda a: (a["timestamp"], a["id"])
    )
    since = datetime(2026, 1, 1, tzinfo=UTC)
    _write_hours(delivery, moment(STARTS_ON, 12))
    for at in export_times():
        changed = [t for t in tickets if t.created_at < at and since <= t.version_before(at)]
        _write_tickets(delivery, changed, users, orgs, at)
        span = [a for a in audits if since.timestamp() <= a["timestamp"] < at.timestamp()]
        _write_events(delivery, span, at)
        since = at
