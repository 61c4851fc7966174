"""Whether a metric keeps its promise where there is nothing to find.

Belongs here: the verdict on p values of real units that were split by chance again and again, so
that every finding is a false one. Does not belong here: splitting them (SQL), the p values
(`kernel`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.experiments.kernel import compare
from analytics.experiments.moments import COLUMNS, from_columns

ALPHA = 0.05
LEAST_SPLITS = 200  # fewer could not tell 5 % from 1 %
_CONFIDENCE = 0.999
_LEAST_KS_P = 1e-4


@dataclass(frozen=True)
class Replay:
    """What became of the splits.

    `verdict` is `sound`; `false_alarms` or `dull` where more or fewer p below 5 % were found than
    chance explains (exact binomial, 99.9 %); `uneven` where p values are no even mixture from 0 to
    1; `not_computable` where a split gave no p; `too_few_splits`.
    """

    splits: int
    false_positives: int
    least: int
    most: int
    ks_p: float
    verdict: str

    @property
    def rate(self) -> float:
        """Share of splits with a false finding."""
        return self.false_positives / self.splits if self.splits else float("nan")


def judge(p: ArrayLike) -> Replay:
    """Judges the p values of one metric, one a split.

    Raises:
        ValueError: If a p value lies outside 0..1.
    """
    values = np.asarray(p, np.float64).ravel()
    if ((values < 0) | (values > 1)).any():
        raise ValueError("a p value lies outside 0..1")
    known = values[~np.isnan(values)]
    found = int((known < ALPHA).sum())
    least, most = binomial_interval(len(known), ALPHA, _CONFIDENCE)
    ks_p = even_p(known)
    verdict = "sound"
    if len(values) < LEAST_SPLITS:
        verdict = "too_few_splits"
    elif len(known) < len(values):
        verdict = "not_computable"
    elif found > most:
        verdict = "false_alarms"
    elif found < least:
        verdict = "dull"
    elif ks_p <= _LEAST_KS_P:
        verdict = "uneven"
    return Replay(len(values), found, least, most, ks_p, verdict)


def replay(columns: Mapping[str, ArrayLike]) -> Replay:
    """Judges splits of one metric by their sums.

    Args:
        columns: A row for each split and arm: `split_no`, `arm_no` (0 or 1), and of `moments` n,
            shift_y, shift_d, s_y, s_d, q_yy, q_dd and q_yd. A split without units in one
            arm has no p.

    Raises:
        ValueError: If a split has an arm twice, or other arms than 0 and 1.
    """
    numbers, place = np.unique(np.asarray(columns["split_no"]), return_inverse=True)
    at = 2 * place + np.asarray(columns["arm_no"], np.int64)
    if not np.isin(columns["arm_no"], (0, 1)).all() or len(np.unique(at)) < len(at):
        raise ValueError("a split has an arm twice, or one that is neither 0 nor 1")
    table = {name: np.zeros(2 * len(numbers)) for name in COLUMNS}
    table["shift_w"] += 1
    for name in COLUMNS:
        if name in columns:
            values = np.asarray(columns[name], np.float64)
            # All splits are of the same units, so that shifts are the same everywhere.
            table[name][:] = values[0] if name.startswith("shift_") and len(values) else 0.0
            table[name][at] = values
    sums = from_columns(table)
    return judge(compare(sums[::2], sums[1::2]).p)


def binomial_interval(n: int, share: float, confidence: float) -> tuple[int, int]:
    """Least and largest count that chance brings, leaving half the rest on either side at most.

    Raises:
        ValueError: If share or confidence are no probabilities, or n is below 0.
    """
    from scipy.special import bdtr

    if n < 0 or not 0 < share < 1 or not 0 < confidence < 1:
        raise ValueError(f"no interval of {n} tries at {share} with a confidence of {confidence}")
    up_to = bdtr(np.arange(n + 1), n, share)
    tail = (1 - confidence) / 2
    return int(np.searchsorted(up_to, tail, "right")), int(np.searchsorted(up_to, 1 - tail))


def even_p(p: ArrayLike) -> float:
    """Kolmogorov and Smirnov's p of an even mixture from 0 to 1; NaN of nothing.

    By the limit, with the correction for small numbers of Stephens (1970).
    """
    from scipy.special import kolmogorov

    values = np.sort(np.asarray(p, np.float64).ravel())
    n = len(values)
    if not n:
        return float("nan")
    steps = np.arange(n + 1) / n
    distance = max((steps[1:] - values).max(), (values - steps[:-1]).max())
    return float(kolmogorov(distance * (np.sqrt(n) + 0.12 + 0.11 / np.sqrt(n))))
