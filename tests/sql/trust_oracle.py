"""What is usual of a day and of a week's mixture, in plain Python.

Belongs here: the definitions, written down a second time. Does not belong here: the rows
(`trust_world`).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from math import sqrt
from statistics import median
from typing import Any

from .trust_world import AS_OF, DAY, Rows

WEEK = 7 * DAY
# When a row happened, the source's clock, columns with few values.
STREAMS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "usage_events": ("occurred_at", "received_at", ("event_name", "platform")),
    "tickets": ("created_at", "version_at", ("channel", "queue_id")),
    "ticket_events": ("occurred_at", "occurred_at", ("field", "status")),
    "exposures": ("exposed_at", "exposed_at", ()),
    "qa_checks": ("checked_at", "checked_at", ("status",)),
}


class Stream:
    """Days of one contract and source."""

    def __init__(self, contract: str, rows: Iterable[Mapping[str, Any]]) -> None:
        happened, clock, self.columns = STREAMS[contract]
        self.rows = [row for row in rows if row[happened].date() <= AS_OF.date()]
        self.happened = happened
        self.days = Counter(row[happened].date() for row in self.rows)
        self.first = min(self.days)
        self.reached = max(row[clock] for row in rows if row[clock] <= AS_OF)

    def value(self, row: Mapping[str, Any], column: str) -> str | None:
        if column == "status" and "ticket_event_id" in row:
            return row["value"] if row["field"] == "status" else None
        return row.get(column) or "not known"


class TrustOracle:
    """All that the two marts say."""

    def __init__(self, rows: Rows) -> None:
        self.streams = {
            key: Stream(key[0], found) for key, found in rows.items() if key[0] in STREAMS
        }
        self.holidays = set()
        for holiday in rows["holidays", "desk"]:
            day = dt.date.fromisoformat(holiday["starts_on"])
            while day <= dt.date.fromisoformat(holiday["ends_on"]):
                self.holidays.add(day)
                day += DAY

    def reach(self, key: tuple[str, str]) -> dt.datetime:
        """How far a source reaches, its silence of a week taken for an answer."""
        others = max(s.reached for k, s in self.streams.items() if k[0] == key[0])
        return max(self.streams[key].reached, others - WEEK)

    def is_over(self, key: tuple[str, str], day: dt.date) -> bool:
        return self.reach(key) >= dt.datetime.combine(day + DAY, dt.time())

    def spine(self, key: tuple[str, str]) -> list[dt.date]:
        first, last = self.streams[key].first, self.reach(key).date()
        return [first + n * DAY for n in range((last - first).days + 1)]

    def volumes(self) -> dict[tuple, tuple]:
        """(rows, days of history, expected, low, high, verdict, newest) of each source and day."""
        found = {}
        for key, stream in self.streams.items():
            days = self.spine(key)
            over = [day for day in days if self.is_over(key, day)]
            for day in days:
                past = [
                    stream.days[day - n * WEEK]
                    for n in range(1, 9)
                    if day - n * WEEK in days and day - n * WEEK not in self.holidays
                    and self.is_over(key, day - n * WEEK)
                ]  # fmt: skip
                count = stream.days[day]
                middle, low, high = _bounds(past)
                if day not in over:
                    verdict = "not over"
                elif day in self.holidays:
                    verdict = "holiday"
                elif middle is None:
                    verdict = "too little history"
                else:
                    verdict = "low" if count < low else "high" if count > high else "usual"
                shown = len(past) if len(past) >= 4 else 0
                is_newest = bool(over) and day == over[-1]
                found[(*key, day)] = (count, shown, middle, low, high, verdict, is_newest)
        return found

    def drifts(self) -> dict[tuple, tuple]:
        """(rows, before, categories, share moved, what most, verdict, newest) by column, week."""
        found = {}
        for key, stream in self.streams.items():
            days = self.spine(key)
            mondays = sorted({day - day.weekday() * DAY for day in days})
            whole = [
                m for m in mondays
                if all(m + n * DAY in days and self.is_over(key, m + n * DAY) for n in range(7))
            ]  # fmt: skip
            for column in stream.columns:
                for monday in mondays:
                    now = self._counts(stream, column, monday, 1)
                    before = self._counts(stream, column, monday - 4 * WEEK, 4)
                    if not now and not before:
                        continue
                    n, b, kinds = now.total(), before.total(), set(now) | set(before)
                    moved = (
                        sum(abs(now[k] / n - before[k] / b) for k in kinds) / 2 if n and b else None
                    )
                    most = min(kinds, key=lambda k: (-abs(now[k] * b - before[k] * n), k))
                    if monday not in whole:
                        verdict = "not over"
                    elif any(monday - w * WEEK not in whole for w in range(1, 5)):
                        verdict = "too little history"
                    elif min(n, b) < max(200, 25 * len(kinds)):
                        verdict = "too few rows"
                    else:
                        verdict = "drifted" if moved > 0.2 + 1e-12 else "steady"
                    found[(*key, column, monday)] = (
                        n, b, len(kinds), moved, most, verdict, bool(whole) and monday == whole[-1]
                    )  # fmt: skip
        return found

    def _counts(self, stream: Stream, column: str, monday: dt.date, weeks: int) -> Counter:
        inside = (
            row for row in stream.rows
            if monday <= row[stream.happened].date() < monday + weeks * WEEK
        )  # fmt: skip
        values = (stream.value(row, column) for row in inside)
        return Counter(value for value in values if value is not None)


def _bounds(past: list[int]) -> tuple[float | None, float | None, float | None]:
    if len(past) < 4:
        return None, None, None
    middle = median(past)
    width = 4 * max(1.4826 * median(abs(p - middle) for p in past), 0.1 * middle)
    chance_low, chance_high = max(sqrt(middle) - 2, 0) ** 2, (sqrt(middle) + 2) ** 2
    return (
        float(middle),
        max(0.0, min(middle - width, chance_low)),
        max(middle + width, chance_high),
    )
