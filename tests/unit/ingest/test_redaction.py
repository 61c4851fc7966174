"""Free text is redacted on its way in, whatever the format; ids that are e-mails become hashes."""

from __future__ import annotations

import json
import os
import time

import duckdb
import pytest

from ingest.config import ConfigError, PrivacyRules, parse_config
from ingest.contracts import load_contracts, parse_contract
from ingest.privacy import email_key, install
from ingest.redaction import macro_for
from tests.unit.ingest.conftest import HASH_KEY, event, lines, part
from tests.unit.ingest.test_formats import TICKET

IBAN = "DE89 3704 0044 0532 0130 00"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"


@pytest.fixture(scope="module")
def redact():
    with duckdb.connect() as connection:
        install(connection, HASH_KEY)

        def one(text: str | None, macro: str = "redact") -> str:
            sql = f"select {macro}(x) from (select $1 as x)"
            return connection.execute(sql, [text]).fetchone()[0]

        yield one


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to a.b+c@x.co.uk, please", "write to [email], please"),
        ("ünï@bücher.de or mail%40corp.test", "[email] or [email]"),
        ("<a href='mailto:a@b.test'>", "<a href='mailto:[email]'>"),
        ("jo (at) corp [dot] test", "[email]"),
        ("call me at 555-123-4567 today", "call me at [phone] today"),
        ("Telefon: 0170 1234567", "Telefon: [phone]"),
        ("+49 (0) 170 / 12 34 567 is mine", "[phone] is mine"),
        ("0044 20 7946 0958", "[phone]"),
        ('{"phone": "5551234567"}', '{"phone": "[phone]"}'),
        ("Ph: +442079460958.", "Ph: [phone]."),
        ("card 4111 1111 1111 1111 exp 12/29", "card [card] exp 12/29"),
        ("amex 3782 822463 10005, 5555555555554444", "amex [card], [card]"),
        (f"to {IBAN} BIC COBADEFF", "to [iban] BIC COBADEFF"),
        ("gb29nwbk60161331926819", "[iban]"),
        ("key AKIAIOSFODNN7EXAMPLE here", "key [token] here"),
        (f"ghp_{'a1' * 18} xoxb-1234567890-abc sk-live_{'x9' * 12}", "[token] [token] [token]"),
        (f"Authorization: Bearer {JWT}", "Authorization: [token]"),
        (f"jwt={JWT}", "jwt=[token]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "[token]"),
        ("password=hunter2000!", "[token]"),
        ("my Passwort: hunter22", "my [token]"),
        ("?access_token=abc123def456ghi&x=1", "?[token]"),
        ("client_secret=abc123def456 X-Api-Key: abc123def456", "[token] [token]"),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "[token]"),
        (f"Host=a;AccountKey={'aB3/' * 20}==;", "Host=a;[token];"),
        ("Authorization: Basic dXNlcjpodW50ZXIyMg==", "[token]"),
        (f"npm_{'aB3' * 12} hf_{'aB3' * 11} xapp-1-A0B1-123-abc", "[token] [token] [token]"),
        (f"SG.{'aB3' * 7}.{'aB3' * 14} whsec_{'aB3' * 10}", "[token] [token]"),
        (f"ya29.{'aB3_' * 20} shpat_{'0a1b' * 8}", "[token] [token]"),
        ("4111\u00a01111\u00a01111\u00a01111", "[card]"),
        ("+1 555 123 4567 and +1 555 123 4567", "[phone] and [phone]"),
    ],
)  # fmt: skip
def test_what_names_or_opens_something_is_replaced(redact, text, expected) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "3 @ 4 and @team", "Firefox 122.0.1 on Windows 10.0.19045", "order 1234567890",
        "call 2024-02-03 10:00:00", "at 192.168.100.200", "4111 1111 1111 1112 is no card",
        "DE89370400440532013002 is no IBAN", "error 0x80070005", "36012345678907",
        "between 10.000.000 and 20.000.000", "password: normal password", "max_tokens: 128000",
        "npm_config_cache and hf_hub", "authorization: basic auth", "2024-02-03T10:00:00Z",
        "id 9f86d081884c7d659a2feaa0c55ad015", "sk-1 and eyJ", "ticket 12345-67890-1234",
        "build 20240213221259", "***@corp.test",
    ],
)  # fmt: skip
def test_what_looks_like_it_stays(redact, text) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "macro"),
    [
        ("a@b.test", "redact"), ("mail%40corp.test", "redact"), ("jo (AT) corp.test", "redact"),
        ("jo{at }corp.test", "redact"), ("call me at 555-123-4567", "redact_unaddressed"),
        (f"{IBAN}, password=hunter2000!", "redact_unaddressed"), ("", "redact_unaddressed"),
    ],
)  # fmt: skip
def test_addresses_are_looked_for_where_one_may_stand(redact, text, macro) -> None:
    assert macro_for(["nothing here", text]) == macro
    assert redact(text, macro) == redact(text)
    assert ("[email]" in redact(text)) == (macro == "redact")


