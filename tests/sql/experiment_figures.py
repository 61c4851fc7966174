"""Every comparison of an experiment once more: from units, by scipy and by hand.

Belongs here: tests, intervals, adjustment and bounds, from the values of units, as textbooks have
them. Does not belong here: who the units are (`experiment_oracle`), whether it may be read
(`experiment_verdicts`).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from scipy import integrate, optimize, stats

from .experiment_oracle import ExperimentOracle
from .experiment_plan import Plan, Used

NAN = float("nan")
Key = tuple[int, str, int, str]


@dataclass
class Side:
    """One arm: units as parts of a ratio, or as they are."""

    n: int
    mean: float
    variance: float

    @property
    def share(self) -> float:
        return self.variance / self.n


@dataclass
class Figure:
    """One row of experiment_readout__metric_arm; names as there."""

    role: str
    direction: str
    is_deciding: bool
    control_count: int
    treatment_count: int
    control_mean: float
    treatment_mean: float
    control_variance: float
    treatment_variance: float
    theta: float
    difference: float
    se: float
    df: float
    t: float
    p: float
    relative: float
    relative_low: float
    relative_high: float
    ci_low: float = NAN
    ci_high: float = NAN
    p_adjusted: float = NAN
    family: str = "none"
    nominal_alpha: float = NAN
    margin: float = NAN
    margin_p: float = NAN
    beyond_margin_p: float = NAN
    is_beyond_margin: bool = False
    power_at_mde: float = NAN
    sides: tuple[Side, Side] = field(default=(), repr=False)  # type: ignore[assignment]

    @property
    def is_significant(self) -> bool:
        return self.p_adjusted <= self.nominal_alpha

    @property
    def is_good(self) -> bool:
        return self.difference * (1 if self.direction == "increase" else -1) > 0


def figures(oracle: ExperimentOracle, name: str) -> dict[Key, Figure]:
    """All comparisons of an experiment, by look, metric, arm and estimator."""
    plan = oracle.plans[name]
    found: dict[Key, Figure] = {}
    for number, day in oracle.looks(name).items():
        for used in plan.used:
            for basis, arms in oracle.units(name, used, day):
                for estimator, is_cuped, decides in _ways(plan, basis):
                    for arm in range(1, len(arms)):
                        if len(arms[0]) and len(arms[arm]):
                            row = _compare(plan, used, arms[0], arms[arm], is_cuped, decides)
                            found[number, used.id, arm, estimator] = row
    bounds = nominal_alphas(plan, oracle.looks(name))
    for (number, _, _, _), row in found.items():
        _finish(plan, row, bounds[number], number == len(plan.planned))
    for number in oracle.looks(name):
        _adjust(plan, [row for key, row in found.items() if key[0] == number and row.is_deciding])
    return found


def _ways(plan: Plan, basis: str) -> Iterator[tuple[str, bool, bool]]:
    is_adjusted = plan.cuped > 0
    if basis == "main":
        yield "plain", False, not is_adjusted
        if is_adjusted:
            yield "cuped", True, True
    else:
        yield basis, is_adjusted, False


def line(arm: np.ndarray, top: int, at: np.ndarray | None = None) -> np.ndarray:
    """Each unit's part in a ratio of means (delta method); of a mean, its value."""
    y, d = (arm if at is None else at)[:, top], (arm if at is None else at)[:, top + 1]
    return (arm[:, top] - y.mean() / d.mean() * arm[:, top + 1]) / d.mean()


def _compare(
    plan: Plan, used: Used, control: np.ndarray, treatment: np.ndarray, is_cuped: bool,
    decides: bool,
) -> Figure:  # fmt: skip
    both = np.vstack([control, treatment])
    theta = 0.0
    with np.errstate(all="ignore"):
        if is_cuped:
            before, after = line(both, 2), line(both, 0)
            spread = before.var(ddof=1)
            theta = float(np.cov(after, before)[0, 1] / spread) if spread > 0 else 0.0
        c, t = (_side(arm, both, theta) for arm in (control, treatment))
        se = math.sqrt(c.share + t.share)
        df = _df(c.share, t.share, c.n, t.n)
        score = (t.mean - c.mean) / se if df == df else NAN
        p = 2 * stats.t.sf(abs(score), df)
        if used.kind != "ratio" and not theta and score == score:
            told = stats.ttest_ind(treatment[:, 0], control[:, 0], equal_var=False)
            assert np.isclose(told.pvalue, p, rtol=1e-10)
    lift = (t.mean - c.mean) / c.mean if c.mean > 0 else NAN
    low = high = NAN
    if c.mean > 0 and t.mean > 0 and score == score:
        a, b = c.share / c.mean**2, t.share / t.mean**2
        half = stats.t.isf(plan.alpha / 2, _df(a, b, c.n, t.n)) * math.sqrt(a + b)
        low, high = (math.exp(math.log(t.mean / c.mean) + side * half) - 1 for side in (-1, 1))
    return Figure(
        used.role, used.direction, decides, c.n, t.n, c.mean, t.mean, c.variance, t.variance,
        theta, t.mean - c.mean, se, df, score, p, lift, low, high, sides=(c, t),
        margin=NAN if used.margin is None else used.margin,
    )  # fmt: skip


