"""Zendesk's objects as its API shows them: tickets, metric sets, users, audits.

Belongs here: one object each. Does not belong here: pages and files (`demo.zendesk`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from demo.company import INTERNAL_DOMAIN, STARTS_ON, Account, iso, moment
from demo.desk import AGENTS, SYSTEM, Ticket, business_seconds, public_replies, reopens
from demo.people import Person

API = "https://harborline.zendesk.test/api/v2"


def _minutes(ticket: Ticket, until: datetime, wanted: set[str]) -> dict[str, int]:
    """Minutes by the calendar and in business hours that a ticket spent in some statuses."""
    calendar = business = 0.0
    moments = [s for s in ticket.statuses if s[0] < until]
    for n, (start, status) in enumerate(moments):
        end = moments[n + 1][0] if n + 1 < len(moments) else until
        if status in wanted:
            calendar += (end - start).total_seconds()
            business += business_seconds(start, end)
    return {"calendar": int(calendar // 60), "business": int(business // 60)}


def _between(start: datetime, end: datetime | None) -> dict[str, int | None]:
    if end is None:
        return {"calendar": None, "business": None}
    seconds = (end - start).total_seconds()
    return {"calendar": int(seconds // 60), "business": business_seconds(start, end) // 60}


def metric_set(ticket: Ticket, until: datetime) -> dict[str, Any]:
    """Zendesk's own figures of a ticket, as they stood at a moment."""
    replies = public_replies(ticket, until)
    solved = [w for w, s in ticket.statuses if s == "solved" and w < until]
    is_solved = ticket.status_at(until - timedelta(seconds=1)) in ("solved", "closed")
    created, first = ticket.created_at, replies[0].at if replies else None
    return {
        "url": f"{API}/ticket_metrics/{ticket.ticket_id + 880_000}.json",
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


def ticket_record(ticket: Ticket, until: datetime) -> dict[str, Any]:
    """A ticket as it stood at a moment."""
    scores = [s for w, s in ticket.scores if w < until]
    changed = ticket.version_before(until)
    return {
        "url": f"{API}/tickets/{ticket.ticket_id}.json",
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
        "url": f"{API}/users/{user_id}.json",
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


def directory(people: list[Person], accounts: list[Account]) -> dict[int, dict[str, Any]]:
    """All users that Zendesk may sideload, by id."""
    orgs = {a.account_id: a for a in accounts}
    users = {
        p.zendesk_id: _user(
            p.zendesk_id, p.name, p.email, "end-user", moment(STARTS_ON, 9), external_id=p.user_id,
            organization_id=orgs[p.account_id].zendesk_id if p.account_id in orgs else None,
        )
        for p in people
    }  # fmt: skip
    for agent_id, name in AGENTS.items():
        email = f"{name.lower().replace(' ', '.')}@{INTERNAL_DOMAIN}"
        users[agent_id] = _user(agent_id, name, email, "agent", moment(STARTS_ON, 8))
    for n in range(17):
        number = 39_800_000_000 + n
        email = f"visitor{n}@post-{n}.example"
        users[number] = _user(number, f"Visitor {n}", email, "end-user", moment(STARTS_ON, 9))
    return users


def organization(account: Account) -> dict[str, Any]:
    """An organisation; it never changes."""
    return {
        "url": f"{API}/organizations/{account.zendesk_id}.json", "id": account.zendesk_id,
        "name": account.name, "shared_tickets": False, "shared_comments": False,
        "external_id": account.account_id, "created_at": iso(account.created_at),
        "updated_at": iso(account.created_at), "domain_names": [account.domain], "details": None,
        "notes": None, "group_id": None, "tags": [], "organization_fields": {},
    }  # fmt: skip


def _child(number: int, via: str, event_type: str, **fields: Any) -> dict[str, Any]:
    return {"id": number, "via": via, "via_reference_id": None, "event_type": event_type} | fields


def audits_of(ticket: Ticket) -> list[dict[str, Any]]:
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
        actor = SYSTEM if status == "closed" and not ticket.merged_into else actor
        via = "Rule" if actor == SYSTEM else "Web form"
        child(at, actor, via, "Change", status=status, previous_value=before)
        before = status
    score = "unoffered"
    for at, value in ticket.scores:
        actor, via = (SYSTEM, "Rule") if value == "offered" else (ticket.requester_id, "Web form")
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
