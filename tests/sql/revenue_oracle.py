"""What revenue__account_month should say, month by month and customer by customer.

Belongs here: the definitions, written a second time with dicts and loops. Does not belong here:
rows (`revenue_world`).
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from .revenue_world import AS_OF, DAY, FIXED, ORG, Row, Rows

Cell = dict[str, Any]
NOT_RECURRING = {"free", "trial", "pilot", "services"}
KINDS = ("new", "reactivation", "expansion", "contraction", "churn")
DIGITS = {"JPY": 0}
FACTS = ("plan", "lifecycle", "arr_minor", "currency", "churned_on", "created_at", "is_deleted")


class RevenueOracle:
    """One company's revenue, by topmost parent and month."""

    def __init__(self, rows: Rows) -> None:
        self.rates = rows.get(("exchange_rates", "registry"), [])
        self.excluded = {rule["subject"] for rule in rows.get(("exclusions", "registry"), [])}
        records: dict[tuple[str, str], list[Row]] = {}
        for (contract, source), found in rows.items():
            for row in found if contract == "accounts" else []:
                full = dict.fromkeys(FACTS) | dict(row)
                records.setdefault((source, row["account_ref"]), []).append(full)
        self.parents: dict[str, str | None] = {}
        self.customers: dict[str, list[Row]] = {}
        ranks: dict[str, tuple[Any, ...]] = {}
        for (source, ref), versions in records.items():
            versions.sort(key=lambda row: row["updated_at"])
            now = versions[-1]
            if source == "hubspot":
                self.parents[ref] = now["parent_ref"]
            # Of several records of one customer a live one counts, and one with a figure or a plan.
            has_facts = now["arr_minor"] is not None or now["plan"] is not None
            name, rank = now["external_id"], (bool(now["is_deleted"]), not has_facts, source, ref)
            if rank < ranks.get(name, (True, True, "~", "~")):
                ranks[name], self.customers[name] = rank, versions
        clocks = [row["updated_at"] for (contract, _), found in rows.items()
                  if contract == "accounts" for row in found]  # fmt: skip
        self.reach = min(max(clocks), AS_OF)

    def top(self, customer: str) -> str:
        """Topmost parent."""
        ref = customer.removeprefix("g")
        while above := self.parents.get(ref):
            ref = above
        return f"g{ref}"

    def worth(self, customer: str, day: dt.date) -> tuple[int | None, str]:
        """Recurring revenue at the end of a day, as the CRM states it."""
        versions = self.customers[customer]
        past = [v for v in versions if v["updated_at"].date() <= day] or [
            v for v in versions if v["updated_at"].date() == versions[0]["updated_at"].date()
        ]
        state = past[-1]
        currency = state["currency"] or ORG
        for left in (versions[-1]["churned_on"], state["churned_on"]):
            if left and day >= left:
                return 0, currency
        if (state["plan"] or "").lower() in NOT_RECURRING:
            return 0, currency
        if state["lifecycle"] in ("lead", "opportunity", "churned"):
            return 0, currency
        return state["arr_minor"], currency

    def convert(self, minor: int | None, currency: str, day: dt.date) -> int | None:
        """Minor units of the company's currency at the rate of a day."""
        if minor is None or minor == 0 or currency == ORG:
            return minor
        known = [r for r in self.rates if r["currency"] == currency and r["rated_on"] <= day]
        newest = max(known, key=lambda r: r["rated_on"], default=None)
        if newest is None or (day - newest["rated_on"]).days >= 31:
            return None
        return math.floor(minor * newest["rate"] * 10 ** (2 - DIGITS.get(currency, 2)) + 0.5)

    def months(self) -> list[tuple[dt.date, dt.date]]:
        """First day and the last known day of each month up to the present."""
        day, made = dt.date(2025, 11, 1), []
        while day <= self.reach.date():
            after = (day + 31 * DAY).replace(day=1)
            made.append((day, min(after - DAY, self.reach.date())))
            day = after
        return made

    def customer_months(self, customer: str) -> dict[dt.date, Cell]:
        """Revenue of one customer as it opens and closes each month."""
        versions = self.customers[customer]
        if not any((v["arr_minor"] or 0) > 0 for v in versions):
            return {}
        starts = min(v["updated_at"].date() for v in versions)
        made_at = [v["created_at"].date() for v in versions[-1:] if v["created_at"]]
        counts = not versions[-1]["is_deleted"] and customer not in self.excluded
        made: dict[dt.date, Cell] = {}
        before: Cell | None = None
        is_known = False
        for first, last in self.months():
            if last < min([starts, *made_at]):
                continue
            minor, currency = self.worth(customer, last)
            is_known |= minor is not None
            minor = minor if is_known else 0
            cell: Cell = {
                "counts": counts, "assumed": last < starts, "minor": minor, "currency": currency,
                "spot": self.convert(minor, currency, last),
                "constant": self.convert(minor, currency, FIXED),
                "open": 0, "open_spot": 0, "open_constant": 0, "revalued": 0,
            }  # fmt: skip
            if before is not None:
                cell |= {
                    "open": before["minor"], "open_spot": before["spot"],
                    "open_constant": before["constant"],
                    "revalued": self.convert(before["minor"], before["currency"], last),
                }  # fmt: skip
            made[first] = before = cell
        return made

    def parent_months(self) -> dict[tuple[str, dt.date], Cell]:
        """The mart."""
        families: dict[str, list[dict[dt.date, Cell]]] = {}
        for customer in self.customers:
            families.setdefault(self.top(customer), []).append(self.customer_months(customer))
        made = {}
        for parent, members in families.items():
            began = had = False
            for first, last in self.months():
                here = [m[first] for m in members if first in m]
                began |= any(c["minor"] is None and c["counts"] for c in here)
                began |= any((c["minor"] or 0) > 0 for c in here)
                if not began:
                    continue
                made[parent, first] = self._cell(here, had, first, last)
                had |= any((c["minor"] or 0) > 0 for c in here if c["counts"])
        return made

    def _cell(self, every: list[Cell], had: bool, first: dt.date, last: dt.date) -> Cell:
        here = [c for c in every if c["counts"]]
        names = ("spot", "constant", "open_spot", "open_constant", "revalued")
        total = {name: _sum(c[name] for c in here) for name in names}
        opens = any((c["open"] or 0) > 0 for c in here)
        closes = any((c["minor"] or 0) > 0 for c in here)
        is_unknown = any(c["open"] is None or c["minor"] is None for c in here)
        spot = _less(total["spot"], total["revalued"])
        constant = _less(total["constant"], total["open_constant"])
        cell: Cell = {
            "account_count": sum((c["minor"] or 0) > 0 for c in here),
            "assumed_account_count": sum(c["assumed"] and (c["minor"] or 0) > 0 for c in here),
            "excluded_account_count": sum((c["minor"] or 0) > 0 for c in every if not c["counts"]),
            "unknown_account_count": sum(c["minor"] is None for c in here),
            "unconverted_account_count": sum(
                c["minor"] is not None and None in (c["spot"], c["constant"]) for c in here
            ),
            "opening_spot_minor": total["open_spot"], "closing_spot_minor": total["spot"],
            "fx_spot_minor": _less(total["revalued"], total["open_spot"]),
            "opening_constant_minor": total["open_constant"],
            "closing_constant_minor": total["constant"],
            "movement": None if is_unknown else _kind(
                opens, closes, had, spot if constant is None else constant
            ),
        }  # fmt: skip
        for money, moved in (("spot", spot), ("constant", constant)):
            for kind in KINDS:
                value = None
                if not is_unknown and moved is not None:
                    value = abs(moved) if _kind(opens, closes, had, moved) == kind else 0
                cell[f"{kind}_{money}_minor"] = value
        lost = _sum(cell[f"{k}_constant_minor"] for k in ("contraction", "churn")) if opens else 0
        grown = cell["expansion_constant_minor"] if opens else 0
        den = None if is_unknown else total["open_constant"] if opens else 0
        den = None if lost is None else den
        cell["grr_num"] = _less(den, lost)
        cell["nrr_num"] = None if den is None else den - lost + grown
        cell["grr_den"] = cell["nrr_den"] = den
        cell["grr_rate"] = cell["grr_num"] / den if den else None
        cell["nrr_rate"] = cell["nrr_num"] / den if den else None
        cell["logo_churn_den"] = None if is_unknown else int(opens)
        cell["logo_churn_num"] = None if is_unknown else int(opens and not closes)
        over = dt.datetime.combine((first + 31 * DAY).replace(day=1), dt.time(12))
        cell["is_complete"] = self.reach >= over
        cell["data_through_at"] = min(self.reach, over)
        return cell


def _sum(values: Any) -> int | None:
    found = list(values)
    return None if None in found else sum(found)


def _less(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left - right


def _kind(opens: bool, closes: bool, had: bool, moved: int | None) -> str | None:
    if not opens:
        return "none" if not closes else "reactivation" if had else "new"
    if not closes:
        return "churn"
    if moved is None:
        return None
    return "expansion" if moved > 0 else "contraction" if moved < 0 else "none"
