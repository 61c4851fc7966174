"""An erased person is in no file of the lake, stays away, and nobody else is missed."""

from __future__ import annotations

import gzip
import json
import shutil
import signal
import sys
from pathlib import Path

import duckdb
import pytest

from ingest import arrivals
from ingest.absence import scan
from ingest.arrivals import SeenFiles
from ingest.config import ConfigError
from ingest.erasures import erasures_path, read_erasures
from ingest.forget import conclude, look_for, purge
from ingest.ledger import read_batches, withdraw
from ingest.manifests import read_manifests
from ingest.privacy import email_key
from ingest.store import LakeError
from ingest.subjects import Subject, make_request, read_requests
from tests.unit.ingest.conftest import HASH_KEY, Place, event, lines, new_home
from tests.unit.ingest.test_formats import SLACK, TICKET
from tests.unit.ingest.test_kill import python

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


@pytest.fixture(scope="module")
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


def test_the_files_hold_the_person_before(full) -> None:
    assert len(traces(full, MAIL)) == 4
    assert traces(full, KEY)
    assert traces(full, USER)
    assert traces(full, "Ada cannot export")


def test_every_trace_goes_and_nobody_elses(full) -> None:
    before = {c: len(full.rows(c)) for c in ("usage_events", "tickets", "tool_seats")}
    found, seen = forget(full)
    assert seen.is_clean
    assert seen.read > 10
    assert traces(full, MAIL, KEY, USER, DEVICE, "Ada cannot export", "Hello Ada", "Lovelace") == []
    assert found.subject.users == {KEY, USER}
    assert found.subject.devices == {DEVICE}
    assert ("zendesk", "501") in found.subject.tickets
    events = full.rows("usage_events", "event_id", "order by 1")
    assert [e for (e,) in events] == ["m-20", "m-4", "m-5", "m-7"]
    assert before["usage_events"] - 4 == found.rows["usage_events"]
    assert full.rows("tickets", "ticket_id, submitter_ref, assignee_ref") == [
        ("502", "[erased]", "[erased]")
    ]
    assert full.rows("ticket_messages", "body") == [("Hello Bob",)]
    assert len(full.rows("tool_seats")) == before["tool_seats"] - 1
    properties = json.loads(full.rows("usage_events", "properties", "and event_id = 'm-5'")[0][0])
    assert properties == {"invited": "[erased]", "mail": "***@corp.test"}
    assert [row[1:3] for row in full.quarantine()] == [(10, "malformed_json")]


def test_the_ledger_still_balances(full) -> None:
    forget(full)
    lake = full.home / "lake"
    for manifest in read_manifests(lake):
        for part in manifest.parts:
            assert part.residual == 0
            with duckdb.connect() as connection:
                rows = 0
                if part.output:
                    rows = connection.execute(
                        f"select count(*) from '{lake / part.output}'"
                    ).fetchone()[0]
                assert rows == part.rows_loaded - part.rows_erased, part
    assert sum(p.rows_erased for m in read_manifests(lake) for p in m.parts) >= 7
    assert sum(p.rows_quarantine_erased for m in read_manifests(lake) for p in m.parts) == 2
    assert len({b.token for b in read_batches(lake)}) == len(read_batches(lake))


def test_raw_copies_keep_everything_else_in_its_line(full) -> None:
    forget(full)
    landing = full.home / "lake/landing"
    raw = next(p for p in landing.rglob("*events.json.gz"))
    kept = gzip.decompress(raw.read_bytes()).decode().split("\n")
    assert [n for n, line in enumerate(kept, start=1) if line] == [4, 5, 7, 10]
    assert json.loads(kept[3]) == EVENTS[3]
    table = next(p for p in landing.rglob("*slack.csv")).read_text()
    assert table.rstrip("\n") == SLACK.rstrip("\n")
    page = json.loads(next(p for p in landing.rglob("*tickets.json")).read_text())
    assert [t["id"] for t in page["tickets"]] == [502]
    assert [u["id"] for u in page["users"]] == [9002]
    assert not list(landing.rglob("*odd.bin"))
    odd = next(m for m in read_manifests(full.home / "lake") if m.path == "drop/odd.bin")
    assert odd.landing is None
    assert "raw copy was removed" in odd.detail


