"""What people and programs do to files: each has a clear end, and the ledger stays balanced.

`Place.run` checks the balance of every batch after each run.
"""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from random import Random

import pytest

from ingest import ledger
from ingest.framing import keeping, read_chunks, spooled_chunks
from ingest.problems import DamagedFileError
from tests.unit.ingest.conftest import event, lines, loaded, packed, rejected
from tests.unit.ingest.test_formats import SLACK

# --- compressed files


def test_a_truncated_gz_is_rejected_and_the_whole_one_loads_later(place) -> None:
    whole = packed(*(event(n) for n in range(500)))
    rejected(place.land("a.json.gz", whole[:-40]), "gzip_truncated", "deliver the whole file")
    assert not place.rows("usage_events")
    assert [r.format for r in ledger.open_rejections(place.workspace)] == ["segment"]
    assert loaded(place.land("a.json.gz", whole))["loaded"] == 500
    assert not ledger.open_rejections(place.workspace)


def test_what_is_left_of_a_truncated_gz_is_lines_but_for_the_last(place) -> None:
    random = Random(1)
    calls = [event(n, properties={"x": random.random()}) for n in range(500)]
    left = zlib.decompressobj(31).decompress(packed(*calls)[:-400])
    whole = left.count(b"\n")
    assert 0 < whole < 500
    counts = loaded(place.land("a.json", left))
    assert counts == {"in": whole + 1, "loaded": whole, "duplicate": 0, "quarantined": 1}


def test_a_wrong_checksum_is_noticed(place) -> None:
    data = bytearray(packed(event(1)))
    data[-6] ^= 1
    rejected(place.land("a.json.gz", bytes(data)), "gzip_corrupt", "binary mode")


def test_bytes_after_the_end_are_noticed_but_padding_is_none(place) -> None:
    rejected(
        place.land("a.json.gz", packed(event(1)) + b"junk after the end"), "gzip_trailing_bytes"
    )
    assert loaded(place.land("b.json.gz", packed(event(2)) + b"\0" * 3000))["loaded"] == 1


def test_members_one_after_the_other_are_one_file(place) -> None:
    assert loaded(place.land("a.json.gz", packed(event(1)) + packed(event(2))))["loaded"] == 2


def test_the_name_does_not_decide_whether_a_file_is_compressed(place) -> None:
    assert loaded(place.land("a.json.gz", lines(event(1))))["loaded"] == 1
    assert loaded(place.land("b.json", packed(event(2))))["loaded"] == 1


@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n  \n", gzip.compress(b"", mtime=0), gzip.compress(b"\n", mtime=0)],
    ids=["nothing", "blank_lines", "packed_nothing", "packed_blank_line"],
)
def test_an_empty_file_is_rejected(place, data) -> None:
    rejected(place.land("a.json", data), "empty_file", "export it again")


# --- lines


def told(stamp: str) -> bytes:
    """An event whose only clock says this."""
    clocks = {"timestamp": stamp, "sentAt": None, "originalTimestamp": None}
    return json.dumps(event(9, **clocks)).encode()


BAD_LINES = [
    (b"garbage", "malformed_json"),
    (b'{"messageId": "cut', "malformed_json"),
    (b'{"messageId":"x"} {"messageId":"y"}', "malformed_json"),
    (b"[1,2]", "not_an_object"),
    (b"null", "not_an_object"),
    (b'{"messageId":"\xff"}', "invalid_utf8"),
    (b'{"messageId":"a\0b"}', "malformed_json"),
    (b'{"messageId":' + b"[" * 50_000, "too_deeply_nested"),
    (rb'{"messageId":"\ud83d"}', "half_a_surrogate_pair"),
    (json.dumps(event(9, messageId=None)).encode(), "missing_event_id"),
    (json.dumps(event(9, messageId="  ")).encode(), "missing_event_id"),
    (told("NaN"), "bad_occurred_at"),
    (told("infinity"), "bad_occurred_at"),
    (json.dumps(event(9, receivedAt=None)).encode(), "missing_received_at"),
    (json.dumps(event(9, userId=None, anonymousId=None)).encode(), "no_actor"),
    (json.dumps(event(9, timestamp="2025-12-31T23:59:59Z")).encode(), "before_product_birth"),
    (json.dumps(event(9, timestamp="2031-01-01T00:00:00Z",
                      receivedAt="2031-01-01T00:00:00Z")).encode(), "timestamp_out_of_range"),
]  # fmt: skip


