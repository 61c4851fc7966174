"""Whether themes are asked for more or less, and what left with who asked, in plain Python.

Belongs here: the definitions of velocity and churned revenue, written a second time; the statistics
come from scipy. Does not belong here: items and mentions (`voice_oracle`, `voice_words`).
"""

from __future__ import annotations

import datetime as dt
from math import sqrt
from typing import Any

from scipy.stats import binomtest, false_discovery_control

from .voice_money import in_own_money
from .voice_oracle import Item, VoiceOracle, top
from .voice_words import mentions
from .voice_world import ACCOUNTS, AS_OF, TERMS

Z = 1.959964
WEEK = dt.timedelta(days=7)
Row = dict[str, Any]


def interval(recent: int, prior: int) -> tuple[float, float | None]:
    """The score interval of the recent share of 16 weeks, told as a ratio of weekly rates."""
    n = recent + prior
    middle, half = recent + Z * Z / 2, Z * sqrt(recent * prior / n + Z * Z / 4)
    low, high = (middle - half) / (n + Z * Z), (middle + half) / (n + Z * Z)
    return 3 * low / (1 - low), 3 * high / (1 - high) if prior else None


def counted(oracle: VoiceOracle) -> list[tuple[Item, str]]:
    """Mentions that count."""
    return [(i, t) for i in oracle.items if i.reason is None for t in mentions(i.text)]


def velocities(oracle: VoiceOracle) -> dict[tuple[str, dt.date], Row]:
    """theme_velocity__theme_week by theme and week."""
    asks: dict[tuple[str, dt.date], set[str]] = {}
    for item, theme in counted(oracle):
        who = item.item_id if item.account == "unknown" else item.parent
        asks.setdefault((theme, item.week), set()).add(who)
    weeks = sorted({week for _, week in oracle.theme_weeks()})
    made: dict[tuple[str, dt.date], Row] = {}
    for number, week in enumerate(weeks):
        tested = {}
        for theme in sorted({t for t, *_ in TERMS}):
            past = [len(asks.get((theme, week - WEEK * back), ())) for back in range(16)]
            is_known = number >= 15
            recent, prior = sum(past[:4]), sum(past[4:])
            row: Row = {
                "ask_count": past[0],
                "recent_ask_count": recent if is_known else None,
                "prior_ask_count": prior if is_known else None,
                "velocity_ratio": (recent / 4) / (prior / 12) if is_known and prior else None,
                "velocity_low": None, "velocity_high": None, "p_value": None, "q_value": None,
                "verdict": "unknown",
            }  # fmt: skip
            if is_known and recent + prior:
                row["velocity_low"], row["velocity_high"] = interval(recent, prior)
                row["p_value"] = binomtest(recent, recent + prior, 0.25).pvalue
                tested[theme] = row
            made[theme, week] = row
        qs = false_discovery_control([r["p_value"] for r in tested.values()]) if tested else []
        for row, q in zip(tested.values(), qs, strict=True):
            row["q_value"] = float(q)
            more = row["recent_ask_count"] * 3 > row["prior_ask_count"]
            row["verdict"] = ("rising" if more else "falling") if q <= 0.05 else "no change shown"
        for theme in {t for t, *_ in TERMS}:
            made[theme, week]["test_count"] = len(tested)
    return made


def churned(oracle: VoiceOracle) -> dict[tuple[str, dt.date], tuple[int, int]]:
    """Revenue and parents that left in a week, of those who had asked in the 364 days before."""
    found: dict[tuple[str, dt.date], dict[str, int]] = {}
    for ref, _, versions, left in ACCOUNTS:
        if left is None or left > AS_OF.date().isoformat():
            continue
        day = dt.date.fromisoformat(left)
        _, plan, arr, currency = [v for v in versions if v[0] < left][-1]
        if plan.lower() in ("free", "trial", "services"):
            continue
        parent = top(f"g{ref}")
        for item, theme in counted(oracle):
            if item.parent == parent and day - 52 * WEEK <= item.on < day:
                week = day - dt.timedelta(days=day.weekday())
                worth = in_own_money(arr, currency) or 0
                found.setdefault((theme, week), {})[f"{parent}/{ref}"] = worth
    return {
        key: (sum(worth.values()), len({who.split("/")[0] for who in worth}))
        for key, worth in found.items()
    }
