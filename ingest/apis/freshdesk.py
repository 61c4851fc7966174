"""Freshdesk: tickets by last change, deleted ones as a stream of their own.

Belongs here: Freshdesk's endpoint. Does not belong here: fields (`formats/freshdesk_tickets.yml`).

No more than 300 pages of 100 can be asked for, and without `updated_since` the vendor gives the
last 30 days alone. So the walk asks again from the last moment seen, and fails where more than
30,000 tickets bear one moment: it never cuts off.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ingest.apis import Stream, Vendor
from ingest.cursors import Ask, PageNumber, Place, Reply
from ingest.http import Api, UnprovenError, basic, json_list

PER_PAGE = 100
CAP = 300


def _stamp(ticket: dict[str, Any]) -> datetime:
    try:
        found = datetime.fromisoformat(ticket["updated_at"])
    except (KeyError, TypeError, ValueError) as error:
        raise UnprovenError(f"a ticket without a readable updated_at ({error})") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _in_order(body: bytes) -> list[dict[str, Any]]:
    found = json_list(body, "")[1]
    moments = [_stamp(ticket) for ticket in found]
    if moments != sorted(moments):
        raise UnprovenError("tickets came in another order than asked for")
    return found


def _tickets(**more: str) -> Ask:
    def ask(api: Api, place: Place) -> Reply:
        # A second earlier: whether the moment itself is included is not promised.
        since = (place.since - timedelta(seconds=1)).astimezone(UTC)
        answer = api.ask("GET", "/api/v2/tickets", _in_order, params=more | {
            "updated_since": since.strftime("%Y-%m-%dT%H:%M:%SZ"), "include": "stats",
            "order_by": "updated_at", "order_type": "asc",
            "per_page": PER_PAGE, "page": place.token,
        })  # fmt: skip
        ids = tuple(str(ticket.get("id")) for ticket in answer.found)
        # Less than was asked for may be all that the vendor gives at once.
        is_last = len(ids) < PER_PAGE and not answer.next_link
        return Reply(answer.body, answer.found, ends=is_last, ids=ids)

    return ask


VENDOR = Vendor(
    headers=lambda credential: basic(f"{credential}:X"),
    streams=lambda options: {
        "tickets": Stream("freshdesk_tickets", PageNumber(_tickets(), _stamp, CAP)),
        "deleted_tickets": Stream(
            "freshdesk_tickets", PageNumber(_tickets(filter="deleted"), _stamp, CAP)
        ),
    },
)
