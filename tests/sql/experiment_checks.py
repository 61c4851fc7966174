"""What a warehouse says of experiments, held against the oracle; for `test_experiment_oracle`.

Belongs here: reading tables and comparing them. Does not belong here: the oracle itself, building
the warehouse.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator

import numpy as np
from scipy import stats

from .experiment_figures import figures
from .experiment_oracle import VARIABLES, ExperimentOracle, sums
from .experiment_verdicts import verdicts
from .fixture_lake import Warehouse


def table(warehouse: Warehouse, name: str, key: int, columns: str) -> dict[tuple, tuple]:
    """Rows of a table by their first columns."""
    # Baselines are no experiments: all that was active, to plan with.
    rows = [
        row
        for row in warehouse.query(f"select {columns} from {name}")
        if not row[0].startswith("(baseline")
    ]
    found = {row[:key]: row[key:] for row in rows}
    assert len(found) == len(rows), f"{name} has a key twice"
    return found


def unlike(found: dict, expected: dict) -> list:
    """Where they differ, numbers beyond 1e-9 of them; NULL is NaN."""

    def is_same(one: object, other: object) -> bool:
        if isinstance(other, float) and not isinstance(one, bool):
            one = math.nan if one is None else float(one)
            both_unknown = math.isnan(one) and math.isnan(other)
            return both_unknown or math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
        return one == other

    assert sorted(found, key=str) == sorted(expected, key=str)
    return [
        (key, [pair for pair in zip(found[key], row, strict=True) if not is_same(*pair)])
        for key, row in expected.items()
        if not all(map(is_same, found[key], row))
    ]


ASSIGNED = (
    "experiment_id, unit_id, arm_no, first_exposed_at, first_exposed_on, is_crossover, "
    "exposure_count, bucket"
)


def check_assignment(warehouse: Warehouse, oracle: ExperimentOracle) -> None:
    expected = {
        (name, unit): (a.arm, a.at, a.on, a.crossed, a.exposures, a.bucket)
        for name, units in oracle.assigned.items()
        for unit, a in units.items()
    }
    assert unlike(table(warehouse, "core.fct_assignment", 2, ASSIGNED), expected) == []


def check_values(warehouse: Warehouse, oracle: ExperimentOracle) -> None:
    found = table(
        warehouse, "core.fct_unit_value", 3, "experiment_id, metric_id, unit_id, y, d, x, w"
    )
    expected = {
        (name, used.id, unit): values
        for name, plan in oracle.plans.items()
        for used in plan.used
        for unit, values in oracle.values(name, used).items()
    }
    assert unlike(found, expected) == []


def check_sums(warehouse: Warehouse, oracle: ExperimentOracle) -> None:
    """The shift is free, if it is one of all arms and near what it is taken of."""
    columns = list(sums(np.zeros((1, 4)), np.zeros(4)))
    key = "experiment_id, look_no, metric_id, basis, variation_id, look_on"
    name_of = f"{key}, {', '.join(columns)}"
    found = table(warehouse, "marts.experiment_sum__metric_arm", 5, name_of)
    at = [1 + columns.index(f"shift_{variable}") for variable in VARIABLES]
    expected: dict[tuple, tuple] = {}
    for name, plan in oracle.plans.items():
        for number, day in oracle.looks(name).items():
            for used in plan.used:
                units = dict(oracle.units(name, used, day))
                whole = np.vstack(units["main"])
                place = (name, number, used.id)
                row = next(row for row_key, row in found.items() if row_key[:3] == place)
                shift = np.array([row[place] for place in at])
                assert (abs(shift - whole.mean(axis=0)) <= whole.std(axis=0) + 1e-9).all()
                for basis, arms in units.items():
                    for arm, values in zip(plan.arms, arms, strict=True):
                        if len(values):
                            made = sums(values, shift)
                            expected[name, number, used.id, basis, arm] = (day, *made.values())
    assert unlike(found, expected) == []


FIGURES = (
    "role", "direction", "is_deciding", "control_count", "treatment_count", "control_mean",
    "treatment_mean", "control_variance", "treatment_variance", "theta", "difference", "se", "df",
    "t", "p", "p_adjusted", "family", "nominal_alpha", "ci_low", "ci_high", "relative",
    "relative_low", "relative_high", "margin", "margin_p", "beyond_margin_p", "is_beyond_margin",
    "power_at_mde", "is_significant", "is_good",
)  # fmt: skip
# What a readout shows only where it may be read.
SHOWN = {*FIGURES[9:16], *FIGURES[18:23], *FIGURES[24:]}


def check_figures(warehouse: Warehouse, oracle: ExperimentOracle) -> None:
    expected, mart = {}, {}
    states = table(warehouse, "core.fct_experiment_state", 2, "experiment_id, look_no, is_readable")
    for name, plan in oracle.plans.items():
        for (number, metric, arm, estimator), row in figures(oracle, name).items():
            values = {column: getattr(row, column) for column in FIGURES}
            expected[name, number, metric, arm, estimator] = tuple(values.values())
            if not states[name, number][0]:
                values |= dict.fromkeys(SHOWN)
            mart[name, number, metric, plan.arms[arm], estimator] = tuple(values.values())
    key = "experiment_id, look_no, metric_id, {}, estimator"
    columns = ", ".join(FIGURES)
    found = table(
        warehouse, "core.fct_experiment_comparison", 5, f"{key.format('arm_no')}, {columns}"
    )
    assert unlike(found, expected) == []
    found = table(
        warehouse, "marts.experiment_readout__metric_arm", 5,
        f"{key.format('variation_id')}, {columns}",
    )  # fmt: skip
    assert unlike(found, mart) == []


def check_verdicts(warehouse: Warehouse, oracle: ExperimentOracle) -> None:
    told = warehouse.query("select metric_id from core.fct_metric_replay where is_unsound")
    unsound = {row[0] for row in told}
    states, gates = {}, {}
    for name in oracle.plans:
        for number, verdict in verdicts(oracle, name, unsound, {"exp_changed"}).items():
            states[name, number] = (verdict.state, verdict.recommendation, verdict.arm)
            gates |= {(name, number, gate): (said,) for gate, said in verdict.gates.items()}
    columns = "experiment_id, look_no, state, recommendation, recommended_variation_id"
    assert unlike(table(warehouse, "core.fct_experiment_state", 2, columns), states) == []
    columns = "experiment_id, look_no, gate, status"
    wrong = unlike(table(warehouse, "marts.experiment_gate__gate", 3, columns), gates)
    assert wrong == [], wrong


def check_replay(warehouse: Warehouse, oracle: ExperimentOracle) -> None:
    """Four hundred coins for each unit, thrown again: each p by a test of the values themselves."""
    columns = "metric_id, experiment_id, false_positive_num, ks_p, split_count, unit_count"
    found = table(warehouse, "marts.aa_replay__metric", 1, columns)
    # A capped mean, a capped ratio, a proportion: all of them would take long.
    for metric in ("value_events", "share_rate", "returned"):
        name, false, ks_p, splits, count = found[metric,]
        used = next(used for used in oracle.plans[name].used if used.id == metric)
        day = max(oracle.looks(name).values())
        ripe = oracle.ripe(name, used, day)
        values = np.array(list(ripe.values()))
        if used.cap:
            values = np.clip(values, *np.quantile(values, [1 - used.cap, used.cap], axis=0))
        coins = np.array([list(_coins(unit)) for unit in ripe])
        p = [_p(values[side == 0], values[side == 1]) for side in coins.T]
        assert (splits, count) == (400, len(ripe))
        assert false == sum(one < 0.05 for one in p)
        # Theirs is the limit for many, with a correction; scipy's is exact.
        assert math.isclose(ks_p, stats.kstest(p, "uniform").pvalue, rel_tol=0.05)


def _coins(unit: str) -> Iterator[int]:
    texts = (f"{unit}:replay:{part}".encode() for part in range(4))
    for digit in "".join(hashlib.md5(text).hexdigest() for text in texts)[:100]:
        yield from (int(digit, 16) >> place & 1 for place in range(4))


def _p(control: np.ndarray, treatment: np.ndarray) -> float:
    parts = []
    for arm in (control, treatment):
        mean, base = arm[:, 0].mean(), arm[:, 1].mean()
        parts.append((arm[:, 0] - mean / base * arm[:, 1]) / base + mean / base)
    return float(stats.ttest_ind(*parts, equal_var=False).pvalue)
