"""What people and programs do to files: each has a clear end, and the ledger stays balanced.

`Place.run` checks the balance of every batch after each run.
"""

from __future__ import annotations

import gzip
import json
import os
import time

import pytest

from ingest import arrivals, ledger
from ingest.fingerprints import fingerprint
from ingest.framing import Chunk, read_chunks
from tests.unit.ingest.conftest import event, lines, packed, part
from tests.unit.ingest.test_formats import SLACK, TICKET


def loaded(outcome) -> dict[str, int]:
    assert outcome.status == "loaded", outcome
    return part(outcome, outcome.parts[0].contract)


def rejected(outcome, reason: str, *words: str) -> None:
    assert (outcome.status, outcome.reason) == ("rejected", reason), outcome
    for word in (outcome.path, *words):
        assert word in outcome.detail, outcome.detail


# --- compressed files


def test_a_truncated_gz_is_rejected_and_the_whole_one_loads_later(place) -> None:
    whole = packed(*(event(n) for n in range(500)))
    rejected(place.land("a.json.gz", whole[:-40]), "gzip_truncated", "deliver the whole file")
    assert not place.rows("usage_events")
    assert [r.format for r in ledger.open_rejections(place.workspace)] == ["segment"]
    assert loaded(place.land("a.json.gz", whole))["loaded"] == 500
    assert not ledger.open_rejections(place.workspace)


def test_a_wrong_checksum_is_noticed(place) -> None:
    data = bytearray(packed(event(1)))
    data[-6] ^= 1
    rejected(place.land("a.json.gz", bytes(data)), "gzip_corrupt", "binary mode")


def test_bytes_after_the_end_are_noticed_but_padding_is_none(place) -> None:
    rejected(place.land("a.json.gz", packed(event(1)) + b"junk"), "gzip_trailing_bytes")
    assert loaded(place.land("b.json.gz", packed(event(2)) + b"\0" * 3000))["loaded"] == 1


def test_members_one_after_the_other_are_one_file(place) -> None:
    assert loaded(place.land("a.json.gz", packed(event(1)) + packed(event(2))))["loaded"] == 2


def test_the_name_does_not_decide_whether_a_file_is_compressed(place) -> None:
    assert loaded(place.land("a.json.gz", lines(event(1))))["loaded"] == 1
    assert loaded(place.land("b.json", packed(event(2))))["loaded"] == 1


@pytest.mark.parametrize("data", [b"", b"\n\n  \n", gzip.compress(b""), gzip.compress(b"\n")])
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


def test_a_line_may_lie_in_many_blocks() -> None:
    chunk = Chunk((b"ab", b"c\nde", b"", b"f", b"g\r\nh\n"), 1)
    assert [chunk.line(i) for i in range(chunk.line_count)] == [b"abc", b"defg", b"h"]


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


# --- tables


def test_a_newline_in_a_cell_is_no_new_row(place) -> None:
    text = SLACK + 'eve,eve@corp.test,Member,1,1,0,U3,"Eve\nMiddle\r\nLast",eve,\n'
    text += "short,row\n"
    assert loaded(place.land("slack.csv", text)) == {
        "in": 4, "loaded": 3, "duplicate": 0, "quarantined": 1,
    }  # fmt: skip
    assert place.quarantine() == [("drop/slack.csv", 7, "wrong_number_of_cells", "short,row")]


@pytest.mark.parametrize(
    "stray",
    ['eve,eve@corp.test,Member,1,1,0,U3,Eve,"eve,', 'eve,eve@corp.test,Member,1,1,0,U3,Eve,eve,"x'],
)
@pytest.mark.parametrize("after", [3, 0])
def test_a_quote_that_is_never_closed_costs_its_own_line_alone(place, stray, after) -> None:
    rest = "".join(f"p{n},p{n}@corp.test,Member,1,1,0,P{n},P,p,\n" for n in range(after))
    counts = loaded(place.land("slack.csv", f"{SLACK}{stray}\n{rest}"))
    if after:
        assert counts == {"in": 6, "loaded": 5, "duplicate": 0, "quarantined": 1}
        assert place.quarantine() == [("drop/slack.csv", 4, "unclosed_quote", stray)]
    else:
        assert counts["in"] == 3


def test_raw_text_is_right_after_unusual_line_separators(place) -> None:
    text = SLACK.replace("ann,ann@", "a\u2028n\x85n\x0b,ann@") + "short,row\n"
    loaded(place.land("slack.csv", text))
    assert place.quarantine() == [("drop/slack.csv", 4, "wrong_number_of_cells", "short,row")]


def test_one_bad_byte_does_not_garble_the_other_rows(place) -> None:
    good = "zo\u00eb,zoe@corp.test,M\u00e9mb\u00e9r,1,1,0,U8,Zo\u00eb,zoe,\n".encode()
    bad = b"j\xfcrg,j@corp.test,Member,1,1,0,U9,J,j,\n"
    assert loaded(place.land("slack.csv", SLACK.encode() + good + bad)) == {
        "in": 4, "loaded": 3, "duplicate": 0, "quarantined": 1,
    }  # fmt: skip
    assert ("M\u00e9mb\u00e9r",) in place.rows("tool_seats", "role")
    assert [row[1:3] for row in place.quarantine()] == [(5, "invalid_utf8")]


def test_a_file_of_windows_is_read_as_such(place) -> None:
    text = SLACK.replace("Member", "M\u00e9mb\u00e9r")
    loaded(place.land("slack.csv", text.encode("cp1252")))
    assert ("M\u00e9mb\u00e9r",) in place.rows("tool_seats", "role")


