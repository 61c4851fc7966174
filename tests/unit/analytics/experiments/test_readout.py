"""State and recommendation in each situation, on made-up evidence."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from scipy import stats

from analytics.experiments.comparing import comparisons, nominal_alphas
from analytics.experiments.evidence import Faults, Look
from analytics.experiments.reading import plan_of
from analytics.experiments.reading import read as read_text
from analytics.experiments.readout import latest, readouts
from analytics.experiments.spec import Spec
from tests.unit.analytics.experiments.made import LAST, PLAIN, Arm, evidence, read, spec

INTERIM, END = Look(1, dt.date(2026, 6, 8), 2), Look(2, dt.date(2026, 6, 28), 2)
TODAY = Look(0, dt.date(2026, 6, 12), 2)
ALONE = Look(0, dt.date(2026, 6, 12), 1)
SEQUENTIAL = {"method": "group_sequential", "looks": ["2026-06-08", "2026-06-28"]}
SE = (2 * 25 / 1_000) ** 0.5


def better(by: float, n: int = 1_000) -> tuple[Arm, Arm]:
    return Arm(n=n), Arm(n=n, mean=10 + by)


def apart(p: float, sign: int = 1) -> tuple[Arm, Arm]:
    """Arms whose difference has this two-sided p."""
    return better(sign * stats.t.isf(p / 2, 1_998) * SE)


def said(number: int = 1, **given: Any) -> tuple[str, str, int]:
    found = read(evidence(**given), number)
    return found.state, found.recommendation, found.arm_no


# ---- at the end


@pytest.mark.parametrize(("primary", "guardrail", "expected"), [
    (apart(0.049), PLAIN, ("VALID", "ship", 1)),
    (apart(0.051), PLAIN, ("VALID", "stop", -1)),  # at most 9 %, and 10 % are asked for
    (apart(0.049, -1), PLAIN, ("VALID", "stop", -1)),
    (better(0.0), PLAIN, ("VALID", "stop", -1)),  # 10 % are excluded
    (better(1), better(0.6), ("VALID", "discuss", 1)),  # harm is not excluded
    (better(1), better(2.0), ("CAUTION", "stop", -1)),  # harm is certain
    (better(0), better(2.0), ("CAUTION", "stop", -1)),
])  # fmt: skip
def test_a_test_that_is_read_once(primary: Any, guardrail: Any, expected: tuple) -> None:
    assert said(primary=primary, guardrail=guardrail) == expected


def test_the_smallest_effect_worth_it_is_excluded_by_the_upper_end_of_the_interval() -> None:
    row = next(r for r in comparisons(evidence()) if r.estimator == "plain" and r.role == "primary")
    for mde, advice in (
        (row.relative_high + 0.001, "stop"),
        (row.relative_high - 0.001, "discuss"),
    ):
        primary = {"metric": "sessions", "direction": "increase", "mde_relative": mde}
        assert said(plan=spec(primary=primary))[1] == advice


def test_where_less_is_better_a_fall_wins() -> None:
    plan = spec(primary={"metric": "sessions", "direction": "decrease", "mde_relative": 0.1})
    assert said(plan=plan, primary=apart(0.049, -1))[1:] == ("ship", 1)
    assert said(plan=plan, primary=apart(0.049))[1:] == ("stop", -1)
    # What is left open is the fall: 7 % at most.
    for mde, advice in ((0.05, "discuss"), (0.08, "stop")):
        primary = {"metric": "sessions", "direction": "decrease", "mde_relative": mde}
        assert said(plan=spec(primary=primary), primary=better(-0.3))[1] == advice


# ---- not to be read


def test_a_gate_that_fails_hides_everything_and_gives_its_reason() -> None:
    found = read(evidence(primary=better(2), faults=Faults(exposures=10, missing_days=2)))
    assert (found.state, found.recommendation, found.is_readable) == ("INVALID", "none", False)
    assert found.reasons == ("2 days almost without events, against the same weekday before",)
    # Kept for those who look into it: what hides it is the mart.
    assert min(row.p for row in found.rows) < 1e-9


def test_invalid_comes_before_too_early_and_harm() -> None:
    broken = {"unsound": frozenset({"sessions"}), "guardrail": better(9)}
    assert said(0, looks=(ALONE,), **broken) == ("INVALID", "none", -1)


def test_today_of_a_test_that_is_read_once_decides_nothing() -> None:
    assert said(0, looks=(ALONE,), primary=better(2)) == ("TOO_EARLY", "continue", -1)


@pytest.mark.parametrize(("tickets", "advice"), [(1.5, "continue"), (1.9, "stop")])
def test_a_guardrail_stops_early_only_by_the_interval_that_holds_at_every_moment(
    tickets: float, advice: str
) -> None:
    """With 1.5 the plain test is sure that the margin, 1, is passed; one may look every day."""
    given = evidence(looks=(ALONE,), guardrail=better(tickets))
    row = next(row for row in read(given, 0).rows if row.role == "guardrail")
    assert row.beyond_margin_p < 0.025
    assert said(0, looks=(ALONE,), guardrail=better(tickets)) == ("TOO_EARLY", advice, -1)
    # At the end the plain test does.
    assert said(guardrail=better(tickets))[1] == "stop"


# ---- several looks


def test_at_a_planned_look_the_bound_of_that_look_decides() -> None:
    plan = spec(SEQUENTIAL)
    bounds = nominal_alphas(evidence(plan=plan, looks=(INTERIM, END)))
    assert 0 < bounds[1] < 0.01 < bounds[2] < 0.05
    two = {"plan": plan, "looks": (INTERIM, END)}
    for number, without in ((1, "continue"), (2, "stop")):
        assert said(number, primary=apart(bounds[number] * 0.99), **two)[1:] == ("ship", 1)
        assert said(number, primary=apart(bounds[number] * 1.01), **two)[1] == without
    assert said(1, primary=apart(bounds[1] * 0.99, -1), **two)[1] == "stop"


def test_between_planned_looks_nothing_may_be_found() -> None:
    given = evidence(plan=spec(SEQUENTIAL), looks=(INTERIM, TODAY), primary=better(3))
    found = read(given, 0)
    assert (found.state, found.recommendation) == ("TOO_EARLY", "continue")
    row = next(row for row in found.rows if row.is_deciding and row.role == "primary")
    assert (row.nominal_alpha, row.is_significant) == (0, False)


def test_always_valid_may_be_read_today() -> None:
    plan = spec({"method": "always_valid"})
    today = {"plan": plan, "looks": (ALONE,)}
    assert said(0, primary=better(0.5), **today) == ("VALID", "continue", -1)
    assert read(evidence(primary=better(0.5), **today), 0).rows[0].p < 0.05
    assert said(0, primary=better(1), **today) == ("VALID", "ship", 1)


def test_what_counts_now_is_the_latest_and_of_two_of_one_day_the_planned_one() -> None:
    given = evidence(plan=spec(SEQUENTIAL), looks=(INTERIM, TODAY))
    found = latest(readouts(given))
    assert found is not None
    assert found.look == TODAY
    same = evidence(plan=spec(SEQUENTIAL), looks=(replace(TODAY, on=INTERIM.on), INTERIM))
    assert latest(readouts(same)).look == INTERIM  # ty: ignore[unresolved-attribute]
    assert latest(()) is None


# ---- kinds of experiment


def margin_plan(analysis: dict | None = None) -> Spec:
    return spec(analysis, template="non_inferiority")


@pytest.mark.parametrize(("change", "advice"), [
    (0.0, "ship"), (-0.54, "ship"), (-0.59, "stop"),
])  # fmt: skip
def test_no_harm_is_shown_by_the_margin_and_not_by_a_gain(change: float, advice: str) -> None:
    # Also a loss beyond chance is a win where it is certainly smaller than what is accepted.
    assert said(plan=margin_plan(), primary=better(change))[1] == advice
    assert said(primary=better(-0.54))[1] == "stop"


def test_a_loss_that_is_neither_shown_nor_excluded_is_open() -> None:
    few = [replace(arm, n=150) for arm in better(-0.4)]
    found = read(evidence(plan=margin_plan(), primary=few, days=[(0, 0, 150, 0), (0, 1, 150, 0)]))
    assert found.recommendation == "discuss"
    assert "neither shown nor excluded" in found.reasons[1]


def test_a_margin_at_a_planned_look_has_the_alpha_of_that_look() -> None:
    plan = margin_plan(SEQUENTIAL)
    two = {"plan": plan, "looks": (INTERIM, END)}
    bound = nominal_alphas(evidence(**two))[1]
    # Of all of alpha this would be a win.
    arms = better(-0.45)
    row = next(r for r in read(evidence(primary=arms, **two), 1).rows if r.role == "primary")
    assert bound / 2 < row.margin_p < 0.025
    assert said(1, primary=arms, **two)[1] == "continue"
    assert said(2, primary=arms, **two)[1] == "ship"


def test_what_is_told_of_a_margin_is_its_own_p() -> None:
    found = read(evidence(plan=margin_plan()))
    assert found.recommendation == "ship"
    assert "a loss of 10.0% or more is excluded, p" in found.reasons[0]


def test_an_a_a_test_finds_nothing_or_is_talked_about() -> None:
    plan = spec(template="aa_test", guardrails=[], secondary=[])
    assert said(plan=plan, primary=apart(0.051)) == ("VALID", "stop", -1)
    assert said(plan=plan, primary=apart(0.049)) == ("VALID", "discuss", -1)
    assert said(plan=plan, primary=apart(0.049, -1)) == ("VALID", "discuss", -1)
    looking = spec(SEQUENTIAL, template="aa_test", guardrails=[], secondary=[])
    assert said(1, plan=looking, looks=(INTERIM,))[1] == "continue"


def three(b: float, c: float, **said: Any) -> dict[str, Any]:
    arms = [{"id": name, "name": name, "weight": weight} for name, weight in
            (("a", 0.34), ("b", 0.33), ("c", 0.33))]  # fmt: skip
    plan = spec(
        said, template="multi_arm", variations=[arms[0] | {"is_control": True}, *arms[1:]]
    )  # fmt: skip
    primary = (Arm(), Arm(mean=10 + b), Arm(mean=10 + c))
    return {"plan": plan, "primary": primary} | dict.fromkeys(
        ("guardrail", "secondary"), [Arm()] * 3
    )


def test_of_several_arms_the_best_that_wins_after_holm_is_shipped() -> None:
    by = {p: stats.t.isf(p / 2, 1_998) * SE for p in (0.024, 0.026, 0.04, 0.06)}
    assert said(**three(by[0.024], 0))[1:] == ("ship", 1)
    assert said(**three(by[0.026], 0))[1] == "stop"  # twice 2.6 % are more than 5 %
    assert said(**three(by[0.026], 0, multiplicity="none"))[1:] == ("ship", 1)
    assert said(**three(by[0.024], by[0.04]))[1:] == ("ship", 1)
    assert said(**three(by[0.04], by[0.024]))[1:] == ("ship", 2)
    # One arm that loses does not stop the other.
    assert said(**three(-1, by[0.024]))[1:] == ("ship", 2)
    assert said(**three(-1, 0))[1] == "stop"
    assert said(**three(-1, by[0.06]))[1] == "stop"
    assert said(**three(-1, -1))[1] == "stop"
    small = three(-1, 0)
    primary = small["plan"].primary.model_copy(update={"mde_relative": 0.03})
    small["plan"] = small["plan"].model_copy(update={"primary": primary})
    assert said(**small)[1] == "discuss"


def test_a_guardrail_of_another_arm_does_not_hold_the_winner_back() -> None:
    given = three(1, 0)
    assert said(**given | {"guardrail": (Arm(), Arm(), Arm(mean=10.6))})[1:] == ("ship", 1)
    assert said(**given | {"guardrail": (Arm(), Arm(mean=10.6), Arm())})[1:] == ("discuss", 1)


# ---- as text, and bad input


def text(plan: str, sums: list[dict], **facts: Any) -> dict:
    given = evidence()
    looks = [{"look_no": 1, "look_on": LAST.on, "look_count": 1}]
    metrics = [{"definition": use.metric.model_dump_json()} for use in given.uses]
    return json.loads(read_text(plan, facts, metrics, looks, sums, []))


def test_an_experiment_without_a_row_of_anything_is_too_thin_to_read() -> None:
    document = spec().model_dump(mode="json", exclude_none=True)
    plan = plan_of(json.dumps(document), "Name")
    found = text(plan, [], exposures=None)
    (look,) = found["looks"]
    assert (look["state"], look["unit_count"], look["arm"]) == ("INVALID", 0, None)
    assert found["comparisons"] == []
    assert all(gate["value"] is None or gate["value"] == gate["value"] for gate in found["gates"])


def test_an_infinite_sum_is_invalid_and_writes_no_infinity() -> None:
    given = evidence()
    rows = [
        {"look_no": 1, "metric_id": use.metric.metric_id, "basis": "main", "arm_no": arm}
        | Arm().columns(10, 5)
        for use in given.uses for arm in (0, 1)
    ]  # fmt: skip
    rows[0]["q_yy"] = float("inf")
    plan = plan_of(json.dumps(given.spec.model_dump(mode="json", exclude_none=True)), "Name")
    found = text(plan, rows)
    assert found["looks"][0]["state"] == "INVALID"
    assert "a sum is no finite number" in found["looks"][0]["reasons"]


def test_what_is_no_plan_is_not_read() -> None:
    assert json.loads(plan_of("[]", "Name"))["is_analysable"] is False
    with pytest.raises(KeyError):
        read_text('{"is_analysable": false}', {}, [], [], [], [])


def test_rows_are_plain_values() -> None:
    row = asdict(comparisons(evidence())[0])
    assert {type(value) for value in row.values()} <= {int, float, str, bool}
