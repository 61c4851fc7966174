"""Interviews and other sessions with customers, and what was said in them.

Belongs here: rows of contracts. Does not belong here: what they should add up to. People, accounts
and words are those of `voice_world`.
"""

from __future__ import annotations

import datetime as dt
import random

from .voice_world import Rows, sentence

METHODS = ("interview", "interview", "usability_test", "survey", None)
CONSENTS = ("recording", "notes", "none", " No ", None, "withdrawn")


def sessions(seed: int, count: int = 40) -> Rows:
    """Sessions in one or two versions; of most of them notes were taken."""
    chance = random.Random(seed)
    held, notes = [], []
    for n in range(count):
        day = dt.datetime(2025, 12, 20) + dt.timedelta(chance.randrange(190))
        at = day + dt.timedelta(hours=chance.choice((0, 4, 9, 13, 22)))
        row = {
            "session_id": f"i{n}", "study_id": chance.choice(("onboarding", "sso", None)),
            "occurred_at": at, "participant_ref": f"p{n}",
            "email_key": chance.choice((f"k{chance.randrange(1, 14)}",) * 3 + (None,)),
            "email_domain": "a.test",
            "account_ref": chance.choice((None, None, "g1", "g4", "g99")),
            "method": chance.choice(METHODS), "consent": chance.choice(CONSENTS),
            "researcher_ref": chance.choice(("dana", "li")), "updated_at": at,
        }  # fmt: skip
        held.append(row)
        if chance.random() < 0.3:
            held.append(row | {"consent": "recording", "updated_at": at + dt.timedelta(days=1)})
        if chance.random() < 0.8:
            notes.append(
                {"note_id": f"i{n}", "note_type": "interview", "occurred_at": at,
                 "account_ref": row["account_ref"], "body": sentence(chance), "updated_at": at}
            )  # fmt: skip
    return {("research_sessions", "notes"): held, ("feedback_notes", "notes"): notes}
