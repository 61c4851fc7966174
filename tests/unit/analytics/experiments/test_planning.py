"""Weeks and units of a plan: by the textbook formula, and from both sides of every border."""

from __future__ import annotations

import pytest
from scipy import stats

from analytics.experiments.planning import Baseline, last_alpha, outlook, units_after
from analytics.experiments.spec import Spec, read_spec
from tests.sql.experiment_world import experiment

REACH = {1: 1_000, 2: 1_500, 4: 2_000, 8: 2_400}


def spec(**said: object) -> Spec:
    return read_spec(experiment("exp", **said)["spec"])


def baseline(correlation: float = 0.0, **more: object) -> Baseline:
    return Baseline(**({"mean": 2.0, "variance": 9.0, "correlation": correlation,
                        "units": 1_000, "reach": REACH} | more))  # fmt: skip


def by_hand(mde: float, alpha: float = 0.05, power: float = 0.8, left: float = 1.0) -> float:
    z = stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power)
    return 4 * 9.0 * left * (z / (2.0 * mde)) ** 2


def test_units_are_those_of_the_textbook() -> None:
    found = outlook(spec(), baseline())
    assert found.needed_units == pytest.approx(by_hand(0.1), abs=2)


def test_what_is_known_before_takes_its_share_away() -> None:
    found = outlook(spec(), baseline(correlation=0.6))
    assert found.needed_units == pytest.approx(by_hand(0.1, left=1 - 0.36), abs=2)
    without = {"method": "fixed_horizon", "cuped_days": "0", "window_days": "14"}
    assert outlook(spec(analysis=without), baseline(correlation=0.6)).needed_units == (
        outlook(spec(analysis=without), baseline()).needed_units
    )


def test_two_treatments_share_alpha() -> None:
    arms = [
        {"id": "a", "name": "A", "weight": "0.34", "is_control": "true"},
        {"id": "b", "name": "B", "weight": "0.33"}, {"id": "c", "name": "C", "weight": "0.33"},
    ]  # fmt: skip
    found = outlook(spec(variations=arms, template="multi_arm"), baseline())
    z = stats.norm.ppf(1 - 0.05 / 4) + stats.norm.ppf(0.8)
    expected = 9.0 * (1 / 0.34 + 1 / 0.33) * (z / 0.2) ** 2
    assert found.needed_units == pytest.approx(expected, rel=2e-3)


def test_an_early_look_leaves_less_for_the_last() -> None:
    two = {"method": "group_sequential", "looks": ["2026-05-10", "2026-05-30"], "cuped_days": "0",
           "window_days": "14"}  # fmt: skip
    # 22 of 42 days are ripe at the first: the last has the bound of O'Brien and Fleming's spending.
    assert 0.04 < last_alpha(spec(analysis=two)) < 0.05
    assert last_alpha(spec()) == 0.05


def test_weeks_are_the_first_that_reach_enough() -> None:
    wanted = {"metric": "value_events", "direction": "increase", "mde_relative": "0.3"}
    found = outlook(spec(primary=wanted), baseline())
    assert found.needed_units == pytest.approx(by_hand(0.3), abs=2)  # a week has 1,000
    assert found.needed_weeks == 2, "the plan's least run time is two weeks"
    assert found.is_enough
    assert outlook(spec(), baseline()).needed_weeks is None
    assert not outlook(spec(), baseline()).is_enough


def test_planned_weeks_see_what_they_see() -> None:
    found = outlook(spec(), baseline())
    # Six weeks lie half way between those of four and of eight.
    assert found.planned_units == pytest.approx(2_200)
    assert by_hand(found.planned_mde) == pytest.approx(2_200, rel=1e-3)


@pytest.mark.parametrize(
    ("weeks", "units"), [(0, 0), (0.5, 500), (1, 1_000), (3, 1_750), (8, 2_400), (12, 2_800)]
)
def test_reach_is_a_line_between_known_weeks(weeks: float, units: float) -> None:
    assert units_after(baseline(), weeks) == pytest.approx(units)


def test_half_of_those_who_come_take_part() -> None:
    assert outlook(spec(coverage="0.5"), baseline()).planned_units == pytest.approx(1_100)


@pytest.mark.parametrize(
    "wrong",
    [
        {"mean": 0.0},
        {"variance": 0.0},
        {"reach": {}},
        {"reach": {1: 0}},
        {"variance": float("nan")},
    ],
)
def test_what_cannot_be_planned_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        outlook(spec(), baseline(**wrong))
