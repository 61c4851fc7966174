"""Survey exports in their vendors' shapes: which survey it is, and what is an answer."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from ingest.drift import changes
from ingest.ledger import read_manifests
from tests.unit.ingest.conftest import loaded, rejected
from tests.unit.ingest.test_shapes import deliver

_HEADER = (
    "StartDate EndDate Status IPAddress RecordedDate ResponseId RecipientLastName "
    "ExternalReference NPS CSAT_1 plan contact_email"
)
HEADS = _HEADER.split()
LABELS = [*HEADS[:8], "How likely?", "The editor?", *HEADS[10:]]
ANSWERS = "response_id, question_id, question_text, answer_text"


def _response(number: int) -> list[str]:
    return ["2026-05-01 09:00:00", "2026-05-01 09:05:00", "IP Address", "203.0.113.9",
            "2026-05-01 09:05:01", f"R_{number}", "Smith", "u-1", "9", "4", "pro",
            "ann@corp.test"]  # fmt: skip


def _qualtrics(*responses: list[str], delimiter: str = ",") -> str:
    # Data that came with the invitation bears its own name there, as the response's columns do.
    questions = {"NPS": "QID1", "CSAT_1": "QID2_1"}
    imported = [json.dumps({"ImportId": questions.get(head, head)}) for head in HEADS]
    quoted = [f'"{text.replace(chr(34), chr(34) * 2)}"' for text in imported]
    rows = [HEADS, LABELS, quoted, *responses]
    return "".join(delimiter.join(row) + "\n" for row in rows)


TRUTH = [
    (response, question, label, answer)
    for response in ("R_1", "R_2")
    for question, label, answer in (
        ("csat_1", "The editor?", "4"), ("nps", "How likely?", "9"),
    )
]  # fmt: skip


def test_questions_bear_any_name_and_each_download_is_the_same_survey(place) -> None:
    first = place.land("New Users_May 2, 2026_10.15.csv", _qualtrics(_response(1)))
    assert loaded(first) == {"in": 2, "loaded": 2, "duplicate": 0, "quarantined": 0}
    both = _qualtrics(_response(1), _response(2))
    again = place.land("New Users_May 9, 2026_08.00.csv", both)
    assert loaded(again) == {"in": 4, "loaded": 2, "duplicate": 2, "quarantined": 0}
    copy = place.land("New Users_May 9, 2026_08.00 (1).csv", both + "\n")
    assert loaded(copy)["duplicate"] == 4
    assert place.rows("survey_responses", f"distinct survey_id, {ANSWERS}", "order by all") == [
        ("New Users", *row) for row in TRUTH
    ]


def test_what_came_with_the_invitation_is_kept_beside_the_answers_and_told(place) -> None:
    place.land("New Users_May 2, 2026_10.15.csv", _qualtrics(_response(1)))
    rows = place.rows("survey_responses", "question_id, extra, user_id", "order by 1")
    assert [(question, user) for question, _, user in rows] == [("csat_1", "u-1"), ("nps", "u-1")]
    extra = {"startdate": "2026-05-01 09:00:00", "enddate": "2026-05-01 09:05:00", "plan": "pro"}
    assert [json.loads(more) for _, more, _ in rows] == [extra, extra]
    told = {c.column: c.remedy[:4] for c in changes(read_manifests(place.workspace.lake))}
    assert told == {"ipaddress": "not ", "recipientlastname": "not ", "contact_email": "not ",
                    "startdate": "kept", "enddate": "kept", "plan": "kept"}  # fmt: skip


def test_hidden_fields_are_kept_beside_the_answers_and_told(place) -> None:
    answer = {"type": "number", "field": {"id": "f", "ref": "nps"}, "number": 9}
    hidden = {"user_id": "u-1", "email": "ann@corp.test", "first_name": "Ann", "ref": "ann@x.test"}
    for day, more in ((1, {}), (2, {"plan": "pro", "seats": 4, "phone": "+49 30 1234567"})):
        item = {"token": f"t-{day}", "landed_at": f"2026-05-0{day}T09:00:00Z", "answers": [answer],
                "submitted_at": f"2026-05-0{day}T09:05:00Z", "hidden": hidden | more}  # fmt: skip
        deliver(place, day, json.dumps({"items": [item]}), f"new_2026-05-0{day}.json")
    rows = place.rows("survey_responses", "user_id, email_domain, extra", "order by response_id")
    assert [(user, domain) for user, domain, _ in rows] == [("u-1", "corp.test")] * 2
    first = {"hidden_ref": "***@x.test", "hidden_user_id": "u-1"}
    more = {"hidden_plan": "pro", "hidden_seats": "4"}
    assert [json.loads(row[2]) for row in rows] == [first, first | more]
    found = changes(read_manifests(place.workspace.lake))
    news = {c.column for c in found if c.what == "new"}
    assert news == {"hidden_plan", "hidden_seats", "hidden_phone"}


def test_other_answers_than_those_to_choose_from_are_answers(place) -> None:
    told = [
        ("choice", {"other": "By mail"}, "By mail"), ("choice", {"label": "CSV"}, "CSV"),
        ("choices", {"labels": ["CSV", "PDF"], "other": "XLSX"}, '["CSV","PDF"]'),
        ("choices", {"ids": ["a"], "other": "XML"}, "XML"), ("boolean", False, "false"),
        ("file_url", "https://x.test/1", "https://x.test/1"), ("phone_number", "+49301234567", ...),
    ]  # fmt: skip
    answers = [{"type": kind, "field": {"ref": f"q{n}"}, kind: value}
               for n, (kind, value, _) in enumerate(told)]  # fmt: skip
    item = {"token": "t", "landed_at": "2026-05-01T09:00:00Z", "answers": answers,
            "submitted_at": "2026-05-01T09:05:00Z"}  # fmt: skip
    place.land("new.json", json.dumps({"items": [item]}))
    rows = place.rows("survey_responses", "answer_text, extra", "order by question_id")
    assert [row[0] for row in rows[:6]] == [text for _, _, text in told[:6]]
    assert rows[6][0] == "[phone]"
    assert [row[1] for row in rows[2:4]] == ['{"choices_other":"XLSX"}', '{"choices_other":"XML"}']


@pytest.mark.parametrize(("zone", "hour"), [("America/Denver", 15), ("Z", 9)])
def test_times_are_in_the_zone_that_the_header_tells(place, zone, hour) -> None:
    text = _qualtrics(_response(1)).replace(
        '""RecordedDate""}', f'""recordedDate"", ""timeZone"": ""{zone}""}}'
    )
    place.land("New Users.csv", text)
    assert place.rows("survey_responses", "distinct submitted_at") == [
        (datetime(2026, 5, 1, hour, 5, 1),)
    ]


def test_a_zone_that_nobody_knows_refuses_the_file(place) -> None:
    told = '""recordedDate"", ""timeZone"": ""Mars/Olympus""}'
    outcome = place.land("x.csv", _qualtrics(_response(1)).replace('""RecordedDate""}', told))
    rejected(outcome, "not_readable", "the header's timeZone", "Mars/Olympus")


def test_a_table_with_tabs_between_cells_is_the_same_export(place) -> None:
    text = _qualtrics(_response(1), _response(2), delimiter="\t")
    place.land("New Users_2026-05-02.tsv", text.encode("utf-16"))
    assert place.rows("survey_responses", f"distinct survey_id, {ANSWERS}", "order by all") == [
        ("New Users", *row) for row in TRUTH
    ]


@pytest.mark.parametrize("name", ["new_2026-05-02.json", "new_2026-06-02 (1).json", "new_2.json"])
def test_a_page_of_typeform_is_of_the_form_that_its_name_tells(place, name) -> None:
    answer = {"type": "number", "field": {"id": "f", "ref": "nps"}, "number": 9}
    item = {"token": "t-1", "landed_at": "2026-05-01T09:00:00Z", "answers": [answer],
            "submitted_at": "2026-05-01T09:05:00Z", "hidden": {}}  # fmt: skip
    place.land(name, json.dumps({"items": [item]}))
    assert place.rows("survey_responses", "survey_id, response_id") == [("new", "t-1")]
