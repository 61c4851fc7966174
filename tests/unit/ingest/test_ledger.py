"""What the ledger says over several deliveries: twice, changed, replaced, withdrawn, killed."""

from __future__ import annotations

import json
import shutil

import pytest

from ingest import ledger
from ingest.delivery import commit
from ingest.load import ingest
from ingest.manifests import read_manifests
from ingest.settings import open_workspace
from ingest.store import LakeError, locked
from tests.unit.ingest.conftest import Place, event, lines, new_home, packed, part


def tree(place) -> dict[str, bytes]:
    """Every visible file of the lake but the raw ones."""
    lake = place.home / "lake"
    return {
        path.relative_to(lake).as_posix(): path.read_bytes()
        for path in sorted(lake.rglob("*"))
        if path.is_file() and path.parts[len(lake.parts)] not in {"landing", "tmp"}
        and path.name != ".ingest.lock"
    }  # fmt: skip


def ids(place) -> list[str]:
    return [row[0] for row in place.rows("usage_events", "event_id", "order by 1")]


def test_the_same_file_again_changes_not_one_byte(place) -> None:
    place.land("a.json.gz", packed(event(1), event(2), "bad"))
    before = tree(place)
    report = place.run()
    assert (report.files, report.unchanged_count) == ((), 2)
    (place.home / "lake/ledger/.seen.json").unlink()
    before.pop("ledger/.seen.json")
    assert not place.run().files
    after = tree(place)
    after.pop("ledger/.seen.json")
    assert after == before


def test_the_same_bytes_under_another_name_are_recorded_and_load_nothing(place) -> None:
    place.land("a.json.gz", packed(event(1), event(2)))
    outcome = place.land("copy.json.gz", (place.home / "drop/a.json.gz").read_bytes())
    assert (outcome.status, outcome.reason) == ("duplicate", "same_bytes")
    assert "drop/a.json.gz" in outcome.detail
    assert part(outcome, "usage_events") == {"in": 2, "loaded": 0, "duplicate": 2, "quarantined": 0}
    assert ids(place) == ["m-1", "m-2"]
    assert not place.run().files


def test_rows_that_came_before_are_duplicates_and_changed_ones_are_revisions(place) -> None:
    place.land("a.json", lines(event(1), event(2), event(2)))
    outcome = place.land("b.json", lines(event(2), event(1, event="Renamed"), event(3)))
    (found,) = outcome.parts
    assert (found.rows_in, found.rows_loaded, found.rows_duplicate) == (3, 2, 1)
    assert found.rows_revision == 1
    rows = place.rows("usage_events", "event_id, event_name, is_revision", "order by all")
    assert rows == [
        ("m-1", "Renamed", True),
        ("m-1", "Report Exported", False),
        ("m-2", "Report Exported", False),
        ("m-3", "Report Exported", False),
    ]


def test_a_revision_touches_the_day_of_the_row_it_competes_with(place) -> None:
    place.land("a.json", lines(event(1)))
    moved = event(1, timestamp="2026-05-07T00:00:00Z", receivedAt="2026-05-07T00:00:00Z")
    (found,) = place.land("b.json", lines(moved)).parts
    assert found.affected_dates == {"2026-05-01": 0, "2026-05-07": 1}


def test_new_bytes_under_the_same_name_are_a_new_delivery(place) -> None:
    place.land("a.json", lines(event(1)))
    outcome = place.land("a.json", lines(event(1), event(2)))
    assert part(outcome, "usage_events") == {"in": 2, "loaded": 1, "duplicate": 1, "quarantined": 0}


# --- withdrawals


def test_a_withdrawal_brings_back_what_later_files_had_too(place) -> None:
    place.land("a.json", lines(event(1), event(2)))
    place.land("b.json", lines(event(2), event(3)))
    place.land("c.json", lines(event(3), event(4)))
    shutil.rmtree(place.home / "drop")
    paths = ledger.withdraw(place.workspace, "drop/a.json", "test data")
    assert paths == ["drop/a.json", "drop/b.json", "drop/c.json"]
    place.run()
    assert ids(place) == ["m-2", "m-3", "m-4"]
    place.run()
    assert ids(place) == ["m-2", "m-3", "m-4"]
    assert [b.is_withdrawn for b in ledger.read_batches(place.workspace.lake)
            if b.source_file == "drop/a.json"] == [True]  # fmt: skip


