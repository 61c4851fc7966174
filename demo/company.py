"""Harborline's customers: accounts with their plans, seats and revenue over time.

Belongs here: the calendar of the simulation, the accounts and what they pay when. Does not belong
here: people (`demo.people`) or how HubSpot writes an account (`demo.hubspot`).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

ORG_ZONE = "America/New_York"
STARTS_ON = date(2026, 1, 5)
AS_OF = datetime(2026, 6, 30, 12, tzinfo=UTC)
ENDS_ON = AS_OF.date()
INTERNAL_DOMAIN = "harborline.test"
PLAN_PRICE = {"starter": 2_900, "pro": 5_900, "enterprise": 9_900}  # cents a seat and month
CHURNED = "acc_0007"
CONVERTED = "acc_0012"
_FIRST = (
    "Blue Pier", "North Quay", "Silver Gull", "Red Buoy", "Old Harbor", "Grey Heron", "Tall Mast",
    "Salt Road", "Iron Crane", "Green Delta", "White Cliff", "Amber Coast", "Deep Fjord",
    "Long Reef", "Far Light", "Stone Mole", "Wide Bay", "Cold Current", "High Tide", "Brass Bell",
)  # fmt: skip
_SECOND = ("Freight", "Logistics", "Shipping", "Foods", "Imports", "Carriers", "Trading", "Lines")
_ZONES = (
    ("America/New_York", 14), ("America/Chicago", 7), ("America/Los_Angeles", 6),
    ("Europe/London", 4), ("Europe/Berlin", 3), ("Asia/Tokyo", 2), ("Pacific/Auckland", 1),
    (None, 3),
)  # fmt: skip
_INDUSTRIES = ("LOGISTICS_AND_SUPPLY_CHAIN", "MARITIME", "FOOD_BEVERAGES", "RETAIL", "WHOLESALE")


@dataclass(frozen=True)
class AccountState:
    """What an account had bought from a moment on."""

    since: datetime
    plan: str
    seats: int
    arr_minor: int
    lifecycle: str = "customer"


@dataclass(frozen=True)
class Account:
    """A customer; `hubspot_id` is None where sales never met it."""

    account_id: str
    name: str
    domain: str
    time_zone: str | None
    hubspot_id: str | None
    zendesk_id: int
    industry: str
    owner_id: str
    created_at: datetime
    states: tuple[AccountState, ...]
    parent_id: str | None = None
    churned_on: date | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which its days are counted: its own where sales knows it, else the org's."""
        return ZoneInfo(self.time_zone if self.time_zone and self.hubspot_id else ORG_ZONE)

    def plan_on(self, day: date) -> str:
        """The plan in force; nobody knows one for accounts that sales never met."""
        if self.hubspot_id is None:
            return "unknown"
        if self.churned_on and day >= self.churned_on:
            return "churned"
        plan = self.states[0].plan
        for state in self.states:
            if state.since.date() <= day:
                plan = state.plan
        return plan


def moment(day: date, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """A UTC time of a day."""
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC)


def days() -> list[date]:
    """All simulated days."""
    return [STARTS_ON + timedelta(n) for n in range((ENDS_ON - STARTS_ON).days + 1)]


def week_of(day: date) -> date:
    """The Monday of a day's ISO week."""
    return day - timedelta(day.weekday())


def iso(at: datetime, *, millis: bool = False) -> str:
    """A UTC time as APIs write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S") + (f".{at.microsecond // 1000:03d}Z" if millis else "Z")


def source_of_chance(seed: int, topic: str) -> random.Random:
    """A stream of its own for each topic: more tickets don't change the events."""
    return random.Random(f"harborline:{seed}:{topic}")  # noqa: S311


def _state(chance: random.Random, since: datetime, plan: str) -> AccountState:
    seats = {
        "free": 3, "trial": 8, "starter": chance.randint(6, 14), "pro": chance.randint(14, 30),
        "enterprise": chance.randint(28, 50),
    }[plan]  # fmt: skip
    lifecycle = "customer" if plan in PLAN_PRICE else "lead"
    return AccountState(since, plan, seats, PLAN_PRICE.get(plan, 0) * seats * 12, lifecycle)


def _plan(chance: random.Random, number: int) -> str:
    fixed = {7: "pro", 12: "trial"}
    drawn = chance.choices(("free", "starter", "pro", "enterprise"), (4, 13, 15, 7))[0]
    return fixed.get(number, drawn)


def _account(chance: random.Random, number: int) -> Account:
    first = _FIRST[(number * 7) % len(_FIRST)]
    second = _SECOND[(number // len(_FIRST) + number) % len(_SECOND)]
    again = number // (len(_FIRST) * len(_SECOND))
    name = f"{first} {second}" + (f" {again + 1}" if again else "")
    created = moment(date(2024, 1, 8) + timedelta(chance.randrange(600)), 15, chance.randrange(60))
    zone = chance.choices([z for z, _ in _ZONES], [w for _, w in _ZONES])[0]
    return Account(
        account_id=f"acc_{number:04d}",
        name=name,
        domain=name.lower().replace(" ", "-") + ".example",
        time_zone=zone,
        # A few came by themselves and sales never met them.
        hubspot_id=None if number % 13 == 0 else str(21_400_000_000 + number * 7919),
        zendesk_id=36_000_000_000 + number * 101,
        industry=chance.choice(_INDUSTRIES),
        owner_id=str(71_000_000 + number % 5),
        created_at=created,
        states=(_state(chance, created, _plan(chance, number)),),
    )


def _with_history(chance: random.Random, account: Account) -> Account:
    """Adds what happens in the half-year: conversion, expansion, churn."""
    first = account.states[0]
    if account.account_id == CHURNED:
        churned = date(2026, 5, 31)
        end = AccountState(moment(churned, 4, 30), "pro", first.seats, 0, "churned")
        return replace(account, states=(first, end), churned_on=churned)
    if account.account_id == CONVERTED:
        start = replace(first, since=moment(date(2026, 1, 6), 14))
        paid = AccountState(moment(date(2026, 2, 10), 15), "starter", 8, 2_900 * 8 * 12)
        return replace(account, created_at=start.since, states=(start, paid))
    if first.plan in PLAN_PRICE and chance.random() < 0.25:
        at = moment(STARTS_ON + timedelta(chance.randint(20, 160)), 16, 20)
        seats = first.seats + chance.randint(2, 8)
        more = AccountState(at, first.plan, seats, PLAN_PRICE[first.plan] * seats * 12)
        return replace(account, states=(first, more))
    return account


def make_accounts(seed: int, size: int) -> list[Account]:
    """All customers; a few belong to a parent that is a customer too."""
    chance = source_of_chance(seed, "accounts")
    made = [_with_history(chance, _account(chance, n)) for n in range(1, 40 * size + 1)]
    parents = {9: 3, 18: 3, 28: 5}  # child number -> parent number
    return [
        replace(a, parent_id=made[parents[n] - 1].hubspot_id) if n in parents else a
        for n, a in enumerate(made, start=1)
    ]
