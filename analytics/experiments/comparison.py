"""One comparison of an experiment, as the warehouse holds it.

Belongs here: its columns. Does not belong here: how they are made (`comparing`, `quantile_rows`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One comparison; columns as the mart has them. NaN where there is no figure."""

    look_no: int
    metric_id: str
    role: str
    direction: str
    arm_no: int
    estimator: str
    is_deciding: bool
    control_count: float
    treatment_count: float
    control_mean: float
    treatment_mean: float
    control_variance: float
    treatment_variance: float
    theta: float
    difference: float
    se: float
    df: float
    t: float
    p: float
    p_adjusted: float
    family: str
    nominal_alpha: float
    ci_low: float
    ci_high: float
    relative: float
    relative_low: float
    relative_high: float
    margin: float
    margin_p: float
    beyond_margin_p: float
    is_beyond_margin: bool
    power_at_mde: float
    reason: str

    @property
    def is_significant(self) -> bool:
        """Whether chance explains it badly enough, at this look and in its family."""
        return bool(self.p_adjusted <= self.nominal_alpha)

    @property
    def is_good(self) -> bool:
        """Whether it went the right way."""
        return bool(self.difference * (1 if self.direction == "increase" else -1) > 0)
