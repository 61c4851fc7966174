"""What the lake's gate makes of an API's pages: a pull with a bad record, read again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from expectations import runner
from expectations.results import CheckResult
from ingest import arrivals
from ingest.ledger import Batch, read_batches, withdraw
from ingest.pull import pull
from orchestration.lib import gates, stream_pages
from orchestration.lib.receipt import Plan
from tests.unit.ingest.apis.conftest import configuration
from tests.unit.ingest.apis.server import SECRET, FaultServer
from tests.unit.ingest.apis.worlds import Freshdesk
from tests.unit.ingest.conftest import Place, event, lines, new_home


class Desk(Freshdesk):
    """Some tickets were created at a time that is none."""

    bad: frozenset[int] = frozenset()

    def record(self, moment: int, number: int) -> dict[str, Any]:
        wrong = {"created_at": "never"} if number in self.bad else {}
        return super().record(moment, number) | wrong


@pytest.fixture
def desk() -> Iterator[tuple[Desk, FaultServer]]:
    world = Desk(150)
    server = FaultServer(world)
    yield world, server
    server.close()


@pytest.fixture
def place(tmp_path, desk) -> Place:
    world, server = desk
    place = Place(new_home(tmp_path / "company"))
    (place.home / "productops.yml").write_text(configuration(world, server.url))
    with (place.home / ".env").open("a") as handle:
        handle.write(f"VENDOR_TOKEN={SECRET}\n")
    return place


@pytest.fixture
def pulled(place) -> Callable[[], tuple[list[Batch], gates.GateRecord]]:
    """One pull: its batches, and what the gate says of them where all before were built."""
    built: set[str] = set()

    def once() -> tuple[list[Batch], gates.GateRecord]:
        pull(place.workspace)
        added = [b for b in read_batches(place.workspace.lake) if b.batch_id not in built]
        built.update(batch.batch_id for batch in added)
        plan = Plan("incremental", (), tuple(b for b in added if b.is_committed))
        return [b for b in added if b.contract == "tickets"], gates.gate_lake(place.workspace, plan)

    return once


def quarantine_share(record: gates.GateRecord) -> CheckResult:
    (found,) = [check for check in record.checks if check.check_name == "quarantine_share"]
    return found


def test_a_bad_record_costs_no_vendor_and_a_bad_vendor_is_seen(
    monkeypatch, desk, place, pulled
) -> None:
    monkeypatch.setattr(runner, "run", lambda *_, **__: ())
    world, _ = desk
    world.bad = frozenset({150})
    pages, record = pulled()
    assert (sum(b.rows_in for b in pages), sum(b.rows_quarantined for b in pages)) == (151, 1)
    assert quarantine_share(record).passed

    # The last ten minutes are read again: a ticket of them is new, the bad one is the old one.
    world.edit(1)
    (page,), record = pulled()
    assert (page.rows_loaded, page.rows_quarantined) == (1, 1)
    assert page.rows_quarantined / page.rows_in > 0.05
    assert quarantine_share(record).passed
    assert record.held_back == ()

    # From now on all are: 8 of this pull, 9 of the last hundred records.
    world.bad |= set(range(2, 10))
    world.edit(*range(2, 10))
    (page,), record = pulled()
    told = quarantine_share(record)
    assert told.failing_rows[0]["share"] == 0.09
    assert page.source_file in told.message
    assert "bad_created_at" in told.message
    assert page.token in record.held_back

    # Once that page is withdrawn, the same records on the next one hold nothing back.
    withdraw(place.workspace, page.source_file, "the vendor knows of them")
    (page,), record = pulled()
    assert page.rows_quarantined == 8
    assert quarantine_share(record).passed

    with (place.home / "productops.yml").open("a") as handle:
        handle.write("    quarantine_limit: 0.09\n")
    assert gates.limits(place.workspace) == {"api:freshdesk": 0.09}


def test_what_a_page_has_more_often_than_those_before_it_is_not_all_read_again(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(arrivals, "SETTLE_SECONDS", 0.0)
    place = Place(new_home(tmp_path / "company"))
    # Records that say nothing, so that nothing tells one from the other.
    counts = {"a": 1, "b": 60, "c": 60, "d": 2}
    for name, count in counts.items():
        place.land(f"{name}.ndjson", lines(event(ord(name)), *["{"] * count))
    pages = [replace(b, stream="vendor/events") for b in read_batches(place.workspace.lake)]
    newest = pages[-1].batch_id

    def repeats() -> list[int]:
        found = stream_pages._repeats(place.workspace, pages, {newest})
        return [found.get(page.batch_id, 0) for page in pages if page.rows_quarantined]

    assert [page.rows_quarantined for page in pages if page.rows_quarantined] == [1, 60, 60, 2]
    assert repeats() == [0, 1, 60, 2]
    # However long a stream is, its newest pages alone are looked into.
    monkeypatch.setattr(stream_pages, "_LOOKED_BACK", 2)
    assert repeats() == [0, 0, 0, 2]
