"""Thousands of tests of nothing: each method finds as much as it promised, and wrong ones more.

The same units are split by chance again and again; whatever is found is a false finding. A method
is right if its count lies in the exact 99.9 % binomial interval of what it promised; the usual
mistakes must lie outside of it. Seeded: a run is as the one before.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from analytics.experiments.adjust import benjamini_hochberg, holm
from analytics.experiments.kernel import compare, non_inferiority
from analytics.experiments.moments import COLUMNS, Moments, from_columns
from analytics.experiments.quantile import compare_quantiles, from_rows
from analytics.experiments.replay import binomial_interval, judge
from analytics.experiments.sequential import SPENDING, always_valid_interval, looks

Values = dict[str, np.ndarray]
UNITS = 3_000
AT_ONCE = 500
many = pytest.mark.parametrize("splits", [3_000, pytest.param(30_000, marks=pytest.mark.slow)])


def chances(splits: int, units: int = UNITS) -> Iterator[np.ndarray]:
    """Who is in treatment, a block of splits after the other."""
    draw = np.random.default_rng(20_261_123)
    for _ in range(splits // AT_ONCE):
        yield draw.random((AT_ONCE, units), np.float32) < 0.5


def sums(inside: np.ndarray, values: Values, shifts: dict[str, float]) -> Moments:
    """Centred sums of those inside, for each split."""
    empty = {"d": 1.0, "x": 0.0, "w": 1.0}
    weight = inside.astype(np.float64)
    centred = {v: values[v] - shifts[v] for v in values}
    names = [c for c in COLUMNS if c[:2] in ("s_", "q_") and set(c[2:]) <= set(values)]
    table = np.column_stack([np.prod([centred[v] for v in name[2:]], axis=0) for name in names])
    columns = dict.fromkeys(COLUMNS, np.zeros(len(weight)))
    columns |= {f"shift_{v}": np.full(len(weight), (empty | shifts)[v]) for v in "ydxw"}
    columns |= dict(zip(names, (weight @ table).T, strict=True))
    return from_columns(columns | {"n": weight.sum(1)})


def both(
    inside: np.ndarray,
    values: Values,
    treated: Values | None = None,
    kept: np.ndarray | bool = True,
) -> tuple[Moments, Moments]:
    """Control and treatment of each split; those treated may have other values."""
    shifts = {v: float(column.mean()) for v, column in values.items()}
    control = sums(~inside & kept, values, shifts)
    return control, sums(inside & kept, treated or values, shifts)


def p_of(splits: int, values: Values, *, cuped: bool = False) -> np.ndarray:
    blocks = chances(splits, len(values["y"]))
    return np.concatenate([compare(*both(inside, values), cuped=cuped).p for inside in blocks])


def is_right(count: float, tries: int, promised: float) -> bool:
    low, high = binomial_interval(tries, promised, 0.999)
    return low <= count <= high


def is_calibrated(p: np.ndarray) -> bool:
    """Whether a p below 5 %, and below 0.1 %, is found as often as that."""
    return all(is_right((p < level).sum(), len(p), level) for level in (0.05, 0.001))


def finds_too_much(p: np.ndarray) -> bool:
    return (p < 0.05).sum() > binomial_interval(len(p), 0.05, 0.999)[1]


def people(seed: int = 1) -> Values:
    """Users unlike each other: heavy ones have more sessions, and convert more often in them."""
    draw = np.random.default_rng(seed)
    kind = draw.gamma(2, 0.5, UNITS)
    sessions, before = (draw.poisson(6 * kind) + 1.0 for _ in range(2))
    chance = np.clip(0.15 * kind, 0, 1)
    return {
        "kind": kind,
        "is_converted": (draw.random(UNITS) < 0.12) * 1.0,
        "revenue": (draw.random(UNITS) < 0.4) * kind * draw.lognormal(3, 1, UNITS),
        "sessions": sessions,
        "sessions_before": before,
        "orders": draw.binomial(sessions.astype(int), chance) * 1.0,
        "orders_before": draw.binomial(before.astype(int), chance) * 1.0,
    }


# ---- one look


@many
@pytest.mark.parametrize("metric", ["is_converted", "revenue", "orders"])
def test_welch_finds_what_it_promised(metric: str, splits: int) -> None:
    assert is_calibrated(p_of(splits, {"y": people()[metric]}))


@many
def test_cuped_finds_what_it_promised(splits: int) -> None:
    known = people()
    values = {"y": known["sessions"], "x": known["sessions_before"]}
    assert is_calibrated(p_of(splits, values, cuped=True))


@many
def test_a_ratio_finds_what_it_promised_and_a_test_of_sessions_far_more(splits: int) -> None:
    known = people()
    values = {"y": known["orders"], "d": known["sessions"]}
    before = {"x": known["orders_before"], "w": known["sessions_before"]}
    assert is_calibrated(p_of(splits, values))
    assert is_calibrated(p_of(splits, values | before, cuped=True))
    naive = []
    for inside in chances(splits):
        control, treatment = both(inside, values)
        rates = [arm.mean("y") / arm.mean("d") for arm in (control, treatment)]
        sessions = [arm.n * arm.mean("d") for arm in (control, treatment)]
        spread = sum(rate * (1 - rate) / n for rate, n in zip(rates, sessions, strict=True))
        naive.append(np.abs(rates[1] - rates[0]) / np.sqrt(spread) > 1.96)
    assert np.concatenate(naive).mean() > 0.1


@many
def test_one_cap_for_all_finds_what_it_promised_and_a_cap_for_each_arm_more(splits: int) -> None:
    y = np.sort(people()["revenue"])
    assert is_calibrated(p_of(splits, {"y": np.minimum(y, np.quantile(y, 0.99))}))
    by_arm = []
    for inside in chances(splits):
        parts = []
        for arm in (~inside, inside):
            so_far = np.cumsum(arm, axis=1)
            n = so_far[:, -1]
            cap = y[(so_far >= (0.99 * n)[:, None]).argmax(1)][:, None]
            capped = np.where(arm, np.minimum(y, cap), 0.0)
            mean = capped.sum(1) / n
            parts.append((mean, ((capped**2).sum(1) / n - mean**2) / (n - 1)))
        (c, share_c), (t, share_t) = parts
        by_arm.append(np.abs(t - c) / np.sqrt(share_c + share_t) > 1.96)
    tries = np.concatenate(by_arm)
    assert tries.sum() > binomial_interval(len(tries), 0.05, 0.999)[1]


@pytest.mark.parametrize("splits", [400, pytest.param(4_000, marks=pytest.mark.slow)])
def test_a_quantile_of_users_finds_what_it_promised_and_one_of_rows_far_more(splits: int) -> None:
    draw = np.random.default_rng(2)
    speed = draw.normal(0, 1, 500)
    owner = np.repeat(np.arange(500), draw.poisson(np.exp(0.4 * speed) * 5) + 1)
    value = np.exp(5 + 0.6 * speed[owner] + 0.5 * draw.standard_normal(len(owner)))
    p: dict[str, list[float]] = {"users": [], "rows": []}
    for _ in range(splits):
        inside = (draw.random(500) < 0.5)[owner]
        for name, unit in (("users", owner), ("rows", np.arange(len(owner)))):
            arms = [from_rows(unit[side], value[side], 0.9) for side in (~inside, inside)]
            p[name].append(float(compare_quantiles(*arms).p))
    assert is_calibrated(np.array(p["users"]))
    assert np.mean(np.array(p["rows"]) < 0.05) > 0.15


@many
def test_units_seen_in_both_arms_stay_and_leaving_them_out_finds_far_more(splits: int) -> None:
    # Treated heavy users come back as somebody else more often; nothing else differs.
    known, draw = people(), np.random.default_rng(3)
    values = {"y": known["sessions"]}
    stay, leave = [], []
    for inside in chances(splits):
        again = np.minimum(0.06 * known["kind"], 1) * np.where(inside, 2, 1)
        is_crossed = draw.random(inside.shape) < again
        stay.append(compare(*both(inside, values)).p)
        leave.append(compare(*both(inside, values, kept=~is_crossed)).p)
    assert is_calibrated(np.concatenate(stay))
    assert finds_too_much(np.concatenate(leave))


@many
@pytest.mark.parametrize(("direction", "true"), [("down", 0.9), ("up", 1.1)])
def test_at_its_margin_non_inferiority_is_found_as_often_as_promised(
    direction: str, true: float, splits: int
) -> None:
    values = {"y": people()["sessions"]}
    treated = {"y": true * values["y"]}
    found = [
        non_inferiority(*both(inside, values, treated), 0.1, direction)
        for inside in chances(splits)
    ]
    for p in ([f.p for f in found], [f.p_beyond for f in found]):
        assert is_right((np.concatenate(p) < 0.025).sum(), splits, 0.025)


@many
def test_the_interval_of_a_lift_misses_on_both_sides_alike_and_a_plain_one_does_not(
    splits: int,
) -> None:
    y = np.random.default_rng(4).lognormal(0, 1.2, 300)
    found = [compare(*both(inside, {"y": y})) for inside in chances(splits, len(y))]
    low = np.concatenate([f.relative_low for f in found])
    high = np.concatenate([f.relative_high for f in found])
    # It is an approximation too: 2.5 % on each side were promised.
    above, below = (low > 0).mean(), (high < 0).mean()
    assert 0.015 < min(above, below) <= max(above, below) < min(0.04, 1.5 * min(above, below))
    plain = []
    for f in found:
        spread = f.variance_treatment / f.n_treatment / f.mean_control**2
        spread += (1 + f.relative) ** 2 * f.variance_control / f.n_control / f.mean_control**2
        plain.append(f.relative / np.sqrt(spread))
    score = np.concatenate(plain)
    assert (score > 1.96).mean() < 0.4 * (score < -1.96).mean()


# ---- many metrics


@many
def test_of_ten_metrics_one_is_found_often_and_after_adjusting_seldom(splits: int) -> None:
    draw = np.random.default_rng(5)
    p = np.column_stack([p_of(splits, {"y": y}) for y in draw.normal(0, 1, (10, 600))])
    family = np.broadcast_to(np.arange(splits)[:, None], p.shape)
    assert (p < 0.05).any(1).mean() > 0.25
    for adjust in (holm, benjamini_hochberg):
        assert is_right((adjust(p, family) < 0.05).any(1).sum(), splits, 0.05)


# ---- many looks


@many
def test_looking_daily_finds_far_more_than_promised_and_bounds_for_it_do_not(splits: int) -> None:
    days = 28
    y = people()["revenue"][: days * 100]
    y = np.minimum(y, np.quantile(y, 0.99)).reshape(days, 100)
    last, weekly, daily, always = [], [], [], []
    due = [(day + 1) / days for day in range(days)]
    bounds = {name: np.array(looks(due, spending=name).nominal) for name in SPENDING}
    planned: dict[str, list[np.ndarray]] = {name: [] for name in SPENDING}
    for inside in chances(splits, days * 100):
        found = compare(*so_far(inside, y))
        p = found.p
        last.append(p[:, -1] < 0.05)
        weekly.append((p[:, 6::7] < 0.05).any(1))
        daily.append((p < 0.05).any(1))
        for name, nominal in bounds.items():
            planned[name].append((p < nominal).any(1))
        low, high = always_valid_interval(
            found.difference, found.se, found.n_control + found.n_treatment, days * 100
        )
        always.append(((low > 0) | (high < 0)).any(1))
    rate = {name: np.concatenate(planned[name]).sum() for name in planned}
    assert is_right(np.concatenate(last).sum(), splits, 0.05)
    # Revenue of the first days is skewed and thin: bounds that are low then find a little less.
    most = binomial_interval(splits, 0.05, 0.999)[1]
    assert all(0.8 * 0.05 * splits <= count <= most for count in rate.values()), rate
    assert np.concatenate(always).mean() < 0.03
    assert np.concatenate(weekly).mean() > 0.09
    assert np.concatenate(daily).mean() > 0.2


def so_far(inside: np.ndarray, y: np.ndarray) -> tuple[Moments, Moments]:
    """Sums of each split up to each day; `y` is days by units."""
    shift, days = float(y.mean()), inside.reshape(len(inside), *y.shape)
    made = []
    for arm in (~days, days):
        n, s, q = (
            np.einsum("sdu,du->sd", arm.astype(np.float64), (y - shift) ** power).cumsum(1)
            for power in range(3)
        )
        columns = dict.fromkeys(COLUMNS, np.zeros(n.shape)) | {"n": n, "s_y": s, "q_yy": q}
        constant = {"shift_y": shift, "shift_d": 1.0, "shift_w": 1.0}
        columns |= {name: np.full(n.shape, value) for name, value in constant.items()}
        made.append(from_columns(columns))
    return made[0], made[1]


# ---- the verdict


def test_a_metric_of_which_one_user_is_nearly_all_is_found_out_and_sound_when_capped() -> None:
    y = people()["sessions"].copy()
    y[0] = 50 * y.sum()
    assert judge(p_of(2_000, {"y": y})).verdict != "sound"
    assert judge(p_of(2_000, {"y": np.minimum(y, np.quantile(y, 0.99))})).verdict == "sound"
