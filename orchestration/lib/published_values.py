"""The record of published figures: what readers were told, and when.

Belongs here: which figures are remembered, and the append-only record of them beside the published
builds. Does not belong here: why a figure changed since (the mart `restatement__metric_day`).

One file per published build, made once and never changed, with the figures that differ from those
told before. Builds are pruned and the warehouse may be built anew; this stays. It holds no person.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ingest.build_inputs import PUBLISHED_VALUES, record_files
from ingest.settings import Workspace
from ingest.store import write_atomically


@dataclass(frozen=True)
class Tracked:
    """Figures of one mart whose published values are remembered."""

    mart: str
    day: str
    segment: str
    metrics: tuple[str, ...]


TRACKED = (
    Tracked("active_users__daily", "activity_on", "segment",
            ("dau_count", "wau_count", "mau28_count")),
    Tracked("support_load__queue_day", "day_on", "queue_id", ("created_count", "backlog_count")),
)  # fmt: skip


def remember(workspace: Workspace) -> Path | None:
    """Records what the current build tells, unless that is done; the file, if one was made.

    Whoever publishes or builds calls it, so that a record which a kill prevented is made up for
    before anything else is told.
    """
    from orchestration.lib.candidate import DATABASE

    link = workspace.published / "current"
    if not (link / DATABASE).is_file():
        return None
    build_id = link.readlink().name
    folder = workspace.published / build_id
    target = workspace.published / "record" / f"{build_id}.parquet"
    if target.exists():
        return None
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    query = _query(workspace, build_id, str(manifest["published_at"]))

    def write(draft: Path) -> None:
        import duckdb

        with duckdb.connect(str(folder / DATABASE), read_only=True) as connection:
            connection.execute(f"copy ({query}) to '{_quoted(draft)}' (format parquet)")

    write_atomically(target, write)
    return target


def _query(workspace: Workspace, build_id: str, published_at: str) -> str:
    told = " union all ".join(
        f"select '{metric}' as metric, {kind.day} as day_on, {kind.segment} as segment, "
        f"cast({metric} as double) as published_value, is_complete, "
        f"cast(definition_version as integer) as definition_version from marts.{kind.mart} "
        f"where {kind.segment} = 'all'"
        for kind in TRACKED
        for metric in kind.metrics
    )
    known = record_files(workspace)
    before = (
        f"select {', '.join(PUBLISHED_VALUES)} from read_parquet("
        f"[{', '.join(_text(path) for path in known)}])"
        if known
        else "select "
        + ", ".join(f"cast(null as {kind}) as {name}" for name, kind in _SQL_TYPES.items())
        + " where false"
    )
    return (
        f"with told as ({told}), before as ({before}), latest as (select * from before qualify "
        "row_number() over (partition by metric, day_on, segment, definition_version "
        "order by published_at desc, build_id desc) = 1) "
        f"select '{build_id}' as build_id, timestamp '{published_at}' as published_at, "
        "(select max(loaded_at) from marts.row_ledger__batch where status = 'loaded') "
        "as loaded_through_at, told.* from told left join latest "
        "on latest.metric = told.metric and latest.day_on = told.day_on "
        "and latest.segment = told.segment and latest.definition_version = told.definition_version "
        "where latest.metric is null or latest.published_value is distinct from "
        "told.published_value or latest.is_complete is distinct from told.is_complete "
        "order by told.metric, told.day_on"
    )


_SQL_TYPES = {
    "build_id": "varchar", "published_at": "timestamp", "loaded_through_at": "timestamp",
    "metric": "varchar", "day_on": "date", "segment": "varchar", "published_value": "double",
    "is_complete": "boolean", "definition_version": "integer",
}  # fmt: skip


def _text(path: Path) -> str:
    return f"'{_quoted(path)}'"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
