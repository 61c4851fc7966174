"""A quantile of rows, as of response times, where units were split and not rows.

Belongs here: the interval of a quantile and the comparison of two. Does not belong here: finding
quantiles in many rows, which SQL does exactly and fast.

Rows of one unit are alike, so that they count less than as many of different units: with rows taken
as independent, 29 % of tests of nothing find something. The share of rows at or below the quantile
is a ratio of two sums over units, whose deviation the delta method knows; carried over to the
quantiles at both ends of that share's interval it is the quantile's (Woodruff, "Confidence
intervals for medians and other position measures", 1952; Deng, Knoblich and Lu 2018).

Three passes of SQL: the quantile of each arm; with it for each unit its rows (d) and those at or
below it (y) as centred sums; the quantiles at the two positions that `positions` gives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.experiments.arms import ratio_variance
from analytics.experiments.kernel import Tested, welch
from analytics.experiments.moments import Array, Moments, from_values

_ALPHA = 0.05


@dataclass(frozen=True)
class Quantile:
    """A quantile of each arm; `n` counts units. `se` is NaN where rows are too few for it."""

    value: Array
    se: Array
    n: Array


def positions(below: Moments, share: float, alpha: float = _ALPHA) -> tuple[Array, Array]:
    """Which quantiles are the ends of the interval of the one at `share`.

    Args:
        below: Of units: y rows at or below the quantile, d rows.
        share: Which quantile, as 0.9.
        alpha: 1 less the interval's confidence.

    Returns:
        Two shares; both NaN where the interval leaves 0..1, so that it has no end among the rows.

    Raises:
        ValueError: If share or alpha lie outside 0..1.
    """
    from scipy.special import ndtri

    _require_share(share, alpha)
    with np.errstate(all="ignore"):
        half = -ndtri(alpha / 2) * np.sqrt(ratio_variance(below) / below.n)
        low, high = share - half, share + half
        is_inside = (low > 0) & (high < 1) & (half > 0)
    return np.where(is_inside, low, np.nan), np.where(is_inside, high, np.nan)


def quantile(
    value: ArrayLike, low: ArrayLike, high: ArrayLike, n: ArrayLike, alpha: float = _ALPHA
) -> Quantile:
    """A quantile with the standard error that the interval of its position gives it.

    Args:
        value: The quantile.
        low: The quantile at the lower position.
        high: The quantile at the upper position.
        n: Units, not rows.
        alpha: That the positions were made with.

    Raises:
        ValueError: If ends are the wrong way round.
    """
    from scipy.special import ndtri

    _require_share(0.5, alpha)
    ends = np.asarray(low, np.float64), np.asarray(high, np.float64)
    if (ends[0] > ends[1]).any():
        raise ValueError("the lower end of a quantile's interval lies above the upper one")
    se = (ends[1] - ends[0]) / (-2 * ndtri(alpha / 2))
    return Quantile(np.asarray(value, np.float64), se, np.asarray(n, np.float64))


def compare_quantiles(control: Quantile, treatment: Quantile, alpha: float = _ALPHA) -> Tested:
    """Difference of quantiles; without p where a standard error is 0, as among few values."""
    with np.errstate(all="ignore"):
        shares = [np.where(arm.se > 0, arm.se**2, np.nan) for arm in (control, treatment)]
        return welch(
            treatment.value - control.value, shares[0], shares[1], control.n, treatment.n, alpha
        )


def from_rows(unit: ArrayLike, value: ArrayLike, share: float, alpha: float = _ALPHA) -> Quantile:
    """The quantile of rows themselves, with the three passes in memory. For tests.

    Raises:
        ValueError: If there are no rows, or units don't fit to values.
    """
    units, values = np.asarray(unit), np.asarray(value, np.float64)
    if not values.size or units.shape != values.shape:
        raise ValueError(f"{units.shape} units don't fit to {values.shape} values")
    _, owner = np.unique(units, return_inverse=True)
    at = np.asarray(np.quantile(values, share), np.float64)
    rows = np.bincount(owner).astype(np.float64)
    below = from_values(np.bincount(owner, values <= at), rows)
    low, high = positions(below, share, alpha)
    if np.isnan(low):
        return Quantile(at, np.array(np.nan), below.n)
    return quantile(at, np.quantile(values, low), np.quantile(values, high), below.n, alpha)


def _require_share(share: float, alpha: float) -> None:
    if not (0 < share < 1 and 0 < alpha < 1):
        raise ValueError(f"a share of {share} or an alpha of {alpha} lies outside 0..1")
