"""Deliveries that are landed again, after the mapping that read them was corrected."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest.forget import purge
from ingest.ledger import read_manifests, withdraw
from ingest.replay import replay
from ingest.settings import open_workspace
from ingest.store import LakeError
from ingest.subjects import make_request
from orchestration.cli import main
from tests.unit.ingest.conftest import Place, event, lines
from tests.unit.ingest.forgetting import forget
from tests.unit.ingest.test_formats_vendors import FRESH

WRONG = """sources:
  - name: shop
    files: "shop/*.csv"
    contract: usage_events
    reader: {kind: csv}
    clock: {timestamp: when, received: when}
    fields:
      event_id: id
      event_name: {path: what, values: {buy: Bought, look: Bought}}
      event_type: {const: track}
      user_id: customer
"""
RIGHT = WRONG.replace("look: Bought", "look: Looked")
HEAD = "id,when,what,customer\n"
FIRST = f"{HEAD}1,2026-05-01T10:00:00Z,look,c1\n2,2026-05-01T11:00:00Z,buy,c2\n"
# The second row competes with the first file's: who came first must not change.
SECOND = f"{HEAD}3,2026-05-02T10:00:00Z,look,c1\n2,2026-05-01T11:00:00Z,look,c9\n"


@pytest.fixture
def shop(make_place) -> Place:
    place = make_place(WRONG)
    place.land("shop/b.csv", FIRST)
    place.land("shop/a.csv", SECOND)
    place.land("events.json", lines(event(1)))
    config = place.home / "productops.yml"
    config.write_text(config.read_text().replace(WRONG, RIGHT))
    return place


def _rows(place: Place) -> list[tuple[str, str, str, bool]]:
    columns = "event_id, event_name, user_id, is_revision"
    return place.rows("usage_events", columns, "and source = 'shop' order by all")


def test_a_corrected_mapping_reaches_the_past_when_it_is_asked_to(shop) -> None:
    before = _rows(shop)
    assert [row[1] for row in before] == ["Bought"] * 4
    stamps = {m.path: m.loaded_at for m in read_manifests(shop.workspace.lake)}
    assert {o.path for o in shop.run().files} <= {"productops.yml"}
    assert _rows(shop) == before

    found = replay(open_workspace(shop.home), "shop")
    assert set(found.reopened) == {"drop/shop/a.csv", "drop/shop/b.csv"}
    assert [o.path for o in shop.run().files if "shop" in o.path] == ["drop/shop/b.csv",
                                                                     "drop/shop/a.csv"]  # fmt: skip
    assert _rows(shop) == [
        ("1", "Looked", "c1", False), ("2", "Bought", "c2", False),
        ("2", "Looked", "c9", True), ("3", "Looked", "c1", False),
    ]  # fmt: skip
    now = {m.path: m.loaded_at for m in read_manifests(shop.workspace.lake)}
    assert now["drop/events.json"] == stamps["drop/events.json"]
    again = replay(open_workspace(shop.home), "shop")
    assert again.words.startswith("Nothing to land again")


def test_what_was_withdrawn_stays_so_and_what_is_gone_is_told(shop) -> None:
    withdraw(shop.workspace, "drop/shop/a.csv", "test")
    (raw,) = (shop.home / "lake/landing/source=shop").rglob("*b.csv")
    raw.unlink()
    found = replay(open_workspace(shop.home), "shop")
    assert (found.reopened, found.left) == ((), ("drop/shop/b.csv",))
    shop.run()
    assert [row[1] for row in _rows(shop) if row[0] == "1"] == ["Bought"]


def test_asked_for_by_the_command_it_is_done_at_once(shop) -> None:
    def call(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["--home", str(shop.home), "ingest", *words])
        return done.exit_code, done.output

    code, said = call("--replay", "slack")
    assert (code, "slack: nothing was loaded from it; loaded were segment, shop" in said) == (
        2,
        True,
    )
    code, said = call("--replay", "shop", "--dry-run")
    assert (code, "leave out --dry-run" in said) == (2, True)
    code, said = call("--replay", "shop")
    assert code == 0, said
    assert "2 deliveries are landed again, in the order they came." in said
    assert [row[1] for row in _rows(shop)] == ["Looked", "Bought", "Looked", "Looked"]


def test_nothing_is_loaded_from_an_empty_lake(make_place) -> None:
    with pytest.raises(LakeError, match="shop: nothing was loaded from it; loaded were none"):
        replay(make_place(RIGHT).workspace, "shop")


def test_a_mapping_that_can_not_read_them_loses_nothing(shop) -> None:
    """They wait, however often it is tried, until the mapping is right."""
    config = shop.home / "productops.yml"
    config.write_text(config.read_text().replace("event_id: id\n", "event_id: key\n"))
    replay(open_workspace(shop.home), "shop")
    for _ in range(2):
        waiting = {o.path for o in shop.run().files if o.status == "waiting"}
        assert waiting == {"drop/shop/a.csv", "drop/shop/b.csv"}
        assert not _rows(shop)
    config.write_text(config.read_text().replace("event_id: key\n", "event_id: id\n"))
    shop.run()
    assert [row[1] for row in _rows(shop)] == ["Looked", "Bought", "Looked", "Looked"]
    assert not [o for o in shop.run().files if o.status == "waiting"]


@pytest.mark.parametrize(
    "killed", ["", "ingest.withdrawal.commit", "ingest.withdrawal.close_again"]
)
def test_what_can_not_be_landed_again_can_be_withdrawn(shop, monkeypatch, killed) -> None:
    config = shop.home / "productops.yml"
    config.write_text(config.read_text().replace("event_id: id\n", "event_id: key\n"))
    replay(open_workspace(shop.home), "shop")
    shop.run()
    with pytest.raises(LakeError, match="withdraw those that can't be"):
        purge(shop.workspace, make_request([], ["c1"]))
    if killed:
        with monkeypatch.context() as patch:
            patch.setattr(killed, lambda *_: 1 // 0)
            with pytest.raises(ZeroDivisionError):
                withdraw(shop.workspace, "drop/shop/b.csv", "not to be read")
    if killed.endswith("close_again"):
        shop.run()
    else:
        assert withdraw(shop.workspace, "b.csv", "not to be read") == ["drop/shop/b.csv"]
    waiting = {o.path for o in shop.run().files if o.status == "waiting"}
    assert waiting == {"drop/shop/a.csv"}
    config.write_text(config.read_text().replace("event_id: key\n", "event_id: id\n"))
    shop.run()
    assert [row[:3] for row in _rows(shop)] == [("2", "Looked", "c9"), ("3", "Looked", "c1")]
    purge(shop.workspace, make_request([], ["c1"]))


def test_what_was_erased_is_counted_after_they_were_landed_again(shop) -> None:
    shop.land("shop/c.csv", f"{HEAD}7,2026-05-03T10:00:00Z,look,c-77\n")
    broken = f"{HEAD}8,2026-05-04T10:00:00Z,look,c-77\n9,never,look,c-77\n9,never,look,c-8\n"
    shop.land("shop/d.csv", broken)
    forget(shop, make_request(user_ids=["c-77"]))
    before = _erased(shop, "shop")
    # In and loaded with those that are gone; d.csv: one of two set aside is left.
    assert before == {
        (name, "usage_events"): counts for name, counts in {
            "a.csv": (2, 2, 0, 0, 0), "b.csv": (2, 2, 0, 0, 0), "c.csv": (1, 1, 0, 1, 0),
            "d.csv": (3, 1, 2, 1, 1),
        }.items()
    }  # fmt: skip
    config = shop.home / "productops.yml"
    config.write_text(config.read_text().replace("look: Looked", "look: Seen"))
    for _ in range(2):
        replay(open_workspace(shop.home), "shop")
        shop.run()
        assert _erased(shop, "shop") == before
    assert {row[1] for row in _rows(shop)} == {"Seen", "Bought"}
    assert len(shop.quarantine()) == 1


def _erased(place: Place, *sources: str) -> dict[tuple[str, str], tuple[int, ...]]:
    return {
        (Path(m.path).name, p.contract): (
            p.rows_in, p.rows_loaded, p.rows_quarantined, p.rows_erased, p.rows_quarantine_erased
        )
        for m in read_manifests(place.workspace.lake) if m.source in sources for p in m.parts
    }  # fmt: skip


def test_what_erasures_left_nothing_of_is_landed_again_as_what_it_was(shop) -> None:
    shop.land("ndjson.json", lines(event(7, userId="u-9")))
    asker = {"id": FRESH["requester_id"], "email": "u9@x.test"}
    shop.land("array.json", json.dumps([FRESH | {"requester": asker}]))
    forget(shop, make_request(user_ids=["u-9"], emails=["u9@x.test"]))
    before = _erased(shop, "segment", "freshdesk")
    assert before["ndjson.json", "usage_events"] == (1, 1, 0, 1, 0)
    assert before["array.json", "tickets"] == (1, 1, 0, 1, 0)
    config = shop.home / "productops.yml"
    config.write_text(config.read_text().replace("look: Looked", "look: Seen"))
    for source in ("segment", "freshdesk"):
        assert replay(open_workspace(shop.home), source).reopened
    assert not [o for o in shop.run().files if o.status == "waiting"]
    assert _erased(shop, "segment", "freshdesk") == before
    # Nothing waits, and so nothing holds up the next erasure.
    purge(shop.workspace, make_request(user_ids=["u-10"]))
