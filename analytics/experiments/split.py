"""Whether the arms are what chance would have made of one crowd.

Belongs here: sample ratio mismatch, drift of the allocation, units seen in several arms, whether
arms differed before. Does not belong here: what a readout does about it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.experiments.arms import Words
from analytics.experiments.kernel import compare
from analytics.experiments.moments import Array, Moments

FAIL_P = 0.001  # every day for four weeks at 1 % would fail 6 % of sound tests, at 0.1 % 0.8 %
WARN_P = 0.01
CROSSED_WARN = 0.01
CROSSED_FAIL = 0.1
LEAST_CROSSED = 10  # units; fewer are no share to speak of
_LEAST_EXPECTED = 5.0  # units in a cell, below which chi-square is no good approximation


@dataclass(frozen=True)
class Split:
    """A chi-square test; `reason` says why there is no p, or that p is 0 without a test."""

    chi2: Array
    df: Array
    p: Array
    reason: Words


@dataclass(frozen=True)
class Crossed:
    """Units seen in several arms: which share they are, and whether one arm loses more of them."""

    units: int
    share: float
    p: float
    verdict: str


def sample_ratio(counts: ArrayLike, weights: ArrayLike) -> Split:
    """Tests units of arms against the allocation; arms are the last axis.

    An arm that was given nothing and got nothing is no arm. One that was given nothing and got
    units is a failure whatever the others got: p is 0.

    Args:
        counts: Units of each arm.
        weights: Planned shares in any unit; they need not add up to 1.

    Raises:
        ValueError: If shapes don't fit, or one of them is negative or no number.
    """
    seen, planned = np.asarray(counts, np.float64), np.asarray(weights, np.float64)
    if seen.ndim < 1 or planned.shape[-1:] != seen.shape[-1:]:
        raise ValueError(f"{planned.shape} weights don't fit to counts of {seen.shape}")
    if not (np.isfinite(seen) & (seen >= 0)).all():
        raise ValueError("a count of units is negative or no number")
    if not (np.isfinite(planned) & (planned >= 0)).all():
        raise ValueError("a weight is negative or no number")
    seen, planned = np.broadcast_arrays(seen, planned)
    is_arm = planned > 0
    with np.errstate(all="ignore"):
        of_arms = np.where(is_arm, seen, 0.0).sum(-1, keepdims=True)
        expected = of_arms * planned / planned.sum(-1, keepdims=True)
        found = _chi2(seen, expected, is_arm, is_arm.sum(-1) - 1)
    is_strange = (~is_arm & (seen > 0)).any(-1)
    return Split(
        found.chi2,
        found.df,
        np.where(is_strange, 0.0, found.p),
        np.where(is_strange, "units_in_unplanned_arm", found.reason),
    )


def drift(counts: ArrayLike) -> Split:
    """Tests whether the allocation was the same on all days; days by arms.

    Days too thin for the test are taken together as one. Whether it was the planned one,
    `sample_ratio` says.

    Raises:
        ValueError: If it is no table of days by arms, or a count is negative or no number.
    """
    seen = np.asarray(counts, np.float64)
    if seen.ndim != 2:
        raise ValueError(f"counts of {seen.shape} are no table of days by arms")
    if not (np.isfinite(seen) & (seen >= 0)).all():
        raise ValueError("a count of units is negative or no number")
    seen = seen[seen.sum(1) > 0][:, seen.sum(0) > 0]
    if seen.size:
        shares = seen.sum(0) / seen.sum()
        is_thin = seen.sum(1) * shares.min() < _LEAST_EXPECTED
        if is_thin.any():
            seen = np.vstack([seen[~is_thin], seen[is_thin].sum(0)])
    days, arms = seen.shape
    with np.errstate(all="ignore"):
        expected = seen.sum(1, keepdims=True) * seen.sum(0) / seen.sum()
    return _chi2(
        seen.ravel(), expected.ravel(), np.ones(seen.size, bool), np.array((days - 1) * (arms - 1))
    )


def crossed(first_arms: ArrayLike, units: int, weights: ArrayLike) -> Crossed:
    """Judges units that were seen in several arms, by the arm each was seen in first.

    Somebody who is drawn twice, into different arms, has first been in arm a with a chance that
    grows with w(1 - w): with two arms one half, whatever the allocation. If one arm loses more
    than that to the other, the treatment drives people there, and comparing those who stayed is
    comparing others.

    Args:
        first_arms: Units seen in several arms, by their first arm.
        units: All units of the experiment.
        weights: Planned shares of the arms.

    Raises:
        ValueError: If there are more of them than units, or weights don't fit.
    """
    seen, planned = np.asarray(first_arms, np.float64), np.asarray(weights, np.float64)
    of_all = planned / planned.sum() if planned.sum() > 0 else planned
    tested = sample_ratio(seen, of_all * (1 - of_all))
    number = int(seen.sum())
    if number > units:
        raise ValueError(f"{number} units were seen in several arms, of {units} in all")
    share = number / units if units else float("nan")
    p = float(tested.p) if number >= LEAST_CROSSED else float("nan")
    verdict = "pass"
    if number >= LEAST_CROSSED:
        if share >= CROSSED_FAIL or p < FAIL_P:
            verdict = "fail"
        elif share >= CROSSED_WARN:
            verdict = "warn"
    return Crossed(number, share, p, verdict)


def before(control: Moments, treatment: Moments) -> Array:
    """P of a difference between arms before the experiment, by its covariates; NaN without any."""
    return compare(control.covariates(), treatment.covariates()).p


def verdicts(p: ArrayLike, *, warn: float | None = WARN_P, tests: int = 1) -> Words:
    """`fail`, `warn`, `pass`, or `unknown` where there is no p.

    Args:
        p: Of checks.
        warn: Below which there is a warning; None where there is none to give.
        tests: How many are made of one experiment, which share the chance of a false alarm.

    Raises:
        ValueError: If there is less than one test.
    """
    if tests < 1:
        raise ValueError(f"{tests} tests can't share a chance")
    values = np.asarray(p, np.float64)
    is_warning = values < (warn or 0.0) / tests
    return np.select(
        [np.isnan(values), values < FAIL_P / tests, is_warning], ["unknown", "fail", "warn"], "pass"
    )


def _chi2(seen: Array, expected: Array, is_cell: NDArray[np.bool_], df: Array) -> Split:
    """Pearson's chi-square over the last axis, without correction for continuity."""
    from scipy.special import chdtrc

    parts = np.where(is_cell, (seen - expected) ** 2 / expected, 0.0)
    reason = np.select(
        [df < 1, np.where(is_cell, seen, 0.0).sum(-1) == 0], ["nothing_to_compare", "no_units"], ""
    )
    chi2 = np.where(reason == "", parts.sum(-1), np.nan)
    return Split(chi2, df.astype(np.float64), chdtrc(df, chi2), reason)
