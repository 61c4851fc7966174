"""What a new experiment begins with: templates, starter metrics, the schema that editors read.

Belongs here: filling a template in so that it is valid from the first moment on. Does not belong
here: where files lie (`orchestration.lib.experiment_files`), what a plan may say (`spec.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from string import Template
from typing import Any, get_args

import yaml

from analytics.experiments.metrics import Metric, MetricFile, read_metric
from analytics.experiments.spec import ExperimentFile
from analytics.experiments.spec import Template as TemplateName

TEMPLATES: tuple[str, ...] = get_args(TemplateName)
FOLDER = Path(__file__).parent / "templates"
_DAY = timedelta(days=1)
# Guardrail of a template; the next one where it is the primary already.
_GUARDRAILS = ("tickets", "active_days")
_UNSAID = {"owner": "<who answers for it>", "team": "<the team that it counts for>"}


@dataclass(frozen=True)
class Kind:
    """What a template proposes beside its text."""

    primary: str = "active_days"
    guardrails: tuple[str, ...] = _GUARDRAILS
    secondary: tuple[str, ...] = ("active_days", "sessions")
    weeks: int = 4
    window_days: int = 14


KINDS: Mapping[str, Kind] = {
    "ab_standard": Kind(primary="week_2_return"),
    "aa_test": Kind(secondary=("sessions", "tickets", "features_used"), weeks=2),
    "non_inferiority": Kind(secondary=("sessions", "features_used")),
    "multi_arm": Kind(primary="week_2_return"),
    "ratio_metric": Kind(
        primary="events_per_active_day",
        guardrails=("active_days", "tickets"),
        secondary=("sessions", "features_used"),
    ),
    "holdout": Kind(secondary=("sessions", "features_used"), weeks=13, window_days=28),
}


@cache
def starter_metrics() -> Mapping[str, Metric]:
    """Metrics that come with productops, by id."""
    files = sorted((FOLDER / "metrics").glob("*.yml"))
    read = (read_metric(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in files)
    return {metric.metric_id: metric for metric in read}


def starter_text(metric_id: str) -> str:
    """The file of a starter metric."""
    return (FOLDER / "metrics" / f"{metric_id}.yml").read_text(encoding="utf-8")


def new_plan(
    experiment_id: str,
    template: str,
    primary: Metric,
    *,
    starts_on: date,
    weeks: int,
    owner: str = "",
    team: str = "",
) -> str:
    """A template, filled in: a draft that is valid, save for what only people can say.

    Args:
        experiment_id: Its id.
        template: One of `TEMPLATES`.
        primary: The metric that decides.
        starts_on: First day of exposure.
        weeks: Whole weeks of exposure.
        owner: Who answers for it; if empty, a placeholder.
        team: The team that it counts for; if empty, a placeholder.
    """
    kind = KINDS[template]
    guardrail = next(name for name in kind.guardrails if name != primary.metric_id)
    secondary = [m for m in kind.secondary if m not in (primary.metric_id, guardrail)]
    days = 7 * weeks
    window = max(kind.window_days, primary.last_day + 1)
    words = {
        "experiment_id": _scalar(experiment_id),
        "owner": _scalar(owner) if owner else _UNSAID["owner"],
        "team": _scalar(team) if team else _UNSAID["team"],
        "starts_on": starts_on,
        "ends_on": starts_on + (days - 1) * _DAY,
        # When half of the days of exposure have their whole window, and when all have.
        "look_1": starts_on + (days // 2 + window) * _DAY,
        "look_2": starts_on + (days + window - 1) * _DAY,
        "window_days": window,
        "min_runtime_days": min(14, days),
        "primary": _scalar(primary.metric_id),
        "direction": primary.direction,
        "guardrail": guardrail,
        "bad_direction": _bad(starter_metrics()[guardrail]),
        "secondary": ", ".join(secondary),
    }
    text = (FOLDER / f"{template}.yml").read_text(encoding="utf-8")
    return Template(text).substitute(words)


def default_primary(template: str) -> str:
    """Id of the starter metric that a template is decided by unless told otherwise."""
    return KINDS[template].primary


def default_weeks(template: str) -> int:
    """How long an experiment of this kind lasts unless told otherwise."""
    return KINDS[template].weeks


def schema_text(kind: str) -> str:
    """The JSON Schema of a file of kind `experiment` or `metric`, for editors."""
    model = {"experiment": ExperimentFile, "metric": MetricFile}[kind]
    return json.dumps(model.model_json_schema(), indent=2) + "\n"


def _bad(metric: Metric) -> str:
    return "decrease" if metric.direction == "increase" else "increase"


def _scalar(value: Any) -> str:
    """The text as a YAML scalar, in quotes only where another value would be read."""
    plain = str(value)
    try:
        same = yaml.safe_load(f"[{plain}]") == [plain] and yaml.safe_load(f"a: {plain} #") == {
            "a": plain
        }
    except yaml.YAMLError:
        same = False
    return plain if same else json.dumps(plain, ensure_ascii=True)