def test_a_withdrawal_brings_back_an_older_version_of_the_same_name(place) -> None:
    place.land("a.json", lines(event(1)))
    place.land("b.json", lines(event(1), event(2)))
    place.land("b.json", lines(event(1), event(3)))
    ledger.withdraw(place.workspace, "drop/a.json", "test data")
    place.run()
    # Row 2 is in no file that still lies in drop/, only in the raw bytes that were kept.
    assert ids(place) == ["m-1", "m-2", "m-3"]


def test_a_withdrawal_without_the_raw_bytes_says_so_and_changes_nothing(place) -> None:
    place.land("a.json", lines(event(1)))
    place.land("b.json", lines(event(1), event(2)))
    shutil.rmtree(place.home / "lake/landing")
    before = tree(place)
    with pytest.raises(LakeError, match=r"drop/b\.json.*no longer kept"):
        ledger.withdraw(place.workspace, "drop/a.json", "test data")
    assert tree(place) == before


def test_a_withdrawn_file_stays_withdrawn_and_can_not_be_withdrawn_twice(place) -> None:
    place.land("a.json", lines(event(1)))
    ledger.withdraw(place.workspace, "a.json", "test data")
    (place.home / "lake/ledger/.seen.json").unlink()
    place.run()
    assert ids(place) == []
    with pytest.raises(LakeError, match="0 loaded files fit"):
        ledger.withdraw(place.workspace, "a.json", "again")


# --- since a build


def test_changes_name_what_is_new_gone_and_touched(place) -> None:
    place.land("a.json", lines(event(1)))
    first = ledger.changes_since(place.workspace, [])
    built = [batch.token for batch in first.added]
    assert ledger.changes_since(place.workspace, built).is_empty
    place.land("b.json", lines(event(2, timestamp="2026-05-09T00:00:00Z",
                                     receivedAt="2026-05-09T00:00:00Z")))  # fmt: skip
    second = ledger.changes_since(place.workspace, built)
    assert [b.source_file for b in second.added] == ["drop/b.json"]
    assert second.touched_event_dates == ("2026-05-09",)
    ledger.withdraw(place.workspace, "a.json", "test data")
    third = ledger.changes_since(place.workspace, built)
    assert third.touched_event_dates == ("2026-05-01", "2026-05-09")
    assert len(third.removed) == 1


def test_a_file_understood_later_is_refused_no_longer(make_place) -> None:
    place = make_place()
    place.land("shop/a.csv", "id,at\n1,2026-05-01\n")
    assert [r.reason for r in ledger.open_rejections(place.workspace)] == ["unknown_format"]
    with (place.home / "productops.yml").open("a") as handle:
        handle.write(
            "sources:\n  - name: shop\n    files: 'shop/*.csv'\n    contract: ticket_messages\n"
            "    reader: {kind: csv}\n"
            "    fields: {message_id: id, ticket_id: id, created_at: at,"
            " is_public: {const: true}}\n"
        )
    outcome = next(o for o in place.run().files if o.path == "drop/shop/a.csv")
    assert outcome.status == "loaded", outcome
    assert not ledger.open_rejections(place.workspace)
    batches = [b for b in ledger.read_batches(place.workspace.lake) if "shop" in b.source_file]
    assert [b.status for b in batches] == ["loaded"]


# --- registers


def test_a_register_is_the_companys_present_word(place) -> None:
    path = place.home / "registry" / "features.yml"
    path.parent.mkdir()

    def write(*names: str) -> list[str]:
        listed = "".join(f"  - {{feature_id: {n}, name: {n}}}\n" for n in names)
        path.write_text("kind: features\nfeatures:\n" + listed)
        place.run()
        return sorted(row[0] for row in place.rows("features", "feature_id"))

    assert write("a", "b") == ["a", "b"]
    assert write("b", "c") == ["b", "c"]
    assert write("a", "b") == ["a", "b"]
    path.unlink()
    place.run()
    assert place.rows("features", "feature_id") == []
    assert write("a", "b") == ["a", "b"]


