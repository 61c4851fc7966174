"""Plans of experiments as they are written, for the oracle: texts with the defaults of the docs.

Belongs here: reading a plan that is right. Does not belong here: what follows from it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .usage_facts import DAY

Row = Mapping[str, Any]


def date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@dataclass(frozen=True)
class Used:
    """A metric in an experiment."""

    id: str
    role: str
    direction: str
    kind: str
    numerator: str
    denominator: str | None
    from_day: int
    to_day: int
    cap: float | None
    margin: float | None


class Plan:
    """An experiment as it was written, with the defaults that docs/experiments.md names."""

    def __init__(self, spec: Row, metrics: Mapping[str, Row]) -> None:
        said = spec.get("analysis", {})
        self.id, self.unit, self.template = spec["experiment_id"], spec["unit"], spec["template"]
        self.starts_on, self.ends_on = (date(spec[f"{word}_on"]) for word in ("starts", "ends"))
        self.run_days = (self.ends_on - self.starts_on).days + 1
        self.window = int(said.get("window_days", 14))
        self.cuped = int(said.get("cuped_days", 14))
        self.least_days = int(said.get("min_runtime_days", 14))
        self.alpha, self.power = float(said.get("alpha", 0.05)), float(said.get("power", 0.8))
        self.method = said.get("method", "fixed_horizon")
        self.is_holm = said.get("multiplicity", "holm") == "holm"
        self.mde = float(spec["primary"]["mde_relative"])
        whole = self.ends_on + (self.window - 1) * DAY
        self.planned = [date(day) for day in said.get("looks", ())] or [whole]
        controls = [v["id"] for v in spec["variations"] if v.get("is_control") == "true"]
        rest = sorted(v["id"] for v in spec["variations"] if v["id"] not in controls)
        self.arms = [*controls, *rest]
        weights = {v["id"]: float(v["weight"]) for v in spec["variations"]}
        self.weights = [weights[arm] for arm in self.arms]
        good = {"increase": "decrease", "decrease": "increase"}
        named = [(spec["primary"]["metric"], "primary", spec["primary"]["direction"], None)]
        if self.template == "non_inferiority":
            named = [(*named[0][:3], self.mde)]
        named += [
            (g["metric"], "guardrail", good[g["bad_direction"]], float(g["margin_relative"]))
            for g in spec.get("guardrails", ())
        ]
        named += [(name, "secondary", None, None) for name in spec.get("secondary", ())]
        self.used = [self._used(metrics[name], role, way, m) for name, role, way, m in named]

    def _used(self, said: Row, role: str, way: str | None, margin: float | None) -> Used:
        cap, last = said.get("cap_quantile"), said.get("to_day", self.window - 1)
        return Used(
            said["metric_id"], role, way or said["direction"], said["kind"], said["numerator"],
            said.get("denominator"), int(said.get("from_day", 0)), int(last),
            float(cap) if cap else None, margin,
        )  # fmt: skip
