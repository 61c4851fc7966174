"""No name, address, telephone number or IP of a person in the lake's tables; the key nowhere.

Free text (subjects, bodies, answers) may name people: it is redacted (`test_redaction`), and names
are not found there. Raw deliveries are kept too, under lake/landing.
"""

from __future__ import annotations

import json

import duckdb
import pytest

from ingest.contracts import load_contracts
from ingest.privacy import PERSONAL_HEADER, keyed_hash, mask_emails
from tests.unit.ingest.conftest import HASH_KEY, event, lines
from tests.unit.ingest.test_formats import OKTA, SLACK, TICKET

SECRETS = ("ada.secret", "lovelace", "+49 170 1234567", "203.0.113.77", "baker street")
FREE_TEXT = {
    (contract.name, column.name)
    for contract in load_contracts().values()
    for column in contract.columns
    if column.free_text
}


@pytest.fixture
def full(place):
    person = {
        "email": "Ada.Secret@corp.test",
        "name": "Ada Lovelace",
        "phone": "+49 170 1234567",
        "address": {"street": "Baker Street"},
        "ip": "203.0.113.77",
        "plan": "pro",
    }
    place.drop("events.json", lines(
        event(1, type="identify", traits=person, properties=None),
        event(2, properties=person | {"invited": ["ada.secret@corp.test", "x"]},
              context={"ip": "203.0.113.77", "traits": person}),
        event(3, properties={"nested": {"who": "ada.secret@corp.test"}, "url":
                             "https://x.test/?mail=ada.secret%40corp.test&m=ada.secret@corp.test"}),
    ))  # fmt: skip
    place.drop("slack.csv", SLACK.replace("ann@", "ada.secret@").replace("Ann Smith", "A Lovelace")
               .replace("ann,ada", "ada.secret,ada").replace(",ann,", ",Lovelace,"))  # fmt: skip
    place.drop(
        "figma.csv",
        "Name,Email,Role,Seat,Date added,Last Seen,Manager,Teams\n"
        "Ada Lovelace,ada.secret@corp.test,Admin,Full,2026-01-05,Never,"
        "ada.secret@corp.test,Design\n",
    )
    place.drop("okta.json", json.dumps([OKTA | {
        "actor": {"id": "00u1", "alternateId": "ada.secret@corp.test", "displayName": "Lovelace"},
        "client": {"ipAddress": "203.0.113.77"}}]))  # fmt: skip
    user = {"id": 1, "name": "Ada Lovelace", "email": "ada.secret@corp.test",
            "phone": "+49 170 1234567", "updated_at": "2026-05-01T00:00:00Z",
            "created_at": "2026-05-01T00:00:00Z"}  # fmt: skip
    place.drop("t.json", json.dumps({"tickets": [TICKET], "users": [user], "end_of_stream": True}))
    report = place.run()
    assert report.count("loaded") == 6
    return place


def test_no_value_of_a_person_is_in_any_column_of_the_lake(full) -> None:
    with duckdb.connect() as connection:
        for path in (full.home / "lake/bronze").rglob("*/dt=*/*.parquet"):
            contract = path.relative_to(full.home / "lake/bronze").parts[0]
            cursor = connection.execute(f"select * from read_parquet('{path}')")
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for column, value in zip(names, row, strict=True):
                    if (contract, column) in FREE_TEXT:
                        continue
                    text = str(value).lower()
                    assert not [s for s in SECRETS if s in text], (contract, column, value)


def test_the_test_would_see_them(full) -> None:
    raw = b"".join(p.read_bytes() for p in (full.home / "lake/landing").rglob("*.*") if p.is_file())
    for secret in SECRETS:
        assert secret in raw.decode(errors="replace").lower()


def test_what_is_not_personal_stays(full) -> None:
    rows = dict(full.rows("usage_events", "event_id, properties"))
    assert json.loads(rows["m-1"]) == {"plan": "pro"}
    assert json.loads(rows["m-2"]) == {"plan": "pro", "invited": ["***@corp.test", "x"]}
    assert json.loads(rows["m-3"])["nested"] == {"who": "***@corp.test"}
    extra = full.rows("tool_seats", "extra", "and tool_id = 'figma'")
    assert json.loads(extra[0][0]) == {"manager": "***@corp.test", "teams": "Design"}


def test_unknown_columns_are_reported_by_name_even_where_they_are_not_kept(place) -> None:
    outcome = place.land("slack.csv", SLACK)
    assert "fullname" in outcome.parts[0].new_columns


def test_one_person_is_one_key_in_all_sources(full) -> None:
    keys = {
        value
        for contract in ("usage_events", "tool_seats", "tool_activity", "identities")
        for (value,) in full.rows(contract, "email_key", "and email_domain = 'corp.test'")
        if contract != "tool_seats" or value
    }
    bob = full.rows("tool_seats", "email_key", "and member_ref = 'U2'")[0][0]
    assert len(keys - {bob}) == 1


def test_the_key_is_in_no_file_of_the_lake(full) -> None:
    for path in (full.home / "lake").rglob("*"):
        if path.is_file():
            assert HASH_KEY.encode() not in path.read_bytes(), path


def test_raw_bytes_are_for_the_owner_alone(full) -> None:
    assert (full.home / "lake/landing").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to a.b+c@x.co.uk, please", "write to ***@x.co.uk, please"),
        ("<a@b.test>;c@d.test", "<***@b.test>;***@d.test"),
        ("3 @ 4 and @team", "3 @ 4 and @team"),
        ("ünï@x.test", "***@x.test"),
    ],
)
def test_addresses_inside_text(text, masked) -> None:
    assert mask_emails(text) == masked


@pytest.mark.parametrize(
    "header",
    ["name", "full name", "first_name", "requester", "watch_list", "u_contact", "sys_created_by",
     "account owner", "caller_id", "employee id", "assignee", "author", "workspace owner name"],
)  # fmt: skip
def test_unknown_columns_that_speak_of_a_person(header) -> None:
    assert PERSONAL_HEADER.search(header)


@pytest.mark.parametrize(
    "header",
    ["workspace name", "team_name", "number of employees", "employee count", "authority",
     "assignee stations", "replies", "standby", "group stations"],
)  # fmt: skip
def test_unknown_columns_that_speak_of_things(header) -> None:
    assert not PERSONAL_HEADER.search(header)


def test_a_name_in_place_of_a_vendors_id_becomes_its_hash(place) -> None:
    place.land(
        "sn.csv",
        "number,sys_id,short_description,incident_state,opened_at,sys_updated_on,caller_id,"
        "opened_by,assigned_to,watch_list\n"
        "INC1,abc,printer,New,2026-05-01 10:00:00,2026-05-01 11:00:00,Ada Lovelace,"
        "ADA LOVELACE,a-17,Ada Lovelace\n",
    )
    ada = keyed_hash("ada lovelace", HASH_KEY)
    columns = "requester_ref, submitter_ref, assignee_ref, extra"
    assert place.rows("tickets", columns) == [(ada, ada, "a-17", '{"sys_id":"abc"}')]
