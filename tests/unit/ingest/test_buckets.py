"""Drop folder and lake in buckets: the same rows as from folders, whatever the store does."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from ingest import buckets
from ingest.absence import delivered
from ingest.arrivals import find
from ingest.forget import conclude, purge
from ingest.ledger import open_rejections, withdraw
from ingest.subjects import Request
from ingest.waiting import long_waiting, read_waiting
from tests.unit.ingest.cloud import EXPORTS, Cloud, client, cloud, content, fill, server, truth
from tests.unit.ingest.conftest import event, lines
from tests.unit.ingest.storage_server import Fault

__all__ = ["client", "cloud", "server", "truth"]

ROOT = Path(__file__).parents[3]
WHO = "person-4711-ab3f"


def test_buckets_give_the_rows_that_folders_give(cloud, truth) -> None:
    fill(cloud)
    cloud.put("segment/", b"")
    cloud.put(".hidden/x.json", lines(event(500)))
    place = cloud.place()
    report = place.run()
    assert report.count("loaded") == 6  # with the configuration
    assert not report.count("waiting")
    assert report.count("rejected") == 1
    assert content(place) == truth
    assert len(truth["usage_events"]) == 46
    assert len(truth["tickets"]) == 7
    assert [r.path for r in open_rejections(place.workspace)] == ["drop/who knows.bin"]
    cloud.delete("who knows.bin")
    place.run()
    assert not open_rejections(place.workspace)


def test_the_second_run_fetches_and_stores_nothing(cloud) -> None:
    fill(cloud)
    place = cloud.place()
    place.run()
    assert len(cloud.proxy.gets("/in/drop/")) == len(EXPORTS)
    cloud.proxy.seen.clear()
    assert not place.run().files
    assert not [p for p in cloud.proxy.gets() if "lease.json" not in p]
    assert not [p for p in cloud.proxy.puts() if "lease.json" not in p]
    assert "lease.json" not in cloud.stored()


def test_a_new_machine_gets_the_lake_and_fetches_no_delivery_again(cloud) -> None:
    fill(cloud)
    first = cloud.place("first")
    first.run()
    cloud.proxy.seen.clear()
    second = cloud.place("second")
    # The configuration is another path's, so it is looked at again and found in the ledger.
    assert [f.path for f in second.run().files] == []
    assert not cloud.proxy.gets("/in/drop/")
    assert content(second) == content(first)
    raw = {p.name: p.read_bytes() for p in (first.home / "lake/landing").rglob("*") if p.is_file()}
    assert raw == {
        p.name: p.read_bytes() for p in (second.home / "lake/landing").rglob("*") if p.is_file()
    }


def test_only_the_drop_folder_in_a_bucket(cloud, truth) -> None:
    fill(cloud)
    place = cloud.place(lake=None)
    place.run()
    assert content(place) == truth
    assert not cloud.stored()


def test_an_object_with_other_bytes_is_a_new_delivery(cloud) -> None:
    cloud.put("a.json", lines(event(1), event(2)))
    place = cloud.place()
    place.run()
    cloud.put("a.json", lines(event(2), event(3)))
    [outcome] = place.run().files
    assert (outcome.path, outcome.parts[0].rows_loaded) == ("drop/a.json", 1)
    assert outcome.parts[0].rows_duplicate == 1
    assert sorted(place.rows("usage_events", "event_id")) == [("m-1",), ("m-2",), ("m-3",)]


@pytest.mark.parametrize("other", [None, lines(event(7))])
def test_an_object_that_goes_between_listing_and_fetching(cloud, other) -> None:
    cloud.put("a.json", lines(event(1)))
    cloud.put("b.json", lines(event(2)))
    place = cloud.place()

    def disturb(method: str, path: str) -> None:
        if method == "GET" and path.endswith("/b.json"):
            cloud.proxy.before = lambda method, path: None
            cloud.put("b.json", other) if other else cloud.delete("b.json")

    cloud.proxy.before = disturb
    [waiting] = [f for f in place.run().files if f.status == "waiting"]
    said = "was replaced since it was listed" if other else "was deleted since it was listed"
    assert said in waiting.detail
    assert waiting.path == "drop/b.json"
    assert place.rows("usage_events", "event_id") == [("m-1",)]
    place.run()
    expected = [("m-1",), ("m-7",)] if other else [("m-1",)]
    assert sorted(place.rows("usage_events", "event_id")) == expected


@pytest.mark.parametrize("how", [503, 429, "reset", "cut", "short", "garbled"])
def test_a_download_that_fails_is_told_and_taken_in_next_time(cloud, monkeypatch, how) -> None:
    monkeypatch.setattr(buckets, "RETRIES", 0)
    cloud.put("a.json", lines(*map(event, range(50))))
    place = cloud.place()
    times = 2 if how == "short" else 1
    cloud.proxy.faults = [Fault("GET", "/in/drop/a.json", how, times)]
    [waiting] = [f for f in place.run().files if f.path == "drop/a.json"]
    assert waiting.status == "waiting"
    assert not place.rows("usage_events")
    assert not list((place.home / "lake/tmp").glob(".*"))
    cloud.proxy.faults = []
    place.run()
    assert len(place.rows("usage_events")) == 50


def test_passing_trouble_is_overcome(cloud, truth) -> None:
    fill(cloud)
    cloud.proxy.faults = [
        Fault("GET", "list-type", 503), Fault("GET", "b.json", 500),
        Fault("GET", "a.json.gz", "reset"),
        Fault("PUT", "/bronze/", 503), Fault("PUT", "/bronze/", "reset"),
        Fault("POST", "delete", "reset"), Fault("GET", "list-type", "reset"),
        Fault("PUT", "/ledger/source=", 500),
        Fault("PUT", "/ledger/source=segment", "lost"), Fault("PUT", "lease.json", "lost"),
    ]  # fmt: skip
    place = cloud.place()
    assert not place.run().count("waiting")
    assert not [f for f in cloud.proxy.faults if f.times]
    assert content(place) == truth
    assert content_of_a_new_machine(cloud) == truth


def content_of_a_new_machine(cloud: Cloud, name: str = "new") -> dict[str, object]:
    place = cloud.place(name)
    place.run()
    return content(place)


@pytest.mark.parametrize("how", [500, 408, 429])
def test_a_store_that_stops_answering_is_not_asked_for_every_object(
    cloud, monkeypatch, how
) -> None:
    monkeypatch.setattr(buckets, "RETRIES", 0)
    for number in range(6):
        cloud.put(f"{number}.json", lines(event(number)))
    place = cloud.place(lake=None)
    cloud.proxy.faults = [Fault("GET", "/in/drop/", how, 100)]
    waiting = [one.detail for one in place.run().files if one.status == "waiting"]
    assert [f"answers {how} " in words for words in waiting] == [True] * 3 + [False] * 3
    assert all("store has stopped answering" in words for words in waiting[3:])
    assert len(cloud.proxy.gets("/in/drop/")) == 3
    cloud.proxy.faults = []
    place.run()
    assert len(place.rows("usage_events")) == 6


def test_objects_that_are_refused_keep_no_other_from_coming_and_are_told_after_a_day(
    cloud, monkeypatch
) -> None:
    """As archived ones are, or those under a key that one may not use."""
    monkeypatch.setattr(buckets, "RETRIES", 0)
    for number in range(6):
        cloud.put(f"{number}.json", lines(event(number)))
    place = cloud.place(lake=None)
    refused = [Fault("GET", f"/in/drop/{number}.json", 403, 100) for number in range(4)]
    cloud.proxy.faults = refused
    assert place.run().count("waiting") == 4
    assert sorted(place.rows("usage_events", "event_id")) == [("m-4",), ("m-5",)]
    lake = place.workspace.lake
    assert long_waiting(lake) == []
    (first, *_) = read_waiting(lake)
    monkeypatch.setattr("ingest.waiting.LONG", timedelta(seconds=-1))
    place.run()
    told = long_waiting(lake)
    assert [one.path for one in told] == [f"drop/{number}.json" for number in range(4)]
    assert told[0].since == first.since
    assert "refuses these credentials" in told[0].words
    cloud.proxy.faults = []
    place.run()
    assert read_waiting(lake) == []


def test_withdrawals_reach_the_bucket(cloud) -> None:
    cloud.put("a.json", lines(event(1), event(2)))
    first = cloud.place("first")
    first.run()
    cloud.put("b.json", lines(event(2), event(3)))
    first.run()
    withdraw(first.workspace, "drop/a.json", "a test")
    assert any(key.startswith("ledger/reopened/") for key in cloud.stored())
    second = cloud.place("second")
    second.run()
    assert sorted(second.rows("usage_events", "event_id")) == [("m-2",), ("m-3",)]
    assert not any(key.startswith("ledger/reopened/") for key in cloud.stored())
    first.run()
    assert content(first) == content(second)


def test_erasures_reach_the_bucket_and_deliveries_there_are_told(cloud) -> None:
    cloud.put("a.json", lines(event(1, userId=WHO), event(2)))
    place = cloud.place()
    place.run()
    [raw] = [key for key in cloud.stored() if key.endswith("__a.json")]
    assert WHO.encode() in cloud.content(f"lakes/one/{raw}")
    request = Request(user_ids=frozenset({WHO}))
    found = purge(place.workspace, request)
    assert found.rows == {"usage_events": 1}
    conclude(place.workspace, found.subject, 1, 0)
    assert "privacy/erasures.jsonl" in cloud.stored()
    assert not [key for key in cloud.stored() if WHO.encode() in cloud.content(f"lakes/one/{key}")]
    told = delivered(place.workspace, found.subject)
    assert told == (place.home / "drop/a.json",)
    assert not list((place.home / "lake/tmp").glob(".looked_at*"))
    new = cloud.place("new")
    new.run()
    assert new.rows("usage_events", "event_id") == [("m-2",)]


def test_a_raw_copy_whose_rows_were_all_known_is_erased_in_the_bucket_too(cloud) -> None:
    place = cloud.place()
    for name, number in (("a.json", 2), ("b.json", 3)):
        cloud.put(name, lines(event(1, userId=WHO), event(number)))
        place.run()
    found = purge(place.workspace, Request(user_ids=frozenset({WHO})))
    conclude(place.workspace, found.subject, 1, 0)
    assert not [key for key in cloud.stored() if WHO.encode() in cloud.content(f"lakes/one/{key}")]


def test_a_look_from_outside_sees_new_objects_and_fetches_none(cloud) -> None:
    cloud.put("a.json", lines(event(1)))
    place = cloud.place(lake=None)
    before = [(a.relative, a.stamp) for a in find(place.workspace)]
    cloud.put("a.json", lines(event(2)))
    after = [(a.relative, a.stamp) for a in find(place.workspace)]
    assert [path for path, _ in after] == ["drop/a.json", "productops.yml"]
    assert [a == b for a, b in zip(after, before, strict=True)] == [False, True]
    assert not cloud.proxy.gets()


def test_nothing_of_the_store_is_imported_for_folders(place) -> None:
    code = (
        "import sys\nfrom ingest.__main__ import main\n"
        "assert main(['run', '--home', sys.argv[1]]) == 0\nassert 'obstore' not in sys.modules\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(place.home)], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr


@pytest.mark.slow
def test_an_object_of_many_parts_goes_both_ways(cloud) -> None:
    wide = lines(*(event(n, context={"filler": f"{n:08}" * 2000}) for n in range(2000)))
    assert len(wide) > 30_000_000
    cloud.put("wide.json", wide)
    place = cloud.place()
    place.run()
    [raw] = [key for key in cloud.stored() if key.endswith("__wide.json")]
    head = cloud.client.head_object(Bucket=cloud.name, Key=f"lakes/one/{raw}")
    assert "-" in head["ETag"]  # stored in parts, and so no MD5
    new = cloud.place("new")
    new.run()
    assert len(new.rows("usage_events")) == 2000
    assert (new.home / "lake" / raw).read_bytes() == wide.encode()
