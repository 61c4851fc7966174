"""Looking at a test more than once without finding more by chance than was promised.

Belongs here: bounds for planned looks (group sequential), intervals that hold at every moment.
Does not belong here: when a look is due (the specification), the difference itself (`kernel`).

Bounds are Lan and DeMets' ("Discrete sequential boundaries for clinical trials", 1983): a function
says how much of alpha may be spent up to a share of the planned units, and each bound follows from
the looks taken so far, whatever was planned:

- A look that is skipped spends nothing; the next one has what was left for it.
- A look that comes early or late counts with the share of units it really has.
- Units beyond the planned ones spend no more than alpha: the first look at 1 or above has all that
  is left, and a look after it has nothing left, so its bound is infinite.
- Where a test ends with fewer units than planned, its last look may have all that is left; only one
  look can be the last.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from analytics.experiments.kernel import quantile_t
from analytics.experiments.moments import Array

SPENDING = ("obrien_fleming", "pocock", "power")
_LARGEST = 9.0  # where less than 1e-15 may be spent nothing is: a bound nobody crosses
_LEAST_SPENT = 1e-15
_NODES = 8  # of Gauss and Legendre in a panel one and a half steps' deviation wide
_PANEL = 1.5
LEAST_STEP = 1e-4  # of information between two looks


@dataclass(frozen=True)
class Looks:
    """Looks at a test so far.

    `spent` is the alpha spent up to each, `bound` what |z| must exceed, `nominal` the two-sided p
    that this is.
    """

    information: tuple[float, ...]
    spent: tuple[float, ...]
    bound: tuple[float, ...]
    nominal: tuple[float, ...]


def looks(
    information: Sequence[float],
    *,
    alpha: float = 0.05,
    spending: str = "obrien_fleming",
    rho: float = 3.0,
    is_last: bool = False,
) -> Looks:
    """Bounds of the looks that were taken.

    Args:
        information: Share of the planned units that each look had, growing; above 1 where more
            came than planned.
        alpha: Two-sided, of all looks together.
        spending: `obrien_fleming`, `pocock` or `power`.
        rho: Exponent of `power`; 1 spends evenly, 3 late.
        is_last: Whether the last of them ends the test, however many units it has.

    Raises:
        ValueError: If information does not grow from above 0, or the rest is unknown.
    """
    shares = tuple(float(share) for share in information)
    steps = np.diff(shares, prepend=0.0)
    if not shares or not np.isfinite(steps).all() or (steps < LEAST_STEP).any():
        raise ValueError(
            f"information {list(shares)} must grow from above 0, by {LEAST_STEP} at least"
        )
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}; it lies between 0 and 1")
    if spending not in SPENDING:
        raise ValueError(f"spending is {spending!r}; it is one of {', '.join(SPENDING)}")
    if not (math.isfinite(rho) and rho > 0):
        raise ValueError(f"rho is {rho}; it lies above 0")
    return _looks(shares, alpha, spending, rho, is_last)


def spent_at(share: float, alpha: float, spending: str, rho: float = 3.0) -> float:
    """Alpha that may be spent up to a share of the information, two-sided.

    Each side spends half of alpha by the function of Lan and DeMets (1983), or that of Kim and
    DeMets (1987) for `power`.
    """
    from scipy.special import ndtr, ndtri

    at = min(share, 1.0)
    if spending == "pocock":
        return alpha * math.log1p((math.e - 1) * at)
    if spending == "power":
        return alpha * at**rho
    return float(4 * ndtr(ndtri(alpha / 4) / math.sqrt(at)))


def repeated_interval(
    difference: ArrayLike, se: ArrayLike, df: ArrayLike, nominal: ArrayLike
) -> tuple[Array, Array]:
    """Interval that holds at all looks together (Jennison and Turnbull 1989).

    The bound is turned into Student's t by its nominal p, which is what it is for small arms.
    """
    tail = np.asarray(nominal, np.float64) / 2
    with np.errstate(all="ignore"):
        far = np.where(tail > 0, quantile_t(np.asarray(df, np.float64), tail), np.inf)
        half = far * np.asarray(se, np.float64)
        half = np.where(np.asarray(se, np.float64) > 0, half, np.nan)
    return np.asarray(difference) - half, np.asarray(difference) + half


def always_valid_interval(
    difference: ArrayLike, se: ArrayLike, n: ArrayLike, tuned_for: float, alpha: float = 0.05
) -> tuple[Array, Array]:
    """Interval that holds at every moment: an asymptotic confidence sequence.

    Equation 9 of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit
    theory and asymptotic confidence sequences" (arXiv:2103.06476), two-sided. It is narrowest, if
    wide, at `tuned_for` units, as their appendix chooses rho.

    Args:
        difference: What was found so far.
        se: Its standard error.
        n: Units of both arms so far.
        tuned_for: Units at which it is to be narrowest.
        alpha: Of all moments together.

    Raises:
        ValueError: If `tuned_for` or alpha are none.
    """
    if not (math.isfinite(tuned_for) and tuned_for > 0):
        raise ValueError(f"tuned_for is {tuned_for}; it is a number of units above 0")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}; it lies between 0 and 1")
    units, error = np.asarray(n, np.float64), np.asarray(se, np.float64)
    doubt = -2 * math.log(alpha)
    rho2 = (doubt + math.log(doubt + 1)) / tuned_for
    with np.errstate(all="ignore"):
        grown = units * rho2 + 1
        half = error * np.sqrt(2 * grown / (units * rho2) * np.log(np.sqrt(grown) / alpha))
        half = np.where((units > 0) & (error > 0), half, np.nan)
    return np.asarray(difference) - half, np.asarray(difference) + half


@cache
def _looks(
    information: tuple[float, ...], alpha: float, spending: str, rho: float, is_last: bool
) -> Looks:
    """Recursion of Armitage, McPherson and Rowe (1969), on the scale of Brownian motion.

    `density` is that of the sum at the last look, over tests that crossed no bound until then; it
    carries the weights of its nodes.
    """
    from scipy.special import ndtr

    nodes, density = np.zeros(1), np.ones(1)
    spent, bounds, done, before = [], [], 0.0, 0.0
    following = np.diff(information, append=2 * information[-1])
    for share, ahead in zip(information, following, strict=True):
        if before >= 1:
            spent.append(done)
            bounds.append(math.inf)
            continue
        is_end = is_last and share == information[-1]
        due = (alpha if is_end else spent_at(share, alpha, spending, rho)) - done
        step = math.sqrt(share - before)
        bound = _bound(due, nodes, density, math.sqrt(share), step)
        edge = bound * math.sqrt(share)
        done += float(density @ _crossing(edge, nodes, step))
        # The next step has to see each panel flat, and so has this one.
        here, weights = _grid(edge, min(step, math.sqrt(ahead)))
        walk = np.exp(-(((here[:, None] - nodes) / step) ** 2) / 2) @ density
        nodes, density = here, walk * weights / (step * math.sqrt(2 * math.pi))
        before = share
        spent.append(done)
        bounds.append(bound)
    nominal = tuple(float(2 * ndtr(-bound)) for bound in bounds)
    return Looks(information, tuple(spent), tuple(bounds), nominal)


def _bound(due: float, nodes: Array, density: Array, scale: float, step: float) -> float:
    """Beyond which |z| so much of alpha is spent."""
    if due < _LEAST_SPENT:
        return _LARGEST
    low, high = 0.0, _LARGEST
    for _ in range(60):
        middle = (low + high) / 2
        is_above = float(density @ _crossing(middle * scale, nodes, step)) > due
        low, high = (middle, high) if is_above else (low, middle)
    return high


def _crossing(edge: float, nodes: Array, step: float) -> Array:
    """Chance to be beyond the edge, on either side, after a step from each node."""
    from scipy.special import ndtr

    return ndtr((nodes - edge) / step) + ndtr((-nodes - edge) / step)


def _grid(edge: float, deviation: float) -> tuple[Array, Array]:
    """Nodes and weights of Gauss and Legendre in panels between both edges."""
    at, weight = np.polynomial.legendre.leggauss(_NODES)
    ends = np.linspace(-edge, edge, math.ceil(2 * edge / (_PANEL * deviation)) + 1)
    half = np.diff(ends)[:, None] / 2
    middle = (ends[:-1, None] + ends[1:, None]) / 2
    return (middle + half * at).ravel(), (half * weight).ravel()
