"""Every gate at its threshold, from both sides, on made-up evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analytics.experiments.evidence import Faults, sums_of
from tests.unit.analytics.experiments.made import (
    INTERIM,
    TWO_LOOKS,
    Arm,
    evidence,
    gates_of,
    spec,
    status,
)  # fmt: skip

Days = list[tuple[int, int, int, int]]


def first(holds: Callable[[int], bool], start: int = 0) -> int:
    """The first whole number for which something holds."""
    return next(n for n in range(start, 10**6) if holds(n))


def test_nothing_odd_passes_all_gates() -> None:
    found = {name: gate.status for name, gate in gates_of(evidence()).items()}
    # Without days before the first exposure nothing can be said of them.
    assert found.pop("same_before") == "unknown"
    assert set(found.values()) == {"pass"}


# ---- plan


def test_a_metric_that_the_register_lacks_fails() -> None:
    assert status("metrics_defined") == "pass"
    plan = spec(secondary=["features_used", "nowhere"])
    found = gates_of(evidence(plan=plan))["metrics_defined"]
    assert (found.status, "nowhere" in found.words) == ("fail", True)


def test_a_changed_plan_is_exploratory_and_not_invalid() -> None:
    assert status("plan_unchanged") == "pass"
    changed = gates_of(evidence(is_changed=True))
    assert changed["plan_unchanged"].status == "warn"
    assert "exploratory" in changed["plan_unchanged"].words
    assert "preregistered" not in changed
    assert status("preregistered", is_preregistered=False) == "warn"


@pytest.mark.parametrize(("gate", "fault", "said"), [
    ("variations_known", {}, "pass"), ("variations_known", {"unknown_variation": 1}, "fail"),
    ("none_before_start", {}, "pass"), ("none_before_start", {"before_start": 9}, "info"),
    ("none_before_start", {"before_start": 10}, "fail"),
    ("none_after_end", {}, "pass"), ("none_after_end", {"after_end": 9}, "info"),
    ("none_after_end", {"after_end": 10}, "warn"),
    ("facts_complete", {}, "pass"), ("facts_complete", {"missing_days": 1}, "fail"),
    ("overlap", {}, "pass"), ("overlap", {"overlapping_units": 1}, "info"),
])  # fmt: skip
def test_exposures_of_a_thousand(gate: str, fault: dict[str, int], said: str) -> None:
    assert status(gate, faults=Faults(exposures=1_000, **fault)) == said


# ---- split


def split(extra: int) -> Days:
    return [(0, 0, 1_000, 0), (0, 1, 1_000 + extra, 0)]


@pytest.mark.parametrize(("p", "above", "below"), [(0.01, "pass", "warn"), (0.001, "warn", "fail")])
def test_the_sample_ratio(p: float, above: str, below: str) -> None:
    edge = first(lambda n: stats.chisquare([1_000, 1_000 + n]).pvalue < p)
    assert status("sample_ratio", days=split(edge - 1)) == above
    assert status("sample_ratio", days=split(edge)) == below


def test_the_ratio_is_that_of_the_plan_and_of_units_seen_by_the_look() -> None:
    weights = [{"id": "control", "name": "a", "weight": 0.1, "is_control": True},
               {"id": "treatment", "name": "b", "weight": 0.9}]  # fmt: skip
    uneven = [(0, 0, 100, 0), (0, 1, 900, 0)]
    assert status("sample_ratio", days=uneven) == "fail"
    plan = spec(template="holdout", variations=weights)
    assert status("sample_ratio", days=uneven, plan=plan) == "pass"
    assert status("sample_ratio", days=[*split(0), (60, 0, 900, 0)]) == "pass"


def test_drift_of_the_allocation() -> None:
    def table(n: int) -> Days:
        return [(0, 0, 500 + n, 0), (0, 1, 500 - n, 0), (1, 0, 500 - n, 0), (1, 1, 500 + n, 0)]

    def p(n: int) -> float:
        cells = [[500 + n, 500 - n], [500 - n, 500 + n]]
        return stats.chi2_contingency(cells, correction=False).pvalue

    edge = first(lambda n: p(n) < 0.001)
    assert status("allocation_drift", days=table(edge - 1)) == "pass"
    assert status("allocation_drift", days=table(edge)) == "fail"
    assert status("allocation_drift", days=split(0)) == "unknown"


@pytest.mark.parametrize(("units", "crossed", "said"), [
    (500, (5, 4), "pass"),  # nine are no share to speak of
    (500, (5, 5), "warn"), (501, (5, 5), "pass"), (50, (5, 4), "pass"), (50, (5, 5), "fail"),
    (500, (50, 50), "fail"), (501, (50, 50), "warn"),
])  # fmt: skip
def test_crossovers(units: int, crossed: tuple[int, int], said: str) -> None:
    days = [(0, arm, units, crossed[arm]) for arm in (0, 1)]
    assert status("crossovers", days=days) == said


def test_one_arm_that_loses_more_to_the_other_fails() -> None:
    edge = first(lambda n: stats.chisquare([20 + n, 20]).pvalue < 0.001)
    for extra, said in ((edge - 1, "warn"), (edge, "fail")):
        days = [(0, 0, 2_000, 20 + extra), (0, 1, 2_000, 20)]
        assert status("crossovers", days=days) == said


# ---- before


def before(p: float) -> float:
    """How far apart covariates of a thousand units each must lie for this p."""
    return stats.t.isf(p / 2, 1_998) * np.sqrt(2 * 25 / 1_000)


@pytest.mark.parametrize(("p", "said"), [(0.00051, "pass"), (0.00049, "fail")])
def test_arms_that_differed_before_and_two_of_them_share_the_chance(p: float, said: str) -> None:
    plan = spec({"cuped_days": 14})
    arms = (Arm(), Arm(before=5 + before(p)))
    assert status("same_before", plan=plan, primary=arms) == said
    assert status("same_before", plan=plan, guardrail=arms) == said
    # Secondary metrics decide nothing and have no share in it.
    assert status("same_before", plan=plan, secondary=arms) == "pass"


# ---- enough


@pytest.mark.parametrize(("n", "said"), [(100, "pass"), (99, "fail")])
def test_enough_units_in_each_arm_of_each_metric(n: int, said: str) -> None:
    for at in ("primary", "guardrail", "secondary"):
        assert status("enough_units", **{at: (Arm(), Arm(n=n))}) == said


def test_before_the_last_look_too_few_are_waited_for() -> None:
    plan = spec(TWO_LOOKS)
    assert status("enough_units", INTERIM, plan=plan, primary=(Arm(), Arm(n=99))) == "wait"
    assert status("enough_units", INTERIM, plan=plan, primary=(Arm(), Arm(n=100))) == "pass"


def test_an_arm_without_a_ripe_unit_has_too_few() -> None:
    for at in ("primary", "guardrail", "secondary"):
        assert status("enough_units", **{at: (Arm(),)}) == "fail"


@pytest.mark.parametrize(("nonzero", "said"), [(8, "pass"), (7, "fail")])
def test_enough_conversions(nonzero: int, said: str) -> None:
    plan = spec(primary={"metric": "week_2_return", "direction": "increase", "mde_relative": 0.1})
    share = Arm(mean=0.5, variance=0.25)
    arms = (share, replace(share, nonzero=nonzero))
    assert status("enough_conversions", plan=plan, primary=arms) == said
    assert "enough_conversions" not in gates_of(evidence(primary=(Arm(), Arm(nonzero=7))))


def test_what_is_no_finite_number_fails() -> None:
    whole = evidence()
    rows = whole.sums.moments
    assert gates_of(whole)["sums_finite"].status == "pass"
    broken = replace(rows, q_yy=np.where(np.arange(len(rows.n)) == 0, np.inf, rows.q_yy))
    spoilt = replace(whole, sums=replace(whole.sums, moments=broken))
    assert gates_of(spoilt)["sums_finite"].status == "fail"


@pytest.mark.parametrize(("skewness", "said"), [(1.67, "pass"), (1.69, "warn"), (-1.69, "warn")])
def test_a_thousand_units_are_enough_for_a_skewness_of_1_68(skewness: float, said: str) -> None:
    assert status("skewness", primary=(Arm(), Arm(skewness=skewness))) == said
    assert status("skewness", guardrail=(Arm(), Arm(skewness=skewness))) == "pass"


@pytest.mark.parametrize(("share", "said"), [(0.0499, "pass"), (0.0501, "warn")])
def test_one_unit_that_is_much_of_the_variance(share: float, said: str) -> None:
    assert status("single_unit", primary=(Arm(), Arm(largest=share))) == said


# ---- bad input


def test_sums_without_a_column_or_with_a_negative_count_are_refused() -> None:
    row = {"look_no": 1, "metric_id": "m", "basis": "main", "arm_no": 0} | Arm().columns(10, 5)
    assert sums_of([row]).places == {(1, "m", "main", 0): 0}
    with pytest.raises(KeyError, match="largest_yy"):
        sums_of([{key: value for key, value in row.items() if key != "largest_yy"}])
    with pytest.raises(ValueError, match="n is negative"):
        sums_of([row | {"unit_count": -1}])
