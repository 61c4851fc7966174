"""What a failed check tells those who are alerted, beside what Dagster keeps of it.

Belongs here: from a check's result to plain values, and from these to an observation. Does not
belong here: Dagster, which carries them in between as metadata (`defs/gates.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from expectations.results import CheckResult
from ingest.alerting import SEVERITIES, Severity
from orchestration.lib.alerts.messages import SHOWN_ROWS
from orchestration.lib.alerts.model import Observation, Subject

NAME = "for_alerts"
_LONGEST_CELL = 200


def facts_of(check: CheckResult) -> dict[str, Any]:
    """The values; samples are masked already."""
    return {
        "words": check.description,
        "problem": check.message if check.crashed else "",
        "remedy": check.runbook,
        "owner": check.owner,
        "sample": [
            {name: str(value)[:_LONGEST_CELL] for name, value in row.items() if value is not None}
            for row in check.failing_rows[:SHOWN_ROWS]
        ],
    }


def observation_of(
    subject: Subject, passed: bool, at: datetime, metadata: Mapping[str, Any], *,
    is_error: bool, description: str = "", partition: str = "", run_id: str = "", owner: str = "",
) -> Observation:  # fmt: skip
    """The observation of an evaluated check, whoever evaluated it.

    Args:
        subject: The check.
        passed: Its verdict.
        at: When it was evaluated.
        metadata: Plain values that came with the verdict.
        is_error: Whether its failure stops what comes after it.
        description: What the check is for.
        partition: Of which partition it speaks.
        run_id: In which run.
        owner: Who answers for the asset, where the check does not say.
    """
    facts: Mapping[str, Any] = metadata.get(NAME) or {}
    problem = str(facts.get("problem") or "")
    words = str(facts.get("words") or description or f"The check {subject.name} must pass.")
    return Observation(
        subject,
        passed,
        at,
        severity=_severity(metadata.get("severity"), is_error or bool(problem)),
        partition=partition,
        words=f"{words} It could not be evaluated: {problem}" if problem else words,
        remedy=str(facts.get("remedy") or ""),
        owner=str(facts.get("owner") or owner),
        rows_failing=_number(metadata, "rows_failing", "dagster_dbt/failed_row_count"),
        rows_checked=_number(metadata, "rows_checked"),
        sample=tuple(tuple(row.items()) for row in facts.get("sample") or ()),
        run_id=run_id,
        crashed=bool(problem),
    )


def _severity(said: Any, is_error: bool) -> Severity:
    if is_error:
        return "critical"
    return said if said in SEVERITIES and said != "critical" else "warning"


def _number(metadata: Mapping[str, Any], *names: str) -> int | None:
    return next((int(metadata[n]) for n in names if isinstance(metadata.get(n), int)), None)
