"""What SQL hands over about one experiment, as arrays.

Belongs here: the shapes of plan, looks, sums and allocation, and reading them from plain rows. Does
not belong here: what follows from them (`comparing`, `gates`, `readout`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.experiments.metrics import Metric
from analytics.experiments.moments import COLUMNS, Array, Moments, from_columns
from analytics.experiments.spec import Spec

Rows = Sequence[Mapping[str, Any]]
BASES = ("main", "uncapped", "without_crossovers", "early", "late")


@dataclass(frozen=True)
class Look:
    """A day on which figures are taken. `number` 0 is today's state, which decides nothing."""

    number: int
    on: date
    count: int

    @property
    def is_planned(self) -> bool:
        """Whether the plan named it."""
        return self.number > 0

    @property
    def is_last(self) -> bool:
        """Whether it ends the experiment."""
        return self.number == self.count


@dataclass(frozen=True)
class Use:
    """A metric in an experiment: what for and how it is measured."""

    metric: Metric
    role: str
    direction: str
    margin: float | None = None


@dataclass(frozen=True)
class Sums:
    """Centred sums by look, metric, basis and arm; one entry each, in one order."""

    look: NDArray[np.int64]
    metric: NDArray[np.str_]
    basis: NDArray[np.str_]
    arm: NDArray[np.int64]
    moments: Moments
    nonzero: Array
    cubes: Array
    largest: Array

    @cached_property
    def places(self) -> dict[tuple[int, str, str, int], int]:
        """Where each entry stands."""
        keys = zip(
            self.look.tolist(), self.metric.tolist(), self.basis.tolist(), self.arm.tolist(),
            strict=True,
        )  # fmt: skip
        return {key: place for place, key in enumerate(keys)}


@dataclass(frozen=True)
class Quantiles:
    """Quantiles of rows by look, metric and arm, with the ends of their intervals."""

    look: NDArray[np.int64]
    metric: NDArray[np.str_]
    arm: NDArray[np.int64]
    units: Array
    value: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class Allocation:
    """Units by day of first exposure and arm, and those of them who saw another arm later."""

    day: NDArray[np.datetime64]
    arm: NDArray[np.int64]
    units: Array
    crossed: Array

    def until(self, day: date) -> Allocation:
        """What had been seen by the end of a day."""
        kept = self.day <= np.datetime64(day)
        return Allocation(self.day[kept], self.arm[kept], self.units[kept], self.crossed[kept])

    def by_arm(self, arms: int) -> tuple[Array, Array]:
        """Units and those who crossed, of each arm."""
        units, crossed = (
            np.bincount(self.arm, weights, arms).astype(np.float64)
            for weights in (self.units, self.crossed)
        )
        return units, crossed

    def by_day(self, arms: int) -> Array:
        """Units of days by arms."""
        days, place = np.unique(self.day, return_inverse=True)
        table = np.zeros((len(days), arms))
        np.add.at(table, (place, self.arm), self.units)
        return table


@dataclass(frozen=True)
class Faults:
    """What is odd about exposures and deliveries: counts of exposures, of units and of days."""

    exposures: int = 0
    before_start: int = 0
    after_end: int = 0
    unknown_variation: int = 0
    nobody: int = 0
    overlapping_units: int = 0
    missing_days: int = 0


@dataclass(frozen=True)
class Evidence:
    """All of one experiment. `arms` are variation ids by arm number, the control first."""

    spec: Spec
    arms: tuple[str, ...]
    uses: tuple[Use, ...]
    looks: tuple[Look, ...]
    sums: Sums
    allocation: Allocation
    faults: Faults
    is_preregistered: bool
    is_changed: bool
    unsound: frozenset[str] = frozenset()
    quantiles: Quantiles = field(default_factory=lambda: quantiles_of(()))

    @property
    def weights(self) -> Array:
        """Planned shares by arm number."""
        known = {variation.id: variation.weight for variation in self.spec.variations}
        return np.array([known[arm] for arm in self.arms])

    @property
    def missing_metrics(self) -> tuple[str, ...]:
        """Metrics of the plan that the register does not hold."""
        known = {use.metric.metric_id for use in self.uses}
        return tuple(name for name in self.spec.metrics if name not in known)

    def use(self, metric: str) -> Use:
        """What a metric is there for."""
        return next(use for use in self.uses if use.metric.metric_id == metric)


def sums_of(rows: Rows) -> Sums:
    """Sums of a table's rows.

    Raises:
        ValueError: If a column is missing or no number.
    """

    def column(name: str) -> list[Any]:
        return [row[name] for row in rows]

    moments = from_columns({"n": column("unit_count")} | {
        name: column(name) for name in COLUMNS if name != "n"
    })  # fmt: skip
    return Sums(
        np.array(column("look_no"), np.int64), np.array(column("metric_id"), np.str_),
        np.array(column("basis"), np.str_), np.array(column("arm_no"), np.int64), moments,
        np.array(column("nonzero_count"), np.float64), np.array(column("c_yyy"), np.float64),
        np.array(column("largest_yy"), np.float64),
    )  # fmt: skip


def quantiles_of(rows: Rows) -> Quantiles:
    """Quantiles of a table's rows."""

    def figures(name: str) -> Array:
        return np.array([row[name] for row in rows], np.float64)

    return Quantiles(
        np.array([row["look_no"] for row in rows], np.int64),
        np.array([row["metric_id"] for row in rows], np.str_),
        np.array([row["arm_no"] for row in rows], np.int64),
        figures("unit_count"), figures("row_quantile"), figures("low_value"),
        figures("high_value"),
    )  # fmt: skip


def allocation_of(rows: Rows) -> Allocation:
    """Allocation of a table's rows."""
    return Allocation(
        np.array([row["first_exposed_on"] for row in rows], "datetime64[D]"),
        np.array([row["arm_no"] for row in rows], np.int64),
        np.array([row["unit_count"] for row in rows], np.float64),
        np.array([row["crossover_count"] for row in rows], np.float64),
    )


def uses_of(spec: Spec, metrics: Mapping[str, Metric]) -> tuple[Use, ...]:
    """Metrics that the plan names, as far as the register holds them."""
    opposite = {"increase": "decrease", "decrease": "increase"}
    asked: list[tuple[str, str, str | None, float | None]] = []
    asked += [(spec.primary.metric, "primary", spec.primary.direction, None)]
    asked += [
        (guard.metric, "guardrail", opposite[guard.bad_direction], guard.margin_relative)
        for guard in spec.guardrails
    ]
    asked += [(other.metric, "secondary", other.direction, None) for other in spec.secondary]
    return tuple(
        Use(metrics[name], role, direction or metrics[name].direction, margin)
        for name, role, direction, margin in asked
        if name in metrics
    )
