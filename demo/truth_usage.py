"""Expected numbers of use: active people, the launch, the churned account, the experiment.

Belongs here: brute-force counting over hits, by the written definitions. Does not belong here:
SQL or anything that the warehouse would also use.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from demo import catalog
from demo.company import CHURNED, ORG_ZONE, Account, week_of
from demo.people import Person
from demo.usage import Hit

_DAYS = (
    date(2026, 1, 14),
    date(2026, 2, 18),
    date(2026, 3, 8),
    date(2026, 4, 22),
    date(2026, 5, 27),
    date(2026, 6, 17),
)
_HALF_HOUR = 30 * 60 * 1000
_ROBOT_WORDS = ("googlebot", "headlesschrome", "pingdom")
_ACTIVE = (
    "Distinct countable people with at least one event of class value on the local date. A person "
    "is all user "
    "ids of one mailbox with all devices on which nobody else signed in; a device of several "
    "people that is used "
    "without signing in is used by who signs in on it within 30 minutes, else it is a person of "
    "its own, as is a guest's. Local date: time zone of the "
    "person's account, "
    "America/New_York where it has none. Not countable: people with an e-mail at the internal "
    "domain, people of "
    "acc_sandbox, events of robots (by user agent), events with context.active false."
)


class Usage:
    """Person-days and feature use by the definitions, from hits."""

    def __init__(self, accounts: list[Account], people: list[Person], hits: list[Hit]) -> None:
        """Counts everything once."""
        self.accounts = {a.account_id: a for a in accounts}
        self.people = {p.user_id: p for p in people}
        self.hits = hits
        self.owners: dict[str, set[str]] = defaultdict(set)
        self.signed: dict[str, list[tuple[float, str]]] = defaultdict(list)
        for hit in hits:
            if hit.user_id:
                device = hit.previous_id if hit.kind == "alias" else hit.device.anonymous_id
                self.owners[device or ""].add(self.people[hit.user_id].person_id)
                self.signed[device or ""].append((hit.occurred, hit.user_id))
        # person, day, event, account, may be counted
        self.values = [v for h in hits if (v := self._value(h))]
        self.active: dict[date, set[str]] = defaultdict(set)
        for person_id, day, _, _, is_countable in self.values:
            if is_countable:
                self.active[day].add(person_id)

    def person_of(self, hit: Hit) -> tuple[str, Person | None]:
        """The person behind a hit, and what is known of them."""
        owners = self.owners.get(hit.device.anonymous_id, set())
        user_id = hit.user_id or (next(iter(owners)) if len(owners) == 1 else None)
        if user_id is None and owners:
            signed = self.signed[hit.device.anonymous_id]
            ahead = min((s for s in signed if s[0] >= hit.occurred), default=None)
            if ahead and ahead[0] - hit.occurred < _HALF_HOUR:
                user_id = ahead[1]
        if user_id is None:
            return f"anon:{hit.device.anonymous_id}", None
        person = self.people[user_id]
        return person.person_id, person

    def day_of(self, hit: Hit, person: Person | None) -> date:
        """The local date of a hit."""
        account = self.accounts.get(person.account_id) if person else None
        zone = account.zone if account else ZoneInfo(ORG_ZONE)
        return datetime.fromtimestamp(hit.occurred / 1000, UTC).astimezone(zone).date()

    def may_count(self, hit: Hit, person: Person | None) -> bool:
        """Whether neither the client nor the person is one that is left out."""
        is_robot = any(word in hit.device.user_agent.lower() for word in _ROBOT_WORDS)
        return not is_robot and (person is None or person.kind == "customer")

    def _value(self, hit: Hit) -> tuple[str, date, str, str, bool] | None:
        if hit.name not in catalog.VALUE_EVENTS or hit.is_active is False:
            return None
        person_id, person = self.person_of(hit)
        account_id = person.account_id if person else "unknown"
        day = self.day_of(hit, person)
        return person_id, day, hit.name or "", account_id, self.may_count(hit, person)

    def active_in(self, first: date, last: date) -> set[str]:
        """People active on any day from the first to the last."""
        found: set[str] = set()
        for n in range((last - first).days + 1):
            found |= self.active[first + timedelta(n)]
        return found


def _active_people(usage: Usage) -> dict[str, Any]:
    days = {}
    for day in _DAYS:
        barred = {p for p, d, _, _, ok in usage.values if d == day and not ok}
        days[day.isoformat()] = {
            "dau": len(usage.active_in(day, day)),
            "wau": len(usage.active_in(day - timedelta(6), day)),
            "mau28": len(usage.active_in(day - timedelta(27), day)),
            "mau30": len(usage.active_in(day - timedelta(29), day)),
            "excluded": len(barred - usage.active_in(day, day)),
        }
    return {
        "definition": _ACTIVE,
        "windows": "dau: the day itself; wau, mau28, mau30: 7, 28 and 30 days that end with it; "
        "excluded: people "
        "with value events on the day of which none may be counted.",
        "days": days,
        "person_day_count": sum(len(people) for people in usage.active.values()),
        "person_day_definition": "Distinct pairs of countable person and local date over the whole "
        "time.",
    }


def _launch(usage: Usage) -> dict[str, Any]:
    feature, weeks = "ETA Forecast Viewed", []
    for n in range(-1, 10):
        week = week_of(catalog.LAUNCH_ON) + timedelta(7 * n)
        last = week + timedelta(6)
        mine = [(p, a, ok) for p, d, e, a, ok in usage.values if e == feature and week <= d <= last]
        entitled = {
            p for p, d, _, a, ok in usage.values
            if ok and max(week, catalog.LAUNCH_ON) <= d <= last and a in usage.accounts
            and usage.accounts[a].plan_on(d) in catalog.LAUNCH_PLANS
        }  # fmt: skip
        users = {p for p, _, ok in mine if ok}
        weeks.append(
            {
                "week_on": week.isoformat(),
                "people": len(users),
                "accounts": len({a for _, a, ok in mine if ok}),
                "entitled_active_people": len(entitled),
                "people_of_entitled": len(users & entitled),
                "excluded_people": len({p for p, _, ok in mine if not ok}),
            }
        )
    return {
        "feature_id": catalog.LAUNCH_FEATURE,
        "released_on": catalog.LAUNCH_ON.isoformat(),
        "release_id": "r-2026-04-smart-eta",
        "entitled_plans": list(catalog.LAUNCH_PLANS),
        "definition": "Per ISO week (Monday, local dates): distinct countable people and accounts "
        "that used the "
        "feature; people active at all on or after the release while their account was on an "
        "entitled plan; those "
        "of them who used it; people with use that may not be counted (employees before and after "
        "the launch).",
        "weeks": weeks,
    }


def _churn(usage: Usage) -> dict[str, Any]:
    account = usage.accounts[CHURNED]
    weeks: dict[str, int] = {}
    week = date(2026, 1, 5)
    while week <= date(2026, 6, 22):
        last = week + timedelta(6)
        weeks[week.isoformat()] = len({
            p for p, d, _, a, ok in usage.values if ok and a == CHURNED and week <= d <= last
        })  # fmt: skip
        week += timedelta(7)
    return {
        "account_id": CHURNED,
        "name": account.name,
        "hubspot_id": account.hubspot_id,
        "churned_on": str(account.churned_on),
        "arr_minor_before": account.states[0].arr_minor,
        "definition": "Distinct countable people of the account per ISO week (Monday, the "
        "account's local dates); "
        "use decays from 2026-03-02 and ends before the contract does.",
        "weekly_active_people": weeks,
    }


def _experiment(usage: Usage) -> dict[str, Any]:
    seen: dict[str, set[str]] = defaultdict(set)
    for hit in usage.hits:
        if hit.name == "Experiment Viewed":
            person_id, person = usage.person_of(hit)
            if person and person.kind == "customer":
                seen[person_id].add(hit.properties["variation_id"])
    crossed = sum(1 for arms in seen.values() if len(arms) > 1)
    return {
        "experiment_id": catalog.EXPERIMENT,
        "definition": "Countable people who were shown exactly one variation, by variation; "
        "crossover: shown both.",
        "people": {
            v: sum(1 for arms in seen.values() if arms == {v}) for v, _ in catalog.VARIATIONS
        },
        "crossover_people": crossed,
    }


def usage_truth(usage: Usage) -> dict[str, Any]:
    """All that is expected of use."""
    shared = [d for d, owners in usage.owners.items() if len(owners) > 1]
    twins = [p for p in usage.people.values() if p.twin_of]
    plan = {name for name, *_ in catalog.EVENTS}
    return {
        "active_people": _active_people(usage),
        "launch": _launch(usage),
        "churn": _churn(usage),
        "experiment": _experiment(usage),
        "identity": {
            "shared_devices_definition": "Anonymous ids under which more than one person signed "
            "in.",
            "shared_devices": sorted(shared),
            "merged_users_definition": "Users with the mailbox of an earlier user: both are one "
            "person.",
            "merged_users": {p.user_id: p.person_id for p in twins},
            "employee_user_count": sum(1 for p in usage.people.values() if p.kind == "employee"),
            "test_user_count": sum(1 for p in usage.people.values() if p.kind == "test"),
        },
        "unplanned_events": {
            "definition": "Unique track events whose name is in nobody's tracking plan.",
            "count": sum(1 for h in usage.hits if h.kind == "track" and h.name not in plan),
        },
    }