def test_bad_lines_are_set_aside_with_their_number_reason_and_text(place) -> None:
    good = lines(event(1)).encode()
    data = (
        good + b"".join(b"\n" + bad + b"\n" for bad, _ in BAD_LINES) + good.replace(b"m-1", b"m-2")
    )
    count = len(BAD_LINES)
    assert loaded(place.land("a.json", data)) == {
        "in": count + 2, "loaded": 2, "duplicate": 0, "quarantined": count,
    }  # fmt: skip
    assert place.quarantine() == [
        ("drop/a.json", 3 + 2 * n, reason, bad.decode("utf-8", errors="backslashreplace"))
        for n, (bad, reason) in enumerate(BAD_LINES)
    ]
    assert place.rows("usage_events", "event_id, source_line", "order by 1") == [
        ("m-1", 1),
        ("m-2", 2 + 2 * count),
    ]


def test_a_line_that_is_too_long_for_the_parser_costs_itself_alone(place) -> None:
    long = event(2, properties={"a": "x" * 40_000_000})
    counts = loaded(place.land("a.json.gz", packed(event(1), long, event(3))))
    assert counts == {"in": 3, "loaded": 2, "duplicate": 0, "quarantined": 1}
    assert [row[1:3] for row in place.quarantine()] == [(2, "line_too_long")]
    assert place.rows("usage_events", "event_id, source_line", "order by 1") == [
        ("m-1", 1), ("m-3", 3),
    ]  # fmt: skip


