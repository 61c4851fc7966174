"""PostHog: events of one project, newest first within a stretch.

Belongs here: PostHog's endpoint. Does not belong here: fields (`formats/posthog_*.yml`).

The vendor's own next link leaves out events of the same moment as the last one; so each page
begins a microsecond later than the one before it ended and repeats that moment. For much data the
batch export into `drop/` is the better way.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ingest.apis import Stream, Vendor
from ingest.cursors import Ask, Place, Reply, Window, written
from ingest.http import Api, UnprovenError, bearer, json_list

PER_PAGE = 1000
_INSTANT = timedelta(microseconds=1)


def _newest_first(body: bytes) -> tuple[list[dict[str, Any]], datetime | None]:
    """Events, and the moment from which further ones are to be asked for, if there are any."""
    document, found = json_list(body, "results")
    try:
        moments = [datetime.fromisoformat(event["timestamp"]) for event in found]
    except (KeyError, TypeError, ValueError) as error:
        raise UnprovenError(f"an event without a readable timestamp ({error})") from error
    moments = [m if m.tzinfo else m.replace(tzinfo=UTC) for m in moments]
    if moments != sorted(moments, reverse=True):
        raise UnprovenError("events came in another order than asked for")
    # Less than was asked for may be all that the vendor gives at once.
    is_last = not moments or not (len(found) >= PER_PAGE or document.get("next"))
    return found, None if is_last else moments[-1]


def _events(project: str) -> Ask:
    def ask(api: Api, place: Place) -> Reply:
        answer = api.ask("GET", f"/api/projects/{project}/events/", _newest_first, params={
            "after": written(place.since - _INSTANT),
            "before": place.token or written(place.until), "limit": PER_PAGE,
        })  # fmt: skip
        found, oldest = answer.found
        return Reply(answer.body, found, written(oldest + _INSTANT) if oldest else None)

    return ask


def _streams(options: Mapping[str, str]) -> dict[str, Stream]:
    # The vendor gives less than a year at once; events of phones come days late.
    walk = Window(_events(options["project"]), lookback=timedelta(days=3), span=timedelta(days=7))
    return {"events": Stream("posthog_events", walk)}


VENDOR = Vendor(headers=bearer, streams=_streams, needs=("project",))
