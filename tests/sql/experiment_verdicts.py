"""Gates and states of experiments once more, from units and figures.

Belongs here: what each gate says by its threshold, the state, the recommendation. Does not belong
here: figures (`experiment_figures`), words.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from .experiment_figures import Figure, Key, figures
from .experiment_oracle import ExperimentOracle
from .usage_facts import DAY

LEAST_P, DOUBTFUL_P = 0.001, 0.01


@dataclass(frozen=True)
class Verdict:
    """What is said of one look."""

    state: str
    recommendation: str
    arm: str | None
    gates: dict[str, str]


def verdicts(
    oracle: ExperimentOracle, name: str, unsound: set[str], changed: set[str]
) -> dict[int, Verdict]:
    """By look. `unsound` are metrics that failed the replay, `changed` plans that were changed."""
    rows = figures(oracle, name)
    looks = oracle.looks(name)
    return {
        number: _Look(oracle, name, number, day, rows, unsound, name in changed).verdict()
        for number, day in looks.items()
    }


class _Look:
    def __init__(
        self, oracle: ExperimentOracle, name: str, number: int, day: dt.date,
        rows: dict[Key, Figure], unsound: set[str], is_changed: bool,
    ) -> None:  # fmt: skip
        self.oracle, self.name, self.number, self.day = oracle, name, number, day
        self.plan, self.unsound, self.is_changed = oracle.plans[name], unsound, is_changed
        self.is_last = number == len(self.plan.planned)
        self.primary = self.plan.used[0]
        self.rows = {key[1:]: row for key, row in rows.items() if key[0] == number}
        self.deciding = {key: row for key, row in self.rows.items() if row.is_deciding}
        self.units = {
            used.id: dict(oracle.units(name, used, day)) for used in self.plan.used
        }  # fmt: skip

    def of(self, role: str) -> list[tuple[str, int, Figure]]:
        return [(k[0], k[1], row) for k, row in self.deciding.items() if row.role == role]

    def verdict(self) -> Verdict:
        gates = dict(self.gates())
        said = set(gates.values())
        harmed = any(row.is_beyond_margin for *_, row in self.of("guardrail"))
        if "fail" in said:
            return Verdict("INVALID", "none", None, gates)
        if "wait" in said:
            return Verdict("TOO_EARLY", "stop" if harmed else "continue", None, gates)
        advice, arm = self.advice(harmed)
        return Verdict("CAUTION" if "warn" in said else "VALID", advice, arm, gates)

    def advice(self, harmed: bool) -> tuple[str, str | None]:
        plan, rows = self.plan, self.of("primary")
        half = plan.alpha / 2
        is_margin = plan.template == "non_inferiority"
        won = [
            (row.difference * (1 if row.direction == "increase" else -1), arm)
            for _, arm, row in rows
            if (row.nominal_alpha > 0 and row.margin_p <= row.nominal_alpha / 2
                if is_margin
                else row.is_significant and row.is_good)
        ]  # fmt: skip
        lost = [row for *_, row in rows if row.is_significant and not row.is_good]
        if plan.template == "aa_test":
            return ("discuss" if won or lost else "stop" if self.is_last else "continue"), None
        if harmed:
            return "stop", None
        if won:
            best = max(won)[1]
            is_open = any(
                not row.margin_p <= half for _, arm, row in self.of("guardrail") if arm == best
            )
            return "discuss" if is_open else "ship", plan.arms[best]
        if len(lost) == len(rows):
            return "stop", None
        if not self.is_last:
            return "continue", None
        if is_margin:
            return ("stop" if all(row.is_beyond_margin for *_, row in rows) else "discuss"), None
        ends = [
            row.relative_high if row.direction == "increase" else -row.relative_low
            for *_, row in rows
        ]
        known = [end for end in ends if not math.isnan(end)]
        return ("stop" if known and max(known) < plan.mde else "discuss"), None

    def gates(self) -> Iterator[tuple[str, str]]:
        yield from self.of_exposures()
        yield from self.of_units()
        yield from self.of_figures()
        plan = self.plan
        run = (min(self.day, plan.ends_on) - plan.starts_on).days + 1
        yield "run_time", "wait" if run < plan.least_days else "pass"
        yield "full_weeks", "warn" if run % 7 and self.is_last else "pass"
        is_due = self.number > 0 or plan.method == "always_valid"
        yield "planned_look", "pass" if is_due else "wait"
        yield "metrics_defined", "pass"
        yield "plan_unchanged", "warn" if self.is_changed else "pass"
        if not self.is_changed:
            yield "preregistered", "pass"
        bad = self.unsound & {used.id for used in plan.used}
        yield "metrics_sound", "fail" if self.primary.id in bad else "warn" if bad else "pass"

    def of_exposures(self) -> Iterator[tuple[str, str]]:
        plan, arms = self.plan, len(self.plan.arms)
        seen = [e for e in self.oracle.exposures if e[0] == self.name]
        strange = sum(variation not in plan.arms for _, _, variation, *_ in seen)
        yield "variations_known", "fail" if strange else "pass"
        for gate, count, worst in (
            ("none_before_start", sum(day < plan.starts_on for *_, day in seen), "fail"),
            ("none_after_end", sum(day > plan.ends_on for *_, day in seen), "warn"),
        ):
            yield gate, "pass" if not count else worst if count / len(seen) >= 0.01 else "info"
        mine = [a for a in self.oracle.assigned[self.name].values() if a.on <= self.day]
        counts = np.array([sum(a.arm == arm for a in mine) for arm in range(arms)])
        weights = np.array(plan.weights)
        yield "sample_ratio", by_p(stats.chisquare(counts, counts.sum() * weights).pvalue, True)
        yield "allocation_drift", by_p(drift([(a.on, a.arm) for a in mine], arms), False)
        crossed = np.array([sum(a.arm == arm and a.crossed for a in mine) for arm in range(arms)])
        share, status = crossed.sum() / len(mine), "pass"
        if crossed.sum() >= 10:
            odds = weights * (1 - weights)
            p = stats.chisquare(crossed, crossed.sum() * odds / odds.sum()).pvalue
            is_bad = share >= 0.1 or p < LEAST_P
            status = "fail" if is_bad else "warn" if share >= 0.01 else "pass"
        yield "crossovers", status
        of_unit = Counter(
            (self.oracle.plans[name].unit, unit)
            for name, units in self.oracle.assigned.items() for unit in units
        )  # fmt: skip
        shared = any(of_unit[plan.unit, u] > 1 for u in self.oracle.assigned[self.name])
        yield "overlap", "info" if shared else "pass"
        yield "facts_complete", "fail" if self.missing_days() else "pass"

    def missing_days(self) -> int:
        uses = Counter(use.day for use in self.oracle.uses if use.counts)
        days = [day for day in self.oracle.spine if day <= self.oracle.through]
        last = max(self.oracle.looks(self.name).values())
        return sum(
            uses[day - 7 * DAY] >= 50 and uses[day] < uses[day - 7 * DAY] / 10
            for day in days if self.plan.starts_on <= day <= last
        )  # fmt: skip

    def of_units(self) -> Iterator[tuple[str, str]]:
        early = "fail" if self.is_last else "wait"
        mains = {name: bases["main"] for name, bases in self.units.items()}
        least = min(len(arm) for arms in mains.values() for arm in arms)
        yield "sums_finite", "pass"
        yield "enough_units", early if least < 100 else "pass"
        shares = [used.id for used in self.plan.used if used.kind == "proportion"]
        if shares:
            rare = min(int((arm[:, 0] > 0).sum()) for name in shares for arm in mains[name])
            yield "enough_conversions", early if rare < 8 else "pass"
        tested = []
        for used in self.plan.used:
            control, *rest = mains[used.id]
            if used.role != "secondary" and self.plan.cuped:
                tested += [welch_before(control, arm) for arm in rest]
        tested = [p for p in tested if not math.isnan(p)]
        worst = min(tested, default=math.nan) * len(tested)
        yield "same_before", "unknown" if not tested else "fail" if worst < LEAST_P else "pass"
        arms = [arm[:, 0] for arm in mains[self.primary.id]]
        with np.errstate(all="ignore"):
            skew = max(355 * stats.skew(y) ** 2 / len(y) for y in arms)
        yield "skewness", "warn" if skew > 1 else "pass"
        # From the mean of all arms, as the sums are.
        middle = np.concatenate(arms).mean()
        largest = max(((y - middle) ** 2).max() / ((y - middle) ** 2).sum() for y in arms)
        yield "single_unit", "warn" if largest > 0.05 else "pass"

    def of_figures(self) -> Iterator[tuple[str, str]]:
        plan, primary = self.plan, self.of("primary")
        power = min(row.power_at_mde for *_, row in primary)
        status = "warn" if power < plan.power else "pass"
        yield "precision", status if self.is_last else "unknown"
        halves = defaultdict(list)
        for metric, arm, estimator in self.rows:
            if metric == self.primary.id and estimator in ("early", "late"):
                plain = self.plain_half(estimator, arm)
                halves[arm].append(plain)
        found = [contrast(*pair) for pair in halves.values() if len(pair) == 2]
        found = [p for p in found if not math.isnan(p)]
        worst = min(found, default=math.nan)
        yield "novelty", "unknown" if not found else "warn" if worst < DOUBTFUL_P else "pass"
        odd = False
        for metric, arm, row in primary:
            for (other_metric, other_arm, name), other in self.rows.items():
                is_kin = (other_metric, other_arm) == (metric, arm) and other is not row
                if not is_kin or name in ("early", "late") or math.isnan(other.p):
                    continue
                is_found = other.p <= row.nominal_alpha
                is_turned = is_found and other.is_good != row.is_good
                odd |= is_found != (row.p <= row.nominal_alpha) or is_turned
        yield "estimators_agree", "warn" if odd else "pass"
        guards = [row for *_, row in self.of("guardrail")]
        if any(row.is_beyond_margin for row in guards):
            yield "guardrails", "warn"
        elif any(not row.margin_p <= plan.alpha / 2 for row in guards):
            yield "guardrails", "info"
        else:
            yield "guardrails", "pass" if guards else "unknown"

    def plain_half(self, basis: str, arm: int) -> tuple[float, float]:
        """Difference and squared standard error of those who came in one half."""
        arms = self.units[self.primary.id][basis]
        (a, va), (b, vb) = (ratio(one) for one in (arms[0], arms[arm]))
        return b - a, va + vb


def ratio(arm: np.ndarray, top: int = 0) -> tuple[float, float]:
    """Mean and squared standard error, of a ratio by the delta method."""
    y, d = arm[:, top], arm[:, top + 1]
    mean = y.mean() / d.mean()
    return mean, float(((y - mean * d) / d.mean()).var(ddof=1) / len(arm))


def contrast(one: tuple[float, float], other: tuple[float, float]) -> float:
    z = (other[0] - one[0]) / math.sqrt(one[1] + other[1])
    return float(2 * stats.norm.sf(abs(z)))


def welch_before(control: np.ndarray, treatment: np.ndarray) -> float:
    """P of a difference of covariates."""
    with np.errstate(all="ignore"):
        (a, va), (b, vb) = ratio(control, 2), ratio(treatment, 2)
    if not va + vb > 0:
        return math.nan
    n, m = len(control), len(treatment)
    df = (va + vb) ** 2 / (va**2 / (n - 1) + vb**2 / (m - 1))
    return float(2 * stats.t.sf(abs(b - a) / math.sqrt(va + vb), df))


def drift(seen: list[tuple[dt.date, int]], arms: int) -> float:
    """P of the same shares on all days; days too thin for the test are one."""
    table = Counter(seen)
    days = np.array([[table[day, a] for a in range(arms)] for day in sorted({d for d, _ in seen})])
    least = days.sum(axis=1) * (days.sum(axis=0) / days.sum()).min()
    rows = [*days[least >= 5]] + ([days[least < 5].sum(axis=0)] if (least < 5).any() else [])
    if len(rows) < 2:
        return math.nan
    return float(stats.chi2_contingency(np.array(rows), correction=False).pvalue)


def by_p(p: float, warns: bool) -> str:
    if math.isnan(p):
        return "unknown"
    return "fail" if p < LEAST_P else "warn" if warns and p < DOUBTFUL_P else "pass"
