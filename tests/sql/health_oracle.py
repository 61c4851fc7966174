"""What is known of accounts at the ends of weeks, in plain loops over days, people and tickets.

Belongs here: the definitions of docs/decisions.md, on facts that other tests hold true (people's
days, tickets, versions of accounts). Does not belong here: the arithmetic of fits (analytics).
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from typing import Any

from .fixture_lake import Warehouse

DAY = dt.timedelta(days=1)
COMPONENTS = ("usage_trend", "breadth", "seat_utilisation", "idle_days", "contact", "severe_open",
              "sentiment")  # fmt: skip
Key = tuple[str, dt.date]


class HealthOracle:
    """Facts of a built warehouse, and what follows from them."""

    def __init__(self, built: Warehouse, known_from: dict[str, dt.date]) -> None:
        query = built.query

        def facts(columns: str, table: str, where: str = "true") -> dict[str, list[tuple]]:
            return _by_first(query(f"select {columns} from {table} where {where}"))

        self.uses = facts("account_id, person_id, activity_on", "core.fct_person_day",
                          "is_countable")  # fmt: skip
        self.features = facts("account_id, feature_id, activity_on", "core.fct_person_feature_day",
                              "is_countable and feature_id <> 'none'")  # fmt: skip
        self.tickets = facts(
            "account_id, source || ticket_id, asked_on, is_end_user, csat, csat_rated_on",
            "core.fct_ticket", "is_countable",
        )  # fmt: skip
        ticket = "source || ticket_id, starts_at, ends_at"
        self.spells = facts(ticket, "core.fct_ticket_status", "is_unsolved")
        priorities = "intermediate.int_support__priority"
        self.priorities = facts(f"{ticket}, lower(priority)", priorities)
        self.answers = facts(
            "account_id, answered_on, answer_number", "core.fct_survey_answer",
            "verdict in ('valid', 'repeated') and question_kind = 'nps'",
        )  # fmt: skip
        self.versions: dict[str, list[tuple]] = defaultdict(list)
        for account, *facts in query(
            "select account_id, plan, lifecycle, arr_minor, coalesce(currency, 'USD'), "
            "paid_seat_count, valid_from_on, coalesce(valid_to_on, date '9999-12-31') "
            "from core.dim_account_version order by valid_from_on"
        ):
            self.versions[account].append(tuple(facts))
        self.first_on = dict(
            query("select account_id, first_on from core.dim_account "
                  "where is_countable and not is_deleted")
        )  # fmt: skip
        ((self.usage_from, self.usage_to),) = query(
            "select min(day_on), max(day_on) from core.dim_activity_date"
        )
        self.support_ends = dict(query("select day_on, ends_at from core.dim_support_date"))
        ((self.accounts_reach,),) = query(
            "select high_water_at from core.dim_contract where contract = 'accounts'"
        )
        self.known_from = known_from

    def weeks(self) -> dict[Key, dict[str, Any]]:
        """Facts by paying account and week."""
        found = {}
        monday = self.usage_from - self.usage_from.weekday() * DAY
        if monday < self.usage_from - 6 * DAY:
            raise AssertionError("weeks begin on Monday")
        while monday + 6 * DAY <= self.usage_to:
            for account in self.known_from:
                if account in self.first_on and (row := self._week(account, monday)):
                    found[account, monday] = row
            monday += 7 * DAY
        return found

    def _week(self, account: str, monday: dt.date) -> dict[str, Any] | None:
        sunday = monday + 6 * DAY
        now = self._version(account, sunday)
        if not now or not _worth(now):
            return None
        uses = [(p, d) for p, d in self.uses[account] if d <= sunday]

        def people(first: dt.date, last: dt.date) -> int:
            return len({p for p, d in uses if first <= d <= last})

        begins = max(self.usage_from, self.first_on[account] or self.usage_from)
        before = [people(monday - 7 * n * DAY, sunday - 7 * n * DAY) for n in range(1, 9)]
        month = monday - 21 * DAY
        is_month_known = begins <= month
        last_use = max((d for _, d in uses), default=None)
        own = self.tickets[account]
        half_year = monday - 25 * 7 * DAY
        # Weeks before usage begins are in no window.
        half_year = max(half_year, self.usage_from - self.usage_from.weekday() * DAY)
        moods = [1 if v >= 9 else -1 if v <= 6 else 0 for d, v in self.answers[account]
                 if half_year <= d <= sunday]  # fmt: skip
        moods += [1 if t[3] == "good" else -1 for t in own
                  if t[3] and half_year <= t[4] <= sunday]  # fmt: skip
        end = self.support_ends.get(sunday)
        has_month = end is not None and month >= min(self.support_ends) - (
            min(self.support_ends).weekday() * DAY
        )
        return {
            "plan": now[0],
            "arr_minor": now[2],
            "active_person_count": people(monday, sunday),
            "baseline_person_count": sum(before) / 8 if begins <= monday - 56 * DAY else None,
            "active28_person_count": people(month, sunday) if is_month_known else None,
            "feature_count": len({f for f, d in self.features[account] if month <= d <= sunday})
            if is_month_known else None,
            "paid_seat_count": now[4],
            "idle_day_count": (sunday - (last_use or begins)).days,
            "ticket28_count": sum(t[2] and month <= t[1] <= sunday for t in own)
            if has_month else None,
            "severe_open_count": self._severe(own, end) if end else None,
            "sentiment_sum": sum(moods),
            "sentiment_count": len(moods),
            "is_assumed": sunday < self.known_from[account],
            **self._outcome(account, sunday, now),
        }  # fmt: skip

    def _version(self, account: str, day: dt.date) -> tuple | None:
        return next((v for v in self.versions[account] if v[5] <= day < v[6]), None)

    def _severe(self, own: list[tuple], end: dt.datetime) -> int:
        count = 0
        for ticket, *_ in own:
            is_open = any(a < end and (b is None or b >= end) for a, b in self.spells[ticket])
            is_severe = any(a < end <= b and p in ("high", "urgent")
                            for a, b, p in self.priorities[ticket])  # fmt: skip
            count += is_open and is_severe
        return count

    def _outcome(self, account: str, sunday: dt.date, now: tuple) -> dict[str, Any]:
        lost_on, is_unclear = None, False
        for n in range(1, 91):
            day = sunday + n * DAY
            then = self._version(account, day)
            worth = _worth(then)
            if worth == 0 or (worth is not None and worth < now[2] and then[3] == now[3]):
                lost_on = lost_on or day
            elif worth is None or then[3] != now[3]:
                is_unclear = True
        over_at = dt.datetime.combine(sunday + 90 * DAY, dt.time()) + dt.timedelta(hours=36)
        is_known = (
            self.accounts_reach >= over_at
            and sunday >= self.known_from[account]
            and (lost_on is not None or not is_unclear)
        )
        return {"is_lost": lost_on is not None if is_known else None,
                "lost_on": lost_on if is_known else None}  # fmt: skip


def _by_first(rows: list[tuple]) -> dict[str, list[tuple]]:
    """Rows by their first column, which they lose."""
    found: dict[str, list[tuple]] = defaultdict(list)
    for key, *rest in rows:
        found[key].append(tuple(rest))
    return found


def _worth(version: tuple) -> int | None:
    plan, lifecycle, arr = version[:3]
    if plan.lower() in ("free", "trial", "pilot", "services"):
        return 0
    return 0 if lifecycle in ("lead", "opportunity", "churned") else arr


def component_values(row: dict[str, Any]) -> dict[str, float | None]:
    """The seven components of one week of an account."""
    base, month, seats = (row[name] for name in (
        "baseline_person_count", "active28_person_count", "paid_seat_count"))  # fmt: skip
    return {
        "usage_trend": None if base is None else row["active_person_count"] / max(base, 0.125),
        "breadth": row["feature_count"],
        "seat_utilisation": min(month, seats) / seats if month is not None and seats else None,
        "idle_days": row["idle_day_count"],
        "contact": row["ticket28_count"] / month if month and row["ticket28_count"] is not None
        else None,
        "severe_open": row["severe_open_count"],
        "sentiment": row["sentiment_sum"] / row["sentiment_count"] if row["sentiment_count"]
        else None,
    }  # fmt: skip


def percentiles(weeks: dict[Key, dict[str, Any]]) -> dict[Key, dict[str, float | None]]:
    """Ranks among accounts of the plan, or of all where these are fewer than ten."""
    values = {key: component_values(row) for key, row in weeks.items()}
    by_week: dict[dt.date, list[Key]] = defaultdict(list)
    for key in weeks:
        by_week[key[1]].append(key)
    made = {}
    for keys in by_week.values():
        for key in keys:
            peers = [k for k in keys if weeks[k]["plan"] == weeks[key]["plan"]]
            segment = weeks[key]["plan"] if len(peers) >= 10 else "all"
            made[key] = {"segment": segment}
            for name in COMPONENTS:
                own = values[key][name]
                others = [values[k][name] for k in (peers if len(peers) >= 10 else keys)]
                others = [v for v in others if v is not None]
                below = sum(v < own for v in others) + sum(v == own for v in others) / 2 if (
                    own is not None) else None  # fmt: skip
                made[key][name] = None if below is None else below / len(others)
    return made


def risk(ranks: dict[str, float | None], weights: dict[str, float]) -> float:
    """Chance of a loss by published weights."""
    points = sum(weights[n] * ((0.5 if ranks[n] is None else ranks[n]) - 0.5) for n in COMPONENTS)
    return 1 / (1 + math.exp(-(weights["intercept"] + points)))
