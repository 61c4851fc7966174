"""What an arm's mean is, and how much one unit of it varies.

Belongs here: the delta method for ratios, CUPED, and why an arm gives no figure. Does not belong
here: what follows for two arms (`kernel`).

A mean is a ratio whose denominator is 1 for each unit, so there is one way for both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.experiments.moments import Array, Moments, trusted

Words = NDArray[np.str_]


@dataclass(frozen=True)
class Arm:
    """Mean of an arm, from a reference that all arms share, and the variance of one unit in it."""

    n: Array
    reference: Array
    offset: Array
    variance: Array

    @property
    def mean(self) -> Array:
        """The mean itself; differences are taken of the offsets, which have more digits."""
        return self.reference + self.offset

    @property
    def share(self) -> Array:
        """Squared standard error."""
        return self.variance / self.n


def arms(control: Moments, treatment: Moments, *, cuped: bool) -> tuple[Arm, Arm, Array]:
    """Both arms and CUPED's theta, which is that of both arms' units together.

    CUPED is that of Deng, Xu, Kohavi and Walker, "Improving the sensitivity of online controlled
    experiments by utilizing pre-experiment data" (2013). A covariate that is the same for all
    units foretells nothing: theta is 0. So does the past of units that have none.

    Raises:
        ValueError: If the shifts of both arms differ.
    """
    together = control + treatment
    with np.errstate(all="ignore"):
        base, base_x = _reference(together, "yd"), _reference(together, "xw")
        theta = middle = np.zeros(together.shape)
        if cuped:
            spread = _line_covariance(together, "xw", "xw")
            # Where nobody had a denominator before, there is no ratio of before to adjust by.
            is_new = (together.mean("w") == 0) & (together.variance("w") == 0)
            is_same = (spread == 0) | is_new
            theta = np.where(is_same, 0.0, _line_covariance(together, "yd", "xw") / spread)
            middle = _offset(together, "xw", base_x)

        def arm(m: Moments) -> Arm:
            offset, variance = _offset(m, "yd", base), ratio_variance(m)
            if not cuped:
                return Arm(m.n, base, offset, variance)
            known = theta**2 * _line_covariance(m, "xw", "xw")
            left = variance - 2 * theta * _line_covariance(m, "yd", "xw") + known
            is_plain = theta == 0
            return Arm(
                m.n,
                base,
                np.where(is_plain, offset, offset - theta * (_offset(m, "xw", base_x) - middle)),
                np.where(is_plain, variance, trusted(left, variance + known)),
            )

        return arm(control), arm(treatment), theta


def ratio_variance(m: Moments) -> Array:
    """Variance of a unit's part in the ratio of the means of y and d, by the delta method."""
    with np.errstate(all="ignore"):
        return _line_covariance(m, "yd", "yd")


def why_not(control: Moments, treatment: Moments, c: Arm, t: Arm) -> Words:
    """Why there is no p; empty where there is one."""
    with np.errstate(all="ignore"):
        return np.select(
            [
                np.minimum(control.n, treatment.n) < 2,
                np.minimum(control.mean("d"), treatment.mean("d")) <= 0,
                ~np.isfinite(c.mean + t.mean + c.variance + t.variance),
                c.variance + t.variance <= 0,
            ],
            ["too_few_units", "denominator_not_positive", "not_finite", "no_variance"],
            "",
        )


def _reference(m: Moments, pair: str) -> Array:
    """The ratio of the shifts, which all arms have in common; 0 where it is none."""
    top, bottom = getattr(m, f"shift_{pair[0]}"), getattr(m, f"shift_{pair[1]}")
    return np.where(bottom == 0, 0.0, top / bottom)


def _offset(m: Moments, pair: str, reference: Array) -> Array:
    """A ratio of means less the reference, without ever making the large numbers of both."""
    top, bottom = pair
    rest = getattr(m, f"shift_{top}") - reference * getattr(m, f"shift_{bottom}")
    return (m.offset(top) - reference * m.offset(bottom) + rest) / m.mean(bottom)


def _line_covariance(m: Moments, one: str, other: str) -> Array:
    """Covariance of a unit's parts in two ratios; 0 where it is 0 but for rounding.

    The part of y and d is (y - R d) / mean(d): the ratio R made a line at the arm's own means
    (Deng, Knoblich and Lu, "Applying the delta method in metric analytics", 2018).
    """
    (a, b), (c, d) = one, other
    r, s = m.mean(a) / m.mean(b), m.mean(c) / m.mean(d)
    parts = np.stack(
        [
            m.covariance(a, c),
            -r * m.covariance(b, c),
            -s * m.covariance(a, d),
            r * s * m.covariance(b, d),
        ]
    )
    whole = parts.sum(0)
    if one == other:
        whole = trusted(whole, np.abs(parts).sum(0))
    return whole / m.mean(b) / m.mean(d)
