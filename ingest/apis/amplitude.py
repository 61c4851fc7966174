"""Amplitude: the event export, hour by hour of upload.

Belongs here: Amplitude's endpoint and its archives. Does not belong here: fields
(`formats/amplitude.yml`).

An hour comes as a zip of gzipped lines; laid end to end these are one gzip file, which is what is
kept. An hour without events is a 404, and an hour should be whole two hours later; since nothing
tells whether it is, each pull reads a day again.
"""

from __future__ import annotations

import zipfile
from datetime import datetime, timedelta
from io import BytesIO

import httpx2

from ingest.apis import Stream, Vendor
from ingest.apis.exports import json_lines, packed_lines
from ingest.containers import DAMAGE
from ingest.cursors import Place, Reply, Slices
from ingest.http import Api, NothingThereError, UnprovenError, Verdict, basic, by_status


def _members(body: bytes) -> tuple[bytes, list[bytes]]:
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            names = sorted(n for n in archive.namelist() if not n.endswith("/"))
            packed = b"".join(archive.read(name) for name in names)
    except DAMAGE as error:
        raise UnprovenError(f"the archive is damaged ({error})") from error
    return packed, json_lines(packed_lines(packed))


def _ask(api: Api, place: Place) -> Reply:
    hour = place.since.strftime("%Y%m%dT%H")
    try:
        answer = api.ask("GET", "/api/2/export", _members, params={"start": hour, "end": hour})
    except NothingThereError:
        return Reply(b"", ())
    return Reply(*answer.found)


def _classify(response: httpx2.Response, now: datetime) -> Verdict:
    return Verdict("nothing") if response.status_code == 404 else by_status(response, now)


VENDOR = Vendor(
    headers=basic,
    streams=lambda options: {
        "events": Stream(
            "amplitude", Slices(_ask, timedelta(hours=1), timedelta(hours=2), timedelta(days=1))
        )
    },
    classify=_classify,
)
