"""The usage marts once more, in plain Python: loops over people and days, nothing shared with SQL.

Belongs here: what the definitions say, as directly as it can be written. Does not belong here:
how to make test data, how to run dbt.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

Row = Mapping[str, Any]
Table = set[tuple]
DAY = dt.timedelta(days=1)
LONG_AGO, FAR_AHEAD = dt.date.min, dt.date.max


def monday(day: dt.date) -> dt.date:
    return day - day.weekday() * DAY


def days_between(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    while first <= last:
        yield first
        first += DAY


def over_at(day: dt.date) -> dt.datetime:
    """When the day is over at UTC-12, where it ends last."""
    return dt.datetime.combine(day + DAY, dt.time(12))


def current(rows: Iterable[Row], key: tuple[str, ...], version: str, keep: str) -> list[Row]:
    best: dict[tuple, Row] = {}
    for row in rows:
        name = tuple(row[part] for part in key)
        old = best.get(name)
        better = old is None or (
            row[version] > old[version] if keep == "latest" else row[version] < old[version]
        )
        if better:
            best[name] = row
    return list(best.values())


def rate(num: float, den: float | None) -> float | None:
    return round(num / den, 12) if den else None


@dataclass(frozen=True)
class Use:
    """Value events of one person, account and feature on one day."""

    person: str
    account: str
    feature: str | None
    day: dt.date
    counts: bool


class UsageOracle:
    """All four usage marts of one lake; `rows` maps contracts to rows that carry their `source`."""

    def __init__(self, rows: Mapping[str, list[Row]], *, org_zone: str, as_of: dt.datetime) -> None:
        self.rows = defaultdict(list, rows)
        self.org_zone = org_zone
        self.events = current(rows["usage_events"], ("source", "event_id"), "received_at", "earliest")
        self.identities = current(
            self.rows["identities"], ("source", "identity_ref"), "updated_at", "latest"
        )
        self.records = current(
            self.rows["accounts"], ("source", "account_ref"), "updated_at", "latest"
        )
        self.high_water = min(as_of, max(event["received_at"] for event in self.events))
        self.account_of_record = {
            (r["source"], r["account_ref"]): self._account_id(r) for r in self.records
        }
        self.people = self._people()
        self.home = {person: self._home(person) for person in set(self.people.values())}
        self.uses = [use for event in self.events for use in self._use(event)]
        local_now = self.high_water.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(org_zone))
        self.spine = list(days_between(min(u.day for u in self.uses), local_now.date()))
        self.active: dict[tuple[str, str], set[dt.date]] = defaultdict(set)
        for use in self.uses:
            if use.counts:
                self.active[use.person, use.account].add(use.day)
        self.days_of: dict[str, set[dt.date]] = defaultdict(set)
        for (person, _), days in self.active.items():
            self.days_of[person] |= days

    # ---- accounts

    def _account_id(self, record: Row) -> str:
        if record.get("external_id"):
            return record["external_id"]
        domain = record.get("domain")
        twins = {
            other.get("external_id")
            for other in self.records
            if domain and other.get("domain") == domain and not other.get("is_deleted")
        } - {None}
        if len(twins) == 1:
            return twins.pop()
        if domain and not twins and not record.get("is_deleted"):
            return domain
        return f"{record['source']}:{record['account_ref']}"

    def _records_of(self, account: str) -> list[Row]:
        found = [
            r
            for r in self.records
            if self.account_of_record[r["source"], r["account_ref"]] == account
        ]
        return sorted(
            found,
            key=lambda r: (
                bool(r.get("is_deleted")),
                r.get("arr_minor") is None and r.get("plan") is None,
                r["source"],
                r["account_ref"],
            ),
        )

    def zone_of(self, account: str) -> str:
        records = self._records_of(account)
        zones = [r["time_zone"] for r in records if r.get("time_zone")]
        if records and records[0].get("time_zone"):
            return records[0]["time_zone"]
        return min(zones, default=self.org_zone)

    def state(self, account: str, day: dt.date) -> tuple[str, int | None]:
        """Plan in force and seats paid for on a day."""
        records = self._records_of(account)
        if not records:
            return "unknown", None
        churned = records[0].get("churned_on")
        if churned and day >= churned:
            return "churned", None
        versions = sorted(
            (
                v
                for v in self.rows["accounts"]
                if (v["source"], v["account_ref"])
                == (records[0]["source"], records[0]["account_ref"])
            ),
            key=lambda v: v["updated_at"],
        )
        known = [v for v in versions if v["updated_at"].date() <= day] or [
            v for v in versions if v["updated_at"].date() == versions[0]["updated_at"].date()
        ]
        left = known[-1].get("churned_on")
        if left and day >= left:
            return "churned", None
        plan = known[-1].get("plan")
        paid = None if plan in (None, "free", "trial") else known[-1].get("paid_seat_count")
        return plan or "unknown", paid

    # ---- people

    def _people(self) -> dict[tuple[str, str], str]:
        users: dict[str, set[str]] = {}
        mailboxes: dict[str, set[str]] = defaultdict(set)
        devices: dict[str, set[str]] = defaultdict(set)
        for row in [*self.events, *self.identities]:
            user = row.get("user_id")
            if user:
                users.setdefault(user, {user})
                if row.get("email_key"):
                    mailboxes[row["email_key"]].add(user)
        for event in self.events:
            user = event.get("user_id")
            for device in (
                event.get("anonymous_id"),
                event.get("previous_id") if event["event_type"] == "alias" else None,
            ):
                if device and (user or device == event.get("anonymous_id")):
                    devices[device] |= {user} if user else set()
        for sharers in mailboxes.values():
            together = set().union(*(users[user] for user in sharers))
            for user in together:
                users[user] = together
        people = {("user", user): min(group) for user, group in users.items()}
        for device, signed_in in devices.items():
            owners = {min(users[user]) for user in signed_in}
            people["device", device] = owners.pop() if len(owners) == 1 else f"anon:{device}"
        return people

    def person_of(self, event: Row) -> str | None:
        if event.get("user_id"):
            return self.people["user", event["user_id"]]
        if event.get("anonymous_id"):
            return self.people["device", event["anonymous_id"]]
        return None

    def _records_of_person(self, person: str) -> list[Row]:
        mailboxes = {
            row["email_key"]
            for row in [*self.events, *self.identities]
            if row.get("email_key") and row.get("user_id")
            and self.people["user", row["user_id"]] == person
        }  # fmt: skip
        return [
            row
            for row in self.identities
            if (row.get("user_id") and self.people["user", row["user_id"]] == person)
            or (not row.get("user_id") and row.get("email_key") in mailboxes)
        ]

    def _domains(self, person: str) -> set[str]:
        found = {
            event["email_domain"]
            for event in self.events
            if event.get("user_id") and event.get("email_domain")
            and self.person_of(event) == person
        }  # fmt: skip
        return found | {
            row["email_domain"] for row in self._records_of_person(person) if row.get("email_domain")
        }

    def _home(self, person: str) -> str:
        """The person's account: last seen in the product, else by a vendor, else by domain."""
        groups = [
            (-event["occurred_at"].date().toordinal(), event["group_id"])
            for event in self.events
            if event.get("group_id") and self.person_of(event) == person
        ]
        if groups:
            return min(groups)[1]
        told = [
            (
                -row["updated_at"].date().toordinal(),
                self.account_of_record[row["source"], row["account_ref"]],
            )
            for row in self._records_of_person(person)
            if (row["source"], row.get("account_ref")) in self.account_of_record
        ]
        if told:
            return min(told)[1]
        owners = defaultdict(set)
        for record in self.records:
            if record.get("domain") and not record.get("is_deleted"):
                owners[record["domain"]].add(
                    self.account_of_record[record["source"], record["account_ref"]]
                )
        by_domain = [owners[d] for d in self._domains(person) if len(owners[d]) == 1]
        return min((a for group in by_domain for a in group), default="unknown")

    # ---- what counts

    def _barred(self, person: str, account: str, day: dt.date) -> bool:
        for rule in self.rows["exclusions"]:
            kind, subject = rule["subject_type"], rule["subject"]
            hit = (
                (kind == "email_domain" and subject in self._domains(person))
                or (kind == "user_id" and self.people.get(("user", subject)) == person)
                or (kind == "account" and subject == account)
            )
            if hit and in_force(rule, day):
                return True
        return False

    def _use(self, event: Row) -> list[Use]:
        plan = {p["event_name"]: p for p in self.rows["tracking_plan"]}.get(event["event_name"])
        is_value = plan is not None and plan["event_class"] == "value"
        person = self.person_of(event)
        if not is_value or event.get("is_active") is False or person is None:
            return []
        home = self.home[person]
        zone = ZoneInfo(self.zone_of(home))
        day = event["occurred_at"].replace(tzinfo=dt.UTC).astimezone(zone).date()
        account = event.get("group_id") or home
        utc_day = event["occurred_at"].date()
        client = (event.get("user_agent") or "").lower()
        robot = "bot/" in client or "headlesschrome" in client or any(
            in_force(rule, utc_day)
            and (
                (rule["subject_type"] == "user_agent" and rule["subject"] in client)
                or (rule["subject_type"] == "event_name" and rule["subject"] == event["event_name"])
            )
            for rule in self.rows["exclusions"]
        )  # fmt: skip
        counts = not robot and not self._barred(person, account, day)
        return [Use(person, account, plan.get("feature_id"), day, counts)]

    def active_in(self, days: set[dt.date], last: dt.date, length: int) -> bool:
        return any(last - (length - 1) * DAY <= day <= last for day in days)

    def end(self, day: dt.date) -> tuple[bool, dt.datetime]:
        return self.high_water >= over_at(day), min(self.high_water, over_at(day))

    # ---- the marts

    def active_users(self) -> Table:
        seen: dict[str, dict[str, set[dt.date]]] = defaultdict(lambda: defaultdict(set))
        touched: dict[str, dict[str, set[dt.date]]] = defaultdict(lambda: defaultdict(set))
        for use in self.uses:
            for segment in ("all", self.state(use.account, use.day)[0]):
                touched[segment][use.person].add(use.day)
                if use.counts:
                    seen[segment][use.person].add(use.day)
        table = set()
        for segment in {"all", *self.plans()}:
            people = seen[segment]
            for day in self.spine:
                actives = {
                    n: sum(self.active_in(days, day, n) for days in people.values())
                    for n in (1, 7, 28, 30)
                }
                month = list(days_between(day - 27 * DAY, day))
                mean = sum(d in days for days in people.values() for d in month) / 28
                new = sum(
                    day in days and min(self.days_of[person]) == day
                    for person, days in people.items()
                )
                out = sum(day in d and day not in people[p] for p, d in touched[segment].items())
                table.add((
                    day, segment, actives[1], actives[7], actives[28], actives[30],
                    round(mean, 12), actives[28], rate(mean, actives[28]),
                    actives[1], actives[28], rate(actives[1], actives[28]), new, out, *self.end(day),
                ))  # fmt: skip
        return table

    def plans(self) -> set[str]:
        accounts = {"unknown", *self.account_of_record.values()}
        accounts |= {e["group_id"] for e in self.events if e.get("group_id")}
        days = [
            LONG_AGO, FAR_AHEAD,
            *(v["updated_at"].date() for v in self.rows["accounts"]),
        ]  # fmt: skip
        return {self.state(account, day)[0] for account in accounts for day in days}

    def retention(self) -> Table:
        over = [day for day in self.spine if self.end(day)[0]]
        last_over = max(over, default=None)
        last_sunday = last_over and monday(last_over + DAY) - DAY
        weeks = sorted({monday(day) for day in self.spine})
        cohorts: dict[dt.date, list[set[dt.date]]] = defaultdict(list)
        for days in self.days_of.values():
            cohorts[monday(min(days))].append(days)
        table = set()

        def add(week, variant, number, eligible, kept, is_mature, horizon) -> None:
            through = min(self.high_water, over_at(horizon)) if horizon else self.high_water
            table.add((
                week, variant, number, eligible, kept, kept, eligible, rate(kept, eligible),
                is_mature, horizon, is_mature, through,
            ))  # fmt: skip

        for week in weeks:
            people = cohorts[week]
            for number, later in enumerate(w for w in weeks if w >= week):
                sunday = later + 6 * DAY
                is_over = last_over is not None and sunday <= last_over
                there = people if is_over else []
                exact = sum(any(later <= d <= sunday for d in days) for days in there)
                after = sum(any(later <= d <= last_sunday for d in days) for days in there)
                add(week, "classic_week", number, len(there), exact, is_over, sunday)
                add(week, "unbounded_week", number, len(there), after, is_over, last_sunday)
            there = [d for d in people if last_over and min(d) + 13 * DAY <= last_over]
            kept = sum(any(7 <= (d - min(days)).days <= 13 for d in days) for days in there)
            end = week + 19 * DAY
            add(week, "bracket_7_13", 1, len(there), kept, bool(last_over and end <= last_over), end)
        return table

    def feature_adoption(self) -> Table:
        table = set()
        for feature in self.rows["features"]:
            name, plans = feature["feature_id"], feature.get("entitled_plans")
            out_on = feature.get("released_on") or LONG_AGO
            gone_on = feature.get("retired_on") or FAR_AHEAD
            mine = [use for use in self.uses if use.feature == name]
            weeks_of: dict[str, set[dt.date]] = defaultdict(set)
            for use in mine:
                if use.counts:
                    weeks_of[use.person].add(monday(use.day))
            for week in sorted({monday(day) for day in self.spine}):
                sunday = week + 6 * DAY
                now = [use for use in mine if monday(use.day) == week]
                users = {use.person for use in now if use.counts}
                entitled = {
                    use.person
                    for use in self.uses
                    if use.counts and monday(use.day) == week and out_on <= use.day < gone_on
                    and (plans is None or self.state(use.account, use.day)[0] in plans)
                }  # fmt: skip
                repeated = sum(len({w for w in ws if w <= week}) >= 2 for ws in weeks_of.values())
                reached = len(users & entitled)
                table.add((
                    name, week, out_on <= sunday and gone_on > week,
                    len(entitled), len(users), len({u.account for u in now if u.counts}),
                    sum(min(weeks_of[person]) == week for person in users), repeated,
                    sum(use.counts for use in now), reached, len(entitled),
                    rate(reached, len(entitled)),
                    len({use.person for use in now} - users), *self.end(sunday),
                ))  # fmt: skip
        return table

    def account_usage(self) -> Table:
        first: dict[str, dt.date] = {"unknown": LONG_AGO}
        for use in self.uses:
            first[use.account] = min(use.day, first.get(use.account, FAR_AHEAD))
        for account in set(self.account_of_record.values()):
            created = self._records_of(account)[0].get("created_at")
            if created:
                first[account] = min(created.date(), first.get(account, FAR_AHEAD))
        table = set()
        for account, start in first.items():
            people = [d for (_, a), d in self.active.items() if a == account]
            for day in self.spine:
                if day < start:
                    continue
                now = [u for u in self.uses if u.account == account and u.day == day]
                plan, paid = self.state(account, day)
                one, week, month = (
                    sum(self.active_in(days, day, n) for days in people) for n in (1, 7, 28)
                )
                used = min(month, paid) if paid else None
                counted = {u.person for u in now if u.counts}
                table.add((
                    account, day, plan, one, week, month, paid, used, paid,
                    rate(used, paid) if paid else None, sum(u.counts for u in now),
                    len({u.feature for u in now if u.counts and u.feature}),
                    len({u.person for u in now} - counted), *self.end(day),
                ))  # fmt: skip
        return table


def in_force(rule: Row, day: dt.date) -> bool:
    return (rule.get("valid_from") or LONG_AGO) <= day < (rule.get("valid_to") or FAR_AHEAD)
