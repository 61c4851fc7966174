"""The usage marts once more, in plain Python: loops over people and days, nothing shared with SQL.

Belongs here: what the marts count, as directly as the definitions can be written. Does not belong
here: how to make test data, how to run dbt.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator

from .usage_facts import DAY, FAR_AHEAD, LONG_AGO, UsageFacts, days_between

Table = set[tuple]


def monday(day: dt.date) -> dt.date:
    return day - day.weekday() * DAY


def over_at(day: dt.date) -> dt.datetime:
    """When the day is over at UTC-12, where it ends last."""
    return dt.datetime.combine(day + DAY, dt.time(12))


def rate(num: float, den: float | None) -> float | None:
    return round(num / den, 12) if den else None


def own_intervals(
    oracle: UsageFacts, week: dt.date, last_over: dt.date | None
) -> Iterator[tuple[str, str, int, int, int, dt.date]]:
    """Intervals from each person's own first day on: variant, unit, number, eligible, kept, end."""
    moments: dict[str, list[tuple[dt.date, dt.datetime]]] = defaultdict(list)
    for use in oracle.uses:
        if use.counts:
            moments[use.person].append((use.day, use.at))
    cohort = [sorted(uses) for uses in moments.values() if monday(min(uses)[0]) == week]

    def count(first: int, last: int, has_hours: bool, until: int) -> tuple[int, int]:
        eligible = kept = 0
        for uses in cohort:
            born_on, born_at = uses[0][0], min(at for _, at in uses)
            if has_hours:
                is_over = born_at + (last + 1) * DAY <= oracle.high_water
                back = any(born_at + first * DAY <= at < born_at + (last + 1) * DAY
                           for _, at in uses)  # fmt: skip
            else:
                is_over = last_over is not None and born_on + until * DAY <= last_over
                back = any(born_on + first * DAY <= day <= min(last_over, born_on + last * DAY)
                           for day, _ in uses) if is_over else False  # fmt: skip
            eligible += is_over
            kept += is_over and back
        return eligible, kept

    sunday = week + 6 * DAY
    for number in (1, 7, 14, 28):
        yield (
            "classic_day",
            "day",
            number,
            *count(number, number, False, number),
            sunday + number * DAY,
        )
        yield (
            "unbounded_day",
            "day",
            number,
            *count(number, 9999, False, number),
            sunday + number * DAY,
        )
        yield (
            "rolling_day",
            "day",
            number,
            *count(number, number, True, 0),
            sunday + (number + 1) * DAY,
        )
    for number, (first, last) in enumerate([(1, 6), (7, 13), (14, 20), (21, 27)]):
        name = f"bracket_{first}_{last}"
        yield name, "week", number, *count(first, last, False, last), sunday + last * DAY