def test_no_text_stays_none(redact) -> None:
    assert redact(None) is None


def test_own_patterns_and_cues() -> None:
    rules = PrivacyRules.model_validate({
        "patterns": [{"kind": "staff_no", "pattern": "EMP-[0-9]{6}"},
                     {"kind": "q", "pattern": "O'B"}],
        "phone_cues": ["Soita"],
    })  # fmt: skip
    with duckdb.connect() as connection:
        install(connection, HASH_KEY, rules)
        sql = "select redact(x) from (select $1 as x)"
        text = "EMP-123456 (O'B): soita 040 1234567, not 040 1234568"
        assert connection.execute(sql, [text]).fetchone() == (
            "[staff_no] ([q]): soita [phone], not 040 1234568",
        )


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("patterns: [{kind: x, pattern: '('}]", ("RE2", "privacy.patterns.0.pattern")),
        ("patterns: [{kind: x, pattern: '(?<=a)b'}]", ("look-around",)),
        ("patterns: [{kind: x, pattern: 'a*'}]", ("fits an empty text",)),
        ("patterns: [{kind: 'X Y', pattern: a}]", ("kind",)),
        ("patterns: [{pattern: a}]", ("kind",)),
        ("phone_cues: ['']", ("phone_cues",)),
        ("pattern: []", ("privacy.pattern",)),
    ],
)
def test_a_wrong_rule_names_file_and_line(tmp_path, rule, words) -> None:
    path = tmp_path / "productops.yml"
    with pytest.raises(ConfigError) as caught:
        parse_config(f"org:\n  name: T\nprivacy:\n  {rule}\n", path)
    assert f"{path}:4: privacy" in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_every_format_into_prose_is_redacted(place) -> None:
    secret = "ann@corp.test, call 555-123-4567"
    ticket = TICKET | {"subject": secret}
    place.drop("t.json", json.dumps({"tickets": [ticket], "users": [], "end_of_stream": True}))
    note = {"hs_note_body": f"<p>Spoke to {secret}</p>", "hs_timestamp": "2026-05-01T10:00:00Z",
            "hs_lastmodifieddate": "2026-05-01T10:00:00Z"}  # fmt: skip
    place.drop("notes.json", json.dumps({"results": [{"id": "1", "properties": note,
               "updatedAt": "2026-05-01T10:00:00Z", "archived": False}]}))  # fmt: skip
    place.run()
    assert place.rows("tickets", "subject") == [("[email], call [phone]",)]
    assert place.rows("feedback_notes", "body") == [("Spoke to [email], call [phone]",)]


def test_own_mappings_are_redacted_without_asking(make_place) -> None:
    place = make_place("""
sources:
  - name: desk
    files: "desk/*.csv"
    contract: ticket_messages
    reader: {kind: csv}
    fields: {message_id: id, ticket_id: id, is_public: {const: true}, body: text, created_at: at}
privacy:
  patterns:
    - {kind: contract_no, pattern: 'V-[0-9]{4}'}
""")
    place.land("desk/a.csv", "id,text,at,notes\n1,V-1234 of a@b.test,2026-05-01,tel 0170 1234567\n")
    assert place.rows("ticket_messages", "body, extra") == [
        ("[contract_no] of [email]", '{"notes":"tel [phone]"}')
    ]


