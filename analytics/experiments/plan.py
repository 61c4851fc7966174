"""The `experiment:` object as it stands in a file, right or wrong.

Belongs here: finding what rules ask for, as far as it can be read. Does not belong here: judging
it (`rules.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from analytics.experiments.documents import DAY, FLAG, NUMBER, Location, quietly


@dataclass(frozen=True)
class Named:
    """A metric where it is named, and what is said of it there."""

    location: Location
    role: str
    metric: str
    said: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What a file says; a field that can't be read is None."""

    said: Mapping[str, Any]

    def part(self, word: str) -> Mapping[str, Any]:
        """A mapping below the object; empty where it is none."""
        return _mapping(self.said.get(word))

    @cached_property
    def status(self) -> str:
        """Status, draft if none is said."""
        return str(self.said.get("status", "draft"))

    @cached_property
    def method(self) -> str:
        """How the result will be read."""
        return str(self.part("analysis").get("method", "fixed_horizon"))

    @cached_property
    def starts_on(self) -> date | None:
        """First day of exposure."""
        return quietly(DAY, self.said.get("starts_on"))

    @cached_property
    def ends_on(self) -> date | None:
        """Last day of exposure."""
        return quietly(DAY, self.said.get("ends_on"))

    @cached_property
    def window_days(self) -> int | None:
        """Days that count for each unit."""
        return self._days("window_days")

    @cached_property
    def min_runtime_days(self) -> int | None:
        """Days before anything is read."""
        return self._days("min_runtime_days")

    @cached_property
    def variations(self) -> list[Mapping[str, Any]]:
        """Variations, in the order of the file."""
        listed = self.said.get("variations")
        return [_mapping(part) for part in listed] if isinstance(listed, list) else []

    @cached_property
    def ids(self) -> list[str]:
        """Ids of the variations."""
        return [str(part.get("id", "")) for part in self.variations]

    @cached_property
    def controls(self) -> list[int]:
        """Which variations say that they are the control."""
        flags = (quietly(FLAG, part.get("is_control", False)) for part in self.variations)
        return [at for at, flag in enumerate(flags) if flag]

    @cached_property
    def weights(self) -> list[float]:
        """Weights of the variations; none at all if one of them can't be read."""
        read = [quietly(NUMBER, part.get("weight")) for part in self.variations]
        known = [weight for weight in read if weight is not None]
        return known if len(known) == len(read) else []

    def metrics(self) -> Iterator[Named]:
        """Metrics where they are named: the primary, guardrails, secondary."""
        primary = self.part("primary")
        if "metric" in primary:
            yield Named(("primary", "metric"), "primary", str(primary["metric"]), primary)
        for role in ("guardrails", "secondary"):
            listed = self.said.get(role)
            for at, said in enumerate(listed if isinstance(listed, list) else ()):
                if isinstance(said, str):
                    yield Named((role, at), role, said, {})
                elif "metric" in _mapping(said):
                    yield Named((role, at, "metric"), role, str(said["metric"]), said)

    def texts(self) -> Iterator[tuple[Location, str]]:
        """All texts and where they stand."""
        yield from _texts(self.said, ())

    def _days(self, word: str) -> int | None:
        days = quietly(NUMBER, self.part("analysis").get(word, 14))
        # More would lie beyond the calendar.
        return int(days) if days is not None and 1 <= days <= 3650 else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any, location: Location) -> Iterator[tuple[Location, str]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _texts(part, (*location, key))
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield from _texts(part, (*location, at))
    elif isinstance(value, str):
        yield location, value.strip()
