"""Random feedback from every source, with everything that makes counting demand hard.

Belongs here: rows of contracts. Does not belong here: what they should add up to.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from .fixture_lake import FixtureLake
from .voice_money import RATES

Rows = dict[tuple[str, str], list[dict[str, Any]]]

ORG_ZONE = "America/New_York"
AS_OF = dt.datetime(2026, 6, 30, 12)
START = dt.datetime(2026, 4, 27)
WORDS = [
    "sso",
    "assos",
    "SSO,",
    "sso-login",
    "newsletter",
    "single",
    "Sign-On",
    "sign",
    "on",
    "export",
    "Exports",
    "failed",
    "fail",
    "failing",
    "bill",
    "billing",
    "invoice",
    "invoices",
    "preinvoice",
    "C++",
    "c++11",
    "(c++)",
    "über",
    "Übersicht",
    "the",
    "and",
    "our_sso",
    "it",
    "is",
    ".",
    "!",
    "sso's",
    "2sso",
    "a",
]
TERMS = (
    ("sso", "sso", False), ("sso", "single sign-on", False), ("sso", "sso newsletter", True),
    ("exports", "export* fail*", False), ("exports", "export fail*", False),
    ("billing", "invoice", False), ("billing", "Bill*", False), ("billing", "c++", True),
    ("cpp", "c++", False), ("over", "über*", False), ("silent", "nobody says this", False),
    ("blank", " * ", False), ("dark", "dark mode", False),
)  # fmt: skip
ZONES = {"1": "Pacific/Auckland", "4": "America/Los_Angeles"}
# account_ref, parent_ref, versions of (day, plan, arr, currency), first day without a contract
ACCOUNTS: tuple[tuple[str, str | None, tuple[tuple[str, str, int | None, str | None], ...],
    str | None], ...] = (
    ("1", None, (("2026-04-01", "pro", 1_000, "USD"), ("2026-05-20", "pro", 1_700, "USD")), None),
    ("2", "1", (("2026-04-01", "starter", 300, None), ("2026-05-12", "starter", 251, "GBP")), None),
    ("3", "2", (("2026-04-01", "free", 999, "USD"), ("2026-05-26", "Services", 4_000, "USD"),
     ("2026-06-02", "pro", 450, "USD")), None),
    ("4", None, (("2026-04-01", "enterprise", 9_000, "EUR"),), None),
    ("5", None, (("2026-04-01", "pro", None, "USD"),), None),
    ("6", None, (("2026-04-01", "pro", 5_000, "USD"),), "2026-05-25"),
    ("7", "4", (("2026-04-01", "trial", 700, "USD"),), None),
    ("8", None, (("2026-04-01", "pro", 8_000, "USD"),), None),
)  # fmt: skip
EXCLUSIONS = (
    {"subject_type": "account", "subject": "g8", "reason": "test_account"},
    {"subject_type": "email_domain", "subject": "own.test", "reason": "employee"},
    {"subject_type": "account", "subject": "g5", "reason": "demo", "valid_from": dt.date(2026, 5,
     10),
     "valid_to": dt.date(2026, 5, 20)},
)  # fmt: skip
PEOPLE = tuple(
    {"identity_ref": f"r{n}", "role": "end-user", "user_id": f"u{n}", "email_key": f"k{n}",
     "email_domain": "own.test" if n == 9 else f"mail{n}.test",
     "account_ref": str(n) if n < 8 else None,
     "updated_at": dt.datetime(2026, 4, 1)}
    for n in range(1, 11)
)  # fmt: skip


def sentence(chance: random.Random) -> str:
    """Words with all kinds of blanks between them."""
    words = chance.choices(WORDS, k=chance.randint(1, 7))
    return "".join(w + chance.choice((" ", " ", "\n", "  ", ", ")) for w in words).rstrip()


def moment(chance: random.Random) -> dt.datetime:
    """Some time in the nine weeks, often near midnight."""
    hour = chance.choice((0, 2, 5, 8, 11, 14, 23))
    return START + dt.timedelta(days=chance.randrange(63), hours=hour, minutes=chance.randrange(60))


def registers() -> Rows:
    """What hardly changes."""
    accounts = []
    for ref, parent, versions, churned in ACCOUNTS:
        for day, plan, arr, currency in versions:
            accounts.append(
                {"account_ref": ref, "external_id": f"g{ref}", "parent_ref": parent, "plan": plan,
                 "arr_minor": arr, "currency": currency, "time_zone": ZONES.get(ref),
                 "churned_on": churned,
                 "updated_at": day, "lifecycle": "customer"}
            )  # fmt: skip
    terms = [
        {"theme_id": t, "theme_name": t.title(), "term": w, "is_exclusion": x} for t, w, x in TERMS
    ]
    return {
        ("accounts", "zendesk"): accounts,
        ("accounts", "hubspot"): [
            {"account_ref": f"h{ref}", "external_id": f"g{ref}", "updated_at": "2026-04-01"}
            for ref, *_ in ACCOUNTS
        ],
        ("identities", "zendesk"): [dict(p) for p in PEOPLE],
        ("theme_terms", "registry"): terms,
        ("exchange_rates", "registry"): [dict(r) for r in RATES],
        ("exclusions", "registry"): [dict(e) for e in EXCLUSIONS],
    }


def tickets(chance: random.Random, count: int) -> Rows:
    """Tickets in several versions, with messages of requester, agent, robot and nobody."""
    versions, messages = [], []
    for n in range(count):
        at = moment(chance)
        ticket = {
            "ticket_id": f"t{n}", "version_at": at, "subject": chance.choice((sentence(chance),
            None)),
            "status": "open", "requester_ref": chance.choice([f"r{i}" for i in range(1,
            13)] + [None]),
            "submitter_ref": "agent", "account_ref": chance.choice([None, None, *"12345678", "99"]),
            "created_at": at, "updated_at": at,
        }  # fmt: skip
        versions.append(ticket)
        if chance.random() < 0.3:
            later = at + dt.timedelta(hours=5)
            status = chance.choice(("solved", "deleted"))
            merged = chance.choice((None, "t0"))
            versions.append(
                ticket | {"version_at": later, "status": status, "merged_into_id": merged}
            )
        for m in range(chance.randrange(4)):
            author = chance.choice((ticket["requester_ref"], "agent", "other", "-1", None))
            messages.append(
                {"message_id": f"m{n}.{m}", "ticket_id": f"t{n}", "author_ref": author,
                 "is_public": chance.random() < 0.8, "channel": chance.choice(("web", "rule",
                 None)),
                 "body": sentence(chance),
                 "created_at": at + dt.timedelta(minutes=chance.randrange(3))}
            )  # fmt: skip
    return {("tickets", "zendesk"): versions, ("ticket_messages", "zendesk"): messages}


def sales(chance: random.Random, count: int) -> Rows:
    """Deals that are opened, changed, lost, and now and then won after all; notes on them."""
    deals, notes = [], []
    for n in range(count):
        at = moment(chance)
        deal = {
            "opportunity_id": f"d{n}", "account_ref": chance.choice([None,
            *(f"h{i}" for i in range(1, 9))]),
            "stage": "open", "amount_minor": chance.choice((None, chance.randrange(100, 9_999))),
            "currency": chance.choice(("USD", "GBP", "EUR", None)),
            "probability": chance.choice((0.1, 0.35, 0.5, None)),
            "is_closed": False, "is_won": False, "created_at": at - dt.timedelta(days=9),
            "updated_at": at,
        }  # fmt: skip
        deals.append(deal)
        for _ in range(chance.randrange(4)):
            at += dt.timedelta(days=chance.randint(1, 12), hours=3)
            lost = deal | {"is_closed": True, "loss_reason": sentence(chance), "probability": 0.0,
                           "closes_on": chance.choice((None, at.date() - dt.timedelta(days=2),
                           dt.date(2027, 1, 1)))}  # fmt: skip
            won = deal | {"is_closed": True, "is_won": True, "probability": 1.0}
            state = chance.choice((lost, lost, won, deal))
            deals.append(state | {"updated_at": at, "is_deleted": chance.random() < 0.1})
    for n in range(count):
        at = moment(chance) if n else dt.datetime(2026, 8, 1)
        notes.append(
            {"note_id": f"n{n}", "note_type": chance.choice(("note", "call", "idea")),
             "occurred_at": at,
             "account_ref": chance.choice([None, *(f"h{i}" for i in range(1, 9)), "h99"]),
             "opportunity_id": chance.choice((None, f"d{chance.randrange(9)}")),
             "body": chance.choice((sentence(chance), sentence(chance), None, " ")),
             "updated_at": at}
        )  # fmt: skip
    return {("opportunities", "hubspot"): deals, ("feedback_notes", "hubspot"): notes}


def answers(chance: random.Random, count: int) -> Rows:
    """Answers to a survey: words, numbers, tests, people known by id, by mailbox or not at all."""
    rows = []
    for n in range(count):
        who = chance.randrange(1, 14)
        rows.append(
            {"survey_id": "s", "response_id": f"a{n}", "question_id": "q",
             "submitted_at": moment(chance),
             "answer_text": sentence(chance), "answer_number": chance.choice((None, None, 9.0)),
             "is_test": chance.choice((False, False, True, None)),
             "user_id": chance.choice((f"u{who}", None)), "email_key": chance.choice((f"k{who}",
             None))}
        )  # fmt: skip
    return {("survey_responses", "qualtrics"): rows}


def world(seed: int, count: int = 160) -> Rows:
    """A whole company's feedback."""
    chance = random.Random(seed)
    return (
        registers()
        | tickets(chance, count)
        | sales(chance, count // 2)
        | answers(chance, count // 2)
    )


def merged(*parts: Rows) -> Rows:
    """All rows of several worlds."""
    found: Rows = {}
    for part in parts:
        for key, rows in part.items():
            found[key] = [*found.get(key, []), *rows]
    return found


def deliver(lake: FixtureLake, rows: Rows) -> None:
    """Every contract as one delivery."""
    for (contract, source), found in rows.items():
        lake.add(contract, found, source=source)


def deliver_scattered(lake: FixtureLake, rows: Rows, seed: int) -> None:
    """The same rows in any order, in several deliveries, some of them twice."""
    chance = random.Random(seed)
    parts = []
    for (contract, source), found in rows.items():
        mixed = chance.sample(found, len(found))
        cut = chance.randrange(len(mixed) + 1)
        parts += [
            (contract, source, part) for part in (mixed[:cut], mixed[cut:], mixed[: cut // 2])
        ]
    for contract, source, part in chance.sample(parts, len(parts)):
        lake.add(contract, part, source=source)
