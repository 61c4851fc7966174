"""People are found in what each kind of source delivers: help desks, interviews, bare addresses.

Belongs here: that forget reaches the rows. Does not belong here: how each trace goes
(`test_forget`), spellings (`test_forget_spellings`).
"""

from __future__ import annotations

import bz2
import gzip
import json

import pytest

from ingest.erasures import read_erasures
from ingest.forget import look_for
from ingest.formats import load_formats
from ingest.ledger import read_batches
from ingest.privacy import email_key
from ingest.subjects import make_request
from ingest.telling import told
from tests.unit.ingest.conftest import HASH_KEY, lines
from tests.unit.ingest.forgetting import ASKED, MAIL, USER, forget, one, traces
from tests.unit.ingest.test_formats_vendors import CONVERSATION, FRESH

ADA = {"type": "user", "id": "5ba682d23d7cf92bef87bfd4", "name": "Ada", "email": MAIL}
PARTS = [{"id": "m-1", "part_type": "comment", "body": "Still broken", "created_at": 1777636800,
          "author": ADA}]  # fmt: skip
OURS = CONVERSATION | {
    "source": CONVERSATION["source"] | {"author": ADA},
    "contacts": {"contacts": [{"type": "contact", "id": ADA["id"], "external_id": USER}]},
}
ZENDESK = (
    "ID,Requester,Requester id,Requester external id,Requester email,Submitter,Group,Subject,"
    "Status,Via,Created at,Updated at,Solved at\n"
    f"1,Ada,99,{USER},{MAIL},Ada,Support,hi,Open,Mail,2026-05-01 10:00,2026-05-01 11:00,\n"
    "2,Bob,98,,bob@corp.test,Bob,Support,ho,Open,Mail,2026-05-01 10:00,2026-05-01 11:00,\n"
    "3,,,,,Bob,Support,hm,Open,Mail,2026-05-01 10:00,2026-05-01 11:00,\n"
)
DESKS = {
    "intercom": {
        "page.json": json.dumps({"conversations": [OURS, CONVERSATION | {"id": "c-2"}]}),
        "c-1.json": json.dumps(OURS | {"conversation_parts": {"conversation_parts": PARTS}}),
    },
    "freshdesk": {
        "fresh.json": json.dumps([
            FRESH | {"requester_id": 42, "requester": {"id": 42, "email": MAIL}},
            FRESH | {"id": 32},
        ]),
    },
    "zendesk": {"tickets.csv": ZENDESK},
}  # fmt: skip


def test_who_asked_a_help_desk_is_found_by_address(place) -> None:
    for desk in DESKS.values():
        for name, content in desk.items():
            place.drop(name, content)
    assert place.run().count("loaded") == 4 + 1  # and the company's own configuration
    assert place.quarantine() == []
    found, seen = forget(place)
    assert seen.is_clean
    assert found.rows["tickets"] == 3
    assert place.rows("tickets", "source, ticket_id", "order by 1, 2") == [
        ("freshdesk", "32"), ("intercom", "c-2"), ("zendesk", "2"), ("zendesk", "3"),
    ]  # fmt: skip
    assert place.rows("ticket_messages", "body", "and body = 'Still broken'") == []
    assert traces(place, MAIL) == []
    assert not found.unlinked


def test_who_was_erased_before_a_help_desk_was_known_stays_away(place) -> None:
    forget(place)
    for desk in DESKS.values():
        for name, content in desk.items():
            # Each by a run of its own: Intercom's parts name nobody by address who is no admin.
            assert place.land(name, content).status == "loaded"
    assert place.rows("tickets", "source, ticket_id", "order by 1, 2") == [
        ("freshdesk", "32"), ("intercom", "c-2"), ("zendesk", "2"), ("zendesk", "3"),
    ]  # fmt: skip
    assert place.rows("ticket_messages", "body", "and body = 'Still broken'") == []
    assert traces(place, MAIL) == []
    # A year on, without the address: they are known by the vendor's id of them.
    later = ZENDESK.replace("\n1,", "\n7,").replace(MAIL, "").replace(USER, "")
    assert place.land("later.csv", later).parts[1].rows_suppressed == 1
    (met,) = [r for r in read_erasures(place.workspace.lake) if r["status"] == "met"]
    assert len(met["subjects"]) == len({*"123", *"abc", "7"})  # three people's refs, four tickets


