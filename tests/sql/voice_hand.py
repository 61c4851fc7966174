"""The small cases of docs/decisions.md, to be counted on paper.

Belongs here: rows of contracts. Does not belong here: what they should add up to (the tests say
it in numbers).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from .survey_world import WORDING, answer
from .voice_world import Rows


def ticket(ref: str, at: str, subject: str, account: str | None, **more: Any) -> dict[str, Any]:
    when = dt.datetime.fromisoformat(at)
    return {
        "ticket_id": ref, "version_at": when, "subject": subject, "status": "open",
        "requester_ref": "r99",
        "submitter_ref": None, "account_ref": account, "created_at": when, "updated_at": when,
    } | more  # fmt: skip


def deal(
    ref: str, account: str, amount: int, chance: float, at: str, **more: Any
) -> dict[str, Any]:
    return {
        "opportunity_id": ref, "account_ref": account, "stage": "open", "amount_minor": amount,
        "currency": "USD",
        "probability": chance, "is_closed": False, "is_won": False, "created_at": dt.datetime(2026,
        3, 1),
        "updated_at": dt.datetime.fromisoformat(at), "closes_on": None, "loss_reason": None,
        "is_deleted": False,
    } | more  # fmt: skip


def score(response: str, number: float, user: int | None, question: str = "n", **more: Any) -> dict:
    at = dt.datetime(2026, 5, 4, 15) if "at" not in more else more.pop("at")
    who = {"user_id": f"u{user}" if user else None}
    return answer("hand", response, question, number, at, question_text=WORDING, **who, **more)


# An NPS of the second quarter: twelve answers, eight count. And a CSAT of four.
SCORES = [
    score("s1", 10.0, 1), score("s2", 10.0, 2), score("s3", 9.0, 3), score("s4", 8.0, 4),
    score("s6", 0.0, 6), score("s7", 6.0, 7), score("s10", 9.0, 10), score("s0", 7.0, None),
    score("early", 2.0, 1, at=dt.datetime(2026, 4, 20)), score("look", 10.0, None, is_test=True),
    score("own", 10.0, 9), score("eleven", 11.0, None),
    score("c1", 5.0, 1, "c"), score("c2", 4.0, 2, "c"), score("c3", 4.0, 3, "c"),
    score("c4", 2.0, 4, "c"),
]  # fmt: skip

# Dark mode: one ask in each of the twelve weeks from 5 January on, three in each of the next four,
# of which one is Blue's, who writes five times.
MONDAYS = [dt.datetime(2026, 1, 5, 12) + dt.timedelta(weeks=n) for n in range(16)]
DARK = [
    *(ticket(f"dark{n}", at.isoformat(), "Dark mode?", None) for n, at in enumerate(MONDAYS)),
    *(ticket(f"darker{n}", at.isoformat(), "dark mode", None) for n, at in enumerate(MONDAYS[12:])),
    *(
        ticket(f"blue{n}.{again}", at.isoformat(), "DARK MODE", "1" if again % 2 else "2")
        for n, at in enumerate(MONDAYS[12:])
        for again in range(5)
    ),
]

# The week of 2 March, before the random weeks: docs/decisions.md tells about it.
BY_HAND: Rows = {
    ("tickets", "zendesk"): [
        *DARK,
        ticket("h1", "2026-03-03T10:00", "SSO please", "1"),
        ticket("h2", "2026-03-04T10:00", "We need (SSO)", "2"),
        ticket("h3", "2026-03-04T11:00", "sso?", None),
        ticket("h4", "2026-03-05T10:00", "SSO", "4"),
        ticket("h5", "2026-03-05T10:00", "SSO", "8"),
        ticket("h6", "2026-03-05T10:00", "Take me off the SSO newsletter", "1"),
        ticket("h7", "2026-03-05T10:00", "SSO", "6", status="deleted"),
        ticket("h8", "2026-03-08T12:00", "Wrong invoice", "1"),
    ],
    ("feedback_notes", "hubspot"): [
        {"note_id": "h9", "note_type": "note", "occurred_at": dt.datetime(2026, 3, 3),
         "account_ref": "h6",
         "opportunity_id": None, "body": "They want Single\n Sign-On, and an SSO demo",
         "updated_at": dt.datetime(2026, 3, 3)},
    ],
    ("opportunities", "hubspot"): [
        deal("hd1", "h6", 2_000, 0.25, "2026-03-02"),
        deal("hd2", "h2", 1_000, 0.5, "2026-03-03"),
        deal("hd2", "h2", 1_000, 1.0, "2026-03-20", is_closed=True, is_won=True),
        deal("hd3", "h6", 700, 0.5, "2026-03-02"),
        deal("hd3", "h6", 700, 0.0, "2026-03-05", is_closed=True, loss_reason="No single sign-on"),
        deal("hd4", "h6", 900, 0.5, "2026-03-02", currency="EUR"),
    ],
    ("survey_responses", "qualtrics"): SCORES,
    ("survey_deliveries", "qualtrics"): [
        {"survey_id": "Hand", "delivery_id": f"h{n}", "delivery_status": status, "user_id": f"u{n}",
         "sent_at": dt.datetime(2026, 5, 1, 9), "updated_at": dt.datetime(2026, 5, 1, 9)}
        for n, status in [*((n, "delivered") for n in (1, 2, 3, 4, 5, 6, 7, 10)), (8, "sent"),
                          (9, "delivered"), (11, "bounced")]
    ],
    ("survey_questions", "registry"): [
        {"survey_id": "hand", "question_id": "c", "question_kind": "csat", "scale_min": 1.0,
         "scale_max": 5.0},
    ],
}  # fmt: skip
