"""Zendesk: incremental exports of tickets (with sideloads), users, and ticket events.

Belongs here: Zendesk's endpoints. Does not belong here: fields (`formats/zendesk_*.yml`).

Tickets and users have cursors that run on `generated_timestamp`, which moves also where
`updated_at` does not; deleted tickets come with the status `deleted`. The last minute is left out
by the vendor, and ten requests a minute are allowed.
"""

from __future__ import annotations

from ingest.apis import Stream, Vendor, expires
from ingest.cursors import Ask, Place, Reply, TokenCursor
from ingest.http import Api, basic, bearer, json_list

_NEWEST_START = 61


def _by_cursor(path: str, records: str, **more: str) -> Ask:
    def ask(api: Api, place: Place) -> Reply:
        # The page's `after_url` may name another host; its cursor alone is used.
        start = {"start_time": int(place.since.timestamp())}
        where = {"cursor": place.token} if place.token else start
        answer = api.ask("GET", path, lambda b: json_list(b, records), params=where | more)
        document, found = answer.found
        return Reply(answer.body, found, document.get("after_cursor"), _ends(document))

    return ask


def _ticket_events(api: Api, place: Place) -> Reply:
    newest = int(place.until.timestamp()) - _NEWEST_START
    start = min(place.token or int(place.since.timestamp()), newest)
    answer = api.ask("GET", "/api/v2/incremental/ticket_events.json",
                     lambda b: json_list(b, "ticket_events"),
                     params={"start_time": start, "include": "comment_events"})  # fmt: skip
    document, found = answer.found
    return Reply(answer.body, found, document.get("end_time"), _ends(document))


def _ends(document: dict[str, object]) -> bool:
    return document.get("end_of_stream") is True


def _headers(credential: str) -> dict[str, str]:
    """`e-mail/token:secret` for an API token, else an OAuth token."""
    return basic(credential) if ":" in credential else bearer(credential)


VENDOR = Vendor(
    headers=_headers,
    streams=lambda options: {
        "tickets": Stream("zendesk_tickets", TokenCursor(_by_cursor(
            "/api/v2/incremental/tickets/cursor.json", "tickets",
            include="metric_sets,users,organizations"))),
        "ticket_events": Stream("zendesk_ticket_events", TokenCursor(_ticket_events)),
        "users": Stream("zendesk_people", TokenCursor(_by_cursor(
            "/api/v2/incremental/users/cursor.json", "users"))),
    },
    classify=expires("cursor"),
    pace=6.0,
)  # fmt: skip
