"""Random product usage with everything that makes counting hard, as a sequence of deliveries.

Belongs here: rows of contracts. Does not belong here: what they should add up to.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .fixture_lake import FixtureLake
from .handovers import handovers
from .usage_registry import ACCOUNTS, CHANGES, DECISIONS, REGISTRY

ORG_ZONE = "America/New_York"
AS_OF = dt.datetime(2026, 6, 30, 12)
FIRST = dt.date(2026, 4, 8)
DAY = dt.timedelta(days=1)
_HOURS = (0, 3, 4, 5, 6, 7, 8, 11, 12, 13, 18, 19, 23)
_NAMES = ("Export",) * 5 + ("Share",) * 4 + ("Search", "Search", "Legacy", "Opened", "Beat", "Odd")
_HOME = {"u00": "a1", "u01": "a1", "u02": "a1", "u03": "a2", "u04": "a2", "u05": "a3", "u06": "a4",
         "u07": "a4", "u08": None, "u09": "a6", "u10": "a1", "u11": "a2", "u12": None}  # fmt: skip


@dataclass(frozen=True)
class Delivery:
    """Rows of one contract that arrive together."""

    name: str
    contract: str
    source: str
    rows: list[dict[str, Any]]

    def land(self, lake: FixtureLake) -> list[str]:
        """Put it into a lake; returns the UTC days of events that it touches."""
        batch = lake.add(self.contract, self.rows, source=self.source, batch=self.name)
        return lake.event_days(batch) if self.contract == "usage_events" else []


@dataclass(frozen=True)
class Step:
    """What happens between two builds."""

    name: str
    deliveries: list[Delivery] = field(default_factory=list)
    withdrawn: list[Delivery] = field(default_factory=list)

    def __add__(self, other: Step) -> Step:
        """Both between the same two builds."""
        return Step(
            f"{self.name}, {other.name}",
            self.deliveries + other.deliveries,
            self.withdrawn + other.withdrawn,
        )

    def apply(self, lake: FixtureLake) -> list[str]:
        touched = [day for delivery in self.deliveries for day in delivery.land(lake)]
        for delivery in self.withdrawn:
            batch = f"{delivery.name}-{delivery.contract}"
            lake.withdraw(batch)
            if delivery.contract == "usage_events":
                touched += lake.event_days(batch)
        return sorted(set(touched))


def counted_rows(steps: Iterable[Step]) -> dict[str, list[dict[str, Any]]]:
    """The rows of all deliveries that were not withdrawn, with their source."""
    kept: dict[str, Delivery] = {}
    for step in steps:
        kept |= {delivery.name: delivery for delivery in step.deliveries}
        for delivery in step.withdrawn:
            kept.pop(delivery.name)
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for delivery in kept.values():
        rows[delivery.contract] += [row | {"source": delivery.source} for row in delivery.rows]
    return rows


class World:
    """A small company's product; every method call draws from one seed."""

    def __init__(self, seed: int) -> None:
        self.seed, self.random = seed, random.Random(seed)
        self.count = 0

    def event(self, day: dt.date, **fixed: Any) -> dict[str, Any]:
        """One event; device, account, client and clock differ as they do in life."""
        draw, self.count = self.random, self.count + 1
        user = fixed.get("user_id") or draw.choice([*_HOME, "u00", "u03"])
        device = "d-shared" if user in ("u00", "u05") and draw.random() < 0.3 else f"d-{user}"
        name = draw.choice(_NAMES)
        clock = dt.time(
            draw.choice(_HOURS), draw.randrange(60), draw.randrange(60), self.count % 10**6
        )
        at = dt.datetime.combine(day, clock)
        event = {
            "event_id": f"e{self.count:05d}",
            "event_name": name,
            "event_type": "track",
            "user_id": user if draw.random() < 0.75 else None,
            "anonymous_id": device if draw.random() < 0.8 else None,
            "group_id": _HOME[user] if user in _HOME and draw.random() < 0.7 else None,
            "occurred_at": at,
            "received_at": at + dt.timedelta(seconds=2),
            "is_clock_skewed": False,
            "properties": f'{{"doc": "d{self.count % 3}"}}' if self.count % 4 else None,
        }
        luck = draw.random()
        if luck < 0.04:
            event["is_active"] = False
        elif luck < 0.08:
            event["user_agent"] = draw.choice(
                ["Mozilla/5.0 (Googlebot/2.1)", "Ping_Dom 3", "PingXDom 3"]
            )
        elif luck < 0.12:
            # A page on which a variation is shown is nobody's use of a feature.
            event |= {"event_name": "Experiment Viewed", "event_type": "page",
                      "properties": '{"experiment_id": "x", "variation_id": "b"}'}  # fmt: skip
        elif luck < 0.14:
            event["group_id"] = "a3"
        return event | fixed

    def identify(self, day: dt.date, user: str, **fixed: Any) -> dict[str, Any]:
        call = {
            "event_name": "identify",
            "event_type": "identify",
            "group_id": None,
            "anonymous_id": None,
        }
        return self.event(day, user_id=user, **(call | fixed))

    def days(self, first: int, last: int, per_day: int, **fixed: Any) -> list[dict[str, Any]]:
        """Events of days counted from the first one; about one day in nine stays empty."""
        return [
            self.event(FIRST + number * DAY, **fixed)
            for number in range(first, last)
            if self.random.random() > 0.11
            for _ in range(self.random.randint(1, per_day))
        ]


