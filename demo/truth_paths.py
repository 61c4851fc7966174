"""Expected numbers of paths: who goes from one event to the next, who is activated in time.

Belongs here: brute-force counting over hits, by the written definitions. Does not belong here:
SQL or anything that the warehouse would also use.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from demo import catalog
from demo.company import week_of
from demo.truth_usage import Usage

_HOUR = 3_600_000


def _funnel(usage: Usage) -> dict[str, Any]:
    funnel = catalog.FUNNELS[0]
    first, last = funnel["steps"]
    entries: dict[str, tuple[int, date]] = {}
    exits: dict[str, list[int]] = defaultdict(list)
    for hit in usage.hits:
        person_id, person = usage.person_of(hit)
        if hit.is_active is False or not usage.may_count(hit, person):
            continue
        if hit.name == first:
            entry = (hit.occurred, usage.day_of(hit, person))
            entries[person_id] = min(entry, entries.get(person_id, entry))
        elif hit.name == last:
            exits[person_id].append(hit.occurred)
    weeks: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for person_id, (entered, day) in entries.items():
        until = entered + funnel["window_hours"] * _HOUR
        week = weeks[week_of(day).isoformat()]
        week[0] += 1
        week[1] += any(entered < at <= until for at in exits[person_id])
    return {
        "funnel_id": funnel["funnel_id"],
        "definition": f"Countable people by the ISO week (local dates) of their first '{first}' "
        f"ever, and those of them with a '{last}' after it, within {funnel['window_hours']} hours.",
        "weeks": dict(sorted(weeks.items())),
    }


def _activation(usage: Usage) -> dict[str, Any]:
    criteria = catalog.ACTIVATION[0]
    days: dict[str, list[date]] = defaultdict(list)
    for person_id, day, _, _, is_countable in usage.values:
        if is_countable:
            days[person_id].append(day)
    weeks: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for uses in days.values():
        born = min(uses)
        until = born + timedelta(criteria["within_days"])
        week = weeks[week_of(born).isoformat()]
        week[0] += 1
        week[1] += sum(day < until for day in uses) >= criteria["use_count"]
    return {
        "criteria_id": criteria["criteria_id"],
        "definition": "Countable people by the ISO week (local dates) of their first value event, "
        f"and those of them with at least {criteria['use_count']} value events in the "
        f"{criteria['within_days']} days that begin with that day.",
        "weeks": dict(sorted(weeks.items())),
    }


def paths_truth(usage: Usage) -> dict[str, Any]:
    """All that is expected of paths."""
    return {"funnel": _funnel(usage), "activation": _activation(usage)}
