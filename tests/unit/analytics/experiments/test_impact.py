"""Sums of what was shipped: who teaches, who is summed, and from how many on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analytics.experiments.crossvalidation import Worth
from analytics.experiments.impact import Measured, learn
from analytics.experiments.shrinkage import shrink
from tests.unit.analytics.experiments.programmes import programme


def measured(count: int, seed: int = 3) -> Measured:
    p = programme("normal", count, np.random.default_rng(seed))
    return Measured(
        np.full(count, "m"), p.y / 100, p.s / 100, np.ones(count, bool), p.shipped == 1,
        np.full(count, 0.5),
    )  # fmt: skip


def everything(m: Measured) -> np.ndarray:
    return np.ones(len(m.metric), bool)


@pytest.mark.parametrize(
    ("count", "is_shown", "is_indicative"),
    [(1, False, False), (29, False, False), (30, True, True), (99, True, True), (100, True, False)],
)
def test_a_sum_is_shown_from_30_tests_on_and_stands_from_100_on(
    count: int, is_shown: bool, is_indicative: bool
) -> None:
    m = measured(count)
    learnt = learn(m)
    found = learnt.impact("m", everything(m))
    assert (found.is_shown, found.is_indicative) == (is_shown, is_indicative)
    assert (found.valid_tests, found.tests, found.shipped) == (count, count, m.is_shipped.sum())
    # The shrunken value of each is there in any case.
    assert np.isfinite(learnt.mean).all()
    sums = (found.lift.value, found.growth.value, found.naive)
    assert np.isnan(sums).all() != is_shown


def test_only_valid_tests_on_the_metric_count_towards_the_thirty() -> None:
    m = measured(40)
    m = replace(m, is_valid=np.arange(40) < 35, metric=np.where(np.arange(40) < 30, "m", "other"))
    learnt = learn(m)
    assert learnt.impact("m", everything(m)).is_shown
    assert not learnt.impact("other", everything(m)).is_shown
    assert learnt.impact("other", everything(m)).valid_tests == 5
    fewer = learn(replace(m, effect=np.where(np.arange(40) == 0, np.nan, m.effect)))
    assert not fewer.impact("m", everything(m)).is_shown


def test_sums_are_those_of_the_shrunken_values_that_were_shipped() -> None:
    m = measured(60)
    learnt = learn(m)
    found = learnt.impact("m", everything(m))
    fit = shrink(m.effect, m.se)
    assert learnt.mean == pytest.approx(fit.mean)
    assert found.lift.value == pytest.approx(fit.mean[m.is_shipped].sum())
    assert found.naive == pytest.approx(m.effect[m.is_shipped].sum())
    assert 0 < found.lift.value < found.naive
    assert found.lift.low < found.lift.value < found.lift.high
    # Half of everybody was exposed.
    assert found.growth.value == pytest.approx(
        np.prod(1 + fit.mean[m.is_shipped] / 2) - 1, rel=0.02
    )


def test_a_group_borrows_the_prior_of_all_and_groups_sum_to_the_whole() -> None:
    m = measured(60)
    learnt = learn(m)
    first = np.arange(60) < 5
    one, rest = learnt.impact("m", first), learnt.impact("m", ~first)
    whole = learnt.impact("m", everything(m))
    assert one.is_shown
    assert (one.tests, one.valid_tests) == (5, 60)
    assert one.lift.value + rest.lift.value == pytest.approx(whole.lift.value)


def test_invalid_and_unusable_experiments_teach_nothing_but_are_told() -> None:
    m = measured(60)
    strange = replace(m, is_shipped=np.ones(60, bool))
    strange.effect[0], strange.effect[1], strange.se[2] = 99.0, np.nan, 0.0
    strange = replace(strange, is_valid=np.arange(60) != 0)
    found = learn(strange)
    assert found.impact("m", everything(m)).unmeasured == 3
    assert found.impact("m", everything(m)).shipped == 57
    assert np.isnan(found.mean[:3]).all()
    alone = shrink(strange.effect[3:], strange.se[3:])
    assert found.mean[3:] == pytest.approx(alone.mean)


def test_growth_is_not_known_where_the_coverage_of_one_shipped_is_not() -> None:
    m = measured(60)
    one = int(np.flatnonzero(m.is_shipped)[0])
    m.coverage[one] = np.nan
    found = learn(m).impact("m", everything(m))
    assert np.isnan(found.growth.value)
    assert np.isfinite(found.lift.value)
    others = np.arange(60) != one
    assert np.isfinite(learn(m).impact("m", others).growth.value)


def test_nothing_shipped_has_no_impact() -> None:
    m = replace(measured(40), is_shipped=np.zeros(40, bool))
    found = learn(m).impact("m", everything(m))
    assert (found.lift.value, found.growth.value, found.naive) == (0, 0, 0)
    assert (found.growth.low, found.growth.high) == (0, 0)


def test_the_second_way_stands_beside_and_is_disputed_where_it_says_otherwise() -> None:
    m = measured(60)
    fit = shrink(m.effect, m.se)
    share = m.is_shipped * 0.9
    worth = Worth(share, fit.mean * share, (m.se * share) ** 2)
    worth.value[5] = np.nan
    agreed = learn(m, worth).impact("m", everything(m))
    inside = np.arange(60) != 5
    assert agreed.rule.value == pytest.approx((fit.mean * share)[inside].sum())
    assert agreed.cross_validated.value == pytest.approx(agreed.rule.value)
    assert (agreed.checked, agreed.is_disputed) == (59, False)
    half = learn(m, worth).impact("m", np.arange(60) < 30)
    assert half.rule.value == pytest.approx((fit.mean * share)[inside][:29].sum())
    assert (half.checked, half.cross_validated.value) == (29, pytest.approx(half.rule.value))
    lucky = replace(worth, value=worth.value + 0.01)
    assert learn(m, lucky).impact("m", everything(m)).is_disputed
    assert learn(m).impact("m", everything(m)).is_disputed is None
    blind = Worth(*(np.full(60, np.nan) for _ in range(3)))
    assert learn(m, blind).impact("m", everything(m)).is_disputed is None
