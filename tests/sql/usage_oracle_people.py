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


def active_days(oracle: UsageOracle) -> Table:
    """active_days__week_day_count without definition_version."""
    table = set()
    for week in weeks_of(oracle):
        last = max(day for day in oracle.spine if monday(day) == week)
        counts = [
            sum(last - 27 * DAY <= day <= last for day in days)
            for days in oracle.days_of.values()
        ]  # fmt: skip
        monthly = sum(count > 0 for count in counts)
        for number in range(1, 29):
            reaching = sum(count >= number for count in counts)
            table.add((
                week, number, last, counts.count(number), reaching, monthly,
                rate(reaching, monthly), *oracle.end(last),
            ))  # fmt: skip
    return table


def feature_stages(oracle: UsageOracle) -> Table:
    """feature_stage__feature_cohort_week without definition_version."""
    table = set()
    for feature in oracle.rows["features"]:
        name, plans = feature["feature_id"], feature.get("entitled_plans")
        released, retired = feature.get("released_on"), feature.get("retired_on")
        exposed: dict[str, dt.date] = {}
        used: dict[str, set[dt.date]] = defaultdict(set)
        for use in oracle.uses:
            if not use.counts:
                continue
            week = monday(use.day)
            if use.feature == name:
                used[use.person].add(week)
            plan = oracle.state(use.account, use.day)[0]
            # A plan counts for the days from its first to its last use in the week.
            days = [
                u.day for u in oracle.uses
                if u.counts and u.person == use.person and monday(u.day) == week
                and oracle.state(u.account, u.day)[0] == plan
            ]  # fmt: skip
            is_out = (released is None or max(days) >= released) and (
                retired is None or min(days) < retired
            )
            is_theirs = plans is None or plan in plans
            if is_out and is_theirs and oracle.has_flag(feature, use.person, days):
                exposed[use.person] = min(week, exposed.get(use.person, week))
        for week in weeks_of(oracle):
            if released and week < monday(released):
                continue
            people = [person for person, first in exposed.items() if first == week]
            tried = repeated = retained = 0
            for person in people:
                mine = sorted(w for w in used[person] if w >= week)
                if mine and mine[0] < week + 4 * WEEK:
                    tried += 1
                    later = [(w - mine[0]).days // 7 for w in mine]
                    repeated += any(1 <= number <= 8 for number in later)
                    retained += any(5 <= number <= 8 for number in later)
            is_tried, _ = oracle.end(week + 27 * DAY)
            is_over, through = oracle.end(week + 83 * DAY)
            parts = [
                (tried if is_tried else 0, len(people) if is_tried else 0),
                (repeated if is_over else 0, tried if is_over else 0),
                (retained if is_over else 0, tried if is_over else 0),
            ]
            table.add((
                name, week, (week - monday(released)).days // 7 if released else None,
                len(people), *(x for num, den in parts for x in (num, den, rate(num, den))),
                is_over, through,
            ))  # fmt: skip
    return table
