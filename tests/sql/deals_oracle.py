"""What the marts about deals should say, deal by deal and month by month.

Belongs here: the definitions, written a second time with dicts and loops. Does not belong here:
rows (`deals_world`).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from .revenue_world import AS_OF, DAY, FIXED, ORG, Row, Rows

Cell = dict[str, Any]
THEMES = {"sso": ("sso", "single sign-on"), "exports": ("exports fail",)}


def month_of(day: dt.date) -> dt.date:
    """First day of the month."""
    return day.replace(day=1)


def over(day: dt.date) -> dt.datetime:
    """When a day is over everywhere on Earth."""
    return dt.datetime.combine(day, dt.time()) + dt.timedelta(hours=36)


def survival_median(waits: Sequence[tuple[int, bool]]) -> float | None:
    """Kaplan-Meier by hand, in fractions: the middle of the first moments at and below a half."""
    share, at_half = Fraction(1), None
    for moment in sorted({days for days, _ in waits}):
        at_risk = sum(days >= moment for days, _ in waits)
        share *= 1 - Fraction(sum(days == moment and done for days, done in waits), at_risk)
        if share <= Fraction(1, 2) and at_half is None:
            at_half = moment
        if share < Fraction(1, 2):
            return (at_half + moment) / 2 if at_half is not None else None
    return at_half


class DealsOracle:
    """All deals of one company (UTC), and the cohorts they make."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.versions: dict[str, list[Row]] = {}
        for row in sorted(rows["opportunities", "hubspot"], key=lambda r: r["updated_at"]):
            self.versions.setdefault(row["opportunity_id"], []).append(row)
        clocks = [row["updated_at"] for row in rows["opportunities", "hubspot"]]
        self.reach = min(max(clocks, default=AS_OF), AS_OF)
        self.notes = {
            (n["opportunity_id"], n["occurred_at"])
            for n in rows.get(("feedback_notes", "hubspot"), [])
            if n["opportunity_id"] and n["occurred_at"] <= AS_OF
        }
        self.known = {row["account_ref"] for row in rows.get(("accounts", "hubspot"), [])}
        self.deals = {ref: self._deal(ref, found) for ref, found in self.versions.items()}

    def convert(self, minor: int | None, currency: str, day: dt.date) -> int | None:
        """Minor units of the company's currency at the rate of a day."""
        if minor is None or minor == 0 or currency == ORG:
            return minor
        rates = [r for r in self.rows.get(("exchange_rates", "registry"), [])
                 if r["currency"] == currency and r["rated_on"] <= day]  # fmt: skip
        newest = max(rates, key=lambda r: r["rated_on"], default=None)
        if newest is None or (day - newest["rated_on"]).days >= 31:
            return None
        return math.floor(minor * newest["rate"] + 0.5)

    def _closed_on(self, versions: list[Row]) -> dt.date:
        told = None
        for version in reversed(versions):
            if not version["is_closed"]:
                break
            told = version["updated_at"].date()
        created = versions[-1]["created_at"] and versions[-1]["created_at"].date()
        stated = versions[-1]["closes_on"]
        assert told is not None
        if stated and stated <= told and (not created or stated >= created):
            return stated
        return max(told, created or told)

    def _deal(self, ref: str, versions: list[Row]) -> Cell:
        now = versions[-1]
        outcome = "open" if not now["is_closed"] else "won" if now["is_won"] else "lost"
        outcome = "deleted" if now["is_deleted"] else outcome
        closed = self._closed_on(versions) if outcome in ("won", "lost") else None
        seen = closed or self.reach.date()
        created = now["created_at"] and now["created_at"].date()
        pushes = [
            (new["closes_on"] - old["closes_on"]).days
            for old, new in pairwise(versions)
            if old["closes_on"] and new["closes_on"] and new["closes_on"] > old["closes_on"]
            and not any(v["is_closed"] or v["is_deleted"] for v in (old, new))
        ]  # fmt: skip
        stages = [v["stage"] for k, v in enumerate(versions)
                  if k == 0 or v["stage"] != versions[k - 1]["stage"]]  # fmt: skip
        currency = now["currency"] or ORG
        constant = self.convert(now["amount_minor"], currency, FIXED)
        is_lost = now["is_closed"] and not now["is_won"]
        said = (now["loss_reason"] or "").lower() if is_lost else ""
        excluded = now["account_ref"] == "9"
        themes = [t for t, terms in sorted(THEMES.items()) if any(term in said for term in terms)]
        talks = sum(
            about == ref and seen - 29 * DAY <= at.date() <= seen for about, at in self.notes
        )
        lost = constant if outcome == "lost" else None
        is_matched = now["account_ref"] in self.known
        return {
            "account_id": f"g{now['account_ref']}" if is_matched else "unknown",
            "unmatched_reason": None if is_matched else (
                "account not known" if now["account_ref"] else "no account named"),
            "exclusion_reason": "deleted" if now["is_deleted"] else (
                "test_account" if excluded else None),
            "outcome": outcome, "stage": now["stage"], "created_on": created, "closed_on": closed,
            "cycle_days": (seen - created).days if created and created <= seen else None,
            "is_cycle_censored": outcome != "won",
            "first_closes_on": versions[0]["closes_on"],
            "push_count": len(pushes) if len(versions) > 1 else None,
            "push_days": sum(pushes) if len(versions) > 1 else None,
            "version_count": len(versions), "stage_path": " > ".join(stages),
            "stage_visit_count": len(stages),
            "first_amount_minor": versions[0]["amount_minor"], "amount_minor": now["amount_minor"],
            "amount_spot_minor": self.convert(now["amount_minor"], currency, seen),
            "amount_constant_minor": constant,
            "loss_theme_ids": ", ".join(themes) or None,
            "gap_lost_num": None if lost is None else lost if themes else 0, "gap_lost_den": lost,
            "note30_count": talks if self.notes else None,
            "note_coverage_num": int(talks > 0) if self.notes and outcome == "open" else None,
            "note_coverage_den": 1 if self.notes and outcome == "open" else None,
            "is_complete": closed is not None and self.reach >= over(closed),
            "data_through_at": min(self.reach, over(closed)) if closed else self.reach,
        }  # fmt: skip

    def cohorts(self) -> dict[tuple[str, dt.date], Cell]:
        """The mart of win rates."""
        made = {}
        for basis in ("created", "closed"):
            days = [d[f"{basis}_on"] for d in self.deals.values() if d[f"{basis}_on"]]
            month = month_of(min(days, default=dt.date.max))
            while month <= self.reach.date():
                after = month_of(month + 31 * DAY)
                here = [d for d in self.deals.values()
                        if d[f"{basis}_on"] and month <= d[f"{basis}_on"] < after]  # fmt: skip
                made[basis, month] = self._cohort(basis, here, after - DAY)
                month = after
        return made

    def _cohort(self, basis: str, every: list[Cell], last: dt.date) -> Cell:
        here = [d for d in every if d["exclusion_reason"] is None]
        won, lost, still = (sum(d["outcome"] == o for d in here) for o in ("won", "lost", "open"))
        is_over = self.reach >= over(last)
        is_mature = is_over and 10 * (won + lost) >= 9 * len(here)
        waits = [
            (d["cycle_days"], d["outcome"] == "won") for d in here
            if d["cycle_days"] is not None and (basis == "created" or d["outcome"] == "won")
        ]  # fmt: skip
        valued = [d for d in here if d["gap_lost_den"] is not None]
        return {
            "deal_count": len(here), "won_count": won, "lost_count": lost, "open_count": still,
            "unmatched_count": sum(d["account_id"] == "unknown" for d in here),
            "excluded_count": len(every) - len(here), "decided_num": won + lost,
            "decided_den": len(here), "is_mature": is_mature,
            "win_num": won if is_mature else None, "win_den": won + lost if is_mature else None,
            "win_rate": won / (won + lost) if is_mature and won + lost else None,
            "cycle_p50_days": survival_median(waits),
            "gap_lost_num": sum(d["gap_lost_num"] for d in valued) if valued else None,
            "gap_lost_den": sum(d["gap_lost_den"] for d in valued) if valued else None,
            "unvalued_lost_count": lost - len(valued),
            "is_complete": is_over and (basis == "closed" or is_mature),
            "data_through_at": min(self.reach, over(last)),
        }  # fmt: skip
