"""From exposures and days of units to the sums of an experiment, beside the usual query for it.

Belongs here: tables of a large experiment, and running the SQL that dbt compiles on them. Does not
belong here: limits (bench_experiments.py).

The usual query is what tools send that compute experiments in a warehouse: a chain of CTEs from
exposures to users, facts joined to them, sums per user, and then sums and sums of squares per
variation. It drops users who saw both variations, keeps no buckets and does not centre anything.
"""

from __future__ import annotations

import json
import resource
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

from tests.sql.fixture_lake import Warehouse

MEASURES = ("active_days", "value_events", "features", "sessions", "session_seconds", "tickets")
# Six means and four shares of units: ten metrics of ten shapes.
METRICS = [("mean", name) for name in MEASURES] + [("proportion", name) for name in MEASURES[:4]]
SUMS = ["fct_assignment_cell", "fct_experiment_shift", "fct_active_sum", "fct_experiment_cell",
        "fct_experiment_sum"]  # fmt: skip
FROM_EXPOSURES = ["fct_assignment", "dim_metric_window", "fct_unit_total", *SUMS]
FROM_TOTALS = SUMS[1:]
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
"""
TOTALS = """
insert into core.dim_metric_window values (1, 'exp', 0, 13, 14, date '2026-03-14');
insert into core.fct_unit_total
select
    1, 'exp', 0, 13, 'u' || u, hash(u) % 2, hash(u + 7) % 100, false,
    date '2026-03-01' + (hash(u) % 27)::integer, hash(u) % 27 < 13, {measures}
from range({units}) r(u);
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


def usual_query() -> str:
    """Sums of ten metrics as the usual query makes them."""
    listed = list(enumerate(METRICS))
    day = "facts.activity_on - users.first_on"
    users, values, sums = [], [], []
    for n, (kind, measure) in listed:
        for side, days in (("y", "between 0 and 13"), ("x", "between -14 and -1")):
            users.append(f"sum(case when {day} {days} then {measure} else 0 end) as {side}{n}")
            raw = f"coalesce({side}{n}, 0)"
            flag = f"case when {raw} > 0 then 1 else 0 end"
            values.append(f"cast({flag if kind == 'proportion' else raw} as double) as {side}{n}")
            sums.append(f"sum({side}{n}), sum(power({side}{n}, 2))")
        sums.append(f"sum(y{n} * x{n})")
    return f"""
    with exposures as (
        select unit_id, variation_id, exposed_at, exposed_on from core.fct_exposure
        where experiment_id = 'exp' and exposed_on between date '2026-03-01' and date '2026-03-28'
    ), users as (
        select unit_id, min(exposed_on) as first_on, min(exposed_at) as first_at,
            case when count(distinct variation_id) > 1 then '__multiple__'
                else max(variation_id) end as variation
        from exposures group by unit_id
    ), user_sums as (
        select users.variation, users.unit_id, {", ".join(users)}
        from users left join core.fct_unit_day as facts on facts.unit_id = users.unit_id
            and facts.activity_on between users.first_on - 14 and users.first_on + 13
        group by users.variation, users.unit_id
    ), user_values as (select variation, unit_id, {", ".join(values)} from user_sums)
    select variation, count(*), {", ".join(sums)} from user_values
    where variation <> '__multiple__' group by variation order by variation
    """


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
    """Runs models (or `usual`, `naive`) in a process of their own, with 2 threads."""
    words = [sys.executable, "-m", "tests.bench.experiment_sums", str(folder), limit, *steps]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return Spent(**json.loads(said))


def _run(folder: Path, limit: str, steps: Sequence[str]) -> Spent:
    sql = folder / "target" / "compiled" / "productops" / "models" / "core"
    named = {"usual": usual_query(), "naive": naive_sums()}
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
            elif step == "fct_unit_value":
                connection.execute(f"create or replace view core.{step} as "
                                   + (sql / f"{step}.sql").read_text())  # fmt: skip
            else:
                connection.execute(f"create or replace table core.{step} as "
                                   + (sql / f"{step}.sql").read_text())  # fmt: skip
            took[step] = took.get(step, 0.0) + time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Spent(sum(took.values()), peak, took, [list(row) for row in answer])


if __name__ == "__main__":
    print(json.dumps(asdict(_run(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))))
