"""Every comparison of an experiment: each treatment with control, by metric, look and estimator.

Belongs here: which comparisons are made, which of them decides, adjustment for many of them and
for many looks. Does not belong here: the arithmetic (`kernel`, `adjust`, `sequential`), whether
they may be read (`gates`), what they mean (`readout`).

Estimators: `plain`; `cuped`, which takes away what units did before; and of the primary metric, to
be held against them, `uncapped`, `without_crossovers`, `early` and `late`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.experiments.adjust import benjamini_hochberg, holm
from analytics.experiments.comparison import Row
from analytics.experiments.evidence import BASES, Evidence, Use
from analytics.experiments.kernel import Comparison, compare, non_inferiority
from analytics.experiments.moments import Array
from analytics.experiments.power import power_at
from analytics.experiments.quantile_rows import quantile_rows
from analytics.experiments.schedule import look_alphas
from analytics.experiments.sequential import (
    always_valid_interval,
    repeated_interval,
)

# Units at which an interval that holds at every moment is narrowest; the same for all experiments.
TUNED_FOR = 5_000.0


@dataclass(frozen=True)
class _Pairs:
    """Places of controls and treatments in the sums, and what each pair is."""

    control: NDArray[np.int64]
    treatment: NDArray[np.int64]
    look: NDArray[np.int64]
    metric: NDArray[np.str_]
    arm: NDArray[np.int64]


def comparisons(evidence: Evidence) -> tuple[Row, ...]:
    """All of them, in the order of look, metric, arm and estimator."""
    alphas = nominal_alphas(evidence)
    is_adjusted = evidence.spec.analysis.cuped_days > 0
    parts = [("main", "plain", False)]
    parts += [("main", "cuped", True)] if is_adjusted else []
    parts += [(basis, basis, is_adjusted) for basis in BASES if basis != "main"]
    rows: list[Row] = []
    for basis, estimator, is_cuped in parts:
        pairs = _pairs(evidence, basis)
        if len(pairs.look):
            deciding = basis == "main" and is_cuped == is_adjusted
            rows += _rows(evidence, pairs, alphas, estimator, is_cuped=is_cuped, deciding=deciding)
    rows = _adjusted(evidence, rows + quantile_rows(evidence, alphas))
    order = {use.metric.metric_id: place for place, use in enumerate(evidence.uses)}
    rows.sort(key=lambda row: (row.look_no, order[row.metric_id], row.arm_no, not row.is_deciding))
    return tuple(rows)


def nominal_alphas(evidence: Evidence) -> dict[int, float]:
    """By look: below which p it finds something. 0 where it may find nothing yet."""
    analysis = evidence.spec.analysis
    planned = sorted((look for look in evidence.looks if look.is_planned), key=lambda k: k.number)
    found = {look.number: 0.0 for look in evidence.looks}
    if analysis.method == "group_sequential":
        days = [look.on for look in planned]
        ended = bool(planned) and planned[-1].is_last
        spent = look_alphas(evidence.spec, days, is_ended=ended)
        found |= {planned[place].number: p for place, p in spent.items()}
    else:
        found |= {look.number: analysis.alpha for look in planned if look.is_last}
    return found


def _pairs(evidence: Evidence, basis: str) -> _Pairs:
    places = evidence.sums.places
    found: list[tuple[int, int, int, str, int]] = []
    for look in evidence.looks:
        for use in evidence.uses:
            name = use.metric.metric_id
            control = places.get((look.number, name, basis, 0))
            for arm in range(1, len(evidence.arms)):
                treatment = places.get((look.number, name, basis, arm))
                if control is not None and treatment is not None:
                    found.append((control, treatment, look.number, name, arm))
    columns = list(zip(*found, strict=True)) or [()] * 5
    return _Pairs(
        np.array(columns[0], np.int64), np.array(columns[1], np.int64),
        np.array(columns[2], np.int64), np.array(columns[3], np.str_),
        np.array(columns[4], np.int64),
    )  # fmt: skip


def _rows(
    evidence: Evidence, pairs: _Pairs, alphas: dict[int, float], estimator: str, *,
    is_cuped: bool, deciding: bool,
) -> list[Row]:  # fmt: skip
    analysis = evidence.spec.analysis
    control = evidence.sums.moments[pairs.control]
    treatment = evidence.sums.moments[pairs.treatment]
    found = compare(control, treatment, analysis.alpha, cuped=is_cuped)
    uses = [evidence.use(name) for name in pairs.metric.tolist()]
    roles = np.array([use.role for use in uses])
    nominal = np.array([alphas[number] for number in pairs.look.tolist()])
    low, high, nominal = _intervals(evidence, found, nominal)
    margins = np.array([_margin(evidence, *pair) for pair in zip(roles, uses, strict=True)])
    margin_p, beyond_p, is_beyond = _margins(evidence, pairs, uses, margins, is_cuped=is_cuped)
    mde = evidence.spec.primary.mde_relative
    power = power_at(mde, found.mean_control, found.se, analysis.alpha)
    columns: dict[str, Any] = {
        "look_no": pairs.look, "metric_id": pairs.metric, "role": roles,
        "direction": np.array([use.direction for use in uses]), "arm_no": pairs.arm,
        "estimator": np.full(len(roles), estimator), "is_deciding": np.full(len(roles), deciding),
        "control_count": found.n_control, "treatment_count": found.n_treatment,
        "control_mean": found.mean_control, "treatment_mean": found.mean_treatment,
        "control_variance": found.variance_control, "treatment_variance": found.variance_treatment,
        "theta": found.theta, "difference": found.difference, "se": found.se, "df": found.df,
        "t": found.t, "p": found.p, "p_adjusted": found.p, "family": np.full(len(roles), "none"),
        "nominal_alpha": nominal, "ci_low": low, "ci_high": high, "relative": found.relative,
        "relative_low": found.relative_low, "relative_high": found.relative_high,
        "margin": margins, "margin_p": margin_p, "beyond_margin_p": beyond_p,
        "is_beyond_margin": is_beyond,
        "power_at_mde": np.where(roles == "primary", power, np.nan),
        "reason": found.reason,
    }  # fmt: skip
    lists = [np.asarray(column).tolist() for column in columns.values()]
    return [Row(*values) for values in zip(*lists, strict=True)]


def _intervals(evidence: Evidence, found: Comparison, nominal: Array) -> tuple[Array, Array, Array]:
    """Of differences, holding at all looks together; and the p at which they exclude 0."""
    from scipy.special import stdtr

    analysis = evidence.spec.analysis
    if analysis.method == "group_sequential":
        return *repeated_interval(found.difference, found.se, found.df, nominal), nominal
    # Before the end only what holds at every moment may be looked at.
    low, high = always_valid_interval(
        found.difference, found.se, found.n_control + found.n_treatment, TUNED_FOR, analysis.alpha
    )
    if analysis.method == "always_valid":
        with np.errstate(all="ignore"):
            at = 2 * stdtr(found.df, -(high - found.difference) / found.se)
        return low, high, np.nan_to_num(at)
    is_end = nominal > 0
    low, high = np.where(is_end, found.ci_low, low), np.where(is_end, found.ci_high, high)
    return low, high, nominal


def _adjusted(evidence: Evidence, rows: list[Row]) -> list[Row]:
    """Primary by treatment arms together, secondary ones for their share of false findings."""
    wanted = evidence.spec.analysis.multiplicity == "holm"
    found = list(rows)
    for role, family, method in (
        ("primary", "holm", holm), ("secondary", "bh", benjamini_hochberg),
    ):  # fmt: skip
        chosen = [at for at, row in enumerate(rows) if row.is_deciding and row.role == role]
        if not chosen or (family == "holm" and not wanted):
            continue
        looked = np.array([rows[at].look_no for at in chosen])
        adjusted = method(np.array([rows[at].p for at in chosen]), looked)
        for at, p in zip(chosen, adjusted.tolist(), strict=True):
            found[at] = replace(rows[at], p_adjusted=p, family=family)
    return found


def _margin(evidence: Evidence, role: str, use: Use) -> float:
    if role == "primary" and evidence.spec.is_non_inferiority:
        return evidence.spec.primary.mde_relative
    return float("nan") if use.margin is None else use.margin


def _margins(
    evidence: Evidence, pairs: _Pairs, uses: list[Use], margins: Array, *, is_cuped: bool
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """P of being no worse than the margin allows, p of being worse, whether that is certain.

    Harm may be looked for every day, so that before the end it is certain only where an interval
    that holds at every moment says so.
    """
    alpha = evidence.spec.analysis.alpha
    last = [look.number for look in evidence.looks if look.is_last]
    safe, beyond = np.full(len(margins), np.nan), np.full(len(margins), np.nan)
    certain = np.zeros(len(margins), np.bool_)
    for direction, bad in (("increase", "down"), ("decrease", "up")):
        chosen = ~np.isnan(margins) & np.array([use.direction == direction for use in uses])
        if not chosen.any():
            continue
        control = evidence.sums.moments[pairs.control[chosen]]
        treatment = evidence.sums.moments[pairs.treatment[chosen]]
        tested = non_inferiority(
            control, treatment, margins[chosen], bad, alpha / 2, cuped=is_cuped
        )
        _, high = always_valid_interval(
            tested.distance, tested.se, control.n + treatment.n, TUNED_FOR, alpha
        )
        is_last = np.isin(pairs.look[chosen], last)
        safe[chosen], beyond[chosen] = tested.p, tested.p_beyond
        certain[chosen] = np.where(is_last, tested.p_beyond <= alpha / 2, high < 0)
    return safe, beyond, certain
