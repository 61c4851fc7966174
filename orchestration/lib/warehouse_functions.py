"""What dbt's models may call beside SQL: functions that dbt gives its connection to DuckDB.

Belongs here: turning rows of a query into arrays for `analytics` and back. Does not belong here:
any arithmetic. dbt loads this by name (`plugins` in dbt_project/profiles.yml); a model calls it by
a macro (dbt_project/macros/portable/fits.sql).

So weights are fitted within the build, from the rows that the build has just made: one run tells
the same as two, and a run that was killed leaves nothing behind.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dbt.adapters.duckdb.plugins import BasePlugin  # noqa: TID253 (only dbt imports this module)

from orchestration.lib import experiment_functions

if TYPE_CHECKING:
    import duckdb

COMPONENTS = (
    "usage_trend", "breadth", "seat_utilisation", "idle_days", "contact", "severe_open",
    "sentiment",
)  # fmt: skip
_ROWS = (
    "STRUCT(account_id VARCHAR, last_on DATE, lost_on DATE, "
    + ", ".join(f"{name} DOUBLE" for name in COMPONENTS)
    + ")[]"
)


class Plugin(BasePlugin):
    """Registers the functions on dbt's connection."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Called by dbt once for each connection."""
        register(conn)


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes `health_backtest(rows)` known, and what `experiment_functions` has."""
    experiment_functions.register(connection)
    connection.create_function(
        "health_backtest", _of_groups, [_ROWS], "VARCHAR", type="arrow", null_handling="special"
    )  # ty: ignore[no-matching-overload]


def _of_groups(groups: Any) -> Any:
    """One answer for each list of rows."""
    import pyarrow as pa

    return pa.array([json.dumps(_of_rows(group.values)) for group in groups], pa.string())


def _of_rows(rows: Any) -> dict[str, object]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from analytics.health.backtest import Observations, backtest

    if rows is None or not len(rows):
        empty = np.empty(0)
        return backtest(
            Observations(empty.astype(np.int64), empty.astype(np.int64), empty, empty)
        ).as_dict()
    table = pa.Table.from_struct_array(rows).sort_by(
        [("account_id", "ascending"), ("last_on", "ascending")]
    )

    def numbers(name: str) -> Any:
        return table.column(name).cast(pa.float64()).to_numpy()

    def day_numbers(name: str) -> Any:
        return pc.cast(pc.cast(table.column(name), pa.int32()), pa.float64()).to_numpy()

    accounts = np.unique(table.column("account_id").to_numpy(), return_inverse=True)[1]
    return backtest(
        Observations(
            accounts, day_numbers("last_on").astype(np.int64), day_numbers("lost_on"),
            np.column_stack([numbers(name) for name in COMPONENTS]),
        )
    ).as_dict()  # fmt: skip
