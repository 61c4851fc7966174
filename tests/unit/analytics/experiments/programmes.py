"""Made-up programmes of experiments whose true effects are known, and other ways to sum them up.

Effects and standard errors are in points of relative lift; standard errors differ eightfold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.experiments.portfolio import Concluded

Array = NDArray[np.float64]
WORLDS = ("normal", "mostly null", "positive mean", "big tests chase small effects")
Z = 1.959964


@dataclass(frozen=True)
class Programme:
    """What was measured, and what only a simulation knows. Shipped: significant and positive."""

    y: Array
    s: Array
    truth: Array

    @property
    def shipped(self) -> Array:
        return (self.y > Z * self.s).astype(float)


def programme(world: str, count: int, draw: np.random.Generator) -> Programme:
    s = np.exp(draw.uniform(np.log(0.3), np.log(2.5), count))
    if world == "normal":
        truth = draw.normal(0, 1.1, count)
    elif world == "mostly null":
        truth = np.where(draw.random(count) < 0.8, 0.0, draw.standard_t(3, count))
    elif world == "positive mean":
        truth = draw.normal(0.5, 1.0, count)
    else:
        truth = s * draw.normal(0, 0.8, count)
    return Programme(truth + s * draw.standard_normal(count), s, truth)


def naive(p: Programme) -> tuple[float, float]:
    """The sum as measured, and its standard error."""
    return float(p.y @ p.shipped), float(np.sqrt(p.s**2 @ p.shipped))


def james_stein(p: Programme, se: float) -> float:
    """Positive-part James-Stein towards 0 with one standard error for all."""
    kept = 1 - (len(p.y) - 2) * se**2 / (p.y**2).sum()
    return max(kept, 0.0) * naive(p)[0]


def james_stein_as_coded(p: Programme) -> float:
    """A peer means to take the largest experiment's, but its maximum is never updated."""
    return james_stein(p, float(p.s[-1]))


def james_stein_as_intended(p: Programme) -> float:
    return james_stein(p, float(p.s.min()))


def normal_normal(p: Programme) -> tuple[float, float]:
    """Effects from one normal, fitted by maximum likelihood."""
    taus = np.concatenate([[0.0], np.geomspace(0.01, 10, 80)])[:, None]
    variance = p.s**2 + taus**2
    means = (p.y / variance).sum(axis=1) / (1 / variance).sum(axis=1)
    likelihood = -0.5 * (np.log(variance) + (p.y - means[:, None]) ** 2 / variance).sum(axis=1)
    best = int(likelihood.argmax())
    kept = taus[best] ** 2 / variance[best]
    mean = means[best] + kept * (p.y - means[best])
    return float(mean @ p.shipped), float(np.sqrt((kept * p.s**2) @ p.shipped))


def concluded(count: int, **columns: object) -> Concluded:
    """Experiments alike in all that isn't given: valid, nothing found, decided in time."""
    day = np.datetime64("2026-05-04")
    usual: dict[str, object] = {
        "experiment_id": [f"e{number}" for number in range(count)], "team": "a",
        "concluded_on": day, "metric": "m", "state": "VALID", "effect": 0.01, "se": 0.01,
        "direction": 1.0, "p_adjusted": 0.3, "alpha": 0.05, "is_win": 0.0, "is_shipped": 0.0,
        "is_override": 0.0, "is_breached": 0.0, "is_preregistered": 1.0, "is_stopped_early": 0.0,
        "srm_p": 0.5, "planned_se": 0.01, "planned_power": 0.8, "power_at_mde": 0.8,
        "planned_days": 14.0, "actual_days": 14.0, "last_exposure_on": day, "decided_on": day,
        "coverage": 1.0, "quality_score": 1.0,
    }  # fmt: skip
    made = {}
    for name, value in (usual | columns).items():
        part = np.asarray(value)
        if name.endswith("_on"):
            part = part.astype("datetime64[D]")
        made[name] = np.broadcast_to(part, (count,)).copy()
    return Concluded(**made)
