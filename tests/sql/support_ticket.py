"""What one support ticket's own numbers are, counted in plain Python, minute by minute.

Belongs here: a ticket's life. Does not belong here: SQL, sums over tickets, or anything read from
the dbt project. Written from docs/decisions.md alone; slow and simple on purpose.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from .support_oracle import SupportOracle

Row = dict[str, Any]
MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)
OVER = ("solved", "closed", "deleted")


@cache
def local(moment: dt.datetime, zone: str) -> dt.datetime:
    """The wall clock in a zone at a UTC moment."""
    return moment.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def id_order(row: Row, name: str) -> tuple[int, str]:
    """Ids of digits in the order of their numbers."""
    return len(row[name]), row[name]


class Ticket:
    """One ticket's life."""

    def __init__(self, world: SupportOracle, row: Row) -> None:
        self.world, self.row = world, row
        self.key = row["source"], row["ticket_id"]
        self.source, self.created = row["source"], row["created_at"]
        self.rated_at: dt.datetime = self.created  # until `rating` is asked for
        self.queue = row["queue_id"] or "none"
        events = [
            e for e in world.rows["ticket_events"] if (e["source"], e["ticket_id"]) == self.key
        ]
        self.events = sorted(
            events, key=lambda e: (e["occurred_at"], *id_order(e, "ticket_event_id"))
        )
        messages = [
            m for m in world.rows["ticket_messages"] if (m["source"], m["ticket_id"]) == self.key
        ]
        self.messages = sorted(
            messages, key=lambda m: (m["created_at"], *id_order(m, "message_id"))
        )

    @cached_property
    def history(self) -> list[tuple[dt.datetime, str]]:
        row, path = self.row, [(self.created, "new")]
        changes = [e for e in self.events if e["field"] == "status"]
        known = [e for e in changes if e["occurred_at"] <= row["version_at"]]
        path += [(max(e["occurred_at"], self.created), e["value"]) for e in known]
        if not known or known[-1]["value"] != row["status"]:
            path.append(
                (max(min(row["updated_at"], row["version_at"]), path[-1][0]), row["status"])
            )
        return path + [(e["occurred_at"], e["value"]) for e in changes if e not in known]

    @cached_property
    def status(self) -> str:
        return self.history[-1][1]

    @cached_property
    def changes(self) -> list[tuple[dt.datetime, str]]:
        found = []
        for (_, before), (at, after) in zip(self.history, self.history[1:], strict=False):
            if before not in OVER and after in ("solved", "closed"):
                found.append((at, "solved"))
            if before not in OVER and after == "deleted":
                found.append((at, "deleted"))
            if before in ("solved", "closed") and after not in OVER:
                found.append((at, "reopened"))
            if before == "deleted" and after not in OVER:
                found.append((at, "restored"))
        return found

    def unsolved_before(self, moment: dt.datetime) -> bool:
        past = [status for at, status in self.history if at < moment]
        return bool(past) and past[-1] not in OVER

    @cached_property
    def solved_at(self) -> dt.datetime | None:
        solved = [at for at, kind in self.changes if kind == "solved"]
        return max(solved, default=None) if self.status in ("solved", "closed") else None

    @cached_property
    def replies(self) -> list[Row]:
        found = []
        for number, message in enumerate(self.messages):
            author, asks, opens = (
                message["author_ref"],
                self.row["requester_ref"],
                self.row["submitter_ref"],
            )
            is_agent = (self.source, author) in self.world.agents and author not in ("-1", asks)
            is_opening = number == 0 and (
                author == opens if opens is not None else message["created_at"] <= self.created
            )
            if (
                message["is_public"]
                and is_agent
                and message["channel"] != "rule"
                and not is_opening
            ):
                found.append(message)
        return found

    @cached_property
    def reply_count(self) -> int:
        lines = [m["channel"] == "chat" for m in self.replies]
        return lines.count(False) + any(lines)

    @cached_property
    def first_reply(self) -> dt.datetime | None:
        return min((max(m["created_at"], self.created) for m in self.replies), default=None)

    @cached_property
    def wait_ends(self) -> dt.datetime:
        return self.first_reply or self.solved_at or max(self.world.through, self.created)

    def schedule_at(self, moment: dt.datetime) -> str | None:
        moves = [e for e in self.events if e["field"] == "schedule_id"]
        ref = moves[0]["previous_value"] if moves else self.row["schedule_ref"]
        for move in moves:
            if move["occurred_at"] <= moment:
                ref = move["value"]
        mine = [schedule for source, schedule in self.world.hours if source == self.source]
        if ref is None:
            return mine[0] if len(mine) == 1 else None
        return ref if ref in mine else None

    def open_seconds(self, end: dt.datetime) -> int | None:
        return self.open_between(self.created, end)

    @cache  # noqa: B019
    def open_between(self, start: dt.datetime, end: dt.datetime) -> int | None:
        moment, total = start, 0
        if self.schedule_at(moment) is None:
            return None
        while moment < end:
            schedule = self.schedule_at(moment)
            if schedule is None:
                return None
            total += 60 * self.world.is_open(self.source, schedule, moment)
            moment += MINUTE
        return total

    @cached_property
    def rating(self) -> tuple[str | None, dt.date | None, dt.date | None]:
        """Last rating, its day, and the day it was offered."""
        given = [e for e in self.events if e["field"] == "satisfaction_score"]
        rated = [e for e in given if e["value"] != "offered"]
        fallback = max(min(self.row["updated_at"], self.row["version_at"]), self.created)
        stated = self.row.get("satisfaction")
        score = stated if stated in ("good", "bad") else None
        if rated and (stated is None or rated[-1]["occurred_at"] > self.row["version_at"]):
            score = rated[-1]["value"]
        if score is None and stated != "offered" and not given:
            return None, None, None
        rated_at = max(rated[-1]["occurred_at"] if rated else fallback, self.created)
        self.rated_at = rated_at
        offered_at = max(given[0]["occurred_at"] if given else fallback, self.created)
        org = self.world.org_zone
        return score, local(rated_at, org).date() if score else None, local(offered_at, org).date()

    @cached_property
    def person(self) -> Row | None:
        return self.world.people.get((self.source, self.row["requester_ref"]))

    @cached_property
    def asked_on(self) -> dt.date:
        zone = self.person["zone"] if self.person else self.world.org_zone
        return local(self.created, zone).date()

    @cached_property
    def is_countable(self) -> bool:
        row = self.row
        if (
            row["merged_into_id"]
            or self.status == "deleted"
            or "-1" in (row["requester_ref"], row["submitter_ref"])
        ):
            return False
        account = self.world.accounts.get((self.source, row["account_ref"]))
        account = account or (self.person["account"] if self.person else "unknown")
        return not self.world.is_barred(
            self.person["id"] if self.person else None, account, self.asked_on
        )

    @property
    def is_end_user(self) -> bool:
        return (self.source, self.row["requester_ref"]) not in self.world.agents

    @property
    def is_matched(self) -> bool:
        return bool(self.person and self.person["is_user"])

    @cached_property
    def features(self) -> set[str]:
        spoken = sorted(self.messages, key=lambda m: (m["created_at"], m["message_id"]))
        mine = (None, self.row["requester_ref"], self.row["submitter_ref"])
        said = [
            m["body"]
            for m in spoken
            if m["is_public"]
            and m["channel"] != "rule"
            and (m["author_ref"] in mine or self.row["requester_ref"] is None)
        ]
        text = "\n".join([self.row["subject"] or "", *said[:1]])
        found, ruled_out, tags = set(), set(), {t.lower() for t in self.row["tags"] or []}
        for term in self.world.rows["theme_terms"]:
            words = [re.escape(w) for w in re.findall(r"\w+", term["term"])]
            ending = r"\w*" if term["term"].endswith("*") else ""
            pattern = r"\b" + r"\s+".join(words) + ending + r"\b"
            if re.search(pattern, text, re.IGNORECASE):
                (ruled_out if term["is_exclusion"] else found).add(
                    (term["theme_id"], term["feature_id"])
                )
        marked = {
            t["feature_id"] for t in self.world.rows["theme_terms"] if t["theme_id"] in tags
        } | tags
        return ({feature for _, feature in found - ruled_out} | marked) & set(self.world.features)