def test_a_kill_between_a_register_and_its_older_version_is_mended(place, monkeypatch) -> None:
    path = place.home / "registry" / "features.yml"
    path.parent.mkdir()
    path.write_text("kind: features\nfeatures:\n  - {feature_id: a, name: a}\n")
    place.run()
    path.write_text("kind: features\nfeatures:\n  - {feature_id: bb, name: b}\n")
    monkeypatch.setattr("ingest.delivery.supersede", lambda *_: None)
    place.run()
    monkeypatch.undo()
    place.run()
    assert place.rows("features", "feature_id") == [("bb",)]


# --- what must never be


def test_rows_unaccounted_for_forbid_the_commit(place) -> None:
    place.land("a.json", lines(event(1)))
    (manifest,) = (m for m in read_manifests(place.workspace.lake) if m.path == "drop/a.json")
    (found,) = manifest.parts
    wrong = type(found)(**(vars(found) | {"rows_in": 2}))
    before = tree(place)
    with pytest.raises(LakeError, match="1 of 2 usage_events rows are unaccounted for"):
        commit(place.workspace.lake, type(manifest)(**(vars(manifest) | {"parts": (wrong,)})))
    assert tree(place) == before


def test_rows_that_were_written_but_never_committed_do_not_count_twice(place) -> None:
    outcome = place.land("a.json", lines(event(1), event(2)))
    lake = place.home / "lake"
    (written,) = (lake / "bronze/usage_events").rglob("*/dt=*/*.parquet")
    elsewhere = written.parents[1] / "dt=2001-01-01" / written.name
    elsewhere.parent.mkdir()
    shutil.copyfile(written, elsewhere)
    assert len(ids(place)) == 4
    place.run()
    assert ids(place) == ["m-1", "m-2"]
    assert part(outcome, "usage_events")["loaded"] == 2


def test_a_damaged_manifest_is_named_with_what_to_do(place) -> None:
    place.land("a.json", lines(event(1)))
    (path,) = (p for p in (place.home / "lake/ledger/source=segment").glob("*.json"))
    path.write_text('{"parts": [')
    with pytest.raises(LakeError, match="not a manifest of this version") as caught:
        place.run()
    assert str(path) in str(caught.value)


def test_two_at_once_are_refused_clearly(place) -> None:
    lock = place.home / "lake/.ingest.lock"
    with locked(lock, "ingest"), pytest.raises(LakeError, match="another ingest is running"):
        place.run()
    place.run()


def test_a_lake_that_can_not_be_written_is_told_with_what_to_do(tmp_path) -> None:
    home = new_home(tmp_path / "company")
    (home / "lake").write_text("no folder")
    with pytest.raises(LakeError, match=r"lake/\.ingest\.lock: can't be written .*permissions"):
        ingest(open_workspace(home))


def test_a_dry_run_of_a_new_workspace_writes_nothing(tmp_path) -> None:
    place = Place(new_home(tmp_path / "company"))
    place.drop("a.json", lines(event(1)))
    before = sorted(place.home.rglob("*"))
    report = ingest(place.workspace, dry_run=True)
    assert [o.path for o in report.files] == ["drop/a.json", "productops.yml"]
    assert sorted(place.home.rglob("*")) == before


def test_a_dry_run_tells_and_changes_nothing(place) -> None:
    place.run()
    place.drop("a.json", lines(event(1)))
    before = tree(place)
    report = ingest(place.workspace, dry_run=True)
    assert [(o.path, o.status) for o in report.files] == [("drop/a.json", "new")]
    assert tree(place) == before


def test_what_the_warehouse_reads_says_what_the_ledger_says(place) -> None:
    import duckdb

    place.land("a.json", lines(event(1), "bad"))
    place.land("plants.csv", "plant,height\nfern,3\n")
    ledger.write_build_inputs(place.workspace)
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select source_file, contract, status, rows_in, rows_loaded, rows_quarantined, "
            "cast(first_on as varchar), is_withdrawn "
            f"from read_parquet('{place.home}/lake/build/batches.parquet') "
            "where source_file like 'drop/%' order by 1"
        ).fetchall()
    assert rows == [
        ("drop/a.json", "usage_events", "loaded", 2, 1, 1, "2026-05-01", False),
        ("drop/plants.csv", "", "rejected", 0, 0, 0, None, False),
    ]
    assert json.loads((place.home / "lake/ledger/.seen.json").read_text())["files"]
