"""What became of promises to answer and solve in time, counted in plain Python.

Belongs here: rows of sla__policy_week. Does not belong here: the clocks themselves
(`support_clocks`), SQL, or anything read from the dbt project.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter

from .support_clocks import Span, spans_of
from .support_counts import ends, monday, rounded, share, wilson
from .support_oracle import SupportOracle
from .support_ticket import DAY, Row, local

CLOCKS = {"first_reply": "first_reply", "next_reply": "next_reply", "resolution": "full_resolution"}


def holds_on(policy: Row, day: dt.date) -> bool:
    first, last = policy["starts_on"], policy["ends_on"]
    return (not first or first <= day.isoformat()) and (not last or day.isoformat() < last)


def verdict(policy: Row, span: Span) -> str:
    elapsed = span.business if policy["hours"] == "business" else span.seconds
    if elapsed is None:
        return "unknown"
    if elapsed > policy["target_minutes"] * 60:
        return "breached"
    return "achieved" if span.is_over else "active" if span.is_running else "called off"


def sla_rows(oracle: SupportOracle) -> set[tuple]:
    """sla__policy_week without definition_version."""
    spans = [s for t in oracle.tickets if t.is_countable for s in spans_of(t)]
    first = local(min(t.created for t in oracle.tickets), oracle.org_zone).date()
    last = local(oracle.last, oracle.org_zone).date()
    found = set()
    for policy in oracle.rows["sla_policies"]:
        week = monday(first)
        while week <= last:
            days = [week + DAY * n for n in range(7)]
            if any(holds_on(policy, day) for day in days):
                mine = [
                    s
                    for s in spans
                    if s.clock == CLOCKS[policy["metric"]]
                    and local(s.start, oracle.org_zone).date() in days
                    and holds_on(policy, local(s.start, oracle.org_zone).date())
                    and policy["priority"] in (None, s.priority)
                ]
                found.add(_row(oracle, policy, week, Counter(verdict(policy, s) for s in mine)))
            week += 7 * DAY
    return found


def _row(oracle: SupportOracle, policy: Row, week: dt.date, counts: Counter[str]) -> tuple:
    good, bad, active = counts["achieved"], counts["breached"], counts["active"]
    over = ends(week + 6 * DAY, oracle.org_zone)
    shown = ends(min(week + 6 * DAY, local(oracle.last, oracle.org_zone).date()), oracle.org_zone)
    return rounded(
        (
            policy["policy_id"],
            week,
            None,
            policy["metric"],
            policy["priority"],
            policy["hours"],
            policy["target_minutes"] * 60,
            good + bad + active,
            good,
            bad,
            active,
            counts["called off"],
            counts["unknown"],
            good,
            good + bad,
            share(good, good + bad),
            wilson(good, good + bad, -1),
            wilson(good, good + bad, 1),
            oracle.through >= over and active == 0,
            min(oracle.through, shown),
        )
    )
