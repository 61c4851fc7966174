"""Comparisons: against other ways to the same numbers, where others went wrong, and bad input."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import fields

import numpy as np
import pytest

from analytics.experiments.kernel import (
    KERNEL_VERSION,
    Comparison,
    compare,
    freedom,
    quantile_t,
    welch,
)
from analytics.experiments.moments import Moments, from_values
from tests.unit.analytics.experiments.world import drawn, of

FIGURES = [f.name for f in fields(Comparison) if "reason" not in f.name]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What can't be computed is NaN, without a word on the console."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


# ---- other ways to the same numbers


def test_a_mean_is_compared_as_scipy_does() -> None:
    from scipy import stats

    (y_c, *_), (y_t, *_) = drawn(1)
    found = compare(*of(y_c, y_t[:150]))
    theirs = stats.ttest_ind(y_t[:150], y_c, equal_var=False)
    interval = theirs.confidence_interval(0.95)
    assert found.t == pytest.approx(theirs.statistic, rel=1e-12)
    assert found.df == pytest.approx(theirs.df, rel=1e-12)
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-11)
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(interval), rel=1e-11)


def test_a_ratio_varies_as_leaving_out_one_unit_after_the_other_says() -> None:
    control, treatment = ((y, d) for y, d, _, _ in drawn(2, 2_000))
    found = compare(*of(control, treatment))
    variance = 0.0
    for y, d in (control, treatment):
        without = (y.sum() - y) / (d.sum() - d)
        variance += (len(y) - 1) / len(y) * ((without - without.mean()) ** 2).sum()
    assert found.difference == pytest.approx(
        treatment[0].sum() / treatment[1].sum() - control[0].sum() / control[1].sum()
    )
    assert found.se == pytest.approx(np.sqrt(variance), rel=5e-3)


def test_cuped_is_the_regression_on_the_covariate_of_both_arms_together() -> None:
    (y_c, _, x_c, _), (y_t, _, x_t, _) = drawn(3)
    arms = [from_values(y, x=x, shifts={"y": 5.0, "x": 5.0}) for y, x in ((y_c, x_c), (y_t, x_t))]
    found = compare(*arms, cuped=True)
    x, y = np.concatenate([x_c, x_t]), np.concatenate([y_c, y_t])
    theta = np.polyfit(x, y, 1)[0]
    left = [b - theta * (a - x.mean()) for a, b in ((x_c, y_c), (x_t, y_t))]
    plain = compare(*of(*left))
    assert found.theta == pytest.approx(theta, rel=1e-10)
    for name in ("difference", "se", "p", "mean_control", "relative_low"):
        assert getattr(found, name) == pytest.approx(getattr(plain, name), rel=1e-8), name
    assert found.se < compare(*arms).se


def test_relative_lift_is_that_of_the_logarithm_of_the_ratio() -> None:
    (y_c, *_), (y_t, *_) = drawn(4)
    found = compare(*of(y_c, y_t))
    ratio, n = y_t.mean() / y_c.mean(), len(y_c)
    a, b = y_c.var(ddof=1) / n / y_c.mean() ** 2, y_t.var(ddof=1) / n / y_t.mean() ** 2
    half = quantile_t(freedom(a, b, n, n), 0.025) * np.sqrt(a + b)
    assert found.relative == pytest.approx(ratio - 1, rel=1e-12)
    assert found.relative_low == pytest.approx(ratio * np.exp(-half) - 1, rel=1e-11)
    assert found.relative_high == pytest.approx(ratio * np.exp(half) - 1, rel=1e-11)


def test_many_are_compared_as_one_after_the_other() -> None:
    arms = [of(*drawn(seed)) for seed in range(6)]
    controls, treatments = (
        Moments(*(np.array([getattr(a[side], f.name) for a in arms]) for f in fields(Moments)))
        for side in (0, 1)
    )
    together = compare(controls, treatments, cuped=True)
    for at, (control, treatment) in enumerate(arms):
        alone = compare(control, treatment, cuped=True)
        for name in FIGURES:
            assert getattr(together, name)[at] == pytest.approx(getattr(alone, name), rel=1e-12)


@pytest.mark.parametrize("shifts", [{"y": 3.0, "d": 0.0}, {"y": 7.3, "d": 2.9, "w": -1.0}])
def test_any_shift_gives_the_same_comparison(shifts: dict[str, float]) -> None:
    arms = drawn(12)
    one, other = compare(*of(*arms), cuped=True), compare(*of(*arms, **shifts), cuped=True)
    for name in FIGURES:
        assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-9), name


# ---- where others went wrong


def test_p_does_not_become_0_from_t_of_9_on() -> None:
    from scipy.special import stdtr

    # One less the distribution, as some do it, is 0 or 1e-16.
    half = np.array(0.5)
    found = welch(np.array(10.0), half, half, np.array(50_001.0), np.array(50_001.0))
    assert found.df == pytest.approx(1e5)
    assert found.p / 2 == pytest.approx(7.8e-24, rel=0.01)
    assert 1 - stdtr(1e5, 10.0) in (0.0, pytest.approx(1e-16, abs=2e-16))
    far = welch(np.array(30.0), half, half, np.array(5e6), np.array(5e6))
    assert 0 < far.p < 1e-190


def test_dividing_by_n_and_not_n_less_1_is_off_and_ours_is_not() -> None:
    y_c, y_t = np.arange(5.0), np.arange(5.0) + 1
    found = compare(*of(y_c, y_t))
    assert found.se == pytest.approx(np.sqrt(2 * 2.5 / 5))
    assert found.se != pytest.approx(np.sqrt(2 * 2.0 / 5))


def test_a_control_below_0_never_turns_an_interval_round() -> None:
    draw = np.random.default_rng(7)
    for c, t in ((-2.0, -1.0), (-2.0, 1.0), (2.0, -1.0), (-1e-3, 5.0), (2.0, 1.0)):
        y_c, y_t = draw.normal(c, 1, 300), draw.normal(t, 1, 300)
        found = compare(*of(y_c, y_t))
        assert not found.relative_low > found.relative_high
        assert found.ci_low < found.difference < found.ci_high
        assert (str(found.relative_reason) == "") == (y_c.mean() > 0 and y_t.mean() > 0)
    # The way that turns it round: a share of a negative mean.
    y_c, y_t = draw.normal(-2, 1, 300), draw.normal(-1, 1, 300)
    found = compare(*of(y_c, y_t))
    assert found.ci_low / y_c.mean() > found.ci_high / y_c.mean()


def test_a_treatment_at_0_has_a_lift_and_no_interval_and_a_control_at_0_neither() -> None:
    some, none = np.array([0.0, 1.0, 2.0, 1.0]), np.zeros(4)
    lost = compare(*of(some, none))
    assert (lost.relative, str(lost.relative_reason)) == (-1, "treatment_not_positive")
    assert np.isnan(lost.relative_low)
    won = compare(*of(none, some))
    assert np.isnan([won.relative, won.relative_low, won.relative_high]).all()
    assert str(won.relative_reason) == "control_not_positive"
    assert str(won.reason) == ""
    assert won.p > 0


# ---- bad input


@pytest.mark.parametrize(
    ("control", "treatment", "reason"),
    [
        ([], [1.0, 2.0], "too_few_units"),
        ([1.0], [1.0, 2.0, 3.0], "too_few_units"),
        ([1.0, 2.0], [5.0], "too_few_units"),
        ([3.0, 3.0, 3.0], [4.0, 4.0], "no_variance"),
        ([0.1] * 7, [0.1] * 11, "no_variance"),
        ([1.0, np.nan, 2.0], [1.0, 2.0], "not_finite"),
        ([1.0, 2.0], [1.0, np.inf], "not_finite"),
        ([1.0, 2.0], [-np.inf, np.inf], "not_finite"),
        ([1e200, 2e200, 5e200], [1.0, 2.0], "not_finite"),
    ],
)
@pytest.mark.parametrize("cuped", [False, True])
def test_what_cannot_be_compared_has_a_reason_and_no_p(
    control: list[float], treatment: list[float], reason: str, cuped: bool
) -> None:
    found = compare(*of(control, treatment), cuped=cuped)
    assert str(found.reason) == reason
    for name in ("p", "t", "df", "ci_low", "ci_high", "relative_low", "relative_high"):
        assert np.isnan(getattr(found, name)), name


def test_one_bad_comparison_spoils_no_other() -> None:
    arms = [of([1.0, 2.0, 4.0], last) for last in ([2.0, 3.0, 5.0], [1.0, np.nan, 2.0])]
    controls, treatments = (
        Moments(*(np.array([getattr(a[side], f.name) for a in arms]) for f in fields(Moments)))
        for side in (0, 1)
    )
    found = compare(controls, treatments)
    assert list(found.reason) == ["", "not_finite"]
    assert found.p[0] == compare(*arms[0]).p


@pytest.mark.parametrize("bottom", [[0.0, 0.0, 0.0], [-1.0, 0.0, 0.5], [-1.0, -2.0, -3.0]])
def test_a_denominator_that_is_not_positive_gives_no_ratio(bottom: list[float]) -> None:
    good = (np.array([1.0, 2.0, 4.0]), np.array([1.0, 1.0, 2.0]))
    found = compare(*of(good, (np.array([1.0, 2.0, 3.0]), np.array(bottom))))
    assert str(found.reason) == "denominator_not_positive"
    for name in ("p", "t", "df", "ci_low", "ci_high", "relative_low", "relative_high"):
        assert np.isnan(getattr(found, name)), name


def test_a_ratio_of_a_thing_to_itself_has_no_variance_but_rounding() -> None:
    draw = np.random.default_rng(8)
    control, treatment = draw.gamma(2, 3, 500), draw.gamma(2, 3, 500)
    found = compare(*of((3 * control, control), (3 * treatment, treatment)))
    assert str(found.reason) == "no_variance"


def test_a_covariate_that_foretells_all_leaves_no_variance_but_rounding() -> None:
    draw = np.random.default_rng(9)
    y = draw.gamma(2, 3, (2, 500))
    arms = ((side, None, 0.37 * side + 5, None) for side in y)
    found = compare(*of(*arms), cuped=True)
    assert found.theta == pytest.approx(1 / 0.37)
    assert str(found.reason) == "no_variance"


@pytest.mark.parametrize("x", [None, np.full(200, 7.7)])
def test_a_covariate_that_is_the_same_for_all_changes_nothing(x: np.ndarray | None) -> None:
    draw = np.random.default_rng(10)
    y = draw.gamma(2, 3, (2, 200))
    arms = of((y[0], None, x, None), (y[1], None, x, None))
    adjusted, plain = compare(*arms, cuped=True), compare(*arms)
    assert adjusted.theta == 0
    assert adjusted.p == plain.p


def test_a_ratio_of_units_without_a_past_is_compared_as_it_is() -> None:
    none = np.zeros(400)
    arms = [(y, d, none, none) for y, d, *_ in drawn(7)]
    plain, cuped = (compare(*of(*arms, w=0.0), cuped=cuped) for cuped in (False, True))
    assert float(cuped.theta) == 0
    assert str(cuped.reason) == ""
    assert (cuped.p, cuped.difference, cuped.se) == (plain.p, plain.difference, plain.se)


def test_a_covariate_with_a_hole_makes_no_figure_and_not_the_plain_one() -> None:
    draw = np.random.default_rng(11)
    y = draw.gamma(2, 3, (2, 200))
    x = y[0].copy()
    x[3] = np.nan
    arms = of((y[0], None, x, None), (y[1], None, y[1], None))
    assert str(compare(*arms, cuped=True).reason) == "not_finite"
    assert str(compare(*arms).reason) == ""


def test_arms_of_different_shifts_are_refused() -> None:
    with pytest.raises(ValueError, match="shift_y differs"):
        compare(from_values([1.0, 2.0]), from_values([2.0, 4.0]))


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, float("nan")])
def test_an_alpha_that_is_none_is_refused(alpha: float) -> None:
    arms = of([1.0, 2.0], [2.0, 4.0])
    with pytest.raises(ValueError, match="alpha"):
        compare(*arms, alpha)


def test_the_kernel_says_which_it_is() -> None:
    assert KERNEL_VERSION
