"""Weights, chances and how they are judged, against other ways to the same numbers."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.health.backtest import HORIZON_DAYS, Observations, backtest
from analytics.health.fit import chances, fit
from analytics.health.measure import auc, auc_gain, brier, lead_days, median, stand_out

WEEKS = 100
FIRST_DAY = 19_000


def world(
    seed: int, *, hidden: float = 0.0, trend: float = 0.0, accounts: int = 150, base: float = -3.5
) -> Observations:
    """Accounts whose ranks move slowly; `trend` and `hidden` drive losses by the first two ranks.

    A lost account comes back at once, as another customer of the same kind.
    """
    draw = np.random.default_rng(seed)
    ranks = np.empty((accounts, WEEKS, 7))
    ranks[:, 0] = draw.random((accounts, 7))
    for week in range(1, WEEKS):
        moved = 0.9 * (ranks[:, week - 1] - 0.5) + 0.25 * draw.standard_normal((accounts, 7)) * 0.3
        ranks[:, week] = np.clip(0.5 + moved, 0, 1)
    odds = base - 2.5 + trend * (0.5 - ranks[:, :, 0]) + hidden * (0.5 - ranks[:, :, 1])
    is_hit = draw.random((accounts, WEEKS)) < 1 / (1 + np.exp(-odds))
    days = FIRST_DAY + 7 * np.arange(WEEKS)
    lost_day = np.full((accounts, WEEKS), np.nan)
    for account, week in zip(*np.nonzero(is_hit), strict=True):
        on = days[week] + 1 + draw.integers(7)
        seen = (days < on) & (days >= on - HORIZON_DAYS)
        lost_day[account, seen] = np.fmin(lost_day[account, seen], on)
    return Observations(
        np.repeat(np.arange(accounts), WEEKS), np.tile(days, accounts),
        lost_day.ravel(), ranks.reshape(-1, 7),
    )  # fmt: skip


# ---- weights


def test_weights_of_a_table_of_two_by_two_are_its_log_odds() -> None:
    x = np.repeat([0.0, 0.0, 1.0, 1.0], [30, 10, 15, 45])[:, None]
    lost = np.repeat([0.0, 1.0, 0.0, 1.0], [30, 10, 15, 45])
    found = fit(x, lost, 1.0, 0.0)
    assert found == pytest.approx([np.log(10 / 30), np.log((45 / 15) / (10 / 30))])


@pytest.mark.parametrize("seed", range(3))
def test_weights_are_where_another_optimiser_ends(seed: int) -> None:
    from scipy.optimize import minimize

    draw = np.random.default_rng(seed)
    x = draw.random((200, 4)) - 0.5
    lost = (draw.random(200) < 1 / (1 + np.exp(-(x @ [3, -2, 0, 1] - 1)))).astype(float)

    def cost(w: np.ndarray) -> float:
        p = 1 / (1 + np.exp(-(w[0] + x @ w[1:])))
        likelihood = np.sum(lost * np.log(p) + (1 - lost) * np.log(1 - p))
        return -0.3 * likelihood + 0.4 * np.sum(w[1:] ** 2) / 2

    other = minimize(cost, np.zeros(5), method="Nelder-Mead",
                     options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 20_000, "maxfev": 20_000,
                              "adaptive": True})  # fmt: skip
    found = fit(x, lost, 0.3, 0.4)
    assert cost(found) <= other.fun + 1e-9
    assert found == pytest.approx(other.x, abs=1e-4)


def test_what_separates_wholly_gets_a_finite_weight() -> None:
    x = np.array([[-0.5], [-0.4], [0.4], [0.5]])
    found = fit(x, np.array([0.0, 0.0, 1.0, 1.0]), 1.0, 1 / 12)
    assert 0 < found[1] < 20
    assert chances(found, np.array([[1e9]]))[0] == 1.0


def test_nothing_is_learned_where_all_ended_alike() -> None:
    with pytest.raises(ValueError, match="alike"):
        fit(np.zeros((3, 1)), np.ones(3), 1.0, 1.0)


# ---- judging

_OUTCOMES = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6), st.booleans(), st.integers(0, 4)),
    min_size=2, max_size=25,
).filter(lambda rows: 0 < sum(r[2] for r in rows) < len(rows))  # fmt: skip


def arrays(rows: list) -> list[np.ndarray]:
    a, b, lost, cluster = zip(*rows, strict=True)
    floats = [np.array(v, dtype=float) / 7 for v in (a, b)]
    return [*floats, np.array(lost, dtype=float), np.array(cluster)]


def auc_by_pairs(chance: np.ndarray, lost: np.ndarray) -> float:
    pairs = [(x, y) for x in chance[lost == 1] for y in chance[lost == 0]]
    return sum(1.0 if x > y else 0.5 if x == y else 0.0 for x, y in pairs) / len(pairs)


@settings(deadline=None)
@given(_OUTCOMES)
def test_auc_is_that_of_all_pairs(rows: list) -> None:
    a, b, lost, cluster = arrays(rows)
    first, second = auc_by_pairs(a, lost), auc_by_pairs(b, lost)
    found = auc(a, lost, cluster)
    assert found.value == pytest.approx(first)
    assert found.low <= found.value + 1e-12
    assert found.high >= found.value - 1e-12
    assert auc_gain(a, b, lost, cluster).value == pytest.approx(first - second)


def test_the_interval_of_single_observations_is_delongs() -> None:
    draw = np.random.default_rng(4)
    lost = (draw.random(60) < 0.4).astype(float)
    chance = draw.random(60) + 0.3 * lost
    there, others = chance[lost == 1], chance[lost == 0]
    v10 = [np.mean([(x > y) + (x == y) / 2 for y in others]) for x in there]
    v01 = [np.mean([(x > y) + (x == y) / 2 for x in there]) for y in others]
    m, n = len(there), len(others)
    squares = sum((v - np.mean(v10)) ** 2 for v in v10) / m**2
    squares += sum((v - np.mean(v01)) ** 2 for v in v01) / n**2
    found = auc(chance, lost, np.arange(60))
    half = 1.959964 * np.sqrt(60 / 59 * squares)
    assert (found.low, found.high) == pytest.approx((np.mean(v10) - half, np.mean(v10) + half))


def test_the_interval_of_clusters_is_about_that_of_drawing_clusters_again() -> None:
    draw = np.random.default_rng(9)
    push = np.repeat(draw.standard_normal(60), 10)
    lost = (np.repeat(draw.random(60), 10) < 0.4).astype(float)
    chance = push + 0.8 * lost + 0.2 * draw.standard_normal(600)
    cluster = np.repeat(np.arange(60), 10)
    again = []
    for _ in range(300):
        rows = np.concatenate([np.arange(c * 10, c * 10 + 10) for c in draw.integers(60, size=60)])
        again.append(auc(chance[rows], lost[rows], cluster[rows]).value)
    found = auc(chance, lost, cluster)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * np.std(again), rel=0.2)
    alone = auc(chance, lost, np.arange(600))
    assert found.high - found.low > 2 * (alone.high - alone.low)


def test_brier_score_by_hand() -> None:
    score = brier(np.array([0.1, 0.8, 0.5]), np.array([0.0, 1.0, 1.0]))
    assert score == pytest.approx((0.01 + 0.04 + 0.25) / 3)


@given(_OUTCOMES)
def test_a_tenth_of_each_week_stands_out_rounded_up(rows: list) -> None:
    chance, _, _, week = arrays(rows)
    account = np.arange(len(rows))
    wanted = set()
    for w in set(week):
        own = sorted((n for n in account if week[n] == w), key=lambda n: (-chance[n], n))
        wanted |= set(own[: -(-len(own) // 10)])
    assert set(np.flatnonzero(stand_out(chance, week, account))) == wanted


def test_lead_time_runs_from_the_first_warning_before_the_loss() -> None:
    nan = np.nan
    flags = np.array([0, 1, 1, 1, 1, 0.0])
    account = np.array([1, 1, 1, 2, 3, 4])
    day = np.array([0, 7, 14, 0, 0, 0])
    lost_day = np.array([40, 40, 40, 10, nan, 30])
    assert lead_days(flags, account, day, lost_day) == [33, 10]
    assert median([33, 10]) == 21.5
    assert median([]) is None


# ---- which model is published


def test_a_signal_beside_the_trend_is_found_and_published() -> None:
    found = backtest(world(1, hidden=9, trend=1))
    assert found.status == "all_components"
    assert found.model
    assert found.baseline
    assert found.model.auc > found.baseline.auc + 0.1
    assert found.gain_low > 0
    assert found.weights[2] < -2
    share = found.held_out_lost_rows / found.held_out_rows
    assert found.model.top_lost / found.top_rows > 2 * share
    assert found.model.expected_lost == pytest.approx(found.held_out_lost_rows, rel=0.35)


def test_where_the_trend_is_all_there_is_it_is_published() -> None:
    found = backtest(world(2, trend=9))
    assert found.status == "usage_trend"
    assert found.weights[1] < -2
    assert found.weights[2:] == (0,) * 6
    assert found.baseline.auc_low > 0.5


def test_without_a_signal_nothing_is_claimed() -> None:
    worlds = [backtest(world(seed, accounts=60, base=-1.8)) for seed in range(40)]
    assert all(w.model for w in worlds)
    assert sum(w.status == "all_components" for w in worlds) <= 3
    # The interval holds a coin's 0.5 about as often as it says.
    assert sum(w.baseline.auc_low <= 0.5 <= w.baseline.auc_high for w in worlds) >= 34


def test_rising_use_alone_is_no_warning() -> None:
    seen = world(2, trend=-9)
    seen.ranks[:, 1:] = np.nan
    found = backtest(seen)
    assert found.baseline.auc == found.baseline.auc_high == 0.5
    early = seen.of(seen.day + HORIZON_DAYS < found.held_out_from_day - 6)
    expected = len(seen.of(seen.day >= found.held_out_from_day).day) * early.lost.mean()
    assert found.baseline.expected_lost == pytest.approx(expected, rel=1e-4)
    worlds = [backtest(world(seed, accounts=60, base=-1.8)) for seed in range(10)]
    assert {w.weights[1] == 0 for w in worlds} == {True, False}
    assert all(w.weights[1] <= 0 for w in worlds if w.status == "usage_trend")


def test_too_few_losses_are_said_to_be_too_few() -> None:
    found = backtest(world(3, accounts=10, hidden=5))
    assert (found.status, found.weights, found.model) == ("too_few_losses", None, None)
    nobody = world(3)
    nobody = replace(nobody, lost_day=np.full(len(nobody.day), np.nan))
    assert backtest(nobody).status == "too_few_losses"
    everybody = replace(nobody, lost_day=nobody.day + 1.0)
    assert backtest(everybody).status == "too_few_losses"
    none = nobody.of(nobody.day < 0)
    assert backtest(none).status == "no_outcomes"
    assert backtest(nobody.of(nobody.day == FIRST_DAY)).fitted_rows == 0


def test_weights_know_nothing_of_the_weeks_that_judge_them() -> None:
    seen = world(1, hidden=9)
    found = backtest(seen)
    split = found.held_out_from_day
    draw = np.random.default_rng(0)
    # From there on all is turned around; what was fitted ended before.
    late = seen.day + HORIZON_DAYS >= split - 6
    lost_day = seen.lost_day.copy()
    lost_day[late] = np.where(draw.random(late.sum()) < 0.2, seen.day[late] + 5.0, np.nan)
    ranks = seen.ranks.copy()
    ranks[late] = 1 - ranks[late]
    other = backtest(replace(seen, lost_day=lost_day, ranks=ranks))
    assert other.fitted_rows == found.fitted_rows
    assert other.status == "usage_trend"
    again = backtest(replace(seen, ranks=np.where(late[:, None], 1 - seen.ranks, seen.ranks)))
    assert again.weights[2:] == (0,) * 6
    assert again.weights[0] == other.weights[0]
    assert other.weights == again.weights


def test_what_is_not_known_counts_as_the_middle() -> None:
    seen = world(1, hidden=9)
    ranks = seen.ranks.copy()
    ranks[::3, 3] = 0.5
    holes = ranks.copy()
    holes[::3, 3] = np.nan
    assert backtest(replace(seen, ranks=ranks)) == backtest(replace(seen, ranks=holes))


def test_figures_are_counted_again_from_the_published_weights() -> None:
    seen = world(1, hidden=9, trend=1)
    found = backtest(seen)
    late = seen.of(seen.day >= found.held_out_from_day)
    risk = [
        1 / (1 + np.exp(-(found.weights[0] + sum(w * (r - 0.5) for w, r in
                                                 zip(found.weights[1:], row, strict=True)))))
        for row in late.ranks
    ]  # fmt: skip
    lost = [not np.isnan(d) for d in late.lost_day]
    assert found.model.brier == pytest.approx(
        sum((r - y) ** 2 for r, y in zip(risk, lost, strict=True)) / len(risk), abs=1e-6
    )
    by_week = itertools.groupby(
        sorted(zip(late.day, risk, late.account, lost, strict=True)), key=lambda r: r[0]
    )
    top = 0
    for _, rows in by_week:
        ranked = sorted(rows, key=lambda r: (-r[1], r[2]))
        top += sum(r[3] for r in ranked[: -(-len(ranked) // 10)])
    assert found.model.top_lost == top
