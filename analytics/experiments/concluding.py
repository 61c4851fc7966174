"""Concluded experiments as the warehouse tells them in, the portfolio as JSON text out.

Belongs here: from columns to `portfolio.Concluded`, what of the findings is told. Does not belong
here: any estimate (`shrinkage`, `crossvalidation`), which experiments are concluded (SQL).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.experiments.crossvalidation import Buckets, Worth, cross_validate
from analytics.experiments.movability import movability
from analytics.experiments.portfolio import Concluded, Portfolio, portfolio
from analytics.experiments.quality import CHECKS, quality
from analytics.experiments.rows import as_row

Array = NDArray[np.float64]
Columns = Mapping[str, NDArray[Any]]
BUCKETS = 100
FLAGS = (
    "is_win", "is_shipped", "is_override", "is_breached", "is_preregistered", "is_stopped_early",
)  # fmt: skip
FIGURES = (
    "effect", "se", "direction", "p_adjusted", "alpha", "srm_p", "planned_power", "power_at_mde",
    "mde_relative", "planned_days", "actual_days", "coverage",
)  # fmt: skip
DAYS = ("concluded_on", "last_exposure_on", "decided_on")
TEXTS = ("experiment_id", "team", "metric", "state")


def findings(concluded: Columns, buckets: Columns) -> str:
    """What concluded experiments teach together.

    Args:
        concluded: `TEXTS`, `FLAGS` (1, 0 or NaN), `FIGURES`, `DAYS` and `check_<name>` for each of
            `quality.CHECKS`: one entry per experiment.
        buckets: `experiment_id`, `arm` (0 or 1), `bucket`, `n`, `s`, `q` and `shift` of the primary
            metric: sums by bucket of units.

    Returns:
        JSON with `experiments`, `groups` (by team and quarter; null for all), `impacts` (of these,
        by metric) and `metrics`.
    """
    from scipy.special import ndtri

    alpha, power = concluded["alpha"], concluded["planned_power"]
    with np.errstate(all="ignore"):
        planned_se = concluded["mde_relative"] / (ndtri(power) - ndtri(alpha / 2))
    score = quality({name: concluded[f"check_{name}"] for name in CHECKS})
    known = {name: concluded[name] for name in (*TEXTS, *FLAGS, *FIGURES, *DAYS)}
    del known["mde_relative"]
    told = Concluded(**known, planned_se=planned_se, quality_score=score.score)
    found = portfolio(told, worth(told, buckets))
    moved = movability(found.learnt, told.p_adjusted, told.alpha)
    return json.dumps({
        "experiments": [
            {
                "experiment_id": str(name), "shrunken": _number(mean), "shrunken_sd": _number(sd),
                "pit": _number(pit), "quality_score": _number(points),
                "quality_passed": int(passed), "quality_applicable": int(applicable),
            }
            for name, mean, sd, pit, points, passed, applicable in zip(
                told.experiment_id, found.learnt.mean, found.learnt.sd, found.learnt.pit,
                score.score, score.passed, score.applicable, strict=True,
            )
        ],
        **_groups(found),
        "metrics": [as_row(metric) for metric in moved],
    }, allow_nan=False, default=str)  # fmt: skip


def worth(concluded: Concluded, buckets: Columns) -> Worth:
    """Cross-validated worth of each experiment, NaN where its buckets are not known."""
    count = len(concluded.experiment_id)
    place = {name: at for at, name in enumerate(concluded.experiment_id.tolist())}
    rows = np.array([place.get(name, -1) for name in buckets["experiment_id"].tolist()], np.int64)
    kept = rows >= 0
    at = (rows[kept], buckets["arm"][kept].astype(int), buckets["bucket"][kept].astype(int))
    n, s, q = (np.zeros((count, 2, BUCKETS)) for _ in range(3))
    for table, name in ((n, "n"), (s, "s"), (q, "q")):
        np.add.at(table, at, buckets[name][kept])
    shift = np.zeros(count)
    shift[rows[kept]] = buckets["shift"][kept]
    if not count:
        return Worth(np.zeros(0), np.zeros(0), np.zeros(0))
    from scipy.special import ndtri

    critical = -ndtri(np.nan_to_num(concluded.alpha, nan=0.05) / 2)
    found = cross_validate(Buckets(n, s, q, shift), concluded.direction, critical)
    is_valid = concluded.is_valid
    return replace(found, **{
        name: np.where(is_valid, getattr(found, name), np.nan)
        for name in ("shipped", "value", "variance")
    })  # fmt: skip


def _groups(found: Portfolio) -> dict[str, list[dict[str, Any]]]:
    groups, impacts = [], []
    for summary in found.summaries:
        row = as_row(summary)
        groups.append(row)
        key = {"team": row["team"], "quarter_on": row["quarter_on"]}
        impacts += [key | as_row(impact) for impact in summary.impacts]
    return {"groups": groups, "impacts": impacts}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
