"""Whether a readout may be read: the checks that stand before every figure.

Belongs here: the checks, their thresholds and words. Does not belong here: figures (`comparing`),
what is to be done (`readout`), checks of tables (Great Expectations suites).

A check passes, warns (the readout is read with caution), fails (it is not read: p and intervals are
hidden), waits (too early), informs, or is unknown where there is nothing to judge by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from analytics.experiments.gate import At, Gate, percent
from analytics.experiments.gates_figures import (
    agreement,
    decision,
    guardrails,
    novelty,
    precision,
    sound,
    tails,
)
from analytics.experiments.split import FAIL_P, before, crossed, drift, sample_ratio, verdicts

LEAST_UNITS = 100
LEAST_CONVERSIONS = 8
OUT_OF_TIME = 0.01  # share of the exposures


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
        words = "changed after the start (plan or metric): what it finds is exploratory"
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
    status = str(verdicts(p))
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
    status = str(verdicts(p, warn=None))
    yield Gate("allocation_drift", status, words[status], p, FAIL_P)
    found = crossed(crossing, int(units.sum()), at.evidence.weights)
    words = (
        f"{found.units} units ({percent(found.share)}) saw several arms; they count in their first"
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
    yield from tails(at, ripe)


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


def _overlap(at: At) -> Iterator[Gate]:
    units = float(at.evidence.allocation.units.sum())
    share = at.evidence.faults.overlapping_units / units if units else float("nan")
    words = f"{percent(share)} of the units were in other experiments too"
    yield Gate("overlap", "info" if share > 0 else "pass", words, share)


_CHECKS: tuple[Callable[[At], Iterator[Gate]], ...] = (
    _plan, _promise, _sample_ratio, _times, _before, _enough, _timing, precision, sound,
    novelty, guardrails, decision, _overlap, agreement,
)  # fmt: skip