class UsageOracle(UsageFacts):
    """All four usage marts of one lake, as sets of rows without definition_version."""

    def active_in(self, days: set[dt.date], last: dt.date, length: int) -> bool:
        return any(last - (length - 1) * DAY <= day <= last for day in days)

    def end(self, day: dt.date) -> tuple[bool, dt.datetime]:
        return self.high_water >= over_at(day), min(self.high_water, over_at(day))

    def active_users(self) -> Table:
        seen: dict[str, dict[str, set[dt.date]]] = defaultdict(lambda: defaultdict(set))
        touched: dict[str, dict[str, set[dt.date]]] = defaultdict(lambda: defaultdict(set))
        for use in self.uses:
            for segment in ("all", self.state(use.account, use.day)[0]):
                touched[segment][use.person].add(use.day)
                if use.counts:
                    seen[segment][use.person].add(use.day)
        table = set()
        for segment in {"all", *self.plans()}:
            people = seen[segment]
            for day in self.spine:
                actives = {
                    n: sum(self.active_in(days, day, n) for days in people.values())
                    for n in (1, 7, 28, 30)
                }
                month = list(days_between(day - 27 * DAY, day))
                mean = sum(d in days for days in people.values() for d in month) / 28
                new = sum(
                    day in days and min(self.days_of[person]) == day
                    for person, days in people.items()
                )
                out = sum(day in d and day not in people[p] for p, d in touched[segment].items())
                table.add((
                    day, segment, actives[1], actives[7], actives[28], actives[30],
                    round(mean, 12), actives[28], rate(mean, actives[28]),
                    actives[1], actives[28], rate(actives[1], actives[28]),
                    new, out, *self.end(day),
                ))  # fmt: skip
        return table

    def plans(self) -> set[str]:
        accounts = {"unknown", *self.account_of_record.values()}
        accounts |= {e["group_id"] for e in self.events if e.get("group_id")}
        days = [
            LONG_AGO, FAR_AHEAD,
            *(v["updated_at"].date() for v in self.rows["accounts"]),
        ]  # fmt: skip
        return {self.state(account, day)[0] for account in accounts for day in days}

    def retention(self) -> Table:
        over = [day for day in self.spine if self.end(day)[0]]
        last_over = max(over, default=None)
        last_sunday = last_over and monday(last_over + DAY) - DAY
        weeks = sorted({monday(day) for day in self.spine})
        cohorts: dict[dt.date, list[set[dt.date]]] = defaultdict(list)
        for days in self.days_of.values():
            cohorts[monday(min(days))].append(days)
        table = set()

        def add(week, variant, number, eligible, kept, is_mature, horizon, unit="week") -> None:
            through = min(self.high_water, over_at(horizon)) if horizon else self.high_water
            table.add((
                week, variant, unit, number, eligible, kept, kept, eligible, rate(kept, eligible),
                is_mature, horizon, is_mature, through,
            ))  # fmt: skip

        for week in weeks:
            people = cohorts[week]
            for number, later in enumerate(w for w in weeks if w >= week):
                sunday = later + 6 * DAY
                is_over = last_over is not None and sunday <= last_over
                there = people if is_over else []
                exact = sum(any(later <= d <= sunday for d in days) for days in there)
                after = sum(any(later <= d <= last_sunday for d in days) for days in there)
                add(week, "classic_week", number, len(there), exact, is_over, sunday)
                add(week, "unbounded_week", number, len(there), after, is_over, last_sunday)
            for variant, unit, number, eligible, kept, end in own_intervals(self, week, last_over):
                is_mature = bool(last_over and end <= last_over)
                horizon = last_over if variant == "unbounded_day" else end
                add(week, variant, number, eligible, kept, is_mature, horizon, unit)
        return table

    def feature_adoption(self) -> Table:
        table = set()
        for feature in self.rows["features"]:
            name, plans = feature["feature_id"], feature.get("entitled_plans")
            out_on = feature.get("released_on") or LONG_AGO
            gone_on = feature.get("retired_on") or FAR_AHEAD
            mine = [use for use in self.uses if use.feature == name]
            weeks_of: dict[str, set[dt.date]] = defaultdict(set)
            for use in mine:
                if use.counts:
                    weeks_of[use.person].add(monday(use.day))
            for week in sorted({monday(day) for day in self.spine}):
                sunday = week + 6 * DAY
                now = [use for use in mine if monday(use.day) == week]
                users = {use.person for use in now if use.counts}
                days: dict[tuple[str, str], list[dt.date]] = defaultdict(list)
                for use in self.uses:
                    if use.counts and monday(use.day) == week:
                        days[use.person, self.state(use.account, use.day)[0]].append(use.day)
                entitled = {
                    person
                    for (person, plan), there in days.items()
                    if (plans is None or plan in plans)
                    and max(there) >= out_on and min(there) < gone_on
                    and self.has_flag(feature, person, there)
                }  # fmt: skip
                repeated = sum(len({w for w in ws if w <= week}) >= 2 for ws in weeks_of.values())
                reached = len(users & entitled)
                table.add((
                    name, week, out_on <= sunday and gone_on > week,
                    len(entitled), len(users), len({u.account for u in now if u.counts}),
                    sum(min(weeks_of[person]) == week for person in users), repeated,
                    sum(use.counts for use in now), reached, len(entitled),
                    rate(reached, len(entitled)),
                    len({use.person for use in now} - users), *self.end(sunday),
                ))  # fmt: skip
        return table

    def account_usage(self) -> Table:
        first: dict[str, dt.date] = {"unknown": LONG_AGO}
        for use in self.uses:
            first[use.account] = min(use.day, first.get(use.account, FAR_AHEAD))
        for account in set(self.account_of_record.values()):
            created = self._records_of(account)[0].get("created_at")
            if created:
                first[account] = min(created.date(), first.get(account, FAR_AHEAD))
        table = set()
        for account, start in first.items():
            people = [d for (_, a), d in self.active.items() if a == account]
            for day in self.spine:
                if day < start:
                    continue
                now = [u for u in self.uses if u.account == account and u.day == day]
                plan, paid = self.state(account, day)
                one, week, month = (
                    sum(self.active_in(days, day, n) for days in people) for n in (1, 7, 28)
                )
                used = min(month, paid) if paid else None
                counted = {u.person for u in now if u.counts}
                table.add((
                    account, day, plan, one, week, month, paid, used, paid,
                    rate(used, paid) if paid else None, sum(u.counts for u in now),
                    len({u.feature for u in now if u.counts and u.feature}),
                    len({u.person for u in now} - counted), *self.end(day),
                ))  # fmt: skip
        return table
