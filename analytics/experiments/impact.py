"""What was shipped in sum, metric by metric, free of the winner's luck.

All valid tests of a metric, losers too, tell how large effects on it usually are (`shrinkage`);
each effect is shrunken by that, and those that were shipped are summed. A sum is shown from 30
valid tests on the metric on, below 100 as indicative: with fewer the prior is hardly known, and on
simulated programmes of 30 the interval held the truth in as few as 72 of 100. Below, the shrunken
value of each experiment is all there is. A holdout, where there is one, knows better: interaction
between experiments, and effects that fade, are not in these figures.

Belongs here: which experiments a metric's prior is learnt from, sums of what was shipped, the rule
of 30 and 100. Does not belong here: the prior itself (`shrinkage`), rates (`portfolio`), what a
metric can be moved by (`movability`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analytics.experiments.crossvalidation import Worth, differ
from analytics.experiments.shrinkage import Estimate, Shrinkage, shrink

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Text = NDArray[np.str_]
SHOWN_FROM, SOLID_FROM = 30, 100
_NAN = float("nan")
_NONE = Estimate(_NAN, _NAN, _NAN, _NAN)


@dataclass(frozen=True)
class Measured:
    """Relative effects on metrics, one per experiment and metric, in one order.

    `is_valid` says that the readout may be read. A valid row without a usable effect or standard
    error (a metric around 0 has no lift) teaches nothing and is summed nowhere, but is counted.
    `coverage` is the metric's total of the exposed over that of all units, NaN where not known.
    """

    metric: Text
    effect: Array
    se: Array
    is_valid: Flags
    is_shipped: Flags
    coverage: Array

    @property
    def is_usable(self) -> Flags:
        """Valid, and with an effect that can be weighed."""
        return self.is_valid & np.isfinite(self.effect) & np.isfinite(self.se) & (self.se > 0)


@dataclass(frozen=True)
class Impact:
    """Sum of what was shipped of some experiments on one metric.

    `lift` is the sum of shrunken effects, in points of relative lift of those exposed. `growth` is
    prod(1 + coverage x effect) - 1, of everybody; NaN if the coverage of one of them is not known.
    `naive` is the sum as measured, which is what luck makes of it. `rule` and `cross_validated`
    are two estimates of one quantity, the worth of the rule for shipping: shrunken effects times
    the share of folds on which the rule ships, and held-out folds. Where `is_disputed`, they are
    further apart than chance explains.
    """

    metric: str
    valid_tests: int  # that the prior was learnt from, whatever the group
    tests: int  # of this group, valid
    shipped: int
    unmeasured: int  # shipped, but without a valid, usable effect: in no sum
    is_shown: bool
    is_indicative: bool
    lift: Estimate
    growth: Estimate
    naive: float
    rule: Estimate
    cross_validated: Estimate
    checked: int  # experiments behind those two
    is_disputed: bool | None


@dataclass(frozen=True)
class Learnt:
    """Shrunken values in the order of what was measured, NaN where unusable, and their grounds."""

    measured: Measured
    mean: Array
    sd: Array
    pit: Array
    fits: dict[str, tuple[NDArray[np.int64], Shrinkage]]  # of each metric: its rows, posteriors
    worth: Worth | None = None

    def impact(self, metric: str, group: Flags) -> Impact:
        """What the experiments of a group that were shipped add up to, on one metric."""
        there, seen = self.measured, group & (self.measured.metric == metric)
        rows, fit = self.fits[metric]
        shipped = (seen & there.is_shipped)[rows].astype(np.float64)
        tests = len(rows)
        count = int(shipped.sum())
        found = Impact(
            metric, tests, int(seen[rows].sum()), count,
            int((seen & there.is_shipped).sum()) - count, tests >= SHOWN_FROM,
            SHOWN_FROM <= tests < SOLID_FROM, _NONE, _NONE, _NAN, _NONE, _NONE, 0, None,
        )  # fmt: skip
        if not found.is_shown:
            return found
        share = np.where(shipped > 0, there.coverage[rows], 0.0)
        found = replace(
            found,
            lift=fit.total(shipped),
            growth=_NONE if np.isnan(share).any() else fit.product(share),
            naive=float(there.effect[rows] @ shipped),
        )
        return found if self.worth is None else _checked(found, self.worth, rows, fit, seen)


def learn(measured: Measured, worth: Worth | None = None) -> Learnt:
    """Shrinks each metric's effects by what all its valid tests say, of all teams and times.

    Args:
        measured: In any order.
        worth: The cross-validated worth of each, in the same order, where it is known.
    """
    count = len(measured.metric)
    mean, sd, pit = (np.full(count, np.nan) for _ in range(3))
    fits = {}
    for metric in np.unique(measured.metric):
        rows = np.flatnonzero(measured.is_usable & (measured.metric == metric))
        fit = shrink(measured.effect[rows], measured.se[rows])
        mean[rows], sd[rows], pit[rows] = fit.mean, fit.sd, fit.pit
        fits[str(metric)] = (rows, fit)
    return Learnt(measured, mean, sd, pit, fits, worth)


def _checked(
    found: Impact, worth: Worth, rows: NDArray[np.int64], fit: Shrinkage, seen: Flags
) -> Impact:
    """With the second way beside, over those experiments whose buckets are known."""
    known = seen[rows] & np.isfinite(worth.value[rows])
    if not known.any():
        return found
    rule = fit.total(np.where(known, worth.shipped[rows], 0.0))
    inside = np.zeros(len(worth.value), bool)
    inside[rows[known]] = True
    value, se = worth.total(inside)
    return replace(
        found,
        rule=rule,
        cross_validated=Estimate.normal(value, se),
        checked=int(known.sum()),
        is_disputed=differ((rule.value, rule.se), (value, se)),
    )
