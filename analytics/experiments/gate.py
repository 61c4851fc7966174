"""What a check of a readout is, and what it looks at.

Belongs here: their shapes. Does not belong here: any check (`gates`, `gates_figures`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.experiments.comparison import Row
from analytics.experiments.evidence import Evidence, Look


@dataclass(frozen=True)
class Gate:
    """One check. `value` is what was found and `threshold` what it was held against."""

    gate: str
    status: str  # pass, warn, fail, wait, info or unknown
    words: str
    value: float = float("nan")
    threshold: float = float("nan")


@dataclass(frozen=True)
class At:
    """An experiment at one of its looks."""

    evidence: Evidence
    look: Look
    rows: tuple[Row, ...]

    def of(self, role: str, estimator: str | None = None) -> list[Row]:
        """Its comparisons; the deciding ones where no estimator is named."""
        return [
            row for row in self.rows
            if row.role == role
            and (row.estimator == estimator if estimator else row.is_deciding)
        ]  # fmt: skip

    @property
    def ripe(self) -> list[int]:
        """Places of the sums of this look, all units and arms, by metric and arm."""
        sums = self.evidence.sums
        return np.flatnonzero((sums.look == self.look.number) & (sums.basis == "main")).tolist()


def percent(share: float) -> str:
    """A share in words."""
    return "unknown" if np.isnan(share) else f"{share:.1%}"
