"""Small companies' customers: families, contracts that change, currencies and rates.

Belongs here: rows of contracts, by hand and by chance. Does not belong here: what they add up to.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

Row = dict[str, Any]
Rows = dict[tuple[str, str], list[Row]]

AS_OF = dt.datetime(2026, 6, 30, 12)
ORG = "USD"
FIRST = dt.date(2026, 1, 1)
FIXED = dt.date(2026, 1, 15)
DAY = dt.timedelta(days=1)
PLANS = ("pro", "pro", "enterprise", "trial", "Pilot", "free", "services", None)
STAGES = ("customer", "customer", None, "lead", "opportunity", "churned")


def account(ref: str, at: str | dt.datetime, arr: int | None, **more: Any) -> Row:
    """One version of a customer."""
    return {
        "account_ref": ref, "external_id": f"g{ref}", "name": f"Customer {ref}", "parent_ref": None,
        "plan": "pro", "lifecycle": "customer", "arr_minor": arr, "currency": ORG,
        "churned_on": None, "created_at": None, "is_deleted": False,
        "updated_at": dt.datetime.fromisoformat(at) if isinstance(at, str) else at,
    } | more  # fmt: skip


def rate(currency: str, on: str | dt.date, value: float) -> Row:
    """One entry of the register."""
    return {
        "currency": currency, "to_currency": ORG, "rate": value, "constant_on": FIXED,
        "rated_on": dt.date.fromisoformat(on) if isinstance(on, str) else on,
    }  # fmt: skip


def _days(first: int = 0, last: int = 200) -> st.SearchStrategy[dt.date]:
    """Days of half a year, often the first or last of a month, some after the present."""
    ends = [FIRST + DAY * n for n in (-1, 0, 30, 31, 58, 59, 89, 90, 119, 120, 150, 151, 179, 180)]
    return st.one_of(st.sampled_from(ends), st.integers(first, last).map(lambda n: FIRST + DAY * n))


@st.composite
def _versions(draw: Any, ref: str) -> list[Row]:
    """The history of one customer; a version is of another hour, never of the same."""
    parent = draw(st.sampled_from([None, None, *(str(n) for n in range(1, int(ref)))]))
    created = draw(st.none() | _days(-40).map(lambda d: dt.datetime.combine(d, dt.time(9))))
    days = draw(st.lists(st.tuples(_days(), st.integers(0, 23)), min_size=1, max_size=5,
                         unique=True))  # fmt: skip
    is_deleted = draw(st.sampled_from([False] * 7 + [True]))
    rows = []
    for day, hour in days:
        rows.append(
            account(
                ref, dt.datetime.combine(day, dt.time(hour)),
                draw(st.sampled_from([None, 0, 1_000, 1_000, 2_400, 777])), parent_ref=parent,
                plan=draw(st.sampled_from(PLANS)), lifecycle=draw(st.sampled_from(STAGES)),
                currency=draw(st.sampled_from([ORG, ORG, None, "EUR", "JPY", "CHF"])),
                churned_on=draw(st.sampled_from([None] * 4) | _days()),
                created_at=created, is_deleted=is_deleted,
            )
        )  # fmt: skip
    return rows


@st.composite
def companies(draw: Any) -> Rows:
    """Some customers with their history in any order, a merged record, rules, and rates."""
    count = draw(st.integers(1, 5))
    versions = [row for n in range(1, count + 1) for row in draw(_versions(str(n)))]
    if draw(st.booleans()):
        # Merged into the first: the same customer under another id, with a figure of its own.
        versions.append(account("90", "2026-02-10", 5_000, external_id="g1", is_deleted=True))
    excluded = draw(st.lists(st.integers(1, count), max_size=1))
    rates = {}
    for currency in ("EUR", "JPY"):
        for day in draw(st.lists(_days(), max_size=5)):
            rates[currency, day] = rate(currency, day, draw(st.sampled_from([0.5, 1.08, 1.1, 2.0])))
    return {
        ("accounts", "hubspot"): draw(st.permutations(versions)),
        ("accounts", "zendesk"): [
            {"account_ref": "z1", "external_id": "g1", "updated_at": dt.datetime(2026, 3, 1)}
        ],
        ("exclusions", "registry"): [
            {"subject_type": "account", "subject": f"g{n}", "reason": "test_account"}
            for n in excluded
        ],
        ("exchange_rates", "registry"): list(rates.values()),
    }
