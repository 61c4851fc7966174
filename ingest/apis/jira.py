"""Jira Cloud: issues of service projects, as tickets.

Belongs here: Jira's endpoint. Does not belong here: fields (`formats/jira_issues.yml`).

JQL compares minutes in the time zone of whoever asks, and the search lags behind: each pull reads
a day again. There is no upper bound and the order is by key, so that edits can't move an issue
past the reader. The option `query` says which projects are meant.

A search brings only the latest changes of an issue that was changed often: all of them are asked
for apart, and stand in the page that is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import quote

from ingest.apis import Stream, Vendor, expires
from ingest.cursors import Ask, Place, Reply, Window
from ingest.http import Api, PullError, UnprovenError, basic, json_list

_FIELDS = "*navigable"
_ANY_ZONE = timedelta(hours=14)


def _search(query: str) -> Ask:
    def ask(api: Api, place: Place) -> Reply:
        since = (place.since - _ANY_ZONE).astimezone(UTC).strftime("%Y-%m-%d %H:%M")
        where = {"nextPageToken": place.token} if place.token else {}
        answer = api.ask("GET", "/rest/api/3/search/jql", _issues, params=where | {
            "jql": f'({query}) AND updated >= "{since}" ORDER BY key ASC',
            "fields": _FIELDS, "expand": "changelog", "maxResults": 100,
        })  # fmt: skip
        document, found = answer.found
        cut_off = [issue for issue in found if _is_cut_off(issue.get("changelog") or {})]
        for issue in cut_off:
            issue["changelog"]["histories"] = _changes(api, str(issue["key"]))
        body = json.dumps(document).encode() if cut_off else answer.body
        return Reply(body, found, document.get("nextPageToken"))

    return ask


def _issues(body: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    document, found = json_list(body, "issues")
    if document.get("isLast") is False and not document.get("nextPageToken"):
        raise UnprovenError("a page is not the last and names no next one")
    return document, found


def _is_cut_off(log: Mapping[str, Any]) -> bool:
    return len(log.get("histories") or ()) < log.get("total", 0)


def _changes(api: Api, key: str) -> list[dict[str, Any]]:
    path, found = f"/rest/api/3/issue/{quote(key, safe='')}/changelog", []
    while True:
        document, more = api.ask(
            "GET", path, lambda b: json_list(b, "values"),
            params={"startAt": len(found), "maxResults": 100},
        ).found  # fmt: skip
        found += more
        if len(found) >= document.get("total", 0):
            return found
        if not more:
            raise PullError(
                "count_differs",
                f"{path}: Jira counts {document['total']} changes, {len(found)} came. Run again "
                "later",
            )


def _streams(options: Mapping[str, str]) -> dict[str, Stream]:
    walk = Window(_search(options["query"]), lookback=timedelta(days=1))
    return {"issues": Stream("jira_issues", walk)}


VENDOR = Vendor(
    headers=basic, streams=_streams, needs=("query",), classify=expires("nextPageToken")
)
