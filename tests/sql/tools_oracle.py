"""What the tools' marts should say, computed in plain Python from the same rows.

Belongs here: the definitions, written a second time. Does not belong here: rows (`tools_world`).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

from .tools_world import AS_OF, DAY, REGISTER, Rows

Row = dict[str, Any]
D90, D28 = 90 * DAY, 28 * DAY
FOREVER = dt.date.max


def plain(name: str | None) -> str:
    return "".join(c for c in (name or "").lower() if c.isalnum())


def tool_of(name: str | None) -> str:
    """The only tool of that name; a tool's own names come before its vendor's."""
    own, sold = set(), set()
    for tool in REGISTER:
        names = [tool["tool_id"], tool["name"], *(tool["app_names"] or [])]
        if plain(name) and plain(name) in [plain(n) for n in names]:
            own.add(tool["tool_id"])
        if plain(name) and plain(name) == plain(tool["vendor"]):
            sold.add(tool["tool_id"])
    found = own or sold
    return found.pop() if len(found) == 1 else "unknown"


def month_end(month: dt.date) -> dt.date:
    return (month + 31 * DAY).replace(day=1) - DAY


class ToolsOracle:
    """Seats, spend and renewals."""

    def __init__(self, rows: Rows, currency: str = "USD") -> None:
        self.currency = currency
        self.contracts = rows["tool_contracts", "registry"]
        self.identities = rows["identities", "zendesk"]
        self.spend = [
            s | {"tool": tool_of(s["vendor_name"])} for s in rows["tool_spend", "invoices"]
        ]
        self.logs = [a | {"tool": tool_of(a["app_name"]), "on": a["occurred_at"].date()}
                     for a in rows["tool_activity",
                         "okta"] if a["outcome"] != "failure" and a["email_key"]]  # fmt: skip
        self.exports: dict[tuple[str, str], dict[dt.date, list[Row]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for (contract, source), found in rows.items():
            for row in found if contract == "tool_seats" else ():
                holder = row["email_key"] or f"{source}:{row['member_ref']}"
                self.exports[source, row["tool_id"]][row["snapshot_on"]].append(
                    row | {"holder": holder}
                )
        keys = {r["email_key"] for e in self.exports.values() for rs in e.values() for r in rs}
        self.told = self._told(keys - {None})

    def _told(self, keys: set[str]) -> dict[tuple[str, str], list[tuple[dt.date, bool]]]:
        """Per list and person what the list says when."""
        told: dict[tuple[str, str], dict[dt.date, bool]] = defaultdict(dict)
        for (source, tool), exports in self.exports.items():
            for on, rows in exports.items():
                for row in rows:
                    if row["email_key"]:
                        before = told[f"{source}:{tool}", row["email_key"]].get(on, False)
                        told[f"{source}:{tool}", row["email_key"]][on] = (
                            before or row["is_active_member"]
                        )
        for row in self.identities:
            if row["email_key"] in keys and row["is_active"] is not None:
                told[f"zendesk:{row['identity_ref']}", row["email_key"]][
                    row["updated_at"].date()
                ] = row["is_active"]
        return {key: sorted(says.items()) for key, says in told.items()}

    def seen(self, key: str, after: dt.date, until: dt.date) -> bool:
        rows = [
            r
            for e in self.exports.values()
            for rs in e.values()
            for r in rs
            if r["email_key"] == key
        ]
        days = [r["last_active_at"].date() for r in rows if r["last_active_at"]]
        days += [a["on"] for a in self.logs if a["email_key"] == key]
        return any(after < d <= until for d in days)

    def has_left(self, key: str | None, on: dt.date) -> bool:
        """Deactivated somewhere as of a day, and seen nowhere since."""
        for (_, who), says in self.told.items():
            past = [s for s in says if s[0] <= on]
            if who != key or not past or past[-1][1]:
                continue
            since = past[-1][0]
            for when, is_active in reversed(past):
                if is_active:
                    break
                since = when
            if not self.seen(who, since, on):
                return True
        return False

    def leavers_known(self, on: dt.date) -> bool:
        return any(d <= on and not active for says in self.told.values() for d, active in says)

    def seat_states(self, tool: str, on: dt.date) -> dict[str, list[Row]]:
        """Per holder what each last export on or before a day says."""
        states: dict[str, list[Row]] = defaultdict(list)
        for (_, name), exports in self.exports.items():
            past = [d for d in exports if d <= on]
            if name != tool or not past:
                continue
            rows = exports[max(past)]
            shows_use = any(r["last_active_at"] for r in rows)
            for holder in {r["holder"] for r in rows}:
                mine = [r for r in rows if r["holder"] == holder]
                states[holder].append(self._state(tool, holder, mine, max(past), shows_use))
        return states

    def _state(self, tool: str, holder: str, mine: list[Row], on: dt.date, shows_use: bool) -> Row:
        key = mine[0]["email_key"]
        logged = [a["on"] for a in self.logs if a["tool"] == tool]
        audited = [
            a["on"] for a in self.logs if a["tool"] == tool and a["activity_evidence"] == "L3"
        ]
        own = [
            a for a in self.logs if a["tool"] == tool and a["email_key"] == key and a["on"] <= on
        ]
        uses = [r["last_active_at"].date() for r in mine if r["last_active_at"]]
        uses += [a["on"] for a in own if a["activity_evidence"] == "L3"]
        joined = min((r["joined_at"].date() for r in mine if r["joined_at"]), default=None)
        first = min(d for (_, name), e in self.exports.items() if name == tool
                    for d, rs in e.items() if any(r["holder"] == holder for r in rs))  # fmt: skip
        since = max([*uses, *([joined] if joined else [])], default=first)
        log28, audit28, audit90 = (min(days, default=FOREVER) <= on - back for days, back in
                                   ((logged, 27 * DAY), (audited, 27 * DAY), (audited,
                                    89 * DAY)))  # fmt: skip
        left = not any(r["is_active_member"] for r in mine) or self.has_left(key, on)
        return {
            "snapshot_on": on, "key": key, "assigned": any(r["is_billable"] for r in mine),
            "evidence": "L3" if audit28 else "L2" if shows_use else "L1" if log28 else "L0",
            "active28": max(uses, default=dt.date.min) > on - D28 if shows_use or audit28 else None,
            "idle90": since <= on - D90 if shows_use or audit90 else None,
            "signed28": any(a["on"] > on - D28 for a in own) if log28 else None,
            "leaver": left if left or self.leavers_known(on) else None,
        }  # fmt: skip

    def in_force(self, tool: str, on: dt.date) -> list[Row]:
        found = []
        for c in self.contracts:
            newer = [o["starts_on"] for o in self.contracts
                     if o["tool_id"] == c["tool_id"] and o["starts_on"] > c["starts_on"]
                     and o["starts_on"] >= c["renews_on"] - D90]  # fmt: skip
            ends = c["renews_on"]
            if c["is_auto_renew"]:
                ends = max(ends, min(newer)) if newer else FOREVER
            if c["tool_id"] == tool and c["starts_on"] <= on < ends:
                found.append(c)
        return found

    def tools(self) -> set[str]:
        names = (
            {t["tool_id"] for t in REGISTER} | {c["tool_id"] for c in self.contracts} | {"unknown"}
        )
        return names | {tool for _, tool in self.exports}

    def first_day(self, tool: str) -> dt.date | None:
        days = [c["starts_on"] for c in self.contracts if c["tool_id"] == tool]
        days += [d for (_, name), e in self.exports.items() if name == tool for d in e]
        days += [s["spent_on"] for s in self.charges(tool)]
        registered = any(t["tool_id"] == tool for t in REGISTER)
        return min(days, default=AS_OF if registered else None)

    def charges(self, tool: str) -> list[Row]:
        return [s for s in self.spend if s["tool"] == tool and s["state"] in ("cleared", None)]

    def months(self) -> dict[tuple[str, dt.date], Row]:
        """The mart, by tool and month."""
        days = [d for e in self.exports.values() for d in e]
        days += [s["spent_on"] for s in self.spend if s["state"] in ("cleared", None)]
        month, made = min(days).replace(day=1), {}
        while month <= AS_OF:
            for tool in self.tools():
                first = self.first_day(tool)
                if first and first <= month_end(month):
                    made[tool, month] = self.cell(tool, month)
            month = month_end(month) + DAY
        return made

    def cell(self, tool: str, month: dt.date) -> Row:
        on = min(month_end(month), AS_OF)
        force, states = self.in_force(tool, on), self.seat_states(tool, on)
        buys = [c["purchased_seat_count"] for c in force]
        bought = sum(buys) if buys and None not in buys else None
        money = min((c["currency"] or self.currency for c in force), default=self.currency)
        taken = {h: [s for s in found if s["assigned"]] for h, found in states.items()}
        taken = {h: found for h, found in taken.items() if found}

        def count(name: str, some: Any = any) -> int | None:
            asked = [[s[name] for s in found if s[name] is not None] for found in taken.values()]
            if not states or (taken and not any(asked)):
                return None
            return sum(some(answers) for answers in asked if answers)

        charges = [s for s in self.charges(tool) if s["spent_on"].replace(day=1) == month]
        last_spent = max(s["spent_on"] for s in self.spend)
        begun = any(s["spent_on"] <= month_end(month) for s in self.charges(tool))
        spent = sum(s["amount_minor"] for s in charges if s["currency"] == money)
        spend = spent if charges or (begun and last_spent >= month) else None
        active, assigned = count("active28"), len(taken) if states else None
        evidence = max((s["evidence"] for f in states.values() for s in f), default="none")
        den = bought if active is not None and evidence in ("L2", "L3") else None
        return {
            "snapshot_on": min((s["snapshot_on"] for f in states.values() for s in f),
            default=None),
            "purchased_seat_count": bought, "assigned_seat_count": assigned,
            "active28_seat_count": active,
            "idle90_seat_count": count("idle90", all), "leaver_seat_count": count("leaver"),
            "signed_on28_seat_count": count("signed28"),
            "nameless_seat_count": sum(f[0]["key"] is None for f in taken.values())
            if states else None,
            "utilisation_num": active if den is not None else None, "utilisation_den": den,
            "utilisation_rate": active / den if den else None,
            "spend_minor": spend, "currency": money,
            "other_currency_charge_count": sum(s["currency"] != money for s in charges),
            "cost_per_active_minor": None if spend is None or not active
            else half_away(spend / active),
            "activity_evidence": evidence,
            "is_over_assigned": None if assigned is None or bought is None else assigned > bought,
            "is_complete": self.is_complete(tool, month),
        }  # fmt: skip

    def is_complete(self, tool: str, month: dt.date) -> bool:
        last = month_end(month)
        exports = [d for (_, name), e in self.exports.items() if name == tool for d in e]
        if exports and max(exports) < last:
            return False
        if self.charges(tool) and max(s["spent_on"] for s in self.spend) < last:
            return False
        return last + 1.5 * DAY <= dt.date(2026, 6, 30)


def half_away(value: float) -> int:
    return int(abs(value) + 0.5) * (1 if value >= 0 else -1)
