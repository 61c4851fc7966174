"""How well chances foretell what happened.

Belongs here: AUC with its interval, Brier score, who stands out, how long before. Does not belong
here: where chances come from (`fit`), which rows are held out (`backtest`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_Z = 1.959964  # 95 %


@dataclass(frozen=True)
class Interval:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


def auc_parts(chance: Array, lost: Array) -> Array:
    """Per observation, the share of those of the other outcome that it is ranked rightly against.

    A tie is half right. The mean over the lost ones, and over the others, is the AUC.
    """
    is_lost = lost == 1
    there, others = np.sort(chance[is_lost]), np.sort(chance[~is_lost])

    def share_below(sorted_values: Array, values: Array) -> Array:
        low = np.searchsorted(sorted_values, values, side="left")
        high = np.searchsorted(sorted_values, values, side="right")
        return (low + high) / 2 / len(sorted_values)

    parts = np.empty(len(chance))
    parts[is_lost] = share_below(others, chance[is_lost])
    parts[~is_lost] = 1 - share_below(there, chance[~is_lost])
    return parts


def auc(chance: Array, lost: Array, cluster: NDArray[np.int64]) -> Interval:
    """Chance that somebody lost is ranked above somebody kept."""
    return _interval(auc_parts(chance, lost), lost, cluster, (0.0, 1.0))


def auc_gain(a: Array, b: Array, lost: Array, cluster: NDArray[np.int64]) -> Interval:
    """AUC of `a` less that of `b`, on the same observations."""
    return _interval(auc_parts(a, lost) - auc_parts(b, lost), lost, cluster, (-1.0, 1.0))


def _interval(
    parts: Array, lost: Array, cluster: NDArray[np.int64], ends: tuple[float, float]
) -> Interval:
    """The interval of DeLong, with an account's weeks as one observation (Obuchowski)."""
    is_lost = lost == 1
    value = float(parts[is_lost].mean())
    push = np.where(is_lost, (parts - value) / is_lost.sum(), (parts - value) / (~is_lost).sum())
    sums = np.bincount(cluster, weights=push)
    count = len(np.unique(cluster))
    half = _Z * float(np.sqrt(count / max(count - 1, 1) * (sums**2).sum()))
    return Interval(value, max(value - half, ends[0]), min(value + half, ends[1]))


def brier(chance: Array, lost: Array) -> float:
    """Mean squared distance of the chance from what happened; 0 is best."""
    return float(((chance - lost) ** 2).mean())


def stand_out(chance: Array, period: NDArray[np.int64], account: NDArray[np.int64]) -> Array:
    """1 for the tenth of each period's observations with the highest chance, rounded up."""
    order = np.lexsort((account, -chance, period))
    starts = np.flatnonzero(np.diff(period[order], prepend=period[order][0] - 1))
    sizes = np.diff(np.append(starts, len(order)))
    place = np.arange(len(order)) - np.repeat(starts, sizes)
    flags = np.zeros(len(order))
    flags[order] = place * 10 < np.repeat(sizes, sizes)
    return flags


def lead_days(
    flags: Array, account: NDArray[np.int64], day: NDArray[np.int64], lost_day: Array
) -> list[int]:
    """Days from the first time an account stood out to its loss, of each loss that did.

    Args:
        flags: 1 where the observation stands out.
        account: Whose it is.
        day: On which day it was known.
        lost_day: Day of the loss that follows; NaN where none does.
    """
    first: dict[tuple[int, int], int] = {}
    for n in np.flatnonzero((flags == 1) & ~np.isnan(lost_day)):
        key = (int(account[n]), int(lost_day[n]))
        first[key] = min(first.get(key, int(day[n])), int(day[n]))
    return [lost - seen for (_, lost), seen in sorted(first.items())]


def median(values: Sequence[int]) -> float | None:
    """The middle one; None of nothing."""
    return float(np.median(values)) if values else None
