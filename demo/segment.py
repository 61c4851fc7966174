"""Segment's raw logs: gzipped NDJSON by the day of receipt, with repeats and broken lines.

Belongs here: Segment's wire format and what goes wrong on the way. Does not belong here: what
people did (`demo.usage`).
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from demo.company import AS_OF, source_of_chance
from demo.files import Delivery
from demo.usage import AS_OF_MS, DAY_MS, Hit

KIND = "segment"
_SOURCE = "hbWeb7Qx2"
_TRAITS = ("identify", "group")
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Sent:
    """What was written: lines by kind of trouble."""

    lines: int
    exact_duplicates: int
    retries: int
    quarantined: dict[str, int]


@lru_cache(maxsize=512)
def _date(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%dT")


def _iso(ms: int) -> str:
    seconds = ms % DAY_MS // 1000
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{_date(ms // DAY_MS)}{clock}.{ms % 1000:03d}Z"


def wire(hit: Hit) -> dict[str, Any]:
    """One call as Segment logs it."""
    library = {
        "name": hit.device.library,
        "version": "4.1.8" if hit.device.is_phone else "next-1.81.0",
    }
    context: dict[str, Any] = {"ip": "203.0.113.24", "library": library, "locale": "en-US",
                               "userAgent": hit.device.user_agent}  # fmt: skip
    if path := hit.properties.get("path"):
        context["page"] = {"path": path, "referrer": "", "search": "", "title": "Harborline",
                           "url": f"https://app.harborline.test{path}"}  # fmt: skip
    if hit.group_id and hit.kind != "group":
        context["groupId"] = hit.group_id
    if hit.is_active is not None:
        context["active"] = hit.is_active
    call: dict[str, Any] = {"anonymousId": hit.device.anonymous_id, "channel": "client",
                            "context": context, "integrations": {}}  # fmt: skip
    if hit.kind == "track":
        call["event"] = hit.name
    if hit.kind == "group":
        call["groupId"] = hit.group_id
    if hit.kind == "alias":
        call["previousId"] = hit.previous_id
        del call["anonymousId"]
    call |= {"messageId": hit.message_id, "originalTimestamp": _iso(hit.original)}
    call["traits" if hit.kind in _TRAITS else "properties"] = hit.properties
    call["receivedAt"] = _iso(hit.received)
    if hit.sent is not None:
        call["sentAt"] = _iso(hit.sent)
    call |= {
        "timestamp": _iso(hit.timestamp),
        "type": hit.kind,
        "userId": hit.user_id,
        "version": 2,
    }
    return call


def _line(call: dict[str, Any]) -> str:
    return _ENCODER.encode(call)


def _again(chance: random.Random, hit: Hit) -> Hit | None:
    """The same message sent again because the first answer got lost."""
    if hit.sent is None:
        return None
    wait = 20_000 + int(chance.random() * 600_000)
    later = replace(hit, sent=hit.sent + wait, received=hit.received + wait + chance.randint(1, 90))
    return later if later.received < AS_OF_MS else None


def _broken(chance: random.Random, hits: list[Hit]) -> list[tuple[int, str, str]]:
    """Lines that nobody can load: day of receipt, reason, text."""
    made: list[tuple[int, str, str]] = []
    calls = [h for h in chance.sample(hits, 40) if h.kind == "track" and h.user_id]
    for number, hit in enumerate(calls[:9]):
        call, day = wire(hit), hit.received // DAY_MS
        call["messageId"] += "-x"
        if number < 4:
            made.append((day, "malformed_json", _line(call)[: 120 + number * 31]))
        elif number == 4:
            made.append((day, "malformed_json", "upstream connect error or disconnect/reset"))
        elif number == 5:
            made.append((day, "not_an_object", "[]"))
        elif number == 6:
            del call["messageId"]
            made.append((day, "missing_event_id", _line(call)))
        elif number == 7:
            call["anonymousId"] = call["userId"] = None
            del call["context"]["groupId"]
            made.append((day, "no_actor", _line(call)))
        else:
            call |= {
                "timestamp": "1970-01-01T00:00:41.000Z",
                "originalTimestamp": "1970-01-01T00:00:41.000Z",
            }
            call.pop("sentAt", None)
            made.append((day, "before_product_birth", _line(call)))
    return made


def write_segment(delivery: Delivery, seed: int, hits: list[Hit]) -> Sent:
    """Writes a file for each day of receipt and tells what is in them."""
    chance = source_of_chance(seed, "segment")
    by_day: dict[int, list[tuple[int, str]]] = {}
    exact = retries = 0
    for hit in hits:
        line, day = _line(wire(hit)), hit.received // DAY_MS
        by_day.setdefault(day, []).append((hit.received, line))
        drawn = chance.random()
        if drawn < 0.001:
            exact += 1
            # Two of three within the same file, the others in the next day's.
            later = day + 1 if drawn < 0.00033 and (day + 1) * DAY_MS < AS_OF_MS else day
            by_day.setdefault(later, []).append((hit.received, line))
        elif drawn < 0.006 and (again := _again(chance, hit)):
            retries += 1
            by_day.setdefault(again.received // DAY_MS, []).append(
                (again.received, _line(wire(again)))
            )
    quarantined: dict[str, int] = {}
    for day, reason, text in _broken(chance, hits):
        by_day[day].insert(len(by_day[day]) // 2, (day * DAY_MS + DAY_MS // 2, text))
        quarantined[reason] = quarantined.get(reason, 0) + 1
    total = 0
    for day, rows in sorted(by_day.items()):
        rows.sort(key=lambda row: row[0])
        total += len(rows)
        at = datetime.fromtimestamp(day * 86_400, UTC)
        name = f"drop/segment-logs/{_SOURCE}/{day * DAY_MS}/{at:%Y%m%d}-{_SOURCE}.gz"
        delivery.lines(KIND, name, (text for _, text in rows), min(at + timedelta(hours=25), AS_OF))
    tally = delivery.tally(KIND, "usage_events")
    tally.rows_in, tally.rows_duplicate = total, exact
    tally.rows_quarantined = sum(quarantined.values())
    tally.rows_loaded = total - exact - tally.rows_quarantined
    tally.rows_revision = retries
    return Sent(total, exact, retries, quarantined)
