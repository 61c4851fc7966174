"""What properties of events say of a person is left out; what they say of things stays."""

from __future__ import annotations

import json

import duckdb
import pytest

from ingest.properties import without_names
from tests.unit.ingest.conftest import event, lines

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"


@pytest.fixture(scope="module")
def cleaned():
    with duckdb.connect() as connection:
        sql = f"select {without_names('x')} from (select $1 as x)"
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
