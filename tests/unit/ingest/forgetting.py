"""A company that holds somebody who asks to be erased, and what it holds of them.

Belongs here: what the tests of erasure share. Does not belong here: tests.
"""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import duckdb
import pytest

from ingest import arrivals
from ingest.absence import scan
from ingest.erasures import erasures_path, read_erasures
from ingest.forget import conclude, purge
from ingest.manifests import read_manifests
from ingest.privacy import email_key
from ingest.subjects import make_request
from tests.unit.ingest.conftest import HASH_KEY, Place, event, lines, new_home
from tests.unit.ingest.test_formats import SLACK, TICKET

MAIL = "ada.lovelace@corp.test"
KEY = email_key(MAIL, HASH_KEY)
USER = "user-ada-77"
DEVICE = "device-ada-77"
ASKED = make_request([f" {MAIL.upper()} "])


def one(number: int, user: str | None, device: str, **more):
    return event(number, userId=user, anonymousId=device, **more)


EVENTS = [
    one(1, USER, DEVICE, type="identify", traits={"email": MAIL, "plan": "pro"}, properties=None),
    one(2, USER, DEVICE),
    one(3, None, DEVICE),
    one(4, "user-bob-88", "device-bob-88"),
    one(5, "user-bob-88", "device-shared-1", properties={"invited": USER, "mail": MAIL}),
    one(6, USER, "device-shared-1"),
    one(7, None, "device-shared-1"),
    "{broken " + MAIL,
    '{"messageId": "m-9", "type": "track", "userId": "' + USER + '"}',
    "not about anybody",
]  # fmt: skip
PAGE = {
    "tickets": [
        TICKET | {"id": 501, "requester_id": 9001, "subject": "Ada cannot export"},
        TICKET | {"id": 502, "requester_id": 9002, "submitter_id": 9001, "assignee_id": 9001},
    ],
    "users": [
        {
            "id": 9001,
            "email": MAIL,
            "name": "Ada",
            "role": "end-user",
            "updated_at": "2026-05-01T00:00:00Z",
        },
        {
            "id": 9002,
            "email": "bob@corp.test",
            "name": "B",
            "role": "end-user",
            "updated_at": "2026-05-01T00:00:00Z",
        },
    ],
    "end_of_stream": True,
}
AUDIT = {
    "ticket_events": [
        {"id": 1, "ticket_id": 501, "timestamp": 1777629600, "updater_id": 9002,
         "event_type": "Audit", "child_events": [
             {"id": 11, "event_type": "Comment", "body": "Hello Ada", "public": True,
              "author_id": 9002}]},
        {"id": 2, "ticket_id": 502, "timestamp": 1777629600, "updater_id": 9002,
         "event_type": "Audit", "child_events": [
             {"id": 21, "event_type": "Comment", "body": "Hello Bob", "public": True,
              "author_id": 9002}]},
    ],
    "end_of_stream": True,
}  # fmt: skip


def fill(place: Place) -> Place:
    place.drop("events.json.gz", gzip.compress(lines(*EVENTS).encode(), mtime=0))
    place.drop("again.json", lines(EVENTS[1], one(20, "user-bob-88", "device-bob-88")))
    place.drop("slack.csv", SLACK + f'ada,{MAIL},Member,1,1,0,U77,"Ada\nLovelace",ada,\n')
    place.drop("tickets.json", json.dumps(PAGE))
    place.drop("audit.json", json.dumps(AUDIT))
    place.drop("odd.bin", f"nobody knows what this is, but {MAIL} is in it\n")
    (place.home / "registry").mkdir(exist_ok=True)
    place.run()
    return place


@pytest.fixture(scope="session")
def filled(tmp_path_factory, empty_lake) -> Path:
    """A company before anybody asked. Never changed: see `full`."""
    home = new_home(tmp_path_factory.mktemp("forget") / "company")
    shutil.copytree(empty_lake / "bronze", home / "lake" / "bronze",
                    ignore=shutil.ignore_patterns("source=*"))  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrivals, "SETTLE_SECONDS", 0.0)
        fill(Place(home))
    return home


@pytest.fixture
def full(filled, tmp_path) -> Place:
    home = tmp_path / "company"
    shutil.copytree(filled, home)
    return Place(home)


def traces(place: Place, *words: str) -> list[str]:
    """Files of the lake in whose bytes or values a word stands, but for the record of hashes."""
    found = []
    for path in (place.home / "lake").rglob("*"):
        if not path.is_file() or path == erasures_path(place.home / "lake"):
            continue
        data = path.read_bytes()
        text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        shown = text.decode("utf-8", errors="replace")
        if path.suffix == ".parquet":
            with duckdb.connect() as connection:
                shown += str(connection.execute(f"from read_parquet('{path}')").fetchall())
        found += [f"{path.name}: {w}" for w in words if w.lower() in shown.lower()]
    return found


def content(place: Place) -> dict[str, object]:
    contracts = ("usage_events", "identities", "tickets", "ticket_messages", "tool_seats")
    lake = place.home / "lake"
    return {c: place.rows(c, "* exclude (loaded_at)", "order by all") for c in contracts} | {
        "manifests": [
            (m.path, m.landing is None, m.detail,
             [(p.contract, p.rows_loaded, p.rows_erased, p.rows_quarantine_erased)
              for p in m.parts])
            for m in sorted(read_manifests(lake), key=lambda m: m.path)
        ],
        "quarantine": place.quarantine(),
        "raw": {p.name: p.read_bytes() for p in (lake / "landing").rglob("*") if p.is_file()},
        "erasures": [{k: v for k, v in r.items() if k != "erased_at"} for r in read_erasures(lake)],
        "pending": list((lake / "privacy" / "pending").glob("*")),
    }  # fmt: skip


def forget(place: Place, request=ASKED):
    found = purge(place.workspace, request)
    seen = scan(place.workspace, found.subject)
    conclude(place.workspace, found.subject, seen.read, len(seen.found))
    return found, seen
