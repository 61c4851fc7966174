"""kill -9 while the lake's bucket is written, and several machines at one bucket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.erasures import pending, read_erasures
from ingest.forget import conclude, purge
from ingest.ledger import withdraw
from ingest.load import ingest
from ingest.store import LakeError
from ingest.subjects import Request
from tests.unit.ingest.cloud import Cloud, client, cloud, content, fill, server, truth
from tests.unit.ingest.conftest import HASH_KEY, Place, event, lines
from tests.unit.ingest.storage_server import Fault

__all__ = ["client", "cloud", "server", "truth"]

ROOT = Path(__file__).parents[3]

# Ends the process, without a farewell, at the n-th change of the bucket.
AT_CHANGE = """
import os, signal, sys
from ingest import arrivals
from ingest.__main__ import main
from ingest.buckets import Bucket
arrivals.SETTLE_SECONDS = 0
left, after = int(sys.argv[2]), sys.argv[3] == "after"
def deadly(real):
    def change(*arguments, **named):
        global left
        left -= 1
        if left == 0 and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*arguments, **named)
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return change
for name in ("put_file", "_put", "delete", "fetch_file"):
    setattr(Bucket, name, deadly(getattr(Bucket, name)))
sys.exit(main(sys.argv[4:] + ["--home", sys.argv[1]]))
"""


def killed(place: Place, number: int, moment: str, *arguments: str) -> bool:
    """Runs ingest and kills it at a change of the bucket; whether it came so far."""
    code = subprocess.run(
        [sys.executable, "-c", AT_CHANGE, str(place.home), str(number), moment,
         *(arguments or ["run"])],
        cwd=ROOT, capture_output=True, check=False,
    ).returncode  # fmt: skip
    assert code in {0, 1, -signal.SIGKILL}
    return code == -signal.SIGKILL


def forget_the_dead(cloud: Cloud) -> None:
    """What the message about a lease says to do when nobody holds it any more."""
    cloud.client.delete_object(Bucket=cloud.name, Key="lakes/one/lease.json")


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (8, "after"),
        *(pytest.param(n, m, marks=pytest.mark.slow)
          for n in range(1, 24) for m in ("before", "after")
          if (n, m) != (8, "after")),
    ],
)  # fmt: skip
def test_killed_while_the_bucket_is_written(cloud, truth, number, moment) -> None:
    fill(cloud)
    first = cloud.place("first")
    assert killed(first, number, moment)
    forget_the_dead(cloud)
    new = cloud.place("new")
    new.run()
    assert content(new) == truth
    # The killed machine's folder holds deliveries that the new one has landed too.
    first.run()
    assert content(first) == truth
    assert not first.run().files
    named = [k for k in cloud.stored() if k.startswith(("bronze/", "quarantine/", "landing/"))]
    on_disk = {p.relative_to(first.home / "lake").as_posix()
               for p in (first.home / "lake").rglob("*") if p.is_file()}  # fmt: skip
    assert set(named) <= on_disk


def test_killed_and_run_again_on_the_same_machine(cloud, truth) -> None:
    fill(cloud)
    place = cloud.place()
    assert killed(place, 5, "after")
    assert "lease.json" in cloud.stored()
    place.run()
    assert content(place) == truth
    assert "lease.json" not in cloud.stored()
    new = cloud.place("new")
    new.run()
    assert content(new) == truth


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, 14))
def test_killed_while_a_new_machine_fetches(cloud, truth, number) -> None:
    fill(cloud)
    cloud.place("first").run()
    new = cloud.place("new")
    assert killed(new, number, "after")
    new.run()
    assert content(new) == truth


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, 12))
def test_killed_while_a_withdrawal_is_stored(cloud, number) -> None:
    cloud.put("a.json", lines(event(1), event(2)))
    first = cloud.place("first")
    first.run()
    cloud.put("b.json", lines(event(2), event(3)))
    first.run()
    killed(first, number, "before", "withdraw", "drop/a.json", "--reason", "a test")
    for _ in range(2):
        first.run()
    new = cloud.place("new")
    new.run()
    assert content(first) == content(new)
    got = sorted(new.rows("usage_events", "event_id"))
    # Killed before anything was withdrawn, it has to be asked for again.
    assert got in ([("m-2",), ("m-3",)], [("m-1",), ("m-2",), ("m-3",)])
    if len(got) == 3:
        withdraw(new.workspace, "drop/a.json", "a test")
        new.run()
        assert sorted(new.rows("usage_events", "event_id")) == [("m-2",), ("m-3",)]


def test_a_withdrawal_that_a_lost_machine_began_is_ended_by_another(cloud) -> None:
    cloud.put("a.json", lines(event(1), event(2)))
    first = cloud.place("first")
    first.run()
    cloud.put("b.json", lines(event(2), event(3)))
    first.run()
    withdraw(first.workspace, "drop/a.json", "a test")
    [waiting] = [key for key in cloud.stored() if key.startswith("ledger/reopened/")]
    # As if it had been killed before it removed the entry that is to be landed again.
    cloud.client.put_object(
        Bucket=cloud.name,
        Key=f"lakes/one/ledger/source=segment/{Path(waiting).name}",
        Body=cloud.content(f"lakes/one/{waiting}"),
    )
    new = cloud.place("new")
    new.run()
    assert sorted(new.rows("usage_events", "event_id")) == [("m-2",), ("m-3",)]
    first.run()
    assert content(first) == content(new)


def test_two_machines_at_once(cloud, truth) -> None:
    fill(cloud)
    places = [cloud.place(name) for name in ("first", "second")]
    both = [
        subprocess.Popen([sys.executable, "-m", "ingest", "run", "--home", str(place.home)],
                         cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for place in places
    ]  # fmt: skip
    said = [process.communicate()[1] for process in both]
    codes = [process.returncode for process in both]
    assert 1 in codes  # one file is no export
    for code, words in zip(codes, said, strict=True):
        assert code in {0, 1} or "writes to this lake until it is done" in words, words
    for place in places:
        place.run()
        assert content(place) == truth


def test_deliveries_that_only_a_killed_machine_knew_are_landed_again(cloud) -> None:
    first, second = cloud.place("first"), cloud.place("second")
    first.drop("mine.json", lines(event(1), event(2)))
    assert killed(first, 2, "before")
    forget_the_dead(cloud)
    second.drop("theirs.json", lines(event(2), event(3)))
    second.run()
    (first.home / "drop/mine.json").unlink()
    first.run()
    second.run()
    assert sorted(first.rows("usage_events", "event_id, source_file")) == [
        ("m-1", "drop/mine.json"), ("m-2", "drop/theirs.json"), ("m-3", "drop/theirs.json"),
    ]  # fmt: skip
    assert content(first) == content(second)


def test_another_machine_commits_meanwhile(cloud, truth) -> None:
    """The lease was lost without anybody's noticing: the manifest's own rule holds."""
    fill(cloud)
    first, second = cloud.place("first"), cloud.place("second")

    def intrude(method: str, path: str) -> None:
        if method == "PUT" and "/ledger/source=segment/" in path:
            cloud.proxy.before = lambda method, path: None
            forget_the_dead(cloud)
            second.run()

    cloud.proxy.before = intrude
    with pytest.raises(LakeError, match="another machine has stored another content") as caught:
        ingest(first.workspace)
    assert "Run again" in str(caught.value)
    assert content(second) == truth
    first.run()
    assert content(first) == truth
    new = cloud.place("new")
    new.run()
    assert content(new) == truth


@pytest.mark.slow
def test_a_bucket_that_lost_objects_gets_them_again(cloud, truth) -> None:
    fill(cloud)
    place = cloud.place()
    place.run()
    for key in cloud.stored():
        cloud.client.delete_object(Bucket=cloud.name, Key=f"lakes/one/{key}")
    place.run()
    assert content(place) == truth
    new = cloud.place("new")
    new.run()
    assert content(new) == truth


@pytest.mark.slow
def test_no_record_of_an_erasure_is_lost_between_two_machines(cloud) -> None:
    first, second = cloud.place("first"), cloud.place("second")
    for place, user in ((first, "u-1"), (second, "u-2")):
        cloud.put(f"{user}.json", lines(event(1, userId=user)))
        place.run()
    # What the first machine did reaches the bucket after what the second one did.
    cloud.proxy.faults = [Fault("PUT", "/privacy/", 403, 100)]
    one, two = (Request(user_ids=frozenset({user})) for user in ("u-1", "u-2"))
    with pytest.raises(LakeError, match="refuses"):
        purge(first.workspace, one)
    subject = pending(first.home / "lake")
    with pytest.raises(LakeError, match="refuses"):
        conclude(first.workspace, subject, 1, 0)
    cloud.proxy.faults = []
    other = purge(second.workspace, two).subject
    conclude(second.workspace, other, 1, 0)
    tokens = {*subject.tokens(HASH_KEY), *other.tokens(HASH_KEY)}
    for place in (first, second, cloud.place("new")):
        place.run()
        records = read_erasures(place.home / "lake")
        assert {token for record in records for token in record["subjects"]} == tokens
        assert not place.rows("usage_events")


@pytest.mark.slow
def test_a_folder_that_lost_files_gets_them_again(cloud, truth) -> None:
    fill(cloud)
    place = cloud.place()
    place.run()
    for path in (place.home / "lake/bronze").rglob("dt=*/*.parquet"):
        os.unlink(path)
    some = next((place.home / "lake/ledger/source=segment").glob("*.json"))
    some.unlink()
    place.run()
    assert content(place) == truth


def test_a_damaged_manifest_in_the_bucket_is_told_by_name(cloud) -> None:
    cloud.put("a.json", lines(event(1)))
    cloud.place("first").run()
    [key] = [k for k in cloud.stored() if k.startswith("ledger/source=segment/")]
    cloud.client.put_object(Bucket=cloud.name, Key=f"lakes/one/{key}", Body=b'{"half": ')
    with pytest.raises(LakeError, match="not a manifest"):
        ingest(cloud.place("second").workspace)
