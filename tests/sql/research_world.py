"""Interviews and other sessions with customers, and what was said in them.

Belongs here: rows of contracts. Does not belong here: what they should add up to. People, accounts
and words are those of `voice_world`.
"""

from __future__ import annotations

import datetime as dt
import random

from .voice_world import Rows, sentence

METHODS = ("interview", "interview", "usability_test", "consent", None)
CONSENTS = ("recording", "Contact", "none", " No ", None, "panel", "contact")
# People of the examples in docs/decisions.md, all of Blue's.
MORE_PEOPLE = range(21, 28)


def sessions(seed: int, count: int = 40) -> Rows:
    """Sessions in one or two versions; of most of them notes were taken."""
    chance = random.Random(seed)
    held, notes = [], []
    for n in range(count):
        day = dt.datetime(2025, 12, 20) + dt.timedelta(chance.randrange(190))
        # The weeks of the examples on paper hold nothing but these.
        if dt.datetime(2026, 3, 1) <= day < dt.datetime(2026, 3, 24):
            day += dt.timedelta(28)
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


def held(ref: str, person: int, at: str, consent: str | None, method: str = "interview") -> dict:
    """One session of the examples."""
    when = dt.datetime.fromisoformat(at)
    return {
        "session_id": ref, "occurred_at": when, "updated_at": when, "email_key": f"k{person}",
        "email_domain": "blue.test", "account_ref": "g1", "method": method, "consent": consent,
        "researcher_ref": "dana", "study_id": None, "participant_ref": None,
    }  # fmt: skip


def used(person: int, event: str, at: dt.datetime, ref: str) -> dict:
    """One use of a feature."""
    return {
        "event_id": ref, "event_name": event, "event_type": "track", "user_id": f"u{person}",
        "occurred_at": at, "received_at": at, "is_clock_skewed": False,
    }  # fmt: skip


def by_hand() -> Rows:
    """Seven people on 30 June 2026, of whom two may be asked."""
    june = dt.datetime(2026, 6, 10, 12)
    people = [
        {"identity_ref": f"r{n}", "role": "end-user", "user_id": f"u{n}", "email_key": f"k{n}",
         "email_domain": "blue.test", "account_ref": "1", "updated_at": dt.datetime(2026, 4, 1)}
        for n in MORE_PEOPLE
    ]  # fmt: skip
    sessions = [
        held("h21", 21, "2026-03-01T15:00", "contact", "panel"),
        held("h22", 22, "2026-04-02T05:00", "contact"),
        held("h23", 23, "2026-04-01T05:00", "contact"),
        held("h24", 24, "2026-01-12T15:00", "recording"),
        held("h25", 25, "2026-01-12T15:00", "contact"),
        held("h25b", 25, "2026-05-04T15:00", "withdrawn", "consent"),
        held("h27", 27, "2026-01-12T15:00", "contact"),
        held("h27b", 27, "2026-07-10T15:00", None),
    ]
    note = {
        "note_id": "h23", "note_type": "interview", "occurred_at": dt.datetime(2026, 4, 1, 5),
        "account_ref": "g1", "body": "Wants SSO", "updated_at": dt.datetime(2026, 4, 1, 5),
    }  # fmt: skip
    uses = [used(n, "Exported", june + dt.timedelta(days=d), f"{n}.{d}") for n in (21, 26)
            for d in range(3)]  # fmt: skip
    uses += [used(23, "Exported", june + dt.timedelta(days=d), f"23.{d}") for d in range(2)]
    return {
        ("identities", "zendesk"): people, ("research_sessions", "notes"): sessions,
        ("feedback_notes", "notes"): [note], ("usage_events", "segment"): uses,
    }  # fmt: skip


def usage(seed: int, count: int = 150) -> Rows:
    """Uses of two features, what was released, and the registers they need."""
    chance = random.Random(seed)
    uses = [
        used(chance.randrange(1, 11), chance.choice(("Exported", "Mapped")),
             dt.datetime(2026, 3, 28) + dt.timedelta(hours=chance.randrange(24 * 95)), f"e{n}")
        for n in range(count)
    ]  # fmt: skip
    releases = [
        {"release_id": f"rel{n}", "name": "R", "feature_id": "export", "theme_id": theme,
         "released_on": day}
        for n, (theme, day) in enumerate([
            ("sso", dt.date(2026, 6, 20)), ("billing", dt.date(2026, 4, 1)),
            ("over", dt.date(2026, 6, 30)), (None, dt.date(2026, 5, 1)),
            ("exports", dt.date(2025, 7, 2)), ("sso", dt.date(2026, 7, 20)),
            ("cpp", dt.date(2026, 6, 25)),
        ])
    ]  # fmt: skip
    return {
        ("usage_events", "segment"): uses,
        ("releases", "registry"): releases,
        ("tracking_plan", "registry"): [
            {"event_name": "Exported", "feature_id": "export", "event_class": "value"},
            {"event_name": "Mapped", "feature_id": "maps", "event_class": "value"},
        ],
        ("features", "registry"): [
            {"feature_id": "export", "name": "Export"}, {"feature_id": "maps", "name": "Maps"},
        ],
    }  # fmt: skip
