"""Small made-up evidence: arms by their count, mean and variance alone.

Belongs here: evidence in which nothing is odd, to be spoilt by tests. Does not belong here: units
themselves (`world`), what follows from the evidence.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from analytics.experiments.comparing import comparisons
from analytics.experiments.evidence import (
    BASES,
    Evidence,
    Faults,
    Look,
    allocation_of,
    sums_of,
    uses_of,
)
from analytics.experiments.gate import At, Gate
from analytics.experiments.gates import gates
from analytics.experiments.metrics import read_metric
from analytics.experiments.moments import COLUMNS
from analytics.experiments.readout import Readout, readouts
from analytics.experiments.spec import Spec, read_spec
from tests.unit.analytics.experiments.plans import METRIC, PLAN

START = dt.date(2026, 5, 4)
LAST = Look(1, dt.date(2026, 6, 27), 1)
INTERIM = Look(1, dt.date(2026, 6, 8), 2)
TWO_LOOKS = {"method": "group_sequential", "looks": ["2026-06-08", "2026-06-28"]}
SIDES = ("increase", "decrease")
METRICS = {
    metric.metric_id: metric
    for metric in (
        read_metric({key: value for key, value in METRIC.items() if value is not None}),
        *(
            read_metric(
                {"metric_id": name, "name": name, "kind": "mean", "numerator": measure}
                | {"direction": SIDES[name == "tickets"]}
            )
            for name, measure in (
                ("sessions", "sessions"), ("tickets", "tickets"), ("features_used", "features"),
            )
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Arm:
    """Units of an arm: how many, their mean, the variance of one, and what they did before."""

    n: int = 1_000
    mean: float = 10.0
    variance: float = 25.0
    before: float = 5.0
    nonzero: int = 500
    skewness: float = 0.0
    largest: float = 0.001  # share of the sum of squares

    def columns(self, shift: float, before: float) -> dict[str, float]:
        """As SQL sums it up, with the covariate as variable as the metric and foretelling none."""
        at, x = self.mean - shift, self.before - before
        squares = (self.n - 1) * self.variance + self.n * at**2
        spread = squares / self.n - at**2
        cubes = self.n * (self.skewness * spread**1.5 + 3 * at * spread + at**3)
        found = dict.fromkeys(COLUMNS, 0.0) | {"unit_count": self.n, "nonzero_count": self.nonzero}
        return found | {
            "shift_y": shift, "shift_d": 1.0, "shift_x": before, "shift_w": 1.0,
            "s_y": self.n * at, "s_x": self.n * x, "q_yy": squares,
            "q_xx": (self.n - 1) * self.variance + self.n * x**2, "q_yx": self.n * at * x,
            "c_yyy": cubes, "largest_yy": self.largest * squares,
        }  # fmt: skip


PLAIN = (Arm(), Arm())


def spec(analysis: Mapping[str, Any] | None = None, **said: Any) -> Spec:
    """A plan that is read once, of sessions, with tickets as guardrail."""
    plan = yaml.safe_load(PLAN)["experiment"]
    del plan["decision"]
    plan |= {
        "status": "running", "secondary": ["features_used"],
        "primary": {"metric": "sessions", "direction": "increase", "mde_relative": 0.1},
        "guardrails": [{"metric": "tickets", "bad_direction": "increase", "margin_relative": 0.1}],
    }  # fmt: skip
    kept = {"method": "fixed_horizon", "cuped_days": 0, "window_days": 14}
    return read_spec(plan | said | {"analysis": kept | dict(analysis or {})})


def evidence(
    primary: Sequence[Arm] = PLAIN,
    guardrail: Sequence[Arm] = PLAIN,
    secondary: Sequence[Arm] = PLAIN,
    *,
    plan: Spec | None = None,
    looks: Sequence[Look] = (LAST,),
    parts: Mapping[str, Sequence[Arm]] | None = None,
    days: Sequence[tuple[int, int, int, int]] | None = None,
    **facts: Any,
) -> Evidence:
    """Evidence that no gate minds, but for what is given.

    `parts` are other arms of the primary metric by basis; `days` day, arm, units and crossovers.
    """
    planned = plan or spec()
    metrics = planned.metrics
    arms = dict(zip(metrics, (primary, guardrail, secondary), strict=False))
    rows = []
    for look in looks:
        for name, listed in arms.items():
            for basis in BASES if name == metrics[0] else BASES[:1]:
                chosen = (parts or {}).get(basis, listed)
                shift = sum(a.n * a.mean for a in listed) / sum(a.n for a in listed)
                before = sum(a.n * a.before for a in listed) / sum(a.n for a in listed)
                rows += [
                    {"look_no": look.number, "metric_id": name, "basis": basis, "arm_no": number}
                    | arm.columns(shift, before)
                    for number, arm in enumerate(chosen)
                ]
    given = days or [
        (day, number, arm.n // 10, 0) for day in range(10) for number, arm in enumerate(primary)
    ]
    ids = [planned.control.id, *sorted(one.id for one in planned.treatments)]
    allocation = allocation_of([
        {"first_exposed_on": START + dt.timedelta(days=day), "arm_no": arm, "unit_count": units,
         "crossover_count": crossed}
        for day, arm, units, crossed in given
    ])  # fmt: skip
    found = Evidence(
        planned, tuple(ids), uses_of(planned, METRICS), tuple(looks), sums_of(rows), allocation,
        Faults(exposures=1_000), is_preregistered=True, is_changed=False,
    )  # fmt: skip
    return replace(found, **facts)


def gates_of(given: Evidence, look: Look = LAST) -> dict[str, Gate]:
    """Gates of a look by name."""
    rows = tuple(row for row in comparisons(given) if row.look_no == look.number)
    found = gates(At(given, look, rows))
    assert len({gate.gate for gate in found}) == len(found)
    return {gate.gate: gate for gate in found}


def status(gate: str, look: Look = LAST, **given: Any) -> str:
    """What a gate says of evidence that is made with these arguments."""
    return gates_of(evidence(looks=(look,), **given), look)[gate].status


def read(given: Evidence, number: int = 1) -> Readout:
    """The readout of a look."""
    return next(one for one in readouts(given) if one.look.number == number)
