"""Experiments once more, in plain Python: who was in which arm, and what each then did.

Belongs here: assignment, values of units, ripeness, caps and sums, as directly as the definitions
can be written; nothing is shared with SQL. Does not belong here: what is compared and how
(`experiment_figures`), how to make test data (`experiment_company`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from .experiment_plan import Plan, Used
from .usage_facts import DAY, UsageFacts

Row = Mapping[str, Any]
Values = tuple[float, float, float, float]
VARIABLES = "ydxw"
PAIRS = ("yy", "dd", "xx", "ww", "yd", "yx", "yw", "dx", "dw", "xw")
GAP = dt.timedelta(minutes=30)


@dataclass(frozen=True)
class Assigned:
    """Where a unit belongs from its first exposure on."""

    arm: int
    at: dt.datetime
    on: dt.date
    crossed: bool
    exposures: int
    bucket: int


class ExperimentOracle(UsageFacts):
    """All experiments of one lake; `rows` maps contracts to rows with source and delivered_on."""

    def __init__(self, rows: Mapping[str, list[Row]], *, org_zone: str, as_of: dt.datetime) -> None:
        self._groups: dict[str, list[tuple[int, str]]] | None = None
        super().__init__(rows, org_zone=org_zone, as_of=as_of)
        metrics = {row["metric_id"]: row["spec"] for row in rows["metrics"]}
        now = {row["experiment_id"]: row["spec"] for row in rows["experiments"]}
        self.plans = {name: Plan(spec, metrics) for name, spec in now.items()}
        over = [day for day in self.spine if self.high_water >= _over_at(day)]
        self.through = max(over)

    def _home(self, person: str) -> str:
        """As the usage oracle has it, in one pass over the events for all people."""
        if self._groups is None:
            self._groups = defaultdict(list)
            for event in self.events:
                if event.get("group_id") and (found := self._person_of_ids(event)):
                    day = event["occurred_at"].date().toordinal()
                    self._groups[found].append((-day, event["group_id"]))
        groups = self._groups.get(person)
        return min(groups)[1] if groups else super()._home(person)

    # ---- who is in which arm

    def local_day(self, moment: dt.datetime, account: str) -> dt.date:
        zone = ZoneInfo(self.zone_of(account))
        return moment.replace(tzinfo=dt.UTC).astimezone(zone).date()

    @cached_property
    def exposures(self) -> list[tuple[str, str, str, dt.datetime, dt.date]]:
        """Experiment, unit (empty for nobody), variation, moment and day of each that counts."""
        first: dict[str, Row] = {}
        for row in self.rows["exposures"]:
            old = first.get(row["exposure_id"])
            if old is None or row["exposed_at"] < old["exposed_at"]:
                first[row["exposure_id"]] = row
        found = []
        for row in first.values():
            alias = self.who.alias_of(row | {"occurred_at": row["exposed_at"]})
            person = self.people.get(alias) if alias else None
            home = self.home[person] if person else "unknown"
            account = row.get("group_id") or home
            if person and self._is_kept_out(person, home):
                continue
            if self.plans[row["experiment_id"]].unit == "account":
                if self._is_kept_out("", account):
                    continue
                unit, zone_of = account.replace("unknown", ""), account
            else:
                # Nobody else may know who was shown it; shown it was all the same.
                named = f"anon:{alias[1]}" if alias and alias[0] == "device" else alias and alias[1]
                unit, zone_of = person or named or "", home
            day = self.local_day(row["exposed_at"], zone_of)
            found.append((row["experiment_id"], unit, row["variation_id"], row["exposed_at"], day))
        return found

    def _is_kept_out(self, person: str, account: str) -> bool:
        return any(
            (rule["subject_type"] == "account" and rule["subject"] == account)
            or (rule["subject_type"] == "user_id" and self.people.get(("user", rule["subject"]))
                == person)
            for rule in self.rows["exclusions"]
        )  # fmt: skip

    @cached_property
    def assigned(self) -> dict[str, dict[str, Assigned]]:
        """By experiment and unit."""
        seen: dict[tuple[str, str], list[tuple[dt.datetime, int, dt.date]]] = defaultdict(list)
        for name, unit, variation, moment, day in self.exposures:
            plan = self.plans[name]
            if unit and variation in plan.arms and plan.starts_on <= day <= plan.ends_on:
                seen[name, unit].append((moment, plan.arms.index(variation), day))
        found: dict[str, dict[str, Assigned]] = {name: {} for name in self.plans}
        for (name, unit), all_seen in seen.items():
            moment, arm, _ = min(all_seen)
            digest = hashlib.md5(f"{unit}:{name}".encode()).hexdigest()
            found[name][unit] = Assigned(
                arm, moment, min(day for *_, day in all_seen),
                len({arm for _, arm, _ in all_seen}) > 1, len(all_seen), int(digest[:8], 16) % 100,
            )  # fmt: skip
        return found

    # ---- what each unit did

    @cached_property
    def did(self) -> dict[tuple[str, str], dict[str, Counter[dt.date]]]:
        """By kind of unit and unit: amounts of each measure on each day."""
        found: dict[tuple[str, str], dict[str, Counter[dt.date]]] = defaultdict(
            lambda: defaultdict(Counter)
        )
        features: set[tuple[str, str, str, dt.date]] = set()
        for use in self.uses:
            if not use.counts:
                continue
            for key in (("person", use.person), ("account", use.account)):
                mine = found[key]
                mine["active_days"][use.day] = 1
                mine["value_events"][use.day] += 1
                if use.feature:
                    mine[f"feature:{use.feature}"][use.day] += 1
                    mine[f"feature_days:{use.feature}"][use.day] = 1
            if use.feature:
                features.add((use.person, use.account, use.feature, use.day))
        for person, account, _, day in features:
            for key in (("person", person), ("account", account)):
                found[key]["features"][day] += 1
        for person, account, day, seconds in self._sessions():
            for key in (("person", person), ("account", account)):
                found[key]["sessions"][day] += 1
                found[key]["session_seconds"][day] += seconds
        for person, account, day in self._asked():
            for key in (("person", person), ("account", account)):
                found[key]["tickets"][day] += 1
        return found

    def _sessions(self) -> Iterator[tuple[str, str, dt.date, int]]:
        moments: dict[str, list[tuple[dt.datetime, str]]] = defaultdict(list)
        for event in self.events:
            person = self.person_of(event)
            if person and not self.is_unwanted(event):
                account = event.get("group_id") or self.home[person]
                moments[person].append((event["occurred_at"], account))
        for person, listed in moments.items():
            listed.sort()
            starts = [
                n for n, (at, _) in enumerate(listed) if n == 0 or at - listed[n - 1][0] > GAP
            ]
            for start, end in zip(starts, [*starts[1:], len(listed)], strict=True):
                (began, account), (ended, _) = listed[start], listed[end - 1]
                day = self.local_day(began, self.home[person])
                if not self.is_barred(person, account, day):
                    yield person, account, day, int((ended - began).total_seconds())

    def _asked(self) -> Iterator[tuple[str, str, dt.date]]:
        users = {row["identity_ref"]: row["user_id"] for row in self.identities}
        for row in self.rows["tickets"]:
            if row["requester_ref"] in users:
                person = self.people["user", users[row["requester_ref"]]]
                account = self.home[person]
                day = self.local_day(row["created_at"], account)
                if not self.is_barred(person, account, day):
                    yield person, account, day

    def values(self, name: str, used: Used) -> dict[str, Values]:
        """y, d, x and w of each unit of an experiment."""
        plan, found = self.plans[name], {}
        for unit, assigned in self.assigned[name].items():
            mine = self.did.get((plan.unit, unit), {})

            def total(measure: str | None, first: int, last: int, mine=mine, on=assigned.on) -> int:
                days = mine.get(measure, Counter()) if measure else {}
                return sum(n for day, n in days.items() if first <= (day - on).days <= last)

            spans = ((used.from_day, used.to_day), (-plan.cuped, -1))
            (y, x), (d, w) = (
                [total(measure, *span) for span in spans]
                for measure in (used.numerator, used.denominator)
            )
            if used.kind == "proportion":
                y, x = min(y, 1), min(x, 1)
            if used.kind != "ratio":
                d = w = 1
            found[unit] = (float(y), float(d), float(x), float(w))
        return found

    # ---- looks, caps and sums

    def looks(self, name: str) -> dict[int, dt.date]:
        """Days by number: planned ones that are over, and today while one is still to come."""
        plan = self.plans[name]
        found = {n: day for n, day in enumerate(plan.planned, 1) if day <= self.through}
        if plan.planned[-1] > self.through >= plan.starts_on:
            found[0] = self.through
        return found

    def ripe(self, name: str, used: Used, look_on: dt.date) -> dict[str, Values]:
        assigned = self.assigned[name]
        return {
            unit: values for unit, values in self.values(name, used).items()
            if assigned[unit].on + used.to_day * DAY <= look_on
        }  # fmt: skip

    def units(self, name: str, used: Used, look_on: dt.date) -> Iterator[tuple[str, list]]:
        """By basis: of each arm an array of units by y, d, x, w. Raw, capped, and parts of them."""
        plan, assigned = self.plans[name], self.assigned[name]
        ripe = self.ripe(name, used, look_on)
        raw = {unit: np.array(values) for unit, values in ripe.items()}
        capped = raw
        if used.cap and ripe:
            low, high = np.quantile(list(raw.values()), [1 - used.cap, used.cap], axis=0)
            capped = {unit: np.clip(values, low, high) for unit, values in raw.items()}
        middle = plan.starts_on + plan.run_days // 2 * DAY

        def arms(of: dict, chosen=lambda _: True) -> list:
            return [
                np.array([
                    v for unit, v in of.items() if assigned[unit].arm == arm and chosen(unit)
                ]).reshape(-1, 4)
                for arm in range(len(plan.arms))
            ]  # fmt: skip

        yield "main", arms(capped)
        if used.role == "primary":
            if used.cap:
                yield "uncapped", arms(raw)
            yield "without_crossovers", arms(capped, lambda unit: not assigned[unit].crossed)
            yield "early", arms(capped, lambda unit: assigned[unit].on < middle)
            yield "late", arms(capped, lambda unit: assigned[unit].on >= middle)


def _over_at(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day + DAY, dt.time(12))


def sums(arm: np.ndarray, shift: np.ndarray) -> dict[str, float]:
    """Centred sums of an arm, as experiment_sum__metric_arm has them."""
    centred = arm - shift
    found = {"unit_count": float(len(arm)), "nonzero_count": float((arm[:, 0] != 0).sum())}
    for at, name in enumerate(VARIABLES):
        found |= {f"shift_{name}": float(shift[at]), f"s_{name}": float(centred[:, at].sum())}
    for a, b in PAIRS:
        one, other = centred[:, VARIABLES.index(a)], centred[:, VARIABLES.index(b)]
        found[f"q_{a}{b}"] = float((one * other).sum())
    return found
