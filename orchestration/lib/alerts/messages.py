"""One message for everybody: what broke, how much of it, what it affects, what to do.

Belongs here: the message as data, made of a notice. Does not belong here: how it looks in a mail
or a chat (`render`), who gets it (`routing`), taking persons and secrets out (`redacting`, which
has done so before anything comes here).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from ingest.alerting import AlertRules
from orchestration.lib.alerts.model import (
    Graph,
    Incident,
    Notice,
    NoticeKind,
    Row,
    digest,
    rank,
)

SHOWN_ROWS = 5
_SHOWN_NAMES = 12
_PAGE = "the published page (index.html)"
_LONGEST_TITLE = 140
_PAGES = "published/pages"
# What fails as a whole keeps every mart from being published anew.
_STOPS = {
    "step": "Nothing that comes after it was done; what was published before is still there.",
    "run": "Nothing new is published until a run succeeds; what was published is still there.",
    "silence": "Published figures stay as they are and grow old.",
}


@dataclass(frozen=True)
class Message:
    """What people read; `message_id` lets a receiver tell a repetition from news."""

    message_id: str
    kind: NoticeKind
    incident_id: str
    severity: str
    title: str
    words: str
    facts: tuple[tuple[str, str], ...] = ()
    sample: tuple[Row, ...] = ()
    effects: tuple[str, ...] = ()
    remedy: str = ""
    links: tuple[tuple[str, str], ...] = ()
    note: str = ""


def test_message(company: str) -> Message:
    """What `productops alerts test` sends."""
    return Message(
        message_id=digest("test", datetime.now(UTC).isoformat()),
        kind="test",
        incident_id="",
        severity="info",
        title=f"[test] {company}: productops can reach you here",
        words="This is a test: nothing is wrong. Alerts of this company arrive here.",
        facts=(("company", company),),
    )


def load_message(text: str) -> Message:
    """A message from the JSON of its fields."""
    values: dict[str, Any] = json.loads(text)
    for name in ("facts", "links"):
        values[name] = tuple((label, value) for label, value in values[name])
    values["effects"] = tuple(values["effects"])
    values["sample"] = tuple(tuple((n, v) for n, v in row) for row in values["sample"])
    return Message(**values)


def make_message(notice: Notice, graph: Graph, rules: AlertRules, zone: ZoneInfo) -> Message:
    """The message about a cause and its consequences."""
    cause = notice.cause
    is_over = notice.kind == "recovered"
    return Message(
        message_id=digest(cause.incident_id, notice.kind, notice.at.isoformat()),
        kind=notice.kind,
        incident_id=cause.incident_id,
        severity=notice.severity,
        title=_title(notice),
        words=" ".join(part for part in (cause.words, _STOPS.get(cause.subject.kind, "")) if part)
        if not is_over
        else f"It is over: {cause.words}",
        facts=tuple(_facts(notice, graph, zone)),
        sample=() if is_over else cause.sample[:SHOWN_ROWS],
        effects=tuple(_effect(effect) for effect in _gravest_first(notice.effects)),
        remedy="" if is_over else cause.remedy,
        links=tuple(_links(cause, rules.base_url.rstrip("/"))),
    )


def _title(notice: Notice) -> str:
    cause = notice.cause
    first = {
        "opened": notice.severity,
        "escalated": f"now {notice.severity}",
        "returned": f"again, {notice.severity}",
        "reminded": f"{notice.severity}, for {_span(notice.at - cause.opened_at)}",
        "recovered": f"recovered after {_span(_over_at(notice) - cause.opened_at)}",
        "test": "test",
    }[notice.kind]
    more = len(notice.effects)
    also = f" (and {more} consequence{'s' if more > 1 else ''})" if more else ""
    title = " ".join(f"[{first}] {cause.subject.place}: {cause.words}".split())
    room = _LONGEST_TITLE - len(also)
    return (title if len(title) <= room else title[: room - 1] + "…") + also


def _facts(notice: Notice, graph: Graph, zone: ZoneInfo) -> list[tuple[str, str]]:
    cause = notice.cause
    facts = [("severity", notice.severity)]
    if cause.rows_failing is not None and notice.kind != "recovered":
        of = f" of {cause.rows_checked:,}" if cause.rows_checked else ""
        facts.append(("rows", f"{cause.rows_failing:,}{of}"))
    if partitions := [partition for partition in cause.failing if partition]:
        facts.append(("partitions", _some(partitions)))
    facts.append(("since", _local(cause.opened_at, zone)))
    if notice.kind == "recovered":
        facts.append(("until", _local(_over_at(notice), zone)))
    if cause.return_count:
        facts.append(("came back", f"{cause.return_count} times"))
    facts += _affected(cause, notice.effects, graph)
    if cause.owner:
        facts.append(("owner", cause.owner))
    if cause.subject.kind == "check":
        facts.append(("check", cause.subject.name))
    facts.append(("incident", cause.incident_id))
    return facts


def _over_at(notice: Notice) -> datetime:
    gone = [i.recovered_at for i in (notice.cause, *notice.effects) if i.recovered_at]
    return max(gone, default=notice.at)


def _affected(
    cause: Incident, effects: tuple[Incident, ...], graph: Graph
) -> list[tuple[str, str]]:
    """Marts and pages that show figures made of what failed, or that nothing new reaches."""
    if any(i.subject.kind in _STOPS for i in (cause, *effects)):
        return [("affected marts", "all: readers see what was published before"),
                ("affected pages", _PAGE)]  # fmt: skip
    assets = {i.subject.asset for i in (cause, *effects) if i.subject.asset}
    reached = assets.union(*(graph.below(asset) for asset in assets))
    marts = sorted(asset.removeprefix("marts/") for asset in reached if asset.startswith("marts/"))
    facts = [("affected marts", _some(marts))] if marts else []
    if _PAGES in reached:
        facts.append(("affected pages", _PAGE))
    return facts


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN_NAMES
    shown = ", ".join(names[:_SHOWN_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown


def _effect(effect: Incident) -> str:
    rows = f" ({effect.rows_failing:,} rows)" if effect.rows_failing else ""
    over = "" if effect.is_open else " It is over."
    return f"{effect.severity}: {effect.subject.place}: {effect.words}{rows}{over}"


def _gravest_first(effects: tuple[Incident, ...]) -> list[Incident]:
    return sorted(effects, key=lambda i: (not i.is_open, -rank(i.severity), i.subject.key))


def _links(cause: Incident, base: str) -> list[tuple[str, str]]:
    links = []
    asset = "/".join(quote(part, safe="") for part in cause.subject.asset.split("/"))
    if cause.subject.kind == "check":
        name = quote(cause.subject.name, safe="")
        links.append(("check", f"{base}/assets/{asset}?view=checks&checkDetail={name}"))
    elif asset:
        links.append(("asset", f"{base}/assets/{asset}"))
    elif cause.subject.kind in ("sensor", "schedule"):
        links.append(("automation", f"{base}/automation"))
    if cause.run_id:
        links.append(("run", f"{base}/runs/{quote(cause.run_id, safe='')}"))
    return links or [("runs", f"{base}/runs")]


def _span(span: timedelta) -> str:
    minutes = max(int(span.total_seconds() // 60), 0)
    for size, word in ((2 * 24 * 60, "days"), (120, "hours")):
        if minutes >= size:
            return f"{minutes // (24 * 60 if word == 'days' else 60)} {word}"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"
