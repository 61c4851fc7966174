"""More usage marts in plain Python: what people do over weeks, counted person by person.

Belongs here: marts that are counted from people's days. Does not belong here: those that need the
events themselves (usage_oracle_events), how test data are made.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from .usage_facts import DAY
from .usage_oracle import Table, UsageOracle, monday, rate

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
