"""Appending to the record of incidents, and beginning anew from it.

Belongs here: what is written when. Does not belong here: its columns and reading it
(`ingest.incident_record`).
"""

from __future__ import annotations

import os
from pathlib import Path

from ingest.incident_record import read_lines
from orchestration.lib.alerts.codec import incident_of
from orchestration.lib.alerts.model import Incident
from orchestration.lib.alerts.store import Store


def append(store: Store, path: Path) -> None:
    """Writes what is not in the record yet; killed before that is noted, lines are there twice."""
    waiting = store.unrecorded()
    if not waiting:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as handle:
        # Half a line that a kill left must not swallow the next one.
        broken = handle.tell() > 0 and not _ends_with_newline(path)
        lines = "".join(f"{body}\n" for _, body in waiting)
        handle.write((("\n" if broken else "") + lines).encode())
        handle.flush()
        os.fsync(handle.fileno())
    with store.transaction():
        store.mark_recorded(waiting[-1][0])


def incidents_in(path: Path) -> list[Incident]:
    """Incidents as the record knows them: what a lost store begins with."""
    latest = {}
    for entry in read_lines(path):
        try:
            latest[entry["incident_id"]] = incident_of(entry)
        except (KeyError, TypeError, ValueError):
            continue
    return list(latest.values())


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as handle:
        handle.seek(-1, os.SEEK_END)
        return handle.read(1) == b"\n"
