"""Files that are no native export, told field by field in productops.yml."""

from __future__ import annotations

import json
from datetime import date, datetime

from tests.unit.ingest.conftest import lines, part, rejected

CSV = """sources:
  - name: shop
    files: "shop/*.csv"
    contract: usage_events
    reader: {kind: csv, delimiter: ";"}
    zone: Europe/Berlin
    clock: {timestamp: when, received: when}
    fields:
      event_id: {as: hash}
      event_name: {path: what, values: {buy: Bought, look: Looked}, default: Other}
      event_type: {const: track}
      user_id: [customer, guest]
"""


def test_a_table_with_a_delimiter_a_zone_words_and_ids_of_its_own(make_place) -> None:
    place = make_place(CSV)
    outcome = place.land(
        "shop/may.csv",
        "when;what;customer;guest;colour;E-Mail\n"
        "2026-05-01 12:00:00;buy;;g1;red;ann@corp.test\n"
        "2026-05-01 12:00:00;buy;;g1;red;ann@corp.test\n"
        "2026-05-01 12:00:01;shrug;c2;g2;;x\n"
        "soon;look;c3;;;\n",
    )
    assert part(outcome, "usage_events") == {"in": 4, "loaded": 2, "duplicate": 1, "quarantined": 1}
    rows = place.rows(
        "usage_events", "event_name, user_id, occurred_at, source, extra", "order by occurred_at"
    )
    assert rows == [
        ("Bought", "g1", datetime(2026, 5, 1, 10), "shop", '{"colour":"red"}'),
        ("Other", "c2", datetime(2026, 5, 1, 10, 0, 1), "shop", None),
    ]
    assert [row[1:3] for row in place.quarantine()] == [(5, "bad_occurred_at")]


def test_a_missing_column_of_the_clock_names_file_line_column_and_remedy(make_place) -> None:
    outcome = make_place(CSV).land("shop/may.csv", "at;what;customer\n2026-05-01;buy;c1\n")
    assert (outcome.status, outcome.reason) == ("rejected", "missing_required_column")
    for word in ("drop/shop/may.csv", "line 1", "'when'", "occurred_at", "productops.yml"):
        assert word in outcome.detail


def test_a_first_row_of_data_is_not_told_and_a_header_is(make_place) -> None:
    place = make_place(CSV)
    data = "1;ann smith;ann@corp.test;+49 170 1234567\n2;bob;bob@corp.test;\n"
    outcome = place.land("shop/may.csv", data)
    rejected(outcome, "missing_required_column", "'when'", "as in a file without a header")
    for personal in ("ann", "bob", "170"):
        assert personal not in outcome.detail
    header = "at;what;customer;Größe (cm);ann@corp.test;+49 170 1234567"
    outcome = place.land("shop/june.csv", f"{header}\n2026-05-01;buy;c1;1;2;3\n")
    held = "the header has at, what, customer, größe (cm) and 2 more."
    rejected(outcome, "missing_required_column", held)


def test_a_required_column_of_a_field_that_is_missing(make_place) -> None:
    place = make_place(CSV.replace("event_type: {const: track}", "event_type: kind"))
    outcome = place.land("shop/may.csv", "when;what;customer\n2026-05-01;buy;c1\n")
    assert (outcome.status, outcome.reason) == ("rejected", "missing_required_column")
    for word in ("drop/shop/may.csv", "line 1", "'kind'", "event_type", "productops.yml"):
        assert word in outcome.detail
    assert not place.rows("usage_events")


NDJSON = """sources:
  - name: log
    files: "*.log.json"
    contract: tool_activity
    reader: {kind: ndjson}
    fields:
      activity_id: {as: hash}
      occurred_at: {path: t, as: epoch_ms}
      app_name: app.name
      activity_type: {const: open}
      activity_evidence: {const: L2}
      email_key: {path: who, as: email_key}
      email_domain: {path: who, as: email_domain}
"""


