"""Contracts whose promise of freshness is broken by now, whether anything was built or not.

Belongs here: the verdict about each contract. Does not belong here: the promises (the contracts)
and how far the data reaches (`freshness__contract` of what is published).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from ingest.settings import Workspace
from orchestration.lib.alerts.model import Observation, Subject

_COLUMNS = ["contract", "owner", "last_occurred_at", "warn_hours", "fail_hours"]


def observe_promises(workspace: Workspace, now: datetime) -> tuple[Observation, ...] | None:
    """A verdict for each contract that has data and a promise; None where nothing is published.

    Hours are those of the workspace's clock; when it was seen is told by the real one.
    """
    path = workspace.published / "current" / "parquet" / "freshness__contract.parquet"
    if not path.is_file():
        return None
    import pyarrow.parquet as pq

    rows = pq.read_table(path, columns=_COLUMNS).to_pylist()
    clock = now if workspace.config.org.as_of is None else workspace.as_of_at()
    return tuple(_verdicts(rows, clock, now))


def _verdicts(
    rows: Iterable[dict[str, Any]], clock: datetime, now: datetime
) -> Iterable[Observation]:
    for row in rows:
        last, fail, warn = row["last_occurred_at"], row["fail_hours"], row["warn_hours"]
        limit = fail if fail is not None else warn
        if last is None or limit is None:
            continue
        lag = clock - last.replace(tzinfo=UTC)
        is_late = lag > timedelta(hours=limit)
        contract = row["contract"]
        yield Observation(
            Subject("freshness", contract, f"lake/{contract}"),
            passed=not is_late,
            at=now,
            severity="warning" if fail is not None else "info",
            words=f"Nothing of {contract} is newer than {last:%Y-%m-%d %H:%M} UTC; promised is "
            f"something every {limit} hours. Figures made of it are older than they look.",
            remedy=f"Ask for a new export of {contract} and put it into drop/.",
            owner=row["owner"] or "",
            began_at=now - (lag - timedelta(hours=limit)) if is_late else None,
        )
