"""What one dbt run costs, node by node, in a process of its own.

Belongs here: running dbt as a build does and reading the CPU clock at the start and the end of
each node. Does not belong here: which lake, which limits (bench_marts.py).

One node runs at a time, so that the process's CPU time between a node's start and its end is the
node's, with all of DuckDB's threads in it. What comes before the first node is dbt's own start.

    python -m tests.bench.dbt_costs dbt|script <order as JSON>
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Hooks, which bring copies of the lake up to date, are work like any model.
MARKS = ("NodeStart", "NodeFinished", "LogHookStartLine", "LogHookEndLine")
NO_TESTS = ("resource_type:test", "resource_type:unit_test")


@dataclass(frozen=True)
class Order:
    """One run of dbt: its command and everything that it is told."""

    warehouse: str
    lake: str
    target: str
    settings: Mapping[str, Any]
    command: str = "build"
    select: Sequence[str] = ()
    exclude: Sequence[str] = NO_TESTS
    full_refresh: bool = False
    memory_limit: str = "2GB"


@dataclass(frozen=True)
class Costs:
    """CPU seconds of dbt's start and of each node, and the largest memory."""

    start: float
    nodes: Mapping[str, float]
    rest: float
    peak_mb: float

    @property
    def work(self) -> float:
        """CPU seconds beyond dbt's own start."""
        return sum(self.nodes.values()) + self.rest

    def of(self, kind: str) -> dict[str, float]:
        """Nodes of one kind (model, test, seed), the most expensive ones first."""
        found = {name.split(".")[-1] if kind != "test" else name.split(".")[2]: cost
                 for name, cost in self.nodes.items() if name.startswith(f"{kind}.")}  # fmt: skip
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def run_dbt(order: Order) -> Costs:
    """Runs dbt in a fresh process.

    Raises:
        RuntimeError: If a node failed, with what dbt said.
    """
    return _in_fresh_process(order, "dbt")


def _in_fresh_process(order: Order, what: str) -> Costs:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.dbt_costs", what, json.dumps(asdict(order))],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"),
             "PYTHONPATH": str(ROOT), "PRODUCTOPS_WAREHOUSE": order.warehouse,
             "PRODUCTOPS_MEMORY_LIMIT": order.memory_limit, "PRODUCTOPS_DBT_THREADS": "1",
             "PRODUCTOPS_BUILD": json.dumps({"lake_path": order.lake, **order.settings}),
             "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_LOG_LEVEL_FILE": "none"},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return Costs(**json.loads(done.stdout.splitlines()[-1]))


def words_of(order: Order) -> list[str]:
    """What dbt is told on its command line."""
    project = str(ROOT / "dbt_project")
    words = [order.command, "--project-dir", project, "--profiles-dir", project, "--quiet",
             "--target-path", order.target, "--log-path", order.target]  # fmt: skip
    for option, values in (("--select", order.select), ("--exclude", order.exclude)):
        words += [option, *values] if values else []
    return [*words, "--full-refresh"] if order.full_refresh else words


def _measure(order: Order) -> Costs:
    import time

    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    marks: dict[str, list[float]] = {}

    def note(event: Any) -> None:
        if event.info.name in MARKS:
            node = event.data.node_info.unique_id
            marks.setdefault(node, []).append(time.process_time())

    result = dbtRunner(callbacks=[note]).invoke(words_of(order))
    ran: Any = result.result  # its type depends on the command
    # What is still to be put into the file belongs to the build, too.
    DuckDBConnectionManager.close_all_connections()
    if not result.success:
        bad = [f"{run.node.name}: {run.message}" for run in ran or ()
               if str(run.status) in ("error", "fail", "runtime error")]  # fmt: skip
        raise SystemExit(f"{result.exception or ''}\n" + "\n".join(bad))
    last = time.process_time()
    script = [(run.node.relation_name, *_statement(run.node)) for run in ran
              if run.node.resource_type in ("model", "seed")]  # fmt: skip
    Path(order.target, "script.json").write_text(json.dumps(script))
    first = min((times[0] for times in marks.values()), default=last)
    nodes = {node: times[-1] - times[0] for node, times in marks.items()}
    return Costs(first, nodes, last - first - sum(nodes.values()), peak_mb())


def _statement(node: Any) -> tuple[str, str]:
    """What DuckDB alone would be told instead."""
    if node.resource_type == "seed":
        path = ROOT / "dbt_project" / node.original_file_path
        return "table", f"select * from read_csv('{path}', all_varchar = true)"
    return "view" if node.config.materialized == "view" else "table", node.compiled_code


def run_script(order: Order) -> Costs:
    """The SQL that dbt last compiled, run in its order by DuckDB alone in a fresh process."""
    return _in_fresh_process(order, "script")


def _measure_script(order: Order) -> Costs:
    import time

    import duckdb

    from orchestration.lib.warehouse_functions import register

    script = json.loads(Path(order.target, "script.json").read_text())
    first = time.process_time()
    costs: dict[str, float] = {}
    with duckdb.connect(order.warehouse) as connection:
        connection.execute(f"set memory_limit = '{order.memory_limit}'; set TimeZone = 'UTC'")
        connection.execute("set parquet_metadata_cache = true")
        register(connection)
        for schema in ("staging", "intermediate", "core", "marts"):
            connection.execute(f"create schema {schema}")
        for name, kind, sql in script:
            before = time.process_time()
            connection.execute(f"create {kind} {name} as {sql}")
            costs[f"model.productops.{name.split('.')[-1].strip(chr(34))}"] = (
                time.process_time() - before
            )
    last = time.process_time()
    return Costs(first, costs, last - first - sum(costs.values()), peak_mb())


def peak_mb() -> float:
    """The most memory that this process has held, in megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (peak,) = (line for line in lines if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


if __name__ == "__main__":
    measure = {"dbt": _measure, "script": _measure_script}[sys.argv[1]]
    print(json.dumps(asdict(measure(Order(**json.loads(sys.argv[2]))))))
