"""Functions about experiments that dbt's models call: rows of a query in, JSON text out.

Belongs here: the columns in which the warehouse asks, and turning them into rows. Does not belong
here: any arithmetic (`analytics.experiments`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

_VARIABLES = ("y", "d", "x", "w")
_PAIRS = ("yy", "dd", "xx", "ww", "yd", "yx", "yw", "dx", "dw", "xw")
# Columns by table, as macros/portable/plans.sql gives them.
FACTS = {
    "exposures": "BIGINT", "before_start": "BIGINT", "after_end": "BIGINT",
    "unknown_variation": "BIGINT", "nobody": "BIGINT", "overlapping_units": "BIGINT",
    "missing_days": "BIGINT", "is_preregistered": "BOOLEAN", "is_changed": "BOOLEAN",
    "unsound_metrics": "VARCHAR",
}  # fmt: skip
METRICS = {"definition": "VARCHAR"}
LOOKS = {"look_no": "BIGINT", "look_on": "DATE", "look_count": "BIGINT"}
SUMS = (
    {"look_no": "BIGINT", "metric_id": "VARCHAR", "basis": "VARCHAR", "arm_no": "BIGINT"}
    | {"unit_count": "BIGINT", "nonzero_count": "BIGINT"}
    | {f"{part}_{name}": "DOUBLE" for name in _VARIABLES for part in ("shift", "s")}
    | {f"q_{pair}": "DOUBLE" for pair in _PAIRS}
    | {"c_yyy": "DOUBLE", "largest_yy": "DOUBLE"}
)
DAYS = {
    "first_exposed_on": "DATE", "arm_no": "BIGINT", "unit_count": "BIGINT",
    "crossover_count": "BIGINT",
}  # fmt: skip
QUANTILES = {"look_no": "BIGINT", "metric_id": "VARCHAR", "arm_no": "BIGINT"} | {
    "unit_count": "BIGINT", "row_quantile": "DOUBLE", "low_value": "DOUBLE",
    "high_value": "DOUBLE",
}  # fmt: skip
SPLITS = {"split_no": "BIGINT", "arm_no": "BIGINT"} | dict.fromkeys(
    ("n", "shift_y", "shift_d", "s_y", "s_d", "q_yy", "q_dd", "q_yd"), "DOUBLE"
)

CONCLUDED = (
    dict.fromkeys(("experiment_id", "team", "metric", "state"), "VARCHAR")
    | dict.fromkeys(("concluded_on", "last_exposure_on", "decided_on"), "DATE")
    | dict.fromkeys((
        "effect", "se", "direction", "p_adjusted", "alpha", "is_win", "is_shipped", "is_override",
        "is_breached", "is_preregistered", "is_stopped_early", "srm_p", "planned_power",
        "power_at_mde", "mde_relative", "planned_days", "actual_days", "coverage",
        "check_hypothesis", "check_guardrail", "check_preregistered", "check_split", "check_data",
        "check_full_weeks", "check_precision", "check_multiplicity", "check_decided_in_time",
        "check_learning",
    ), "DOUBLE")
)  # fmt: skip
BUCKETS = {"experiment_id": "VARCHAR", "arm": "BIGINT", "bucket": "BIGINT"} | dict.fromkeys(
    ("n", "s", "q", "shift"), "DOUBLE"
)


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes all functions of this module known to SQL."""
    for name, function in (("experiment_plan", _plan), ("metric_definition", _metric)):
        connection.create_function(name, function, ["VARCHAR", "VARCHAR"], "VARCHAR")
    tables = [
        _struct(FACTS),
        *(f"{_struct(table)}[]" for table in (METRICS, LOOKS, SUMS, DAYS, QUANTILES)),
    ]
    connection.create_function(
        "experiment_readout", _readouts, ["VARCHAR", *tables], "VARCHAR", type="arrow",
        null_handling="special",
    )  # ty: ignore[no-matching-overload]  # fmt: skip
    connection.create_function(
        "metric_replay", _replays, [f"{_struct(SPLITS)}[]"], "VARCHAR", type="arrow",
        null_handling="special",
    )  # ty: ignore[no-matching-overload]  # fmt: skip
    connection.create_function(
        "experiment_portfolio", _portfolios, [f"{_struct(CONCLUDED)}[]", f"{_struct(BUCKETS)}[]"],
        "VARCHAR", type="arrow", null_handling="special",
    )  # ty: ignore[no-matching-overload]  # fmt: skip


def _struct(columns: dict[str, str]) -> str:
    return "STRUCT(" + ", ".join(f"{name} {kind}" for name, kind in columns.items()) + ")"


def _plan(document: str, name: str) -> str:
    from analytics.experiments.reading import plan_of

    return plan_of(document, name)


def _metric(document: str, name: str) -> str:
    from analytics.experiments.reading import metric_of

    return metric_of(document, name)


def _readouts(
    plans: Any, facts: Any, metrics: Any, looks: Any, sums: Any, days: Any, quantiles: Any
) -> Any:  # fmt: skip
    """One answer for each experiment."""
    import pyarrow as pa

    from analytics.experiments.reading import read

    columns = (plans, facts, metrics, looks, sums, days, quantiles)
    rows = zip(*(column.to_pylist() for column in columns), strict=True)
    return pa.array(
        [
            read(plan, about or {}, *(listed or [] for listed in lists))
            for plan, about, *lists in rows
        ],
        pa.string(),
    )


def _replays(groups: Any) -> Any:
    """One answer for each metric."""
    import pyarrow as pa

    from analytics.experiments.reading import replay_of

    return pa.array([replay_of(_columns(group, SPLITS)) for group in groups], pa.string())


def _portfolios(concluded: Any, buckets: Any) -> Any:
    """One answer for the whole company."""
    import pyarrow as pa

    from analytics.experiments.concluding import findings

    rows = zip(concluded, buckets, strict=True)
    answers = [findings(_columns(one, CONCLUDED), _columns(two, BUCKETS)) for one, two in rows]
    return pa.array(answers, pa.string())


def _columns(rows: Any, kinds: dict[str, str]) -> dict[str, Any]:
    """Rows of a group by column; what is not known is NaN or NaT."""
    import numpy as np

    numpy_of = {"VARCHAR": np.str_, "BIGINT": np.int64, "DOUBLE": np.float64, "DATE": "M8[D]"}
    if rows is None or rows.values is None:
        return {name: np.array([], numpy_of[kind]) for name, kind in kinds.items()}
    found = rows.values
    return {
        name: np.asarray(found.field(name).to_numpy(zero_copy_only=False), numpy_of[kind])
        for name, kind in kinds.items()
    }
