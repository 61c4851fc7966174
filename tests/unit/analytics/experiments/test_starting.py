"""What a new experiment begins with: templates that are valid, metrics, schema, the guide."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from analytics.experiments.metrics import Metric
from analytics.experiments.rules import metric_problems
from analytics.experiments.spec import (
    Analysis,
    Decision,
    Guardrail,
    Hypothesis,
    Primary,
    Spec,
    Variation,
    problems_of,
    read_spec,
)
from analytics.experiments.starting import (
    KINDS,
    TEMPLATES,
    new_plan,
    schema_text,
    starter_metrics,
)
from tests.unit.analytics.experiments.plans import METRIC, PLAN, spoilt

TEMPLATE_FILES = sorted(KINDS)


@pytest.mark.parametrize("template", TEMPLATE_FILES)
def test_the_decision_that_a_template_shows_is_valid_too(template: str) -> None:
    metric = starter_metrics()[KINDS[template].primary]
    text = new_plan("exp_x", template, metric, starts_on=date(2026, 5, 4), weeks=2)
    text = re.sub(r"<[^>]+>", "said", text).replace("status: draft", "status: decided")
    shown = text[text.index("  # decision:") :]
    text = text.replace(shown, re.sub(r"^  # ", "  ", shown, flags=re.MULTILINE))
    assert {problem.path for problem in problems_of(yaml.safe_load(text))} <= {
        "experiment.primary.baseline"
    }


@pytest.mark.parametrize("weeks", [1, 2, 3, 52])
@pytest.mark.parametrize("primary", [*sorted(starter_metrics())])
def test_every_starter_metric_can_decide_for_any_number_of_weeks(primary: str, weeks: int) -> None:
    for template in TEMPLATE_FILES:
        metric = starter_metrics()[primary]
        text = new_plan("exp_x", template, metric, starts_on=date(2026, 5, 4), weeks=weeks)
        grave = [p for p in problems_of(yaml.safe_load(text)) if p.severity != "warning"]
        assert grave == [], (template, grave)


def test_looks_are_when_half_and_when_all_of_the_windows_are_complete() -> None:
    metric = starter_metrics()["week_2_return"]
    text = new_plan("exp_x", "ab_standard", metric, starts_on=date(2026, 5, 4), weeks=6)
    # 21 of 42 days of exposure, the last of them 24 May, have their 14 days by the end of 6 June;
    # those of 14 June by the end of 27 June.
    spec = read_spec(yaml.safe_load(text))
    assert spec.analysis.looks == (date(2026, 6, 8), date(2026, 6, 28))
    assert spec.mature_on == date(2026, 6, 27)


@pytest.mark.parametrize(
    "owner", ["me: you", "no", "12", "2026-05-04", 'a "b"', "#1", "a #b", "[x", "$primary", "Zoë"]
)
def test_an_owner_may_be_called_anything(owner: str) -> None:
    metric = starter_metrics()["week_2_return"]
    text = new_plan("exp_x", "ab_standard", metric, starts_on=date(2026, 5, 4), weeks=2,
                    owner=owner, team=owner)  # fmt: skip
    for loader in (yaml.SafeLoader, yaml.BaseLoader):
        spec = read_spec(yaml.load(text, loader))
        assert (spec.owner, spec.team) == (owner, owner)


def as_json(document: Any) -> Any:
    return json.loads(json.dumps(document, default=str))


def test_the_schema_takes_what_is_right_and_refuses_what_is_not() -> None:
    check = jsonschema.Draft202012Validator(json.loads(schema_text("experiment")))
    right = as_json(yaml.safe_load(PLAN))
    assert list(check.iter_errors(right)) == []
    as_text = spoilt(right, "experiment", "hypothesis", to="In one text.")
    assert list(check.iter_errors(as_text)) == []
    for steps, to in (
        (("experiment", "unit"), "people"), (("experiment", "variations", 0, "weigth"), 0.5),
        (("experiment", "analysis", "alpha"), 5), (("experiment", "primary", "metric"), None),
        (("kind",), "metric"), (("experiment", "secondary"), "sessions"),
    ):  # fmt: skip
        assert list(check.iter_errors(spoilt(right, *steps, to=to))), steps
    assert list(check.iter_errors(spoilt(right, "experiment", "owner")))
    metric = jsonschema.Draft202012Validator(json.loads(schema_text("metric")))
    assert list(metric.iter_errors({"kind": "metric", "metric": METRIC})) == []
    assert list(metric.iter_errors({"kind": "metric", "metric": {**METRIC, "kind": "count"}}))


def test_the_guide_names_every_field_and_its_brief_is_valid() -> None:
    guide = (Path(__file__).parents[4] / "docs" / "experiments.md").read_text("utf-8")
    brief, decision = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    starters = starter_metrics()
    for text in (brief, brief.replace("running", "decided") + decision):
        document = yaml.safe_load(text)
        assert problems_of(document) == metric_problems(document, starters) == ()
    fields = set(re.findall(r"`(\w+)[`:]", guide))
    for model in (Spec, Analysis, Metric, Variation, Primary, Guardrail, Hypothesis, Decision):
        assert set(model.model_fields) - {"statement"} <= fields, model
    assert {*TEMPLATES, *starters} <= fields


def test_what_is_no_template_or_no_file_is_refused() -> None:
    metric = starter_metrics()["tickets"]
    with pytest.raises(KeyError):
        new_plan("exp_x", "ab", metric, starts_on=date(2026, 5, 4), weeks=2)
    with pytest.raises(KeyError):
        schema_text("survey")
