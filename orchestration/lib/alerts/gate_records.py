"""Checks of the lake that hold again although no step of a run evaluated them.

Belongs here: what the gate's own record says of open incidents. Does not belong here: the gate and
its record (`lib/gates.py`), incidents that begin: those come from runs alone.

Where a bad delivery is withdrawn and nothing is left to build, a run ends after the ingest: the
gate was asked there, and its steps are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from expectations.ledger_checks import LEDGER_CHECKS
from ingest.settings import Workspace
from orchestration.lib.alerts.model import Incident, Observation
from orchestration.lib.gates import last_lake_record
from orchestration.lib.suites import raw_suites

_LAKE = "lake/"


def observe_gate(workspace: Workspace, incidents: Iterable[Incident]) -> Iterator[Observation]:
    """A good verdict for each open check of the lake that the record no longer holds against it."""
    record = last_lake_record(workspace)
    if record is None:
        return
    at = datetime.fromisoformat(record.checked_at).replace(tzinfo=UTC)
    # An older record is the one that failed.
    due = [i for i in incidents if i.subject.kind == "check" and i.subject.asset.startswith(_LAKE)
           and i.is_open and at > i.last_failed_at]  # fmt: skip
    if not due:
        return
    failing = {(f"{_LAKE}{c.table}", c.check_name) for c in record.checks if not c.passed}
    good = _checks_of_the_gate(workspace) - failing
    for incident in due:
        if (incident.subject.asset, incident.subject.name) in good:
            for partition in incident.failing:
                yield Observation(incident.subject, True, at, partition=partition)


def _checks_of_the_gate(workspace: Workspace) -> set[tuple[str, str]]:
    """What it evaluates; one that is not in a record had nothing new to look at since it passed."""
    ledger = {(f"{_LAKE}batches", check.check_name) for check in LEDGER_CHECKS}
    suites = raw_suites(workspace.home)
    return ledger | {(f"{_LAKE}{s.table}", e.check_name) for s in suites for e in s.expectations}
