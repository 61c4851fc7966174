"""What a file is taken for where its first line or its few records tell less than usual."""

from __future__ import annotations

import json

import pytest

from tests.unit.ingest.conftest import loaded, rejected
from tests.unit.ingest.test_formats import OKTA, TICKET
from tests.unit.ingest.test_formats_events import _posthog
from tests.unit.ingest.test_formats_surveys import _qualtrics, _response
from tests.unit.ingest.test_snowplow import _snowplow


def test_a_log_whose_first_cell_is_empty(place) -> None:
    outcome = place.land("e.tsv", f"\n{_snowplow(app_id='')}\n{_snowplow(event_id='s-2')}\n")
    assert outcome.format == "snowplow"
    assert loaded(outcome)["loaded"] == 2


def test_a_wide_table_with_a_header_is_no_log(place) -> None:
    heads, *rest = _qualtrics(_response(1), delimiter="\t").splitlines()
    wide = ["\t".join([heads, *(f"Q{n}" for n in range(110))])]
    wide += ["\t".join([row, *("1" for _ in range(110))]) for row in rest]
    outcome = place.land("New Users.csv", "\n".join(wide))
    assert outcome.format == "qualtrics"
    assert loaded(outcome)["loaded"] == 112


@pytest.mark.parametrize(
    ("record", "known"),
    [(OKTA, "okta_system_log_lines"), (_posthog("p-1", "x") | {"elements": []}, "posthog"),
     (_posthog("p-1", "x") | {"elements": [{"tag": "a"}]}, "posthog")],
)  # fmt: skip
def test_a_single_event_that_holds_a_list_is_no_page(place, record, known) -> None:
    outcome = place.land("one.json", json.dumps(record) + "\n")
    assert outcome.format == known
    assert loaded(outcome)["loaded"] == 1


@pytest.mark.parametrize(
    ("page", "known"),
    [({"conversations": [], "type": "conversation.list"}, "intercom_conversations"),
     ({"issues": [], "isLast": True}, "jira_issues"),
     ({"incidents": [], "more": False}, "pagerduty_incidents")],
)  # fmt: skip
def test_a_page_without_records_is_known_by_where_they_would_stand(place, page, known) -> None:
    outcome = place.land("last.json", json.dumps(page))
    assert (outcome.status, outcome.format, outcome.parts) == ("loaded", known, ())


@pytest.mark.parametrize(
    "page", [[], {"results": []}, {"issues": [], "tickets": [{"id": 1}]}], ids=str
)
def test_an_empty_page_that_several_may_send_or_that_holds_something_else_is_not_guessed(
    place, page
) -> None:
    rejected(place.land("page.json", json.dumps(page)), "unknown_format")


def test_records_of_a_page_need_not_all_have_all_names(place) -> None:
    answer = {"type": "number", "field": {"ref": "nps"}, "number": 9}
    items = [{"token": f"t-{n}", "landed_at": "2026-05-01T09:00:00Z",
              "submitted_at": "2026-05-01T09:05:00Z"} for n in range(6)]  # fmt: skip
    items[5]["answers"] = [answer]
    assert loaded(place.land("nps.json", json.dumps({"items": items})))["loaded"] == 1


def test_nothing_where_records_should_stand_is_told(place) -> None:
    page = {"tickets": None, "end_of_stream": True}
    rejected(place.land("t.json", json.dumps(page)), "no_records", "tickets")
    assert loaded(place.land("t.json", json.dumps(page | {"tickets": [TICKET]})))["loaded"] == 1


def test_a_line_that_names_the_delimiter_is_no_header(place) -> None:
    text = (
        "sep=;\nInvoice number;Vendor;Invoice date;Amount;Currency\n"
        "I-1;Figma, Inc, of Delaware, US, etc;2026-05-01;5;EUR\n"
    )
    place.land("invoices.csv", text)
    assert place.rows("tool_spend", "spend_id, vendor_name, source_line") == [
        ("I-1", "Figma, Inc, of Delaware, US, etc", 3)
    ]
