"""Notes, calls, transcripts and ideas: what people said, in the shapes it is written down in."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest

from tests.unit.ingest.conftest import loaded, part, rejected
from tests.unit.ingest.test_formats import key

MAY4, NOON = datetime(2026, 5, 4), datetime(2026, 5, 4, 12)

INTERVIEW = """---
type: interview
id: INT-014
study: onboarding_2026q2
date: 2026-05-04
participant: Ann@Corp.test
account: acc-1
method: Interview
consent: no
researcher: dana
tags: [data export, sso]
version: 1.10
---
# What she said

She exports *by hand*.
---
And a rule is no front matter.
"""


def test_an_interview_is_a_session_and_a_note(place) -> None:
    outcome = place.land("interviews/ann.md", INTERVIEW)
    assert {p.contract: p.rows_loaded for p in outcome.parts} == {
        "feedback_notes": 1, "research_sessions": 1,
    }  # fmt: skip
    assert place.rows(
        "feedback_notes", "note_id, note_type, occurred_at, author_ref, account_ref, body"
    ) == [
        ("INT-014", "interview", MAY4, "dana", "acc-1",
         "# What she said\n\nShe exports *by hand*.\n---\nAnd a rule is no front matter.")
    ]  # fmt: skip
    # `no` is what the note says, not a boolean; an address is kept as key and domain alone.
    assert place.rows(
        "research_sessions",
        "session_id, study_id, participant_ref, email_key, email_domain, method, consent, tags",
    ) == [
        ("INT-014", "onboarding_2026q2", None, key("ann@corp.test"), "corp.test", "interview", "no",
         '["data export","sso"]')
    ]  # fmt: skip


CALL = "---\ntype: Call\naccount: acc-1\ndate: 2026-05-04 12:00\ndeal: opp-7\n---\nThey need SSO\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [("call.md", CALL), ("call.txt", CALL), ("call.markdown", CALL.replace("\n", "\r\n")),
     ("call.md", "\ufeff" + CALL)],
)  # fmt: skip
def test_a_sales_note_without_an_id_is_known_by_its_file(place, name, text) -> None:
    place.land(f"notes/{name}", text)
    columns = "note_id, note_type, occurred_at, account_ref, opportunity_id, body, source"
    assert place.rows("feedback_notes", columns) == [
        (f"drop/notes/{name}", "call", NOON, "acc-1", "opp-7", "They need SSO", "notes")
    ]


@pytest.mark.parametrize("text", [CALL, INTERVIEW], ids=["sales", "interview"])
def test_an_edited_note_replaces_itself_and_a_deleted_one_is_taken_back(place, text) -> None:
    path = place.drop("notes/note.md", text)
    place.run()
    place.land("notes/note.md", text.replace("acc-1", "acc-2"))
    assert place.rows("feedback_notes", "account_ref") == [("acc-2",)]
    path.unlink()
    place.run()
    assert place.rows("feedback_notes", "count(*)") == [(0,)]
    assert place.rows("research_sessions", "count(*)") == [(0,)]


def test_notes_may_lie_in_the_register(place) -> None:
    path = place.home / "registry" / "notes" / "ann.md"
    path.parent.mkdir(parents=True)
    path.write_text(INTERVIEW)
    place.run()
    assert place.rows("research_sessions", "session_id, source_file") == [
        ("INT-014", "registry/notes/ann.md")
    ]


BAD = [
    (CALL.replace("deal: opp-7", "deal: [opp-7"), 6, "malformed_front_matter"),
    (CALL.replace("deal: opp-7", "deal: a\n  b: - c"), 6, "malformed_front_matter"),
    (CALL.replace("2026-05-04 12:00", "last week"), 1, "bad_occurred_at"),
    (CALL.replace("date: 2026-05-04 12:00\n", ""), 1, "missing_occurred_at"),
    (CALL.replace("\n---\n", "\n"), 1, "unclosed_front_matter"),
]


@pytest.mark.parametrize(("text", "line", "reason"), BAD, ids=["list", "map", "day", "no", "open"])
def test_a_bad_note_is_one_record_set_aside_with_its_text(place, text, line, reason) -> None:
    outcome = place.land("notes/call.md", text)
    assert loaded(outcome) == {"in": 1, "loaded": 0, "duplicate": 0, "quarantined": 1}
    ((file, at, why, raw),) = place.quarantine()
    assert (file, at, why) == ("drop/notes/call.md", line, reason)
    assert "They need SSO" in raw


def test_a_bad_interview_is_set_aside_once(place) -> None:
    outcome = place.land("ann.md", INTERVIEW.replace("tags: [", "tags: [["))
    assert [p.contract for p in outcome.parts] == ["research_sessions"]
    assert part(outcome, "research_sessions")["quarantined"] == len(place.quarantine()) == 1


def test_bytes_that_are_no_text_are_set_aside(place) -> None:
    place.land("call.md", CALL.replace("SSO", "größer").encode().replace(b"gr", b"\xff"))
    assert [row[2] for row in place.quarantine()] == ["invalid_utf8"]


@pytest.mark.parametrize("text", ["# Read me\n\nNothing here.\n", "---\ntitle: A post\n---\nHi\n"])
def test_other_markdown_is_no_note(place, text) -> None:
    rejected(place.land("README.md", text), "unknown_format")


def test_a_mapping_may_read_notes_of_any_shape(make_place) -> None:
    place = make_place(
        "sources:\n"
        "  - name: visits\n"
        "    files: 'visits/*.md'\n"
        "    contract: feedback_notes\n"
        "    reader: {kind: markdown}\n"
        "    fields: {note_id: visit_no, note_type: {const: meeting}, occurred_at: visited_on,\n"
        "             body: _body, updated_at: visited_on}\n"
    )
    place.drop("visits/1.md", "---\nVisit-No: 7\nvisited on: 2026-05-04\n---\nOn site\n")
    place.drop("visits/2.md", "No front matter\n")
    place.run()
    assert place.rows("feedback_notes", "note_id, body") == [("7", "On site")]
    assert [row[2] for row in place.quarantine()] == ["no_front_matter"]


CALLS = {
    "requestId": "4al018gzaztcr8nbukw", "records": {"totalRecords": 1, "cursor": "eyJ"},
    "calls": [{
        "metaData": {"id": "7782342274025937895", "url": "https://app.gong.test/call?id=7",
                     "title": "Acme renewal", "scheduled": "2026-05-04T13:55:00+02:00",
                     "started": "2026-05-04T14:00:00+02:00", "duration": 460,
                     "primaryUserId": "234599484848423", "direction": "Inbound", "media": "Video"},
        "context": [{"system": "Salesforce", "objects": [
            {"objectType": "Opportunity", "objectId": "0063600000M", "fields": []},
            {"objectType": "Account", "objectId": "0013600001s", "fields": []}]}],
        "parties": [{"id": "56825452554556", "emailAddress": "ann@corp.test", "speakerId": "67",
                     "affiliation": "External", "name": "Ann Smith", "methods": ["Invitee"]},
                    {"id": "56825452554557", "emailAddress": "Dana@harborline.test",
                     "userId": "234599484848423", "speakerId": "12", "affiliation": "Internal"},
                    {"id": "56825452554558", "name": "+49 30 1234567", "speakerId": None,
                     "emailAddress": None, "affiliation": "Unknown"}],
        "content": {"brief": "They will renew if exports work."},
    }],
}  # fmt: skip


def test_gong_calls_know_account_and_deal(place) -> None:
    place.land("calls.json", json.dumps(CALLS))
    columns = "note_id, note_type, occurred_at, author_ref, account_ref, opportunity_id, body"
    assert place.rows("feedback_notes", columns) == [
        ("7782342274025937895", "call", NOON, "234599484848423", "0013600001s", "0063600000M",
         "They will renew if exports work.")
    ]  # fmt: skip
    columns = "identity_ref, role, email_key, email_domain, updated_at, extra"
    assert place.rows("identities", columns, "order by 1") == [
        ("12", "member", key("dana@harborline.test"), "harborline.test", NOON, None),
        ("56825452554558", "contact", None, None, NOON, None),
        ("67", "contact", key("ann@corp.test"), "corp.test", NOON, None),
    ]


def _turn(speaker: str, start: int, *texts: str | None) -> dict:
    sentences = [{"start": start, "end": start + 9, "text": text} for text in texts]
    return {"speakerId": speaker, "topic": "Objections", "sentences": sentences}


def test_gong_transcripts_have_a_row_per_turn(place) -> None:
    turns = [_turn("67", 460230, "No wait.", "We need exports."), _turn("12", 470000, "Why?"),
             _turn("67", 480000, "No wait.", None), _turn("67", 490000)]  # fmt: skip
    page = {"requestId": "4al", "records": {},
            "callTranscripts": [{"callId": "7782", "transcript": turns}]}  # fmt: skip
    outcome = place.land("transcripts_2026-05-04.json", json.dumps(page))
    assert loaded(outcome) == {"in": 4, "loaded": 4, "duplicate": 0, "quarantined": 0}
    assert place.rows("feedback_notes", "author_ref, body, occurred_at", "order by 1, 2") == [
        ("12", "Why?", MAY4),
        ("67", "No wait.", MAY4),
        ("67", "No wait. We need exports.", MAY4),
        ("67", None, MAY4),
    ]


def test_productboard_notes(place) -> None:
    note = {
        "id": "0aa1", "type": "simple", "createdAt": "2026-05-04T12:00:00Z",
        "updatedAt": "2026-05-04T12:00:00Z",
        "links": {"self": "https://api.productboard.test/v2/notes/0aa1", "html": "https://x.test"},
        "fields": {"name": "Export", "content": "<p>CSV <b>please</b></p>", "tags": [],
                   "creator": {"id": "m-1", "email": "dana@harborline.test"}},
        "relationships": {"links": {"next": None}, "data": [
            {"type": "customer", "target": {"id": "c-9", "type": "company"}}]},
    }  # fmt: skip
    user = note | {"id": "0aa2", "updatedAt": None, "relationships": {
        "data": [{"type": "customer", "target": {"id": "u-9", "type": "user"}}]}}  # fmt: skip
    place.land(
        "notes.json", json.dumps({"data": [note, user], "links": {"next": "https://n.test"}})
    )
    columns = "note_id, author_ref, account_ref, body, updated_at"
    assert place.rows("feedback_notes", columns, "order by 1") == [
        ("0aa1", "m-1", "c-9", "CSV please", NOON),
        ("0aa2", "m-1", None, "CSV please", NOON),
    ]


IDEAS = (
    "number,title,description,created_at,created_by,votes_count,comments_count,status,responded_by,"
    "responded_at,response,original_number,original_title,tags\n"
    "1,Export,As CSV,2026-05-04T12:00:00Z,Ann,12,1,open,,,,,,export\n"
    "2,Download,,2026-05-04T12:00:00Z,ann@corp.test,3,0,duplicate,Bob,2026-05-05T12:00:00Z,,1,Export,\n"
)


def test_a_duplicate_idea_stays_and_names_the_one_it_was_merged_into(place) -> None:
    place.land("ideas.csv", IDEAS)
    rows = place.rows(
        "feedback_notes", "note_id, author_ref, body, updated_at, extra", "order by 1"
    )
    assert [row[:4] for row in rows] == [
        ("1", "Ann", "As CSV", NOON),
        ("2", None, "Download", datetime(2026, 5, 5, 12)),
    ]
    extra = [json.loads(row[4]) for row in rows]
    assert [(e["votes_count"], e["status"], e["original_number"]) for e in extra] == [
        ("12", "open", ""), ("3", "duplicate", "1"),
    ]  # fmt: skip
    assert date(2026, 5, 4) == rows[0][3].date()
