"""Random rows of every contract that happens day by day, and the cases of docs/decisions.md.

Belongs here: rows of contracts. Does not belong here: what is said of them (`trust_oracle`).
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

Rows = dict[tuple[str, str], list[dict[str, Any]]]

AS_OF = dt.datetime(2026, 6, 30, 12)
DAY = dt.timedelta(days=1)
MONDAYS = (100, 104, 96, 110, 98, 102, 100, 90)  # 27 April to 15 June
HOLIDAYS = [
    {"schedule_ref": "de", "holiday_id": "1", "starts_on": "2026-04-03", "ends_on": "2026-04-06"},
    {"schedule_ref": "us", "holiday_id": "2", "starts_on": "2026-06-19", "ends_on": "2026-06-19"},
    {"schedule_ref": "de", "holiday_id": "3", "starts_on": "2026-06-19", "ends_on": "2026-06-20"},
]


def moments(
    chance: random.Random, first: str, last: str, mean: float, gap: float = 0.0
) -> Iterator[dt.datetime]:
    """Moments of each day; few at weekends, none on some days, now and then far too many."""
    day, end = dt.datetime.fromisoformat(first), dt.datetime.fromisoformat(last)
    while day <= end:
        much = mean * (0.2 if day.weekday() > 4 else 1) * chance.choice((1, 1, 1, 1, 1, 1.2, 0.8))
        much *= 6 if chance.random() < 0.03 else 0 if chance.random() < gap else 1
        for _ in range(round(much + chance.random())):
            yield day + dt.timedelta(seconds=chance.randrange(86_400))
        day += DAY


def world(seed: int) -> Rows:
    """What some sources delivered; one fell silent, one dates a row in the future."""
    chance = random.Random(seed)
    rows: Rows = {("holidays", "desk"): HOLIDAYS}
    for source, last, mean in (("web", "2026-06-29", 14), ("app", "2026-06-05", 7)):
        rows["usage_events", source] = [
            {
                "event_id": f"{source}{n}", "event_name": _name(chance, at), "event_type": "track",
                "occurred_at": at, "received_at": at + dt.timedelta(minutes=3),
                "user_id": f"u{n % 9}", "is_clock_skewed": False,
                "platform": chance.choice(("ios", "android", None)),
            }
            for n, at in enumerate(moments(chance, "2026-03-04", last, mean))
        ]  # fmt: skip
    rows["tickets", "desk"] = [
        {
            "ticket_id": f"t{n}", "version_at": at + dt.timedelta(hours=5), "status": "open",
            "channel": chance.choice(("mail", "chat", None)), "created_at": at, "updated_at": at,
            "queue_id": "q1" if at.month < 6 else chance.choice(("q1", "q2")),
        }
        for n, at in enumerate(moments(chance, "2026-03-02", "2026-06-28", 8, 0.1))
    ]  # fmt: skip
    rows["tickets", "desk"].append({
        "ticket_id": "later", "version_at": dt.datetime(2027, 1, 1), "status": "open",
        "created_at": dt.datetime(2027, 1, 1), "updated_at": dt.datetime(2027, 1, 1),
    })  # fmt: skip
    rows["ticket_events", "desk"] = [
        {
            "ticket_event_id": f"e{n}", "ticket_id": "t1", "occurred_at": at,
            "event_type": "change", "field": field,
            "value": "x" if field == "tags" else chance.choice(("open", "solved")),
        }
        for n, at in enumerate(moments(chance, "2026-03-10", "2026-06-29", 9))
        for field in [chance.choice(("status", "status", "tags"))]
    ]  # fmt: skip
    rows["qa_checks", "ci"] = [
        {
            "qa_check_id": f"c{n}", "run_id": "r", "suite": "s", "check_name": f"n{n}",
            "status": chance.choice(("passed", "failed")), "checked_at": at,
        }
        for n, at in enumerate(moments(chance, "2026-05-20", "2026-06-29", 4))
    ]  # fmt: skip
    return rows | by_hand()


def _name(chance: random.Random, at: dt.datetime) -> str:
    """From June on another mixture."""
    return chance.choices(("open", "save", "share"), (5, 3, 2) if at.month < 6 else (1, 5, 4))[0]


def by_hand() -> Rows:
    """The worked examples: two sources of which one has a row less, two desks likewise."""
    rows: Rows = {}
    for source, newest in (("enough", 60), ("less", 59)):
        counts = dict(enumerate((*MONDAYS, newest)))
        rows["exposures", source] = [
            {
                "exposure_id": f"{source}{week}.{n}", "experiment_id": "x", "variation_id": "a",
                "exposed_at": dt.datetime(2026, 4, 27, 9) + 7 * week * DAY, "user_id": "u",
            }
            for week, count in counts.items()
            for n in range(count)
        ]  # fmt: skip
        # Something later, so that the last Monday is over.
        rows["exposures", source].append(
            {**rows["exposures", source][0], "exposure_id": f"{source}-end",
             "exposed_at": dt.datetime(2026, 6, 23, 9)}
        )  # fmt: skip
    for source, mails in (("steady", 150), ("drifted", 149)):
        weeks = [(200, 50)] * 4 + [(mails, 250 - mails)]
        rows["tickets", source] = [
            {
                "ticket_id": f"{week}{channel}{n}", "status": "new", "channel": channel,
                **dict.fromkeys(("version_at", "created_at", "updated_at"), at + 7 * week * DAY),
            }
            for week, parts in enumerate(weeks)
            for channel, count in zip(("mail", "chat"), parts, strict=True)
            for n in range(count)
            for at in [dt.datetime(2026, 5, 11, 9) if n % 2 else dt.datetime(2026, 5, 16, 9)]
        ]  # fmt: skip
        rows["tickets", source].append(
            {**rows["tickets", source][0], "ticket_id": "end", "channel": "mail",
             **dict.fromkeys(("version_at", "created_at", "updated_at"),
                             dt.datetime(2026, 6, 15, 1))}
        )  # fmt: skip
    return rows
