"""Rows of the support marts as the oracle counts them.

Belongs here: adding up tickets by queue, day, feature and week. Does not belong here: what a
ticket's own numbers are (`support_oracle`).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from zoneinfo import ZoneInfo

from .support_clocks import spans_of, ticket_row
from .support_oracle import SupportOracle
from .support_ticket import DAY, Ticket, local


def monday(day: dt.date) -> dt.date:
    return day - DAY * day.weekday()


def seconds(span: dt.timedelta) -> int:
    return math.floor(span.total_seconds())


def waiting_median(cases: list[tuple[int, bool]]) -> float | None:
    """Kaplan-Meier median with exact fractions; cases are (duration, has it happened)."""
    share, half = Fraction(1), None
    for moment in sorted({duration for duration, happened in cases if happened}):
        at_risk = sum(duration >= moment for duration, _ in cases)
        share *= 1 - Fraction(sum(c == (moment, True) for c in cases), at_risk)
        if half is not None:
            return (half + moment) / 2
        if share < Fraction(1, 2):
            return float(moment)
        if share == Fraction(1, 2):
            half = moment
    return None if half is None else float(half)


def wilson(good: int, n: int, sign: int) -> float | None:
    if not n:
        return None
    z, p = 1.959964, good / n
    return (p + z * z / 2 / n + sign * z * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n)) / (
        1 + z * z / n
    )


def quantile(values: list[float], share: float) -> float | None:
    if not values:
        return None
    ordered, place = sorted(values), share * (len(values) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def share(num: int, den: int) -> float | None:
    return num / den if den else None


def ends(day: dt.date, zone: str) -> dt.datetime:
    """Midnight that ends a day, in UTC."""
    midnight = dt.datetime.combine(day + DAY, dt.time(), ZoneInfo(zone))
    return midnight.astimezone(dt.UTC).replace(tzinfo=None)


def rounded(row: Iterable[object]) -> tuple:
    return tuple(round(v, 6) if isinstance(v, float) else v for v in row)


def load_rows(oracle: SupportOracle) -> set[tuple]:
    """support_load__queue_day without definition_version."""
    queues = {t.queue for t in oracle.tickets}
    members = [(queue, [t for t in oracle.tickets if t.queue == queue]) for queue in queues]
    found = set()
    for queue, tickets in [*members, ("all", oracle.tickets)]:
        day = min(local(t.created, oracle.org_zone).date() for t in oracle.tickets)
        while day <= local(oracle.last, oracle.org_zone).date():
            found.add(rounded(_load_row(oracle, queue, day, tickets)))
            day += DAY
    return found


def _load_row(oracle: SupportOracle, queue: str, day: dt.date, tickets: list[Ticket]) -> tuple:
    def on(moment: dt.datetime | None) -> bool:
        return moment is not None and local(moment, oracle.org_zone).date() == day

    good = [t for t in tickets if t.is_countable]
    created = [t for t in good if on(t.created)]
    flow = {
        kind: sum(on(at) and k == kind for t in good for at, k in t.changes)
        for kind in ("solved", "reopened", "deleted", "restored")
    }
    midnight = ends(day, oracle.org_zone)
    ages = [(midnight - t.created).total_seconds() for t in good if t.unsolved_before(midnight)]
    waits = [(t.wait_ends, t.first_reply is not None, t) for t in created]
    business = [(t.open_seconds(end), is_over) for end, is_over, t in waits]
    replied = sum(is_over for _, is_over, _ in waits)
    solved = [t for t in good if on(t.solved_at)]
    single = sum(t.reply_count == 1 for t in solved)
    rated = [t for t in good if t.rating[0] and t.rating[1] == day]
    happy = sum(t.rating[0] == "good" for t in rated)
    offered = [t for t in good if t.rating[2] == day]
    answered = sum(t.rating[0] is not None for t in offered)
    by_agent = [
        t
        for t in created
        if (t.source, t.row["submitter_ref"]) in oracle.agents
        and t.row["requester_ref"] not in (None, t.row["submitter_ref"])
    ]
    return (
        queue,
        day,
        len(created),
        len(by_agent),
        flow["solved"],
        flow["reopened"],
        flow["deleted"],
        flow["restored"],
        len(ages),
        quantile(ages, 0.5),
        quantile(ages, 0.9),
        replied,
        waiting_median([(seconds(end - t.created), is_over) for end, is_over, t in waits]),
        waiting_median([(s, is_over) for s, is_over in business if s is not None]),
        sum(t.first_reply is None and t.status not in ("solved", "closed") for t in created),
        *_resolution(created),
        *_reopened(good, on),
        single,
        len(solved),
        share(single, len(solved)),
        happy,
        len(rated),
        share(happy, len(rated)),
        wilson(happy, len(rated), -1),
        wilson(happy, len(rated), 1),
        answered,
        len(offered),
        share(answered, len(offered)),
        sum(on(t.created) for t in tickets if not t.is_countable),
        oracle.through >= midnight,
        min(oracle.through, midnight),
    )


def _resolution(created: list[Ticket]) -> tuple:
    """Solved now, not solved now, and half of the waits for a solution, still running ones too."""
    spans = [s for t in created for s in spans_of(t) if s.clock == "full_resolution"]
    hours = [(s.business, s.is_over) for s in spans]
    return (
        sum(s.is_over for s in spans),
        sum(not s.is_over for s in spans),
        waiting_median([(s.seconds, s.is_over) for s in spans]),
        waiting_median([(seconds, is_over) for seconds, is_over in hours if seconds is not None]),
    )


def _reopened(tickets: list[Ticket], on: Callable[[dt.datetime | None], bool]) -> tuple:
    """Of the tickets first solved on the day: opened again at all, and within 14 days."""
    first = [
        t for t in tickets if on(min((at for at, k in t.changes if k == "solved"), default=None))
    ]
    again = sum(any(kind == "reopened" for _, kind in t.changes) for t in first)
    soon = sum(ticket_row(t)["reopen14_count"] > 0 for t in first)
    n = len(first)
    return again, n, share(again, n), soon, n, share(soon, n)


def contact_rows(oracle: SupportOracle) -> set[tuple]:
    """contact_rate__feature_week without definition_version."""
    uses = _uses(oracle)
    usage_at = min(oracle.as_of, max(e["received_at"] for e in oracle.rows["usage_events"]))
    first = monday(min(day for *_, day in _uses(oracle, counted=False)))
    last = monday(local(usage_at, oracle.org_zone).date())
    days = [t.asked_on for t in oracle.tickets] + [
        local(t.created, oracle.org_zone).date() for t in oracle.tickets
    ]
    start, found = monday(min(days)), set()
    week = start
    while week <= max(monday(max(days)), monday(local(oracle.last, oracle.org_zone).date())):
        for feature in ["all", *oracle.features]:
            asked = [
                t
                for t in oracle.tickets
                if monday(t.asked_on) == week and (feature == "all" or feature in t.features)
            ]
            good = [t for t in asked if t.is_countable and t.is_end_user]
            matched = [t for t in good if t.is_matched]
            others = {
                t.person["id"] if t.person else (t.source, t.row["requester_ref"] or t.key)
                for t in good
                if not t.is_matched
            }
            active = [
                (p, a) for f, p, a, day in uses if monday(day) == week and feature in ("all", f)
            ]
            known = first <= week <= last
            persons = len({p for p, _ in active}) if known else None
            accounts = len({a for _, a in active} - {"unknown"}) if known else None
            over = dt.datetime.combine(week, dt.time()) + dt.timedelta(days=7, hours=12)
            through = min(usage_at, oracle.through)
            found.add(
                rounded(
                    (
                        feature,
                        week,
                        len(good),
                        len({t.person["id"] for t in matched}),
                        persons,
                        accounts,
                        len(matched),
                        persons,
                        share(len(matched), persons),
                        len(matched),
                        accounts,
                        share(len(matched), accounts),
                        *_of_four_weeks(oracle, uses, feature, week, (start, first, last)),
                        len(others),
                        len(asked) - len(good),
                        through >= over and known,
                        min(through, over),
                    )
                )
            )
        week += 7 * DAY
    return found


def _of_four_weeks(
    oracle: SupportOracle,
    uses: list[tuple],
    feature: str,
    week: dt.date,
    known: tuple[dt.date, dt.date, dt.date],
) -> tuple:
    """Tickets per person and per account in the 28 days that end with the week."""
    start, first, last = known
    since = week - 21 * DAY
    if since < start or since < first or week > last:
        return (None,) * 6
    end = week + 6 * DAY
    asked = sum(
        t.is_countable and t.is_end_user and t.is_matched and since <= t.asked_on <= end
        for t in oracle.tickets
        if feature == "all" or feature in t.features
    )
    active = [(p, a) for f, p, a, day in uses if since <= day <= end and feature in ("all", f)]
    persons, accounts = len({p for p, _ in active}), len({a for _, a in active} - {"unknown"})
    return (asked, persons, share(asked, persons), asked, accounts, share(asked, accounts))


def _uses(oracle: SupportOracle, *, counted: bool = True) -> list[tuple]:
    """(feature, person, account, day) of every use."""
    people = {p["id"]: p for p in oracle.people.values() if p["is_user"]}
    found = []
    for event in oracle.rows["usage_events"]:
        person = people.get(event["user_id"], {"account": "unknown", "zone": oracle.org_zone})
        day = local(event["occurred_at"], person["zone"]).date()
        if not counted or not oracle.is_barred(event["user_id"], person["account"], day):
            found.append((event["event_name"], event["user_id"], person["account"], day))
    return found
