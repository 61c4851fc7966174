"""Who is who, in plain Python: loops over events and vendors' records, nothing shared with SQL.

Belongs here: which ids are one person, and whose an unsigned use is. Does not belong here: what
these people did (usage_facts).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
HALF_HOUR = dt.timedelta(minutes=30)
MONTH = dt.timedelta(days=29)


@dataclass(frozen=True)
class Limits:
    """From where on ids that hang together are taken for a mistake."""

    device_people: int = 5
    person_aliases: int = 20


class People:
    """The people of one lake; `of_alias` maps ("user" or "device", id) to a person."""

    def __init__(self, events: Sequence[Row], identities: Sequence[Row], limits: Limits) -> None:
        self.events, self.identities, self.limits = events, identities, limits
        self.quarantined: set[str] = set()
        self.crowded: set[str] = set()
        self.of_alias: dict[tuple[str, str], str] = {}
        self._name_users([*events, *identities])
        self._name_devices()

    def of_event(self, event: Row) -> str | None:
        """Whose an event is."""
        found = self.alias_of(event)
        return self.of_alias[found] if found else None

    def alias_of(self, event: Row) -> tuple[str, str] | None:
        """The signed user; else who signs in next within half an hour; else the device."""
        device = event.get("anonymous_id")
        if event.get("user_id"):
            return "user", event["user_id"]
        if not device:
            return None
        if device not in self.shared or device in self.crowded:
            return "device", device
        ahead = [
            (other["occurred_at"], other["user_id"])
            for other, there in self._devices_of_events()
            if there == device and other.get("user_id")
            and other["occurred_at"] >= event["occurred_at"]
        ]  # fmt: skip
        if not ahead or min(ahead)[0] - event["occurred_at"] >= HALF_HOUR:
            return "device", device
        return "user", min(ahead)[1]

    def _devices_of_events(self) -> Iterator[tuple[Row, str]]:
        for event in self.events:
            if event.get("anonymous_id"):
                yield event, event["anonymous_id"]
            if event["event_type"] == "alias" and event.get("previous_id") and event.get("user_id"):
                yield event, event["previous_id"]

    def _name_users(self, rows: Sequence[Row]) -> None:
        groups: dict[str, set[str]] = {}
        boxes: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            if row.get("user_id"):
                groups.setdefault(row["user_id"], {row["user_id"]})
                if row.get("email_key"):
                    boxes[row["email_key"]].add(row["user_id"])
        for sharers in boxes.values():
            together = set().union(*(groups[user] for user in sharers))
            for user in together:
                groups[user] = together
        for user, group in groups.items():
            size = len(group) + sum(bool(box & group) for box in boxes.values())
            if len(group) > 1 and size > self.limits.person_aliases:
                self.quarantined.add(user)
            self.of_alias["user", user] = user if user in self.quarantined else min(group)

    def _name_devices(self) -> None:
        seen: dict[str, list[tuple[dt.date, str]]] = defaultdict(list)
        for event, device in self._devices_of_events():
            signed = seen[device]
            if event.get("user_id"):
                person = self.of_alias["user", event["user_id"]]
                signed.append((event["occurred_at"].date(), person))
        self.shared = {d for d, signed in seen.items() if len({p for _, p in signed}) > 1}
        for device, signed in seen.items():
            for last, _ in signed:
                month = {person for day, person in signed if last - MONTH <= day <= last}
                if len(month) > self.limits.device_people:
                    self.crowded.add(device)
            owners = {person for _, person in signed}
            self.of_alias["device", device] = owners.pop() if len(owners) == 1 else f"anon:{device}"
