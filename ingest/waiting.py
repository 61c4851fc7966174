"""Deliveries that could not be taken in yet, and since when they wait.

Belongs here: the note of them, which outlives a run. Does not belong here: why they wait
(`ingest.delivery`, `ingest.arrivals`), what a run's account makes of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.store import write_json

# An upload takes hours at most; whatever waits longer needs somebody who sees to it.
LONG = timedelta(days=1)


@dataclass(frozen=True)
class Waiting:
    """A delivery that no run could take in since it was first tried."""

    path: str
    since: datetime
    detail: str

    @property
    def words(self) -> str:
        """Path, reason and time in one line."""
        return f"{self.detail} (waits since {self.since:%Y-%m-%d %H:%M} UTC)"


def note_waiting(lake: Path, details: Mapping[str, str]) -> None:
    """Notes what waits now, by path; what waited before keeps its time."""
    known = {one.path: one.since for one in read_waiting(lake)}
    if not known and not details:
        return
    now = datetime.now(UTC)
    told = {
        path: {"since": known.get(path, now).isoformat(), "detail": detail}
        for path, detail in details.items()
    }
    write_json(_path(lake), told)


def read_waiting(lake: Path) -> list[Waiting]:
    """What waited when drop/ was looked at last."""
    try:
        found = json.loads(_path(lake).read_text(encoding="utf-8"))
        return [
            Waiting(path, datetime.fromisoformat(one["since"]), one["detail"])
            for path, one in sorted(found.items())
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def long_waiting(lake: Path) -> list[Waiting]:
    """What waits for more than a day."""
    now = datetime.now(UTC)
    return [one for one in read_waiting(lake) if now - one.since > LONG]


def _path(lake: Path) -> Path:
    return lake / "ledger" / ".waiting.json"
