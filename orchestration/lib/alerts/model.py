"""What alerts are about: observations, incidents, notices and the graph of assets.

Belongs here: the shapes. Does not belong here: what follows from what (`lifecycle`, `grouping`),
words for people (`messages`), keeping them (`store`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from ingest.alerting import SEVERITIES, Severity

SubjectKind = Literal["check", "step", "run", "freshness", "sensor", "schedule", "silence"]
NoticeKind = Literal["opened", "escalated", "returned", "reminded", "recovered", "test"]
Verdict = Literal["", "true_alarm", "false_alarm"]
Row = tuple[tuple[str, str], ...]
_RANKS: dict[str, int] = {severity: number for number, severity in enumerate(SEVERITIES)}


def rank(severity: str) -> int:
    """How grave a severity is; what was never told is below all."""
    return _RANKS.get(severity, -1)


def digest(*words: str) -> str:
    """A short name that follows from words: whoever is killed and begins again finds it again."""
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Subject:
    """What can fail: a check of an asset, a step, a run, a promise, a sensor, or silence."""

    kind: SubjectKind
    name: str
    asset: str = ""

    @property
    def key(self) -> str:
        """One text for it."""
        return f"{self.kind}:{self.asset}:{self.name}"

    @property
    def place(self) -> str:
        """What people call the table that it is about, or the thing itself."""
        return self.asset.rpartition("/")[2] or self.name

    @property
    def shown(self) -> str:
        """The same, with the check's own name."""
        return f"{self.place}.{self.name}" if self.kind == "check" else self.place


@dataclass(frozen=True)
class Observation:
    """One verdict about a subject; the rest is what people want to know if it is a bad one."""

    subject: Subject
    passed: bool
    at: datetime
    severity: Severity = "warning"
    partition: str = ""
    words: str = ""
    remedy: str = ""
    owner: str = ""
    rows_failing: int | None = None
    rows_checked: int | None = None
    sample: tuple[Row, ...] = ()
    run_id: str = ""
    crashed: bool = False
    # The earliest moment at which it can have begun, where the observer knows.
    began_at: datetime | None = None


@dataclass(frozen=True)
class Batch:
    """What was observed together: a run, or a look at clocks.

    Of kinds in `covers` everything that fails is in it: what is missing has recovered.
    """

    at: datetime
    observations: tuple[Observation, ...]
    covers: frozenset[SubjectKind] = frozenset()
    run_id: str = ""


@dataclass(frozen=True)
class Incident:
    """One failure of one subject and set of partitions, from its first sight to its recovery.

    `cause_id` names the incident upstream of which it is a consequence, or itself. What was told
    stands on the causes alone: `told_severity` empty means nothing was, `is_told_open` that the
    last word was not that it recovered.
    """

    incident_id: str
    subject: Subject
    severity: Severity
    began_at: datetime
    opened_at: datetime
    last_failed_at: datetime
    partitions: tuple[str, ...] = ("",)
    failing: tuple[str, ...] = ("",)
    recovered_at: datetime | None = None
    words: str = ""
    remedy: str = ""
    owner: str = ""
    rows_failing: int | None = None
    rows_checked: int | None = None
    sample: tuple[Row, ...] = ()
    run_id: str = ""
    crashed: bool = False
    cause_id: str = ""
    return_count: int = 0
    acknowledged_at: datetime | None = None
    verdict: Verdict = ""
    note: str = ""
    told_severity: Severity | Literal[""] = ""
    told_at: datetime | None = None
    is_told_open: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it fails still."""
        return self.recovered_at is None

    @property
    def is_cause(self) -> bool:
        """Whether messages are about it, and not about something upstream."""
        return self.cause_id == self.incident_id


@dataclass(frozen=True)
class Transition:
    """Something that happened to an incident, with the incident as it was after that."""

    transition_id: str
    kind: str
    at: datetime
    incident: Incident


@dataclass(frozen=True)
class Notice:
    """Something that people are to be told: about a cause and its consequences."""

    kind: NoticeKind
    cause: Incident
    effects: tuple[Incident, ...]
    severity: Severity
    at: datetime


@dataclass(frozen=True)
class Graph:
    """The assets: what each is made of, whose it is, how it is tagged; and all checks there are."""

    upstream: Mapping[str, Iterable[str]] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Keys of subjects; empty where nobody knows them.
    checks: frozenset[str] = frozenset()

    def above(self, asset: str) -> frozenset[str]:
        """Everything that an asset is made of."""
        return _reach(self.upstream, asset)

    def below(self, asset: str) -> frozenset[str]:
        """Everything that is made of an asset."""
        found: dict[str, list[str]] = {}
        for lower, uppers in self.upstream.items():
            for upper in uppers:
                found.setdefault(upper, []).append(lower)
        return _reach(found, asset)


def _reach(edges: Mapping[str, Iterable[str]], start: str) -> frozenset[str]:
    reached: set[str] = set()
    waiting = list(edges.get(start, ()))
    while waiting:
        asset = waiting.pop()
        if asset not in reached:
            reached.add(asset)
            waiting += edges.get(asset, ())
    return frozenset(reached - {start})
