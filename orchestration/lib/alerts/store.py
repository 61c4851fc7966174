"""What alerts remember: one SQLite file in the workspace's `state/`.

Belongs here: what was seen and incidents, reading and writing them. Does not belong here: decisions
(`lifecycle`), the table of messages (`queue`), sending them (`outbox`).

What was seen, what became of incidents and which messages follow is written in one transaction.
So whoever is killed in between has seen nothing yet and begins again, or has everything written
down and only goes on sending.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration.lib.alerts.codec import (
    dump_incident,
    entry_of,
    load_incident,
    moment_of,
    text_of,
)
from orchestration.lib.alerts.model import Incident, Transition
from orchestration.lib.alerts.queue import QUEUE_TABLES, Queue
from orchestration.lib.paths import PipelineError

_PATIENCE_SECONDS = 30.0
_TABLES = """
create table if not exists fact (name text primary key, value text not null);
create table if not exists seen_run (run_id text primary key, seen_at text not null);
create table if not exists passed (subject text primary key, at text not null);
create table if not exists incident (
    incident_id text primary key, subject text not null, cause_id text not null,
    recovered_at text, is_told_open integer not null, opened_at text not null, body text not null
);
create table if not exists transition (
    number integer primary key autoincrement, transition_id text not null unique,
    body text not null, is_recorded integer not null default 0
);
"""


class Store:
    """The open file."""

    def __init__(self, path: Path) -> None:
        """Makes the file if it is not there.

        Raises:
            PipelineError: If it is damaged.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._sql = sqlite3.connect(path, timeout=_PATIENCE_SECONDS, isolation_level=None)
        try:
            self._sql.execute("pragma journal_mode = wal")
            self._sql.executescript(_TABLES + QUEUE_TABLES)
        except sqlite3.DatabaseError as error:
            self._sql.close()
            raise PipelineError(
                f"{path}: can't be used ({error}). If it is damaged, move it away: incidents go on "
                "from published/incidents/, only messages that waited are lost."
            ) from error

    @property
    def queue(self) -> Queue:
        """Messages and channels, in the same file and so in the same transactions."""
        return Queue(self._sql)

    def close(self) -> None:
        """Closes it."""
        self._sql.close()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All or nothing; a second writer waits."""
        self._sql.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._sql.execute("rollback")
            raise
        self._sql.execute("commit")

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._sql.execute(query, values).fetchall()

    # ---- what was seen

    def fact(self, name: str) -> str | None:
        """A remembered fact, such as how far runs were looked at."""
        rows = self._rows("select value from fact where name = ?", name)
        return rows[0][0] if rows else None

    def remember(self, name: str, value: str) -> None:
        """Remembers a fact."""
        self._sql.execute("insert or replace into fact values (?, ?)", (name, value))

    def seen_runs(self) -> set[str]:
        """Runs that were looked at."""
        return {run for (run,) in self._rows("select run_id from seen_run")}

    def see_run(self, run_id: str, at: datetime) -> None:
        """Notes that a run was looked at."""
        self._sql.execute("insert or ignore into seen_run values (?, ?)", (run_id, text_of(at)))

    def forget_runs(self, before: datetime) -> None:
        """Drops notes about runs that nobody asks for any more."""
        self._sql.execute("delete from seen_run where seen_at < ?", (text_of(before),))

    def passed_at(self) -> dict[str, datetime]:
        """When each subject was last seen well."""
        found = self._rows("select subject, at from passed")
        return {subject: at for subject, text in found if (at := moment_of(text))}

    def see_passed(self, passed: Iterable[tuple[str, datetime]]) -> None:
        """Notes subjects that are well."""
        self._sql.executemany(
            "insert into passed values (?, ?) on conflict (subject) do update "
            "set at = max(at, excluded.at)",
            [(subject, text_of(at)) for subject, at in passed],
        )

    # ---- incidents

    def live_incidents(self, since: datetime) -> list[Incident]:
        """Incidents of which something may still become, and their causes."""
        rows = self._rows(
            "with live as (select * from incident where recovered_at is null or is_told_open "
            "or recovered_at >= ?) select body from incident where incident_id in "
            "(select incident_id from live union select cause_id from live) "
            "order by opened_at, incident_id",
            text_of(since),
        )
        return [load_incident(body) for (body,) in rows]

    def incidents(self, limit: int = 10_000) -> list[Incident]:
        """All incidents, the latest first."""
        rows = self._rows(
            "select body from incident order by opened_at desc, incident_id limit ?", limit
        )
        return [load_incident(body) for (body,) in rows]

    def incident(self, beginning: str) -> Incident | None:
        """The one incident whose id begins so; None if there is none, or more than one."""
        rows = self._rows(
            "select body from incident where substr(incident_id, 1, length(?)) = ? limit 2",
            beginning, beginning,
        )  # fmt: skip
        return load_incident(rows[0][0]) if beginning and len(rows) == 1 else None

    def save(self, incidents: Iterable[Incident]) -> None:
        """Writes incidents as they are now."""
        self._sql.executemany(
            "insert or replace into incident values (?, ?, ?, ?, ?, ?, ?)",
            [
                (i.incident_id, i.subject.key, i.cause_id, text_of(i.recovered_at), i.is_told_open,
                 text_of(i.opened_at), dump_incident(i))
                for i in incidents
            ],
        )  # fmt: skip

    def add_transitions(self, transitions: Iterable[Transition]) -> None:
        """Notes what happened, until it stands in the record."""
        self._sql.executemany(
            "insert or ignore into transition (transition_id, body) values (?, ?)",
            [(t.transition_id, json.dumps(entry_of(t), ensure_ascii=False)) for t in transitions],
        )

    def unrecorded(self) -> list[tuple[int, str]]:
        """Number and line of transitions that are not known to be in the record."""
        return self._rows(
            "select number, body from transition where not is_recorded order by number"
        )

    def mark_recorded(self, through: int) -> None:
        """Notes that the record holds all transitions up to a number."""
        self._sql.execute("update transition set is_recorded = 1 where number <= ?", (through,))
