"""All of a help desk's tickets with who asked them, and when its agents work.

Belongs here: what several tickets share. Does not belong here: one ticket's numbers
(`support_ticket`), sums (`support_counts`), or anything read from the dbt project.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from functools import cache, cached_property

from .support_ticket import Row, Ticket, local


class SupportOracle:
    """Counts over all tickets."""

    def __init__(self, rows: dict[str, list[Row]], *, org_zone: str, as_of: dt.datetime) -> None:
        self.rows, self.org_zone, self.as_of = defaultdict(list, rows), org_zone, as_of
        versions: dict[tuple, Row] = {}
        for row in sorted(self.rows["tickets"], key=lambda r: r["version_at"]):
            versions[row["source"], row["ticket_id"]] = row
        self.agents = {
            (r["source"], r["identity_ref"])
            for r in self.rows["identities"]
            if r["role"] == "agent"
        }
        self.agents |= {
            (s, r["assignee_ref"]) for (s, _), r in versions.items() if r["assignee_ref"]
        }
        self.features = sorted(r["feature_id"] for r in self.rows["features"])
        self.accounts = {
            (r["source"], r["account_ref"]): r["external_id"] for r in self.rows["accounts"]
        }
        self.people = {
            (r["source"], r["identity_ref"]): self._person(r) for r in self.rows["identities"]
        }
        self.through = min(as_of, *(self._last(*name) for name in self._clocks))
        self.last = min(as_of, max(self._last(*name) for name in self._clocks))
        self.tickets = [Ticket(self, row) for row in versions.values()]

    _clocks = (
        ("tickets", "version_at"),
        ("ticket_events", "occurred_at"),
        ("ticket_messages", "created_at"),
    )

    def _last(self, contract: str, column: str) -> dt.datetime:
        return max(row[column] for row in self.rows[contract])

    def _person(self, row: Row) -> Row:
        zones = {r["account_ref"]: r["time_zone"] for r in self.rows["accounts"]}
        account = row.get("account_ref")
        return {
            "id": row.get("user_id") or f"{row['source']}:{row['identity_ref']}",
            "is_user": bool(row.get("user_id")),
            "account": self.accounts.get((row["source"], account), "unknown"),
            "domain": row.get("email_domain"),
            "zone": zones.get(account) or self.org_zone,
        }

    @cached_property
    def hours(self) -> dict[tuple[str, str], tuple[str, list[tuple[int, int]]]]:
        found: dict = {}
        for row in sorted(self.rows["business_hours"], key=lambda r: r["updated_at"]):
            newest = max(
                r["updated_at"]
                for r in self.rows["business_hours"]
                if (r["source"], r["schedule_ref"]) == (row["source"], row["schedule_ref"])
            )
            if row["updated_at"] == newest:
                key = row["source"], row["schedule_ref"]
                found.setdefault(key, (row["time_zone"], []))[1].append(
                    (row["opens_minute"], row["closes_minute"])
                )
        return found

    @cache  # noqa: B019
    def is_open(self, source: str, schedule: str, moment: dt.datetime) -> bool:
        zone, hours = self.hours[source, schedule]
        wall = local(moment, zone)
        for row in self.rows["holidays"]:
            if (row["source"], row["schedule_ref"]) == (source, schedule) and (
                row["starts_on"] <= wall.date().isoformat() <= row["ends_on"]
            ):
                return False
        minute = (wall.isoweekday() % 7) * 1440 + wall.hour * 60 + wall.minute
        return any(opens <= minute < closes for opens, closes in hours)

    def is_barred(self, person: str | None, account: str, day: dt.date) -> bool:
        domains = {p["domain"] for p in self.people.values() if p["id"] == person and p["domain"]}
        for rule in self.rows["exclusions"]:
            hit = (
                rule["subject"] in domains
                if rule["subject_type"] == "email_domain"
                else rule["subject"] == account
            )
            if hit and rule.get("valid_from", dt.date.min) <= day < rule.get(
                "valid_to", dt.date.max
            ):
                return True
        return False
