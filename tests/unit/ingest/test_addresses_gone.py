"""Clear e-mail addresses go when they are told to, also if that is killed halfway.

The addresses and lines that are expected are written by hand.
"""

from __future__ import annotations

import gzip
import shutil
import signal
import subprocess
import sys

import pytest
import yaml

from ingest.absence import scan
from ingest.addresses import look_up
from ingest.forget import conclude, look_for, purge
from ingest.ledger import read_batches
from ingest.manifests import read_manifests
from ingest.subjects import make_request
from tests.unit.ingest.clear_emails import EVENTS, KEEP, keeping, kept, key_of, texts_of, turn_off
from tests.unit.ingest.cloud import client, cloud, server
from tests.unit.ingest.conftest import CONFIG, Place, event, lines
from tests.unit.ingest.killing import ROOT, killed_at, moments
from tests.unit.ingest.test_formats import SLACK

__all__ = ["client", "cloud", "keeping", "server"]

LEFT = [("bob@corp.test", "drop/e.json", 3), ("bob@corp.test", "drop/slack.csv", 3)]


# Forgetting


def people(place: Place) -> Place:
    place.drop("e.json", lines(
        event(1, userId="user-ann-11", traits={"email": "Ann@Corp.test"}, type="identify"),
        event(2, userId="user-bob-22", groupId="ann@corp.test"),
        event(3, userId="bob@corp.test", anonymousId="web:ann@corp.test"),
    ))  # fmt: skip
    place.drop("slack.csv", SLACK)
    place.run()
    return place


def forget(place: Place, request) -> None:
    found = purge(place.workspace, request)
    seen = scan(place.workspace, found.subject)
    assert seen.is_clean, seen.found
    conclude(place.workspace, found.subject, seen.read, 0)


@pytest.mark.parametrize(
    "request_", [make_request(["ann@corp.test"]), make_request(user_ids=["user-ann-11"])],
    ids=["address", "user id"],
)  # fmt: skip
def test_an_erased_person_has_no_address_any_more(keeping, request_) -> None:
    people(keeping)
    assert len([row for row in kept(keeping) if "ann@" in row[0]]) == 3
    assert look_for(keeping.workspace, request_).rows["clear_emails"] == 2
    forget(keeping, request_)
    assert [row for row in kept(keeping) if not row[0].startswith("web:")] == LEFT
    # The proof looks for the address where the request told it.
    if request_.emails:
        assert kept(keeping) == LEFT
        assert "ann@corp.test" not in texts_of(keeping.home / "lake", apart=("landing",))
    assert look_up(keeping.workspace, key_of("ann@corp.test")) is None
    keeping.land("again.json", lines(
        event(7, userId="user-ann-11", traits={"email": "ann@corp.test"}, type="identify"),
        event(8, userId="user-bob-22", groupId="ann@corp.test"),
        event(9, userId="cid@corp.test"),
    ))  # fmt: skip
    new = [row for row in kept(keeping) if row[1] == "drop/again.json"]
    assert new == [("cid@corp.test", "drop/again.json", 3)]


def test_a_proof_would_see_an_address_that_stayed(keeping) -> None:
    people(keeping)
    request = make_request(["ann@corp.test"])
    [path] = [p for p in (keeping.home / "lake/restricted").rglob("*.parquet")
              if "source=slack" in str(p)]  # fmt: skip
    before = path.read_bytes()
    found = purge(keeping.workspace, request)
    path.write_bytes(before)
    assert scan(keeping.workspace, found.subject).found == (path,)


_FORGET = """
import os, signal, sys
left, real = int(sys.argv[2]), os.replace
def replace(source, target):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(source, target)
os.replace = replace
from ingest.__main__ import main
main(["forget", "--home", sys.argv[1], "--email", "ann@corp.test"])
"""


@pytest.mark.slow
def test_a_device_made_of_an_address_goes_with_its_only_user(keeping) -> None:
    both = event(1, userId="ann@corp.test", anonymousId="web:bob@corp.test")
    keeping.land("e.json", lines(both, event(2, userId="cid@corp.test")))
    forget(keeping, make_request(["ann@corp.test"]))
    keeping.land("f.json", lines(both, event(3, userId="dan@corp.test")))
    assert [row[0] for row in kept(keeping)] == ["cid@corp.test", "dan@corp.test"]


