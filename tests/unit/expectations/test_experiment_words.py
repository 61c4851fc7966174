"""Words that suites of experiments allow are those that the code can say, no more and no fewer.

Belongs here: vocabularies that are written down twice. Does not belong here: what each check finds
(`test_mutations`).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from analytics.experiments.evidence import BASES
from analytics.experiments.metrics import FEATURE_MEASURES, MEASURES
from analytics.experiments.split import FAIL_P
from expectations.suites import Suite

EXPERIMENTS = Path(__file__).parents[3] / "analytics" / "experiments"


def said_by(module: str, pattern: str) -> set[str]:
    """What a module can say, read off its text."""
    return set(re.findall(pattern, (EXPERIMENTS / f"{module}.py").read_text(encoding="utf-8")))


def allowed(suites: tuple[Suite, ...], table: str, column: str) -> set[str]:
    """What a suite allows in a column."""
    [check] = [
        spec
        for suite in suites if suite.table == table
        for spec in suite.expectations
        if spec.type == "expect_column_values_to_be_in_set" and spec.columns == (column,)
    ]  # fmt: skip
    return set(check.kwargs["value_set"])


def query(suites: tuple[Suite, ...], table: str, name: str) -> str:
    [check] = [
        spec for suite in suites if suite.table == table
        for spec in suite.expectations if spec.check_name == f"unexpected_rows__{name}"
    ]  # fmt: skip
    return check.kwargs["unexpected_rows_query"]


def test_gates_are_those_of_the_code(suites: tuple[Suite, ...]) -> None:
    named = r'Gate\(\s*"(\w+)"'
    gates = said_by("gates", named) | said_by("gates_figures", named)
    gates |= said_by("gates", r'\("(none_\w+)", faults')
    assert len(gates) > 20
    assert allowed(suites, "experiment_gate__gate", "gate") == gates


def test_states_and_advice_are_those_of_the_code(suites: tuple[Suite, ...]) -> None:
    states = said_by("readout", r'"([A-Z]+(?:_[A-Z]+)?)"')
    assert allowed(suites, "experiment_readout__metric_arm", "state") == states
    card = "experiment_scorecard__experiment"
    assert allowed(suites, card, "state") == {*states, "NOT_STARTED", "NOT_ANALYSABLE"}
    advice = said_by("readout", r'(?:return |else |\(\s*|\), )"(ship|stop|continue|discuss|none)"')
    assert advice <= allowed(suites, card, "recommendation")


def test_estimators_and_bases_are_those_of_the_code(suites: tuple[Suite, ...]) -> None:
    assert allowed(suites, "experiment_sum__metric_arm", "basis") == set(BASES)
    estimators = {"plain", "cuped", *BASES} - {"main"}
    assert allowed(suites, "experiment_readout__metric_arm", "estimator") == estimators


def test_verdicts_of_the_replay_are_those_of_the_code(suites: tuple[Suite, ...]) -> None:
    verdicts = said_by("replay", r'verdict = "(\w+)"')
    assert len(verdicts) == 6
    assert allowed(suites, "aa_replay__metric", "verdict") == verdicts


def test_measures_are_those_of_the_code(suites: tuple[Suite, ...]) -> None:
    [pattern] = re.findall(r"'(\^.*\$)'", query(suites, "metrics", "measure_unknown"))
    known = [*MEASURES, *(f"{start}reports" for start in FEATURE_MEASURES)]
    assert all(re.match(pattern, measure) for measure in known)
    for wrong in ("", "session", "sessions_seconds", "feature:", "feature_days", "a tickets"):
        assert not re.match(pattern, wrong), wrong


def test_kinds_and_decisions_are_those_of_the_register(suites: tuple[Suite, ...]) -> None:
    from analytics.experiments.metrics import Metric
    from analytics.experiments.spec import Decision

    kinds = get_args(Metric.model_fields["kind"].annotation)
    assert allowed(suites, "aa_replay__metric", "kind") == set(kinds)
    outcomes = get_args(Decision.model_fields["outcome"].annotation)
    assert allowed(suites, "experiment_scorecard__experiment", "outcome") == set(outcomes)


def test_the_split_fails_where_the_gate_does(suites: tuple[Suite, ...]) -> None:
    card = "experiment_scorecard__experiment"
    assert f"sample_ratio_p < {FAIL_P:g}" in query(suites, card, "arms_not_as_planned")


def test_a_word_that_no_suite_knows_is_seen(suites: tuple[Suite, ...]) -> None:
    assert allowed(suites, "aa_replay__metric", "verdict") != {"sound", "lucky"}
    with pytest.raises(ValueError, match="not enough values"):
        allowed(suites, "aa_replay__metric", "nobody")
