"""Arms that are not what chance makes, against scipy's tests and known mistakes."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.experiments.moments import from_values
from analytics.experiments.split import before, crossed, drift, sample_ratio, verdicts
from tests.unit.analytics.experiments.world import expected

# ---- sample ratio


@pytest.mark.parametrize("case", ["srm_fixture_30k", "srm_statsig_doc_3arm"])
def test_the_ratio_is_tested_to_nine_digits(case: str) -> None:
    known = expected()["misc"][case]
    found = sample_ratio(known["observed"], known["weights"])
    assert found.chi2 == pytest.approx(known["chi2"], rel=1e-9)
    assert found.p == pytest.approx(known["p_mp"], rel=1e-9)
    assert found.df == 2


def test_many_experiments_are_tested_at_once_as_scipy_tests_each() -> None:
    from scipy.stats import chisquare

    draw = np.random.default_rng(1)
    weights = np.array([0.5, 0.3, 0.2])
    counts = draw.multinomial(5_000, weights, 20)
    found = sample_ratio(counts, weights)
    for at, row in enumerate(counts):
        assert found.p[at] == pytest.approx(chisquare(row, 5_000 * weights).pvalue, rel=1e-10)


def test_two_arms_have_no_correction_for_continuity() -> None:
    # A peer has one: 0.00869 where chi-square is 0.00861 on counts of a game's published test.
    found = sample_ratio([44_700, 45_489], [1, 1])
    assert found.p == pytest.approx(0.00861, abs=5e-6)
    assert str(verdicts(found.p)) == "warn"


def test_an_arm_that_was_given_nothing_and_got_nothing_is_no_arm() -> None:
    with_it, without = sample_ratio([520, 480, 0], [1, 1, 0]), sample_ratio([520, 480], [1, 1])
    assert (with_it.df, with_it.chi2, with_it.p) == (without.df, without.chi2, without.p)
    # A peer counts its degree of freedom: p is then too large.
    from scipy.special import chdtrc

    assert chdtrc(2, with_it.chi2) > 2 * with_it.p


def test_an_arm_that_was_given_nothing_and_got_units_is_a_failure_of_its_own() -> None:
    found = sample_ratio([500, 500, 3], [1, 1, 0])
    assert (found.p, str(found.reason)) == (0, "units_in_unplanned_arm")
    assert str(verdicts(found.p)) == "fail"
    assert found.chi2 == 0


def test_one_arm_or_no_unit_is_no_test() -> None:
    for counts, weights in (([7, 0], [1, 0]), ([0, 0], [1, 1]), ([0, 0], [0, 0])):
        found = sample_ratio(counts, weights)
        assert np.isnan(found.p)
        assert str(found.reason) in ("nothing_to_compare", "no_units")
        assert str(verdicts(found.p)) == "unknown"


@pytest.mark.parametrize(
    ("counts", "weights", "words"),
    [
        ([1, 2], [1], "don't fit"),
        (5, [1], "don't fit"),
        ([-1, 2], [1, 1], "count"),
        ([1, np.nan], [1, 1], "count"),
        ([1, 2], [1, -1], "weight"),
        ([1, 2], [1, np.inf], "weight"),
    ],
)
def test_counts_that_are_none_are_refused(counts: list, weights: list, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sample_ratio(counts, weights)


# ---- drift


def test_drift_is_the_test_of_a_table_of_days_by_arms() -> None:
    from scipy.stats import chi2_contingency

    counts = np.random.default_rng(2).multinomial(900, [0.5, 0.3, 0.2], 14)
    theirs = chi2_contingency(counts, correction=False)
    found = drift(counts)
    assert (found.chi2, found.df) == pytest.approx((theirs.statistic, theirs.dof))
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-10)


def test_a_ramp_is_drift_though_the_sum_is_as_planned() -> None:
    counts = np.array([[900, 100]] * 5 + [[100, 900]] * 5)
    assert str(verdicts(sample_ratio(counts.sum(0), [1, 1]).p)) == "pass"
    assert str(verdicts(drift(counts).p, warn=None)) == "fail"


def test_thin_days_are_taken_together() -> None:
    # One unit a day makes an expected count of a half: chi-square of that is no chi-square.
    thin = np.zeros((400, 2))
    thin[np.arange(400), np.random.default_rng(3).integers(0, 2, 400)] = 1
    thick = np.array([[500, 510], [490, 505]])
    found = drift(np.vstack([thick, thin]))
    assert found.df == 2
    assert found.p > 0.001


def test_days_and_arms_without_units_do_not_count() -> None:
    counts = np.array([[50, 60, 0], [0, 0, 0], [55, 45, 0]])
    assert drift(counts).df == 1
    for nothing in (np.zeros((0, 2)), np.zeros((3, 2)), np.array([[5, 6]]), np.array([[5], [6]])):
        assert np.isnan(drift(nothing).p)


def test_days_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="days by arms"):
        drift([1, 2])
    with pytest.raises(ValueError, match="negative"):
        drift([[1, -2], [3, 4]])


# ---- units seen in several arms


def test_a_few_in_both_arms_are_a_warning_and_many_a_failure() -> None:
    for units, verdict in ((100_000, "pass"), (9_000, "warn"), (900, "fail")):
        assert crossed([50, 45], units, [1, 1]).verdict == verdict
    assert crossed([4, 1], 30, [1, 1]).verdict == "pass"  # too few to speak of a share


def test_one_arm_that_loses_more_of_them_is_a_failure_however_few() -> None:
    found = crossed([90, 30], 100_000, [1, 1])
    assert found.share == 0.0012
    assert found.p < 0.001
    assert found.verdict == "fail"


def test_people_drawn_twice_are_first_in_either_arm_as_often_whatever_the_allocation() -> None:
    draw, weights = np.random.default_rng(4), np.array([0.7, 0.2, 0.1])
    first, second = draw.choice(3, (2, 40_000), p=weights)
    arms = np.bincount(first[first != second], minlength=3)
    assert crossed(arms, 1_000_000, weights).p > 0.001
    # The allocation itself would call sound experiments broken.
    assert sample_ratio(arms, weights).p < 1e-10


def test_more_crossed_than_there_are_is_refused() -> None:
    with pytest.raises(ValueError, match="of 10 in all"):
        crossed([6, 6], 10, [1, 1])
    with pytest.raises(ValueError, match="weight"):
        crossed([6, 6], 100, [1, -1])
    assert np.isnan(crossed([0, 0], 0, [1, 1]).share)


# ---- before


def test_arms_that_differed_before_are_found() -> None:
    from scipy import stats

    draw = np.random.default_rng(5)
    x_c, x_t = draw.gamma(2, 3, 2_000), draw.gamma(2, 3, 2_000) + 1
    y = draw.normal(0, 1, 2_000)
    arms = [from_values(y, x=x, shifts={"y": 0.0, "x": 6.0}) for x in (x_c, x_t)]
    p = before(*arms)
    assert p == pytest.approx(stats.ttest_ind(x_c, x_t, equal_var=False).pvalue, rel=1e-8)
    assert str(verdicts(p, warn=None, tests=4)) == "fail"
    assert np.isnan(before(*(from_values(y, shifts={"y": 0.0}) for _ in range(2))))


# ---- verdicts


def test_verdicts_share_the_chance_of_a_false_alarm_among_tests() -> None:
    p = [0.0009, 0.0002, 0.005, 0.2, np.nan]
    assert verdicts(p).tolist() == ["fail", "fail", "warn", "pass", "unknown"]
    assert verdicts(p, tests=4).tolist() == ["warn", "fail", "pass", "pass", "unknown"]
    assert verdicts(p, warn=None).tolist() == ["fail", "fail", "pass", "pass", "unknown"]
    with pytest.raises(ValueError, match="0 tests"):
        verdicts(p, tests=0)


def test_a_daily_check_at_one_in_a_thousand_seldom_cries_wolf_in_four_weeks() -> None:
    draw = np.random.default_rng(6)
    arms = np.cumsum(draw.multinomial(1_400, [0.5, 0.5], (3_000, 28)), axis=1)
    p = sample_ratio(arms, [1, 1]).p
    assert (p < 0.001).any(1).mean() < 0.02
    assert (p < 0.05).any(1).mean() > 0.2  # what a check at 5 % would do
