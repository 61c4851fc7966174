"""What a check found, whoever evaluated it.

Belongs here: the one shape of a check's result. Does not belong here: how a check is evaluated
(`expectations.runner`, `expectations.ledger_checks`) or shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["critical", "warning", "info"]


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one check; `failing_rows` are a masked sample, `quarantine` holds them all.

    `set_aside` says that the caller promised to leave the failing rows out of what it builds, so
    that a critical breach of single rows need not stop everything. `deliveries` are the
    files whose rows breach it; none where the check speaks of no delivery or nobody can tell.
    """

    suite: str
    layer: str
    table: str
    check_name: str
    severity: Severity
    passed: bool
    crashed: bool = False
    observed: dict[str, Any] = field(default_factory=dict)
    unexpected_count: int | None = None
    element_count: int | None = None
    failing_rows: list[dict[str, Any]] = field(default_factory=list)
    message: str = ""
    seconds: float = 0.0
    description: str = ""
    owner: str = ""
    runbook: str = ""
    quarantine: str | None = None
    set_aside: bool = False
    deliveries: list[str] = field(default_factory=list)

    @property
    def blocks(self) -> bool:
        """Whether nothing may pass: a critical check failed, or any could not be evaluated."""
        if self.passed:
            return False
        return self.crashed or (self.severity == "critical" and not self.set_aside)
