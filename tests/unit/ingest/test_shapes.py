"""Fields of JSON records that come, go or change their kind are told from file to file."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

import pytest

from ingest.drift import changes
from ingest.ledger import read_manifests
from ingest.shapes import SAMPLE_ROWS, records_of, shape_of
from tests.unit.ingest.conftest import event, lines, loaded, packed


def deliver(place, day: int, content: str | bytes, name: str = "") -> None:
    path = place.drop(name or f"{day:02d}.json", content)
    moment = datetime(2026, 5, day, 12, tzinfo=UTC).timestamp()
    os.utime(path, (moment, moment))
    for outcome in place.run().files:
        if outcome.path.startswith("drop/"):
            assert loaded(outcome)["loaded"], outcome


def told(place, contract: str = "usage_events") -> dict[str, tuple[str, str, str]]:
    found = changes(read_manifests(place.workspace.lake))
    return {c.column: (c.what, c.first_file, c.remedy) for c in found if c.contract == contract}


def without(record: dict, *names: str) -> dict:
    return {key: value for key, value in record.items() if key not in names}


def test_a_field_that_every_record_has_from_now_on_is_new(place) -> None:
    deliver(place, 1, packed(event(1)), "1.json.gz")
    deliver(place, 2, packed(event(2, tenant="eu"), event(3, tenant="us")), "2.json.gz")
    what, first, remedy = told(place)["tenant"]
    assert (what, first) == ("new", "drop/2.json.gz")
    assert "map `tenant` in productops.yml" in remedy
    # It is new from then on, until some record lacks it again.
    deliver(place, 3, lines(event(4, tenant="eu")), "3.json")
    assert told(place)["tenant"][:2] == ("new", "drop/2.json.gz")
    deliver(place, 4, lines(event(5, tenant="eu"), event(6)), "4.json")
    assert told(place) == {}


def test_a_field_that_begins_in_the_middle_of_a_day_is_told_from_the_next(place) -> None:
    deliver(place, 1, lines(event(1)))
    deliver(place, 2, lines(event(2), event(3, tenant="eu")))
    assert told(place) == {}
    deliver(place, 3, lines(event(4, tenant="eu")))
    assert told(place)["tenant"][:2] == ("new", "drop/02.json")


def test_a_field_that_only_some_records_have_is_no_news(place) -> None:
    deliver(place, 1, lines(event(1)))
    deliver(place, 2, lines(event(2, campaign="spring"), event(3)))
    assert told(place) == {}
    deliver(place, 3, lines(event(4)))
    assert told(place) == {}


def test_a_field_that_every_record_had_and_none_has_any_more(place) -> None:
    deliver(place, 1, lines(event(1), event(2)))
    deliver(place, 2, lines(without(event(3), "anonymousId"), without(event(4), "anonymousId")))
    assert told(place)["anonymousId"][:2] == ("vanished", "drop/02.json")
    deliver(place, 3, lines(without(event(6), "anonymousId")))
    assert told(place)["anonymousId"][:2] == ("vanished", "drop/02.json")
    # Another file of the same day has it: those of the first were records of another kind.
    deliver(place, 2, lines(event(5)), "02b.json")
    assert told(place) == {}


def test_a_field_of_another_kind_is_told_with_both(place) -> None:
    deliver(place, 1, lines(event(1, version=2), event(2, version=2)))
    deliver(place, 2, lines(event(3, version="2.0")))
    what, first, remedy = told(place)["version"]
    assert (what, first) == ("retyped", "drop/02.json")
    assert "number before, text now" in remedy
    # Null is no kind of its own.
    deliver(place, 3, lines(event(4, version=None), event(5, version="3")))
    assert told(place)["version"][:2] == ("retyped", "drop/02.json")
    deliver(place, 4, lines(event(6, version=4)))
    assert "version" not in told(place)


def test_records_of_documents_are_looked_at_too(place) -> None:
    def company(number: int, **more: object) -> str:
        names = {"name": f"C{number}", "domain": f"c{number}.test", "lifecyclestage": "customer",
                 "hs_lastmodifieddate": "2026-05-01T00:00:00Z"}  # fmt: skip
        one = {"id": str(number), "properties": names, "createdAt": "2026-04-01T00:00:00Z",
               "updatedAt": "2026-05-01T00:00:00Z", "archived": False}  # fmt: skip
        return json.dumps({"results": [one | more]})

    deliver(place, 1, company(1), "hubspot-companies-1.json")
    deliver(place, 2, company(2, url="https://crm.test/2"), "hubspot-companies-2.json")
    assert told(place, "accounts")["url"][0] == "new"


def _company(number: int, **properties: object) -> dict:
    names = {"name": f"C{number}", "domain": f"c{number}.test", "lifecyclestage": "customer",
             "hs_lastmodifieddate": f"2026-05-0{number}T00:00:00Z"}  # fmt: skip
    return {"id": str(number), "properties": names | properties, "archived": False}


def test_a_field_inside_an_object_that_is_read_and_no_longer_there(place) -> None:
    """HubSpot renamed `arr`: it is empty from then on, and told; what nothing reads is not."""

    def page(day: int, **properties: object) -> None:
        records = [_company(day, currency="USD", **properties), _company(day + 4, currency="USD")]
        records[1]["properties"] |= dict.fromkeys(properties)
        deliver(place, day, json.dumps({"results": records}), f"companies-{day}.json")

    page(1, arr="5", moon="x")
    page(2, arr="6", moon="x")
    page(3, arr_2="7")
    assert told(place, "accounts")["properties.arr"][:2] == ("vanished", "drop/companies-3.json")
    assert set(told(place, "accounts")) == {"properties.arr"}
    amounts = place.rows("accounts", "account_ref, arr_minor", "order by 1")
    assert amounts == [("1", 500), ("2", 600), ("3", None), ("5", None), ("6", None), ("7", None)]


def test_properties_of_events_that_are_read_are_watched(place) -> None:
    """Properties that nothing reads come and go as products change."""
    deliver(place, 1, lines(event(1, context={"groupId": "acc-1", "screen": 1})))
    deliver(place, 2, lines(event(2, context={"groupId": None, "screen": 1})))
    assert told(place)["context.groupId"][:2] == ("vanished", "drop/02.json")
    deliver(place, 3, lines(event(3, context={"groupId": 7})))
    assert told(place)["context.groupId"][:2] == ("retyped", "drop/03.json")


def test_a_field_that_is_empty_in_a_small_file_has_not_gone(place) -> None:
    deliver(place, 1, lines(event(1, tenant="eu"), event(2, tenant=None)))
    deliver(place, 2, lines(event(3, tenant=None)))
    assert told(place) == {}
    deliver(place, 3, lines(event(4)))
    assert told(place)["tenant"][:2] == ("vanished", "drop/03.json")


def test_shapes_say_kinds_and_whether_every_record_has_the_field() -> None:
    records = [{"a": 1, "b": "x", "c": [1], "d": {}, "e": True}, {"a": 2.5, "b": None, "c": "x"}]
    assert shape_of(records) == {
        "a": "number", "b": "null|text", "c": "list|text", "d": "object?", "e": "boolean?",
    }  # fmt: skip
    assert shape_of([]) == {}


@pytest.mark.parametrize(
    "key", ["Anna Müller", "ben.smith", "ann@corp.test", "_file", "+49 170 1234567", "x" * 65, ""]
)
def test_names_that_may_be_data_are_not_told(key) -> None:
    assert shape_of([{key: 1, "id": 2}]) == {"id": "number"}


def test_objects_whose_keys_are_data_have_no_shape() -> None:
    assert shape_of([{f"user{n}": n for n in range(101)}]) == {}


def test_a_sample_is_enough_and_damaged_lines_are_passed_over() -> None:
    text = lines(*[event(n) for n in range(SAMPLE_ROWS)], event(1, late=True))
    assert "late" not in shape_of(records_of(text.encode()))
    broken = lines("{broken", '"text"', "[1]", "[" * 100_000, event(1)).encode() + b'{"cut": 1'
    assert set(shape_of(records_of(broken))) == set(event(1))