def test_a_first_line_longer_than_what_is_usually_looked_at(place) -> None:
    long = event(1, properties={"a": "x" * 1_000_000})
    assert loaded(place.land("a.json", lines(long, event(2))))["loaded"] == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda t: "﻿" + t,
        lambda t: t.replace("\n", "\r\n"),
        lambda t: t.rstrip("\n"),
        lambda t: "\n\n" + t.replace("\n", "\n  \n\x0c\n"),
    ],
    ids=["bom", "crlf", "no last newline", "blank lines"],
)
def test_marks_and_line_ends_change_nothing(place, change) -> None:
    text = change(lines(event(1), event(2, event="Größe 😀")))
    assert loaded(place.land("a.json", text)) == {
        "in": 2, "loaded": 2, "duplicate": 0, "quarantined": 0,
    }  # fmt: skip
    names = place.rows("usage_events", "event_name", "order by event_id")
    assert names == [("Report Exported",), ("Größe 😀",)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_read_with_and_without_its_mark(place, encoding) -> None:
    assert loaded(place.land("a.json", lines(event(1), event(2)).encode(encoding)))["loaded"] == 2
    assert loaded(place.land("slack.csv", SLACK.encode(encoding)))["loaded"] == 2


def test_odd_json_is_read_the_same_way_every_time(place) -> None:
    text = '{"messageId":"first","messageId":"second",' + json.dumps(event(1))[1:]
    big = json.dumps(event(2, userId=12345678901234567890, anonymousId=None))
    place.land("a.json", f"{text}\n{big}\n")
    rows = place.rows("usage_events", "event_id, user_id", "order by 1")
    # Of a repeated name the first counts; numbers beyond 64 bits stay as they are written.
    assert rows == [("first", "u-1"), ("m-2", "12345678901234567890")]


@pytest.mark.parametrize(
    "data",
    [b"no export", packed(event(1))[:-4], b"PK\x03\x04 no archive", b""],
    ids=["unknown", "cut off", "no archive", "empty"],
)
def test_a_refused_file_is_told_under_every_name(place, data) -> None:
    for name in ("one", "two"):
        place.drop(f"{name}.zip" if data.startswith(b"PK") else f"{name}.json", data)
    first, second = (Path(f.path).stem for f in place.run().files if f.status == "rejected")
    assert {first, second} == {"one", "two"}
    (old,) = (place.home / "drop").glob("one.*")
    new = old.with_stem("three")
    old.unlink()
    place.drop(new.name, data)
    assert [Path(f.path).stem for f in place.run().files] == ["three"]
    told = {Path(r.path).stem: r.detail for r in ledger.open_rejections(place.workspace)}
    assert set(told) == {"two", "three"}
    assert told["three"].startswith(f"drop/{new.name}")
    assert not place.run().files


def test_a_file_refused_under_two_names_is_loaded_once_when_it_can_be(make_place) -> None:
    place = make_place()
    for name in ("a.csv", "b.csv"):
        place.drop(name, "key,at,who\ne1,2026-05-01T10:00:00Z,u1\n")
    assert [f.status for f in place.run().files if "csv" in f.path] == ["rejected", "rejected"]
    config = place.home / "productops.yml"
    mapping = "clock: {timestamp: at, received: at}\n    fields: {event_id: key, user_id: who, "
    mapping += "event_name: {const: Seen}, event_type: {const: track}}"
    config.write_text(
        f'{config.read_text()}\nsources:\n  - name: own\n    files: "*.csv"\n'
        f"    contract: usage_events\n    reader: {{kind: csv}}\n    {mapping}\n"
    )
    found = {f.path: f.status for f in place.run().files}
    assert found == {"drop/a.csv": "loaded", "drop/b.csv": "duplicate"} | {
        "productops.yml": "loaded"
    }
    assert len(place.rows("usage_events")) == 1
    assert not ledger.open_rejections(place.workspace)


def test_chunks_may_end_anywhere(tmp_path) -> None:
    wanted = [f"line {n} {'x' * (n % 37)}".encode() for n in range(5000)]
    path = tmp_path / "a.txt"
    path.write_bytes(b"\n".join(wanted))
    for size in (1, 1000, 10_000_000):
        seen = []
        for chunk in read_chunks(path, size):
            assert chunk.first_line == len(seen) + 1
            seen += [chunk.line(i) for i in range(chunk.line_count)]
        assert seen == wanted


@pytest.mark.parametrize("packing", [bytes, gzip.compress], ids=["plain", "packed"])
def test_lines_are_found_wherever_they_lie_in_a_large_chunk(tmp_path, packing) -> None:
    wanted = [b"x" * (n * 7919 % 4000) for n in range(1500)]
    wanted[700] = b"y" * 3_000_000
    path = tmp_path / "a.txt"
    path.write_bytes(packing(b"\r\n".join(wanted) + b"\r\n"))
    spools = [tmp_path / "spool", tmp_path / "another"]
    for size, count in ((50_000_000, 1), (1_000_000, 4)):
        with keeping(*spools):
            for chunks in (read_chunks(path, size), spooled_chunks(path, spools, size)):
                seen, sizes = [], []
                for chunk in chunks:
                    assert chunk.first_line == len(seen) + 1
                    seen += [chunk.line(i) for i in range(chunk.line_count)]
                    sizes.append(chunk.line_count)
                assert (seen, len(sizes)) == (wanted, count)
    assert not any(spool.exists() for spool in spools)


def test_a_scratch_file_that_is_kept_holds_nothing_of_the_file_before(tmp_path) -> None:
    path, spool = tmp_path / "a.txt", tmp_path / "spool"
    with keeping(spool):
        for wanted in (b"a long line\n" * 90_000, b"a\nb\n", b""):
            path.write_bytes(wanted)
            seen = [(chunk.data, spool.read_bytes()) for chunk in spooled_chunks(path, [spool])]
            assert seen == ([(wanted, wanted)] if wanted else [])
        path.write_bytes(gzip.compress(b"cut off\n" * 90_000)[:-20])
        with pytest.raises(DamagedFileError):
            list(spooled_chunks(path, [spool]))
        assert spool.exists()
    assert not spool.exists()


# --- times


def test_an_event_forty_days_late_loads_is_counted_and_names_its_day(place) -> None:
    late = event(1, timestamp="2026-03-22T10:00:00Z")
    outcome = place.land("a.json", lines(late, event(2)))
    (found,) = outcome.parts
    assert (found.rows_loaded, found.rows_late) == (2, 1)
    assert found.affected_dates == {"2026-03-22": 1, "2026-05-01": 1}
    changes = ledger.changes_since(place.workspace, [])
    assert changes.touched_event_dates == ("2026-03-22", "2026-05-01")


def test_a_clock_three_hours_ahead_is_set_right_and_marked(place) -> None:
    place.land("a.json", lines(event(1, timestamp="2026-05-01T13:00:02Z")))
    (row,) = place.rows("usage_events", "occurred_at = received_at, is_clock_skewed")
    assert row == (True, True)
