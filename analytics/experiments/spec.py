"""An experiment's plan as data: what it is made of, reading it, its fingerprint.

Belongs here: the words of `registry/experiments/<experiment_id>.yml`, their ranges and defaults,
reading them, the hash of what was promised. Does not belong here: rules that concern several
fields or files (`rules.py`), what became of the experiment.

`read_spec` gives a `Spec` or raises `DocumentError` with all problems at once. A file of the older,
short form (a name, a hypothesis as text, variations, `primary_metric`) still lands, but can't be
analysed: its error's `is_short` is true, and its problems are the reasons.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from analytics.experiments.documents import (
    Day,
    Direction,
    DocumentError,
    Id,
    Number,
    Part,
    Problem,
    Text,
    Whole,
    below,
    body,
    shape_problems,
    strays,
)  # fmt: skip
from analytics.experiments.rules import rule_problems

KIND = "experiment"
Template = Literal[
    "ab_standard", "aa_test", "non_inferiority", "multi_arm", "ratio_metric", "holdout"
]
# Words that the older, short files did not have.
_FULL_WORDS = ("template", "primary", "guardrails", "secondary", "analysis")
# What is no promise about the result; why, `prereg_hash` says.
_NO_PROMISE = {"name", "owner", "team", "tags", "status", "decision", "primary_metric"}


class Hypothesis(Part):
    """Why a change should help whom, so that the result can contradict it."""

    because: Text | None = Field(None, description="what you saw: a figure, a ticket, an interview")
    we_believe: Text | None = Field(None, description="the change that you make")
    will_cause: Text | None = Field(None, description="what people will then do otherwise")
    for_users: Text | None = Field(None, description="for whom")
    statement: Text | None = Field(
        None, description="the whole hypothesis as one text; older files have it so"
    )


class Variation(Part):
    """One of the things that people may get."""

    id: Id = Field(description="the id that exposures name, such as treatment")
    name: Text = Field(description="what people get, in words")
    weight: Number = Field(gt=0, le=1, description="the share of units that get it, such as 0.5")
    is_control: bool = Field(False, description="true for the one that others are compared with")


class Primary(Part):
    """The one metric that decides."""

    metric: Id = Field(description="the metric_id of a file in registry/metrics/")
    direction: Direction = Field(description="the good direction: increase or decrease")
    mde_relative: Number = Field(
        gt=0,
        le=1,
        description="the smallest relative change worth acting on, such as 0.05 for 5 %; in a "
        "non-inferiority test the largest loss that you accept",
    )
    baseline: Number | None = Field(None, description="the metric's value today, for the plan")


class Guardrail(Part):
    """A metric that must not get worse than by its margin."""

    metric: Id = Field(description="the metric_id of a file in registry/metrics/")
    bad_direction: Direction = Field(description="the bad direction: increase or decrease")
    margin_relative: Number = Field(
        gt=0, le=1, description="the relative harm that you accept, such as 0.05 for 5 %"
    )


class Secondary(Part):
    """A metric that explains, but does not decide."""

    metric: Id = Field(description="the metric_id of a file in registry/metrics/")
    direction: Direction | None = Field(
        None, description="the good direction, where it is not the metric's own"
    )


class Analysis(Part):
    """How the result will be read, said before there is one."""

    method: Literal["fixed_horizon", "group_sequential", "always_valid"] = Field(
        "fixed_horizon",
        description="fixed_horizon (read once), group_sequential (read at planned looks) or "
        "always_valid (read whenever you like, at the price of power)",
    )
    alpha: Number = Field(
        0.05, gt=0, le=0.2, description="the chance of a false alarm, such as 0.05"
    )
    power: Number = Field(
        0.8, ge=0.5, lt=1, description="the chance to see the smallest change, such as 0.8"
    )
    looks: tuple[Day, ...] = Field(
        (), description="the days on which a group_sequential result is read, such as 2026-05-25"
    )
    cuped_days: Whole = Field(
        14, ge=0, le=365, description="days before exposure that reduce noise; 0 for none"
    )
    window_days: Whole = Field(
        14, ge=1, le=365, description="days from first exposure on that count for each unit"
    )
    min_runtime_days: Whole = Field(
        14, ge=7, le=365, description="days of exposure before anything is read, 7 or more"
    )
    multiplicity: Literal["holm", "none"] = Field(
        "holm", description="holm corrects for several variations, none does not"
    )


class Decision(Part):
    """What was done in the end, and why."""

    outcome: Literal["ship", "stop", "iterate", "continue"] = Field(
        description="ship, stop, iterate or continue"
    )
    variation: Id | None = Field(None, description="the id of the variation that is shipped")
    decided_on: Day = Field(description="the day, such as 2026-06-30")
    decided_by: Text = Field(description="who decided")
    rationale: Text = Field(description="why, in one or two sentences")
    learning: Text | None = Field(None, description="what is known now that was not known before")
    override: bool = Field(False, description="true where the decision goes against the readout")


def _statement(value: Any) -> Any:
    return {"statement": value} if isinstance(value, str) else value


def _metric(value: Any) -> Any:
    return {"metric": value} if isinstance(value, str) else value


class Spec(Part):
    """An experiment as it is planned, and in the end what was decided."""

    experiment_id: Id = Field(description="the id that exposures name; the file is called so too")
    name: Text = Field(description="what people call it")
    template: Template = Field("ab_standard", description="the kind of experiment")
    owner: Text = Field(description="who answers for it")
    team: Text | None = Field(None, description="the team that it counts for")
    tags: tuple[Text, ...] = Field((), description="words to find it by")
    hypothesis: Annotated[
        Hypothesis, BeforeValidator(_statement, json_schema_input_type=str | Hypothesis)
    ] = Field(description="because, we_believe, will_cause and for_users")
    feature_id: Text | None = Field(None, description="the feature that it changes")
    unit: Literal["person", "account"] = Field(
        "person", description="what is given a variation: person or account"
    )
    status: Literal["draft", "running", "stopped", "decided"] = Field(
        "draft", description="draft, running, stopped or decided"
    )
    starts_on: Day = Field(description="the first day of exposure, such as 2026-05-04")
    ends_on: Day = Field(description="the last day of exposure, such as 2026-05-31")
    targeting: Text | None = Field(None, description="who may take part, in words")
    coverage: Number = Field(
        1.0, gt=0, le=1, description="the share of those that take part, such as 0.5"
    )
    variations: tuple[Variation, ...] = Field(
        description="a list of two or more, each with id, name and weight"
    )
    primary: Primary = Field(description="metric, direction and mde_relative")
    guardrails: tuple[Guardrail, ...] = Field(
        (), description="a list of metrics, each with bad_direction and margin_relative"
    )
    secondary: tuple[
        Annotated[Secondary, BeforeValidator(_metric, json_schema_input_type=str | Secondary)], ...
    ] = Field((), description="a list of metrics that explain")
    analysis: Analysis = Field(Analysis(), description="how the result will be read")
    decision: Decision | None = Field(
        None, description="outcome, decided_on, decided_by and rationale"
    )
    primary_metric: Text | None = Field(None, description="the older word for primary.metric")

    @property
    def control(self) -> Variation:
        """The variation that the others are compared with."""
        return next(variation for variation in self.variations if variation.is_control)

    @property
    def treatments(self) -> tuple[Variation, ...]:
        """The other variations, in the order of the file."""
        return tuple(variation for variation in self.variations if not variation.is_control)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Ids of all metrics: the primary, the guardrails, the secondary."""
        others = (*self.guardrails, *self.secondary)
        return (self.primary.metric, *(part.metric for part in others))

    @property
    def run_days(self) -> int:
        """Planned days of exposure."""
        return (self.ends_on - self.starts_on).days + 1

    @property
    def mature_on(self) -> date:
        """The day that completes the window of those who were exposed last."""
        return self.ends_on + timedelta(days=self.analysis.window_days - 1)

    @property
    def is_non_inferiority(self) -> bool:
        """Whether it is to show no harm beyond `primary.mde_relative`, rather than a gain."""
        return self.template == "non_inferiority"


