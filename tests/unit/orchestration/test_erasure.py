"""Dagster's records and logs lose an erased person, and nothing else."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ingest.absence import scan
from ingest.config import Config, Org
from ingest.settings import Workspace
from ingest.subjects import Subject
from orchestration.lib.erasure import clean_state
from orchestration.lib.paths import PipelineError

ADA = Subject(emails=frozenset({"ada@corp.test"}), users=frozenset({"user-ada-77"}))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path, Config(org=Org(name="T")), "a hash key for tests alone")
    made.state.mkdir()
    return made


def history(workspace: Workspace) -> Path:
    """A database such as Dagster keeps its events in."""
    path = workspace.state / "index.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute('create table event_logs (id integer, kind text, event text, "of" blob)')
        # Values stand side by side in the file: `end` and what follows it.
        events = [
            "user-ada-77",
            '{"row": "user-ada-77", "mail": "Ada@Corp.test"}',
            '{"row": "user-ada-770"}',
            None,
        ]
        for number, event in enumerate(events):
            connection.execute(
                "insert into event_logs values (?, 'end', ?, ?)", [number, event, b"\x00"]
            )
        connection.commit()
    return path


def test_records_and_logs_are_cleaned(workspace: Workspace) -> None:
    path = history(workspace)
    log = workspace.state / "last_run.log"
    log.write_text("user-ada-77,user-ada-77 and user-ada-770\n")
    (workspace.state / "odd.pickle").write_bytes(b"\xff\xfeuser-ada-77\xff")
    (workspace.state / "other.log").write_text("nobody\n")
    assert len(scan(workspace, ADA).found) >= 3
    clean_state(workspace, ADA)
    assert scan(workspace, ADA).is_clean
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute('select event, "of" from event_logs order by id').fetchall()
    assert rows == [
        ("[erased]", b"\x00"),
        ('{"row": "[erased]", "mail": "[erased]"}', b"\x00"), ('{"row": "user-ada-770"}', b"\x00"),
        (None, b"\x00"),
    ]  # fmt: skip
    assert log.read_text() == "[erased],[erased] and user-ada-770\n"
    assert not (workspace.state / "odd.pickle").exists()
    assert (workspace.state / "other.log").read_text() == "nobody\n"


def test_records_in_use_are_told(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    path = history(workspace)
    monkeypatch.setattr("orchestration.lib.erasure.PATIENCE_SECONDS", 0.1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(PipelineError, match="Stop `productops up`"):
            clean_state(workspace, ADA)
