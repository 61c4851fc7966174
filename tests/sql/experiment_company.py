"""A company with many experiments at once, and with everything that makes assigning people hard.

Belongs here: rows of contracts, delivered as they come in life. Does not belong here: what they
should add up to (`experiment_oracle`).

People live where clocks are set forward or back meanwhile, are known by a device before they sign
in, share one, are kept out by a rule, see a second variation, or are named by their exposure alone.
Exposures name nobody, come before the start or after the end, twice, or are taken back.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from .experiment_world import (
    DAY,
    END,
    FEATURES,
    METRICS,
    PLAN,
    START,
    Row,
    account,
    at,
    event,
    experiment,
    exposure,
    metric,
    ticket,
)  # fmt: skip
from .fixture_lake import FixtureLake

FIRST = dt.date(2026, 3, 16)
THROUGH = dt.date(2026, 6, 20)
# Clocks change on 5 April (Auckland), 24 April (Cairo), 29 March (London), and not in the last.
ZONES = ("Pacific/Auckland", "Africa/Cairo", "Europe/London", "America/Los_Angeles", None)
ACCOUNTS = 40
LIVE = dt.date(2026, 6, 1)
MORE: dict[str, Row] = {
    "seconds": {"kind": "mean", "numerator": "session_seconds", "cap_quantile": "0.95"},
    "features": {"kind": "mean", "numerator": "features", "from_day": "1", "to_day": "7"},
    "share_rate": {
        "kind": "ratio", "numerator": "feature_days:share", "denominator": "active_days",
        "cap_quantile": "0.9",
    },
    "exports_each": {
        "kind": "ratio", "numerator": "feature:export", "denominator": "feature:share",
    },
    "active_days": {"kind": "mean", "numerator": "active_days", "to_day": "3"},
}  # fmt: skip
EVERY = [*METRICS, *MORE]


def others(*named: str) -> list[str]:
    """Metrics that are not named yet."""
    return [name for name in EVERY if name not in (*named, "tickets")]


def plans() -> list[Row]:
    """What the company tries, by each method and template."""
    arms = [
        {"id": "a", "name": "A", "weight": "0.34", "is_control": "true"},
        {"id": "c", "name": "C", "weight": "0.33"}, {"id": "b", "name": "B", "weight": "0.33"},
    ]  # fmt: skip
    live = {"method": "always_valid", "window_days": "7", "cuped_days": "7"}
    by_ratio = {"metric": "share_rate", "direction": "increase", "mde_relative": "0.2"}
    margin = {"metric": "sessions", "direction": "increase", "mde_relative": "0.15"}
    return [
        experiment("exp_new", secondary=others("value_events")),
        experiment(
            "exp_three", variations=arms, template="multi_arm",
            secondary=["returned", "exports_each", "seconds"],
            analysis={"method": "group_sequential", "looks": ["2026-05-04", "2026-05-30"],
                      "cuped_days": "0"},
        ),
        experiment("exp_account", unit="account", secondary=others("value_events")),
        experiment("exp_live", starts_on=str(LIVE), ends_on="2026-07-12", primary=by_ratio,
                   secondary=["sessions"], analysis=live),
        experiment("exp_margin", template="non_inferiority", primary=margin, ends_on="2026-05-10",
                   secondary=["per_day"], analysis={"window_days": "10", "cuped_days": "10",
                                                    "alpha": "0.1", "power": "0.9"}),
        experiment("exp_same", template="aa_test", guardrails=[], secondary=["seconds"],
                   primary={"metric": "returned", "direction": "increase", "mde_relative": "0.2"}),
        experiment("exp_uneven", secondary=[]),
        experiment("exp_changed", secondary=["active_days"]),
    ]  # fmt: skip


@dataclass
class Company:
    """Deliveries in their order; `rows` are those that were not taken back, with their source."""

    seed: int
    people: int = 420
    deliveries: list[tuple[str, str, list[Row], str, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)
        self.events: list[Row] = []
        self.exposures: list[Row] = []
        self.tickets: list[Row] = []
        self._live()
        self._oddities()
        self._deliver()

    @property
    def rows(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for contract, source, rows, delivered_on, is_kept in self.deliveries:
            if is_kept:
                more = {"source": source, "delivered_on": dt.date.fromisoformat(delivered_on)}
                found[contract] += [row | more for row in rows]
        return found

    def land(self, lake: FixtureLake) -> None:
        for contract, source, rows, delivered_on, is_kept in self.deliveries:
            batch = lake.add(contract, rows, source=source, delivered_on=delivered_on)
            if not is_kept:
                lake.withdraw(batch)

    def see(self, name: str, shown: str, user: str | None, group: str | None, moment: dt.datetime,
            **more: Any) -> None:  # fmt: skip
        row = exposure(len(self.exposures), name, shown, user, group, moment)
        self.exposures.append(row | more)

    def use(self, user: str, group: str, moment: dt.datetime, **more: Any) -> None:
        name = self.draw.choice(FEATURES)
        self.events.append(event(len(self.events), user, group, name, moment) | more)

    def _live(self) -> None:
        draw = self.draw
        for number in range(self.people):
            user, group = f"u{number}", f"g{draw.randrange(ACCOUNTS)}"
            device = f"d{number}" if number % 9 == 0 else None
            arm = draw.choice(("control", "treatment"))
            first = START + DAY * draw.randrange((END - START).days + 1)
            exposed = at(first, draw.random() * 86_400)
            lively = draw.gammavariate(1.5, 1) / 7
            for day in range((THROUGH - FIRST).days + 1):
                lift = 1.4 if arm == "treatment" and FIRST + DAY * day >= first else 1.0
                if draw.random() < min(lively * lift, 0.9):
                    self._day(user, group, device, FIRST + DAY * day)
            if number % 30:  # the others are known by what they were shown alone
                self.use(user, group, at(FIRST, 7_000 * (number % 12)), anonymous_id=device)
            self._shown(user, group, device, arm, exposed)
            if draw.random() < 0.4:
                asked = at(first + DAY * draw.randrange(-10, 16), draw.random() * 86_400)
                self.tickets.append(ticket(number, asked) | {"ticket_id": f"t{number}"})

    def _day(self, user: str, group: str, device: str | None, day: dt.date) -> None:
        draw = self.draw
        if int(user[1:]) % 30 == 0:
            return
        moment = draw.random() * 86_400
        for _ in range(1 + int(draw.expovariate(0.8))):
            more: Row = {"anonymous_id": device} if device else {}
            if draw.random() < 0.03:
                more |= {"user_agent": "Mozilla/5.0 (Googlebot/2.1)"}
            elif device and draw.random() < 0.3:
                more |= {"user_id": None}
            self.use(user, group, at(day, moment), **more)
            moment += draw.choice((5, 400, 1_799, 1_800, 1_801, 9_000))

    def _shown(
        self, user: str, group: str, device: str | None, arm: str, exposed: dt.datetime
    ) -> None:
        draw = self.draw
        for _ in range(1 + draw.randrange(3)):
            shown = arm if draw.random() < 0.97 else draw.choice(("control", "treatment"))
            nameless = {"user_id": None, "anonymous_id": device} if device else {}
            self.see("exp_new", shown, user, group, exposed, **nameless)
            exposed += DAY * draw.choice((0, 0, 1, 6)) + dt.timedelta(seconds=draw.randrange(9_000))
        for name, choices, span in (
            ("exp_three", "abc", range(42)), ("exp_margin", ("control", "treatment"), range(35)),
            ("exp_same", ("control", "treatment"), range(42)),
            ("exp_uneven", ("control", *["treatment"] * 2), range(-3, 42)),
            ("exp_changed", ("control", "treatment"), range(42)),
        ):  # fmt: skip
            moment = at(START + DAY * draw.choice(span), draw.random() * 86_400)
            self.see(name, draw.choice(choices), user, group, moment)
        moment = at(LIVE + DAY * draw.randrange(20), draw.random() * 86_400)
        self.see("exp_live", draw.choice(("control", "treatment")), user, group, moment)
        moment = at(START + DAY * draw.randrange(42), draw.random() * 86_400)
        side = "treatment" if int(group[1:]) % 2 else "control"
        self.see("exp_account", side, user, group, moment)

    def _oddities(self) -> None:
        noon = at(START + 9 * DAY, 43_200)
        # Nobody at all, a device that nobody ever signed in on, a phone that two people share.
        for _ in range(5):
            self.see("exp_new", "treatment", None, None, noon)
        self.see("exp_new", "control", None, None, noon, anonymous_id="lonely")
        for minutes, user in ((0, "u1"), (40, "u2"), (400, "u1")):
            self.use(user, "g1", noon + dt.timedelta(minutes=minutes), anonymous_id="shared")
        for minutes in (15, 100, 395):
            moment = noon + dt.timedelta(minutes=minutes)
            self.see("exp_new", "control", None, None, moment, anonymous_id="shared")
            self.use("", "g1", moment, user_id=None, anonymous_id="shared")
        # Before the start and after the end by the unit's own clock, and a minute inside.
        for user, moment in (
            ("u3", at(START, -50_000)), ("u4", at(START, -60)), ("u7", at(END, 86_399)),
            ("u8", at(END, 170_000)),
        ):  # fmt: skip
            self.see("exp_new", "treatment", user, None, moment)
        self.see("exp_uneven", "nobody_knows", "u10", None, noon)
        # Two arms in one moment: the control goes first.
        self.see("exp_same", "treatment", "u11", None, at(START, 43_200))
        self.see("exp_same", "control", "u11", None, at(START, 43_200))
        # Somebody of a counted account who was shown it in the account that is kept out.
        self.see("exp_account", "treatment", "u12", "g39", noon)

    def _deliver(self) -> None:
        add = self.deliveries.append
        metrics = [metric(name, **said) for name, said in (METRICS | MORE).items()]
        kept_out = [
            {"subject_type": "user_id", "subject": f"u{n}", "reason": "employee"} for n in (5, 6)
        ] + [{"subject_type": "account", "subject": "g39", "reason": "test_account"}]
        known = [
            {"identity_ref": str(n), "user_id": f"u{n}", "role": "end-user",
             "updated_at": at(FIRST, 0)}
            for n in range(self.people) if n % 30
        ]  # fmt: skip
        accounts = [account(n, ZONES[n % len(ZONES)]) for n in range(ACCOUNTS)]
        first = [row for row in plans() if row["experiment_id"] == "exp_changed"]
        before = [row | {"spec": row["spec"] | {"ends_on": "2026-05-24"}} for row in first]
        late = [row for number, row in enumerate(self.events) if number % 40 == 0]
        soon = [row for number, row in enumerate(self.events) if number % 40]
        for row in late:
            row["received_at"] = min(row["occurred_at"] + 30 * DAY, at(THROUGH, 86_000))
        again = [row | {"exposed_at": row["exposed_at"] + DAY, "variation_id": "treatment"}
                 for row in self.exposures[:40:4]]  # fmt: skip
        lost = [row | {"exposure_id": f"lost{n}", "exposed_at": row["exposed_at"] - DAY}
                for n, row in enumerate(self.exposures[::50])]  # fmt: skip
        unsaid = [row | {"event_id": f"lost{n}"} for n, row in enumerate(soon[::30])]
        add(("tracking_plan", "registry", PLAN, "2026-03-01", True))
        add(("exclusions", "registry", kept_out, "2026-03-01", True))
        add(("metrics", "registry", metrics, "2026-03-01", True))
        add(("experiments", "registry", before, "2026-03-01", True))
        add(("experiments", "registry", [p for p in plans() if p not in first], "2026-04-06", True))
        add(("experiments", "registry", first, "2026-04-07", True))
        add(("accounts", "hubspot", accounts, "2026-03-01", True))
        add(("identities", "zendesk", known, "2026-03-01", True))
        add(("usage_events", "segment", soon, "2026-06-20", True))
        add(("usage_events", "segment", late, "2026-06-21", True))
        add(("usage_events", "segment", unsaid, "2026-06-21", False))
        add(("exposures", "growthbook", self.exposures, "2026-06-20", True))
        add(("exposures", "growthbook", self.exposures[:300], "2026-06-21", True))
        add(("exposures", "growthbook", again, "2026-06-21", True))
        add(("exposures", "growthbook", lost, "2026-06-21", False))
        add(("tickets", "zendesk", self.tickets, "2026-06-20", True))
