"""An experiment's plan: every mistake is told with its place, and a promise has one fingerprint."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.experiments.documents import DocumentError
from analytics.experiments.metrics import read_metric
from analytics.experiments.rules import metric_problems
from analytics.experiments.spec import Spec, problems_of, read_spec
from tests.unit.analytics.experiments.plans import GONE, METRIC, PLAN, SHORT, spoilt

TEXTS: dict[str, Any] = yaml.load(PLAN, Loader=yaml.BaseLoader)["experiment"]
VALUES: dict[str, Any] = yaml.safe_load(PLAN)["experiment"]


def told(document: Any) -> list[str]:
    return [str(problem) for problem in problems_of(document) if problem.severity != "warning"]


def weak(document: Any) -> list[str]:
    return [str(problem) for problem in problems_of(document) if problem.severity == "warning"]


def test_a_plan_is_read_alike_from_texts_values_json_and_its_whole_file() -> None:
    plain = read_spec(VALUES)
    assert problems_of(TEXTS) == ()
    assert plain == read_spec(TEXTS) == read_spec(json.dumps(TEXTS))
    assert plain == read_spec({"kind": "experiment", "experiment": TEXTS})
    assert (plain.starts_on, plain.analysis.looks[1]) == (date(2026, 5, 4), date(2026, 6, 28))
    assert (plain.control.id, [t.id for t in plain.treatments]) == ("control", ["treatment"])
    assert plain.metrics == ("week_2_return", "tickets", "features_used", "sessions")
    assert (plain.run_days, plain.mature_on) == (42, date(2026, 6, 27))
    assert plain.decision is not None
    assert plain.decision.override is False


# Place, what is written there instead, where the problem is told, words of the message.
MISTAKES: list[tuple[tuple[str | int, ...], Any, str, str]] = [
    (("owner",), GONE, "owner", "is missing; give who answers for it"),
    (("starts_on",), GONE, "starts_on", "is missing; give the first day of exposure"),
    (("starts_on",), "4 May 2026", "starts_on", "4 May 2026 is no day; write it as 2026-05-04"),
    (("starts_on",), 20260504, "starts_on", "20260504 is no day"),
    (("ends_on",), "2026-02-30", "ends_on", "is no day of the calendar"),
    (("ends_on",), "2026-04-26", "ends_on", "lies before starts_on, 2026-05-04"),
    (("guardrail",), [], "guardrail", "is not known; did you mean guardrails?"),
    (("unit",), "user", "unit", "'user' is none of 'person' or 'account'"),
    (("status",), "done", "status", "none of 'draft', 'running', 'stopped' or 'decided'"),
    (("template",), "ab", "template", "'ab' is none of 'ab_standard'"),
    (("coverage",), "100", "coverage", "is 100, it must be at most 1"),
    (("name",), 1.5, "name", "put it in quotes"),
    (("experiment_id",), "my exp/1", "experiment_id", "only letters, digits"),
    (("hypothesis", "for_users"), GONE, "hypothesis.for_users", "a hypothesis says because"),
    (("hypothesis", "because"), "<a figure>", "hypothesis.because", "to be filled in: a figure"),
    (("variations", 1, "weight"), "0.4", "variations", "sum to 0.9; make them sum to 1"),
    (("variations", 1, "weight"), "50%", "variations[1].weight", "'50%' is no number"),
    (("variations", 1, "weight"), GONE, "variations[1].weight", "give the share of units"),
    (("variations", 1, "weight"), True, "variations[1].weight", "true is no number"),
    (("primary", "baseline"), "inf", "primary.baseline", "no finite number"),
    (("variations", 1, "weight"), "nan", "variations[1].weight", "is nan, it must be at most 1"),
    (("variations", 1, "id"), "control", "variations[1].id", "control stands there twice"),
    (("variations", 1, "is_control"), "true", "variations[1].is_control", "a second control"),
    (("variations", 0, "is_control"), "false", "variations", "have no control"),
    (("variations", 0, "is_control"), "perhaps", "variations[0].is_control", "neither true nor"),
    (("variations",), "control", "variations", "'control' is no list"),
    (("variations",), [], "variations", "are fewer than two"),
    (("variations", 1), GONE, "variations", "are fewer than two"),
    (("primary",), GONE, "primary", "give metric, direction and mde_relative"),
    (("primary", "direction"), "up", "primary.direction", "none of 'increase' or 'decrease'"),
    (("primary", "mde_relative"), "10", "primary.mde_relative", "at most 1: give the smallest"),
    (("primary", "mde_relative"), "0", "primary.mde_relative", "it must be above 0"),
    (("guardrails",), GONE, "guardrails", "name at least one metric that must not get worse"),
    (("guardrails", 0, "margin_relative"), GONE, "guardrails[0].margin_relative", "the relative"),
    (("guardrails", 0, "metric"), "week_2_return", "guardrails[0].metric", "under primary already"),
    (("secondary", 0), "tickets", "secondary[0]", "tickets stands under guardrails already"),
    (("secondary", 0), "week_2_return", "secondary[0]", "under primary already; name it once"),
    (("analysis", "method"), "bayes", "analysis.method", "'bayes' is none of 'fixed_horizon'"),
    (("analysis", "method"), "fixed_horizon", "analysis.looks", "go with method: group_sequential"),
    (("analysis", "alpha"), "0.5", "analysis.alpha", "is 0.5, it must be at most 0.2"),
    (("analysis", "power"), "0.2", "analysis.power", "is 0.2, it must be at least 0.5"),
    (("analysis", "power"), "1", "analysis.power", "must be below 1"),
    (("analysis", "cuped_days"), "-1", "analysis.cuped_days", "at least 0"),
    (("analysis", "window_days"), "1.5", "analysis.window_days", "is no whole number"),
    (("analysis", "min_runtime_days"), "3", "analysis.min_runtime_days", "must be at least 7"),
    (("analysis", "min_runtime_days"), "70", "analysis.min_runtime_days", "lasts 42 days"),
    (("analysis", "looks"), GONE, "analysis.looks", "are fewer than two"),
    (("analysis", "looks"), ["2026-06-28"], "analysis.looks", "are fewer than two"),
    (("analysis", "looks", 0), "2026-07-01", "analysis.looks[1]", "does not come after 2026-07-01"),
    (("analysis", "looks", 0), "2026-05-16", "analysis.looks[0]", "end on 2026-05-17; look then"),
    (("analysis", "looks", 1), "2026-06-26", "analysis.looks[1]", "last units ends on 2026-06-27"),
    (("analysis", "looks", 1), "soon", "analysis.looks[1]", "soon is no day"),
    (("decision",), GONE, "decision", "status decided needs outcome"),
    (("status",), "running", "decision", "is there, but status is running"),
    (("decision", "outcome"), "launch", "decision.outcome", "none of 'ship', 'stop'"),
    (("decision", "variation"), GONE, "decision.variation", "say which one is shipped"),
    (("decision", "variation"), "treatmnt", "decision.variation", "did you mean treatment?"),
    (
        ("decision", "variation"),
        "control",
        "decision.variation",
        "to stay with it is outcome: stop",
    ),
    (("decision", "decided_on"), "2026-05-01", "decision.decided_on", "lies before starts_on"),
    (("decision", "rationale"), GONE, "decision.rationale", "is missing; give why"),
    (("template",), "aa_test", "decision.outcome", "an A/A test has nothing to ship"),
    (("primary_metric",), "retention", "primary_metric", "primary.metric says week_2_return"),
]


@pytest.mark.parametrize(("steps", "to", "path", "words"), MISTAKES)
def test_a_mistake_is_told_with_its_place_and_what_to_do(
    steps: tuple[str | int, ...], to: Any, path: str, words: str
) -> None:
    said = told(spoilt(TEXTS, *steps, to=to))
    assert any(s.startswith(f"experiment.{path}: ") and words in s for s in said), said
    with pytest.raises(DocumentError) as caught:
        read_spec(spoilt(VALUES, *steps, to=to))
    assert not caught.value.is_short


def test_no_two_mistakes_are_told_in_the_same_words() -> None:
    first = {str(problem) for steps, to, *_ in MISTAKES for problem in problems_of(
        spoilt(TEXTS, *steps, to=to))[:1]}  # fmt: skip
    assert len(first) >= 50


def test_all_mistakes_are_told_at_once() -> None:
    document = spoilt(TEXTS, "unit", to="user")
    for steps, to in (
        (("owner",), GONE), (("variations", 0, "colour"), "red"),
        (("variations", 1, "weight"), "0.6"), (("primary", "mde_relative"), "ten"),
        (("ends_on",), "2026-05-01"), (("secondary", 0), "tickets"),
        (("decision", "variation"), "blue"),
    ):  # fmt: skip
        document = spoilt(document, *steps, to=to)
    paths = {problem.path.removeprefix("experiment.") for problem in problems_of(document)}
    assert {
        "unit", "owner", "variations[0].colour", "variations", "primary.mde_relative", "ends_on",
        "secondary[0]", "decision.variation",
    } <= paths  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "to", "path", "words"),
    [
        (("hypothesis",), "More will return.", "hypothesis", "is one text; say because"),
        (("primary", "baseline"), GONE, "primary.baseline", "the run time can be planned"),
        (("ends_on",), "2026-06-12", "ends_on", "makes 40 days, no whole weeks; end on 2026-06-14"),
        (("decision", "learning"), GONE, "decision.learning", "say what is known now"),
    ],
)
def test_what_is_weak_is_told_and_does_no_harm(
    steps: tuple[str | int, ...], to: Any, path: str, words: str
) -> None:
    document = spoilt(TEXTS, *steps, to=to)
    (said,) = weak(document)
    assert said.startswith(f"experiment.{path}: ")
    assert words in said
    assert told(document) == []
    assert read_spec(document)


def test_uneven_weights_are_weak_save_in_a_holdout() -> None:
    document = spoilt(spoilt(TEXTS, "variations", 0, "weight", to="0.1"), "variations", 1, "weight",
                      to="0.9")  # fmt: skip
    assert "have uneven weights" in weak(document)[0]
    assert weak(spoilt(document, "template", to="holdout")) == []


def test_several_treatments_without_correction_are_weak() -> None:
    third = {"id": "other", "name": "Other", "weight": "0.2"}
    document = spoilt(TEXTS, "variations", to=[
        {"id": "control", "name": "None", "weight": "0.4", "is_control": "true"},
        {"id": "treatment", "name": "One", "weight": "0.4"}, third,
    ])  # fmt: skip
    document = spoilt(document, "analysis", "multiplicity", to="none")
    assert any("holm keeps alpha" in s for s in weak(document))


def test_a_placeholder_may_stand_in_a_draft_and_nowhere_else() -> None:
    draft = spoilt(spoilt(TEXTS, "decision"), "status", to="draft")
    draft = spoilt(draft, "targeting", to="<who may take part>")
    assert weak(draft) == ["experiment.targeting: is still to be filled in: who may take part"]
    assert told(draft) == []
    assert "is still to be filled in" in told(spoilt(draft, "status", to="running"))[0]


def test_an_older_short_file_is_not_wrong_but_says_why_it_is_not_analysed() -> None:
    short = yaml.load(SHORT, Loader=yaml.BaseLoader)
    with pytest.raises(DocumentError) as caught:
        read_spec(short)
    assert caught.value.is_short
    reasons = {problem.path for problem in caught.value.problems}
    assert reasons == {"experiment.primary", "experiment.guardrails", "experiment.variations"}
    wrong = spoilt(short, "ends_on", to="2026-01-01")
    with pytest.raises(DocumentError) as caught:
        read_spec(wrong)
    assert not caught.value.is_short


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "is no JSON"),
        ("[1, 2]", "is no mapping; begin with `experiment:`"),
        ({"kind": "experiment", "experiment": None}, "is no mapping"),
        ({"kind": "experiment", "experiment": VALUES, "analysis": {}}, "indent it to stand below"),
        ({}, "is missing"),
        ({"variations": [None, 7, "x"], "analysis": [], "primary": "x", "decision": 3}, "mapping"),
    ],
)
def test_what_is_no_plan_at_all_is_told_without_a_crash(document: Any, words: str) -> None:
    assert any(words in str(problem) for problem in problems_of(document))
    with pytest.raises(DocumentError, match=words):
        read_spec(document)


def test_nulls_are_the_same_as_nothing_said_whatever_the_loader() -> None:
    for nothing in (None, "null", "~", "", "NULL"):
        spec = read_spec(spoilt(TEXTS, "feature_id", to=nothing))
        assert spec == read_spec(spoilt(TEXTS, "feature_id"))


def test_metrics_must_exist_and_fit_the_window_and_the_direction() -> None:
    metrics = dict.fromkeys(["tickets", "features_used", "sessions"])
    (unknown,) = metric_problems(TEXTS, {**metrics, "week_2_returns": None})
    assert str(unknown) == (
        "experiment.primary.metric: no metric has the id week_2_return; did you mean "
        "week_2_returns?"
    )
    (unknown,) = metric_problems(TEXTS, metrics)
    assert "write registry/metrics/week_2_return.yml" in unknown.words
    known = {**metrics, "week_2_return": read_metric(METRIC)}
    assert metric_problems(TEXTS, known) == ()
    (late,) = metric_problems(spoilt(TEXTS, "analysis", "window_days", to="7"), known)
    assert "needs day 13, but the window of the experiment ends with day 6" in late.words
    assert "set analysis.window_days to 14" in late.words
    open_ended = {**known, "week_2_return": read_metric({**METRIC, "from_day": 20, "to_day": None})}
    (late,) = metric_problems(TEXTS, open_ended)
    assert "set analysis.window_days to 21" in late.words
    (other,) = metric_problems(spoilt(TEXTS, "primary", "direction", to="decrease"), known)
    assert (other.severity, "good to increase" in other.words) == ("warning", True)
    upside = {**known, "tickets": read_metric({**METRIC, "metric_id": "tickets"})}
    assert [p.path for p in metric_problems(TEXTS, upside)] == ["experiment.guardrails[0].metric"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["0.5", "2026-05-04", "true", "<x>", "ship"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from([*Spec.model_fields, "metric", "looks", "id"]), inner),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(TEXTS)), json_values)
def test_nothing_in_a_file_makes_it_crash(word: str, value: Any) -> None:
    document = spoilt(TEXTS, word, to=value)
    problems = (*problems_of(document), *metric_problems(document, {"tickets": None}))
    assert all(str(problem) for problem in problems)
    if all(problem.severity == "warning" for problem in problems_of(document)):
        assert read_spec(document)
