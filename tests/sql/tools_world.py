"""Random tools with seats, sign-ons, charges and contracts.

Belongs here: rows of contracts. Does not belong here: what they should add up to.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

Rows = dict[tuple[str, str], list[dict[str, Any]]]

AS_OF = dt.date(2026, 6, 30)
DAY = dt.timedelta(days=1)
REGISTER = (
    {
        "tool_id": "draw",
        "name": "Draw",
        "vendor": "Draw, Inc.",
        "category": "design",
        "app_names": ["Draw Cloud"],
    },
    {
        "tool_id": "talk",
        "name": "Talk",
        "vendor": "Big Vendor",
        "category": "chat",
        "app_names": [],
    },
    {
        "tool_id": "plan",
        "name": "Plan",
        "vendor": "Big Vendor",
        "category": "tracker",
        "app_names": None,
    },
    {
        "tool_id": "audit",
        "name": "Audit",
        "vendor": None,
        "category": None,
        "app_names": ["Audit (EU)"],
    },
    {"tool_id": "paper", "name": "Paper", "vendor": "Paper AG", "app_names": []},
)
EVIDENCE = {"draw": "L2", "talk": "L0", "plan": "L2", "audit": "L0", "shadow": "L2"}
PAYEES = (
    "DRAW INC",
    "Draw",
    "draw cloud",
    "Big Vendor",
    "Talk",
    "PLAN",
    "Paper A.G.",
    "Nobody Ltd",
    "paper",
)


def day(chance: random.Random, first: str, last: str) -> dt.date:
    start, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    return start + DAY * chance.randrange((end - start).days + 1)


def midnight(on: dt.date, hours: int = 0) -> dt.datetime:
    return dt.datetime.combine(on, dt.time(hours))


def seats(chance: random.Random, source: str, tool: str, people: int) -> list[dict[str, Any]]:
    """Dated exports of one tool's members, who come, go, idle and are deactivated."""
    exports = sorted({day(chance, "2026-01-20", "2026-06-29") for _ in range(6)})
    made = []
    for n in range(people):
        key = None if chance.random() < 0.15 else f"k{chance.randrange(14)}"
        joined = chance.choice((None, day(chance, "2025-10-01", "2026-05-30")))
        stops, leaves = (
            day(chance, "2025-11-01", "2026-08-30"),
            day(chance, "2026-03-01", "2026-09-30"),
        )
        for on in exports:
            if chance.random() < 0.1 or (joined and joined > on):
                continue
            seen = min(on, stops) - DAY * chance.choice((0, 1, 9, 28))
            has_seen = EVIDENCE[tool] == "L2" and chance.random() < 0.85
            made.append(
                {"tool_id": tool, "snapshot_on": on, "member_ref": f"{source}{n}", "email_key": key,
                 "is_billable": chance.random() < 0.9,
                 "is_active_member": tool == "draw" or on < leaves,
                 "joined_at": midnight(joined) if joined else None,
                 "activity_evidence": EVIDENCE[tool],
                 "last_active_at": midnight(seen, 23) if has_seen else None}
            )  # fmt: skip
    return made


def activity(chance: random.Random, count: int) -> list[dict[str, Any]]:
    """Sign-ons to tools, registered or not, and an audit log of one."""
    made = []
    for n in range(count):
        app = chance.choice(("Draw", "talk", "Talk", "Audit EU", "Canvas", None))
        made.append(
            {"activity_id": f"a{n}", "occurred_at": midnight(day(chance, "2026-02-15",
             "2026-06-29"), 22),
             "app_name": app, "activity_type": "use", "outcome": chance.choice(("success", None,
             "failure")),
             "email_key": chance.choice([None, *(f"k{i}" for i in range(14))]),
             "activity_evidence": "L3" if app == "Audit EU" else "L1"}
        )  # fmt: skip
    return made


def spend(chance: random.Random, count: int) -> list[dict[str, Any]]:
    """Charges in two currencies, refunds, and some that never went through."""
    return [
        {"spend_id": f"s{n}", "vendor_name": chance.choice(PAYEES), "spent_on": day(chance,
         "2026-01-05", "2026-06-20"),
         "amount_minor": chance.randrange(-500, 5_000), "currency": chance.choice(("USD", "USD",
         "EUR")),
         "state": chance.choice(("cleared", "cleared", None, "pending", "declined"))}
        for n in range(count)
    ]  # fmt: skip


def contracts(chance: random.Random, count: int) -> list[dict[str, Any]]:
    """Contracts that overlap, ended, renew themselves, and lack this or that."""
    made = []
    for n in range(count):
        starts = day(chance, "2024-06-01", "2026-08-01")
        made.append(
            {"contract_id": f"c{n}", "tool_id": chance.choice(("draw", "talk", "plan", "audit",
             "rented")),
             "starts_on": starts, "renews_on": starts + DAY * chance.choice((90, 365, 365, 730)),
             "notice_days": chance.choice((None, 0, 30, 60)), "is_auto_renew": chance.choice((True,
             False, None)),
             "can_reduce_in_term": chance.choice((True, False, None)),
             "purchased_seat_count": chance.choice((None, 3, 8, 12, 20)),
             "seat_month_minor": chance.choice((None, 1_000, 4_500)),
             "currency": chance.choice(("USD", "EUR", None))}
        )  # fmt: skip
    return made


def world(seed: int) -> Rows:
    """A whole company's tools."""
    chance = random.Random(seed)
    found: Rows = {("tools", "registry"): [dict(t) for t in REGISTER]}
    for source, tool, people in (("draw", "draw", 14), ("draw2", "draw", 6), ("talk", "talk", 14),
                                 ("plan", "plan", 9), ("audit", "audit", 12), ("shadow", "shadow",
                                  4)):  # fmt: skip
        found["tool_seats", source] = seats(chance, source, tool, people)
    found["tool_activity", "okta"] = activity(chance, 260)
    found["tool_spend", "invoices"] = spend(chance, 120)
    found["tool_contracts", "registry"] = contracts(chance, 14)
    found["identities", "zendesk"] = [
        {"identity_ref": f"z{n}", "role": "agent", "email_key": f"k{n}",
         "is_active": chance.choice((True, False, None)),
         "updated_at": midnight(day(chance, "2026-02-01", "2026-06-01"), 9)}
        for n in (1, 2, 3, 40)
    ]  # fmt: skip
    return found
