"""How many units and weeks a test needs, and what it can see.

Belongs here: sample size, smallest effect that can be found, power at an effect that was named
before. Does not belong here: what was found (`kernel`). Power at the effect that was found says
nothing that its p value doesn't (Hoenig and Heisey, "The abuse of power", 2001): no function here
takes one.

All by the normal distribution: planning knows variances too badly for Student's t to matter, which
adds about two units, and solvers that use it break on arms of unequal size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.experiments.moments import Array


@dataclass(frozen=True)
class SampleSize:
    """Units in all and in each arm, in the order of the allocation."""

    total: int
    per_arm: tuple[int, ...]


def sample_size(
    mean: float,
    variance: float,
    mde_relative: float,
    *,
    allocation: Sequence[float] = (0.5, 0.5),
    alpha: float = 0.05,
    power: float = 0.8,
    correlation: float = 0.0,
) -> SampleSize:
    """Units needed to find an effect in each arm that is compared with the first.

    Args:
        mean: Of control.
        variance: Of a unit.
        mde_relative: Smallest effect that shall be found, as a share of the mean.
        allocation: Shares of the arms, control first.
        alpha: Two-sided.
        power: Chance to find the effect in the worst of the arms.
        correlation: Of the metric with its covariate, which CUPED takes away.

    Raises:
        ValueError: If there is nothing to compute that from.
    """
    shares = _shares(allocation)
    effect = abs(mean * mde_relative)
    if not (math.isfinite(effect) and effect > 0):
        raise ValueError(
            f"an effect of {mde_relative} of a mean of {mean} is none: neither may be 0"
        )
    spread = _left(variance, correlation) * (1 / shares[0] + 1 / min(shares[1:]))
    total = spread * (_noncentrality(alpha, power) / effect) ** 2
    per_arm = tuple(max(math.ceil(total * share - 1e-9), 2) for share in shares)
    return SampleSize(sum(per_arm), per_arm)


def mde_relative(
    n_control: float,
    n_treatment: float,
    mean: float,
    variance: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    correlation: float = 0.0,
) -> float:
    """Smallest effect that two arms of this size find, as a share of the mean.

    Raises:
        ValueError: If an arm has no unit, or there is nothing to compute that from.
    """
    if not (n_control > 0 and n_treatment > 0):
        raise ValueError(f"arms of {n_control} and {n_treatment} units find nothing")
    if not (math.isfinite(mean) and mean != 0):
        raise ValueError(f"no effect is a share of a mean of {mean}")
    se = math.sqrt(_left(variance, correlation) * (1 / n_control + 1 / n_treatment))
    return _noncentrality(alpha, power) * se / abs(mean)


def power_at(
    mde_relative: ArrayLike, mean_control: ArrayLike, se: ArrayLike, alpha: float = 0.05
) -> Array:
    """Chance to find an effect that was named before the test, at the precision reached.

    NaN where it was not named, or there is no standard error.

    Raises:
        ValueError: If alpha is no probability.
    """
    _require_share("alpha", alpha)
    effect = np.abs(np.asarray(mde_relative, np.float64) * np.asarray(mean_control, np.float64))
    error = np.asarray(se, np.float64)
    with np.errstate(all="ignore"):
        away = np.where((error > 0) & (effect > 0), effect / error, np.nan)
    return _power(away, alpha)


def weeks(units: float, units_a_week: float) -> int:
    """Whole weeks until that many units were seen: each day of the week counts alike.

    Raises:
        ValueError: If nobody comes.
    """
    if not (math.isfinite(units_a_week) and units_a_week > 0):
        raise ValueError(f"{units_a_week} units a week never make {units}")
    return max(math.ceil(units / units_a_week - 1e-9), 1)


def _power(away: Array, alpha: float) -> Array:
    """Chance that an effect so many standard errors from 0 is found, on either side."""
    from scipy.special import ndtr, ndtri

    z = -ndtri(alpha / 2)
    return ndtr(away - z) + ndtr(-away - z)


def _noncentrality(alpha: float, power: float) -> float:
    """How many standard errors an effect must be from 0 to be found with that chance."""
    from scipy.special import ndtri

    _require_share("alpha", alpha)
    _require_share("power", power)
    if power <= alpha:
        raise ValueError(f"power {power} is not above alpha {alpha}: chance alone has that")
    low, high = 0.0, float(ndtri(power) - ndtri(alpha / 2))
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _power(np.array(middle), alpha) < power else (low, middle)
    return high


def _left(variance: float, correlation: float) -> float:
    """Variance that CUPED leaves."""
    if not (math.isfinite(variance) and variance > 0):
        raise ValueError(f"a variance of {variance} is none: it lies above 0")
    if not -1 < correlation < 1:
        raise ValueError(f"a correlation of {correlation} lies outside -1..1")
    return variance * (1 - correlation**2)


def _shares(allocation: Sequence[float]) -> tuple[float, ...]:
    """Shares of the arms, adding up to 1."""
    if len(allocation) < 2 or not all(math.isfinite(w) and w > 0 for w in allocation):
        raise ValueError(f"an allocation of {list(allocation)} is none: two arms or more above 0")
    return tuple(w / sum(allocation) for w in allocation)


def _require_share(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} is {value}; it lies between 0 and 1")
