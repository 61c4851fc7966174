"""Random support tickets with everything that makes counting them hard.

Belongs here: rows of contracts. Does not belong here: what they should add up to.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

from .fixture_lake import FixtureLake
from .support_tickets import FIRST, MINUTE, Row, add_ticket

ORG_ZONE = "America/New_York"
LONG_AGO = dt.datetime(2026, 1, 1)
DESKS = ("zendesk", "frontdesk")
# On both sides of the Atlantic clocks change inside these weeks: 8 and 29 March.
SCHEDULES = {
    ("zendesk", "1"): (
        "America/New_York",
        [(d * 1440 + 540, d * 1440 + 1020) for d in range(1, 6)],
    ),
    ("zendesk", "2"): ("Europe/Berlin", [(0, 300), (2760, 3240), (3000, 3600), (8700, 10080)]),
    ("frontdesk", "7"): ("Asia/Kolkata", [(0, 10080)]),
}
HOLIDAYS = (
    ("zendesk", "1", "2026-03-10", "2026-03-11"),
    ("zendesk", "2", "2026-03-17", "2026-03-17"),
    ("frontdesk", "7", "2026-03-03", "2026-03-03"),
)
ACCOUNTS = {"1": ("acc1", "Asia/Tokyo"), "2": ("acc2", None), "3": ("acc3", "America/Los_Angeles")}
RULES = [
    {"subject_type": "email_domain", "subject": "corp.test", "reason": "employee"},
    {
        "subject_type": "account",
        "subject": "acc3",
        "reason": "demo",
        "valid_from": dt.date(2026, 3, 5),
        "valid_to": dt.date(2026, 3, 20),
    },
]
TERMS = [
    ("export_fails", "export", "export fail*", False),
    ("export_fails", "export", "sandbox", True),
    ("slow", "boards", "slow board", False),
    ("bills", None, "invoice", False),
    ("ghost", "no_such_feature", "ghost", False),
]
POLICIES = [
    ("reply-urgent", "first_reply", "urgent", 60, "business", None, None),
    ("reply-all", "first_reply", None, 480, "calendar", "2026-03-11", None),
    ("next-high", "next_reply", "high", 240, "business", None, None),
    ("next-all", "next_reply", None, 700, "calendar", None, None),
    ("solve-normal", "resolution", "normal", 2880, "business", None, "2026-03-25"),
    ("solve-low", "resolution", "low", 50_000, "calendar", None, None),
    ("solve-all", "resolution", None, 4320, "calendar", "2026-03-01", "2026-04-02"),
]
USERS = {  # vendor's id: product user, account, e-mail domain
    "10": ("u0", "1", None),
    "11": ("u1", "1", None),
    "12": ("u2", "2", None),
    "13": ("u3", "3", None),
    "14": ("u4", None, None),
    "15": (None, "2", None),
    "16": ("u5", None, "corp.test"),
    "17": ("u0", "1", None),
}


@dataclass
class World:
    """Rows by contract, each with its source."""

    rows: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, contract: str, source: str, row: Row) -> None:
        self.rows.setdefault(contract, []).append(row | {"source": source})

    def land(self, lake: FixtureLake, seed: int | None = None) -> None:
        """Put it into a lake: by contract, or in pieces of any order, some of them twice."""
        chance = random.Random(seed)
        parts: list[tuple[str, str, list[Row]]] = []
        for contract, rows in self.rows.items():
            for source in sorted({row["source"] for row in rows}):
                mine = [
                    {k: v for k, v in r.items() if k != "source"}
                    for r in rows
                    if r["source"] == source
                ]
                if seed is None:
                    parts.append((contract, source, mine))
                    continue
                chance.shuffle(mine)
                cuts = sorted(chance.randrange(len(mine) + 1) for _ in range(3))
                pieces = [mine[a:b] for a, b in zip([0, *cuts], [*cuts, len(mine)], strict=True)]
                parts += [(contract, source, piece) for piece in [*pieces, pieces[0]] if piece]
        if seed is not None:
            chance.shuffle(parts)
        for contract, source, rows in parts:
            lake.add(contract, rows, source=source)


def _registry(world: World) -> None:
    for feature in ("export", "boards"):
        world.add("features", "registry", {"feature_id": feature, "name": feature})
        world.add(
            "tracking_plan",
            "registry",
            {"event_name": feature, "feature_id": feature, "event_class": "value"},
        )
    world.add("tracking_plan", "registry", {"event_name": "look", "event_class": "value"})
    for theme, feature, term, is_exclusion in TERMS:
        world.add(
            "theme_terms",
            "registry",
            {
                "theme_id": theme,
                "theme_name": theme,
                "feature_id": feature,
                "term": term,
                "is_exclusion": is_exclusion,
            },
        )
    for rule in RULES:
        world.add("exclusions", "registry", rule)
    names = ("policy_id", "metric", "priority", "target_minutes", "hours", "starts_on", "ends_on")
    for policy in POLICIES:
        world.add("sla_policies", "registry", dict(zip(names, policy, strict=True)))


def _directory(world: World) -> None:
    for (source, schedule), (zone, hours) in SCHEDULES.items():
        row = {"schedule_ref": schedule, "time_zone": zone, "updated_at": LONG_AGO}
        for opens, closes in hours:
            world.add(
                "business_hours", source, row | {"opens_minute": opens, "closes_minute": closes}
            )
        old = {"opens_minute": 1, "closes_minute": 9999, "updated_at": LONG_AGO - MINUTE}
        world.add("business_hours", source, row | old)
    for source, schedule, first, last in HOLIDAYS:
        world.add(
            "holidays",
            source,
            {"schedule_ref": schedule, "holiday_id": first, "starts_on": first, "ends_on": last},
        )
    for ref, (account, zone) in ACCOUNTS.items():
        world.add(
            "accounts",
            "zendesk",
            {"account_ref": ref, "external_id": account, "time_zone": zone, "updated_at": LONG_AGO},
        )
    for ref, (user, account, domain) in USERS.items():
        world.add(
            "identities",
            "zendesk",
            {
                "identity_ref": ref,
                "user_id": user,
                "account_ref": account,
                "email_domain": domain,
                "role": "end-user",
                "updated_at": LONG_AGO,
            },
        )
    for source in DESKS:
        world.add(
            "identities", source, {"identity_ref": "900", "role": "agent", "updated_at": LONG_AGO}
        )


def _usage(world: World, chance: random.Random) -> None:
    for number in range(160):
        at = dt.datetime(2026, 3, 1) + chance.randrange(37 * 1440) * MINUTE
        world.add(
            "usage_events",
            "segment",
            {
                "event_id": f"e{number}",
                "event_name": chance.choice(("export", "boards", "look")),
                "event_type": "track",
                "user_id": chance.choice(("u0", "u1", "u2", "u3", "u4", "u5", "u6")),
                "occurred_at": at,
                "received_at": at,
                "is_clock_skewed": False,
            },
        )


def random_world(seed: int, tickets: int = 140) -> World:
    """A company's help desks, usage and registry."""
    chance = random.Random(seed)
    world = World()
    _registry(world)
    _directory(world)
    _usage(world, chance)
    for source in DESKS:
        for number in range(1, tickets // 2):
            add_ticket(world, chance, source, number)
    # What nobody can count: changes and messages of a ticket that was never delivered.
    lost = {
        "ticket_id": "404",
        "occurred_at": FIRST,
        "event_type": "change",
        "field": "status",
        "value": "solved",
    }
    world.add("ticket_events", "zendesk", lost | {"ticket_event_id": "lost"})
    return world
