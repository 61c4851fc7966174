"""Mixpanel: the raw export, day by day of the event.

Belongs here: Mixpanel's endpoint. Does not belong here: fields (`formats/mixpanel.yml`).

Days are days of the project's time zone, and events of phones come late: each pull reads five days
again. That also mends a day that was cut off between two lines, which nothing else would tell: the
vendor counts nothing. The credential is `user:secret` of a service account; sixty requests an hour
are allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from ingest.apis import Stream, Vendor
from ingest.apis.exports import json_lines
from ingest.cursors import Ask, Place, Reply, Slices
from ingest.http import Api, basic


def _days(project: str) -> Ask:
    def ask(api: Api, place: Place) -> Reply:
        day = place.since.date().isoformat()
        answer = api.ask("GET", "/api/2.0/export", json_lines, params={
            "from_date": day, "to_date": day, "project_id": project,
        })  # fmt: skip
        return Reply(answer.body, answer.found)

    return ask


def _streams(options: Mapping[str, str]) -> dict[str, Stream]:
    walk = Slices(
        _days(options["project"]), timedelta(days=1), timedelta(hours=14), timedelta(days=5)
    )
    return {"events": Stream("mixpanel", walk)}


VENDOR = Vendor(headers=basic, streams=_streams, needs=("project",), pace=0.4)