def test_all_formats_tell_who_somebody_is_before_what_they_did() -> None:
    for known in load_formats():
        contracts = [part.contract for part in known.parts]
        assert "identities" not in contracts[1:], known.name


def test_the_products_id_of_who_asked_is_taken_where_one_person_stands(place) -> None:
    both = [{"id": "p-1", "external_id": "u-1"}, {"id": "p-2", "external_id": "u-2"}]
    crowd = OURS | {"id": "c-3", "contacts": {"contacts": both},
                    "source": CONVERSATION["source"]}  # fmt: skip
    place.land("page.json", json.dumps({"conversations": [OURS, crowd]}))
    place.land("tickets.csv", ZENDESK)
    assert place.rows("identities", "source, identity_ref, user_id", "order by 1, 2") == [
        ("intercom", ADA["id"], USER), ("intercom", "p-1", None),
        ("zendesk", "98", None), ("zendesk", "99", USER),
    ]  # fmt: skip


MAPPED = """
sources:
  - name: desk
    files: "desk/*.csv"
    contract: tickets
    reader: {kind: csv}
    fields: {ticket_id: id, status: {const: open}, requester_ref: who, assignee_ref: agent,
             version_at: at, created_at: at, updated_at: at}
"""


def test_where_an_address_is_the_vendors_id_it_is_theirs(make_place) -> None:
    place = make_place(MAPPED)
    rows = f"id,who,agent,at\n1,{MAIL},x,2026-05-01\n2,bob@corp.test,{MAIL},2026-05-01\n"
    place.land("desk/a.csv", rows)
    found, seen = forget(place)
    assert found.subject.tickets == {("desk", "1")}
    assert seen.is_clean
    assert place.rows("tickets", "ticket_id, assignee_ref") == [("2", "[erased]")]
    outcome = place.land("desk/b.csv", rows.replace("\n1,", "\n3,").replace("\n2,", "\n4,"))
    assert outcome.parts[0].rows_suppressed == 1
    assert place.rows("tickets", "ticket_id, assignee_ref", "order by 1") == [
        ("2", "[erased]"), ("4", "[erased]"),
    ]  # fmt: skip


CALL = {"calls": [{"metaData": {"id": "c1", "started": "2026-05-01T10:00:00Z", "title": "Call"},
                   "parties": [], "context": [{"system": "HubSpot", "owner": MAIL}],
                   "content": {"brief": "Ada wants SSO"}}]}  # fmt: skip


def test_a_file_that_names_them_without_a_row_of_theirs_is_told(place) -> None:
    place.land("gong.json", json.dumps(CALL))
    for found in (look_for(place.workspace, ASKED), forget(place)[0]):
        assert found.unlinked == ["drop/gong.json"]
        assert "look into them.\n  drop/gong.json\n" in told(found) + "\n"


def test_who_asks_by_a_further_address_is_found_by_the_first(place) -> None:
    def contact(number: int, email: str, others: str | None) -> dict:
        return {"id": f"{number}", "properties": {
            "email": email, "hs_additional_emails": others,
            "lastmodifieddate": "2026-05-01T09:00:00Z"}}  # fmt: skip

    ada = contact(101, "ada@home.test", f"old@corp.test;{MAIL}")
    page = json.dumps({"results": [ada, contact(102, "bob@corp.test", "bob@home.test")]})
    place.drop("contacts.json", page)
    signed = one(1, USER, "device-ada-77", traits={"email": "ada@home.test"}, type="identify")
    place.land("e.json", lines(signed, one(2, "user-bob-88", "device-bob-88")))
    found, seen = forget(place)
    assert found.rows == {"identities": 3, "usage_events": 1}
    assert seen.is_clean
    kept = place.rows("identities", "identity_ref, role", "order by length(identity_ref)")
    assert kept == [("102", "contact"), (email_key("bob@home.test", HASH_KEY), "mailbox")]
    raw = "".join(path.read_text() for path in (place.home / "lake/landing").rglob("*contacts*"))
    assert "bob@home.test" in raw
    assert not any(address in raw for address in ("ada@home.test", "old@corp.test", MAIL))


