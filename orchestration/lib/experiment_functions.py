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
SPLITS = {"split_no": "BIGINT", "arm_no": "BIGINT"} | dict.fromkeys(
    ("n", "shift_y", "shift_d", "s_y", "s_d", "q_yy", "q_dd", "q_yd"), "DOUBLE"
)


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes `experiment_plan`, `metric_definition`, `experiment_readout`, `metric_replay` known."""
    from analytics.experiments.reading import metric_of, plan_of

    for name, function in (("experiment_plan", plan_of), ("metric_definition", metric_of)):
        connection.create_function(name, function, ["VARCHAR"], "VARCHAR")
    tables = [_struct(FACTS), *(f"{_struct(table)}[]" for table in (METRICS, LOOKS, SUMS, DAYS))]
    connection.create_function(
        "experiment_readout", _readouts, ["VARCHAR", *tables], "VARCHAR", type="arrow",
        null_handling="special",
    )  # ty: ignore[no-matching-overload]  # fmt: skip
    connection.create_function(
        "metric_replay", _replays, [f"{_struct(SPLITS)}[]"], "VARCHAR", type="arrow",
        null_handling="special",
    )  # ty: ignore[no-matching-overload]  # fmt: skip


def _struct(columns: dict[str, str]) -> str:
    return "STRUCT(" + ", ".join(f"{name} {kind}" for name, kind in columns.items()) + ")"


def _readouts(plans: Any, facts: Any, metrics: Any, looks: Any, sums: Any, days: Any) -> Any:
    """One answer for each experiment."""
    import pyarrow as pa

    from analytics.experiments.reading import read

    columns = (plans, facts, metrics, looks, sums, days)
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

    return pa.array(
        [
            replay_of({name: group.values.field(name).to_numpy(False) for name in SPLITS})
            for group in groups
        ],
        pa.string(),
    )
