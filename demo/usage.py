"""What people do in the product, as hits with all the trouble of real clients.

Belongs here: the simulation of use, of clocks and of networks. Does not belong here: Segment's
wire format (`demo.segment`).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from demo import catalog
from demo.company import (
    AS_OF,
    CHURNED,
    ENDS_ON,
    ORG_ZONE,
    STARTS_ON,
    Account,
    days,
    source_of_chance,
)
from demo.people import Device, Person

AS_OF_MS = int(AS_OF.timestamp() * 1000)
DAY_MS = 86_400_000
_CHOICES = [(name, weight) for name, _, _, weight in catalog.EVENTS if weight]
_NAMES, _WEIGHTS = [n for n, _ in _CHOICES], [w for _, w in _CHOICES]
_DECAY_FROM = date(2026, 3, 2)


@dataclass(frozen=True, slots=True)
class Hit:
    """One call of a client; times in milliseconds since 1970, `sent` by the client's clock."""

    kind: str
    name: str | None
    device: Device
    user_id: str | None
    group_id: str | None
    original: int
    sent: int | None
    received: int
    message_id: str
    properties: dict[str, Any] = field(default_factory=dict)
    previous_id: str | None = None
    is_active: bool | None = None

    @property
    def timestamp(self) -> int:
        """The time that the vendor corrects by what the client said of its clock."""
        return self.original if self.sent is None else self.received - (self.sent - self.original)

    @property
    def occurred(self) -> int:
        """The time that counts: receipt where the client is more than ten minutes ahead."""
        return self.received if self.is_skewed else self.timestamp

    @property
    def is_skewed(self) -> bool:
        """Whether the time that counts is the time of receipt."""
        return self.timestamp > self.received + 600_000


@lru_cache(maxsize=8192)
def midnight(day: date, zone: ZoneInfo) -> int:
    """Milliseconds of local midnight."""
    return int(datetime.combine(day, time(), zone).timestamp() * 1000)


@dataclass
class Recorder:
    """Makes hits: gives ids, latency and offline times."""

    chance: random.Random
    hits: list[Hit] = field(default_factory=list)

    def add(
        self,
        at: int,
        kind: str,
        name: str | None,
        device: Device,
        person: Person | None = None,
        **more: Any,
    ) -> None:
        """Records a call at a true time; what has not arrived by now has not happened for us."""
        chance = self.chance
        latency = 80 + int(chance.random() * 300)
        waits = int(chance.random() * 3_000)
        if device.is_phone and chance.random() < 0.08:
            waits += int(chance.uniform(1, 20) * 3_600_000)
        elif chance.random() < 0.003 and device.tells_sent_at:
            waits += int(chance.uniform(1.2, 6) * DAY_MS)
        original = at + device.skew_seconds * 1000
        received = at + waits + latency
        if received >= AS_OF_MS:
            return
        self.hits.append(Hit(
            kind, name, device, person.user_id if person else None,
            person.account_id if person else None, original,
            original + waits if device.tells_sent_at else None, received,
            f"ajs-next-{chance.getrandbits(128):032x}", **more,
        ))  # fmt: skip


def _rate(person: Person, account: Account | None, day: date) -> float:
    rate = person.rate * (1.0 if day.weekday() < 5 else 0.12)
    if account and account.account_id == CHURNED and day >= _DECAY_FROM:
        rate *= max(0.0, 1 - (day - _DECAY_FROM).days / 88)
    return rate


def _introduce(recorder: Recorder, person: Person, device: Device, at: int, is_first: bool) -> None:
    """The way from an anonymous device to a known person."""
    if not device.is_shared:
        recorder.add(at - 95_000, "page", None, device, properties={"path": "/welcome"})
        if is_first or device.is_phone:
            recorder.add(at - 60_000, "track", "Shared Report Viewed", device,
                         properties={"report_id": recorder.chance.randrange(400)})  # fmt: skip
    if device.is_phone:
        recorder.add(at - 2_000, "alias", None, device, person, previous_id=device.anonymous_id)
    traits = {"email": person.email, "name": person.name, "createdAt": person.joined_on.isoformat()}
    recorder.add(at - 1_500, "identify", None, device, person, properties=traits)
    recorder.add(at - 1_000, "group", None, device, person, properties={"id": person.account_id})


def _uses_launch(person: Person, account: Account | None, day: date) -> bool:
    if person.kind == "employee":
        return day >= catalog.LAUNCH_ON - timedelta(14)
    if person.adopts_after_days is None or account is None or day < catalog.LAUNCH_ON:
        return False
    is_entitled = account.plan_on(day) in catalog.LAUNCH_PLANS
    return is_entitled and day >= catalog.LAUNCH_ON + timedelta(person.adopts_after_days)


def _visit(recorder: Recorder, person: Person, account: Account | None, day: date, device: Device,
           at: int) -> None:  # fmt: skip
    chance = recorder.chance
    recorder.add(at, "page", None, device, person, properties={"path": "/app/home"})
    count = 1 + min(int(chance.expovariate(1.05)), 6)
    for name in chance.choices(_NAMES, _WEIGHTS, k=count):
        if name == "Legacy Map Opened" and day >= catalog.RETIRED_ON:
            name = "Shipment Tracked"
        at += 20_000 + int(chance.random() * 1_500_000)
        recorder.add(
            at, "track", name, device, person, properties={"item_id": chance.randrange(9_000)}
        )
    if _uses_launch(person, account, day) and chance.random() < 0.55:
        recorder.add(at + 45_000, "track", "ETA Forecast Viewed", device, person,
                     properties={"lane": f"L{chance.randrange(60):02d}"})  # fmt: skip
    if chance.random() < 0.2:
        recorder.add(at + 60_000, "track", "Session Heartbeat", device, person)
    if chance.random() < 0.03:
        recorder.add(at + 70_000, "track", "Dashboard Viewed", device, person, is_active=False)
    if chance.random() < 0.02:
        recorder.add(at + 80_000, "track", catalog.UNPLANNED_EVENT, device, person)


