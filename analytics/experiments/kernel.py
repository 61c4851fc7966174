"""One arm against another: difference, relative lift, their intervals and p values.

Belongs here: Welch's t test, relative lift, non-inferiority, for whole arrays of comparisons at
once. Does not belong here: sums (`moments`), what an arm's mean is (`arms`), many comparisons
together (`adjust`), many looks at one (`sequential`).

A comparison that can't be made has NaN and a reason in words, never a number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.experiments.arms import Arm, Words, arms, why_not
from analytics.experiments.moments import Array, Moments

KERNEL_VERSION = "1"
_ALPHA = 0.05


@dataclass(frozen=True)
class Tested:
    """A difference and what chance alone would do; `p` is two-sided."""

    difference: Array
    se: Array
    df: Array
    t: Array
    p: Array
    ci_low: Array
    ci_high: Array


@dataclass(frozen=True)
class Comparison(Tested):
    """Treatment against control, one entry per comparison.

    Means and variances are those of a unit, after CUPED where it was asked for; `theta` is then its
    weight, and 0 where there was nothing to adjust by. `reason` says why there is no p,
    `relative_reason` why there is no relative lift or no interval of it; both are empty otherwise.
    """

    n_control: Array
    n_treatment: Array
    mean_control: Array
    mean_treatment: Array
    variance_control: Array
    variance_treatment: Array
    theta: Array
    relative: Array
    relative_low: Array
    relative_high: Array
    reason: Words
    relative_reason: Words


@dataclass(frozen=True)
class NonInferiority:
    """Whether treatment is worse than control by less than a margin; all one-sided.

    `distance` is how far the mean of treatment lies on the good side of the margin, `bound` its
    lower confidence bound. Where that is above 0, and so `p` below alpha, treatment is no worse
    than the margin allows. `p_beyond` is small where it is worse than that beyond chance.
    """

    distance: Array
    se: Array
    df: Array
    t: Array
    p: Array
    p_beyond: Array
    bound: Array
    reason: Words


def compare(
    control: Moments, treatment: Moments, alpha: float = _ALPHA, *, cuped: bool = False
) -> Comparison:
    """Compares treatments with controls; shapes are broadcast against each other.

    A mean is a ratio whose denominator is 1 for each unit, so there is one way for both.

    Args:
        control: Of the control arms.
        treatment: Of the arms compared with them, centred with the same shifts.
        alpha: 1 less the confidence of the intervals.
        cuped: Whether to take away what the covariates foretell.

    Raises:
        ValueError: If alpha is no probability, or the shifts of both arms differ.
    """
    _require_probability(alpha)
    with np.errstate(all="ignore"):
        c, t, theta = arms(control, treatment, cuped=cuped)
        tested = welch(t.offset - c.offset, c.share, t.share, c.n, t.n, alpha)
        reason = why_not(control, treatment, c, t)
        p_known = reason == ""
        relative, low, high, why = _relative(c, t, tested.difference, alpha)
        is_finite = np.isfinite(c.mean) & np.isfinite(t.mean)
        return Comparison(
            difference=tested.difference,
            se=tested.se,
            df=np.where(p_known, tested.df, np.nan),
            t=np.where(p_known, tested.t, np.nan),
            p=np.where(p_known, tested.p, np.nan),
            ci_low=np.where(p_known, tested.ci_low, np.nan),
            ci_high=np.where(p_known, tested.ci_high, np.nan),
            n_control=c.n + 0 * t.n,
            n_treatment=t.n + 0 * c.n,
            mean_control=c.mean + 0 * t.n,
            mean_treatment=t.mean + 0 * c.n,
            variance_control=c.variance + 0 * t.n,
            variance_treatment=t.variance + 0 * c.n,
            theta=theta,
            relative=relative,
            relative_low=np.where(p_known, low, np.nan),
            relative_high=np.where(p_known, high, np.nan),
            reason=reason,
            relative_reason=np.where(is_finite & (why != ""), why, reason),
        )


def welch(
    difference: Array, share_c: Array, share_t: Array, n_c: Array, n_t: Array, alpha: float = _ALPHA
) -> Tested:
    """Welch's t test of a difference, from the squared standard errors of both sides.

    Degrees of freedom as Welch (1947) and Satterthwaite (1946) have them. The p value is the lower
    tail doubled: 1 less the upper one would be 0 from t = 9 on.
    """
    from scipy.special import stdtr

    with np.errstate(all="ignore"):
        se = np.sqrt(share_c + share_t)
        df = freedom(share_c, share_t, n_c, n_t)
        t = difference / se
        half = quantile_t(df, alpha / 2) * se
        return Tested(
            difference, se, df, t, 2 * stdtr(df, -np.abs(t)), difference - half, difference + half
        )


def freedom(share_c: Array, share_t: Array, n_c: Array, n_t: Array) -> Array:
    """Degrees of freedom of the sum of two squared standard errors."""
    with np.errstate(all="ignore"):
        # As shares of the sum: squares of very small variances would vanish.
        whole = share_c + share_t
        return 1 / ((share_c / whole) ** 2 / (n_c - 1) + (share_t / whole) ** 2 / (n_t - 1))


def quantile_t(df: Array, tail: float | Array) -> Array:
    """How many standard errors leave `tail` above them."""
    from scipy.special import stdtrit

    return -stdtrit(df, tail)


def non_inferiority(
    control: Moments,
    treatment: Moments,
    margin: float | Array,
    bad_direction: str,
    alpha: float = _ALPHA / 2,
    *,
    cuped: bool = False,
) -> NonInferiority:
    """Tests whether treatment is worse than control by less than a share of control's mean.

    With the margin a share m of a positive mean, and less being bad, the contrast is the mean of
    treatment less (1 - m) times that of control: control's own chance is counted in the margin too
    (Fieller 1954; Rothmann and others, "Design and analysis of non-inferiority trials", 2012).

    Args:
        control: Of the control arms.
        treatment: Of the arms compared with them, centred with the same shifts.
        margin: Above 0, as a share of control's mean without its sign.
        bad_direction: `down` where less is worse, `up` where more is.
        alpha: One-sided.
        cuped: Whether to take away what the covariates foretell.

    Raises:
        ValueError: If margin, direction or alpha are none, or the shifts of both arms differ.
    """
    from scipy.special import stdtr

    _require_probability(alpha)
    if bad_direction not in ("down", "up"):
        raise ValueError(f"bad_direction is {bad_direction!r}; it is 'down' or 'up'")
    allowed = np.asarray(margin, np.float64)
    if not (np.isfinite(allowed) & (allowed > 0)).all():
        raise ValueError(f"margin is {margin}; it is a share of control's mean above 0, as 0.02")
    sign = 1.0 if bad_direction == "down" else -1.0
    with np.errstate(all="ignore"):
        c, t, _ = arms(control, treatment, cuped=cuped)
        step = sign * allowed * np.sign(c.mean)  # what the margin takes from the mean of control
        distance = sign * (t.offset - c.offset + step * c.mean)
        share_c = (1 - step) ** 2 * c.share
        se = np.sqrt(share_c + t.share)
        df = freedom(share_c, t.share, c.n, t.n)
        reason = why_not(control, treatment, c, t)
        reason = np.where((reason == "") & (c.mean == 0), "control_is_zero", reason)
        p_known = reason == ""
        score = np.where(p_known, distance / se, np.nan)
        df = np.where(p_known, df, np.nan)
        return NonInferiority(
            distance, se, df, score, stdtr(df, -score), stdtr(df, score),
            distance - quantile_t(df, alpha) * se, reason,
        )  # fmt: skip


def _relative(c: Arm, t: Arm, difference: Array, alpha: float) -> tuple[Array, ...]:
    """Relative lift, its interval on the scale of logarithms, and why there is none.

    The interval of a logarithm is never inverted and never reaches below -100 %; that of the plain
    delta method misses too often on one side. Below or at 0 a share of the mean says nothing.
    """
    lift = np.where(c.mean > 0, difference / c.mean, np.nan)
    share_c, share_t = c.share / c.mean**2, t.share / t.mean**2
    half = quantile_t(freedom(share_c, share_t, c.n, t.n), alpha / 2) * np.sqrt(share_c + share_t)
    at = np.where((c.mean > 0) & (t.mean > 0), np.log1p(lift), np.nan)
    why = np.where(t.mean > 0, "", "treatment_not_positive")
    why = np.where(c.mean > 0, why, "control_not_positive")
    return lift, np.expm1(at - half), np.expm1(at + half), why


def _require_probability(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}; it lies between 0 and 1, as 0.05")
