"""Expected units of each experiment, and how each of them ends.

Belongs here: brute-force counting over hits and exposures, and what the four were planted for. Does
not belong here: statistics; the effect of an experiment is no number that was planted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from demo import catalog, experiments
from demo.truth_usage import Usage

# By experiment: how it must end. What is not named here (VALID or CAUTION, say) chance decides.
ENDS: dict[str, dict[str, Any]] = {
    catalog.EXPERIMENT: {"is_readable": True, "recommendation": "ship", "is_win": True},
    experiments.SKEWED: {
        "state": "INVALID", "recommendation": "none", "failed_gates": ["sample_ratio"]},
    experiments.QUIET: {"is_readable": True, "recommendation": "stop", "is_win": False},
    experiments.RUNNING: {"state": "TOO_EARLY", "recommendation": "continue"},
}  # fmt: skip
_DEFINITION = (
    "Countable people that were exposed up to now, by the variation that they saw first; crossover:"
    " saw both. `ends`: what the scorecard must say of it; where an experiment may not be read, no "
    "figure of its effect is shown."
)


def experiments_truth(usage: Usage) -> dict[str, Any]:
    """All that is expected of experiments."""
    shown = [*_viewed(usage), *_served(usage)]
    return {
        "experiments": {
            "definition": _DEFINITION,
            "by_experiment": {
                plan["experiment_id"]: {
                    "status": plan["status"],
                    **_units(plan, (s for s in shown if s[0] == plan["experiment_id"])),
                    "ends": ENDS[plan["experiment_id"]],
                }
                for plan in experiments.plans()
            },
        }
    }


Shown = tuple[str, str, str, str]  # experiment, person, when, variation


def _viewed(usage: Usage) -> Iterable[Shown]:
    """Exposures that are events of the product."""
    for hit in usage.hits:
        if hit.name == "Experiment Viewed":
            person_id, person = usage.person_of(hit)
            if person and person.kind == "customer":
                at = f"{hit.occurred:015}"
                yield catalog.EXPERIMENT, person_id, at, hit.properties["variation_id"]


def _served(usage: Usage) -> Iterable[Shown]:
    """Exposures that the flag service tells."""
    people = usage.people
    for user_id, at, experiment_id, arm in experiments.exposures(usage.hits, [*people.values()]):
        yield experiment_id, people[user_id].person_id, at, arm


def _units(plan: dict[str, Any], shown: Iterable[Shown]) -> dict[str, Any]:
    arms: dict[str, list[str]] = {}
    for _, person, _, arm in sorted(shown, key=lambda one: one[2]):
        arms.setdefault(person, []).append(arm)
    first = [seen[0] for seen in arms.values()]
    return {
        "units": {v["id"]: first.count(v["id"]) for v in plan["variations"]},
        "crossover_units": sum(len(set(seen)) > 1 for seen in arms.values()),
    }
