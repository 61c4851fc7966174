"""Checks of a readout that look at its figures: are they sharp, steady, and of many units?

Belongs here: tails, precision, novelty, agreement of estimators, guardrails, what was decided. Does
not belong here: plan, arms and deliveries (`gates`), figures themselves (`comparing`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analytics.experiments.gate import At, Gate, percent
from analytics.experiments.kernel import compare

SKEW_FACTOR = 355  # units needed for each squared skewness (Boos and Hughes-Oliver 2000)
LARGEST_SHARE = 0.05  # of the variance that one unit may be
NOVELTY_P = 0.01


def tails(at: At, ripe: list[int]) -> Iterator[Gate]:
    """Heavy tails: what a handful of units decides is no property of the treatment."""
    sums, m = at.evidence.sums, at.evidence.sums.moments
    primary = at.evidence.spec.primary.metric
    places = [place for place in ripe if sums.metric[place] == primary]
    with np.errstate(all="ignore"):
        n, mean, squares = m.n[places], m.offset("y")[places], m.q_yy[places]
        spread = squares / n - mean**2
        third = sums.cubes[places] / n - 3 * mean * squares / n + 2 * mean**3
        needed = SKEW_FACTOR * (third / spread**1.5) ** 2
        # Shifts are near the mean and not it. Counts lie further above their mean than below.
        middle = m.s_y[places].sum() / n.sum()
        farthest = (np.sqrt(sums.largest[places]) - middle) ** 2
        largest = farthest / (squares - 2 * middle * m.s_y[places] + n * middle**2)
    worst = float(np.nanmax(needed / n)) if np.isfinite(needed).any() else float("nan")
    status = "unknown" if np.isnan(worst) else "warn" if worst > 1 else "pass"
    words = (
        "the primary metric is too skewed for so few units"
        if status == "warn"
        else ("units are enough for the skewness of the primary metric")
    )
    yield Gate("skewness", status, words, worst, 1.0)
    share = float(np.nanmax(largest)) if np.isfinite(largest).any() else float("nan")
    status = "unknown" if np.isnan(share) else "warn" if share > LARGEST_SHARE else "pass"
    yield Gate(
        "single_unit", status, f"one unit is {percent(share)} of the primary metric's variance",
        share, LARGEST_SHARE,
    )  # fmt: skip


def precision(at: At) -> Iterator[Gate]:
    """Whether the effect that was planned would have been found."""
    powers = [row.power_at_mde for row in at.of("primary") if not np.isnan(row.power_at_mde)]
    if not powers or not at.look.is_last:
        yield Gate("precision", "unknown", "precision is judged at the last look")
        return
    least, planned = min(powers), at.evidence.spec.analysis.power
    words = f"an effect as planned would have been found with a chance of {least:.0%}"
    yield Gate("precision", "warn" if least < planned else "pass", words, least, planned)


def sound(at: At) -> Iterator[Gate]:
    """Whether its metrics keep their promise where there is nothing to find."""
    primary = at.evidence.spec.primary.metric
    bad = sorted(
        use.metric.metric_id
        for use in at.evidence.uses
        if use.metric.metric_id in at.evidence.unsound
    )
    words = (
        f"splits by chance find too much or too little in {', '.join(bad)}"
        if bad
        else ("no metric failed the replay of splits by chance")
    )
    status = "fail" if primary in bad else "warn" if bad else "pass"
    yield Gate("metrics_sound", status, words, len(bad), 0)


def novelty(at: At) -> Iterator[Gate]:
    """Whether those who came late saw another effect than those who came early."""
    sums, primary = at.evidence.sums, at.evidence.spec.primary.metric
    worst = float("nan")
    for arm in range(1, len(at.evidence.arms)):
        keys = [(at.look.number, primary, half, a) for half in ("early", "late") for a in (0, arm)]
        places = [sums.places.get(key) for key in keys]
        if None in places:
            continue
        found = compare(sums.moments[[places[0], places[2]]], sums.moments[[places[1], places[3]]])
        p = _contrast(found.difference, found.se)
        worst = p if np.isnan(worst) else min(worst, p)
    status = "unknown" if np.isnan(worst) else "warn" if worst < NOVELTY_P else "pass"
    words = {
        "unknown": "early and late units can't be told apart yet",
        "warn": "the effect on those who came late is another than on those who came early",
        "pass": "early and late units agree",
    }[status]
    yield Gate("novelty", status, words, worst, NOVELTY_P)


def _contrast(difference: np.ndarray, se: np.ndarray) -> float:
    from scipy.special import ndtr

    with np.errstate(all="ignore"):
        z = (difference[1] - difference[0]) / np.sqrt((se**2).sum())
    return float(2 * ndtr(-abs(z)))


def agreement(at: At) -> Iterator[Gate]:
    """Whether the answer hangs on how it is computed."""
    odd: set[str] = set()
    for row in at.of("primary"):
        for other in at.rows:
            if other.metric_id != row.metric_id or other.arm_no != row.arm_no or other is row:
                continue
            if other.estimator in ("early", "late") or np.isnan(other.p):
                continue
            is_found = other.p <= row.nominal_alpha
            if (row.p <= row.nominal_alpha) != is_found or (
                is_found and other.is_good != row.is_good
            ):
                odd.add(other.estimator)
    words = f"another answer: {', '.join(sorted(odd))}" if odd else "all ways to compute it agree"
    yield Gate("estimators_agree", "warn" if odd else "pass", words, len(odd), 0)


def guardrails(at: At) -> Iterator[Gate]:
    """Whether harm beyond the margins is certain, open or excluded."""
    rows = at.of("guardrail")
    broken = sorted({row.metric_id for row in rows if row.is_beyond_margin})
    alpha = at.evidence.spec.analysis.alpha / 2
    open_ = sorted({r.metric_id for r in rows if not r.margin_p <= alpha} - set(broken))
    if broken:
        yield Gate(
            "guardrails", "warn", f"worse than its margin: {', '.join(broken)}", len(broken), 0
        )
    elif open_:
        yield Gate(
            "guardrails", "info", f"harm beyond the margin is not excluded: {', '.join(open_)}"
        )
    else:
        yield Gate("guardrails", "pass" if rows else "unknown", "no harm beyond the margins")


def decision(at: At) -> Iterator[Gate]:
    """Whether what was shipped stands on adjusted figures."""
    decided = at.evidence.spec.decision
    if decided and decided.outcome == "ship" and at.look.is_last:
        plain = [row for row in at.of("primary") if row.p <= row.nominal_alpha < row.p_adjusted]
        if plain:
            words = "shipped on a p that is not adjusted for several arms"
            yield Gate("decision_adjusted", "warn", words)
