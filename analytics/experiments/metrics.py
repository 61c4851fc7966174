"""A metric of experiments as data: what it counts, over which days, and which way is good.

Belongs here: the words of `registry/metrics/<metric_id>.yml`, reading them, the hash of what a
metric counts. Does not belong here: counting (SQL), experiments that use it (`spec.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from analytics.experiments.documents import (
    NUMBER,
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
    nearest,
    quietly,
    shape_problems,
    strays,
)  # fmt: skip

KIND = "metric"
MEASURES = (
    "active_days", "value_events", "features", "sessions", "session_seconds", "tickets",
)  # fmt: skip
# Followed by a feature's id: its events, and the days on which it was used.
FEATURE_MEASURES = ("feature:", "feature_days:")
# What is no part of what it counts; why, `definition_hash` says.
_NO_DEFINITION = {"name", "owner", "unit", "description"}


class Metric(Part):
    """What is counted of each unit in the days after its first exposure."""

    metric_id: Id = Field(description="the id that experiments name; the file is called so too")
    name: Text = Field(description="what people call it")
    description: Text | None = Field(None, description="what it tells, in a sentence")
    kind: Literal["mean", "proportion", "ratio", "quantile"] = Field(
        description="mean (per unit), proportion (of units with any), ratio (of two sums) or "
        "quantile (of sessions)"
    )
    numerator: Text = Field(
        description=f"a measure: {', '.join(MEASURES)}, feature:<feature_id> or "
        "feature_days:<feature_id>"
    )
    denominator: Text | None = Field(None, description="a measure, for a ratio alone")
    from_day: Whole = Field(0, ge=0, le=365, description="first day since exposure that counts")
    to_day: Whole | None = Field(
        None, ge=0, le=365, description="last day that counts; else the last of the window"
    )
    direction: Direction = Field(description="the good direction: increase or decrease")
    cap_quantile: Number | None = Field(
        None, gt=0.5, lt=1, description="values above this quantile of all units count as it"
    )
    quantile: Number | None = Field(
        None, gt=0, lt=1, description="which quantile, such as 0.9, for kind: quantile alone"
    )
    unit: Text | None = Field(None, description="in what it is told, such as people or seconds")
    owner: Text | None = Field(None, description="who answers for it")

    @property
    def last_day(self) -> int:
        """The last day that it names; the window of an experiment must reach it."""
        return max(self.from_day, self.to_day or 0)


class MetricFile(Part):
    """A file in registry/metrics/."""

    kind: Literal["metric"] = Field(description="metric")
    metric: Metric = Field(description="what it counts")


def metric_file_problems(document: str | Mapping[str, Any]) -> tuple[Problem, ...]:
    """All that is wrong with a metric, at once: single fields, then rules across fields.

    Args:
        document: The `metric:` object, a file with it, or the object as JSON text.
    """
    try:
        metric = body(document, KIND)
    except DocumentError as error:
        return error.problems
    found = [*shape_problems(Metric, metric), *_rules(metric)]
    grave = (Problem(p.location, p.words) for p in found)
    return (*strays(document, KIND), *below(KIND, grave))


def read_metric(document: str | Mapping[str, Any]) -> Metric:
    """The metric, if nothing is wrong with it.

    Args:
        document: The `metric:` object, a file with it, or the object as JSON text.

    Raises:
        DocumentError: With everything that is wrong.
    """
    if found := metric_file_problems(document):
        raise DocumentError(found)
    return Metric.model_validate(body(document, KIND))


def definition_hash(metric: Metric) -> str:
    """SHA-256 of what the metric counts, as canonical JSON.

    `name`, `description`, `unit` and `owner` are left out: they tell of it and change nothing.
    """
    counted = metric.model_dump(mode="json", exclude=_NO_DEFINITION)
    text = json.dumps(counted, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _rules(metric: Mapping[str, Any]) -> Iterator[Problem]:
    kind = metric.get("kind")
    for word in ("numerator", "denominator"):
        yield from _measure(word, metric.get(word))
    if kind == "ratio":
        if "denominator" not in metric:
            yield Problem(("denominator",), "is missing; a ratio is one measure by another")
        elif metric["denominator"] == metric.get("numerator"):
            words = "is the numerator too, so it is always 1; name another measure"
            yield Problem(("denominator",), words)
    elif "denominator" in metric:
        yield Problem(("denominator",), f"goes with kind: ratio, not {kind}; take it out")
    if kind == "quantile":
        if "quantile" not in metric:
            yield Problem(("quantile",), "is missing; say which one, such as 0.9")
        if metric.get("numerator") not in (None, "session_seconds"):
            words = f"is {metric['numerator']}; a quantile is of session_seconds"
            yield Problem(("numerator",), words)
    elif "quantile" in metric:
        yield Problem(("quantile",), f"goes with kind: quantile, not {kind}; take it out")
    if "cap_quantile" in metric and kind not in ("mean", "ratio"):
        words = f"goes with kind: mean or ratio, not {kind}; take it out"
        yield Problem(("cap_quantile",), words)
    first, last = quietly(NUMBER, metric.get("from_day", 0)), quietly(NUMBER, metric.get("to_day"))
    if first is not None and last is not None and last < first:
        words = f"{last:g} lies before from_day, {first:g}; days count from exposure on"
        yield Problem(("to_day",), words)


def _measure(word: str, measure: Any) -> Iterator[Problem]:
    if not isinstance(measure, str) or measure in MEASURES:
        return
    if any(measure.startswith(start) and measure != start for start in FEATURE_MEASURES):
        return
    known = ", ".join((*MEASURES, *(f"{start}<feature_id>" for start in FEATURE_MEASURES)))
    hint = nearest(measure, MEASURES)
    yield Problem((word,), f"{measure} is no measure{hint} (known: {known})")
