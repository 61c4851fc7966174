"""The help desk of the company of the benches, and who else talks with its customers.

Belongs here: tickets with their changes and messages, notes, surveys and sign-ons of one day, as
SQL. Does not belong here: usage and accounts (world.py).

A ticket comes in as it is opened and again when it is solved, mostly within days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tests.bench.world_registry import THEMES

if TYPE_CHECKING:
    from tests.bench.world import Company

LONGEST = 30
Delivery = tuple[str, str, tuple[Mapping[str, str], str]]
_FILLER = (
    "Hello team, we tried this again today with two colleagues and another browser and see it "
    "still. Could you please have a look and tell us when it will work? Many thanks and best wishes"
)


def _said(number: str, salt: str) -> str:
    """Some words on one subject or none, amid others."""
    words = ", ".join(f"'{term.rstrip('*')}'" for _, _, terms in THEMES for term in terms)
    return (
        f"case when mix({number}, '{salt}') % 3 = 0 then '' else "
        f"([{words}])[1 + mix({number}, '{salt}') % {sum(len(t[2]) for t in THEMES)}] || '. ' end"
        f" || '{_FILLER} ' || mix({number}, '{salt}')"
    )


def _tickets(company: Company, first: int, last: int) -> str:
    """Tickets opened from one day to another: who asks, when, and when they are solved."""
    count, size = company.size.tickets_per_day, company.size
    start = company.date_of(0)
    return f"""(
        select 't' || d || '-' || k as id, mix(d, k, 'mixed') as h,
            d * {size.newcomers} + {size.people} - 1 - mix(d, k, 'who') % {size.people} as p,
            timestamp '{start}' + to_days(cast(d as integer))
                + to_seconds(cast(mix(d, k, 'at') % 50000 as bigint)) as opened_at,
            case when mix(d, k, 'solved') % 20 > 0 then least({LONGEST}, cast(floor(
                -2 * ln((1 + mix(d, k, 'days') % 99999) / 100001.0)) as integer)) end as lag_days,
            d
        from range({max(first, 0)}, {last + 1}) days(d), range({count}) numbers(k)
    )"""


def desk(company: Company, day: int) -> Iterator[Delivery]:
    """All that customers and agents wrote and did on a day."""
    opened = _tickets(company, day, day)
    closed = _tickets(company, day - LONGEST, day) + f" as all_tickets where d + lag_days = {day}"
    solved_at = "opened_at + to_days(lag_days) + to_seconds(cast(20000 + h % 15000 as bigint))"
    both = f"""(select *, opened_at as moment, false as is_solved from {opened}
        union all select *, {solved_at}, true
        from {closed}) as versions"""
    ticket = {
        "ticket_id": "id", "version_at": "moment", "subject": _said("h", "subject"),
        "status": "case when is_solved then 'solved' else 'open' end",
        "priority": "['low', 'normal', 'high', 'urgent'][1 + h % 4]",
        "channel": "['email', 'web', 'chat'][1 + h % 3]", "queue_id": "'q' || (h % 5)",
        "requester_ref": "'z' || p", "submitter_ref": "'z' || p",
        "assignee_ref": "'agent' || (h % 20)", "account_ref": f"p % {company.size.accounts}",
        "tags": "'[\"tag' || (h % 9) || '\"]'", "schedule_ref": "'1'",
        "satisfaction": "case when is_solved and h % 5 = 0 then ['good', 'bad'][1 + h % 2] end",
        "created_at": "opened_at", "updated_at": "moment", "is_revision": "is_solved",
    }  # fmt: skip
    yield "tickets", "zendesk", (ticket, both)
    changes = f"""(
        select id, h, opened_at as moment, 0 as number, 'create' as kind, 'status' as field,
            'new' as now
        from {opened}
        union all select id, h, opened_at + interval 40 minute, 1, 'change', 'status', 'open'
        from {opened}
        union all select id, h, opened_at + interval 50 minute, 2, 'change', 'priority', 'high'
        from {opened}
        union all select id, h, {solved_at}, 3, 'change', 'status', 'solved'
        from {closed}
        union all select id, h, {solved_at} + interval 1 hour, 4, 'change', 'status', 'open'
        from {closed} and h % 16 = 0
        union all select id, h, {solved_at} + interval 2 hour, 5, 'change', 'status', 'solved'
        from {closed} and h % 16 = 0
    ) as changes"""  # fmt: skip
    yield "ticket_events", "zendesk", ({
        "ticket_event_id": "id || '-' || number", "ticket_id": "id", "occurred_at": "moment",
        "actor_ref": "'agent' || (h % 20)", "event_type": "kind", "field": "field", "value": "now",
    }, changes)  # fmt: skip
    messages = f"""(
        select id, h, p, opened_at as moment, 0 as number from {opened}
        union all select id, h, p, opened_at + to_seconds(cast(600 + h % 20000 as bigint)), 1
        from {opened}
        union all select id, h, p, {solved_at} - interval 4 hour, 2
        from {closed}
        union all select id, h, p, {solved_at} - interval 1 minute, 3
        from {closed}
    ) as messages"""
    yield "ticket_messages", "zendesk", ({
        "message_id": "id || '-' || number", "ticket_id": "id", "is_public": "true",
        "author_ref": "case when number % 2 = 0 then 'z' || p else 'agent' || (h % 20) end",
        "channel": "'web'", "body": _said("mix(h, number)", "body"), "created_at": "moment",
    }, messages)  # fmt: skip
    yield from _others(company, day)


def _others(company: Company, day: int) -> Iterator[Delivery]:
    size, date = company.size, company.date_of(day)
    at = f"timestamp '{date} 09:00:00' + to_seconds(cast(n * 60 % 30000 as bigint))"
    few = max(2, size.tickets_per_day // 10)
    yield "feedback_notes", "hubspot", ({
        "note_id": f"'n{day}-' || n", "note_type": "'call'", "occurred_at": at, "updated_at": at,
        "account_ref": f"p % {size.accounts}", "body": _said("mix(n, p)", f"note{day}"),
    }, company.people(day, few, "note") + " as people")  # fmt: skip
    asked = company.people(day, few, "survey") + " as people"
    yield "survey_deliveries", "qualtrics", ({
        "survey_id": "'nps'", "delivery_id": f"'s{day}-' || n", "delivery_status": "'delivered'",
        "sent_at": at, "channel": "'email'", "user_id": "'u' || p", "updated_at": at,
    }, asked)  # fmt: skip
    yield "survey_responses", "qualtrics", ({
        "survey_id": "'nps'", "response_id": f"'s{day}-' || n", "question_id": "'q1'",
        "answer_number": "mix(n, p) % 11", "submitted_at": at, "channel": "'email'",
        "is_finished": "true", "is_test": "false", "user_id": "'u' || p",
    }, f"{asked} where n % 3 = 0")  # fmt: skip
    yield "exposures", "segment", ({
        "exposure_id": f"'x{day}-' || n", "experiment_id": "'e1'",
        "variation_id": "case when mix(p) % 2 = 0 then 'a' else 'b' end", "user_id": "'u' || p",
        "exposed_at": at,
    }, company.people(day, 2 + size.events_per_day // 100, "exposed") + " as people")  # fmt: skip
    yield "tool_activity", "okta", ({
        "activity_id": f"'i{day}-' || n", "occurred_at": at, "app_name": "'Tool' || (n % 5)",
        "activity_type": "'user.authentication.sso'", "outcome": "'success'",
        "email_key": "'staff' || (n // 5)", "email_domain": "'harborline.test'",
        "activity_evidence": "'L1'",
    }, "range(100) uses(n)")  # fmt: skip
