"""Okta: the System Log.

Belongs here: Okta's endpoint. Does not belong here: fields (`formats/okta_system_log.yml`).

Without `until` the log gives a next link for ever; so `until` is always sent. Of the link only
`after` is used, whatever host it names. Its 429 tells the second at which it ends.
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from ingest.apis import Stream, Vendor, expires, resets
from ingest.cursors import Place, Reply, Window, written
from ingest.http import Api, json_list


def _ask(api: Api, place: Place) -> Reply:
    where = {"after": place.token} if place.token else {}
    answer = api.ask("GET", "/api/v1/logs", lambda b: json_list(b, "")[1], params=where | {
        "since": written(place.since), "until": written(place.until),
        "sortOrder": "ASCENDING", "limit": 1000,
    })  # fmt: skip
    following = parse_qs(urlsplit(answer.next_link).query).get("after", [None])[0]
    return Reply(answer.body, answer.found, following)


VENDOR = Vendor(
    headers=lambda credential: {"Authorization": f"SSWS {credential}"},
    streams=lambda options: {"system_log": Stream("okta_system_log", Window(_ask))},
    classify=resets("x-rate-limit-reset", expires("after")),
)
