"""What becomes of incidents when something is observed, and what people are told of it.

Belongs here: opening, escalating, returning, recovering, reminding. Does not belong here: which
incident is the consequence of which (`grouping`), who is told how (`routing`, `messages`).

    observed failing   no incident -> opened; graver than before -> escalated
    observed passing   open -> recovered
    failing again      within `same_incident_hours` -> the same incident, returned

People are told of causes: that one was opened, of every escalation, once a day that it is still
there, and that it is over together with all its consequences. One that returned is told of once;
from then on it counts as over only when it has stayed away for `same_incident_hours`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ingest.alerting import AlertRules, Severity
from orchestration.lib.alerts.grouping import with_causes
from orchestration.lib.alerts.model import (
    Batch,
    Graph,
    Incident,
    Notice,
    NoticeKind,
    Observation,
    Transition,
    digest,
    rank,
)


@dataclass
class Decision:
    """Incidents as they are now, what happened to them, and what people are to be told."""

    incidents: dict[str, Incident]
    transitions: list[Transition] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


def decide(
    known: Iterable[Incident],
    batch: Batch,
    graph: Graph,
    rules: AlertRules,
    now: datetime,
    passed_at: Mapping[str, datetime] | None = None,
) -> Decision:
    """Takes in what was observed together.

    Args:
        known: Incidents that are open or may return.
        batch: What was observed; may be empty, as time alone has consequences too.
        graph: What is made of what.
        rules: The company's settings.
        now: When people are told.
        passed_at: By key of a subject, when it was last seen well.
    """
    case = _Case(known, batch, graph, rules, now, passed_at or {})
    case.observe()
    case.group()
    case.tell()
    return case.decision


class _Case:
    def __init__(
        self, known: Iterable[Incident], batch: Batch, graph: Graph, rules: AlertRules,
        now: datetime, passed_at: Mapping[str, datetime],
    ) -> None:  # fmt: skip
        self.decision = Decision({incident.incident_id: incident for incident in known})
        self._batch = batch
        self._graph = graph
        self._rules = rules
        self._now = now
        self._passed_at = passed_at
        self._window = timedelta(hours=rules.same_incident_hours)
        self._new: set[str] = set()

    def observe(self) -> None:
        seen: dict[str, dict[str, Observation]] = {}
        for found in self._batch.observations:
            seen.setdefault(found.subject.key, {})[found.partition] = found
        for key, verdicts in seen.items():
            self._judge(key, verdicts)
        for incident in list(self.decision.incidents.values()):
            if incident.is_open and incident.subject.key not in seen and self._is_gone(incident):
                self._recover(incident, self._batch.at)

    def _is_gone(self, incident: Incident) -> bool:
        """Whether nobody speaks of its subject any more who would if it still failed."""
        if incident.subject.kind == "check":
            return bool(self._graph.checks) and incident.subject.key not in self._graph.checks
        return incident.subject.kind in self._batch.covers

    def _judge(self, key: str, verdicts: Mapping[str, Observation]) -> None:
        bad = {p: o for p, o in verdicts.items() if not o.passed and self._counts(o)}
        good = set(verdicts) - set(bad)
        mine = [i for i in self.decision.incidents.values() if i.subject.key == key]
        for incident in (incident for incident in mine if incident.is_open):
            here = set(incident.partitions)
            failing = (set(incident.failing) - good) | (here & set(bad))
            facts = [bad[p] for p in sorted(here & set(bad))]
            if failing:
                self._go_on(replace(incident, failing=tuple(sorted(failing))), facts)
            else:
                last = max(verdicts.values(), key=lambda found: found.at)
                self._recover(incident, last.at)
            for partition in here:
                bad.pop(partition, None)
        if bad:
            self._open(mine, bad)

    def _counts(self, found: Observation) -> bool:
        return rank(found.severity) >= rank(self._rules.from_severity)

    def _go_on(self, incident: Incident, facts: list[Observation]) -> None:
        before = incident.severity
        for found in facts:
            incident = _with_facts(incident, found)
        self._keep(incident, "escalated" if rank(incident.severity) > rank(before) else "")

    def _open(self, mine: list[Incident], bad: Mapping[str, Observation]) -> None:
        facts = [bad[partition] for partition in sorted(bad)]
        first = min(facts, key=lambda found: found.at)
        for known in mine:
            gone = known.recovered_at
            returns = gone is not None and set(known.partitions) & set(bad)
            if returns and gone and first.at - gone <= self._window:
                incident = replace(
                    known, recovered_at=None, acknowledged_at=None,
                    return_count=known.return_count + 1, failing=tuple(sorted(bad)),
                    partitions=tuple(sorted({*known.partitions, *bad})),
                )  # fmt: skip
                for found in facts:
                    incident = _with_facts(incident, found)
                self._new.add(incident.incident_id)
                self._keep(incident, "returned")
                return
        subject, partitions = first.subject, tuple(sorted(bad))
        began = first.began_at or self._passed_at.get(subject.key) or first.at
        incident = Incident(
            incident_id=digest(subject.key, *partitions, first.at.isoformat()),
            subject=subject, severity=first.severity, began_at=min(began, first.at),
            opened_at=first.at, last_failed_at=first.at, partitions=partitions, failing=partitions,
        )  # fmt: skip
        for found in facts:
            incident = _with_facts(incident, found)
        self._new.add(incident.incident_id)
        self._keep(incident, "opened")

    def _recover(self, incident: Incident, at: datetime) -> None:
        # The rows that failed are of no more use, and may speak of people.
        at = max(at, incident.opened_at)
        self._keep(replace(incident, recovered_at=at, failing=(), sample=()), "recovered")

    def _keep(self, incident: Incident, happened: str) -> None:
        self.decision.incidents[incident.incident_id] = incident
        if happened:
            self.decision.transitions.append(transition(incident, happened, self._batch.at))

    def group(self) -> None:
        """Finds the cause of what is new, or graver than its cause, or goes on without it."""
        for incident in list(self.decision.incidents.values()):
            cause = self.decision.incidents.get(incident.cause_id)
            explained = cause and cause.is_open and rank(incident.severity) <= max(
                rank(cause.severity), rank(cause.told_severity))  # fmt: skip
            left = incident.is_open and not incident.is_cause and not explained
            if left and incident.incident_id not in self._new:
                self._new.add(incident.incident_id)
                self._keep(replace(incident, cause_id=""), "regrouped")
        incidents = with_causes(self.decision.incidents, self._new, self._graph, self._now)
        self.decision.incidents = incidents
        self.decision.transitions = [
            replace(happened, incident=replace(
                happened.incident, cause_id=incidents[happened.incident.incident_id].cause_id))
            for happened in self.decision.transitions
        ]  # fmt: skip

    def tell(self) -> None:
        groups: dict[str, list[Incident]] = {}
        for incident in self.decision.incidents.values():
            groups.setdefault(incident.cause_id, []).append(incident)
        for cause_id, members in groups.items():
            cause = self.decision.incidents.get(cause_id)
            if cause is not None:
                self._tell(cause, members)

    def _tell(self, cause: Incident, members: list[Incident]) -> None:
        alive = [member for member in members if member.is_open]
        severity = max((m.severity for m in alive or members), key=rank)
        kind = self._what_to_tell(cause, members, alive, severity)
        if not kind:
            return
        told = cause
        if kind == "recovered":
            told = replace(cause, is_told_open=False)
        else:
            graver = severity if rank(severity) > rank(cause.told_severity) else cause.told_severity
            told = replace(cause, is_told_open=True, told_at=self._now, told_severity=graver)
        self.decision.incidents[cause.incident_id] = told
        muted = cause.verdict == "false_alarm" and kind != "escalated"
        if not muted:
            effects = tuple(m for m in members if m.incident_id != cause.incident_id)
            notice = Notice(kind, told, effects, severity, self._now)
            self.decision.notices.append(notice)

    def _what_to_tell(
        self, cause: Incident, members: list[Incident], alive: list[Incident], severity: Severity
    ) -> NoticeKind | None:
        told_at = cause.told_at
        if told_at is None:
            return "opened" if alive else None
        if alive:
            if rank(severity) > rank(cause.told_severity):
                return "escalated"
            if not cause.is_told_open:
                return "returned"
            is_due = self._now - told_at >= timedelta(hours=self._rules.remind_after_hours)
            return "reminded" if is_due and cause.acknowledged_at is None else None
        if not cause.is_told_open:
            return None
        flaps = any(member.return_count for member in members)
        last = max((m.recovered_at for m in members if m.recovered_at), default=self._now)
        return None if flaps and self._now - last < self._window else "recovered"


def transition(incident: Incident, happened: str, at: datetime) -> Transition:
    """The entry of the record for something that happened to an incident."""
    name = digest(incident.incident_id, happened, at.isoformat(), str(incident.return_count))
    return Transition(name, happened, at, incident)


def _with_facts(incident: Incident, found: Observation) -> Incident:
    """The incident with the latest facts; it never becomes less grave than it was."""
    return replace(
        incident,
        severity=max(incident.severity, found.severity, key=rank),
        last_failed_at=max(incident.last_failed_at, found.at),
        words=found.words, remedy=found.remedy, owner=found.owner,
        rows_failing=found.rows_failing, rows_checked=found.rows_checked, sample=found.sample,
        run_id=found.run_id, crashed=found.crashed,
    )  # fmt: skip
