"""Whether a readout may be read: the checks that stand before every figure.

Belongs here: the checks, their thresholds and words. Does not belong here: figures (`comparing`),
what is to be done (`readout`), checks of tables (Great Expectations suites).

A check passes, warns (the readout is read with caution), fails (it is not read: p and intervals are
hidden), waits (too early), informs, or is unknown where there is nothing to judge by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from analytics.experiments.comparison import Row
from analytics.experiments.evidence import Evidence, Look
from analytics.experiments.kernel import compare
from analytics.experiments.split import FAIL_P, WARN_P, before, crossed, drift, sample_ratio

LEAST_UNITS = 100
LEAST_CONVERSIONS = 8
SKEW_FACTOR = 355  # units needed for each squared skewness (Boos and Hughes-Oliver 2000)
LARGEST_SHARE = 0.05  # of the variance that one unit may be
OUT_OF_TIME = 0.01  # share of the exposures
NOVELTY_P = 0.01


@dataclass(frozen=True)
class Gate:
    """One check. `value` is what was found and `threshold` what it was held against."""

    gate: str
    status: str  # pass, warn, fail, wait, info or unknown
    words: str
    value: float = float("nan")
    threshold: float = float("nan")


@dataclass(frozen=True)
class At:
    """An experiment at one of its looks."""

    evidence: Evidence
    look: Look
    rows: tuple[Row, ...]

    def of(self, role: str, estimator: str | None = None) -> list[Row]:
        """Its comparisons; the deciding ones where no estimator is named."""
        return [
            row for row in self.rows
            if row.role == role
            and (row.estimator == estimator if estimator else row.is_deciding)
        ]  # fmt: skip

    @property
    def ripe(self) -> list[int]:
        """Places of the sums of this look, all units and arms, by metric and arm."""
        sums = self.evidence.sums
        return np.flatnonzero((sums.look == self.look.number) & (sums.basis == "main")).tolist()


def gates(at: At) -> tuple[Gate, ...]:
    """All checks of a look, in the order of the documentation."""
    return tuple(gate for check in _CHECKS for gate in check(at))


def _plan(at: At) -> Iterator[Gate]:
    missing = at.evidence.missing_metrics
    words = (
        f"registry/metrics/ has no {', '.join(missing)}" if missing else "all metrics are defined"
    )
    yield Gate("metrics_defined", "fail" if missing else "pass", words, len(missing), 0)
    faults = at.evidence.faults
    share = faults.unknown_variation / max(faults.exposures, 1)
    yield Gate(
        "variations_known", "fail" if faults.unknown_variation else "pass",
        f"{faults.unknown_variation} exposures to variations that the plan does not name", share, 0,
    )  # fmt: skip


def _promise(at: At) -> Iterator[Gate]:
    if at.evidence.is_changed:
        words = "the plan was changed after the start: what it finds is exploratory"
        yield Gate("plan_unchanged", "warn", words)
        return
    yield Gate("plan_unchanged", "pass", "the plan is the one of the start")
    known = at.evidence.is_preregistered
    words = "registered before the first day" if known else "the plan was delivered after the start"
    yield Gate("preregistered", "pass" if known else "warn", words)


def _sample_ratio(at: At) -> Iterator[Gate]:
    arms = len(at.evidence.arms)
    units, crossing = at.evidence.allocation.until(at.look.on).by_arm(arms)
    tested = sample_ratio(units, at.evidence.weights)
    p = float(tested.p)
    seen = ", ".join(
        f"{name} {count:,.0f} (planned {weight:.0%})"
        for name, count, weight in zip(at.evidence.arms, units, at.evidence.weights, strict=True)
    )
    status = _by_p(p, WARN_P)
    words = f"units by arm: {seen}"
    if status in ("fail", "warn"):
        words += ", more uneven than chance explains: find who is missing or doubled first"
    yield Gate("sample_ratio", status, words, p, FAIL_P)
    p = float(drift(at.evidence.allocation.until(at.look.on).by_day(arms)).p)
    words = {
        "fail": "shares of the arms changed while it ran",
        "pass": "shares of the arms are alike on all days",
        "unknown": "days are too few or too thin to tell whether shares changed",
    }
    status = _by_p(p, None)
    yield Gate("allocation_drift", status, words[status], p, FAIL_P)
    found = crossed(crossing, int(units.sum()), at.evidence.weights)
    words = (
        f"{found.units} units ({_percent(found.share)}) saw several arms; they count in their first"
    )
    yield Gate("crossovers", found.verdict, words, found.share, 0.1)


def _times(at: At) -> Iterator[Gate]:
    """Exposures outside the plan's days count nowhere; those before it spoil what was before."""
    faults = at.evidence.faults
    for gate, count, words, worst in (
        ("none_before_start", faults.before_start, "exposures before the first day", "fail"),
        ("none_after_end", faults.after_end, "exposures after the last day", "warn"),
    ):
        share = count / max(faults.exposures, 1)
        status = "pass" if not count else worst if share >= OUT_OF_TIME else "info"
        yield Gate(gate, status, f"{count} {words}; they don't count", share, OUT_OF_TIME)
    words = f"{faults.missing_days} days almost without events, against the same weekday before"
    status = "fail" if faults.missing_days else "pass"
    yield Gate("facts_complete", status, words, faults.missing_days, 0)


