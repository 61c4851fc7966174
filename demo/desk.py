"""The support desk: who works there and when, what a ticket is, how its figures are counted.

Belongs here: tickets as facts, business hours. Does not belong here: what happens to tickets by
chance (`demo.support`) or Zendesk's files (`demo.zendesk`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from demo.company import AS_OF, ORG_ZONE

GROUPS = {26_001: "Product support", 26_002: "Billing", 26_003: "Onboarding"}
AGENTS = {39_900_000_001: "Noor Haas", 39_900_000_002: "Eli Marsh", 39_900_000_003: "Zoe Lind",
          39_900_000_004: "Max Orr"}  # fmt: skip
SYSTEM = -1
SCHEDULE_ID = 360_000_310_393
HOLIDAYS = (
    ("Martin Luther King Day", date(2026, 1, 19)), ("Presidents' Day", date(2026, 2, 16)),
    ("Memorial Day", date(2026, 5, 25)), ("Juneteenth", date(2026, 6, 19)),
)  # fmt: skip
OPENS, CLOSES = 9, 17
_ZONE = ZoneInfo(ORG_ZONE)


@dataclass(frozen=True)
class Message:
    """A comment; `via` as the vendor words it."""

    at: datetime
    author_id: int
    is_public: bool
    body: str
    via: str


@dataclass(frozen=True)
class Ticket:
    """A ticket with its whole history."""

    ticket_id: int
    subject: str
    created_at: datetime
    requester_id: int
    organization_id: int | None
    group_id: int
    agent_id: int
    channel: str
    priority: str | None
    theme_id: str | None
    is_internal: bool = False
    is_unmatched: bool = False
    statuses: tuple[tuple[datetime, str], ...] = ()
    messages: tuple[Message, ...] = ()
    scores: tuple[tuple[datetime, str], ...] = ()
    deleted_at: datetime | None = None
    merged_into: int | None = None
    tags: tuple[str, ...] = field(default_factory=tuple)

    @property
    def is_countable(self) -> bool:
        """Neither deleted nor merged away nor from an employee."""
        return self.deleted_at is None and self.merged_into is None and not self.is_internal

    def status_at(self, at: datetime) -> str | None:
        """The status at a moment; None before it was created."""
        found = [status for when, status in self.statuses if when <= at]
        return found[-1] if found else None

    def version_before(self, at: datetime) -> datetime:
        """When it last changed before a moment."""
        times = [self.created_at, *(w for w, _ in self.statuses), *(m.at for m in self.messages),
                 *(w for w, _ in self.scores)]  # fmt: skip
        return max(t for t in times if t < at)


def business_seconds(start: datetime, end: datetime) -> int:
    """Seconds of opening hours between two moments."""
    closed = {day for _, day in HOLIDAYS}
    total = 0.0
    day = start.astimezone(_ZONE).date()
    while day <= end.astimezone(_ZONE).date():
        if day.weekday() < 5 and day not in closed:
            opens = datetime(day.year, day.month, day.day, OPENS, tzinfo=_ZONE)
            closes = datetime(day.year, day.month, day.day, CLOSES, tzinfo=_ZONE)
            total += max(0.0, (min(end, closes) - max(start, opens)).total_seconds())
        day += timedelta(1)
    return int(total)


def in_hours(at: datetime) -> datetime:
    """The moment itself, or when the agents next begin."""
    closed = {day for _, day in HOLIDAYS}
    local = at.astimezone(_ZONE)
    while local.weekday() > 4 or local.date() in closed or local.hour >= CLOSES:
        local = datetime(local.year, local.month, local.day, OPENS, 4, tzinfo=_ZONE) + timedelta(1)
    if local.hour < OPENS:
        local = local.replace(hour=OPENS, minute=6)
    return local.astimezone(at.tzinfo)


def public_replies(ticket: Ticket, until: datetime = AS_OF) -> list[Message]:
    """Public messages of human agents."""
    return [m for m in ticket.messages if m.is_public and m.author_id in AGENTS and m.at < until]


def reopens(ticket: Ticket, until: datetime = AS_OF) -> int:
    """How often it went from solved to open."""
    names = [s for w, s in ticket.statuses if w < until]
    return sum(pair == ("solved", "open") for pair in pairwise(names))
