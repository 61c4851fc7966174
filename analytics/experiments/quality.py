"""How well an experiment was done, whatever came out of it.

Ten checks, each passed, failed, or of no concern; the score is the weight of those passed among
those that concern the experiment.

Belongs here: which checks there are, how one is decided from plain facts, the score. Does not
belong here: where facts come from (SQL, `spec`), whether a readout may be read (`readout`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
CHECKS = (
    "hypothesis",  # because, we believe, will cause, for users: all said
    "guardrail",  # at least one
    "preregistered",  # the plan was there before the first exposure and is unchanged
    "split",  # no sample ratio mismatch
    "data",  # no errors in exposures or facts
    "full_weeks",
    "precision",  # the standard error is no larger than planned
    "multiplicity",  # the decision stands on adjusted figures
    "decided_in_time",
    "learning",  # written down
)
SRM_P = 0.001
DECIDED_WITHIN_DAYS = 14


@dataclass(frozen=True)
class Score:
    """Per experiment: score of 0..1 and the checks behind it. NaN where none concerned it."""

    score: Array
    passed: NDArray[np.int64]
    applicable: NDArray[np.int64]


def quality(checks: Mapping[str, Array], weights: Mapping[str, float] | None = None) -> Score:
    """Weighted mean of the checks passed.

    Args:
        checks: Each of `CHECKS` per experiment: 1 passed, 0 failed, NaN not applicable; the
            weights of the others then count for more.
        weights: Of those that don't weigh 1.

    Raises:
        ValueError: If a check is missing or unknown, holds anything else, or a weight is negative.
    """
    strange = set(checks) ^ set(CHECKS) | set(weights or {}) - set(CHECKS)
    if strange:
        raise ValueError(f"missing or unknown checks: {', '.join(sorted(strange))}")
    table = np.stack([np.asarray(checks[name], np.float64) for name in CHECKS], axis=-1)
    if not np.isin(table[~np.isnan(table)], (0.0, 1.0)).all():
        raise ValueError("a check is 1 (passed), 0 (failed) or NaN (not applicable)")
    weight = np.array([(weights or {}).get(name, 1.0) for name in CHECKS])
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise ValueError("weights are numbers of 0 or more")
    applies = ~np.isnan(table)
    passed = table == 1
    whole = applies @ weight
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.where(whole > 0, (passed @ weight) / whole, np.nan)
    return Score(score, passed.sum(axis=-1), applies.sum(axis=-1))


def as_check(passes: NDArray[np.bool_], *known: Array) -> Array:
    """1 or 0; NaN where one of the facts is not known."""
    is_known = np.logical_and.reduce([~np.isnan(fact) for fact in known])
    return np.where(is_known, passes.astype(np.float64), np.nan)


def is_split_right(srm_p: Array) -> Array:
    """Whether arms are as large as planned."""
    return as_check(srm_p >= SRM_P, srm_p)


def is_full_weeks(days: Array) -> Array:
    """Whether each day of the week had the same weight."""
    return as_check((days > 0) & (days % 7 == 0), days)


def is_precise(se: Array, planned_se: Array) -> Array:
    """Whether the result is as sharp as the plan promised."""
    return as_check(se <= planned_se * (1 + 1e-9), se, planned_se)


def is_decided_in_time(days_to_decision: Array) -> Array:
    """Whether the decision came within two weeks of the last exposure."""
    return as_check(days_to_decision <= DECIDED_WITHIN_DAYS, days_to_decision)