def _before(at: At) -> Iterator[Gate]:
    """Arms that differed before anybody saw anything were not drawn by chance."""
    sums = at.evidence.sums
    watched = [u.metric.metric_id for u in at.evidence.uses if u.role != "secondary"]
    pairs = [
        (control, treatment)
        for name in watched
        for arm in range(1, len(at.evidence.arms))
        if (control := sums.places.get((at.look.number, name, "main", 0))) is not None
        and (treatment := sums.places.get((at.look.number, name, "main", arm))) is not None
    ]
    if not pairs or at.evidence.spec.analysis.cuped_days == 0:
        yield Gate("same_before", "unknown", "no days before the first exposure are looked at")
        return
    control, treatment = np.array(pairs).T
    p = before(sums.moments[control], sums.moments[treatment])
    known = p[~np.isnan(p)]
    if not len(known):
        yield Gate("same_before", "unknown", "nobody did anything before the first exposure")
        return
    least = float(known.min())
    status = "fail" if least < FAIL_P / len(known) else "pass"
    words = (
        "arms differed before the experiment" if status == "fail" else "arms were alike before it"
    )
    yield Gate("same_before", status, words, least, FAIL_P / len(known))


def _enough(at: At) -> Iterator[Gate]:
    sums, moments = at.evidence.sums, at.evidence.sums.moments
    ripe = at.ripe
    values = [getattr(moments, name)[ripe] for name in ("s_y", "q_yy", "q_yx", "q_xx")]
    is_finite = all(np.isfinite(part).all() for part in values)
    words = "all sums are finite" if is_finite else "a sum is no finite number"
    yield Gate("sums_finite", "pass" if is_finite else "fail", words)
    # An arm without a ripe unit has no sums.
    wanted = [
        sums.places.get((at.look.number, use.metric.metric_id, "main", arm))
        for use in at.evidence.uses if use.metric.kind != "quantile"
        for arm in range(len(at.evidence.arms))
    ]  # fmt: skip
    least = min((0.0 if p is None else float(moments.n[p]) for p in wanted), default=0.0)
    # Before the end more of them are still to come.
    too_few = "fail" if at.look.is_last else "wait"
    status = too_few if least < LEAST_UNITS else "pass"
    yield Gate(
        "enough_units", status, f"{least:.0f} ripe units in the smallest arm", least, LEAST_UNITS
    )
    shares = [p for p in ripe if at.evidence.use(str(sums.metric[p])).metric.kind == "proportion"]
    rare = min((float(min(sums.nonzero[p], moments.n[p])) for p in shares), default=float("nan"))
    if shares:
        status = too_few if rare < LEAST_CONVERSIONS else "pass"
        words = f"{rare:.0f} units with any in the smallest arm"
        yield Gate("enough_conversions", status, words, rare, LEAST_CONVERSIONS)
    yield from _tails(at, ripe)


