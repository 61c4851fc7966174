"""A company with experiments: who saw what when, and what they did before and after.

Belongs here: rows of contracts. Does not belong here: what they should add up to.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from .fixture_lake import FixtureLake

Row = dict[str, Any]
DAY = dt.timedelta(days=1)
FIRST = dt.date(2026, 3, 2)  # a Monday
START = dt.date(2026, 4, 6)  # a Monday
END = dt.date(2026, 5, 17)  # a Sunday
THROUGH = dt.date(2026, 6, 30)
ZONES = ("Pacific/Auckland", "America/Los_Angeles", None)
FEATURES = ("export", "share", "none")
PLAN = [
    {"event_name": name, "event_class": "value", "feature_id": None if name == "none" else name}
    for name in FEATURES
]
METRICS: dict[str, Row] = {
    "value_events": {"kind": "mean", "numerator": "value_events", "cap_quantile": "0.99"},
    "returned": {"kind": "proportion", "numerator": "active_days", "from_day": "7", "to_day": "13"},
    "per_day": {"kind": "ratio", "numerator": "value_events", "denominator": "active_days"},
    "exports": {"kind": "mean", "numerator": "feature:export"},
    "share_days": {"kind": "mean", "numerator": "feature_days:share", "to_day": "6"},
    "tickets": {"kind": "mean", "numerator": "tickets", "direction": "decrease"},
    "sessions": {"kind": "mean", "numerator": "sessions"},
}


def metric(metric_id: str, **said: Any) -> Row:
    """An entry of registry/metrics/."""
    spec = {"metric_id": metric_id, "name": metric_id, "direction": "increase"} | said
    return {"metric_id": metric_id, "name": metric_id, "owner": "pa", "spec": spec}


def experiment(experiment_id: str, **said: Any) -> Row:
    """An entry of registry/experiments/, as texts, as ingest has them."""
    spec: Row = {
        "experiment_id": experiment_id, "name": experiment_id, "template": "ab_standard",
        "owner": "pm", "team": "growth", "unit": "person", "status": "running",
        "hypothesis": {"because": "a", "we_believe": "b", "will_cause": "c", "for_users": "d"},
        "starts_on": str(START), "ends_on": str(END),
        "variations": [
            {"id": "control", "name": "Old", "weight": "0.5", "is_control": "true"},
            {"id": "treatment", "name": "New", "weight": "0.5"},
        ],
        "primary": {"metric": "value_events", "direction": "increase", "mde_relative": "0.1"},
        "guardrails": [
            {"metric": "tickets", "bad_direction": "increase", "margin_relative": "0.5"}
        ],
        "secondary": ["returned", "per_day", "exports", "share_days", "sessions"],
        "analysis": {"method": "fixed_horizon", "cuped_days": "14", "window_days": "14"},
    } | said  # fmt: skip
    facts = {
        name: spec.get(name) for name in ("name", "owner", "unit", "status", "starts_on", "ends_on")
    }
    return {
        "experiment_id": experiment_id, **facts, "primary_metric": spec["primary"]["metric"],
        "variations": spec["variations"], "spec": spec,
    }  # fmt: skip


def at(day: dt.date, seconds: float) -> dt.datetime:
    """A UTC time of a day."""
    return dt.datetime.combine(day, dt.time()) + dt.timedelta(seconds=int(seconds))


def populate(
    lake: FixtureLake, seed: int, people: int = 400, effect: float = 0.3, srm: float = 0.5
) -> None:
    """Lands one company: two experiments on people and one on accounts."""
    draw = random.Random(seed)
    accounts = [f"g{n}" for n in range(40)]
    events: list[Row] = []
    exposures: list[Row] = []
    tickets: list[Row] = []
    of = {f"u{n}": draw.choice(accounts) for n in range(people)}
    for number, (user, group) in enumerate(of.items()):
        liveliness = draw.gammavariate(1.5, 1) / 4
        arm = "treatment" if draw.random() < srm else "control"
        exposed = START + DAY * draw.randrange((END - START).days + 1)
        day = FIRST
        while day <= THROUGH:
            lift = 1 + effect if arm == "treatment" and day >= exposed else 1.0
            if draw.random() < min(liveliness * lift, 0.95):
                for _ in range(1 + int(draw.expovariate(0.6))):
                    events.append(event(len(events), user, group, draw.choice(FEATURES),
                                        at(day, draw.random() * 86_400)))  # fmt: skip
            day += DAY
        for _ in range(1 + draw.randrange(3)):
            moment = at(exposed, draw.random() * 86_400) + DAY * draw.choice((0, 0, 1, 5))
            shown = arm if draw.random() < 0.97 else draw.choice(("control", "treatment"))
            exposures.append(exposure(len(exposures), "exp_new", shown, user, group, moment))
        second = exposed + DAY * draw.randrange(-9, 9)
        exposures.append(
            exposure(
                len(exposures), "exp_three", draw.choice("abc"), user, group, at(second, 40_000)
            )
        )
        exposures.append(exposure(
            len(exposures), "exp_account", "treatment" if int(group[1:]) % 2 else "control", user,
            group, at(second, 50_000),
        ))  # fmt: skip
        if draw.random() < 0.3:
            asked = at(exposed + DAY * draw.randrange(-10, 20), 30_000)
            tickets.append(ticket(number, asked))
    lake.add("tracking_plan", PLAN, source="registry")
    lake.add("metrics", [metric(name, **said) for name, said in METRICS.items()], source="registry")
    lake.add("experiments", plans(), source="registry", delivered_on="2026-04-01")
    lake.add("accounts", [account(n, draw.choice(ZONES)) for n in range(40)], source="hubspot")
    lake.add("usage_events", events, source="segment")
    lake.add("exposures", exposures, source="growthbook")
    lake.add("identities", [
        {"identity_ref": str(n), "user_id": f"u{n}", "role": "end-user", "updated_at": at(FIRST, 0)}
        for n in range(people)
    ], source="zendesk")  # fmt: skip
    lake.add("tickets", tickets, source="zendesk")


def plans() -> list[Row]:
    """The experiments of the company."""
    arms = [
        {"id": "a", "name": "A", "weight": "0.34", "is_control": "true"},
        {"id": "b", "name": "B", "weight": "0.33"}, {"id": "c", "name": "C", "weight": "0.33"},
    ]  # fmt: skip
    looks = ["2026-04-30", "2026-05-30"]
    return [
        experiment("exp_new"),
        experiment(
            "exp_three", variations=arms, template="multi_arm",
            analysis={"method": "group_sequential", "looks": looks, "cuped_days": "0"},
        ),
        experiment("exp_account", unit="account"),
    ]  # fmt: skip


def event(number: int, user: str, group: str, name: str, moment: dt.datetime) -> Row:
    """One usage event."""
    return {
        "event_id": f"e{number}", "event_name": name, "event_type": "track", "user_id": user,
        "group_id": group, "occurred_at": moment, "received_at": moment, "is_clock_skewed": False,
    }  # fmt: skip


def exposure(
    number: int, experiment_id: str, shown: str, user: str, group: str, moment: dt.datetime
) -> Row:
    """One logged exposure."""
    return {
        "exposure_id": f"x{number}", "experiment_id": experiment_id, "variation_id": shown,
        "user_id": user, "group_id": group, "exposed_at": moment,
    }  # fmt: skip


def ticket(number: int, moment: dt.datetime) -> Row:
    """One ticket of a person."""
    return {
        "ticket_id": f"t{number}", "requester_ref": str(number), "status": "solved",
        "created_at": moment, "updated_at": moment, "version_at": moment,
    }  # fmt: skip


def account(number: int, zone: str | None) -> Row:
    """One customer."""
    return {
        "account_ref": str(number), "external_id": f"g{number}", "name": f"Customer {number}",
        "lifecycle": "customer", "time_zone": zone, "created_at": at(FIRST, 0),
        "updated_at": at(FIRST, 0),
    }  # fmt: skip
