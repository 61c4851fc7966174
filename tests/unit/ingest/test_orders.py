"""Any order, batching and repetition of deliveries ends in the same current rows.

The oracle below works out the current rows from the list of records alone, in plain Python.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.ingest.conftest import Place, lines, new_home

BAD = "not json"

# Few ids, so that they often come again: with the same content, another one, or another time.
records = st.lists(
    st.one_of(
        st.just(BAD),
        st.builds(
            lambda key, name, second: {
                "messageId": f"m{key}",
                "type": "track",
                "event": name,
                "userId": "u1",
                "timestamp": f"2026-05-0{1 + key % 3}T10:00:00Z",
                "receivedAt": f"2026-05-05T10:00:0{second}Z",
            },
            st.integers(0, 5),
            st.sampled_from(["A", "B"]),
            st.integers(0, 2),
        ),
    ),
    min_size=1,
    max_size=12,
)


def oracle(delivered: list) -> set[tuple[str, str, str]]:
    """The earliest received row of each id; among those received at once the least by name."""
    current: dict[str, tuple[str, str]] = {}
    for record in delivered:
        if record != BAD:
            mine = (record["receivedAt"], record["event"])
            key = record["messageId"]
            current[key] = min(current.get(key, mine), mine)
    return {(key, received, name) for key, (received, name) in current.items()}


def competing(place: Place) -> list[tuple]:
    rows = place.rows(
        "usage_events",
        "event_id, strftime(received_at, '%Y-%m-%dT%H:%M:%SZ'), event_name, is_revision",
    )
    return sorted(rows)


def current(place: Place) -> set[tuple[str, str, str]]:
    best: dict[str, tuple[str, str]] = {}
    for key, received, name, _ in competing(place):
        best[key] = min(best.get(key, (received, name)), (received, name))
    return {(key, received, name) for key, (received, name) in best.items()}


def split(delivered: list, dice: random.Random) -> list[list]:
    """Shuffled, some of it twice, in one to four files."""
    mixed = [*delivered, *dice.choices(delivered, k=dice.randrange(4))]
    dice.shuffle(mixed)
    cuts = sorted(dice.randrange(len(mixed) + 1) for _ in range(dice.randrange(4)))
    files = [mixed[a:b] for a, b in zip([0, *cuts], [*cuts, len(mixed)], strict=True)]
    return [file for file in files if file]


@settings(max_examples=10, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(delivered=records, seed=st.integers(0, 2**32))
def test_current_rows_do_not_depend_on_how_they_came(empty_lake, delivered, seed) -> None:
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        place = Place(new_home(Path(folder) / "company"))
        shutil.copytree(empty_lake / "bronze", place.home / "lake/bronze",
                        ignore=shutil.ignore_patterns("source=*"))  # fmt: skip
        files = split(delivered, dice)
        for number, file in enumerate(files):
            # The first line is always recognised, whatever follows it.
            place.drop(f"{dice.randrange(1000)}-{number}.segment.json", lines(*file, _marker()))
            if dice.random() < 0.5:
                place.run()
        place.run()
        marker = {("marker", "2026-05-05T10:00:00Z", "marker")}
        assert current(place) == oracle(delivered) | marker
        rows = competing(place)
        # Exact duplicates are held once, and a key has rivals only if one of them says so.
        assert len({row[:3] for row in rows}) == len(rows)
        for key in {row[0] for row in rows}:
            mine = [row for row in rows if row[0] == key]
            assert len(mine) == 1 or any(row[3] for row in mine)
        assert not place.run().files


def _marker() -> str:
    return json.dumps(
        {"messageId": "marker", "type": "track", "event": "marker", "userId": "u",
         "timestamp": "2026-05-05T10:00:00Z", "receivedAt": "2026-05-05T10:00:00Z"}
    )  # fmt: skip