def test_the_quarantine_keeps_line_and_reason_and_no_address(place) -> None:
    bad = event(2, timestamp="never", originalTimestamp="never",
                properties={"mail": "ann@corp.test", "phone": "+49 170 1234567"})  # fmt: skip
    text = lines(event(1), "{broken ann@corp.test", bad, event(3))
    outcome = place.land("e.json", text)
    assert part(outcome, "usage_events")["quarantined"] == 2
    found = place.quarantine()
    assert [row[1:3] for row in found] == [(2, "malformed_json"), (3, "bad_occurred_at")]
    assert found[0][3] == "{broken [email]"
    assert '"mail": "[email]"' in found[1][3]
    assert '"phone": "[phone]"' in found[1][3]
    kept = [p for p in (place.home / "lake/landing").rglob("*") if "e.json" in p.name]
    assert kept[0].read_text() == text


def test_an_id_that_is_an_address_becomes_its_keyed_hash(place) -> None:
    key = email_key("ann@corp.test", HASH_KEY)
    place.drop("e.json", lines(
        event(1, userId=" Ann@Corp.test", anonymousId="ann%40corp.test", groupId="ann@corp.test"),
        event(2, userId="u-7", anonymousId="web:ann@corp.test"),
        event(3, userId="u-7", anonymousId="a-@-7"),
    ))  # fmt: skip
    place.run()
    columns = "event_id, user_id, anonymous_id, group_id, email_key, email_domain"
    first, second, third = sorted(place.rows("usage_events", columns))
    assert first == ("m-1", key, key, key, key, "corp.test")
    assert second[1] == "u-7"
    assert "ann" not in second[2]
    assert len(second[2]) == 64
    assert second[4] is None
    assert third[2] == "a-@-7"


def test_a_rule_about_such_an_id_still_fits_it(make_place) -> None:
    place = make_place(
        "exclusions:\n  - {subject_type: user_id, subject: Ann@corp.test, reason: test_account}\n"
    )
    place.run()
    assert place.rows("exclusions", "subject") == [(email_key("ann@corp.test", HASH_KEY),)]


def test_prose_is_declared_and_is_text() -> None:
    declared = {
        f"{contract.name}.{column.name}"
        for contract in load_contracts().values()
        for column in contract.columns
        if column.free_text
    }
    assert {"tickets.subject", "ticket_messages.body", "feedback_notes.body",
            "survey_responses.answer_text", "work_items.title"} <= declared  # fmt: skip
    # What may hold personal words is redacted; keys are hashes.
    assert declared >= {
        f"{contract.name}.{column.name}"
        for contract in load_contracts().values()
        for column in contract.columns
        if column.personal and not column.name.endswith("_key")
    }
    assert not [name for name in declared if name.startswith("usage_events.")]
    document = {"name": "x", "grain": "g", "owner": "o", "key": ["a"]}
    column = {"name": "a", "type": "integer", "description": "d"}
    for wrong in ({"free_text": True}, {"person": "user"}, {"type": "text", "person": "dog"}):
        with pytest.raises(ValueError, match=r"contract x: a "):
            parse_contract(document | {"columns": [column | wrong]})


def test_raw_bytes_are_kept_for_a_time(make_place) -> None:
    place = make_place("privacy: {keep_raw_days: 30}\n")
    place.land("a.json", lines(event(1)))
    landing = place.home / "lake/landing"
    old = next(path for path in landing.rglob("*a.json"))
    os.utime(old, (time.time() - 31 * 86_400,) * 2)
    place.land("b.json", lines(event(2)))
    assert [path.name[18:] for path in landing.rglob("*.json")] == ["b.json"]
    assert len(place.rows("usage_events")) == 2
