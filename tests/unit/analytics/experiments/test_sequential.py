"""Bounds of looks: published ones, chance itself, and what happens when looks go astray."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analytics.experiments.sequential import (
    LEAST_STEP,
    SPENDING,
    always_valid_interval,
    looks,
    repeated_interval,
    spent_at,
)
from tests.unit.analytics.experiments.world import expected

BOUNDS = expected()["group_sequential"]
FULL_NAMES = {"obf": "obrien_fleming", "pocock": "pocock"}


def evenly(n: int) -> list[float]:
    return [(look + 1) / n for look in range(n)]


def found_by_chance(
    information: list[float], bound: tuple[float, ...], drift: float = 0.0, draws: int = 400_000
) -> np.ndarray:
    """Share of tests of nothing that have crossed a bound up to each look."""
    draw = np.random.default_rng(1)
    at, before = np.zeros(draws), 0.0
    is_found, shares = np.zeros(draws, bool), []
    for share, edge in zip(information, bound, strict=True):
        step = share - before
        at += math.sqrt(step) * draw.standard_normal(draws) + drift * step
        is_found |= np.abs(at) > edge * math.sqrt(share)
        shares.append(is_found.mean())
        before = share
    return np.array(shares)


@pytest.mark.parametrize("case", sorted(BOUNDS))
def test_bounds_are_the_known_ones(case: str) -> None:
    kind, n = case.split("_")
    found = looks(evenly(int(n)), spending=FULL_NAMES[kind])
    assert found.bound == pytest.approx(BOUNDS[case], abs=1e-3)
    assert found.spent[-1] == pytest.approx(0.05, abs=1e-9)


def test_bounds_are_the_published_ones() -> None:
    five = evenly(5)
    assert looks(five).bound == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=1e-3)
    pocock = [2.438, 2.427, 2.410, 2.397, 2.386]
    assert looks(five, spending="pocock").bound == pytest.approx(pocock, abs=1e-3)


@pytest.mark.parametrize("spending", SPENDING)
@pytest.mark.parametrize(
    "information",
    [[1.0], [0.03, 0.031, 0.5, 1.0], [0.4, 0.5, 0.93, 1.2], evenly(28)],
    ids=["one look", "two at once", "more than planned", "daily"],
)
def test_chance_crosses_as_often_as_was_spent(spending: str, information: list[float]) -> None:
    found = looks(information, spending=spending)
    shares = found_by_chance(information, found.bound)
    assert shares == pytest.approx(found.spent, abs=4 * math.sqrt(0.05 * 0.95 / 400_000))
    assert found.spent[-1] == pytest.approx(0.05, abs=1e-9)


@pytest.mark.parametrize("spending", SPENDING)
def test_one_look_at_the_end_is_the_plain_test(spending: str) -> None:
    found = looks([1.0], spending=spending)
    assert found.bound == pytest.approx([1.959964], abs=1e-6)
    assert found.nominal == pytest.approx([0.05], abs=1e-9)


def test_power_with_rho_1_spends_evenly() -> None:
    found = looks(evenly(4), spending="power", rho=1)
    assert found.spent == pytest.approx([0.0125, 0.025, 0.0375, 0.05], abs=1e-9)
    assert spent_at(0.5, 0.05, "power", 3) == pytest.approx(0.05 / 8)


# ---- looks that go astray


def test_a_bound_knows_only_the_looks_before_it() -> None:
    assert looks([0.3, 0.6]).bound == looks([0.3, 0.6, 0.7, 1.0]).bound[:2]


def test_a_skipped_look_leaves_its_alpha_to_the_next() -> None:
    planned, skipped = looks([0.25, 0.5, 0.75, 1.0]), looks([0.25, 0.75, 1.0])
    assert skipped.bound[1] < planned.bound[2]
    assert skipped.spent[1] == pytest.approx(planned.spent[2], abs=1e-9)


def test_an_early_look_costs_what_its_units_allow() -> None:
    early, due = looks([0.1, 1.0]), looks([0.25, 1.0])
    assert early.bound[0] > due.bound[0]
    assert early.spent[0] == pytest.approx(spent_at(0.1, 0.05, "obrien_fleming"), rel=1e-6)


def test_more_units_than_planned_spend_no_more_than_alpha() -> None:
    found = looks([0.5, 1.3, 1.4, 1.5])
    assert found.spent == pytest.approx([found.spent[0], 0.05, 0.05, 0.05], abs=1e-9)
    assert found.bound[2:] == (math.inf, math.inf)
    assert found.nominal[2:] == (0.0, 0.0)
    # Half and 1.3 are less alike than half and 1: a bound made for 1 would be another one.
    assert found.bound[1] > looks([0.5, 1.0]).bound[1]


def test_a_test_that_ends_early_spends_what_is_left_at_its_last_look() -> None:
    open_end, ended = looks([0.5, 0.8]), looks([0.5, 0.8], is_last=True)
    assert ended.spent[-1] == pytest.approx(0.05, abs=1e-9)
    assert ended.bound[0] == open_end.bound[0]
    assert ended.bound[1] < open_end.bound[1]


def test_a_look_with_next_to_no_units_is_one_that_nobody_crosses() -> None:
    found = looks([0.001, 0.5, 1.0])
    assert found.bound[0] == 9
    assert found.bound[1:] == pytest.approx(looks([0.5, 1.0]).bound, abs=1e-6)


def test_looks_very_close_to_each_other_are_as_one() -> None:
    found = looks([0.5, 0.5 + 2 * LEAST_STEP, 1.0])
    assert found.bound[2] == pytest.approx(looks([0.5, 1.0]).bound[1], abs=1e-3)


def test_the_same_looks_are_computed_once() -> None:
    assert looks(evenly(9)) is looks(tuple(evenly(9)))


# ---- intervals


def test_a_repeated_interval_leaves_out_0_exactly_where_the_bound_is_crossed() -> None:
    found = looks(evenly(3))
    z = np.array([3.8, 2.4, 2.1])
    low, high = repeated_interval(z * 2, 2.0, 1e9, found.nominal)
    assert ((low > 0) | (high < 0)).tolist() == (z > found.bound).tolist()
    wide, _ = repeated_interval(z * 2, 2.0, 10.0, found.nominal)
    assert (wide < low).all()


def test_a_repeated_interval_of_a_spent_test_has_no_ends_and_of_nothing_none() -> None:
    low, high = repeated_interval([1.0, 1.0, 1.0], [0.5, np.nan, 0.0], 100, [0.0, 0.05, 0.05])
    assert (low[0], high[0]) == (-np.inf, np.inf)
    assert np.isnan([low[1:], high[1:]]).all()


def test_an_always_valid_interval_is_gbstats() -> None:
    for name, case in expected()["cases"].items():
        theirs = case["libs"].get("gbstats_0.8.0", {})
        if "seq_lo" not in theirs or case["truth"]["theta"]:
            continue
        truth = case["truth"]
        n = truth["n_c"] + truth["n_t"]
        found = always_valid_interval(truth["diff"], truth["se"], n, 5_000)
        assert found == pytest.approx((theirs["seq_lo"], theirs["seq_hi"]), rel=1e-9), name


def test_an_always_valid_interval_holds_at_all_moments_together() -> None:
    draw, walks, steps = np.random.default_rng(2), 2_000, 2_000
    n = np.arange(1, steps + 1)
    means = np.cumsum(draw.standard_normal((walks, steps)), axis=1) / n
    low, high = always_valid_interval(means, 1 / np.sqrt(n), n, 500)
    late = slice(50, None)  # it is asymptotic: the first few units are not its business
    missed = ((low > 0) | (high < 0))[:, late].any(1).mean()
    plain = (np.abs(means * np.sqrt(n)) > 1.96)[:, late].any(1).mean()
    assert missed < 0.05 < 0.3 < plain


def test_an_always_valid_interval_is_narrowest_near_the_units_it_is_tuned_for() -> None:
    width = {tuned: always_valid_interval(0, 1.0, 10_000, tuned)[1] for tuned in (100, 10_000, 1e6)}
    assert width[10_000] < min(width[100], width[1e6])


# ---- bad input


@pytest.mark.parametrize(
    "information",
    [[], [0.0, 0.5], [-0.1], [0.5, 0.5], [0.5, 0.4], [float("nan")], [0.5, math.inf]],
)
def test_information_that_does_not_grow_is_refused(information: list[float]) -> None:
    with pytest.raises(ValueError, match="must grow"):
        looks(information)


def test_what_is_no_plan_is_refused() -> None:
    with pytest.raises(ValueError, match="alpha"):
        looks([0.5], alpha=0)
    with pytest.raises(ValueError, match="obrien_fleming, pocock, power"):
        looks([0.5], spending="haybittle")
    with pytest.raises(ValueError, match="rho"):
        looks([0.5], spending="power", rho=0)
    for tuned, alpha, words in ((0, 0.05, "tuned_for"), (10, 1.0, "alpha")):
        with pytest.raises(ValueError, match=words):
            always_valid_interval(0.0, 1.0, 10, tuned, alpha)


def test_no_units_have_no_interval() -> None:
    low, high = always_valid_interval([1.0, 1.0, 1.0], [np.nan, 0.0, 1.0], [5, 5, 0], 100)
    assert np.isnan(low).all()
    assert np.isnan(high).all()
