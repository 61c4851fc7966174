"""Whether treatment is worse by less than a margin: against scipy, others' errors, bad input."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.experiments.kernel import non_inferiority
from tests.unit.analytics.experiments.world import drawn, of


@pytest.mark.parametrize("direction", ["down", "up"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_margin_is_tested_as_scipy_tests_a_control_that_is_so_much_worse(
    direction: str, sign: int
) -> None:
    from scipy import stats

    (y_c, *_), (y_t, *_) = drawn(5, lift=-0.05)
    y_c, y_t = sign * y_c, sign * y_t
    found = non_inferiority(*of(y_c, y_t), 0.1, direction)
    worse = y_c - 0.1 * y_c * sign if direction == "down" else y_c + 0.1 * y_c * sign
    good = "greater" if direction == "down" else "less"
    theirs = stats.ttest_ind(y_t, worse, equal_var=False, alternative=good)
    interval = theirs.confidence_interval(0.975)
    bound = interval.low if direction == "down" else -interval.high
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-10)
    assert found.p_beyond == pytest.approx(1 - theirs.pvalue, rel=1e-10)
    assert found.bound == pytest.approx(bound, rel=1e-10)
    assert (found.bound > 0) == (found.p < 0.025)


def test_the_one_sided_bound_of_up_is_bad_lies_above_and_not_below() -> None:
    # A peer's bound for "less is better" was the estimate less the width: it always passed.
    y = np.random.default_rng(6).normal(100, 10, 1_000)
    arms = of(y, y + 0.0)
    passes = non_inferiority(*arms, 0.05, "up")
    tight = non_inferiority(*arms, 1e-6, "up")
    assert passes.bound > 0 > tight.bound
    assert passes.bound == pytest.approx(5 - 1.96 * float(passes.se), rel=0.02)


# ---- bad input


@pytest.mark.parametrize(
    ("control", "treatment", "reason"),
    [
        ([], [1.0, 2.0], "too_few_units"),
        ([1.0, 2.0], [5.0], "too_few_units"),
        ([3.0, 3.0, 3.0], [4.0, 4.0], "no_variance"),
        ([1.0, np.nan, 2.0], [1.0, 2.0], "not_finite"),
        ([1.0, 2.0], [1.0, np.inf], "not_finite"),
        ([-1.0, 0.0, 1.0], [0.0, 1.0, 2.0], "control_is_zero"),
    ],
)
def test_what_cannot_be_tested_has_a_reason_and_no_p(
    control: list[float], treatment: list[float], reason: str
) -> None:
    found = non_inferiority(*of(control, treatment), 0.1, "down")
    assert str(found.reason) == reason
    for name in ("p", "p_beyond", "bound", "t", "df"):
        assert np.isnan(getattr(found, name)), name


def test_a_margin_or_direction_that_is_none_is_refused() -> None:
    arms = of([1.0, 2.0], [2.0, 4.0])
    for margin in (0.0, -0.1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="margin"):
            non_inferiority(*arms, margin, "down")
    with pytest.raises(ValueError, match="alpha"):
        non_inferiority(*arms, 0.1, "down", 0.0)
    with pytest.raises(ValueError, match="'down' or 'up'"):
        non_inferiority(*arms, 0.1, "decrease")
