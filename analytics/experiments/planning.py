"""How long an experiment must run, from what its metric is today.

Belongs here: units, weeks and smallest effects of a plan. Does not belong here: the arithmetic of
power (`power`), where today's figures come from (the mart metric_baseline__metric_unit_type).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analytics.experiments.power import mde_relative, sample_size
from analytics.experiments.schedule import look_alphas
from analytics.experiments.spec import Spec

MOST_WEEKS = 12


@dataclass(frozen=True)
class Baseline:
    """What a metric is today, and how many units come: `reach` maps weeks to units seen in them."""

    mean: float
    variance: float
    correlation: float
    units: int
    reach: Mapping[int, int]


@dataclass(frozen=True)
class Week:
    """What a test of so many weeks of exposure has and sees; `mde` is relative."""

    weeks: int
    units: float
    mde: float


@dataclass(frozen=True)
class Outlook:
    """What a plan needs, and what it gets in the weeks it has.

    `needed_weeks` is None where so many units don't come within `MOST_WEEKS`. `alpha` is that of
    one comparison at the last look.
    """

    alpha: float
    correlation: float
    needed_units: int
    needed_weeks: int | None
    planned_weeks: float
    planned_units: float
    planned_mde: float
    weeks: tuple[Week, ...]

    @property
    def is_enough(self) -> bool:
        """Whether the planned weeks find the effect that is asked for."""
        return self.planned_units >= self.needed_units


def outlook(spec: Spec, baseline: Baseline) -> Outlook:
    """What the plan needs.

    Several treatments share alpha (Bonferroni, which Holm is never worse than), and several looks
    leave the last one less of it.

    Raises:
        ValueError: If the metric does not vary, is 0, or nobody comes.
    """
    analysis, primary = spec.analysis, spec.primary
    shares = [spec.control.weight, *(arm.weight for arm in spec.treatments)]
    several = len(spec.treatments) if analysis.multiplicity == "holm" else 1
    alpha = last_alpha(spec) / several
    correlation = baseline.correlation if analysis.cuped_days else 0.0
    size = sample_size(
        baseline.mean, baseline.variance, primary.mde_relative, allocation=shares, alpha=alpha,
        power=analysis.power, correlation=correlation,
    )  # fmt: skip

    def mde(units: float) -> float:
        return mde_relative(
            units * shares[0], units * min(shares[1:]), baseline.mean, baseline.variance,
            alpha=alpha, power=analysis.power, correlation=correlation,
        )  # fmt: skip

    reached = [units_after(baseline, week) * spec.coverage for week in range(1, MOST_WEEKS + 1)]
    if not reached or reached[0] <= 0:
        raise ValueError("nobody was active lately, so that no number of weeks can be told")
    # However many come, a test runs for the days that the plan calls the least.
    least = -(-analysis.min_runtime_days // 7)
    enough = [
        number for number, units in enumerate(reached, start=1)
        if number >= least and units >= size.total
    ]  # fmt: skip
    planned_weeks = spec.run_days / 7
    planned = units_after(baseline, planned_weeks) * spec.coverage
    return Outlook(
        alpha, correlation, size.total, enough[0] if enough else None, planned_weeks, planned,
        mde(planned),
        tuple(Week(number, units, mde(units)) for number, units in enumerate(reached, start=1)),
    )  # fmt: skip


def units_after(baseline: Baseline, weeks: float) -> float:
    """Units that so many weeks of exposure reach: on a straight line between the weeks known.

    Beyond the last of them, as many come a week as between the last two.
    """
    known = sorted(baseline.reach)
    if not known:
        return 0.0
    units = [float(baseline.reach[week]) for week in known]
    if weeks <= known[-1]:
        return float(np.interp(weeks, [0, *known], [0.0, *units]))
    if len(known) < 2:
        return units[-1]
    slope = (units[-1] - units[-2]) / (known[-1] - known[-2])
    return units[-1] + slope * (weeks - known[-1])


def last_alpha(spec: Spec) -> float:
    """What is left of alpha for the last look."""
    analysis = spec.analysis
    if analysis.method != "group_sequential":
        return analysis.alpha
    spent = look_alphas(spec, analysis.looks, is_ended=True)
    return spent[max(spent)] if spent else analysis.alpha
