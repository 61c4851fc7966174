"""Answers to scored surveys and invitations to them, with all that makes counting them hard.

Belongs here: rows of contracts. Does not belong here: what they should add up to. People, accounts
and exclusions are those of `voice_world`.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from .voice_world import Rows

WORDING = "How likely are you to\n recommend us?"
# survey, question, wording, register entry (kind, lowest, highest), answers that are offered
QUESTIONS = (
    ("nps", "q1", WORDING, None, (*range(11), 9, 10, 10, 6, 11, -1, 9.5)),
    ("nps", "q2", "How satisfied are you?", ("csat", 1, 5), (1, 2, 3, 4, 5, 5, 6, 0)),
    ("nps", "q3", "How often?", None, (1, 2, 3)),
    ("Effort", "Q1", "Was it easy?", ("ces", 1, 7), (1, 4, 5, 6, 7, 7)),
    ("old", "q1", "Would you?", ("nps", 0, 10), (9, 9, 10)),
)  # fmt: skip
STATUSES = ("delivered", "delivered", "delivered", "sent", "bounced", "failed")


def _moment(chance: random.Random) -> dt.datetime:
    """Some time around the turn of the quarter of 1 April, or in the future."""
    if chance.random() < 0.03:
        return dt.datetime(2026, 8, 3, 9)
    hour = chance.choice((0, 3, 6, 11, 14, 22))
    days = chance.choice((0, 1, 1, 2, chance.randrange(90)))
    return dt.datetime(2026, 3, 30) + dt.timedelta(days, hours=hour, minutes=chance.randrange(60))


def answer(
    survey: str, response: str, question: str, number: float | None, at: dt.datetime, **more: Any
) -> dict[str, Any]:
    """One row of survey_responses."""
    return {
        "survey_id": survey, "response_id": response, "question_id": question,
        "answer_number": number, "answer_text": None, "submitted_at": at, "is_test": False,
    } | more  # fmt: skip


def _who(chance: random.Random) -> dict[str, str | None]:
    number = chance.randrange(1, 14)
    return {
        "user_id": chance.choice((f"u{number}", None)),
        "email_key": chance.choice((f"k{number}", None)),
    }


def surveys(seed: int, count: int = 160) -> Rows:
    """Answers, invitations and the register of questions."""
    chance = random.Random(seed)
    answers, invitations = [], []
    for n in range(count):
        survey, question, text, _, offered = chance.choice(QUESTIONS)
        row = answer(
            survey,
            f"x{n}",
            question,
            float(chance.choice(offered)),
            _moment(chance),
            **_who(chance),
        )
        answers.append(
            row | {"question_text": text, "is_test": chance.choice((False,) * 8 + (True, None))}
        )
    for n in range(count // 2):
        at = _moment(chance)
        status = chance.choice(STATUSES)
        sent = {
            "survey_id": chance.choice(("nps", "NPS", "effort", "never answered")),
            "delivery_id": f"d{n}", "sent_at": at, "updated_at": at, **_who(chance),
        }  # fmt: skip
        invitations.append(sent | {"delivery_status": "sent"})
        invitations.append(
            sent | {"delivery_status": status, "updated_at": at + dt.timedelta(seconds=5)}
        )
    register = [
        {
            "survey_id": survey.upper(), "question_id": question, "question_kind": entry[0],
            "scale_min": float(entry[1]), "scale_max": float(entry[2]),
        }
        for survey, question, _, entry, _ in QUESTIONS
        if entry
    ]  # fmt: skip
    return {
        ("survey_responses", "qualtrics"): answers,
        ("survey_deliveries", "qualtrics"): invitations,
        ("survey_questions", "registry"): register,
    }