def _tails(at: At, ripe: list[int]) -> Iterator[Gate]:
    """Heavy tails: what a handful of units decides is no property of the treatment."""
    sums, m = at.evidence.sums, at.evidence.sums.moments
    primary = at.evidence.spec.primary.metric
    places = [place for place in ripe if sums.metric[place] == primary]
    with np.errstate(all="ignore"):
        n, mean, squares = m.n[places], m.offset("y")[places], m.q_yy[places]
        spread = squares / n - mean**2
        third = sums.cubes[places] / n - 3 * mean * squares / n + 2 * mean**3
        needed = SKEW_FACTOR * (third / spread**1.5) ** 2
        largest = sums.largest[places] / squares
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
        "single_unit", status, f"one unit is {_percent(share)} of the primary metric's variance",
        share, LARGEST_SHARE,
    )  # fmt: skip


def _timing(at: At) -> Iterator[Gate]:
    spec, look = at.evidence.spec, at.look
    days = (min(look.on, spec.ends_on) - spec.starts_on).days + 1
    is_short = days < spec.analysis.min_runtime_days
    words = f"{days} days of exposure, {spec.analysis.min_runtime_days} are the least"
    yield Gate(
        "run_time", "wait" if is_short else "pass", words, days, spec.analysis.min_runtime_days
    )
    odd = days % 7
    status = "pass" if not odd or not look.is_last else "warn"
    yield Gate("full_weeks", status, f"{days} days are {days // 7} weeks and {odd} days", odd, 0)
    if look.is_planned or spec.analysis.method == "always_valid":
        yield Gate("planned_look", "pass", f"look {look.number} of {look.count}")
    else:
        yield Gate("planned_look", "wait", "no look is planned for today; figures decide nothing")
    is_latest = look == max(at.evidence.looks, key=lambda one: (one.on, one.number))
    if spec.status in ("stopped", "decided") and is_latest and not look.is_last:
        yield Gate("stopped_early", "info", "it was stopped before its last look")


def _precision(at: At) -> Iterator[Gate]:
    powers = [row.power_at_mde for row in at.of("primary") if not np.isnan(row.power_at_mde)]
    if not powers or not at.look.is_last:
        yield Gate("precision", "unknown", "precision is judged at the last look")
        return
    least, planned = min(powers), at.evidence.spec.analysis.power
    words = f"an effect as planned would have been found with a chance of {least:.0%}"
    yield Gate("precision", "warn" if least < planned else "pass", words, least, planned)


def _sound(at: At) -> Iterator[Gate]:
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


def _novelty(at: At) -> Iterator[Gate]:
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


def _agreement(at: At) -> Iterator[Gate]:
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


def _guardrails(at: At) -> Iterator[Gate]:
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


def _decision(at: At) -> Iterator[Gate]:
    decision = at.evidence.spec.decision
    if decision and decision.outcome == "ship" and at.look.is_last:
        plain = [row for row in at.of("primary") if row.p <= row.nominal_alpha < row.p_adjusted]
        if plain:
            words = "shipped on a p that is not adjusted for several arms"
            yield Gate("decision_adjusted", "warn", words)


def _overlap(at: At) -> Iterator[Gate]:
    units = float(at.evidence.allocation.units.sum())
    share = at.evidence.faults.overlapping_units / units if units else float("nan")
    words = f"{_percent(share)} of the units were in other experiments too"
    yield Gate("overlap", "info" if share > 0 else "pass", words, share)


def _by_p(p: float, warn: float | None) -> str:
    if np.isnan(p):
        return "unknown"
    return "fail" if p < FAIL_P else "warn" if warn is not None and p < warn else "pass"


def _percent(share: float) -> str:
    return "unknown" if np.isnan(share) else f"{share:.1%}"


_CHECKS: tuple[Callable[[At], Iterator[Gate]], ...] = (
    _plan, _promise, _sample_ratio, _times, _before, _enough, _timing, _precision, _sound,
    _novelty, _guardrails, _decision, _overlap, _agreement,
)  # fmt: skip
