"""Usage marts that need the events themselves, in plain Python: funnels, sessions, coverage.

Belongs here: walking through events one after the other. Does not belong here: what people do over
days and weeks (usage_oracle_people), how test data are made.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from zoneinfo import ZoneInfo

from .usage_facts import DAY, Row
from .usage_oracle import Table, UsageOracle, monday, over_at, rate
from .usage_oracle_people import weeks_of


@dataclass(frozen=True)
class Act:
    """One event of a person that is no background work, by whoever and whatever it was."""

    person: str
    account: str
    day: dt.date
    is_value: bool
    is_clean: bool  # no robot's and no banned name
    event: Row

    @property
    def order(self) -> tuple:
        return tuple(self.event[k] for k in ("occurred_at", "received_at", "event_id", "source"))


def acts_of(oracle: UsageOracle) -> list[Act]:
    plan = {p["event_name"]: p["event_class"] for p in oracle.rows["tracking_plan"]}
    found = []
    for event in oracle.events:
        person = oracle.person_of(event)
        kind = plan.get(event["event_name"])
        is_system = (
            event.get("is_active") is False
            or kind == "system"
            or (kind is None and event["event_type"] in ("identify", "group", "alias"))
        )
        if person is None or is_system:
            continue
        home = oracle.home[person]
        zone = ZoneInfo(oracle.zone_of(home))
        day = event["occurred_at"].replace(tzinfo=dt.UTC).astimezone(zone).date()
        found.append(
            Act(
                person, event.get("group_id") or home, day, kind == "value",
                not oracle.is_unwanted(event), event,
            )
        )  # fmt: skip
    return found


# ---- funnels


def _attempt(
    track: list[Act], start: int, steps: list[str], exclusions: set[str], window: dt.timedelta
) -> tuple[list[dt.datetime], str, int]:
    """Moments of the steps reached from an event on, how it ended, and the last place it took."""
    entered = track[start].event["occurred_at"]
    moments, end = [entered], start
    for place in range(start + 1, len(track)):
        event = track[place].event
        if event["occurred_at"] > entered + window or len(moments) == len(steps):
            break
        end = place
        if event["event_name"] in exclusions:
            return moments, "excluded", end
        if event["event_name"] == steps[len(moments)]:
            moments.append(event["occurred_at"])
    return moments, "completed" if len(moments) == len(steps) else "window", end


def entries_of(
    tracks: dict[tuple, list[Act]], mode: str, steps: list[str], exclusions: set[str],
    window: dt.timedelta,
) -> Iterator[tuple[Act, list[dt.datetime], str]]:  # fmt: skip
    """Each attempt that counts: its first event, the moments of its steps, how it ended."""
    if mode == "unique_first":
        firsts: dict[str, tuple[Act, tuple]] = {}
        for key, track in tracks.items():
            for act in track:
                if act.event["event_name"] == steps[0]:
                    old = firsts.get(act.person)
                    if old is None or act.order < old[0].order:
                        firsts[act.person] = (act, key)
        for act, key in firsts.values():
            moments, how, _ = _attempt(
                tracks[key], tracks[key].index(act), steps, exclusions, window
            )
            yield act, moments, how
        return
    for track in tracks.values():
        place = 0
        while place < len(track):
            if track[place].event["event_name"] == steps[0]:
                moments, how, end = _attempt(track, place, steps, exclusions, window)
                yield track[place], moments, how
                place = end
            place += 1


def funnel(oracle: UsageOracle) -> Table:
    """funnel__entry_week_step without definition_version."""
    acts = [
        act
        for act in acts_of(oracle)
        if act.is_clean and not oracle.is_barred(act.person, act.account, act.day)
    ]
    table = set()
    kinds = {(r["funnel_id"], r["funnel_version"]) for r in oracle.rows["funnel_steps"]}
    for funnel_id, version in kinds:
        rows = [
            r for r in oracle.rows["funnel_steps"]
            if (r["funnel_id"], r["funnel_version"]) == (funnel_id, version)
        ]  # fmt: skip
        ordered = sorted((r for r in rows if not r["is_exclusion"]), key=lambda r: r["step_number"])
        steps = [r["event_name"] for r in ordered]
        exclusions = {r["event_name"] for r in rows if r["is_exclusion"]}
        held = rows[0].get("held_property")
        window = dt.timedelta(hours=rows[0]["window_hours"])
        tracks: dict[tuple, list[Act]] = defaultdict(list)
        for act in sorted(acts, key=lambda a: a.order):
            if act.event["event_name"] in {*steps, *exclusions}:
                value = json.loads(act.event.get("properties") or "{}").get(held) if held else "all"
                if value is not None:
                    tracks[act.person, value].append(act)
        for mode in ("unique_first", "reentry"):
            entries = list(entries_of(tracks, mode, steps, exclusions, window))
            for week in weeks_of(oracle):
                now = [e for e in entries if monday(e[0].day) == week]
                done = [e for e in now if e[1][0] + window <= oracle.high_water]
                end = over_at(week + 6 * DAY) + window
                before = None
                for number, name in enumerate(steps, start=1):
                    spans = [(m[number - 1] - m[0]).total_seconds() for _, m, _ in done
                             if len(m) >= number]  # fmt: skip
                    reached = len(spans)
                    table.add((
                        funnel_id, version, mode, week, number,
                        rows[0].get("funnel_name") or funnel_id, name,
                        len(now), len({e[0].person for e in now}), len(done),
                        sum(how == "excluded" for _, _, how in done), reached, reached, len(done),
                        rate(reached, len(done)), reached if before is not None else None, before,
                        rate(reached, before), round(median(spans), 6) if spans else None,
                        oracle.high_water >= end, min(oracle.high_water, end),
                    ))  # fmt: skip
                    before = reached
    return table


# ---- sessions

SILENCE = dt.timedelta(minutes=30)


def sessions_of(oracle: UsageOracle) -> Iterator[tuple[list[Act], bool]]:
    """Each session's events in order, and whether it counts."""
    lines: dict[tuple[str, bool], list[Act]] = defaultdict(list)
    for act in acts_of(oracle):
        lines[act.person, act.is_clean].append(act)
    for (person, is_clean), acts in lines.items():
        acts.sort(key=lambda act: (act.event["occurred_at"], act.account))
        session: list[Act] = []
        for act in [*acts, None]:
            is_new = act is None or (
                session and act.event["occurred_at"] - session[-1].event["occurred_at"] > SILENCE
            )
            if is_new and session:
                first = session[0]
                yield session, is_clean and not oracle.is_barred(person, first.account, first.day)
                session = []
            if act is not None:
                session.append(act)


