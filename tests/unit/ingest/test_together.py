"""Files that share their statements leave what each of them leaves by itself."""

from __future__ import annotations

import gzip
import json
from functools import partial
from pathlib import Path

import duckdb
import pytest

from ingest import contents, framing, groups, landing
from ingest.forget import purge
from ingest.framing import SPOOLS, keeping, one_chunk
from ingest.held import Rows
from ingest.manifests import read_manifests
from ingest.problems import DamagedFileError
from ingest.subjects import make_request
from tests.unit.ingest.clear_addresses import KEEP, kept
from tests.unit.ingest.conftest import Place, event, lines, loaded, new_home, packed, rejected
from tests.unit.ingest.killing import killed_at

GONE = make_request(user_ids=["u-gone-1"])


def gone(number: int) -> dict[str, object]:
    return event(number, userId="u-gone-1", anonymousId=f"d-{number}")


# More than one group's worth, with all that can tell a row's file or line wrong.
FILES: dict[str, bytes] = {
    "1.json": lines(*(event(n) for n in range(30)), "cut {", event(3), gone(900)).encode(),
    "2.json.gz": packed("not json", event(30), gone(901), event(31, userId="ann@corp.test")),
    # The same event with the same content, and with another.
    "3.json": lines(event(31), event(5), event(6, event="Changed"), event(6), "[1]").encode(),
    "4.json": lines("", event(40), "", "  ", event(41, timestamp="never", originalTimestamp=None),
                    event(41)).encode(),
    "5.json": lines(event(50), event(51)).replace("\n", "\r\n").encode() + b"{}\r\n",
    "6.json.gz": packed(*(event(n) for n in range(60, 70)))[:-9],
    "7.json": lines(event(70)).encode() + b'{"messageId": "\xff"}\n' + lines(event(71)).encode(),
    "8.json": lines(*(event(n % 4 + 80, event=f"e{n % 2}") for n in range(12))).strip().encode(),
    "9.json": lines(event(90, userId="bob@corp.test"), event(91, timestamp="2020-01-01T00:00:00Z"),
                    gone(902), event(30)).encode(),
}  # fmt: skip


def content(place: Place) -> dict[str, object]:
    lake = place.home / "lake"
    manifests = sorted(read_manifests(lake), key=lambda manifest: manifest.path)
    bronze = {}
    for manifest in manifests:
        for part in (p for p in manifest.parts if p.output):
            sql = f"select * exclude (loaded_at) from '{lake / part.output}'"
            with duckdb.connect() as connection:
                bronze[manifest.path] = connection.execute(sql).fetchall()
    return {
        "bronze": bronze,
        "manifests": [
            (m.path, m.status, m.reason, m.parts, [p.rows_loaded for p in m.restricted])
            for m in manifests
        ],
        "quarantine": place.quarantine(),
        "addresses": kept(place),
        "raw": {p.name: p.read_bytes() for p in (lake / "landing").rglob("*") if p.is_file()},
    }


def fill(place: Place) -> Place:
    """All files, after somebody whom they name was erased."""
    place.land("0.json", lines(gone(1), event(5)))
    purge(place.workspace, GONE)
    for name, data in FILES.items():
        place.drop(name, data)
    return place


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> dict[str, object]:
    place = Place(new_home(tmp_path_factory.mktemp("alone") / "company", KEEP))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.arrivals.SETTLE_SECONDS", 0.0)
        patch.setattr(contents, "_MEDIUM_BYTES", -1)
        fill(place).run()
    return content(place)


def test_alone_they_leave_what_can_be_told_by_hand(alone) -> None:
    said = {path: (status, reason) for path, status, reason, *_ in alone["manifests"]}
    assert said.pop("drop/6.json.gz") == ("rejected", "gzip_truncated")
    assert set(said.values()) == {("loaded", "")}
    aside = [(file[5:], line, reason) for file, line, reason, _ in alone["quarantine"]]
    assert aside == [
        ("1.json", 31, "malformed_json"), ("2.json.gz", 1, "malformed_json"),
        ("3.json", 5, "not_an_object"), ("4.json", 5, "bad_occurred_at"),
        ("5.json", 3, "missing_event_id"), ("7.json", 2, "invalid_utf8"),
        ("9.json", 2, "before_product_birth"),
    ]  # fmt: skip
    assert alone["addresses"] == [
        ("ann@corp.test", "drop/2.json.gz", 4), ("bob@corp.test", "drop/9.json", 1),
    ]  # fmt: skip
    held_back = {path: parts[0].rows_suppressed for path, _, _, parts, _ in alone["manifests"]
                 if parts}  # fmt: skip
    assert [path[5] for path, count in held_back.items() if count] == ["1", "2", "9"]


