"""From exposures and days of units to the sums of an experiment, beside the usual query for it.

Belongs here: tables of a large experiment, and running the SQL that dbt compiles on them. Does not
belong here: limits (bench_experiments.py).

The usual query stands in `usual_query`. It runs once for all metrics, and once for each of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb

from tests.bench.usual_query import usual_query
from tests.sql.fixture_lake import Warehouse

MEASURES = ("active_days", "value_events", "features", "sessions", "session_seconds", "tickets")
# Six means and four shares of units: ten metrics of ten shapes.
METRICS = [("mean", name) for name in MEASURES] + [("proportion", name) for name in MEASURES[:4]]
SUMS = ["fct_assignment_cell", "fct_experiment_shift", "fct_active_sum", "fct_experiment_cell",
        "fct_experiment_sum"]  # fmt: skip
FROM_EXPOSURES = ["fct_assignment", "dim_metric_window", "fct_unit_total", *SUMS]
FROM_TOTALS = SUMS[1:]
EACH_ALONE = [f"usual_{n}" for n in range(len(METRICS))]
EXPERIMENT = """
insert into core.dim_trial values
    ('exp', 'person', date '2026-03-01', date '2026-03-28', 14, 14, false);
insert into core.dim_experiment_variation values
    ('exp', 'a', 'A', 0.5, true, 0), ('exp', 'b', 'B', 0.5, false, 1);
insert into core.dim_experiment_look values ('exp', 1, date '2026-05-01', 1, true);
"""
EXPOSURES = """
create table core.fct_exposure as
select
    'exp' as experiment_id, if(hash(i % {units}) % 2 = 0, 'a', 'b') as variation_id,
    'person' as unit_type, 'u' || (i % {units}) as unit_id,
    date '2026-03-01' + (hash(i) % 27)::integer as exposed_on,
    exposed_on + to_seconds((hash(i + 1) % 86400)::integer) as exposed_at, true as is_countable
from range({exposures}) r(i)
"""
DAYS = """
create table core.fct_unit_day as
select
    'person' as unit_type, 'u' || u as unit_id, date '2026-02-14' + d::integer as activity_on,
    1::bigint as active_days, (hash(u * 97 + d) % 9)::bigint as value_events,
    (hash(u * 91 + d) % 4)::bigint as features, (hash(u * 7 + d) % 3)::bigint as sessions,
    (hash(u * 5 + d) % 900)::bigint as session_seconds,
    (hash(u * 3 + d) % 50 = 0)::bigint as tickets
from range({active}) a(u), range(42) b(d)
order by unit_id -- as the model leaves them
"""
TOTALS = """
insert into core.dim_metric_window values (1, 'exp', 0, 13, 14, date '2026-03-14');
insert into core.fct_unit_total
select
    1, 'exp', 0, 13, 'u' || u, hash(u) % 2, hash(u + 7) % 100, false,
    date '2026-03-01' + (hash(u) % 27)::integer, hash(u) % 27 < 13, {measures}
from range({units}) r(u)
order by hash(u + 7) % 100; -- as the model leaves them
insert into core.fct_assignment_cell
select experiment_id, arm_no, bucket, is_crossover, first_exposed_on, count(*)
from core.fct_unit_total group by all;
"""


@dataclass(frozen=True)
class Spent:
    """CPU seconds and the largest memory of one process, and what it found."""

    cpu: float
    peak_mb: float
    steps: dict[str, float]
    answer: list[list[Any]]


def declared(connection: duckdb.DuckDBPyConnection, manifest: Any, tables: Sequence[str]) -> None:
    """Empty tables as their models declare them."""
    models = {n.name: n for n in manifest.nodes.values() if n.resource_type == "model"}
    for table in tables:
        columns = ", ".join(f"{c.name} {c.data_type}" for c in models[table].columns.values())
        connection.execute(f"create table core.{table} ({columns})")


def experiment(connection: duckdb.DuckDBPyConnection, manifest: Any) -> None:
    """One experiment with ten metrics, over 14 days after and before the first exposure."""
    connection.execute("create schema core")
    declared(connection, manifest, [
        "dim_trial", "dim_experiment", "dim_experiment_variation", "dim_experiment_look",
        "bridge_experiment_metric", "fct_experiment_cap", "fct_person_day", "fct_unit_use",
    ])  # fmt: skip
    connection.execute(EXPERIMENT)
    for number, (kind, measure) in enumerate(METRICS):
        role = "secondary" if number else "primary"
        row = ["exp", f"m{number}", role, "increase", kind, measure, None, 0, 13, None, None]
        connection.execute(f"insert into core.bridge_experiment_metric values ({'?,' * 10}?)", row)


def compiled(folder: Path, models: Sequence[str]) -> None:
    """Has dbt compile models on the tables that are there, into the folder's target."""
    warehouse = Warehouse(folder / "warehouse.duckdb", folder / "lake", folder / "target")
    with redirect_stdout(StringIO()):  # dbt prints what it compiles
        warehouse.run("compile", select=models)


def naive_sums() -> str:
    """Sums, squares and products per arm and bucket of a table of units, and nothing else."""
    sums = []
    for kind, measure in METRICS:
        y, x = (
            f"case when {measure}_{side} > 0 then 1::double else 0::double end"
            if kind == "proportion" else f"{measure}_{side}" for side in ("after", "before")
        )  # fmt: skip
        sums += [f"sum({v})" for v in (y, x)]
        sums += [f"sum(({a}) * ({b}))" for a, b in ((y, y), (x, x), (y, x))]
    keys = "experiment_id, arm_no, bucket, is_crossover, is_early"
    return f"select {keys}, count(*), {', '.join(sums)} from core.fct_unit_total group by {keys}"


def measured(folder: Path, steps: Sequence[str], limit: str = "") -> Spent:
    """Runs models (or `usual`, `usual_0`.., `naive`) in a process of their own, with 2 threads."""
    words = [sys.executable, "-m", "tests.bench.experiment_sums", str(folder), limit, *steps]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return Spent(**json.loads(said))


def least(times: int, folder: Path, steps: Sequence[str], limit: str = "") -> Spent:
    """The run of several that took least: others on the machine only ever add to it."""
    runs = [measured(folder, steps, limit) for _ in range(times)]
    return min(runs, key=lambda spent: spent.cpu)


def _run(folder: Path, limit: str, steps: Sequence[str]) -> Spent:
    sql = folder / "target" / "compiled" / "productops" / "models" / "core"
    named = {"usual": usual_query(METRICS), "naive": naive_sums()}
    named |= {f"usual_{n}": usual_query([metric]) for n, metric in enumerate(METRICS)}
    took: dict[str, float] = {}
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("set threads = 2; set preserve_insertion_order = false")
        if limit:
            connection.execute(f"set memory_limit = '{limit}'")
        answer: list[Any] = []
        for step in steps:
            before = time.process_time()
            if step in named:
                answer = connection.execute(named[step]).fetchall()
            else:
                connection.execute(f"create or replace table core.{step} as "
                                   + (sql / f"{step}.sql").read_text())  # fmt: skip
            took[step] = took.get(step, 0.0) + time.process_time() - before
    # Not `ru_maxrss`: that begins at what the process had that started this one.
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    return Spent(sum(took.values()), peak, took, [list(row) for row in answer])


if __name__ == "__main__":
    print(json.dumps(asdict(_run(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))))
