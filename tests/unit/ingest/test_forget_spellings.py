"""Somebody is found however a file spells them: JSON's escapes, URLs, Windows-1252.

Belongs here: spellings and encodings of addresses and ids. Does not belong here: sources
(`test_forget_sources`), how each trace goes (`test_forget`).
"""

from __future__ import annotations

import json
import re

import pytest

from ingest.spellings import addresses, hints
from ingest.subjects import Subject, make_request
from ingest.telling import proof
from tests.unit.ingest.conftest import event
from tests.unit.ingest.forgetting import forget, one
from tests.unit.ingest.test_forget_sources import FIGMA

UMLAUT = "jürgen.müller@firma.test"
QUOTE = "o'brien@corp.test"


def _answers(address: str) -> str:
    item = {"token": "t1", "landed_at": "2026-05-01T10:00:00Z", "hidden": {"email": "WHO"},
            "submitted_at": "2026-05-01T10:00:00Z",
            "answers": [{"field": {"id": "f1"}, "type": "text", "text": "slow"}]}  # fmt: skip
    page = {"items": [item], "total_items": 1, "page_count": 1}
    return json.dumps(page).replace("WHO", address)


FILES = {
    "nps-1.json": _answers(r"j\u00fcrgen.m\u00FCller@firma.test").encode(),
    "nps-2.json": _answers(r"o\u0027brien\u0040corp.test").replace("t1", "t2").encode(),
    "figma-2026-05-01.csv": FIGMA.replace("bob@corp.test", UMLAUT).encode("cp1252"),
    "e.json": json.dumps(event(1, userId="acme/ada.77")).replace("e/a", r"e\/a").encode(),
}


def test_raw_copies_are_rewritten_whatever_the_spelling(place) -> None:
    for name, content in FILES.items():
        place.drop(name, content)
    place.run()
    found, seen = forget(place, make_request([UMLAUT, QUOTE], ["acme/ada.77"]))
    assert found.rows == {"survey_responses": 2, "tool_seats": 1, "usage_events": 1}
    assert sorted(found.raw_rewritten) == sorted(f"drop/{name}" for name in FILES)
    assert seen.is_clean
    kept = [p.read_bytes() for p in (place.home / "lake/landing").rglob("*") if p.is_file()]
    assert not [data for data in kept if re.search(b"firma|brien|ada.77", data)]


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("ada@corp.test", r'"Hello\nada@corp.test"'),
        ("ada@corp.test", r'"\u003cAda@corp.test\u003e"'),
        ("ada@corp.test", "?to=%20ada%40corp.test&x"),
        ("a+b@corp.test", "?to=a%2Bb%40corp.test"),
        (UMLAUT, "J%C3%BCrgen.M%c3%bcller@firma.test"),
        (UMLAUT, "JÜRGEN.MÜLLER@FIRMA.TEST"),
        (QUOTE, r"{\"to\": \"{\\\"to\\\": \\\"o\\\\u0027brien@corp.test\\\"}\"}"),
    ],
)
def test_every_spelling_is_found_and_masked(address, text) -> None:
    subject = Subject(frozenset({address}))
    pattern = re.compile(subject.pattern() or "")
    assert pattern.search(text)
    assert any(hint in text.encode().lower() for hint in hints(subject.texts))
    assert address[-9:].lower() not in pattern.sub("", text).lower()
    assert not pattern.search("x" + address)
    assert not pattern.search(address + "x")
    assert not pattern.search(address.replace(".", "-"))


def test_addresses_are_read_out_of_bytes() -> None:
    block = (
        rb'{"a":"J\u00dcrgen@firma.test","b":"<o\u0027brien@corp.test>","c":"x\/ada%40corp.test"}'
        b" mailto:Bob@corp.test, 'eve@corp.test'. m\xfcll@firma.test 3 @ 4 \\ud83d@x.test"
    )
    assert {
        "jürgen@firma.test", QUOTE, "ada@corp.test", "bob@corp.test", "eve@corp.test",
        "müll@firma.test",
    } <= addresses(block)  # fmt: skip
    assert addresses(b"nothing here") == set()
    for found in addresses(block):
        found.encode()


def test_a_file_whose_name_holds_them_is_told_with_what_to_do(place) -> None:
    rows = [one(1, "user-bob-88", "d-1"), one(2, "user-eve-99", "d-2")]
    place.land(f"of {QUOTE}.json", "".join(f"{json.dumps(row)}\n" for row in rows))
    found, seen = forget(place, make_request([QUOTE]))
    said = proof(place.workspace, found.subject, seen)
    entry = said.splitlines()[-1].removeprefix(f"  drop/of {QUOTE}.json: ")
    assert "Rename the file and delete its entry of the ledger" in said

    (place.home / f"drop/of {QUOTE}.json").rename(place.home / "drop/of somebody.json")
    (place.home / entry).unlink()
    place.run()
    found, seen = forget(place, make_request([QUOTE]))
    assert seen.is_clean
    assert "no address, id or hash of theirs is left" in proof(place.workspace, found.subject, seen)
    assert len(place.rows("usage_events")) == 2
    assert not [path for path in (place.home / "lake").rglob("*") if QUOTE in path.name]


def test_others_keep_their_names(place) -> None:
    place.land("e.json", json.dumps(one(1, "u-bob-0001", "d", properties={"to": [QUOTE, UMLAUT]})))
    found, _ = forget(place, make_request([QUOTE]))
    assert found.unlinked == ["drop/e.json"]
    (raw,) = [p for p in (place.home / "lake/landing").rglob("*") if p.name.endswith("e.json")]
    assert json.loads(raw.read_text())["properties"] == {"to": ["[erased]", UMLAUT]}
