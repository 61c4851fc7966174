"""Bad records are held compressed: none is lost, changed or out of order, whatever they hold."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from ingest.problems import BadRecord, BadRecords

from .conftest import Place, event

RAW = [
    "{", "", "tab\tquote\"back\\slash", "Grüße \N{PILE OF POO}", "\udcff\ud83d", "\x00\x1b",
    "x" * 9000,
]  # fmt: skip


def records(count: int) -> list[BadRecord]:
    return [
        BadRecord(number * 2 + 1, RAW[number % len(RAW)], f"reason_{number % 3}")
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, 4_999, 5_000, 5_001, 15_003])
def test_what_goes_in_comes_out(count: int) -> None:
    told = records(count)
    held = BadRecords(told)
    assert list(held) == told
    assert list(held) == told, "a second look must find the same"
    assert len(held) == count
    assert held.reasons == Counter(record.reason for record in told)
    assert bool(held) == bool(count)


def test_blocks_hold_every_record_once() -> None:
    held = BadRecords(records(12_000))
    assert [len(block) for block in held.blocks()] == [5_000, 5_000, 2_000]


def test_later_records_come_last() -> None:
    held = BadRecords(records(5_000))
    held.append(BadRecord(1, "late", "again"))
    assert list(held)[-1] == BadRecord(1, "late", "again")
    assert len(held) == 5_001


def test_a_file_of_thousands_of_bad_records_is_kept_to_the_line(place: Place) -> None:
    """Too late, no JSON, no id and no object, by turns: each with its own reason."""
    clocks = ("timestamp", "originalTimestamp", "sentAt", "receivedAt")
    late = json.dumps(event(1, **dict.fromkeys(clocks, "2027-01-01T00:00:00Z")))
    nameless = json.dumps(event(2, messageId=None))
    turns = [(late, "timestamp_out_of_range"), ("{no", "malformed_json"),
             (nameless, "missing_event_id"), ("[1]", "not_an_object")]  # fmt: skip
    lines = [turns[number % 4] for number in range(11_000)]
    place.land("many.json", "".join(f"{text}\n" for text, _ in lines))
    assert [row[1:] for row in place.quarantine()] == [
        (number, reason, text) for number, (text, reason) in enumerate(lines, start=1)
    ]
