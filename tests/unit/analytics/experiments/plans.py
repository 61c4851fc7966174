"""Plans and metrics that are right, to be spoilt by tests."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

PLAN = """
kind: experiment
experiment:
  experiment_id: exp_checklist
  name: Onboarding checklist
  template: ab_standard
  owner: pm-platform
  team: platform
  tags: [onboarding]
  hypothesis:
    because: four of ten new people never come back
    we_believe: a checklist on the first day
    will_cause: more people to return in the second week
    for_users: new people of paying accounts
  feature_id: onboarding
  unit: person
  status: decided
  starts_on: 2026-05-04
  ends_on: 2026-06-14
  targeting: New people of paying accounts
  coverage: 1.0
  variations:
    - {id: control, name: No checklist, weight: 0.5, is_control: true}
    - {id: treatment, name: Checklist, weight: 0.5}
  primary: {metric: week_2_return, direction: increase, mde_relative: 0.10, baseline: 0.31}
  guardrails:
    - {metric: tickets, bad_direction: increase, margin_relative: 0.10}
  secondary: [features_used, {metric: sessions, direction: increase}]
  analysis:
    method: group_sequential
    alpha: 0.05
    power: 0.8
    looks: [2026-05-25, 2026-06-28]
    cuped_days: 14
    window_days: 14
    min_runtime_days: 14
    multiplicity: holm
  decision:
    outcome: ship
    variation: treatment
    decided_on: 2026-06-30
    decided_by: pm-platform
    rationale: More people came back, and nobody wrote to us about it.
    learning: The first day decides.
    override: false
"""

# As companies wrote it before plans were known.
SHORT = """
experiment_id: exp_old
name: Old one
hypothesis: A checklist brings more people back.
owner: pm-platform
unit: person
status: stopped
starts_on: 2026-05-04
ends_on: 2026-06-14
primary_metric: retention
variations:
  - {id: control, name: Without, weight: 0.5}
  - {id: treatment, name: With, weight: 0.5}
"""

METRIC = {
    "metric_id": "week_2_return",
    "name": "Came back in the second week",
    "kind": "proportion",
    "numerator": "active_days",
    "denominator": None,
    "from_day": 7,
    "to_day": 13,
    "direction": "increase",
    "unit": "people",
    "owner": "product-analytics",
}

GONE = object()


def spoilt(document: dict[str, Any], *steps: str | int, to: Any = GONE) -> dict[str, Any]:
    """A copy with another value at one place, or with nothing there."""
    copy = deepcopy(document)
    place: Any = copy
    for step in steps[:-1]:
        place = place[step]
    if to is GONE:
        del place[steps[-1]]
    else:
        place[steps[-1]] = to
    return copy