def test_delivered_again_they_are_held_back(full) -> None:
    forget(full)
    before = full.rows("usage_events", "event_id", "order by 1")
    late = one(30, USER, DEVICE)
    outcome = full.land("more.json", lines(*EVENTS, late, one(31, "user-bob-88", "b")))
    part = outcome.parts[0]
    assert (part.rows_in, part.rows_loaded, part.rows_suppressed) == (12, 1, 7)
    assert part.rows_quarantined == 1
    assert full.rows("usage_events", "event_id", "order by 1") == sorted([*before, ("m-31",)])
    assert traces(full, KEY, USER + '"}', DEVICE) == []
    full.land("slack-2.csv", SLACK + f"ada,{MAIL},Member,1,1,0,U99,Ada,ada,\n")
    assert traces(full, MAIL) == traces(full, MAIL, "never there")
    assert full.rows("tool_seats", "count(*)", f"and email_key = '{KEY}'") == [(0,)]


def test_landed_again_after_a_withdrawal_they_stay_away(full) -> None:
    forget(full)
    before = full.rows("usage_events", "event_id", "order by 1")
    withdraw(full.workspace, "drop/again.json", "test")
    full.run()
    withdrawn = [e for e in before if e != ("m-20",)]
    assert full.rows("usage_events", "event_id", "order by 1") == withdrawn
    assert traces(full, MAIL, KEY, USER) == []


def test_asking_twice_changes_nothing(full) -> None:
    forget(full)
    once = content(full)
    _, seen = forget(full)
    assert seen.is_clean
    twice = content(full)
    assert {k: v for k, v in twice.items() if k != "erasures"} == {
        k: v for k, v in once.items() if k != "erasures"
    }


def test_a_dry_run_changes_nothing(full) -> None:
    before = content(full)
    found = look_for(full.workspace, ASKED)
    assert found.rows == {
        "usage_events": 4, "identities": 1, "tickets": 1, "ticket_events": 1,
        "ticket_messages": 1, "tool_seats": 1,
    }  # fmt: skip
    assert content(full) == before


def test_by_user_id_an_address_that_others_have_stays(full) -> None:
    forget(full, make_request(user_ids=["user-bob-88"]))
    events = [e for (e,) in full.rows("usage_events", "event_id", "order by 1")]
    assert events == ["m-1", "m-2", "m-3", "m-6", "m-7"]
    assert traces(full, "user-bob-88", "device-bob-88") == []
    assert full.rows("identities", "count(*)") == [(2,)]


def test_somebody_nobody_knows(full) -> None:
    before = content(full)
    found, seen = forget(full, make_request(["nobody@nowhere.test"]))
    assert not found.is_known
    assert seen.is_clean
    after = content(full)
    assert {k: v for k, v in after.items() if k != "erasures"} == {
        k: v for k, v in before.items() if k != "erasures"
    }
    assert len(after["erasures"]) == 1


def test_an_id_that_was_landed_as_an_address(make_place) -> None:
    place = make_place()
    place.land("e.json", lines(one(1, MAIL, "x-device-1"), one(2, "user-bob-88", "y-device-1")))
    forget(place)
    assert place.rows("usage_events", "event_id") == [("m-2",)]
    outcome = place.land("f.json", lines(one(1, MAIL, "z-device-1"), one(3, "user-bob-88", "y")))
    assert outcome.parts[0].rows_suppressed == 1
    assert traces(place, MAIL, KEY) == []


def test_a_short_id_is_looked_for_in_columns_of_ids_alone(make_place) -> None:
    place = make_place()
    place.land("e.json", lines(one(1, "7", "d-1"), one(2, "77", "d-2", properties={"rows": "7"})))
    _, seen = forget(place, make_request(user_ids=["7"]))
    assert place.rows("usage_events", "event_id, properties") == [("m-2", '{"rows":"7"}')]
    assert seen.is_clean


def test_another_hash_key_is_noticed(full) -> None:
    forget(full)
    (full.home / ".env").write_text("PRODUCTOPS_HASH_KEY=another key for tests alone\n")
    full.drop("x.json", lines(event(50)))
    with pytest.raises(LakeError, match="another hash key"):
        full.run()


def test_the_record_holds_hashes_and_counts_alone(full) -> None:
    forget(full)
    (record,) = read_erasures(full.home / "lake")
    assert set(record) == {"erased_at", "status", "subjects", "rows", "files_read",
                           "files_holding", "key"}  # fmt: skip
    assert KEY in record["subjects"]
    assert all(len(subject) == 64 for subject in record["subjects"])
    text = erasures_path(full.home / "lake").read_text()
    for word in (MAIL, USER, DEVICE, "9001"):
        assert word not in text
    assert erasures_path(full.home / "lake").stat().st_mode & 0o077 == 0