def session_days(oracle: UsageOracle) -> Table:
    """session__daily without definition_version."""
    by_day: dict[dt.date, list[tuple[list[Act], bool]]] = defaultdict(list)
    for session, counts in sessions_of(oracle):
        by_day[session[0].day].append((session, counts))
    table = set()
    for day in oracle.spine:
        counted = [session for session, counts in by_day[day] if counts]
        spans = [(s[-1].event["occurred_at"] - s[0].event["occurred_at"]).total_seconds()
                 for s in counted]  # fmt: skip
        still = sum(s[-1].event["occurred_at"] + SILENCE >= oracle.high_water for s in counted)
        single = sum(len(s) == 1 for s in counted)
        number = len(counted)
        is_over, through = oracle.end(day)
        table.add((
            day, number, len({s[0].person for s in counted}), still, sum(spans), number,
            sum(spans) / number if number else None, median(spans) if spans else None,
            single, number, rate(single, number), len(by_day[day]) - number,
            is_over and not still, through,
        ))  # fmt: skip
    return table


# ---- the tracking plan


def tracking_coverage(oracle: UsageOracle) -> Table:
    """tracking_coverage__source_week without definition_version."""
    plan = {p["event_name"]: p.get("feature_id") for p in oracle.rows["tracking_plan"]}
    tracked = [event for event in oracle.events if event["event_type"] == "track"]
    table = set()
    for source in {event["source"] for event in tracked}:
        mine = [event for event in tracked if event["source"] == source]
        week = min(monday(event["occurred_at"].date()) for event in mine)
        received = [e["received_at"] for e in oracle.events if e["source"] == source]
        reach = min(max(received), oracle.as_of)
        while week <= reach.date():
            now = [e for e in mine if monday(e["occurred_at"].date()) == week]
            counted = [e["event_name"] for e in now if not oracle.is_unwanted(e)]
            unmapped = sum(plan.get(name) is None for name in counted)
            unknown = [name for name in counted if name not in plan]
            number = len(counted)
            table.add((
                source, week, number, len(set(counted)), len(set(unknown)),
                unmapped, number, rate(unmapped, number), len(unknown), number,
                rate(len(unknown), number), len(now) - number,
                reach >= over_at(week + 6 * DAY), min(reach, over_at(week + 6 * DAY)),
            ))  # fmt: skip
            week += 7 * DAY
    return table
