"""Who used what when, in plain Python: loops over rows, nothing shared with SQL.

Belongs here: people, accounts, plans and what counts, as directly as the definitions can be
written. Does not belong here: what is counted of it (usage_oracle).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from .people_oracle import Limits, People

Row = Mapping[str, Any]
DAY = dt.timedelta(days=1)
LONG_AGO, FAR_AHEAD = dt.date.min, dt.date.max


def days_between(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    while first <= last:
        yield first
        first += DAY


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


def in_force(rule: Row, day: dt.date) -> bool:
    return (rule.get("valid_from") or LONG_AGO) <= day < (rule.get("valid_to") or FAR_AHEAD)


@dataclass(frozen=True)
class Use:
    """One value event: who used what when."""

    person: str
    account: str
    feature: str | None
    day: dt.date
    counts: bool
    at: dt.datetime


class UsageFacts:
    """Who used what when in one lake; `rows` maps contracts to rows that carry their `source`."""

    def __init__(
        self,
        rows: Mapping[str, list[Row]],
        *,
        org_zone: str,
        as_of: dt.datetime,
        limits: Limits | None = None,
    ) -> None:
        self.rows = defaultdict(list, rows)
        self.org_zone, self.as_of = org_zone, as_of
        self.events = current(
            rows["usage_events"], ("source", "event_id"), "received_at", "earliest"
        )
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
        self.who = People(self.events, self.identities, limits or Limits())
        self.people = self.who.of_alias
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

    def has_flag(self, feature: Row, person: str, days: list[dt.date]) -> bool:
        """Whether the feature's flag was on for the person at some time in these days."""
        if not feature.get("flag_id"):
            return True
        seen = sorted(
            (row for row in self.rows["exposures"]
             if row["experiment_id"] == feature["flag_id"] and self.person_named(row) == person),
            key=lambda row: (row["exposed_at"], row["exposure_id"]),
        )  # fmt: skip
        zone = ZoneInfo(self.zone_of(self._home(person)))
        on = [row["exposed_at"].replace(tzinfo=dt.UTC).astimezone(zone).date() for row in seen]
        return any(
            row["variation_id"] in feature["flag_variations"]
            and start <= max(days) and end >= min(days)
            for row, start, end in zip(seen, on, [*on[1:], dt.date.max], strict=False)
        )  # fmt: skip

    # ---- people

    def person_named(self, row: Row) -> str | None:
        """The person of a user id; None for one that no event and no record knows."""
        return self.people.get(("user", row["user_id"]))

    def person_of(self, event: Row) -> str | None:
        return self.who.of_event(event)

    def _person_of_ids(self, event: Row) -> str | None:
        """Accounts are told of ids and not of moments: a device that changes hands is a device."""
        if event.get("user_id"):
            return self.people["user", event["user_id"]]
        return self.people.get(("device", event.get("anonymous_id") or ""))

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
            row["email_domain"]
            for row in self._records_of_person(person)
            if row.get("email_domain")
        }

    def _home(self, person: str) -> str:
        """The person's account: last seen in the product, else by a vendor, else by domain."""
        groups = [
            (-event["occurred_at"].date().toordinal(), event["group_id"])
            for event in self.events
            if event.get("group_id") and self._person_of_ids(event) == person
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

    def is_barred(self, person: str, account: str, day: dt.date) -> bool:
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

    def is_unwanted(self, event: Row) -> bool:
        """Whether a robot made it, or a rule takes its name out."""
        utc_day = event["occurred_at"].date()
        client = (event.get("user_agent") or "").lower()
        return "bot/" in client or "headlesschrome" in client or any(
            in_force(rule, utc_day)
            and (
                (rule["subject_type"] == "user_agent" and rule["subject"] in client)
                or (rule["subject_type"] == "event_name" and rule["subject"] == event["event_name"])
            )
            for rule in self.rows["exclusions"]
        )  # fmt: skip

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
        counts = not self.is_unwanted(event) and not self.is_barred(person, account, day)
        return [Use(person, account, plan.get("feature_id"), day, counts, event["occurred_at"])]
