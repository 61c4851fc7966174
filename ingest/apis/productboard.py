"""Productboard: notes.

Belongs here: Productboard's endpoint. Does not belong here: fields (`formats/productboard_*.yml`).

Notes are asked for by whole days, since finer times are not promised; each pull reads two days
again. The vendor counts what it has, which is compared with what came.
"""

from __future__ import annotations

from datetime import UTC, timedelta

from ingest.apis import Stream, Vendor, expires
from ingest.cursors import Place, Reply, Window
from ingest.http import Api, bearer, json_list


def _ask(api: Api, place: Place) -> Reply:
    where = {"pageCursor": place.token} if place.token else {}
    answer = api.ask("GET", "/notes", lambda b: json_list(b, "data"), params=where | {
        "updatedFrom": place.since.astimezone(UTC).date().isoformat(), "pageLimit": 100,
    })  # fmt: skip
    document, found = answer.found
    return Reply(
        answer.body, found, document.get("pageCursor"),
        total=document.get("totalResults"), ids=tuple(str(note.get("id")) for note in found),
    )  # fmt: skip


VENDOR = Vendor(
    headers=lambda credential: bearer(credential) | {"X-Version": "1"},
    streams=lambda options: {
        "notes": Stream("productboard_notes_v1", Window(_ask, lookback=timedelta(days=2)))
    },
    classify=expires("pageCursor"),
)