def base(world: World, days: int = 60, per_day: int = 12) -> Step:
    """The company's registers and the first two months of usage."""
    early = FIRST + 3 * DAY
    people = [
        {"identity_ref": "c1", "user_id": "u08", "email_key": "k8", "account_ref": "5", "role":
         "contact",
         "updated_at": dt.datetime(2026, 4, 9)},
        {"identity_ref": "c2", "email_key": "k5", "email_domain": "a3.test", "role": "contact",
         "updated_at": dt.datetime(2026, 4, 9)},
    ]  # fmt: skip
    calls = [
        world.identify(early, "u10", email_key="k10", email_domain="harborline.test"),
        world.identify(early, "u12", email_key="k12", email_domain="a5.test"),
        world.identify(early, "u05", email_key="k5", email_domain="gmail.com"),
        world.identify(early, "u04", email_key="k34"),
        world.identify(early + 20 * DAY, "u03", email_key="k34"),
        world.event(
            early, event_type="alias", event_name="alias", user_id="u02", previous_id="d-old"
        ),
        world.event(early, event_name="Export", user_id=None, anonymous_id="d-old", group_id=None),
        world.event(
            early, event_name="Share", user_id=None, anonymous_id="d-nobody", group_id="a2"
        ),
        world.event(early, event_name="Share", user_id=None, anonymous_id=None, group_id="a2"),
    ]
    return Step(
        "base",
        [
            *(Delivery(f"r-{name}", name, "registry", rows) for name, rows in REGISTRY.items()),
            Delivery("accounts0", "accounts", "hubspot", ACCOUNTS),
            Delivery("people0", "identities", "hubspot", people),
            Delivery("flags0", "exposures", "statsig", switched(world.seed, days)),
            Delivery("calls0", "usage_events", "segment", calls),
            Delivery("events0", "usage_events", "segment", world.days(0, days // 2, per_day)),
            Delivery("events1", "usage_events", "segment", world.days(days // 2, days, per_day)),
        ],
    )


def history(seed: int, *, days: int = 60, per_day: int = 12) -> list[Step]:
    """A base and what may come after it, each step alone hard for an incremental build."""
    world = World(seed)
    start = base(world, days, per_day)
    calls, first = start.deliveries[-3], start.deliveries[-2]
    doubtful = Delivery("late1", "usage_events", "segment", world.days(3, 6, 2))
    quick, slow = bursts(seed, days)
    start.deliveries.append(_events("bursts0", quick))
    # A late first use takes "new" away from a day that no delivery and no window touches.
    first_use = [
        world.event(
            FIRST + n * DAY, user_id="u21", group_id="a10", event_name="Export", is_active=None
        )
        for n in (days - 4, 2)
    ]
    first.rows.append(first_use[0])
    late = [first_use[1], world.event(FIRST - 9 * DAY)]
    merge = [
        {"identity_ref": "9", "user_id": "u07", "email_key": "k9", "role": "end-user",
         "updated_at": AS_OF},
        {"identity_ref": "10", "user_id": "u01", "email_key": "k9", "role": "end-user",
         "updated_at": AS_OF},
    ]  # fmt: skip
    hired = [{"identity_ref": "11", "user_id": "u05", "email_domain": "harborline.test", "role":
     "end-user",
              "updated_at": AS_OF}]  # fmt: skip
    early = [row for row in first.rows if row["occurred_at"].date() < FIRST + 9 * DAY]
    moved = [ACCOUNTS[0] | {"time_zone": "Asia/Tokyo", "updated_at": dt.datetime(2026, 5, 25)}]
    return [
        start,
        Step("new day", [_events("events2", world.days(days, days + 2, per_day))]),
        Step("late", [doubtful, _events("late2", late), _events("bursts1", slow)]),
        Step("revised", [_events("revised", _moved_in_time(world, early))]),
        Step("shared", [_events("calls1", _sign_ins(world))]),
        Step("merge", [
            Delivery("people1", "identities", "zendesk", merge), Delivery("zone", "accounts",
            "hubspot", moved),
        ]),
        Step("withdrawn", withdrawn=[doubtful, calls]),
        Step("hired", [Delivery("people2", "identities", "zendesk", hired)]),
        Step("plans", [Delivery("accounts1", "accounts", "hubspot", CHANGES)]),
    ]  # fmt: skip


def switched(seed: int, days: int) -> list[dict[str, Any]]:
    """A flag that is on for some people, off again for some of these, and one nobody knows."""
    draw = random.Random(seed + 31)
    seen = []
    for number in range(60):
        day = FIRST + draw.randrange(days) * DAY
        at = dt.datetime.combine(day, dt.time(draw.randrange(24), 30))
        flag = draw.choice(["new-search"] * 5 + ["old"])
        seen.append(
            {"exposure_id": f"x{number}", "experiment_id": flag,
             "variation_id": draw.choice(("on", "beta", "off")),
             "user_id": draw.choice(list(_HOME)), "exposed_at": at}
        )  # fmt: skip
    return seen


def decided_anew() -> list[Step]:
    """Decisions of the company, one after the other; no event comes with them."""
    return [
        Step(f"{name} decided anew", [Delivery(f"r2-{name}", name, "registry", rows)])
        for name, rows in DECISIONS.items()
    ]


def bursts(seed: int, days: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Events that follow each other by minutes, often around midnight; some come in late.

    Gaps are those at which sessions join or part. A draw of its own, so that all else stays.
    """
    world = World(seed + 7919)
    draw = world.random
    found: tuple[list, list] = ([], [])
    for number in range(50):
        user = draw.choice(list(_HOME))
        day = FIRST + draw.randrange(days) * DAY
        at = dt.datetime.combine(day, dt.time(draw.choice((3, 6, 13, 22, 23)), draw.randrange(60)))
        for place in range(draw.randint(2, 7)):
            event = world.event(
                day, user_id=user, occurred_at=at, received_at=at, event_id=f"b{number:02}-{place}"
            )
            found[draw.random() < 0.2].append(event)
            at += dt.timedelta(minutes=draw.choice((0, 1, 10, 29, 30, 30, 31, 50)))
    return found


def _events(name: str, rows: list[dict[str, Any]]) -> Delivery:
    return Delivery(name, "usage_events", "segment", rows)


def _moved_in_time(world: World, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Earlier received versions of some events, which happened on other days."""
    return [
        row | {"occurred_at": row["occurred_at"] + world.random.choice([-3, 4, 11]) * DAY,
               "received_at": row["received_at"] - dt.timedelta(seconds=1)}
        for row in world.random.sample(rows, 5)
    ]  # fmt: skip


def _sign_ins(world: World) -> list[dict[str, Any]]:
    """A second person on a device of one, a first person on a device of nobody, handovers."""
    day = FIRST + world.random.randrange(5, 50) * DAY
    return [
        world.identify(day, "u06", anonymous_id="d-u02"),
        world.event(day, user_id="u20", anonymous_id="d-nobody", group_id="a9", event_name="Share"),
        *handovers(
            world.random, world.event, ["d-shared", "d-u02"], ["u00", "u05", "u06"], day, 24
        ),
    ]
