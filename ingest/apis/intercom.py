"""Intercom: conversations by search, in stretches of `updated_at`.

Belongs here: Intercom's endpoint. Does not belong here: fields (`formats/intercom_*.yml`).

The search knows `>` and `<` on whole seconds alone, so it begins one second earlier. The vendor
counts the stretch, which is compared with what came. Parts of conversations are not pulled.
"""

from __future__ import annotations

from datetime import timedelta

from ingest.apis import Stream, Vendor, resets
from ingest.cursors import Place, Reply, Window
from ingest.http import Api, bearer, json_list

_PER_PAGE = 150


def _ask(api: Api, place: Place) -> Reply:
    stretch = [
        {"field": "updated_at", "operator": ">", "value": int(place.since.timestamp()) - 1},
        {"field": "updated_at", "operator": "<", "value": int(place.until.timestamp())},
    ]
    pagination = {"per_page": _PER_PAGE} | ({"starting_after": place.token} if place.token else {})
    answer = api.ask(
        "POST", "/conversations/search", lambda b: json_list(b, "conversations"),
        document={
            "query": {"operator": "AND", "value": stretch},
            "sort": {"field": "updated_at", "order": "ascending"},
            "pagination": pagination,
        },
    )  # fmt: skip
    document, found = answer.found
    following = (document.get("pages") or {}).get("next") or {}
    return Reply(
        answer.body, found, following.get("starting_after"),
        total=document.get("total_count"), ids=tuple(str(c.get("id")) for c in found),
    )  # fmt: skip


VENDOR = Vendor(
    headers=lambda credential: bearer(credential) | {"Intercom-Version": "2.11"},
    streams=lambda options: {
        "conversations": Stream("intercom_conversations", Window(_ask, span=timedelta(days=7)))
    },
    classify=resets("x-ratelimit-reset"),
)
