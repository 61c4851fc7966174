"""A logistic regression with few weights.

Belongs here: finding the weights, and chances from them. Does not belong here: how good they are
(`measure`), what they are fitted on (`backtest`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_ROUNDS = 100
_CLOSE = 1e-10


def fit(x: Array, lost: Array, weight: float, penalty: float) -> Array:
    """Intercept and weights that make the penalised likelihood largest.

    Newton's method: nothing is drawn by chance, so the same rows give the same weights.

    Args:
        x: One row per observation, one column per component.
        lost: 1 for an observation that was lost, 0 for one that was not.
        weight: What each observation counts; less than 1 where they overlap.
        penalty: Of half the sum of squared weights; the intercept is free.

    Raises:
        ValueError: If all observations ended alike: any weight would do.
    """
    if not 0 < lost.sum() < len(lost):
        raise ValueError("all observations ended alike")
    design = np.column_stack([np.ones(len(x)), x])
    ridge = np.diag([0.0] + [penalty] * x.shape[1])
    share = lost.mean()
    found = np.zeros(design.shape[1])
    found[0] = np.log(share / (1 - share))
    for _ in range(_ROUNDS):
        p = chances(found, x)
        gradient = weight * design.T @ (p - lost) + ridge @ found
        if np.abs(gradient).max() < _CLOSE * max(1.0, weight * len(lost)):
            break
        curve = weight * (design * (p * (1 - p))[:, None]).T @ design + ridge
        found = _step(found, np.linalg.solve(curve, gradient), design, lost, weight, ridge)
    return found


def chances(weights: Array, x: Array) -> Array:
    """Chance of a loss of each row."""
    # Beyond that a chance is 0 or 1 to the last digit, and exp would overflow.
    return 1 / (1 + np.exp(-np.clip(weights[0] + x @ weights[1:], -500, 500)))


def _step(
    found: Array, step: Array, design: Array, lost: Array, weight: float, ridge: Array
) -> Array:
    """Half the way as often as needed for the likelihood not to fall."""

    def cost(at: Array) -> float:
        z = design @ at
        return float(weight * (np.logaddexp(0, z) - lost * z).sum() + at @ ridge @ at / 2)

    before, pace = cost(found), 1.0
    while pace > 1e-6 and cost(found - pace * step) > before + 1e-12 * abs(before):
        pace /= 2
    return found - pace * step
