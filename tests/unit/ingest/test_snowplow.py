"""Snowplow's enriched events: lines of 131 cells without a header."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from ingest.formats import load_formats
from tests.unit.ingest.conftest import loaded

NOON = datetime(2026, 5, 1, 12)
SNOWPLOW = next(f for f in load_formats() if f.name == "snowplow").reader.columns


def _snowplow(**cells: str) -> str:
    base = {
        "app_id": "app", "platform": "web", "event": "unstruct", "event_id": "s-1",
        "collector_tstamp": "2026-05-01 12:00:01.000", "domain_userid": "d-1", "user_id": "u-1",
        "dvce_created_tstamp": "2026-05-01 12:10:00.000", "domain_sessionid": "sess",
        "dvce_sent_tstamp": "2026-05-01 12:10:01.000", "derived_tstamp": "2026-05-01 12:00:00.000",
        "event_name": "report_exported", "page_urlpath": "/reports",
        "user_ipaddress": "203.0.113.9",
        "unstruct_event": json.dumps({"schema": "iglu:x", "data": {"schema": "y",
                                                                     "data": {"rows": 4}}}),
    }  # fmt: skip
    return "\t".join((base | cells).get(name, "") for name in SNOWPLOW)


class TestSnowplow:
    def test_the_columns_stand_where_the_vendor_says(self) -> None:
        assert len(SNOWPLOW) == 131
        # Positions as the format's documentation gives them, counted from 0.
        known = {0: "app_id", 3: "collector_tstamp", 6: "event_id", 12: "user_id",
                 15: "domain_userid", 52: "contexts", 58: "unstruct_event",
                 122: "derived_contexts", 123: "domain_sessionid", 124: "derived_tstamp",
                 130: "true_tstamp"}  # fmt: skip
        assert {place: SNOWPLOW[place] for place in known} == known

    def test_rows(self, place) -> None:
        view = _snowplow(event="page_view", event_id="s-2", event_name="page_view", user_id="")
        text = "\n".join([_snowplow(), view, _snowplow(), ""])
        outcome = place.land("enriched.tsv", text)
        assert outcome.format == "snowplow"
        assert loaded(outcome) == {"in": 3, "loaded": 2, "duplicate": 1, "quarantined": 0}
        columns = "event_id, event_name, event_type, user_id, anonymous_id, occurred_at, properties"
        assert place.rows("usage_events", columns, "order by 1") == [
            ("s-1", "report_exported", "track", "u-1", "d-1", NOON, '{"rows":4}'),
            ("s-2", "page_view", "page", None, "d-1", NOON, '{"rows":4}'),
        ]
        assert "203.0.113.9" not in str(place.rows("usage_events"))

    def test_bad_lines_are_set_aside_with_their_number(self, place) -> None:
        bad = [
            _snowplow(event_id="s-3", unstruct_event="{not json"),
            _snowplow(event_id="") ,
            _snowplow(event_id="s-5") + "\tmore",
            _snowplow(event_id="s-6", derived_tstamp="noon", dvce_created_tstamp="noon"),
        ]  # fmt: skip
        raw = "\n".join([_snowplow(), *bad]).encode() + b"\n" + _snowplow(
            event_id="s-7", page_urlpath="/\xff"
        ).encode("latin-1")  # fmt: skip
        outcome = place.land("enriched.tsv.gz", raw)
        assert loaded(outcome) == {"in": 6, "loaded": 2, "duplicate": 0, "quarantined": 4}
        assert [row[1:3] for row in place.quarantine()] == [
            (3, "missing_event_id"), (4, "wrong_number_of_cells"), (5, "bad_occurred_at"),
            (6, "invalid_utf8"),
        ]  # fmt: skip

    def test_a_line_of_tabs_is_blank_beside_bytes_that_are_no_text(self, place) -> None:
        raw = f"{_snowplow()}\n\t\t\n".encode() + _snowplow(page_urlpath="/\xff").encode("latin-1")
        outcome = place.land("enriched.tsv", raw)
        assert loaded(outcome) == {"in": 2, "loaded": 1, "duplicate": 0, "quarantined": 1}
        assert [row[1:3] for row in place.quarantine()] == [(3, "invalid_utf8")]

    @pytest.mark.parametrize("damaged", [1, 4])
    def test_a_log_whose_first_lines_are_damaged(self, place, damaged) -> None:
        short = _snowplow(event_id="s-9").rpartition("\t")[0]
        good = [_snowplow(event_id=f"s-{number}") for number in range(3)]
        outcome = place.land("enriched.tsv", "\n".join([*[short] * damaged, *good]))
        assert outcome.format == "snowplow"
        assert loaded(outcome) == {
            "in": damaged + 3, "loaded": 3, "duplicate": 0, "quarantined": damaged,
        }  # fmt: skip
        aside = ("drop/enriched.tsv", 1, "wrong_number_of_cells")
        assert place.quarantine()[0][:3] == aside
        assert "s-9" in place.quarantine()[0][3]