def test_a_damaged_record_is_named(full) -> None:
    forget(full)
    path = erasures_path(full.home / "lake")
    path.write_text(path.read_text() + "{half\n")
    with pytest.raises(LakeError, match=r"erasures\.jsonl:2: not a record"):
        full.run()


def test_deliveries_that_wait_must_be_landed_first(full) -> None:
    withdraw(full.workspace, "drop/again.json", "test")
    with pytest.raises(LakeError, match="wait to be landed again"):
        purge(full.workspace, ASKED)


@pytest.mark.parametrize("address", ["ada", "ada@", "@corp.test", "ada@corp", "a b@corp.test", ""])
def test_what_is_no_address_is_refused(address) -> None:
    with pytest.raises(ConfigError, match=r"is no e-mail address|nothing was done"):
        make_request([address])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "header"), ("name\nada\n", "header"), ("email\n", "no request"),
        ("email\nada@corp.test\nada\n", ":3: 'ada' is no e-mail"),
        (b"email\n\xff\xfe@x\n", "can't be read"),
    ],
)  # fmt: skip
def test_a_file_of_requests_that_cant_be_used(tmp_path, text, words) -> None:
    path = tmp_path / "requests.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        read_requests(path)
    assert words in str(caught.value)
    with pytest.raises(ConfigError, match="can't be read"):
        read_requests(tmp_path / "absent.csv")


def test_a_file_of_requests(tmp_path) -> None:
    path = tmp_path / "requests.csv"
    path.write_text("user_id,email,note\nu1,A@b.test,x\n,c@d.test,\nu2,,\n,,\n")
    request = read_requests(path)
    assert request.emails == {"a@b.test", "c@d.test"}
    assert request.user_ids == {"u1", "u2"}


def test_a_subject_survives_its_note() -> None:
    subject = Subject(frozenset({"a@b.test"}), refs=frozenset({("x", "1"), ("y", "1")}))
    assert Subject.from_document(json.loads(json.dumps(subject.document()))) == subject


# Ends the process, without a farewell, at the n-th time that a file becomes visible or goes.
AT_CHANGE = """
import os, signal, sys
from pathlib import Path
left, real, gone = int(sys.argv[2]), os.replace, Path.unlink
def count():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
def replace(source, target):
    count()
    real(source, target)
def unlink(path, missing_ok=False):
    count()
    gone(path, missing_ok=missing_ok)
os.replace, Path.unlink = replace, unlink
from ingest.__main__ import main
sys.exit(main(["forget", "--home", sys.argv[1], "--email", sys.argv[3]]))
"""


@pytest.fixture(scope="module")
def expected(filled, tmp_path_factory) -> dict[str, object]:
    """What an undisturbed purge leaves of the lake."""
    home = tmp_path_factory.mktemp("after") / "company"
    shutil.copytree(filled, home)
    forget(Place(home))
    return content(Place(home))


@pytest.mark.parametrize(
    "number",
    [8, 14, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 40)
              if n not in {8, 14})],
)  # fmt: skip
def test_killed_anywhere_it_ends_the_same(full, expected, number) -> None:
    code = python(sys.executable, "-c", AT_CHANGE, str(full.home), str(number), MAIL)
    assert code in {-signal.SIGKILL, 0, 1}
    assert number > 20 or code == -signal.SIGKILL
    _, seen = forget(full)
    assert seen.is_clean
    assert traces(full, MAIL, KEY, USER, DEVICE, "Ada cannot export") == []
    found = content(full)
    # A purge that was killed after its last step, or not at all, has a record of its own.
    assert found["erasures"][0]["rows"] == expected["erasures"][0]["rows"]
    assert len(found["erasures"]) == 1 or number > 25
    assert {k: v for k, v in found.items() if k != "erasures"} == {
        k: v for k, v in expected.items() if k != "erasures"
    }


def test_the_cache_of_seen_files_knows_no_person(full) -> None:
    SeenFiles(full.home / "lake", "x")
    forget(full)
    assert MAIL not in (full.home / "lake/ledger/.seen.json").read_text()


def test_an_id_under_which_many_people_go_is_nobodys(make_place) -> None:
    place = make_place()
    people = [
        one(n, "unknown-user", f"device-x-{n}", type="identify", properties=None,
            traits={"email": MAIL if n == 0 else f"p{n}@corp.test"})
        for n in range(6)
    ]  # fmt: skip
    place.land("e.json", lines(*people))
    forget(place)
    assert place.rows("usage_events", "event_id", "order by 1") == [
        (f"m-{n}",) for n in range(1, 6)
    ]
