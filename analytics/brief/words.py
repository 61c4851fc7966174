"""Numbers in words, the same in findings and on the page."""

from __future__ import annotations


def percent(num: float, den: float) -> str:
    """A share in words: 154 of 320 is `48 %`."""
    return f"{100 * num / den:.0f} %"


def money(minor: int, currency: str) -> str:
    """Minor units in words: 972000 USD is `9,720 USD`."""
    digits = 0 if currency in {"JPY", "KRW", "VND", "CLP", "ISK"} else 2
    return f"{minor / 10**digits:,.0f} {currency}"
