"""An erased person is in no file of the lake, stays away, and nobody else is missed."""

from __future__ import annotations

import gzip
import json

import duckdb

from ingest.arrivals import SeenFiles
from ingest.forget import look_for
from ingest.ledger import read_batches, withdraw
from ingest.manifests import read_manifests
from ingest.subjects import make_request
from tests.unit.ingest.conftest import lines
from tests.unit.ingest.forgetting import (
    ASKED,
    DEVICE,
    EVENTS,
    KEY,
    MAIL,
    USER,
    content,
    filled,
    forget,
    full,
    one,
    traces,
)
from tests.unit.ingest.test_formats import SLACK

__all__ = ["filled", "full"]


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