def test_lines_with_an_id_made_of_the_whole_record(make_place) -> None:
    place = make_place(NDJSON)
    one = {"t": 1777629600000, "app": {"name": "Figma"}, "who": "a@b.test"}
    outcome = place.land("x.log.json", lines(one, one, one | {"n": 1}, one | {"t": "x"}, "bad"))
    assert part(outcome, "tool_activity") == {
        "in": 5,
        "loaded": 2,
        "duplicate": 1,
        "quarantined": 2,
    }
    rows = place.rows("tool_activity", "distinct occurred_at, app_name, email_domain")
    assert rows == [(datetime(2026, 5, 1, 10), "Figma", "b.test")]


JSON = """sources:
  - name: deals
    files: "deals-*.json"
    reader: {kind: json}
    parts:
      - contract: opportunities
        records: data.deals
        fields:
          opportunity_id: id
          name: title
          amount_minor: {path: value, as: money, currency: unit}
          currency: unit
          stage: {path: state, as: lower}
          created_at: made
          updated_at: made
          closes_on: {path: ends, format: "%d.%m.%Y", nulls: [never]}
"""


def test_a_document_with_records_deep_inside(make_place) -> None:
    place = make_place(JSON)
    deal = {"id": 1, "title": "Big", "value": "1.000,50", "unit": "EUR", "state": "OPEN",
            "made": "2026-05-01T02:00:00+02:00", "ends": "31.12.2026"}  # fmt: skip
    page = {"data": {"deals": [deal, deal | {"id": 2, "ends": "never"},
                               deal | {"id": 3, "ends": "12/31/2026"}]}}  # fmt: skip
    outcome = place.land("deals-1.json", json.dumps(page))
    assert part(outcome, "opportunities") == {
        "in": 3,
        "loaded": 2,
        "duplicate": 0,
        "quarantined": 1,
    }
    rows = place.rows(
        "opportunities", "opportunity_id, amount_minor, stage, created_at, closes_on", "order by 1"
    )
    assert rows == [
        ("1", 100050, "open", datetime(2026, 5, 1), date(2026, 12, 31)),
        ("2", 100050, "open", datetime(2026, 5, 1), None),
    ]
    assert [row[1:3] for row in place.quarantine()] == [(3, "bad_closes_on")]


def test_a_mapping_comes_before_the_native_formats(make_place) -> None:
    place = make_place(NDJSON.replace("*.log.json", "*.json"))
    segment = {"messageId": "m", "type": "track", "receivedAt": "2026-05-01T00:00:00Z", "t": 1}
    assert place.land("x.json", lines(segment)).format == "mapping:log"


LIST = """sources:
  - name: opens
    files: "*.opens.json"
    reader: {kind: json}
    parts:
      - contract: tool_activity
        records: apps
        explode: ['days[].opens']
        fields:
          activity_id: {as: hash}
          occurred_at: {path: t, as: epoch_ms}
          app_name: _parent._parent.app
          activity_type: {const: open}
          activity_evidence: {const: L2}
"""


def test_entries_of_a_list_that_grows_at_its_head_are_loaded_once(make_place) -> None:
    """Ids made of the whole record don't hang on its place in the list, nor on its list's."""
    place = make_place(LIST)
    first, second, third = ({"t": 1777629600000 + n * 1000} for n in range(3))
    bad = {"t": "soon", "_position": "its own"}

    def export(*days: list) -> str:
        return json.dumps({"apps": [{"app": "Figma", "days": [{"opens": day} for day in days]}]})

    once = place.land("1.opens.json", export([second, first, bad]))
    assert part(once, "tool_activity") == {"in": 3, "loaded": 2, "duplicate": 0, "quarantined": 1}
    again = place.land("2.opens.json", export([third], [second, first]))
    assert part(again, "tool_activity") == {"in": 3, "loaded": 1, "duplicate": 2, "quarantined": 0}
    assert len(place.rows("tool_activity")) == 3
    assert all("_position" not in str(row) for row in place.quarantine())
