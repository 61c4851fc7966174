"""What a rule for shipping earns, measured on people who had no say in what was shipped.

A second way to the true impact of a programme, which assumes nothing of how effects are
distributed (Chou, Gray, Kallus, Bibaut, Ejdemyr 2025, arXiv:2502.08763). An experiment's units are
split into ten folds; the rule decides on nine, the tenth tells what the decision is worth; the mean
over the folds is free of the winner's luck. It needs no more than sums by bucket of units.

It is noisier than shrinkage (`shrinkage`), and beside it for just that: where both differ by more
than chance, one of them is wrong. It speaks of the rule, so that it is held against the shrunken
effects of what the rule ships, not of what people shipped.

Belongs here: folds, the rule, the value of its decisions. Does not belong here: how sums by bucket
are made (SQL), effects of whole experiments (`kernel`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
FOLDS = 10
_Z = 1.959964  # 95 %, two-sided
_FAR = 2.0  # standard errors of the difference


@dataclass(frozen=True)
class Buckets:
    """Units, and sums of their values less `shift`, by experiment, arm and bucket.

    Arm 0 is control, arm 1 treatment. `baseline` is what a difference is divided by to be a lift;
    without it, control's mean. A ratio metric comes as its linearised value, which is around 0,
    with the ratio as baseline.
    """

    n: Array  # [experiment, arm, bucket]
    s: Array
    q: Array
    shift: Array  # [experiment]
    baseline: Array | None = None

    def __post_init__(self) -> None:
        if self.n.ndim != 3 or self.n.shape[1] != 2:
            raise ValueError(f"sums of shape {self.n.shape}; give [experiment, two arms, bucket]")
        if not self.n.shape == self.s.shape == self.q.shape:
            raise ValueError(f"{self.n.shape} counts, {self.s.shape} sums, {self.q.shape} squares")
        if self.n.shape[2] % FOLDS:
            raise ValueError(f"{self.n.shape[2]} buckets can't be split into {FOLDS} equal folds")
        ends = (self.shift,) if self.baseline is None else (self.shift, self.baseline)
        if any(end.shape != self.n.shape[:1] for end in ends):
            raise ValueError("give one shift (and one baseline) per experiment")
        if (self.n < 0).any() or (self.q < 0).any():
            raise ValueError("counts and sums of squares can't be negative")

    def folds(self) -> tuple[Array, Array, Array]:
        """The three sums by experiment, arm and fold: a bucket's number modulo ten."""
        shape = (*self.n.shape[:2], self.n.shape[2] // FOLDS, FOLDS)
        n, s, q = (part.reshape(shape).sum(axis=2) for part in (self.n, self.s, self.q))
        return n, s, q


@dataclass(frozen=True)
class Worth:
    """Per experiment, what the rule's decisions are worth. NaN where it can't be told.

    `shipped` is the share of folds on which the rule ships.
    """

    shipped: Array
    value: Array
    variance: Array

    def total(self, rows: NDArray[np.bool_]) -> tuple[float, float]:
        """Sum of some experiments' values, and its standard error."""
        return float(self.value[rows].sum()), float(np.sqrt(self.variance[rows].sum()))


def cross_validate(sums: Buckets, direction: Array, critical: Array | float = _Z) -> Worth:
    """Decides on nine folds, measures on the tenth, ten times.

    The rule: ship where the difference in the wanted direction exceeds `critical` standard errors.
    The difference is divided by control's mean of all folds: the fold's own mean would bring in
    the bias of a ratio of few units. The variance is that of the folds' values that were shipped,
    and more for tests at the brink.

    Args:
        sums: By experiment, arm and bucket.
        direction: Per experiment, 1 where more is better, -1 where less is.
        critical: Per experiment or for all.
    """
    n, s, q = sums.folds()
    with np.errstate(divide="ignore", invalid="ignore"):
        all_n, all_s, all_q = (part.sum(axis=2)[:, :, None] for part in (n, s, q))
        learnt, learnt_variance = _difference(all_n - n, all_s - s, all_q - q)
        held, held_variance = _difference(n, s, q)
        control = sums.shift + all_s[:, 0, 0] / all_n[:, 0, 0]
        base = control if sums.baseline is None else sums.baseline
        level = np.broadcast_to(np.asarray(critical, np.float64), direction.shape)[:, None]
        z = direction[:, None] * learnt / np.sqrt(learnt_variance)
        ships = (z > level).astype(np.float64)
        value = (ships * held).mean(axis=1) / base
        brink = _at_the_brink(held, held_variance, np.sqrt(learnt_variance), direction, level)
        variance = ((ships * held_variance).sum(axis=1) + brink) / (FOLDS * base) ** 2
    measured = np.isfinite(z).all(axis=1) & np.isfinite(held_variance).all(axis=1) & (base > 0)
    found = (np.where(measured, part, np.nan) for part in (ships.mean(axis=1), value, variance))
    return Worth(*found)


def differ(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether two estimates (value, standard error) lie further apart than chance explains."""
    return abs(one[0] - other[0]) > _FAR * float(np.hypot(one[1], other[1]))


def _at_the_brink(
    held: Array, variance: Array, learnt_se: Array, direction: Array, level: Array
) -> Array:
    """What the folds' errors have in common: each has a say in whether the others are shipped.

    With errors e of folds f and g and the decisions D about them, E[D_f e_f D_g e_g] is
    E[D_f e_g] E[D_g e_f] given the other eight folds, and D_f turns where e_g lifts the mean of
    nine over the bound: E[D_f e_g] = sd_g phi(u), with u that distance in sds. The true effect is
    taken from the other eight folds.
    """
    rest = (held.sum(axis=1)[:, None, None] - held[:, :, None] - held[:, None, :]) / (FOLDS - 2)
    gap = (level * learnt_se)[:, :, None] - direction[:, None, None] * rest
    sd = np.sqrt(variance)[:, None, :]
    push = sd * np.exp(-(((FOLDS - 1) * gap / sd) ** 2) / 2) / np.sqrt(2 * np.pi)
    both = push * push.transpose(0, 2, 1)
    return both.sum(axis=(1, 2)) - np.trace(both, axis1=1, axis2=2)


def _difference(n: Array, s: Array, q: Array) -> tuple[Array, Array]:
    """Treatment's mean less control's, and the variance of that, by experiment and fold."""
    mean = s / n
    variance = (q - s * mean) / (n - 1) / n
    # Both are differences of large sums: what rounding leaves of nothing may lie below 0.
    variance = np.where(n > 1, np.maximum(variance, 0.0), np.nan)
    return mean[:, 1] - mean[:, 0], variance.sum(axis=1)
