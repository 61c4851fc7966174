"""The record of published figures: what readers were told, and when.

Belongs here: which figures are remembered, and the append-only record of them beside the published
builds. Does not belong here: why a figure changed since (the mart `restatement__metric_day`).

One file per published build that told something new, with the figures that differ from those told
before; when they are many they are put into one. What is in it is never changed. Builds are pruned
and the warehouse may be built anew; this stays. It holds no person.
"""

from __future__ import annotations

import fcntl
import json
import logging
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.build_inputs import read_record, record_files
from ingest.settings import Workspace
from ingest.store import LakeError, write_atomically, write_json

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Tracked:
    """Figures of one mart whose published values are remembered."""

    mart: str
    day: str
    segment: str
    metrics: tuple[str, ...]

    @property
    def columns(self) -> set[str]:
        """What the mart must have: an older build may lack some."""
        return {self.day, self.segment, *self.metrics, "is_complete", "definition_version"}


TRACKED = (
    Tracked("active_users__daily", "activity_on", "segment",
            ("dau_count", "wau_count", "mau28_count")),
    Tracked("support_load__queue_day", "day_on", "queue_id", ("created_count", "backlog_count")),
)  # fmt: skip


MOST_FILES = 50
_FROM_LEDGER = {"status", "loaded_at"}
_log = logging.getLogger(__name__)


def remember(workspace: Workspace) -> Path | None:
    """Records what the current build tells, unless that is done; the file, if one was made.

    Whoever publishes or builds calls it, so that a record which a kill prevented is made up for
    before anything else is told. A build that can't be read tells nobody anything: it is warned of
    and must not keep its successor out.

    Raises:
        LakeError: If a file of the record is damaged, or can't be written.
    """
    from orchestration.lib.candidate import DATABASE

    link = workspace.published / "current"
    if not (link / DATABASE).is_file():
        return None
    build_id = link.readlink().name
    target = _folder(workspace) / f"{build_id}.parquet"
    with _alone(workspace):
        if target.exists() or build_id in _noted(workspace):
            return None
        told = _news(workspace.published / build_id, build_id, read_record(workspace))
        if told is None:
            return None
        if told.num_rows:
            _write(target, told)
        _note(workspace, build_id)
    return target if told.num_rows else None


def fold(workspace: Workspace) -> None:
    """Puts the record's files into one where they are many: each build reads them all.

    Killed before the folded ones are gone, rows are there twice; whoever reads takes them once.
    Only builds, of which one runs at a time, call it and read without the lock.
    """
    if len(record_files(workspace)) <= MOST_FILES:
        return
    with _alone(workspace):
        files = record_files(workspace)
        folded = _folder(workspace) / "folded.parquet"
        _write(folded, read_record(workspace))
        for path in files:
            if path != folded:
                path.unlink()


def remember_or_warn(workspace: Workspace) -> None:
    """Like `remember`, where what readers see must not depend on the record."""
    try:
        remember(workspace)
    except (LakeError, OSError) as error:
        _log.warning("What the current build tells was not recorded. %s", error)


def _folder(workspace: Workspace) -> Path:
    return workspace.published / "record"


def _write(path: Path, table: Any) -> None:
    import pyarrow.parquet as pq

    write_atomically(path, lambda draft: pq.write_table(table, draft))


@contextmanager
def _alone(workspace: Workspace) -> Generator[None]:
    """A build and a publication may come to the record at once; the second one waits."""
    with (workspace.published / "record.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _noted(workspace: Workspace) -> list[str]:
    """Builds that were looked at. Most tell nothing new; without the note they'd tell it again."""
    try:
        text = (_folder(workspace) / "noted.json").read_text(encoding="utf-8")
        return list(json.loads(text)["builds"])
    except (OSError, ValueError, KeyError):
        return []


def _note(workspace: Workspace, build_id: str) -> None:
    kept = [known for known in _noted(workspace) if (workspace.published / known).is_dir()]
    write_json(_folder(workspace) / "noted.json", {"builds": [*kept, build_id]})


def _news(folder: Path, build_id: str, before: Any) -> Any | None:
    """What a build tells that differs from what was told before it; None if it can't be read."""
    import duckdb

    from orchestration.lib.candidate import DATABASE

    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        with duckdb.connect(str(folder / DATABASE), read_only=True) as connection:
            there = _columns(connection)
            kinds = [kind for kind in TRACKED if kind.columns <= there.get(kind.mart, set())]
            if not kinds:
                return None
            connection.register("before", before)
            has_ledger = there.get("row_ledger__batch", set()) >= _FROM_LEDGER
            query = _query(kinds, build_id, str(manifest["published_at"]), has_ledger)
            return connection.sql(query).to_arrow_table()
    except (duckdb.Error, OSError, ValueError, KeyError) as error:
        _log.warning("%s: what it tells can't be read and is not recorded (%s).", folder, error)
        return None


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, column in connection.execute(
        "select table_name, column_name from information_schema.columns "
        "where table_schema = 'marts'"
    ).fetchall():
        found.setdefault(table, set()).add(column)
    return found


def _query(kinds: list[Tracked], build_id: str, published_at: str, has_ledger: bool) -> str:
    told = " union all ".join(
        f"select '{metric}' as metric, {kind.day} as day_on, {kind.segment} as segment, "
        f"cast({metric} as double) as published_value, is_complete, "
        f"cast(definition_version as integer) as definition_version from marts.{kind.mart} "
        f"where {kind.segment} = 'all'"
        for kind in kinds
        for metric in kind.metrics
    )
    through = (
        "(select max(loaded_at) from marts.row_ledger__batch where status = 'loaded')"
        if has_ledger
        else "cast(null as timestamp)"
    )
    return (
        f"with told as ({told}), latest as (select * from before qualify "
        "row_number() over (partition by metric, day_on, segment, definition_version "
        "order by published_at desc, build_id desc) = 1) "
        f"select '{build_id}' as build_id, timestamp '{published_at}' as published_at, "
        f"{through} as loaded_through_at, told.* from told left join latest "
        "on latest.metric = told.metric and latest.day_on = told.day_on "
        "and latest.segment = told.segment and latest.definition_version = told.definition_version "
        "where (latest.metric is null or latest.published_value is distinct from "
        "told.published_value or latest.is_complete is distinct from told.is_complete) "
        f"and '{build_id}' not in (select build_id from before) "
        "order by told.metric, told.day_on"
    )
