"""Damaged tables and documents: what is lost, and what is said about it."""

from __future__ import annotations

import json

import pytest

from expectations.ledger_checks import is_unknown
from ingest.ledger import open_rejections
from tests.unit.ingest.conftest import loaded, part, rejected
from tests.unit.ingest.test_formats import SLACK, TICKET


def test_a_newline_in_a_cell_is_no_new_row(place) -> None:
    text = SLACK + 'eve,eve@corp.test,Member,1,1,0,U3,"Eve\nMiddle\r\nLast",eve,\n'
    text += "short,row\n"
    assert loaded(place.land("slack.csv", text)) == {
        "in": 4, "loaded": 3, "duplicate": 0, "quarantined": 1,
    }  # fmt: skip
    assert place.quarantine() == [("drop/slack.csv", 7, "wrong_number_of_cells", "short,row")]


def test_a_carriage_return_in_the_second_line_of_a_record_that_is_too_long(place) -> None:
    text = SLACK + 'eve,"eve\ny\rz",1\n'
    assert loaded(place.land("slack.csv", text))["quarantined"] == 1
    assert [row[:3] for row in place.quarantine()] == [
        ("drop/slack.csv", 4, "wrong_number_of_cells")
    ]


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
        raw = stray.replace("eve@corp.test", "[email]")
        assert place.quarantine() == [("drop/slack.csv", 4, "unclosed_quote", raw)]
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


def test_a_known_export_that_lost_a_name_is_its_sources_problem_and_no_unknown_file(place) -> None:
    """Slack renamed a column: files of this name were loaded before, so it is known whose it is."""
    loaded(place.land("slack-2026-05-01.csv", SLACK))
    changed = SLACK.replace("billing-active", "billing active")
    outcome = place.land("slack-2026-05-02.csv", changed)
    rejected(outcome, "missing_required_column", "'billing-active'", "drop/slack-2026-05-01.csv")
    (refused,) = open_rejections(place.workspace)
    assert (refused.source, is_unknown(refused)) == ("slack", False)
    # Under another name, or without more of what tells the export, it may be anything.
    rejected(place.land("members.csv", changed + "\n"), "unknown_format")
    two = changed.replace("username", "user")
    rejected(place.land("slack-2026-05-03.csv", two), "unknown_format")


def test_an_unknown_file_is_kept_and_says_what_to_do(place) -> None:
    outcome = place.land("plants.csv", "plant,height\nfern,3\n")
    rejected(outcome, "unknown_format", "Nearest formats: none", "productops.yml")
    assert list((place.home / "lake/landing").rglob("*plants.csv"))


@pytest.mark.parametrize(
    ("data", "reason", "said"),
    [
        (b"%PDF-1.7", "not_text", "as CSV"),
        (b"\xd0\xcf\x11\xe0 old workbook", "not_text", "save the sheet as CSV"),
        (b"PK\x03\x04rest", "zip_damaged", "download it again"),
        (b"PAR1x", "parquet_damaged", "export it again"),
    ],
)
def test_files_that_are_no_text_say_how_to_export_them(place, data, reason, said) -> None:
    rejected(place.land("report.bin", data), reason, said)


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