def _side(arm: np.ndarray, both: np.ndarray, theta: float) -> Side:
    mean = arm[:, 0].mean() / arm[:, 1].mean()
    parts = line(arm, 0)
    if theta:
        before = arm[:, 2].mean() / arm[:, 3].mean() - both[:, 2].mean() / both[:, 3].mean()
        mean, parts = mean - theta * before, parts - theta * line(arm, 2)
    return Side(len(arm), float(mean), float(parts.var(ddof=1)))


def _df(a: float, b: float, n: int, m: int) -> float:
    if min(n, m) < 2 or not a + b > 0:
        return NAN
    return (a + b) ** 2 / (a**2 / (n - 1) + b**2 / (m - 1))


def _finish(plan: Plan, row: Figure, nominal: float, is_last: bool) -> None:
    """Interval at this look, margin, power."""
    row.nominal_alpha, row.p_adjusted = nominal, row.p
    c, t = row.sides
    always = always_half(row.se, c.n + t.n, plan.alpha)
    if math.isnan(row.p):
        half = NAN
    elif plan.method == "always_valid":
        half = always
        row.nominal_alpha = 2 * stats.t.sf(half / row.se, row.df)
    elif plan.method == "fixed_horizon" and not nominal:
        half = always
    else:
        half = stats.t.isf(nominal / 2, row.df) * row.se if nominal else math.inf
    row.ci_low, row.ci_high = row.difference - half, row.difference + half
    if row.role == "primary":
        effect, z = plan.mde * abs(c.mean) / row.se, stats.norm.isf(plan.alpha / 2)
        row.power_at_mde = stats.norm.cdf(effect - z) + stats.norm.cdf(-effect - z)
    if not math.isnan(row.margin):
        # How far it is on the good side of what the margin allows of the control's mean.
        good = 1 if row.direction == "increase" else -1
        allowed = 1 - good * row.margin
        distance = good * (t.mean - allowed * c.mean)
        share = allowed**2 * c.share
        se, df = math.sqrt(share + t.share), _df(share, t.share, c.n, t.n)
        if math.isnan(df):
            return
        row.margin_p, row.beyond_margin_p = (
            stats.t.sf(distance / se, df),
            stats.t.cdf(distance / se, df),
        )
        row.is_beyond_margin = (
            row.beyond_margin_p <= plan.alpha / 2
            if is_last
            else distance + always_half(se, c.n + t.n, plan.alpha) < 0
        )


def always_half(se: float, n: int, alpha: float, tuned_for: float = 5_000) -> float:
    """Half an interval that holds at every moment (Waudby-Smith and others 2021, equation 9)."""
    rho2 = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / tuned_for
    m = n * rho2
    return se * math.sqrt(2 * (m + 1) / m * math.log(math.sqrt(m + 1) / alpha))


def _adjust(plan: Plan, rows: list[Figure]) -> None:
    primary = sorted((r for r in rows if r.role == "primary"), key=lambda r: r.p)
    if plan.is_holm:
        worst = 0.0
        for place, row in enumerate(primary):
            worst = max(worst, min(row.p * (len(primary) - place), 1.0))
            row.p_adjusted, row.family = worst, "holm"
    others = [row for row in rows if row.role == "secondary"]
    for row in others:
        row.family = "bh"
    tested = sorted((row for row in others if not math.isnan(row.p)), key=lambda r: -r.p)
    least = 1.0
    for place, row in enumerate(tested):
        least = min(least, row.p * len(tested) / (len(tested) - place))
        row.p_adjusted = least


def nominal_alphas(plan: Plan, looks: dict[int, dt.date]) -> dict[int, float]:
    """By look: below which p it finds something; 0 for nothing."""
    found = dict.fromkeys(looks, 0.0)
    last = len(plan.planned)
    if plan.method != "group_sequential":
        return found | {number: plan.alpha for number in looks if number == last}
    shares = {}
    for number, day in sorted(looks.items()):
        days = (day - dt.timedelta(days=plan.window - 1) - plan.starts_on).days + 1
        if number and days > 0:
            shares[number] = 1.0 if number == last else min(days / plan.run_days, 1.0)
    bounds = two_looks(plan.alpha, *shares.values())
    return found | dict(zip(shares, bounds, strict=True))


@cache
def two_looks(alpha: float, first: float, second: float | None = None) -> tuple[float, ...]:
    """Nominal p of one or two looks by Lan and DeMets' spending like O'Brien and Fleming's."""

    def spent(share: float) -> float:
        return 4 * stats.norm.sf(stats.norm.isf(alpha / 4) / math.sqrt(share))

    nominal = spent(first)
    if second is None:
        return (nominal,)
    edge, rho = stats.norm.isf(nominal / 2), math.sqrt(first / second)

    def crossing(bound: float) -> float:
        def density(z: float) -> float:
            rest = math.sqrt(1 - rho**2)
            above, below = (bound - rho * z) / rest, (-bound - rho * z) / rest
            return stats.norm.pdf(z) * (stats.norm.sf(above) + stats.norm.cdf(below))

        return integrate.quad(density, -edge, edge, epsabs=1e-14, epsrel=1e-12)[0]

    due = (alpha if second >= 1 else spent(second)) - nominal
    bound = optimize.brentq(lambda b: crossing(b) - due, 0.1, 8, xtol=1e-12)
    return nominal, 2 * stats.norm.sf(bound)
