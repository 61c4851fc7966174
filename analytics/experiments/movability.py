"""How far a metric can be moved at all: what many tests of it teach the next plan.

Belongs here: per metric, how large true effects usually are and how many tests moved it; how true
effects on two metrics go together. Does not belong here: the prior behind it (`shrinkage`), sums of
what was shipped (`impact`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.experiments.impact import SHOWN_FROM, Learnt
from analytics.experiments.rates import Rate, wilson

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
NOTABLE = 0.01  # relative


@dataclass(frozen=True)
class Movability:
    """What valid tests teach of one metric. Relative effects; NaN where there is no usable test.

    `moved` are tests with a significant effect in either direction, of those whose adjusted p is
    known. `tau` is how far true effects usually lie from their mode, noise taken out.
    `typical_effect` and `large_effect` are the median and the 90th percentile of shrunken effects'
    size: a next plan that counts on more than the second counts on luck. They are a prior only
    where `is_known`, that is from 30 tests on.
    """

    metric: str
    tests: int
    moved: Rate
    tau: float
    typical_effect: float
    large_effect: float
    notable_share: float  # chance of an effect beyond 1 %, on average
    mean_effect: float
    is_known: bool


@dataclass(frozen=True)
class Together:
    """Of each pair of metrics, over the experiments that measured both.

    `true` is the correlation of true effects: what two metrics share by being measured on the same
    people is taken out. NaN where noise explains all spread of a metric.
    """

    tests: NDArray[np.int64]
    seen: Array
    true: Array


def movability(learnt: Learnt, p_adjusted: Array, alpha: Array) -> tuple[Movability, ...]:
    """One row per metric, by name.

    Args:
        learnt: All that was measured, shrunken.
        p_adjusted: Two-sided, per row of it; NaN where there is none.
        alpha: The level it is held against.
    """
    is_valid = learnt.measured.is_valid & ~np.isnan(p_adjusted)
    return tuple(
        _movability(learnt, metric, is_valid & (learnt.measured.metric == metric),
                    p_adjusted < alpha)
        for metric in learnt.fits
    )  # fmt: skip


def _movability(learnt: Learnt, metric: str, tested: Flags, moved: Flags) -> Movability:
    rows, fit = learnt.fits[metric]
    mean = learnt.mean[rows]
    typical, large = np.quantile(np.abs(mean), [0.5, 0.9]) if len(rows) else (np.nan, np.nan)
    notable = fit.chance_beyond(NOTABLE).mean() if len(rows) else np.nan
    return Movability(
        metric, len(rows), wilson(int((tested & moved).sum()), int(tested.sum())), fit.tau,
        float(typical), float(large), float(notable),
        float(mean.mean()) if len(rows) else float("nan"), len(rows) >= SHOWN_FROM,
    )  # fmt: skip


def together(effects: Array, sampling: Array) -> Together:
    """Correlation of metrics across experiments: Cov(true) = Cov(seen) - mean of sampling Cov.

    Args:
        effects: [experiment, metric] of valid experiments; NaN where one wasn't measured.
        sampling: [experiment, metric, metric], covariance of the measurements.

    Raises:
        ValueError: If there isn't one square of covariances per experiment.
    """
    count, metrics = effects.shape
    if sampling.shape != (count, metrics, metrics):
        raise ValueError(f"{sampling.shape} covariances for {effects.shape} effects")
    known = np.isfinite(effects) & np.isfinite(np.diagonal(sampling, axis1=1, axis2=2))
    both = known[:, :, None] & known[:, None, :] & np.isfinite(sampling)
    tests = both.sum(axis=0)
    shape = (metrics, metrics)
    seen, true = np.full(shape, np.nan), np.full(shape, np.nan)
    for one in range(metrics):
        for other in range(one + 1):
            rows = both[:, one, other]
            if rows.sum() > 1:
                pair = [one, other]
                observed = np.cov(effects[rows][:, pair], rowvar=False)
                left = observed - sampling[rows][:, pair][:, :, pair].mean(axis=0)
                seen[one, other] = seen[other, one] = _correlation(observed)
                true[one, other] = true[other, one] = _correlation(left)
    return Together(tests, seen, true)


def _correlation(covariance: Array) -> float:
    """Within -1 and 1, which a difference of two covariances isn't by itself."""
    spread = covariance[0, 0] * covariance[1, 1]
    if not (covariance[0, 0] > 0 and covariance[1, 1] > 0):
        return float("nan")
    return float(np.clip(covariance[0, 1] / np.sqrt(spread), -1.0, 1.0))