def _arm(person: Person) -> int:
    """Variation of the checklist's experiment: 0 is the control."""
    return sum(person.person_id.encode()) % 2


def _expose(
    recorder: Recorder, person: Person, device: Device, at: int, is_crossover: bool
) -> None:
    arm = _arm(person)
    for shift, number in enumerate((arm, 1 - arm) if is_crossover else (arm,)):
        variation, name = catalog.VARIATIONS[number]
        recorder.add(
            at + shift * 300_000,
            "track",
            "Experiment Viewed",
            device,
            person,
            properties={
                "experiment_id": catalog.EXPERIMENT,
                "experiment_name": "Onboarding checklist",
                "variation_id": variation,
                "variation_name": name,
            },
        )


def _crossing(people: list[Person]) -> set[str]:
    """Three lively people who are shown both variations."""
    lively = [
        p.user_id
        for p in people
        if p.kind == "customer"
        and p.rate > 0.45
        and p.joined_on == STARTS_ON
        and p.left_on > ENDS_ON
        and not p.twin_of
        and not p.devices[0].is_shared
        and p.account_id != CHURNED
    ]
    return set(lively[5:30:9])


def _lives(recorder: Recorder, people: list[Person], accounts: dict[str, Account]) -> None:
    chance = recorder.chance
    crossing = _crossing(people)
    for person in people:
        account = accounts.get(person.account_id)
        zone = account.zone if account else ZoneInfo(ORG_ZONE)
        known: set[str] = set()
        is_exposed = False
        for day in days():
            if not person.joined_on <= day < person.left_on:
                continue
            if chance.random() >= _rate(person, account, day):
                continue
            device = person.devices[1 if len(person.devices) > 1 and chance.random() < 0.3 else 0]
            hour = min(max(chance.gauss(13.5, 3.6), 6.5), 22.5)
            at = midnight(day, zone) + int(hour * 3_600_000)
            if device.anonymous_id not in known or chance.random() < 0.004:
                _introduce(recorder, person, device, at, not known)
                known.add(device.anonymous_id)
            if catalog.EXPERIMENT_FROM <= day <= catalog.EXPERIMENT_TO and not is_exposed:
                _expose(recorder, person, device, at + 500, person.user_id in crossing)
                is_exposed = True
            _visit(recorder, person, account, day, device, at + 1_000)
            if is_exposed and _arm(person) and chance.random() < catalog.CHECKLIST_EFFECT:
                recorder.add(at + 95_000, "track", "Report Viewed", device, person,
                             properties={"item_id": chance.randrange(9_000)})  # fmt: skip
            if device.is_shared and chance.random() < 0.2:
                # Somebody uses the shared device without signing in.
                recorder.add(at + 7_200_000, "track", "Shipment Tracked", device)


def _passers_by(recorder: Recorder, guests: list[Device], robots: list[Device]) -> None:
    chance, zone = recorder.chance, ZoneInfo(ORG_ZONE)
    for day in days():
        start = midnight(day, zone)
        for device in guests:
            if chance.random() < 0.04:
                at = start + int(chance.uniform(8, 22) * 3_600_000)
                recorder.add(at, "page", None, device, properties={"path": "/pricing"})
                recorder.add(at + 9_000, "track", "Pricing Viewed", device)
                if chance.random() < 0.3:
                    recorder.add(at + 60_000, "track", "Shared Report Viewed", device,
                                 properties={"report_id": chance.randrange(400)})  # fmt: skip
        for device in robots:
            for hour in (2, 8, 14, 20):
                at = start + hour * 3_600_000 + int(chance.random() * 60_000)
                recorder.add(at, "page", None, device, properties={"path": "/status"})
            recorder.add(start + 50_400_000, "track", "Shared Report Viewed", device,
                         properties={"report_id": 1})  # fmt: skip


def make_hits(seed: int, people: list[Person], accounts: list[Account], guests: list[Device],
              robots: list[Device]) -> list[Hit]:  # fmt: skip
    """All calls that arrived by now, each once, by receipt; twelve of them 40 days late."""
    recorder = Recorder(source_of_chance(seed, "usage"))
    _lives(recorder, people, {a.account_id: a for a in accounts})
    _passers_by(recorder, guests, robots)
    hits = recorder.hits
    eligible = [
        n
        for n, h in enumerate(hits)
        if h.name in catalog.VALUE_EVENTS
        and h.user_id
        and h.sent is not None
        and h.received < AS_OF_MS - 45 * DAY_MS
    ]
    for n in recorder.chance.sample(eligible, 12):
        hit = hits[n]
        hits[n] = replace(
            hit, sent=(hit.sent or 0) + 40 * DAY_MS, received=hit.received + 40 * DAY_MS
        )
    return sorted(hits, key=lambda h: (h.received, h.message_id))