FIGMA = (
    "Name,Email,Role,Seat,Date added,Last Seen\n"
    f"Ada,{MAIL},Admin,Full,2026-01-05,Never\nBob,bob@corp.test,Admin,Full,2026-01-05,Never\n"
)


def test_by_user_id_the_clear_address_goes_from_raw_copies(place) -> None:
    place.land("e.json", lines(one(1, USER, "device-ada-77", type="identify", properties=None,
                                   traits={"email": MAIL})))  # fmt: skip
    place.land("figma-2026-05-01.csv", FIGMA)
    place.land("figma-2026-05-02.csv", FIGMA.encode("utf-16"))
    place.land("odd.txt", f"nobody knows what this is, but <mailto:{MAIL.upper()}>, is in it\n")
    found, seen = forget(place, make_request(user_ids=[USER]))
    assert found.subject.emails == {MAIL}
    assert seen.is_clean
    assert traces(place, MAIL) == []
    assert traces(place, "bob@corp.test")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_by_user_id_the_clear_address_is_found_in_utf_16_alone(place, encoding) -> None:
    place.land("figma-2026-05-01.csv", FIGMA.encode(encoding))
    page = {"users": [{"id": 9001, "external_id": USER, "email": MAIL, "role": "end-user",
                       "updated_at": "2026-05-01T00:00:00Z"}], "end_of_stream": True}  # fmt: skip
    place.land("people.json", json.dumps(page).encode(encoding))
    found, seen = forget(place, make_request(user_ids=[USER]))
    assert found.subject.emails == {MAIL}
    assert seen.is_clean
    kept = [p.read_bytes() for p in (place.home / "lake/landing").rglob("*") if p.is_file()]
    word = MAIL.encode("utf-16-be" if encoding.endswith("be") else "utf-16-le")
    assert not [data for data in kept if word in data or MAIL.encode() in data]
    assert [data for data in kept if b"bob@corp.test" in data]


NOTE = """---
type: interview
date: 2026-05-04
id: INT-014
participant: Ada Lovelace
email: {mail}
---
{said}
"""


def test_what_somebody_said_in_an_interview_goes_and_stays_away(place) -> None:
    notes = place.home / "registry" / "notes"
    notes.mkdir(parents=True)
    (notes / "a.md").write_text(NOTE.format(mail=MAIL, said="Export is slow."))
    (notes / "b.md").write_text(NOTE.format(mail="bob@corp.test", said="Fine.").replace("14", "15"))
    place.run()
    found, seen = forget(place)
    assert found.rows == {"feedback_notes": 1, "research_sessions": 1}
    assert seen.is_clean
    # Edited, and under another id: neither the session nor what was said comes back.
    (notes / "a.md").write_text(NOTE.format(mail=MAIL, said="Export is very slow."))
    (notes / "c.md").write_text(NOTE.format(mail=MAIL, said="Again.").replace("014", "016"))
    place.run()
    assert place.rows("research_sessions", "session_id") == [("INT-015",)]
    assert place.rows("feedback_notes", "note_id, body") == [("INT-015", "Fine.")]
    held = [b.rows_suppressed for b in read_batches(place.workspace.lake) if b.rows_suppressed]
    assert held == [1, 1, 1, 1]
    assert traces(place, MAIL, "very slow") == []


def test_raw_copies_that_nobody_can_look_into_go(place) -> None:
    text = f"who knows, {MAIL}\n" * 400
    place.land("packed.bz2", bz2.compress(text.encode()))
    place.land("cut.json.gz", gzip.compress(text.encode())[:-9])
    place.land("odd.txt", "nobody in it\n")
    found, seen = forget(place)
    assert sorted(found.raw_removed) == ["drop/cut.json.gz", "drop/packed.bz2"]
    assert seen.is_clean
    kept = [path.name for path in (place.home / "lake/landing").rglob("*.*") if path.is_file()]
    assert [name for name in kept if "odd" in name or "packed" in name or "cut" in name] == [
        name for name in kept if "odd" in name
    ]
