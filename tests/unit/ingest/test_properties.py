"""What properties of events say of a person is left out; what they say of things stays."""

from __future__ import annotations

import json

import duckdb
import pytest

from ingest.privacy import email_key, install
from ingest.properties import holding, without_personal
from tests.unit.ingest.conftest import HASH_KEY, event, lines

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"


@pytest.fixture(scope="module")
def cleaned():
    with duckdb.connect() as connection:
        install(connection, HASH_KEY)
        held = f"(select x, {holding('x')} as h from (select $1::varchar as x))"
        sql = f"select case when h is null then x else {without_personal('h')} end from {held}"
        yield lambda text: connection.execute(sql, [text]).fetchone()[0]


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({"$name": "Ada", "$phone": "1", "$first_name": "A", "$ip": "::1", "plan": 1}, {"plan": 1}),
        ({"Full Name": "Ada", "fullName": "A", "LASTNAME": "L", "Phone": 5, "Name": "A"}, {}),
        ({"a": 1, "phone_number": "1", "mobile": "1", "E-Mail": "x"}, {"a": 1}),
        ({"user": {"name": "Ada", "phone": "1", "id": 7}}, {"user": {"name": None, "id": 7}}),
        ({"$set": {"plan": "pro", "name": 'A"da'}}, {"$set": {"plan": "pro", "name": None}}),
        ({"to": [{"first name": "A"}, {"id": 1, "surname": "B", "k": 2}]},
         {"to": [{}, {"id": 1, "k": 2}]}),
        ({"address": {"street": "B", "geo": {"x": 1}}, "a": 1}, {"a": 1}),
        ({"x": {"address": {"street": "B"}, "postal address": ["B", 1]}}, {"x": {}}),
        ({"url": f"https://app.test/?access_token=abc12345&x=1&t={JWT}"},
         {"url": "https://app.test/?[token]&x=1&t=[token]"}),
        ({"query": JWT}, {"query": "[token]"}),
        # At every depth alike.
        ({"user": {"org": {"name": "X"}, "tags": ["a"], "name": "Ada", "id": 7}},
         {"user": {"org": {"name": "X"}, "tags": ["a"], "name": None, "id": 7}}),
        ({"x": [{"y": {"address": {"street": "B", "geo": {"x": [1, {"z": "}"}]}}, "k": 1}}]},
         {"x": [{"y": {"k": 1}}]}),
        ({"req": {"net": {"client_ip": "10.0.0.1", "clientIp": "::1", "k": 1}}},
         {"req": {"net": {"k": 1}}}),
        ({"user": {"owner": {"name": "A"}, "name": "B"}},
         {"user": {"owner": {"name": None}, "name": None}}),
        ({"members": [{"id": 1, "name": "A"}, {"org": {"name": "X"}, "name": "B"}, {"name": "C"}]},
         {"members": [{"id": 1, "name": None}, {"org": {"name": "X"}, "name": None},
                      {"name": None}]}),
        # In values, by their form.
        ({"said": "call +49 170 1234567 or 555-234-5678, not 12345678", "n": 4111111111111111},
         {"said": "call [phone] or [phone], not 12345678", "n": 4111111111111111}),
        ({"a": {"card": "4111 1111 1111 1111"}, "b": ["4111111111111111", 4111111111111111]},
         {"a": {"card": "[card]"}, "b": ["[card]", 4111111111111111]}),
        ({"iban": "DE44500105175407324931"}, {"iban": "[iban]"}),
        ({"key": "ghp_" + "a1" * 18, "to": "a@b.test"}, {"key": "[token]", "to": "***@b.test"}),
        # What JSON escapes is no part of the word behind it.
        ({"said": "me:\nada@b.test\n+49 170 1234567", "url": "x\tmy_token=abc12345"},
         {"said": "me:\n***@b.test\n[phone]", "url": "x\t[token]"}),
        ({'a "email': "x", 'b"users': {'c"name': "A"}, "email": 1, "d": "\f\\nada"},
         {'a "email': "x", 'b"users': {'c"name': "A"}, "d": "\f\\nada"}),
    ],
)  # fmt: skip
def test_what_names_a_person_is_left_out(cleaned, given, left) -> None:
    for text in (json.dumps(given), json.dumps(given, separators=(",", ":"))):
        assert json.loads(cleaned(text)) == left


@pytest.mark.parametrize(
    "given",
    [
        {"company": {"name": "X"}, "plan": {"name": "pro"}, "file name": "a", "event_name": "b"},
        {"mobile": True, "shipment": "1", "tip": 5, "renamed": "x", "user_id": "u", "zip": "z"},
        {"token": "abc123456", "task_id": "sk-1", "sort": "key=a", "text": "a \"phone\": 12, b"},
        {"raw": "{\"phone\":\"1\"}", "user": "name", "list": ["email", "phone"]},
        {"order": "4539578763621", "at": 1777600000000, "id": "1234567890123456", "v": "2.11.1"},
        {"n": 5551234567, "card": 4111111111111111, "hex": "ab12cdef01234567", "day": "2026-05-01"},
        {"pk_account_subscription_id": 7, "lat": "52.5200066", "sku": "234-5678", "t": "+02:00"},
        {"user": {"company": {"name": "X"}}, "products": [{"name": "X"}, {"name": "Y"}]},
    ],
)  # fmt: skip
def test_what_speaks_of_things_stays(cleaned, given) -> None:
    for text in (json.dumps(given), json.dumps(given, separators=(",", ":"))):
        assert json.loads(cleaned(text)) == given


@pytest.mark.parametrize("text", [None, "", "[1]", '"phone"', '{"phone": ', '{"a": "\\ud83d"}'])
def test_what_is_no_object_is_left_alone(cleaned, text) -> None:
    assert cleaned(text) == text


def test_addresses_in_paths_and_names_of_events_lose_the_name(place) -> None:
    page = {"page": {"path": "/invite/ada.lovelace@corp.test/accept"}}
    place.land("e.json", lines(
        event(1, context=page, event="Invited Ada%40corp.test"), event(2),
        event(3, context={"page": {"path": "/npm/@corp/reports"}}),
    ))  # fmt: skip
    assert place.rows("usage_events", "event_name, page_path", "order by event_id") == [
        ("Invited ***%40corp.test", "/invite/***@corp.test/accept"),
        ("Report Exported", None),
        ("Report Exported", "/npm/@corp/reports"),
    ]


def test_ids_of_events_and_sessions_that_hold_an_address_are_hashed(place) -> None:
    place.land("e.json", lines(
        event(1, messageId="ada@corp.test-1", context={"sessionId": " Ada@corp.test"}),
        event(1, messageId="ada@corp.test-2", context={"sessionId": "s-1"}), event(2),
    ))  # fmt: skip
    keys = [email_key(word, HASH_KEY) for word in ("ada@corp.test-1", "ada@corp.test-2")]
    assert set(place.rows("usage_events", "event_id, session_id")) == {
        (keys[0], email_key("ada@corp.test", HASH_KEY)), (keys[1], "s-1"), ("m-2", None),
    }  # fmt: skip
