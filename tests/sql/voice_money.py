"""Money of the random company: rates that its register holds, and amounts by hand.

Belongs here: what an amount is in the company's own currency. Does not belong here: whose it is.
"""

from __future__ import annotations

import datetime as dt

# Pounds at the rates of their days and at the constant one; nobody keeps one for euros.
RATES = tuple(
    {
        "currency": "GBP",
        "to_currency": "USD",
        "rated_on": dt.date(2026, 3, 1) + dt.timedelta(days=31 * number),
        "rate": 1.3 + number / 10,
        "constant_on": dt.date(2026, 3, 1),
    }
    for number in range(5)
)
CONSTANT = {("GBP", "USD"): 1.3}


def in_own_money(amount: float | None, currency: str | None, own: str = "USD") -> int | None:
    """An amount at the constant rate; None without a rate, and nothing is nothing."""
    if amount is None or amount == 0 or (currency or own) == own:
        return None if amount is None else _half_up(amount)
    rate = CONSTANT.get((currency or own, own))
    return None if rate is None else _half_up(amount * rate)


def _half_up(amount: float) -> int:
    """To whole minor units; amounts are not negative here."""
    return int(amount + 0.5)
