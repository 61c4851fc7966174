"""Gates of time and of figures at their thresholds, from both sides, on made-up evidence."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analytics.experiments.evidence import Evidence, Look, sums_of
from tests.unit.analytics.experiments.made import (
    INTERIM,
    LAST,
    PLAIN,
    START,
    TWO_LOOKS,
    Arm,
    evidence,
    gates_of,
    spec,
    status,
)  # fmt: skip

# ---- time


def test_run_time_and_looks() -> None:
    plan = spec({"min_runtime_days": 14})
    early, due = (Look(0, START + dt.timedelta(days=n), 1) for n in (12, 13))
    assert status("run_time", early, plan=plan) == "wait"
    assert status("run_time", due, plan=plan) == "pass"
    assert status("planned_look", due, plan=plan) == "wait"
    assert status("planned_look", due, plan=spec({"method": "always_valid"})) == "pass"
    assert status("planned_look", plan=plan) == "pass"


def test_whole_weeks_are_asked_of_the_last_look_alone() -> None:
    odd = spec(ends_on="2026-06-15")
    assert status("full_weeks") == "pass"
    assert status("full_weeks", plan=odd) == "warn"
    assert status("full_weeks", Look(1, START + dt.timedelta(days=15), 2), plan=odd) == "pass"


def test_a_test_that_was_stopped_before_its_last_look_is_told() -> None:
    stopped = spec(TWO_LOOKS, status="stopped")
    assert status("stopped_early", INTERIM, plan=stopped) == "info"
    assert "stopped_early" not in gates_of(evidence(plan=stopped, looks=(LAST,)))
    running = evidence(plan=spec(TWO_LOOKS), looks=(INTERIM,))
    assert "stopped_early" not in gates_of(running, INTERIM)


# ---- figures


def test_precision_below_the_plan_warns() -> None:
    # Power 80 % at an effect of 10 % of 10 asks for a standard error of 1 / (1.96 + 0.84).
    se = 1 / (stats.norm.isf(0.025) + stats.norm.isf(0.2))
    for factor, said in ((0.999, "pass"), (1.001, "warn")):
        arms = [Arm(variance=(factor * se) ** 2 * 500)] * 2
        assert status("precision", primary=arms) == said
    plan = spec(TWO_LOOKS)
    assert status("precision", INTERIM, plan=plan, primary=arms) == "unknown"


def test_a_metric_that_failed_the_replay_disqualifies_its_experiment() -> None:
    assert status("metrics_sound", unsound=frozenset({"another"})) == "pass"
    assert status("metrics_sound", unsound=frozenset({"features_used"})) == "warn"
    assert status("metrics_sound", unsound=frozenset({"sessions"})) == "fail"


def test_novelty_is_a_contrast_of_those_who_came_early_and_late() -> None:
    # Standard error of the difference of two differences of 500 units each.
    se = np.sqrt(4 * 25 / 500)
    half = Arm(n=500)
    for p, said in ((0.0101, "pass"), (0.0099, "warn")):
        late = (half, replace(half, mean=10 - stats.norm.isf(p / 2) * se))
        parts = {"early": (half, half), "late": late}
        assert status("novelty", parts=parts) == said
    assert status("novelty", parts={"late": ()}) == "unknown"


def shifted(p: float, margin: float = 0.1, beyond: bool = False) -> tuple[Arm, Arm]:
    """Tickets so much more that being worse than the margin has this one-sided p."""
    share = 25 / 1_000
    se = np.sqrt((1 + margin) ** 2 * share + share)
    df = (se**2) ** 2 / (((1 + margin) ** 2 * share) ** 2 + share**2) * 999
    far = stats.t.isf(p, df) * se
    return Arm(), Arm(mean=10 * (1 + margin) + (far if beyond else -far))


@pytest.mark.parametrize(("p", "beyond", "said"), [
    (0.0249, False, "pass"), (0.0251, False, "info"), (0.0251, True, "info"),
    (0.0249, True, "warn"),
])  # fmt: skip
def test_a_guardrail_is_held_against_its_margin(p: float, beyond: bool, said: str) -> None:
    assert status("guardrails", guardrail=shifted(p, beyond=beyond)) == said


def test_no_guardrail_is_no_news() -> None:
    plan = spec(template="aa_test", guardrails=[])
    assert status("guardrails", plan=plan) == "unknown"


def test_ways_that_disagree_warn() -> None:
    found = (Arm(), Arm(mean=11))
    assert status("estimators_agree", primary=found) == "pass"
    for basis in ("uncapped", "without_crossovers"):
        assert status("estimators_agree", primary=found, parts={basis: PLAIN}) == "warn"
        turned = (Arm(), Arm(mean=9))
        assert status("estimators_agree", primary=found, parts={basis: turned}) == "warn"
    # Halves have half the units: they may well find nothing.
    assert status("estimators_agree", primary=found, parts={"early": PLAIN}) == "pass"


def test_a_decision_by_a_p_that_is_not_adjusted_warns() -> None:
    arms = [{"id": name, "name": name, "weight": weight} for name, weight in
            (("a", 0.34), ("b", 0.33), ("c", 0.33))]  # fmt: skip
    decision = {"outcome": "ship", "variation": "b", "decided_on": "2026-06-30",
                "decided_by": "pm", "rationale": "it won"}  # fmt: skip
    plan = spec(
        template="multi_arm", status="decided", decision=decision,
        variations=[arms[0] | {"is_control": True}, *arms[1:]],
    )  # fmt: skip
    se = np.sqrt(2 * 25 / 1_000)
    for p, is_told in ((0.024, False), (0.026, True), (0.051, False)):
        won = (Arm(), Arm(mean=10 + stats.t.isf(p / 2, 1_998) * se), Arm())
        given = evidence(plan=plan, primary=won, guardrail=[Arm()] * 3, secondary=[Arm()] * 3)
        assert ("decision_adjusted" in gates_of(given)) == is_told


# ---- bad input


def test_no_units_at_all_are_too_few_and_break_nothing() -> None:
    nothing: Evidence = evidence(days=[(60, 0, 1, 0)])
    empty = replace(nothing, sums=sums_of([]))
    found = gates_of(empty)
    assert found["enough_units"].status == "fail"
    assert found["sample_ratio"].status == "unknown"
    assert {found[name].status for name in ("skewness", "single_unit", "novelty")} == {"unknown"}
