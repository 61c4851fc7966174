"""All clocks of one support ticket and what its help desk says of them, counted in plain Python.

Belongs here: the columns of ticket__ticket that `support_ticket` does not know. Does not belong
here: SQL, sums over tickets, or anything read from the dbt project. Written from
docs/decisions.md alone; minute by minute, slow and simple on purpose.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from typing import Any

from .support_ticket import MINUTE, Row, Ticket, local

WAITS = {
    "requester_wait": ("new", "open", "hold"),
    "agent_work": ("new", "open"),
    "on_hold": ("hold",),
    "agent_wait": ("pending",),
}


@dataclass(frozen=True)
class Span:
    """A stretch in which a clock ran."""

    ticket: Ticket
    clock: str
    start: dt.datetime
    end: dt.datetime
    is_over: bool
    is_running: bool = False

    @property
    def seconds(self) -> int:
        return int((self.end - self.start).total_seconds())

    @property
    def business(self) -> int | None:
        return self.ticket.open_between(self.start, self.end)

    @property
    def one_schedule(self) -> int | None:
        """All of it by the schedule that was in force when it ended."""
        schedule, moment, total = self.ticket.schedule_at(self.end), self.start, 0
        if schedule is None:
            return None
        while moment < self.end:
            total += 60 * self.ticket.world.is_open(self.ticket.source, schedule, moment)
            moment += MINUTE
        return total

    @property
    def priority(self) -> str | None:
        """The priority when it ended."""
        return priority_at(self.ticket, self.end)


def priority_at(ticket: Ticket, moment: dt.datetime) -> str | None:
    moves = [e for e in ticket.events if e["field"] == "priority"]
    found = ticket.row.get("priority")
    if moves:
        first = moves[0]
        found = first["value"] if first["previous_value"] is None else first["previous_value"]
    for move in moves:
        if move["occurred_at"] <= moment:
            found = move["value"]
    return found.lower() if found else None


def is_unsolved(ticket: Ticket) -> bool:
    return ticket.status not in ("solved", "closed", "deleted")


def reply_spans(ticket: Ticket) -> list[Span]:
    """Each time that somebody writes on after a reply, until the next reply."""
    replies = {m["message_id"] for m in ticket.replies}
    spans: list[Span] = []
    since: dt.datetime | None = None
    answered = False
    for message in ticket.messages:
        at = max(message["created_at"], ticket.created)
        author = message["author_ref"]
        if message["message_id"] in replies:
            if since is not None:
                spans.append(Span(ticket, "next_reply", since, max(at, since), True))
            since, answered = None, True
        elif (
            message["is_public"]
            and message["channel"] != "rule"
            and author != "-1"
            and (
                (ticket.source, author) not in ticket.world.agents
                or author == ticket.row["requester_ref"]
            )
            and answered
        ):
            since = at if since is None else min(since, at)
    if since is not None:
        if is_unsolved(ticket):
            end = max(ticket.world.through, since, ticket.created)
            spans.append(Span(ticket, "next_reply", since, end, False, True))
        elif ticket.solved_at and ticket.solved_at > since:
            spans.append(Span(ticket, "next_reply", since, ticket.solved_at, False))
    return spans


@cache
def spans_of(ticket: Ticket) -> list[Span]:
    """All stretches of all clocks."""
    created, cut = ticket.created, max(ticket.world.through, ticket.created)
    replied = ticket.first_reply is not None
    spans = [Span(ticket, "first_reply", created, ticket.wait_ends, replied,
                  not replied and is_unsolved(ticket))]  # fmt: skip
    first = min((at for at, kind in ticket.changes if kind == "solved"), default=None)
    if first:
        spans.append(Span(ticket, "first_resolution", created, first, True))
    if ticket.solved_at:
        spans.append(Span(ticket, "full_resolution", created, ticket.solved_at, True))
    elif is_unsolved(ticket):
        spans.append(Span(ticket, "full_resolution", created, cut, False, True))
    spans += reply_spans(ticket)
    path = [moment for n, moment in enumerate(ticket.history)
            if n == 0 or moment[1] != ticket.history[n - 1][1]]  # fmt: skip
    ends = [at for at, _ in path[1:]]
    for n, (at, status) in enumerate(path):
        end = ends[n] if n < len(ends) else None
        for clock, within in WAITS.items():
            if status in within:
                spans.append(Span(ticket, clock, at, end or max(cut, at), end is not None,
                                  end is None))  # fmt: skip
    return spans


def _total(spans: list[Span], business: bool) -> int | None:
    values = [s.business if business else s.seconds for s in spans]
    return None if None in values else sum(values)


@cache
def ticket_row(ticket: Ticket) -> dict[str, Any]:
    """Columns of ticket__ticket by name."""
    spans = spans_of(ticket)
    by_clock = {s.clock: s for s in spans if s.is_over}
    row: dict[str, Any] = {"source": ticket.source, "ticket_id": ticket.row["ticket_id"]}
    for clock in ("first_reply", "first_resolution", "full_resolution"):
        span = by_clock.get(clock)
        row[f"{clock}_seconds"] = span.seconds if span else None
        row[f"{clock}_business_seconds"] = span.business if span else None
        row[f"{clock}_one_schedule_seconds"] = span.one_schedule if span else None
    for clock in WAITS:
        mine = [s for s in spans if s.clock == clock]
        row[f"{clock}_seconds"] = _total(mine, False)
        row[f"{clock}_business_seconds"] = _total(mine, True)
    again = [s for s in spans if s.clock == "next_reply"]
    over = [s for s in again if s.is_over]
    row["next_reply_count"] = len(over)
    row["next_reply_seconds"] = _total(over, False) if over else None
    row["next_reply_business_seconds"] = _total(over, True) if over else None
    row["is_next_reply_pending"] = any(s.is_running for s in again)
    row["reopen_count"] = sum(kind == "reopened" for _, kind in ticket.changes)
    row["reopen14_count"] = _soon(ticket)
    groups, agents = _hands(ticket)
    row |= {"group_count": len(groups), "handoff_count": max(len(groups) - 1, 0)}
    row["agent_count"] = len(agents)
    row["csat"], row["csat_rated_on"], row["csat_offered_on"] = ticket.rating
    row["feature_ids"] = ", ".join(sorted(ticket.features)) or None
    row["is_countable"], row["created_on"] = (
        ticket.is_countable,
        local(ticket.created, ticket.world.org_zone).date(),
    )
    return row


def _soon(ticket: Ticket) -> int:
    """Reopenings less than 14 days after the solution that they take back."""
    count, solved, before = 0, ticket.created, "new"
    for at, status in ticket.history[1:]:
        if before in ("solved", "closed") and status not in ("solved", "closed", "deleted"):
            count += at - solved < dt.timedelta(days=14)
        if status != before and (
            status == "solved" or (status == "closed" and before not in ("solved", "deleted"))
        ):
            solved = at
        before = status
    return count


def _hands(ticket: Ticket) -> tuple[set[str], set[str]]:
    groups, agents = {ticket.row["queue_id"]}, {ticket.row["assignee_ref"]}
    for event in ticket.events:
        both = {event.get("previous_value"), event["value"]}
        groups |= both if event["field"] == "group_id" else set()
        agents |= both if event["field"] == "assignee_id" else set()
    agents |= {m["author_ref"] for m in ticket.replies}
    return groups - {None}, agents - {None}


FIGURES = {
    "first_reply": "reply_time", "first_resolution": "first_resolution_time",
    "full_resolution": "full_resolution_time", "requester_wait": "requester_wait_time",
    "on_hold": "on_hold_time", "agent_wait": "agent_wait_time",
}  # fmt: skip


@cache
def figures_of(ticket: Ticket) -> dict[str, tuple[Any, Any, dt.datetime | None, int]]:
    """By the vendor's name of the figure: ours, by one schedule, as of when, unit in it."""
    row, spans, found = ticket_row(ticket), spans_of(ticket), {}
    for clock, name in FIGURES.items():
        mine = [s for s in spans if s.clock == clock and (s.is_over or clock in WAITS)]
        # While it runs, each report of it is of another moment.
        ends = [dt.datetime.max if s.is_running else s.end for s in mine]
        for hours, column in (("calendar", "seconds"), ("business", "business_seconds")):
            one = row.get(f"{clock}_one_schedule_seconds") if hours == "business" else None
            key = f"{name}_in_minutes.{hours}"
            found[key] = (row[f"{clock}_{column}"], one, max(ends, default=None), 60)
    replied = [max(m["created_at"], ticket.created) for m in ticket.replies]
    found["replies"] = (ticket.reply_count, None, max(replied, default=None), 1)
    again = [at for at, kind in ticket.changes if kind == "reopened"]
    found["reopens"] = (row["reopen_count"], None, max(again, default=None), 1)
    return found


def reason_of(ticket: Ticket, name: str, report: Row) -> str | None:
    """Why ours and theirs differ."""
    own, one, counted_at, unit = figures_of(ticket)[name]
    theirs = None if report["reported_value"] is None else report["reported_value"] * unit
    changes = [e for e in ticket.events if e["field"] == "status"]
    is_odd = [e for e in changes if e["occurred_at"] < ticket.created]
    known = [e["value"] for e in changes if e["occurred_at"] <= ticket.row["version_at"]]
    is_inferred = (known[-1] if known else None) != ticket.row["status"]
    is_inferred = is_inferred and not (not known and ticket.row["status"] == "new")
    if own is None and theirs is None:
        return None
    if own is not None and theirs is not None and abs(own - theirs) < unit:
        return "equal"
    if counted_at and counted_at > report["reported_at"]:
        return "later data"
    if one is not None and theirs is not None and abs(one - theirs) < unit:
        return "schedule rule"
    if own is None and name.endswith("business"):
        return "schedule not known"
    if is_odd:
        return "clock fault"
    if is_inferred:
        return "inferred status"
    return "not reported" if theirs is None else "not explained"