@pytest.mark.parametrize(
    "number",
    [7, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 14) if n != 7)],
)
def test_a_purge_that_is_killed_is_ended_by_the_next(keeping, number) -> None:
    people(keeping)
    words = [sys.executable, "-c", _FORGET, str(keeping.home), str(number)]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL or number > 9
    forget(keeping, make_request(["ann@corp.test"]))
    assert kept(keeping) == LEFT


# Killing


def fill(place: Place) -> Place:
    for number in range(3):
        own = [event(10 * number + n, userId=f"p{n}@corp.test") for n in range(4)]
        place.drop(f"{number}.json.gz", gzip.compress(lines(*own, "bad").encode(), mtime=0))
    place.drop("slack.csv", SLACK)
    return place


@pytest.mark.parametrize(("number", "moment"), moments(16, [(7, "after"), (10, "before")]))
def test_killed_when_a_file_becomes_visible(make_place, number, moment) -> None:
    truth = fill(make_place(KEEP, "undisturbed"))
    truth.run()
    place = fill(make_place(KEEP))
    assert killed_at(place.home, number, moment, "run") or number > 10
    place.run()
    assert kept(place) == kept(truth)
    assert len(kept(place)) == 14


def test_a_file_that_no_manifest_names_goes(keeping) -> None:
    keeping.land("e.json", lines(*EVENTS))
    before = kept(keeping)
    [path] = (keeping.home / "lake/restricted").rglob("*.parquet")
    left = path.parent.with_name("dt=2026-01-01") / path.name
    left.parent.mkdir()
    shutil.copyfile(path, left)
    keeping.run()
    assert not left.exists()
    assert kept(keeping) == before


# Switching off


def test_switched_off_the_next_run_removes_them(keeping) -> None:
    keeping.land("e.json", lines(*EVENTS))
    tokens = {batch.token for batch in read_batches(keeping.home / "lake")}
    rows = keeping.rows("usage_events", "*", "order by event_id")
    turn_off(keeping)
    keeping.run()
    assert not (keeping.home / "lake/restricted").exists()
    assert not any(manifest.restricted for manifest in read_manifests(keeping.home / "lake"))
    assert keeping.rows("usage_events", "*", "order by event_id") == rows
    # Nothing is built anew because of it.
    assert tokens <= {batch.token for batch in read_batches(keeping.home / "lake")}
    (keeping.home / "productops.yml").write_text(CONFIG + KEEP)
    keeping.run()
    assert kept(keeping) == []
    keeping.land("f.json", lines(event(50, userId="ann@corp.test")))
    assert kept(keeping) == [("ann@corp.test", "drop/f.json", 1)]


@pytest.mark.parametrize("number", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 3))])
def test_switching_off_that_is_killed_is_ended_by_the_next_run(keeping, number) -> None:
    fill(keeping).run()
    turn_off(keeping)
    assert killed_at(keeping.home, number, "after", "run")
    keeping.run()
    assert not (keeping.home / "lake/restricted").exists()
    assert not any(manifest.restricted for manifest in read_manifests(keeping.home / "lake"))


# In a bucket


@pytest.mark.slow
def test_in_a_bucket_they_come_and_go_with_the_lake(cloud) -> None:
    cloud.put("slack.csv", SLACK)
    cloud.put("e.json", lines(*EVENTS[:3]))
    place = cloud.place("first")
    config = place.home / "productops.yml"
    config.write_text(config.read_text() + KEEP)
    place.run()
    apart = [key for key in cloud.stored() if key.startswith("restricted/")]
    assert len(apart) == 2
    second = cloud.place("second")
    (second.home / "productops.yml").write_text(config.read_text())
    second.run()
    assert kept(second) == kept(place)
    top = second.home / "lake/restricted"
    assert top.stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o777 for p in top.rglob("*") if p.is_file()} == {0o600}
    forget(second, make_request(["ann@corp.test"]))
    assert [row[0] for row in kept(second)] == ["bob@corp.test", "cid@corp.test", "dan@corp.test"]
    third = cloud.place("third")
    (third.home / "productops.yml").write_text(config.read_text())
    third.run()
    assert kept(third) == kept(second)
    storage = yaml.safe_load(config.read_text())
    storage.pop("privacy")
    (third.home / "productops.yml").write_text(yaml.safe_dump(storage))
    third.run()
    assert not [key for key in cloud.stored() if key.startswith("restricted/")]
    shutil.rmtree(second.home / "lake")
    (second.home / "productops.yml").write_text(yaml.safe_dump(storage))
    second.run()
    assert not (second.home / "lake/restricted").exists()
