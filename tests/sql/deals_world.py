"""Sales opportunities and notes about them: by chance, with everything that CRMs get wrong.

Belongs here: rows of contracts. Does not belong here: what they add up to.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from .revenue_world import DAY, ORG, Row, Rows, account, rate

FIRST = dt.datetime(2026, 1, 3, 9)
WORDS = (None, "Too dear", "No single sign-on", "no SSO; and exports fail", " ")
TERMS: Rows = {
    ("theme_terms", "registry"): [
        {"theme_id": t, "theme_name": t, "term": w, "is_exclusion": False}
        for t, w in (("sso", "sso"), ("sso", "single sign-on"), ("exports", "exports fail*"))
    ]
}
CUSTOMERS = [
    account("1", "2026-01-01", 1_000), account("2", "2026-01-01", 500, parent_ref="1"),
    account("9", "2026-01-01", 100),
]  # fmt: skip
RULES = [{"subject_type": "account", "subject": "g9", "reason": "test_account"}]
RATES = [rate("EUR", FIRST.date() + DAY * 31 * n, 1.0 + n / 10) for n in range(4)]


def deal(ref: str, at: str | dt.datetime, **more: Any) -> Row:
    """One version of an open deal."""
    when = dt.datetime.fromisoformat(at) if isinstance(at, str) else at
    return {
        "opportunity_id": ref, "name": f"Deal {ref}", "account_ref": "1", "stage": "demo",
        "amount_minor": 1_000, "currency": ORG, "probability": 0.5, "is_closed": False,
        "is_won": False, "loss_reason": None, "closes_on": None, "created_at": when,
        "updated_at": when, "is_deleted": False,
    } | more  # fmt: skip


def note(ref: str, at: str | dt.datetime, about: str | None, **more: Any) -> Row:
    """One conversation."""
    when = dt.datetime.fromisoformat(at) if isinstance(at, str) else at
    return {
        "note_id": ref, "note_type": "note", "occurred_at": when, "account_ref": None,
        "opportunity_id": about, "body": "They called", "updated_at": when,
    } | more  # fmt: skip


_HOURS = st.integers(0, 24 * 175)


@st.composite
def _versions(draw: Any, ref: str) -> list[Row]:
    start = FIRST + dt.timedelta(hours=draw(st.integers(-200, 24 * 150)))
    fixed = {
        "created_at": draw(st.sampled_from([start, start, start - 40 * DAY, None])),
        "account_ref": draw(st.sampled_from(["1", "2", "9", None, "77"])),
    }
    rows = []
    for _ in range(draw(st.integers(1, 5))):
        outcome = draw(st.sampled_from(["open", "open", "open", "won", "lost"]))
        days = draw(st.none() | st.integers(-60, 60))
        rows.append(
            deal(
                ref, start,
                stage=draw(st.sampled_from(["demo", "offer"])) if outcome == "open" else outcome,
                amount_minor=draw(st.sampled_from([None, 0, 1_000, 2_500])),
                currency=draw(st.sampled_from([ORG, None, "EUR", "CHF"])),
                is_closed=outcome != "open", is_won=outcome == "won",
                loss_reason=draw(st.sampled_from(WORDS)) if outcome == "lost" else None,
                closes_on=None if days is None else start.date() + DAY * days,
                is_deleted=draw(st.sampled_from([False] * 9 + [True])), **fixed,
            )
        )  # fmt: skip
        start += dt.timedelta(hours=draw(st.integers(1, 24 * 45)))
    return rows


@st.composite
def pipelines(draw: Any) -> Rows:
    """Some deals with their history in any order, and notes, some of them exported twice."""
    count = draw(st.integers(1, 7))
    deals = [row for n in range(count) for row in draw(_versions(f"d{n}"))]
    notes = []
    for n in range(draw(st.integers(0, 6))):
        about = draw(st.sampled_from([None, *(f"d{i}" for i in range(count)), "gone"]))
        when = FIRST + dt.timedelta(hours=draw(_HOURS))
        notes += [note(f"n{n}.{k}", when, about) for k in range(draw(st.integers(1, 2)))]
    return {
        ("accounts", "hubspot"): CUSTOMERS, ("exclusions", "registry"): RULES,
        ("exchange_rates", "registry"): RATES,
        ("opportunities", "hubspot"): draw(st.permutations(deals)),
        ("feedback_notes", "hubspot"): notes,
    }  # fmt: skip