class ExperimentFile(Part):
    """A file in registry/experiments/."""

    kind: Literal["experiment"] = Field(description="experiment")
    experiment: Spec = Field(description="the plan")


def is_short(document: Mapping[str, Any]) -> bool:
    """Whether the `experiment:` object has none of the words that a plan to be analysed needs."""
    return not any(word in document for word in _FULL_WORDS)


def problems_of(document: str | Mapping[str, Any]) -> tuple[Problem, ...]:
    """All that is wrong or weak, at once: single fields, then rules across fields.

    Args:
        document: The `experiment:` object, a file with it, or the object as JSON text.
    """
    try:
        experiment = body(document, KIND)
    except DocumentError as error:
        return error.problems
    found = [*shape_problems(Spec, experiment), *rule_problems(experiment)]
    if not is_short(experiment):
        found = [_graver(problem) for problem in found]
    return (*strays(document, KIND), *below(KIND, found))


def read_spec(document: str | Mapping[str, Any]) -> Spec:
    """The plan, if nothing is wrong with it; warnings do not matter here.

    Args:
        document: The `experiment:` object, a file with it, or the object as JSON text.

    Raises:
        DocumentError: With everything that is wrong, or that a short file lacks.
    """
    if grave := [p for p in problems_of(document) if p.severity != "warning"]:
        raise DocumentError(grave)
    return Spec.model_validate(body(document, KIND))


def prereg_hash(spec: Spec) -> str:
    """SHA-256 of what was promised before the start, as canonical JSON.

    All fields count, with their defaults, save these, which promise nothing about the result:
    `name` and `tags` are for finding it and may be put better at any time; `owner` and `team`
    change when people do; `status` and `decision` are what happens afterwards, and must not look
    like a change of the plan; `primary_metric` repeats `primary.metric`.

    How numbers and texts are written, the order of words, of variations and of metrics do not
    count. What a metric counts is not in it: see `metrics.definition_hash`.
    """
    promised = spec.model_dump(mode="json", exclude=_NO_PROMISE)
    promised["variations"].sort(key=lambda part: part["id"])
    for word in ("guardrails", "secondary"):
        promised[word].sort(key=lambda part: part["metric"])
    text = json.dumps(promised, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _graver(problem: Problem) -> Problem:
    if problem.severity != "gap":
        return problem
    return Problem(problem.location, problem.words, "error")