@pytest.mark.parametrize("small", [-1, 1 << 20], ids=["in scratch files", "in memory"])
@pytest.mark.parametrize("many", [1, 10_000], ids=["written by ranges", "written at once"])
def test_together_they_leave_the_same(make_place, alone, monkeypatch, small, many) -> None:
    place = make_place(KEEP)
    monkeypatch.setattr(contents, "_SMALL_BYTES", small)
    monkeypatch.setattr(landing, "_MANY_ROWS", many)
    sizes = []
    real = groups._stage_and_land

    def counted(run, files):
        sizes.append(len(files))
        return real(run, files)

    monkeypatch.setattr(groups, "_stage_and_land", counted)
    fill(place).run()
    assert max(sizes) == SPOOLS if small < 0 else max(sizes) > SPOOLS
    assert content(place) == alone
    assert not place.run().files
    assert not [path for path in (place.home / "lake/tmp").rglob("*") if path.is_file()]


@pytest.mark.parametrize("size", [600, 3_000], ids=["in a table", "as they were made"])
def test_cut_into_chunks_they_leave_the_same(make_place, alone, monkeypatch, size) -> None:
    """Those of "1.json" are more, or fewer, than are held without a table."""
    place, held = make_place(KEEP), []
    real = Rows.add

    def counted(rows, select):
        added = real(rows, select)
        held.append(rows._pieces)
        return added

    monkeypatch.setattr(Rows, "add", counted)
    monkeypatch.setattr(contents, "_MEDIUM_BYTES", -1)
    monkeypatch.setattr(framing, "_READ_BYTES", size)
    monkeypatch.setattr(framing, "SAMPLE_BYTES", 1)
    monkeypatch.setattr(contents, "spooled_chunks", partial(framing.spooled_chunks, size=size))
    fill(place).run()
    assert max(held) == (4 if size == 600 else 2)
    assert (0 in held) == (size == 600)
    assert content(place) == alone


def test_many_small_files_are_as_one_after_another(place) -> None:
    """Files that share their statements give what single ones give, file by file."""
    place.drop("a.json", lines(event(1), event(2), event(1)))
    place.drop("b.json", lines(event(2), "{broken", event(3)))
    place.drop("c.json", lines(event(2, event="Other"), "", event(4)))
    place.drop("d.json.gz", packed(event(5))[:-4])
    place.drop("e.json", lines(event(6)))
    found = {Path(f.path).name: f for f in place.run().files}
    assert loaded(found["a.json"]) == {"in": 3, "loaded": 2, "duplicate": 1, "quarantined": 0}
    assert loaded(found["b.json"]) == {"in": 3, "loaded": 1, "duplicate": 1, "quarantined": 1}
    # Another content under a known id is kept beside the first, and said to be a revision.
    assert loaded(found["c.json"]) == {"in": 2, "loaded": 2, "duplicate": 0, "quarantined": 0}
    assert found["c.json"].parts[0].rows_revision == 1
    rejected(found["d.json.gz"], "gzip_truncated")
    columns = "event_id, source_file, source_line, is_revision"
    assert place.rows("usage_events", columns, "order by 2, 3") == [
        ("m-1", "drop/a.json", 1, False), ("m-2", "drop/a.json", 2, False),
        ("m-3", "drop/b.json", 3, False), ("m-2", "drop/c.json", 1, True),
        ("m-4", "drop/c.json", 3, False), ("m-6", "drop/e.json", 1, False),
    ]  # fmt: skip
    assert [row[:3] for row in place.quarantine()] == [("drop/b.json", 2, "malformed_json")]


# Raw copies, rows, quarantine and manifests of the first group of files of medium size.
@pytest.mark.parametrize(("number", "moment"), [(4, "before"), (6, "after"), (9, "after")])
def test_killed_on_the_way_they_leave_the_same(
    make_place, alone, monkeypatch, number, moment
) -> None:
    place = fill(make_place(KEEP))
    assert killed_at(place.home, number, moment, "run", small=-1)
    monkeypatch.setattr(contents, "_SMALL_BYTES", -1)
    place.run()
    assert content(place) == alone


def test_what_has_more_than_one_chunk_is_no_whole(tmp_path) -> None:
    path, spool = tmp_path / "a.json", tmp_path / "spool"
    path.write_bytes(b"line\n" * 500_000)
    with keeping(spool):
        assert one_chunk(path, spool, 2_000_000) is None
        (chunk,) = one_chunk(path, spool, 3_000_000) or []
        assert (chunk.path, chunk.line_count, chunk.line(499_999)) == (spool, 500_000, b"line")
        assert chunk.first(7) == b"line\nli"
        assert chunk.first(3_000_000) == chunk.data == path.read_bytes()
        path.write_bytes(b"")
        assert one_chunk(path, spool) == []
        path.write_bytes(gzip.compress(json.dumps(event(1)).encode())[:-4])
        with pytest.raises(DamagedFileError):
            one_chunk(path, spool)
