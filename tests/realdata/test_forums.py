"""Two forums: a week that crosses a change of columns, and lists that are exported every hour.

Belongs here: what becomes of rows that change and vanish from one export to the next. The truth is
read with the csv module from the last export of each day.
"""

from __future__ import annotations

import csv
import random
import shutil
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from ingest import arrivals, drift
from ingest.build_inputs import write_build_inputs
from ingest.ledger import read_batches
from ingest.manifests import read_manifests
from tests.realdata.conftest import WORKSPACES
from tests.sql.fixture_lake import Warehouse
from tests.unit.ingest.conftest import Place

pytestmark = pytest.mark.realdata
REPLAY = "support/sumo_firefox_replay"
WEEK = "support/sumo_thunderbird"


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _utc(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z").astimezone(UTC).replace(tzinfo=None)


# --- a week of questions and answers


def test_a_week_with_a_change_of_columns_loses_no_row(take, realdata) -> None:
    files = sorted((realdata / WEEK).glob("*.csv"))
    widths = {len(_rows(path)[0]) for path in files if "creator" in path.name}
    assert widths == {11, 27}
    export = take("sumo_thunderbird", WEEK, *(path.name for path in files))
    questions, answers = Counter(), Counter()
    for path in files:
        rows = _rows(path)
        assert export.counts(path.name) == (len(rows), len(rows), 0, 0), path.name
        kind = questions if "creator" in path.name else answers
        kind.update(row["id"] for row in rows)
    assert (len(questions), len(answers)) == (309, 727)
    place = export.place
    assert Counter(row[0] for row in place.rows("tickets", "ticket_id")) == questions
    assert Counter(row[0] for row in place.rows("ticket_messages", "message_id")) == answers
    solved = {row["id"] for path in files for row in _rows(path) if row.get("is_solved") == "true"}
    found = place.rows("tickets", "ticket_id", "and status = 'solved'")
    assert {row[0] for row in found} == solved


def test_the_day_with_fewer_columns_is_told(take, realdata) -> None:
    files = sorted(path.name for path in (realdata / WEEK).glob("*creator*.csv"))
    export = take("sumo_thunderbird", WEEK, *files)
    # `is_solved` is what the contract's `status` is read from.
    found = drift.changes(read_manifests(export.place.workspace.lake))
    (told,) = [change for change in found if change.column == "status"]
    assert (told.what, told.file_count) == ("was missing", 1)
    assert Path(told.first_file).name.startswith("2024-02-26-")


# --- hourly lists of two days


class State(NamedTuple):
    """What the warehouse says of one question in the end."""

    ticket_id: str
    subject: str
    status: str
    updated_at: datetime


def _final(files: Iterable[Path]) -> list[State]:
    """The last list of each day as it stands; what earlier lists had beside is deleted."""
    states: dict[str, State] = {}
    by_day: dict[str, list[Path]] = {}
    for path in sorted(files):
        by_day.setdefault(path.stem.split("__")[1], []).append(path)
    for versions in by_day.values():
        listed: set[str] = set()
        for path in versions:
            made_at = datetime.strptime(path.stem.split("__")[0], "%Y-%m-%dT%H%M%SZ")
            rows = {row["id"]: row for row in _rows(path)}
            for gone in listed - rows.keys():
                states[gone] = states[gone]._replace(status="deleted", updated_at=made_at)
            listed = set(rows)
            for key, row in rows.items():
                states[key] = State(key, row["title"].strip(), "open", _utc(row["updated"]))
    return sorted(states.values())


@pytest.mark.parametrize("seed", [None, 1, 2], ids=["in_order", "shuffled", "shuffled_again"])
def test_the_replay_ends_in_the_last_version(realdata, tmp_path, monkeypatch, seed) -> None:
    monkeypatch.setattr(arrivals, "SETTLE_SECONDS", 0.0)
    shutil.copyfile(WORKSPACES / "sumo_firefox_replay.yml", tmp_path / "productops.yml")
    (tmp_path / ".env").write_text("PRODUCTOPS_HASH_KEY=a-key-for-tests-alone-0001\n")
    (tmp_path / "drop").mkdir()
    place = Place(tmp_path)
    files = sorted((realdata / REPLAY).glob("*.csv"))
    order = list(files)
    if seed is not None:
        random.Random(seed).shuffle(order)
    for path in order:
        shutil.copyfile(path, tmp_path / "drop" / path.name)
        place.run()
    batches = [b for b in read_batches(place.workspace.lake) if b.contract == "listed_rows"]
    assert {Path(b.source_file).name: b.rows_loaded for b in batches} == {
        path.name: len(_rows(path)) for path in files
    }
    write_build_inputs(place.workspace)
    warehouse = Warehouse(tmp_path / "warehouse.duckdb", place.workspace.lake, tmp_path / "target")
    warehouse.run(select=["stg_tickets"])
    found = warehouse.query(
        "select ticket_id, subject, status, updated_at from staging.stg_tickets order by 1"
    )
    truth = _final(files)
    assert len(truth) == 93
    assert [state.ticket_id for state in truth if state.status == "deleted"] != []
    assert [State(*row) for row in found] == truth