def test_line_ends_of_old_spreadsheets(place) -> None:
    assert loaded(place.land("slack.csv", SLACK.replace("\n", "\r")))["loaded"] == 2


def test_a_missing_column_names_the_nearest_format_and_what_it_lacks(place) -> None:
    text = SLACK.replace("billing-active", "billing")
    outcome = place.land("slack.csv", text)
    rejected(outcome, "unknown_format", "slack_members (missing: billing-active)", "sources:")


def test_an_unknown_file_is_kept_and_says_what_to_do(place) -> None:
    outcome = place.land("plants.csv", "plant,height\nfern,3\n")
    rejected(outcome, "unknown_format", "Nearest formats: none", "productops.yml")
    assert list((place.home / "lake/landing").rglob("*plants.csv"))


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"PK\x03\x04rest", "save the sheet as CSV"), (b"%PDF-1.7", "as CSV"), (b"PAR1x", "Parquet")],
)
def test_files_that_are_no_text_say_how_to_export_them(place, data, said) -> None:
    rejected(place.land("report.bin", data), "not_text", said)


# --- documents


def test_a_page_that_was_cut_off_is_named_with_line_and_column(place) -> None:
    page = json.dumps({"tickets": [TICKET], "end_of_stream": True}, indent=1)
    outcome = place.land("t.json", page[: len(page) // 2])
    rejected(outcome, "malformed_json", "line ", "column ", "cut off")
    assert outcome.format == "zendesk_tickets"


def test_bad_records_of_a_page_are_set_aside_with_their_position(place) -> None:
    page = {"tickets": [TICKET, {"id": 8}, TICKET | {"id": 9, "created_at": "soon"}, "odd"],
            "end_of_stream": True}  # fmt: skip
    outcome = place.land("t.json", json.dumps(page))
    assert part(outcome, "tickets") == {"in": 4, "loaded": 1, "duplicate": 0, "quarantined": 3}
    found = [(line, reason) for _, line, reason, _ in place.quarantine()]
    assert found == [(2, "missing_version_at"), (3, "bad_created_at"), (4, "missing_ticket_id")]


def test_half_an_emoji_in_a_page_does_not_cost_the_page(place) -> None:
    text = json.dumps({"tickets": [TICKET], "end_of_stream": True})
    place.land("t.json", text.replace('"Help"', r'"Help \ud83d"'))
    assert place.rows("tickets", "subject") == [("Help \ufffd",)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"tickets":[{"id":1,"subject":"\xff"}],"end_of_stream":true}', "invalid_utf8"),
        (b'{"tickets":[{"id":' + b"[" * 50_000 + b"]" * 50_000 + b'}],"end_of_stream":true}',
         "too_deeply_nested"),
    ],
)  # fmt: skip
def test_a_page_that_can_not_be_read_is_rejected_whole(place, text, reason) -> None:
    rejected(place.land("t.json", text), reason, "export")


def test_yaml_with_an_error_names_its_line(place) -> None:
    outcome = place.land("x.yml", "kind: features\nfeatures: [1\nb: 2\n")
    rejected(outcome, "malformed_yaml", "line 3", "mend the file")


# --- arrival


def test_a_file_that_is_being_written_is_left_alone(place, monkeypatch) -> None:
    monkeypatch.setattr(arrivals, "SETTLE_SECONDS", 2.0)
    path = place.drop("a.json", lines(event(1)))
    real_sleep = time.sleep

    def write_on(seconds: float) -> None:
        with path.open("a") as handle:
            handle.write(lines(event(2)))
        real_sleep(0)

    monkeypatch.setattr(arrivals.clock, "sleep", write_on)
    outcome = next(o for o in place.run().files if o.path == "drop/a.json")
    assert (outcome.status, outcome.reason) == ("waiting", "still_written")
    monkeypatch.setattr(arrivals.clock, "sleep", lambda seconds: None)
    outcome = next(o for o in place.run().files if o.path == "drop/a.json")
    assert loaded(outcome)["loaded"] == 2


def test_unfinished_downloads_are_left_alone(place) -> None:
    for ending in (".part", ".crdownload", ".tmp"):
        outcome = place.land(f"a.json{ending}", lines(event(1)))
        assert outcome.status == "waiting"


def test_a_file_that_changes_while_it_is_read_waits(place, monkeypatch) -> None:
    path = place.drop("a.json", lines(event(1)))
    real = arrivals.find

    def find_then_write(workspace):
        found = real(workspace)
        path.write_text(lines(event(1), event(2)))
        return found

    monkeypatch.setattr("ingest.load.find", find_then_write)
    outcome = next(o for o in place.run().files if o.path == "drop/a.json")
    assert (outcome.status, outcome.reason) == ("waiting", "not_readable_yet")
    assert not place.rows("usage_events")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_does_not_stop_the_others(place) -> None:
    place.drop("a.json", lines(event(1))).chmod(0)
    place.drop("b.json", lines(event(2)))
    assert {o.status for o in place.run().files if o.path.startswith("drop/")} == {
        "waiting", "loaded",
    }  # fmt: skip


def test_a_name_as_long_as_a_file_system_takes(place) -> None:
    assert loaded(place.land("n" * 245 + ".json", lines(event(1))))["loaded"] == 1


def test_a_day_in_the_name_that_is_none_is_not_taken_for_one(place) -> None:
    assert loaded(place.land("slack-2026-13-39.csv", SLACK))["loaded"] == 2


def test_what_no_format_fits_has_a_kind_all_the_same(tmp_path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(os.urandom(4000))
    assert fingerprint(path)[0] is None
