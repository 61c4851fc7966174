"""Comparisons of quantiles, in the form of all others.

Belongs here: from quantiles of arms to rows. Does not belong here: the arithmetic (`quantile`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analytics.experiments.comparison import Row
from analytics.experiments.evidence import Evidence
from analytics.experiments.kernel import quantile_t
from analytics.experiments.quantile import Quantile, compare_quantiles, quantile

_NAN = float("nan")
_Z = 1.959964  # 95 %


def quantile_rows(evidence: Evidence, alphas: Mapping[int, float]) -> list[Row]:
    """A row for each look, quantile and treatment arm; unadjusted."""
    known = evidence.quantiles
    places = {
        key: place
        for place, key in enumerate(
            zip(known.look.tolist(), known.metric.tolist(), known.arm.tolist(), strict=True)
        )
    }
    arms = quantile(known.value, known.low, known.high, known.units)
    return [
        _row(evidence, arms, control, places[look, metric, arm], (look, metric, arm), alphas[look])
        for look, metric, arm in places
        if arm > 0 and (control := places.get((look, metric, 0))) is not None
    ]


def _row(
    evidence: Evidence, arms: Quantile, control: int, treatment: int,
    key: tuple[int, str, int], nominal: float,
) -> Row:  # fmt: skip
    look, metric, arm = key
    use = evidence.use(metric)
    one, other = (
        Quantile(arms.value[[at]], arms.se[[at]], arms.n[[at]]) for at in (control, treatment)
    )
    found = compare_quantiles(one, other, evidence.spec.analysis.alpha)
    difference, se, df, t, p = (
        float(part[0]) for part in (found.difference, found.se, found.df, found.t, found.p)
    )
    low, high = float(found.ci_low[0]), float(found.ci_high[0])
    if nominal not in (0.0, evidence.spec.analysis.alpha) and not np.isnan(df):
        half = float(quantile_t(np.array(df), nominal / 2)) * se
        low, high = difference - half, difference + half
    relative = _relative(one, other)
    return Row(
        look_no=look, metric_id=metric, role=use.role, direction=use.direction, arm_no=arm,
        estimator="plain", is_deciding=True, control_count=float(one.n[0]),
        treatment_count=float(other.n[0]), control_mean=float(one.value[0]),
        treatment_mean=float(other.value[0]), control_variance=_NAN, treatment_variance=_NAN,
        theta=0.0, difference=difference, se=se, df=df, t=t, p=p, p_adjusted=p, family="none",
        nominal_alpha=nominal, ci_low=low, ci_high=high, relative=relative[0],
        relative_low=relative[1], relative_high=relative[2],
        margin=_NAN if use.margin is None else use.margin, margin_p=_NAN, beyond_margin_p=_NAN,
        is_beyond_margin=False, power_at_mde=_NAN,
        reason="" if not np.isnan(p) else "too_few_rows",
    )  # fmt: skip


def _relative(one: Quantile, other: Quantile) -> tuple[float, float, float]:
    """Ratio of quantiles less 1, with the interval of its logarithm; NaN where one is 0."""
    c, t = float(one.value[0]), float(other.value[0])
    if not (c > 0 and t > 0):
        return _NAN, _NAN, _NAN
    half = _Z * float(np.hypot(one.se[0] / c, other.se[0] / t))
    ratio = t / c
    return ratio - 1, ratio * float(np.exp(-half)) - 1, ratio * float(np.exp(half)) - 1
