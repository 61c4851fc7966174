"""Who uses the product: people of the accounts, employees, guests, robots, and their devices.

Belongs here: people and devices with their habits. Does not belong here: what they do on which
day (`demo.usage`).
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, replace
from datetime import date, timedelta

from demo.company import ENDS_ON, INTERNAL_DOMAIN, STARTS_ON, Account, source_of_chance

_GIVEN = (
    "Ada", "Ben", "Cleo", "Dan", "Elif", "Finn", "Gia", "Hugo", "Ines", "Jon", "Kira", "Liam",
    "Mona", "Nils", "Omar", "Pia", "Quinn", "Rosa", "Sami", "Tara", "Uma", "Vito", "Wren", "Yara",
)  # fmt: skip
_FAMILY = (
    "Abbot", "Brandt", "Castro", "Dube", "Eriksen", "Fonseca", "Gruber", "Haddad", "Ivanov",
    "Jansen", "Kowal", "Lindqvist", "Moreau", "Nakata", "Okafor", "Petrov", "Quispe", "Rossi",
    "Sato", "Tanaka", "Urban", "Vargas", "Weiss", "Young", "Zhou",
)  # fmt: skip
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_BROWSERS = (
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Chrome/143.0.0.0 Safari/537.36",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/143.0.0.0 Edg/143.0.0.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0",
)
_PHONE = "Harborline/4.2.1 (iPhone; iOS 19.1; Scale/3.00)"
ROBOTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    f"Mozilla/5.0 (X11; Linux x86_64) {_WEBKIT} HeadlessChrome/143.0.0.0 Safari/537.36",
    "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
)


@dataclass(frozen=True)
class Device:
    """A browser or phone; `skew_seconds` is how far its clock is ahead."""

    anonymous_id: str
    user_agent: str
    library: str = "analytics.js"
    skew_seconds: int = 0
    # The vendor can take the clock's error out only if the client says when it sent the event.
    tells_sent_at: bool = True
    is_shared: bool = False

    @property
    def is_phone(self) -> bool:
        """Phones are offline at times and deliver late."""
        return self.library == "analytics-ios"


@dataclass(frozen=True)
class Person:
    """Someone with a user id; `twin_of` is the id of the same mailbox's earlier user."""

    user_id: str
    name: str
    email: str
    account_id: str
    joined_on: date
    left_on: date
    rate: float
    devices: tuple[Device, ...]
    zendesk_id: int
    kind: str = "customer"
    adopts_after_days: int | None = None
    twin_of: str | None = None

    @property
    def person_id(self) -> str:
        """Users of one mailbox are one person, named by the smallest id."""
        return min(self.user_id, self.twin_of or self.user_id)


def _uuid(chance: random.Random) -> str:
    digits = f"{chance.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _devices(chance: random.Random) -> tuple[Device, ...]:
    browser = Device(_uuid(chance), chance.choice(_BROWSERS))
    if chance.random() < 0.25:
        return (browser, Device(_uuid(chance), _PHONE, "analytics-ios"))
    return (browser,)


def _person(
    chance: random.Random, number: int, account_id: str, domain: str, kind: str = "customer"
) -> Person:
    given, family = chance.choice(_GIVEN), chance.choice(_FAMILY)
    is_old = chance.random() < 0.6
    joined = STARTS_ON if is_old else STARTS_ON + timedelta(chance.randrange(170))
    stays = timedelta(400 if chance.random() < 0.8 else chance.randint(20, 110))
    adopts = chance.random() < 0.6
    return Person(
        user_id=f"u_{number:05d}",
        name=f"{given} {family}",
        email=f"{given.lower()}.{family.lower()}{number}@{domain}",
        account_id=account_id,
        joined_on=joined,
        left_on=min(joined + stays, ENDS_ON + timedelta(1)),
        rate=chance.betavariate(1.8, 3.2),
        devices=_devices(chance),
        zendesk_id=39_100_000_000 + number * 13,
        kind=kind,
        adopts_after_days=int(chance.expovariate(1 / 18)) if adopts else None,
    )


def make_people(seed: int, size: int, accounts: list[Account]) -> list[Person]:
    """Customers' people, employees and the users of the test account."""
    chance = source_of_chance(seed, "people")
    people: list[Person] = []
    for account in accounts:
        seats = account.states[0].seats
        count = max(2, round(seats * (0.85 if account.states[0].plan != "free" else 1)))
        for _ in range(count):
            person = _person(chance, len(people) + 1, account.account_id, account.domain)
            if account.churned_on:
                person = replace(person, joined_on=STARTS_ON, left_on=account.churned_on)
            people.append(person)
    people = _with_quirks(people)
    for _ in range(60 + 10 * size):
        employee = _person(chance, len(people) + 1, "acc_harborline", INTERNAL_DOMAIN, "employee")
        people.append(replace(employee, joined_on=STARTS_ON, left_on=ENDS_ON + timedelta(1)))
    for _ in range(4):
        people.append(_person(chance, len(people) + 1, "acc_sandbox", "sandbox.example", "test"))
    return people


def _with_quirks(people: list[Person]) -> list[Person]:
    """Plants a shared device, clocks that are ahead, and one mailbox with two users."""
    made = list(people)
    kiosk = Device(
        "kiosk-" + hashlib.sha256(b"kiosk").hexdigest()[:12], _BROWSERS[1], is_shared=True
    )
    staff = [n for n, p in enumerate(made) if p.account_id == "acc_0003"][:3]
    for n in staff:
        always = replace(made[n], joined_on=STARTS_ON, left_on=ENDS_ON + timedelta(1), rate=0.6)
        made[n] = replace(always, devices=(kiosk,))
    ahead = [n for n, p in enumerate(made) if p.account_id == "acc_0005"][:2]
    for n, tells in zip(ahead, (True, False), strict=True):
        device = replace(made[n].devices[0], skew_seconds=3 * 3600, tells_sent_at=tells)
        made[n] = replace(made[n], joined_on=STARTS_ON, rate=0.5, devices=(device,),
                          left_on=ENDS_ON + timedelta(1))  # fmt: skip
    first, second = [n for n, p in enumerate(made) if p.account_id == "acc_0008"][:2]
    made[first] = replace(made[first], joined_on=STARTS_ON, left_on=ENDS_ON + timedelta(1))
    made[second] = replace(
        made[second], email=made[first].email, name=made[first].name, joined_on=STARTS_ON,
        left_on=ENDS_ON + timedelta(1), twin_of=made[first].user_id,
    )  # fmt: skip
    return made


def make_guests(seed: int, size: int) -> list[Device]:
    """Devices of visitors who never sign in."""
    chance = source_of_chance(seed, "guests")
    return [Device(_uuid(chance), chance.choice(_BROWSERS)) for _ in range(35 * size)]


def make_robots(seed: int) -> list[Device]:
    """One device for each robot."""
    chance = source_of_chance(seed, "robots")
    return [Device(_uuid(chance), agent) for agent in ROBOTS]
