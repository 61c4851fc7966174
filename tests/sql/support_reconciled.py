"""Why a help desk's own figure of a day is another than ours, counted in plain Python.

Belongs here: rows of reconciliation__source_day, counted again and again with one more of the help
desk's rules. Does not belong here: SQL, or anything read from the dbt project.
"""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .support_clocks import spans_of
from .support_counts import ends
from .support_oracle import SupportOracle
from .support_ticket import DAY, Ticket, local
from .support_tickets import AS_OF

METRICS = ("created_tickets", "solved_tickets", "reopened_tickets", "first_replies",
           "first_reply_business_minutes", "good_ratings", "bad_ratings")  # fmt: skip


@dataclass(frozen=True)
class Moment:
    """Something that a report of a day counts."""

    ticket: Ticket
    metric: str
    at: dt.datetime
    known_at: dt.datetime
    own: float = 1.0
    rule: float = 1.0


def moments_of(ticket: Ticket) -> list[Moment]:
    found = [Moment(ticket, "created_tickets", ticket.created, ticket.created)]
    for at, kind in ticket.changes:
        if kind in ("solved", "reopened"):
            found.append(Moment(ticket, f"{kind}_tickets", at, at))
    if ticket.rating[0]:
        found.append(
            Moment(ticket, f"{ticket.rating[0]}_ratings", ticket.rated_at, ticket.rated_at)
        )
    for span in spans_of(ticket):
        if span.clock == "first_reply" and span.is_over:
            own, rule = (span.business or 0) / 60, (span.one_schedule or 0) / 60
            found.append(Moment(ticket, "first_replies", ticket.created, span.end))
            found.append(
                Moment(ticket, "first_reply_business_minutes", ticket.created, span.end, own, rule)
            )
    return found


def zone_of(oracle: SupportOracle, source: str) -> str:
    zones = {zone for (desk, _), (zone, _) in oracle.hours.items() if desk == source}
    return zones.pop() if len(zones) == 1 else oracle.org_zone


def is_gone(ticket: Ticket, when: dt.datetime) -> bool:
    """Deleted for good, and before that moment; merged ones stay in the help desk."""
    if ticket.row["merged_into_id"] or ticket.status != "deleted":
        return False
    return max(at for at, status in ticket.history if status == "deleted") <= when


def steps(oracle: SupportOracle, moments: list[Moment], report: dict[str, Any]) -> list[float]:
    """The day's figure as we count it, then with one more of the help desk's rules each time."""
    day, told_at = dt.date.fromisoformat(report["subject_id"]), report["reported_at"]
    zone = zone_of(oracle, report["source"])
    is_rule = [m for m in moments if m.metric == report["metric"]
               and m.ticket.source == report["source"]]  # fmt: skip
    ours = [m for m in is_rule if local(m.at, oracle.org_zone).date() == day]
    theirs = [m for m in is_rule if local(m.at, zone).date() == day]

    def total(which: list[Moment], keep: Callable[[Moment], bool], value: Callable) -> float:
        return sum(value(m) for m in which if keep(m))

    def told(moment: Moment) -> float:
        return math.floor(moment.rule)

    def counted(moment: Moment) -> bool:
        return moment.ticket.is_countable

    def lives(moment: Moment) -> bool:
        return not (moment.ticket.row["merged_into_id"] or moment.ticket.status == "deleted")

    def is_there(moment: Moment) -> bool:
        return not is_gone(moment.ticket, told_at)

    return [
        total(ours, counted, lambda m: m.own),
        total(theirs, counted, lambda m: m.own),
        total(theirs, counted, lambda m: m.rule),
        total(theirs, counted, told),
        total(theirs, lives, told),
        total(theirs, is_there, told),
        total(theirs, lambda m: is_there(m) and m.known_at <= told_at, told),
    ]


def day_rows(oracle: SupportOracle) -> set[tuple]:
    """Rows of reconciliation__source_day on the basis of day reports."""
    moments, found = [m for t in oracle.tickets for m in moments_of(t)], set()
    for report in oracle.rows["vendor_reports"]:
        if report["report"] != "support_day" or not report["subject_id"].startswith("2026-03"):
            continue
        day = dt.date.fromisoformat(report["subject_id"])
        values, theirs = steps(oracle, moments, report), report["reported_value"]
        causes = [a - b for a, b in pairwise(values)]
        over = ends(day, oracle.org_zone)
        row = (report["source"], report["metric"], day, values[0], theirs, values[0] - theirs,
               *causes, values[-1] - theirs, oracle.through >= over)  # fmt: skip
        found.add(tuple(round(v, 6) + 0.0 if isinstance(v, float) else v for v in row))
    return found


def add_day_reports(world: Any, oracle: SupportOracle, seed: int) -> None:
    """Reports of the days of March: of some as the help desk would count, of others anything."""
    chance = random.Random(seed)
    moments = [m for t in oracle.tickets for m in moments_of(t)]
    for source in ("zendesk", "frontdesk"):
        for number in range(0, 31, 2):
            day = dt.date(2026, 3, 1) + number * DAY
            at = chance.choice((AS_OF, dt.datetime.combine(day, dt.time(18)) + DAY))
            for metric in METRICS:
                report = {"report": "support_day", "subject_id": day.isoformat(), "source": source,
                          "metric": metric, "reported_at": at}  # fmt: skip
                value = steps(oracle, moments, report)[-1] + chance.choice((0, 0, 0, 1, 7))
                row = {k: v for k, v in report.items() if k != "source"}
                world.add("vendor_reports", source, row | {"reported_value": float(value)})
    nonsense = {"report": "support_day", "metric": "created_tickets", "reported_at": AS_OF}
    for subject in ("yesterday", "2026-13-45", "1999-01-01"):
        world.add("vendor_reports", "zendesk",
                  nonsense | {"subject_id": subject, "reported_value": 1.0})  # fmt: skip
