"""More usage marts in plain Python: what people do over weeks, counted person by person.

Belongs here: marts that are counted from people's days. Does not belong here: those that need the
events themselves (usage_oracle_events), how test data are made.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from .usage_facts import DAY
from .usage_oracle import Table, UsageOracle, monday, over_at, rate

WEEK = 7 * DAY


def weeks_of(oracle: UsageOracle) -> list[dt.date]:
    return sorted({monday(day) for day in oracle.spine})


def lifecycle(oracle: UsageOracle) -> Table:
    """lifecycle__weekly without definition_version."""
    seen: dict[str, dict[str, set[dt.date]]] = defaultdict(lambda: defaultdict(set))
    for use in oracle.uses:
        if use.counts:
            for segment in ("all", oracle.state(use.account, use.day)[0]):
                seen[segment][use.person].add(monday(use.day))
    table = set()
    for segment in {"all", *oracle.plans()}:
        for week in weeks_of(oracle):
            counts = dict.fromkeys(("active", "before", "new", "ret", "res", "dormant"), 0)
            for person, weeks in seen[segment].items():
                now, before = week in weeks, week - WEEK in weeks
                born = monday(min(oracle.days_of[person]))
                counts["active"] += now
                counts["before"] += before
                counts["new"] += now and born == week
                counts["ret"] += now and before
                counts["res"] += now and not before and born < week
                counts["dormant"] += before and not now
            came = counts["new"] + counts["res"]
            table.add((
                week, segment, *counts.values(), came, counts["dormant"],
                rate(came, counts["dormant"]), *oracle.end(week + 6 * DAY),
            ))  # fmt: skip
    return table


def last_day_over(oracle: UsageOracle) -> dt.date | None:
    return max((day for day in oracle.spine if oracle.end(day)[0]), default=None)


def median_wait(waits: list[tuple[int, bool]]) -> float | None:
    """Median of waits of which some go on: the share of those still waiting, moment by moment."""
    share, half = 1.0, None
    for moment in sorted({wait for wait, is_over in waits if is_over}):
        at_risk = sum(wait >= moment for wait, _ in waits)
        over = sum(wait == moment and is_over for wait, is_over in waits)
        share *= 1 - over / at_risk
        if half is not None and share < 0.5 - 1e-9:
            return (half + moment) / 2
        if half is None and share <= 0.5 + 1e-9:
            half = moment
            if share < 0.5 - 1e-9:
                return float(moment)
    return None if half is None else float(half)


def activation(oracle: UsageOracle) -> Table:
    """activation__cohort_week without definition_version."""
    last_over = last_day_over(oracle)
    table = set()
    for rule in oracle.rows["activation_criteria"]:
        days_of: dict[str, list[dt.date]] = defaultdict(list)
        for use in oracle.uses:
            wanted = rule.get("feature_id")
            if use.counts and last_over and use.day <= last_over and wanted in (None, use.feature):
                days_of[use.person].append(use.day)
        for week in weeks_of(oracle):
            cohort = [p for p, days in oracle.days_of.items() if monday(min(days)) == week]
            of_age = in_time = ever = 0
            waits = []
            for person in cohort:
                born = min(oracle.days_of[person])
                uses = sorted(days_of[person])
                met = uses[rule["use_count"] - 1] if len(uses) >= rule["use_count"] else None
                ever += met is not None
                if last_over and last_over >= born:
                    waits.append((((met or last_over) - born).days, met is not None))
                if last_over and (last_over - born).days >= rule["within_days"] - 1:
                    of_age += 1
                    in_time += met is not None and (met - born).days < rule["within_days"]
            end = week + (6 + rule["within_days"] - 1) * DAY
            table.add((
                rule["criteria_id"], rule["criteria_version"], week,
                rule.get("criteria_name") or rule["criteria_id"], rule["within_days"], len(cohort),
                in_time, of_age, rate(in_time, of_age), ever, len(cohort) - ever,
                median_wait(waits), bool(last_over and end <= last_over),
                min(oracle.high_water, over_at(end)),
            ))  # fmt: skip
    return table
