"""What happens in support: tickets with their status changes and messages.

Belongs here: the simulation of tickets. Does not belong here: what a ticket is (`demo.desk`) or
Zendesk's files (`demo.zendesk`).
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, timedelta

from demo import catalog
from demo.company import (
    AS_OF,
    CHURNED,
    ENDS_ON,
    STARTS_ON,
    Account,
    moment,
    source_of_chance,
    week_of,
)
from demo.desk import AGENTS, SYSTEM, Message, Ticket, in_hours
from demo.people import Person


def _history(chance: random.Random, ticket: Ticket, first: str) -> Ticket:
    """Adds replies, solving, reopening and closing, as far as they have happened by now."""
    created = ticket.created_at
    messages = [
        Message(
            created,
            ticket.requester_id,
            True,
            first,
            "Mail" if ticket.channel == "email" else "Web form",
        )
    ]
    statuses = [(created, "new")]
    scores: list[tuple[datetime, str]] = []
    if chance.random() < 0.15:
        messages.append(
            Message(
                created + timedelta(minutes=2),
                SYSTEM,
                True,
                "We received your request and will come back to you.",
                "Rule",
            )
        )
    if chance.random() < 0.1:
        messages.append(
            Message(
                created + timedelta(minutes=20),
                ticket.agent_id,
                False,
                "Looks like a known problem, asking the team.",
                "Web form",
            )
        )
    at = in_hours(created + timedelta(minutes=chance.lognormvariate(4.6, 1.0) + 25))
    messages.append(
        Message(at, ticket.agent_id, True, "Thank you for writing. We are on it.", "Web form")
    )
    statuses.append((at, "open"))
    for _ in range(chance.choices((0, 1, 2), (45, 35, 20))[0]):
        statuses.append(
            (at + timedelta(seconds=1), "hold" if chance.random() < 0.15 else "pending")
        )
        at += timedelta(hours=chance.uniform(1, 30), seconds=chance.randrange(60))
        messages.append(
            Message(at, ticket.requester_id, True, "Here is what you asked for.", "Mail")
        )
        statuses.append((at, "open"))
        at = in_hours(at + timedelta(hours=chance.uniform(0.5, 6)))
        messages.append(Message(at, ticket.agent_id, True, "Thank you, that helps.", "Web form"))
    solved = at + timedelta(hours=chance.lognormvariate(3.2, 1.2), seconds=20)
    statuses.append((solved, "solved"))
    if chance.random() < 0.07:
        again = solved + timedelta(hours=chance.uniform(2, 70))
        messages.append(Message(again, ticket.requester_id, True, "It came back.", "Mail"))
        statuses.append((again, "open"))
        answer = in_hours(again + timedelta(hours=chance.uniform(0.5, 5)))
        messages.append(Message(answer, ticket.agent_id, True, "Fixed for good now.", "Web form"))
        solved = answer + timedelta(hours=chance.uniform(0.2, 9))
        statuses.append((solved, "solved"))
    if chance.random() < 0.4:
        scores.append((solved + timedelta(hours=1), "offered"))
        if chance.random() < 0.5:
            score = "good" if chance.random() < 0.86 else "bad"
            scores.append((solved + timedelta(hours=chance.uniform(1.5, 60)), score))
    statuses.append((solved + timedelta(days=4), "closed"))
    return replace(
        ticket,
        statuses=tuple((w.replace(microsecond=0), s) for w, s in statuses if w < AS_OF),
        messages=tuple(
            replace(m, at=m.at.replace(microsecond=0)) for m in messages if m.at < AS_OF
        ),
        scores=tuple(
            (w.replace(microsecond=0), s)
            for w, s in scores
            if w < min(AS_OF, solved + timedelta(days=4))
        ),
    )


def _created(chance: random.Random, day: date, *, is_theme: bool) -> datetime:
    # Mentions of themes fall on working days at hours that are the same ISO week everywhere.
    hour = (
        chance.randrange(14, 21) if is_theme else chance.choices(range(24), [1] * 12 + [6] * 12)[0]
    )
    return moment(day, hour, chance.randrange(60), chance.randrange(60))


def _day_in(chance: random.Random, week: date, *, is_theme: bool) -> date:
    first, last = (1, 3) if is_theme else (0, 6)
    return week + timedelta(chance.choices(range(7), (5, 6, 6, 6, 5, 1, 1))[0] if not is_theme
                            else chance.randint(first, last))  # fmt: skip


def _weekly_themes(chance: random.Random, week: date, size: int) -> list[str | None]:
    """Themes of one week's tickets: exports fail until they are fixed, then hardly."""
    exports = (
        chance.randint(8, 11) * size
        if week < week_of(catalog.FIX_ON)
        else chance.randint(0, 1) * size
    )
    if week == week_of(catalog.FIX_ON):
        exports = 3 * size
    etas = chance.randint(1, 3) * size if week > catalog.LAUNCH_ON else 0
    themes: list[str | None] = [catalog.FIXED_THEME] * exports + ["eta_accuracy"] * etas
    themes += ["slow_dashboards"] * (chance.randint(2, 4) * size)
    themes += ["sso_login"] * (chance.randint(2, 4) * size)
    themes += ["invoice_questions"] * (chance.randint(3, 5) * size)
    return themes + [None] * (chance.randint(17, 24) * size)


