"""Expected revenue by month: what customers pay at its end, and by what that changed.

Belongs here: counting over the simulated accounts. Does not belong here: how sales writes them.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from demo.company import ENDS_ON, Account

_DAY = timedelta(1)


def _worth(account: Account, day: date) -> int:
    """Annual revenue of an account at the end of a day; sales must know of it."""
    if account.hubspot_id is None or (account.churned_on and day >= account.churned_on):
        return 0
    past = [state for state in account.states if state.since.date() <= day]
    return past[-1].arr_minor if past and past[-1].lifecycle == "customer" else 0


def _months() -> list[tuple[date, date]]:
    """First and last day of each month that is over."""
    made, first = [], date(2024, 1, 1)
    while (after := (first + 31 * _DAY).replace(day=1)) <= ENDS_ON:
        made.append((first, after - _DAY))
        first = after
    return made


def revenue_truth(accounts: list[Account]) -> dict[str, Any]:
    """Revenue of all topmost parents by month, from the first that has any."""
    families: dict[str, list[Account]] = defaultdict(list)
    for account in accounts:
        families[account.parent_id or account.hubspot_id or account.account_id].append(account)
    months: dict[str, dict[str, int]] = {}
    for first, last in _months():
        moves = dict.fromkeys(("closing", "new", "expansion", "contraction", "churn", "logos"), 0)
        for members in families.values():
            before, after = (sum(_worth(a, day) for a in members) for day in (first - _DAY, last))
            moves["closing"] += after
            moves["logos"] += after > 0
            if not before:
                moves["new"] += after
            elif not after:
                moves["churn"] += before
            else:
                moves["expansion" if after > before else "contraction"] += abs(after - before)
        if moves["closing"] or months:
            months[f"{first}"] = moves
    return {
        "definition": "Annual recurring revenue in cents of all parents with their subsidiaries at "
        "the end of each month that is over, and by what it changed within the month; nobody who "
        "left comes back. logos: parents with revenue.",
        "months": months,
    }
