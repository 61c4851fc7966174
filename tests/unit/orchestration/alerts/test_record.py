"""The record of incidents: appended once, read once, whatever a kill left in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.absence import scan
from ingest.incident_record import (
    INCIDENT_TRANSITIONS,
    incident_record_path,
    read_incident_record,
    read_lines,
)
from ingest.store import LakeError
from ingest.subjects import Subject
from orchestration.lib.alerts import record as recording
from orchestration.lib.alerts.look import look, opened, store_path
from orchestration.lib.erasure import clean_state
from orchestration.lib.paths import PipelineError
from tests.unit.orchestration.alerts.world import T0, FakeSource, minutes, seen, workspace


def test_each_thing_that_happens_is_one_line_without_rows_of_data(tmp_path: Path) -> None:
    company = workspace(tmp_path, "")
    source = FakeSource()
    source.run(T0, seen("marts/a__day", False, sample=((("who", "u-77"),),), rows_failing=4))
    look(company, source, T0)
    source.run(minutes(9), seen("marts/a__day", True, at=minutes(9)))
    look(company, source, minutes(9))
    table = read_incident_record(company)
    assert table.schema.names == list(INCIDENT_TRANSITIONS)
    rows = table.to_pylist()
    assert [row["transition"] for row in rows] == ["opened", "recovered"]
    assert [row["transition_number"] for row in rows] == [1, 2]
    assert rows[0]["failing_row_count"] == 4
    assert rows[1]["recovered_at"] == minutes(9).replace(tzinfo=None)
    assert "u-77" not in incident_record_path(company).read_text()


def test_a_line_twice_half_a_line_and_rubbish_are_left_out(tmp_path: Path) -> None:
    company = workspace(tmp_path, "")
    source = FakeSource()
    source.run(T0, seen("marts/a__day", False))
    look(company, source, T0)
    path = incident_record_path(company)
    line = path.read_text()
    path.write_text(line + line + "rubbish\n[1]\n" + line[: len(line) // 2])
    assert len(read_lines(path)) == 1
    source.run(minutes(9), seen("marts/a__day", True, at=minutes(9)))
    look(company, source, minutes(9))
    assert [entry["transition"] for entry in read_lines(path)] == ["opened", "recovered"]
    assert len(recording.incidents_in(path)) == 1


def test_killed_before_it_is_noted_a_line_is_written_again_and_read_once(tmp_path: Path) -> None:
    company = workspace(tmp_path, "")
    source = FakeSource()
    source.run(T0, seen("marts/a__day", False))
    look(company, source, T0)
    path = incident_record_path(company)
    with opened(company) as store:
        with store.transaction():
            store._sql.execute("update transition set is_recorded = 0")
        recording.append(store, path)
        assert store.unrecorded() == []
    assert len(path.read_text().splitlines()) == 2
    assert read_incident_record(company).num_rows == 1


@pytest.mark.parametrize("facts", [
    {"opened_at": "last Monday"}, {"return_count": "many"}, {"severity": ["critical"]},
])  # fmt: skip
def test_a_record_that_somebody_else_wrote_to_is_named_with_its_remedy(
    tmp_path: Path, facts: dict
) -> None:
    company = workspace(tmp_path, "")
    source = FakeSource()
    source.run(T0, seen("marts/a__day", False))
    look(company, source, T0)
    path = incident_record_path(company)
    path.write_text(json.dumps(json.loads(path.read_text()) | facts) + "\n")
    with pytest.raises(LakeError, match=r"transitions\.jsonl.*backup.*move it"):
        read_incident_record(company)


def test_a_damaged_store_is_named_with_its_remedy(tmp_path: Path) -> None:
    company = workspace(tmp_path, "")
    path = store_path(company)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(PipelineError, match=r"alerts\.sqlite: can't be used .*move it away"):
        look(company, FakeSource(), T0)


def test_an_erased_person_leaves_alerts_and_they_go_on(tmp_path: Path) -> None:
    company = workspace(tmp_path)
    source = FakeSource()
    facts = {"sample": ((("who", "user-ada-77"),),), "words": "user-ada-77 is twice there."}
    source.run(T0, seen("marts/a__day", False, **facts))
    look(company, source, T0)
    ada = Subject(users=frozenset({"user-ada-77"}))
    assert {path.suffix for path in scan(company, ada).found} >= {".jsonl"}
    clean_state(company, ada)
    assert scan(company, ada).is_clean
    source.run(minutes(9), seen("marts/a__day", True, at=minutes(9)))
    assert look(company, source, minutes(9)).open_incidents == ()
    assert [row["transition"] for row in read_incident_record(company).to_pylist()] == [
        "opened", "recovered"]  # fmt: skip


def test_without_a_record_the_table_is_empty(tmp_path: Path) -> None:
    table = read_incident_record(workspace(tmp_path, ""))
    assert (table.num_rows, table.schema.names) == (0, list(INCIDENT_TRANSITIONS))
