"""Jira Cloud: issues of service projects, as tickets.

Belongs here: Jira's endpoint. Does not belong here: fields (`formats/jira_issues.yml`).

JQL compares minutes in the time zone of whoever asks, and the search lags behind: each pull reads
a day again. There is no upper bound and the order is by key, so that edits can't move an issue
past the reader. The option `query` says which projects are meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, timedelta

from ingest.apis import Stream, Vendor, expires
from ingest.cursors import Ask, Place, Reply, Window
from ingest.http import Api, basic, json_list

_FIELDS = "*navigable"
_ANY_ZONE = timedelta(hours=14)


def _search(query: str) -> Ask:
    def ask(api: Api, place: Place) -> Reply:
        since = (place.since - _ANY_ZONE).astimezone(UTC).strftime("%Y-%m-%d %H:%M")
        where = {"nextPageToken": place.token} if place.token else {}
        answer = api.ask("GET", "/rest/api/3/search/jql", lambda b: json_list(b, "issues"),
                         params=where | {
                             "jql": f'({query}) AND updated >= "{since}" ORDER BY key ASC',
                             "fields": _FIELDS, "expand": "changelog", "maxResults": 100,
                         })  # fmt: skip
        document, found = answer.found
        return Reply(answer.body, found, document.get("nextPageToken"))

    return ask


def _streams(options: Mapping[str, str]) -> dict[str, Stream]:
    walk = Window(_search(options["query"]), lookback=timedelta(days=1))
    return {"issues": Stream("jira_issues", walk)}


VENDOR = Vendor(
    headers=basic, streams=_streams, needs=("query",), classify=expires("nextPageToken")
)
