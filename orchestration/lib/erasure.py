"""Erasure requests beyond the lake: warehouse, published builds, Dagster's records, and the proof.

Belongs here: what has to be made anew or removed once somebody's rows have left the lake. Does not
belong here: the lake (`ingest.forget`), printing (`commands/forget.py`).

Readers are not left without numbers: the old build goes when the new one is published. Killed at
any moment and run again, it ends in the same state.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.absence import Scan, files_of, holds, is_sqlite, scan
from ingest.forget import Erasure, conclude, purge
from ingest.scrub import masked
from ingest.settings import Workspace
from ingest.store import LakeError, locked, write_atomically
from ingest.subjects import Request, Subject
from ingest.values import name
from orchestration.lib.build import build
from orchestration.lib.check_pages import remove_pages
from orchestration.lib.paths import PipelineError
from orchestration.lib.publish import current_build, list_builds, publish

Progress = Callable[[str, int, int], None]
Step = Callable[[str], Progress | None]
PATIENCE_SECONDS = 30.0


@dataclass
class Forgotten:
    """What came of a request; `problem` says why something could not be made anew."""

    erasure: Erasure
    scan: Scan
    record: dict[str, Any]
    published: str | None = None
    removed: list[str] = field(default_factory=list)
    problem: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether nothing of the person is left anywhere."""
        return self.scan.is_clean and not self.problem


def forget(workspace: Workspace, request: Request, step: Step = lambda _: None) -> Forgotten:
    """Takes people out of everything that productops keeps, and proves it.

    Args:
        workspace: The company's folder.
        request: Whom.
        step: Gives the progress of a step of that name.
    """
    found = purge(workspace, request, step("erase"))
    # Failing rows may stand there. The gates write new ones of what is left.
    remove_pages(workspace)
    removed: list[str] = []
    problem, published = "", None
    if workspace.warehouse_path.exists() and _is_stale(workspace, found):
        for path in files_of(workspace.warehouse):
            if path != workspace.warehouse_path and holds(path, found.subject):
                path.unlink(missing_ok=True)
        published, problem = _make_anew(workspace, step)
    if found.is_known or any(workspace.published.glob("*/manifest.json")):
        removed = _remove_builds(workspace, found, published)
    clean_state(workspace, found.subject)
    seen = scan(workspace, found.subject, step("prove"))
    left = len(seen.found) + bool(problem)
    record = conclude(workspace, found.subject, seen.read, left)
    return Forgotten(found, seen, record, published, removed, problem)


def _is_stale(workspace: Workspace, found: Erasure) -> bool:
    """Whether what was built holds the person, or was made of rows that are gone."""
    return found.is_known or any(
        holds(path, found.subject) for path in files_of(workspace.warehouse, workspace.published)
    )


def _make_anew(workspace: Workspace, step: Step) -> tuple[str | None, str]:
    """Builds from the purged lake and publishes; the new build's id, or why there is none."""
    try:
        build(workspace, progress=step("build"), full_refresh=True)
        if current_build(workspace) is None:
            return None, ""
        return publish(workspace, step("publish")).build_id, ""
    except (PipelineError, LakeError) as error:
        return None, str(error)


def _remove_builds(workspace: Workspace, found: Erasure, published: str | None) -> list[str]:
    """Builds made of the person's rows: all older ones, or those that show them."""
    removed = []
    with locked(workspace.published / "publish.lock", "publishing"):
        for path in workspace.published.glob(".draft-*"):
            shutil.rmtree(path, ignore_errors=True)
        for known in list_builds(workspace):
            folder = workspace.published / known.build_id
            is_older = found.is_known and published not in (None, known.build_id)
            if not is_older and not any(holds(path, found.subject) for path in files_of(folder)):
                continue
            if known.is_current:
                (workspace.published / "current").unlink(missing_ok=True)
            # Renamed first: a half-removed build must not look like one.
            going = workspace.published / f".draft-{known.build_id}"
            folder.replace(going)
            shutil.rmtree(going, ignore_errors=True)
            removed.append(known.build_id)
    if found.is_known and not published and workspace.warehouse_path.exists():
        _remove_warehouse(workspace, found.subject)
    return removed


def _remove_warehouse(workspace: Workspace, subject: Subject) -> None:
    """Without a new warehouse the old one must not stay, if it holds the person."""
    if holds(workspace.warehouse_path, subject):
        for path in files_of(workspace.warehouse):
            path.unlink(missing_ok=True)


def clean_state(workspace: Workspace, subject: Subject) -> None:
    """Takes the person out of Dagster's records, of alerts and of logs."""
    words = subject.pattern()
    if words is None:
        return
    pattern = re.compile(words)
    for path in files_of(workspace.state, workspace.published / "incidents"):
        if not holds(path, subject):
            continue
        if is_sqlite(path):
            _clean_database(path, pattern)
        elif not path.name.endswith(("-wal", "-shm")):
            _clean_file(path, pattern)


def _clean_file(path: Path, pattern: re.Pattern[str]) -> None:
    try:
        text = masked(path.read_text(encoding="utf-8"), pattern)
    except UnicodeDecodeError:
        path.unlink(missing_ok=True)
        return
    write_atomically(path, lambda draft: draft.write_text(text, encoding="utf-8"))


def _clean_database(path: Path, pattern: re.Pattern[str]) -> None:
    def clean(value: Any) -> Any:
        return masked(value, pattern) if isinstance(value, str) else value

    try:
        with closing(sqlite3.connect(path, timeout=PATIENCE_SECONDS)) as connection:
            connection.create_function("cleaned", 1, clean, deterministic=True)
            connection.execute("pragma secure_delete = on")
            tables = connection.execute("select name from sqlite_master where type = 'table'")
            for (table,) in tables.fetchall():
                columns = connection.execute(f"pragma table_info({name(table)})").fetchall()
                for label in (name(column[1]) for column in columns):
                    connection.execute(
                        f"update {name(table)} set {label} = cleaned({label}) "
                        f"where typeof({label}) = 'text' and cleaned({label}) <> {label}"
                    )
            connection.commit()
            connection.execute("vacuum")
            connection.execute("pragma wal_checkpoint(truncate)")
    except sqlite3.OperationalError as error:
        raise PipelineError(
            f"{path}: can't be cleaned ({error}). Stop `productops up`, then ask again."
        ) from error