def make_tickets(
    seed: int, size: int, people: list[Person], accounts: list[Account]
) -> list[Ticket]:
    """All tickets by the time of their creation; five are merged away and four deleted."""
    chance = source_of_chance(seed, "support")
    orgs = {a.account_id: a for a in accounts}
    customers = [p for p in people if p.kind == "customer" and p.account_id != CHURNED]
    employees = [p for p in people if p.kind == "employee"]
    themes = {t.theme_id: t for t in catalog.THEMES}
    drawn: list[tuple[datetime, str | None]] = []
    week = STARTS_ON
    while week <= ENDS_ON:
        for theme_id in _weekly_themes(chance, week, size):
            at = _created(chance, _day_in(chance, week, is_theme=theme_id is not None),
                          is_theme=theme_id is not None)  # fmt: skip
            if at < AS_OF - timedelta(hours=3):
                drawn.append((at, theme_id))
        week += timedelta(7)
    tickets: list[Ticket] = []
    for number, (at, theme_id) in enumerate(sorted(drawn, key=lambda d: d[0])):
        is_internal = theme_id is None and chance.random() < 0.03
        is_unmatched = theme_id is None and not is_internal and chance.random() < 0.05
        person = chance.choice(employees if is_internal else customers)
        account = orgs.get(person.account_id)
        subject, first = chance.choice(catalog.PLAIN_SUBJECTS)
        if theme_id:
            subject, first = themes[theme_id].subject, chance.choice(themes[theme_id].sentences)
        ticket = Ticket(
            ticket_id=10_001 + number,
            subject=subject,
            created_at=at,
            requester_id=39_800_000_000 + number % 17 if is_unmatched else person.zendesk_id,
            organization_id=None if is_unmatched or account is None else account.zendesk_id,
            group_id=26_002
            if theme_id == "invoice_questions"
            else chance.choice((26_001, 26_001, 26_003)),
            agent_id=chance.choice(list(AGENTS)),
            channel=chance.choice(("email", "web")),
            priority=chance.choice((None, "low", "normal", "normal", "high", "urgent")),
            theme_id=theme_id,
            is_internal=is_internal,
            is_unmatched=is_unmatched,
        )
        tickets.append(_history(chance, ticket, first))
    return _with_quirks(tickets)


def _with_quirks(tickets: list[Ticket]) -> list[Ticket]:
    """Merges five tickets into others and deletes four as spam."""
    plain = [
        n
        for n, t in enumerate(tickets)
        if t.theme_id is None and not t.is_internal and not t.is_unmatched
    ]
    made = list(tickets)
    for number in range(5):
        n = plain[40 + number * 60]
        winner, at = made[n + 1], made[n].created_at + timedelta(minutes=30)
        note = Message(
            at,
            made[n].agent_id,
            False,
            f"This request was closed and merged into request #{winner.ticket_id}.",
            "Web form",
        )
        made[n] = replace(
            made[n],
            merged_into=winner.ticket_id,
            tags=("closed_by_merge",),
            scores=(),
            statuses=((made[n].created_at, "new"), (at, "closed")),
            messages=(made[n].messages[0], note),
        )
    for number in range(4):
        n = plain[25 + number * 75]
        at = made[n].created_at + timedelta(minutes=50)
        made[n] = replace(
            made[n], deleted_at=at, scores=(), messages=made[n].messages[:1],
            statuses=((made[n].created_at, "new"), (at, "deleted")),
        )  # fmt: skip
    return made
