"""Google Workspace: activity reports of sign-ins and of apps that were let in.

Belongs here: Google's endpoint. Does not belong here: fields (`formats/google_reports.yml`).

The credential is an OAuth access token with the scope of the audit reports. A rate limit comes as
a 403, an answer without activities has no list at all, and reports may be late by a day. The
vendor keeps 180 days and refuses to be asked for more.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx2

from ingest.apis import Stream, Vendor, expires
from ingest.cursors import Ask, Place, Reply, Window, written
from ingest.http import Api, Verdict, bearer, json_list

_KEPT = timedelta(days=179)
_LIMITS = (b"userRateLimitExceeded", b"rateLimitExceeded", b"quotaExceeded")
_PATH = "/admin/reports/v1/activity/users/all/applications/"


def _activities(application: str) -> Ask:
    def ask(api: Api, place: Place) -> Reply:
        where = {"pageToken": place.token} if place.token else {}
        since = max(place.since, place.until - _KEPT)
        answer = api.ask(
            "GET", _PATH + application, lambda b: json_list(b, "items", optional=True),
            params=where | {"startTime": written(since), "endTime": written(place.until),
                            "maxResults": 1000},
        )  # fmt: skip
        document, found = answer.found
        return Reply(answer.body, found, document.get("nextPageToken"))

    return ask


def _classify(response: httpx2.Response, now: datetime) -> Verdict:
    if response.status_code == 403 and any(word in response.content for word in _LIMITS):
        return Verdict("again")
    return expires("pageToken")(response, now)


VENDOR = Vendor(
    headers=bearer,
    streams=lambda options: {
        name: Stream("google_reports", Window(_activities(name), lookback=timedelta(days=1)))
        for name in ("login", "token")
    },
    classify=_classify,
)
