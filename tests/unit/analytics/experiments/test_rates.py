"""Intervals of shares against another library, and false-positive risk against simulated tests."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.experiments.rates import clopper_pearson, false_positive_risk, wilson

CASES = [(0, 1), (1, 1), (0, 30), (1, 30), (7, 30), (29, 30), (30, 30), (123, 1_000), (2, 20_000)]


@pytest.mark.parametrize(("num", "den"), CASES)
@pytest.mark.parametrize(("ours", "method"), [(wilson, "wilson"), (clopper_pearson, "exact")])
def test_intervals_are_those_of_another_library(num: int, den: int, ours, method: str) -> None:
    from scipy.stats import binomtest

    theirs = binomtest(num, den).proportion_ci(0.95, method)
    found = ours(num, den)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-7)
    assert found.value == num / den
    assert 0 <= found.low <= found.value <= found.high <= 1


@pytest.mark.parametrize("ours", [wilson, clopper_pearson])
def test_none_and_all_end_exactly_at_0_and_1(ours) -> None:
    for den in range(1, 200):
        assert ours(0, den).low == 0
        assert ours(den, den).high == 1


@pytest.mark.parametrize("ours", [wilson, clopper_pearson])
def test_none_of_none_is_not_known(ours) -> None:
    found = ours(0, 0)
    assert np.isnan([found.value, found.low, found.high]).all()


@pytest.mark.parametrize("ours", [wilson, clopper_pearson])
@pytest.mark.parametrize(("num", "den"), [(-1, 3), (4, 3), (0, -1)])
def test_a_part_larger_than_its_whole_is_refused(ours, num: int, den: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        ours(num, den)


def test_false_positive_risk_by_hand() -> None:
    # Published: 8 % of ideas help, level .05 two-sided, power .8 -> risk 26.4 %.
    rate = 0.08 * 0.8 + 0.92 * 0.025
    found = false_positive_risk(wilson(round(rate * 100_000), 100_000), 0.05, 0.8)
    assert found.null_share == pytest.approx(0.92, abs=1e-4)
    assert found.value == pytest.approx(0.264, abs=1e-3)
    # A third of ideas: 5.9 %.
    rate = 0.8 / 3 + 0.025 * 2 / 3
    found = false_positive_risk(wilson(round(rate * 100_000), 100_000), 0.05, 0.8)
    assert found.value == pytest.approx(0.059, abs=1e-3)


def test_false_positive_risk_is_the_share_of_simulated_wins_without_effect() -> None:
    from scipy.stats import norm

    draw = np.random.default_rng(3)
    count = 400_000
    is_real = draw.random(count) < 0.2
    shift = norm.ppf(0.8) + norm.ppf(0.975)
    wins = draw.standard_normal(count) + is_real * shift > norm.ppf(0.975)
    found = false_positive_risk(wilson(int(wins.sum()), count), 0.05, 0.8)
    assert found.value == pytest.approx((~is_real)[wins].mean(), abs=0.005)
    assert found.low < found.value < found.high


def test_the_risk_has_ends() -> None:
    none = false_positive_risk(wilson(0, 20), 0.05, 0.8)
    assert (none.null_share, none.value, none.high) == (1, 1, 1)
    assert 0 < none.low < 1
    every = false_positive_risk(wilson(20, 20), 0.05, 0.8)
    assert (every.null_share, every.value) == (0, 0)


@pytest.mark.parametrize(
    ("num", "den", "alpha", "power"),
    [(0, 0, 0.05, 0.8), (1, 2, 0.05, 0.02), (1, 2, np.nan, 0.8), (1, 2, 0.05, np.nan),
     (1, 2, 0.0, 0.8), (1, 2, 0.05, 1.2)],
)  # fmt: skip
def test_a_risk_of_nothing_or_of_no_power_is_not_known(num, den, alpha, power) -> None:
    found = false_positive_risk(wilson(num, den), alpha, power)
    assert np.isnan([found.null_share, found.value, found.low, found.high]).all()
