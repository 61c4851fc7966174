"""What people say of incidents: seen, or a false alarm; and how precise each check is by that.

Belongs here: noting it, and counting. Does not belong here: asking for it (`commands/`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ingest.incident_record import incident_record_path
from ingest.settings import Workspace
from orchestration.lib.alerts.lifecycle import transition
from orchestration.lib.alerts.look import opened
from orchestration.lib.alerts.model import Incident, Subject, Verdict
from orchestration.lib.alerts.record import append
from orchestration.lib.alerts.redacting import redact
from orchestration.lib.paths import PipelineError


@dataclass(frozen=True)
class Precision:
    """How often a subject's alarms were true, of those that somebody judged."""

    subject: Subject
    incidents: int
    triaged: int
    true_alarms: int


def triage(
    workspace: Workspace, incident_id: str, verdict: Verdict, note: str = "",
    now: datetime | None = None,
) -> Incident:  # fmt: skip
    """Notes a verdict; an acknowledged incident is reminded of no more.

    Raises:
        PipelineError: If no incident, or more than one, has an id that begins so.
    """
    now = now or datetime.now(UTC)
    (note,) = redact([note], workspace)
    with opened(workspace) as store:
        with store.transaction():
            known = store.incident(incident_id)
            if known is None:
                raise PipelineError(
                    f"No incident, or more than one, has an id that begins with {incident_id!r}. "
                    "See: productops incidents list --all"
                )
            judged = replace(
                known, verdict=verdict, note=note or known.note,
                acknowledged_at=known.acknowledged_at or now,
            )  # fmt: skip
            store.save([judged])
            happened = "false_alarm" if verdict == "false_alarm" else "acknowledged"
            store.add_transitions([transition(judged, happened, now)])
        append(store, incident_record_path(workspace))
    return judged


def precision(incidents: Iterable[Incident]) -> list[Precision]:
    """For each subject that ever failed; those judged most often first."""
    by_subject: dict[str, list[Incident]] = {}
    for incident in incidents:
        by_subject.setdefault(incident.subject.key, []).append(incident)
    found = [
        Precision(
            mine[0].subject, len(mine), sum(bool(i.verdict) for i in mine),
            sum(i.verdict == "true_alarm" for i in mine),
        )
        for mine in by_subject.values()
    ]  # fmt: skip
    return sorted(found, key=lambda p: (-p.triaged, -p.incidents, p.subject.key))
