"""What is built where deliveries that builds have are landed again: nothing, if it went badly."""

from __future__ import annotations

from pathlib import Path

import pytest

from expectations import runner
from ingest import arrivals
from ingest.ledger import read_batches, withdraw
from ingest.replay import replay
from ingest.settings import open_workspace
from orchestration.lib import receipt
from orchestration.lib.admission import admit
from orchestration.lib.paths import PipelineError, stamp
from orchestration.lib.receipt import Receipt
from tests.unit.ingest.conftest import Place, new_home
from tests.unit.orchestration.test_gate_records import PASSED, SHOP


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A shop's two deliveries, and a receipt that says that the warehouse has them."""
    monkeypatch.setattr(arrivals, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(runner, "run", lambda *_, **__: (PASSED,))
    place = Place(new_home(tmp_path / "company", SHOP))
    for number in (1, 2):
        row = f"{number},Figma,2026-05-0{number},5,seats"
        place.land(f"shop/{number}.csv", f"id,vendor,day,amount,note\n{row}\n")
    tokens = tuple(batch.token for batch in read_batches(place.workspace.lake))
    known = Receipt("one", "", "", "", True, tokens, "", "", stamp(Path(__file__)), {}, {}, {})
    monkeypatch.setattr(receipt, "read_receipt", lambda _: known)
    admit(place.workspace)
    return place


def again(place: Place, old: str, new: str) -> None:
    """Has the shop's files read by another mapping."""
    config = place.home / "productops.yml"
    assert old in config.read_text()
    config.write_text(config.read_text().replace(old, new))
    replay(open_workspace(place.home), "shop")
    place.run()


def test_rows_that_come_back_worse_stop_the_build_until_they_are_well(built) -> None:
    again(built, "spent_on: day", "spent_on: vendor")
    with pytest.raises(PipelineError, match=r"shop/1.csv, drop/shop/2.csv: landed again, and wor"):
        admit(built.workspace)
    again(built, "spent_on: vendor", "spent_on: day")
    record, plan = admit(built.workspace)
    assert record.held_back == ()
    assert {batch.rows_loaded for batch in plan.added if batch.source == "shop"} == {1}


def test_rows_that_do_not_come_back_stop_the_build_until_they_are_withdrawn(built) -> None:
    again(built, "spent_on: day", "spent_on: week")
    for number in (1, 2):
        with pytest.raises(PipelineError, match=f"drop/shop/{number}.csv.*: to be landed again"):
            admit(built.workspace)
        withdraw(built.workspace, f"drop/shop/{number}.csv", "nobody can read it")
    admit(built.workspace)


def test_a_new_delivery_that_is_bad_holds_back_its_source_alone(built) -> None:
    built.land("shop/3.csv", "id,vendor,day,amount,note\n3,Figma,never,5,seats\n")
    record, _ = admit(built.workspace)
    assert [token.partition("-")[0] for token in record.held_back] == [
        batch.file_id[:16] for batch in read_batches(built.workspace.lake)
        if batch.source_file == "drop/shop/3.csv"
    ]  # fmt: skip
