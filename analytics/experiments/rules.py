"""Rules of an experiment's plan that concern several fields, or the metrics beside it.

Belongs here: what must fit together, and what is weak. Does not belong here: single fields
(`spec.py`). Rules read the file as it stands, so that one mistake never hides another: where a
field can't be read, only the rules that need it are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Any

from analytics.experiments.documents import DAY, Problem, below, body, nearest, quietly
from analytics.experiments.metrics import Metric
from analytics.experiments.plan import Plan

_HYPOTHESIS = ("because", "we_believe", "will_cause", "for_users")
_DAY = timedelta(days=1)


def rule_problems(experiment: Mapping[str, Any]) -> Iterator[Problem]:
    """What does not fit together in the `experiment:` object, and what is weak."""
    plan = Plan(experiment)
    rules = (
        _variations, _weights, _run_time, _looks, _looks_in_time, _metrics, _hypothesis,
        _decision, _shipped, _weak, _unfilled,
    )  # fmt: skip
    for rule in rules:
        yield from rule(plan)


def metric_problems(
    document: str | Mapping[str, Any], metrics: Mapping[str, Metric | None]
) -> tuple[Problem, ...]:
    """Metrics that are named and do not exist, or do not fit the plan.

    Args:
        document: The `experiment:` object, a file with it, or the object as JSON text.
        metrics: The known ones; None for one whose own file is wrong.
    """
    found = _misfits(Plan(body(document, "experiment")), metrics)
    return tuple(below("experiment", found))


def _misfits(plan: Plan, metrics: Mapping[str, Metric | None]) -> Iterator[Problem]:
    for named in plan.metrics():
        name = named.metric
        if name not in metrics:
            remedy = nearest(name, metrics) or f"; write registry/metrics/{name}.yml"
            yield Problem(named.location, f"no metric has the id {name}{remedy}")
        elif metric := metrics[name]:
            window, last = plan.window_days, metric.last_day
            if window is not None and last >= window:
                words = (
                    f"{name} needs day {last}, but the window of the experiment ends with day "
                    f"{window - 1}; set analysis.window_days to {last + 1}"
                )
                yield Problem(named.location, words)
            good, bad = named.said.get("direction"), named.said.get("bad_direction")
            if bad == metric.direction or good not in (None, metric.direction):
                words = f"for {name} it is good to {metric.direction}; is it meant otherwise here?"
                yield Problem(named.location, words, "warning")


def _variations(plan: Plan) -> Iterator[Problem]:
    if not isinstance(plan.said.get("variations"), list):
        return
    if len(plan.variations) < 2:
        words = "are fewer than two; name what it is compared with, and mark that is_control: true"
        yield Problem(("variations",), words)
    for at, name in enumerate(plan.ids):
        if name and name in plan.ids[:at]:
            words = f"{name} stands there twice; give each variation an id of its own"
            yield Problem(("variations", at, "id"), words)
    if not plan.controls:
        words = "have no control; write is_control: true at the one that others are compared with"
        yield Problem(("variations",), words, "gap")
    for at in plan.controls[1:]:
        words = "is a second control; leave is_control: true at one variation"
        yield Problem(("variations", at, "is_control"), words)


def _weights(plan: Plan) -> Iterator[Problem]:
    if not plan.weights:
        return
    total = math.fsum(plan.weights)
    if abs(total - 1) > 1e-9:
        words = f"have weights that sum to {total:.10g}; make them sum to 1"
        yield Problem(("variations",), words)
    elif max(plan.weights) - min(plan.weights) > 1e-9 and plan.said.get("template") != "holdout":
        words = "have uneven weights; the same number of units tells most when they are even"
        yield Problem(("variations",), words, "warning")


def _run_time(plan: Plan) -> Iterator[Problem]:
    if plan.starts_on is None or plan.ends_on is None:
        return
    days = (plan.ends_on - plan.starts_on).days + 1
    if days < 1:
        words = f"{plan.ends_on} lies before starts_on, {plan.starts_on}; give the last day"
        yield Problem(("ends_on",), words)
        return
    if days % 7:
        better = plan.ends_on + (7 - days % 7) * _DAY
        words = f"makes {days} days, no whole weeks; end on {better}, because weekdays differ"
        yield Problem(("ends_on",), words, "warning")
    least = plan.min_runtime_days
    if least is not None and least > days:
        words = f"is {least}, but exposure lasts {days} days; run longer or ask for fewer"
        yield Problem(("analysis", "min_runtime_days"), words)


def _looks(plan: Plan) -> Iterator[Problem]:
    looks = plan.part("analysis").get("looks", [])
    if plan.method != "group_sequential":
        if looks:
            words = f"go with method: group_sequential, not {plan.method}; change it or drop them"
            yield Problem(("analysis", "looks"), words)
    elif isinstance(looks, list):
        if len(looks) < 2:
            words = "are fewer than two; plan at least two days, or take method: fixed_horizon"
            yield Problem(("analysis", "looks"), words)
        days = [quietly(DAY, look) for look in looks]
        for at, (earlier, later) in enumerate(pairwise(days), start=1):
            if earlier and later and later <= earlier:
                words = f"{later} does not come after {earlier}; sort the looks, each day once"
                yield Problem(("analysis", "looks", at), words)


def _looks_in_time(plan: Plan) -> Iterator[Problem]:
    looks, window = plan.part("analysis").get("looks"), plan.window_days
    if plan.method != "group_sequential" or not isinstance(looks, list) or not window or not looks:
        return
    days = [quietly(DAY, look) for look in looks]
    if plan.starts_on:
        first = plan.starts_on + (max(window, plan.min_runtime_days or 1) - 1) * _DAY
        for at, look in enumerate(days):
            if look and look < first:
                words = (
                    f"{look} is too early: the window of the first units and min_runtime_days end "
                    f"on {first}; look then or later"
                )
                yield Problem(("analysis", "looks", at), words)
    last = days[-1]
    if last and plan.ends_on and last < (mature_on := plan.ends_on + (window - 1) * _DAY):
        words = (
            f"{last} is the last look, but the window of the last units ends on {mature_on}; "
            "look then or later"
        )
        yield Problem(("analysis", "looks", len(days) - 1), words)


def _metrics(plan: Plan) -> Iterator[Problem]:
    if not plan.said.get("guardrails") and plan.said.get("template") != "aa_test":
        words = "are missing; name at least one metric that must not get worse, such as tickets"
        yield Problem(("guardrails",), words, "gap")
    seen: dict[str, str] = {}
    for named in plan.metrics():
        if named.metric in seen:
            words = f"{named.metric} stands under {seen[named.metric]} already; name it once"
            yield Problem(named.location, words)
        seen.setdefault(named.metric, named.role)
    older, primary = plan.said.get("primary_metric"), plan.part("primary").get("metric")
    if older and primary and older != primary:
        words = f"says {older}, primary.metric says {primary}; take primary_metric out"
        yield Problem(("primary_metric",), words)


def _hypothesis(plan: Plan) -> Iterator[Problem]:
    if isinstance(plan.said.get("hypothesis"), str) or "statement" in plan.part("hypothesis"):
        words = f"is one text; say {', '.join(_HYPOTHESIS)}, so that a result can contradict it"
        yield Problem(("hypothesis",), words, "warning")
    elif isinstance(plan.said.get("hypothesis"), Mapping):
        for word in _HYPOTHESIS:
            if word not in plan.part("hypothesis"):
                words = f"is missing; a hypothesis says {', '.join(_HYPOTHESIS)}"
                yield Problem(("hypothesis", word), words)


def _decision(plan: Plan) -> Iterator[Problem]:
    decision = plan.part("decision")
    if plan.status == "decided" and "decision" not in plan.said:
        words = "is missing; status decided needs outcome, decided_on, decided_by and rationale"
        yield Problem(("decision",), words, "gap")
    if not decision:
        return
    if plan.status != "decided":
        words = f"is there, but status is {plan.status}; write status: decided, or take it out"
        yield Problem(("decision",), words)
    decided_on = quietly(DAY, decision.get("decided_on"))
    if plan.starts_on and decided_on and decided_on < plan.starts_on:
        words = f"{decided_on} lies before starts_on, {plan.starts_on}; give the day it was decided"
        yield Problem(("decision", "decided_on"), words)
    if "learning" not in decision:
        words = "is missing; say what is known now that was not known before"
        yield Problem(("decision", "learning"), words, "warning")


def _shipped(plan: Plan) -> Iterator[Problem]:
    decision = plan.part("decision")
    name, is_ship = decision.get("variation"), decision.get("outcome") == "ship"
    known = ", ".join(plan.ids)
    if name is not None and str(name) not in plan.ids:
        words = f"{name} is no variation{nearest(str(name), plan.ids)} (known: {known})"
        yield Problem(("decision", "variation"), words)
    if is_ship and plan.said.get("template") == "aa_test":
        words = "is ship, but an A/A test has nothing to ship; write stop or continue"
        yield Problem(("decision", "outcome"), words)
    elif is_ship and name is None:
        words = f"is missing; say which one is shipped: {known}"
        yield Problem(("decision", "variation"), words)
    elif is_ship and str(name) in {plan.ids[at] for at in plan.controls}:
        words = f"{name} is the control; to stay with it is outcome: stop"
        yield Problem(("decision", "variation"), words)


def _weak(plan: Plan) -> Iterator[Problem]:
    primary, treatments = plan.part("primary"), len(plan.variations) - 1
    if primary and "baseline" not in primary:
        words = "is missing; with the metric's value today the run time can be planned"
        yield Problem(("primary", "baseline"), words, "warning")
    if plan.part("analysis").get("multiplicity") == "none" and treatments > 1:
        words = f"is none with {treatments} treatments; holm keeps alpha what it says"
        yield Problem(("analysis", "multiplicity"), words, "warning")


def _unfilled(plan: Plan) -> Iterator[Problem]:
    for location, text in plan.texts():
        if text.startswith("<") and text.endswith(">"):
            words = f"is still to be filled in: {text[1:-1]}"
            yield Problem(location, words, "warning" if plan.status == "draft" else "error")
