"""Who gets a message, and when at the earliest.

Belongs here: routes and quiet hours. Does not belong here: sending (`outbox`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ingest.alerting import AlertRules, QuietHours
from orchestration.lib.alerts.model import Graph, Notice

_SATURDAY = 5


def channels_of(notice: Notice, graph: Graph, rules: AlertRules) -> tuple[str, ...]:
    """The channels of the first route that fits the cause, at the gravity of the whole."""
    subject, owner = notice.cause.subject, notice.cause.owner
    tags: Iterable[str] = graph.tags.get(subject.asset, ())
    route = rules.route(owner, subject.asset, tags, notice.severity)
    return tuple(dict.fromkeys(route.to)) if route else ()


def not_before(notice: Notice, rules: AlertRules, zone: ZoneInfo) -> datetime:
    """When a notice may be sent: at once, or when the quiet hours are over."""
    quiet = rules.quiet_hours
    if quiet is None or (notice.severity == "critical" and quiet.critical_breaks):
        return notice.at
    return loud_from(notice.at, quiet, zone)


def loud_from(moment: datetime, quiet: QuietHours, zone: ZoneInfo) -> datetime:
    """The first moment from `moment` on that is not quiet, by the company's clock."""
    found = moment
    # Each step leaves one night or one weekend day behind.
    for _ in range(8):
        local = found.astimezone(zone)
        end = _end_of_quiet(local, quiet)
        if end is None:
            return found
        # Time zones may skip the hour in which it ends: going on in UTC finds the next one.
        found = end.astimezone(moment.tzinfo)
    return found


def _end_of_quiet(local: datetime, quiet: QuietHours) -> datetime | None:
    clock = local.time()
    if quiet.weekends and local.weekday() >= _SATURDAY:
        return _at(local + timedelta(days=1), quiet, midnight=True)
    if quiet.starts_at <= quiet.ends_at:
        return _at(local, quiet) if quiet.starts_at <= clock < quiet.ends_at else None
    if clock >= quiet.starts_at:
        return _at(local + timedelta(days=1), quiet)
    return _at(local, quiet) if clock < quiet.ends_at else None


def _at(local: datetime, quiet: QuietHours, *, midnight: bool = False) -> datetime:
    clock = quiet.ends_at
    hour, minute = (0, 0) if midnight else (clock.hour, clock.minute)
    return local.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
