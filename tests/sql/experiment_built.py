"""The warehouse of a random company with experiments, and its models' own SQL on other rows.

Belongs here: building it once and asking it. Does not belong here: what should come out.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from orchestration.lib.experiment_functions import register

from .conftest import NO_CHECKS
from .experiment_company import Company
from .experiment_oracle import ExperimentOracle
from .fixture_lake import FixtureLake, Warehouse

ORG_ZONE = "America/New_York"
AS_OF = dt.datetime(2026, 6, 30, 12)


@dataclass(frozen=True)
class Built:
    """A warehouse, the SQL of its models as it ran, and what it should hold."""

    warehouse: Warehouse
    models: dict[str, str]
    company: Company
    oracle: ExperimentOracle

    def run(self, model: str, threads: int = 1, **tables: str) -> list[dict]:
        """A model's own SQL on other rows: `tables` are queries, by the name of their table."""
        database, _, _ = re.findall(r'"(\w+)"\."(\w+)"\."(\w+)"', self.models[model])[0]
        with duckdb.connect(config={"threads": threads}) as db:
            register(db)
            db.execute(f"attach ':memory:' as \"{database}\"")
            for name, query in tables.items():
                db.execute(f'create schema if not exists "{database}".core')
                db.execute(f'create table "{database}".core.{name} as {query}')
            return named(db.execute(self.models[model]))

    def again(self, target: str, threads: int = 1, **tables: str) -> list[dict]:
        """A table built again on a copy, after others were replaced by queries, in their order."""
        with TemporaryDirectory() as folder:
            path = shutil.copy(self.warehouse.path, folder)
            with duckdb.connect(str(path), config={"threads": threads}) as db:
                for name, query in tables.items():
                    db.execute(f"create or replace table core.{name} as {query}")
                stored = {
                    row[0]
                    for row in db.execute("select table_name from duckdb_tables()").fetchall()
                }
                # A view follows by itself.
                for name in self._between(set(tables), target):
                    if name in stored:
                        db.execute(f"create or replace table core.{name} as {self.models[name]}")
                return named(db.execute(f"from core.{target}"))

    def _between(self, changed: set[str], target: str) -> list[str]:
        """Models from the changed ones on to the target, in the order of building."""
        order: list[str] = []

        def follows(name: str) -> bool:
            if name in changed or name in order:
                return True
            found = set(re.findall(r'"core"\."(\w+)"', self.models.get(name, ""))) - {name}
            # All parents are visited, so that each is in the order before what follows it.
            if is_new := sum(follows(parent) for parent in sorted(found)) > 0:
                order.append(name)
            return is_new

        follows(target)
        return order

    def published(self, experiment: str, metric: str, estimator: str) -> dict:
        """The row of the latest readout of an experiment with two arms."""
        return self.rows(
            "select * from marts.experiment_readout__metric_arm where is_latest and "
            f"(experiment_id, metric_id, estimator) = ('{experiment}', '{metric}', '{estimator}')"
        )[0]

    def arms(self, experiment: str, metric: str) -> list[dict]:
        """The published sums of its arms, the control first."""
        return self.rows(
            "select * from marts.experiment_sum__metric_arm "
            f"where (experiment_id, metric_id, basis) = ('{experiment}', '{metric}', 'main') "
            "order by is_control desc"
        )

    def rows(self, sql: str) -> list[dict]:
        """Rows of a query on the warehouse, by column."""
        with duckdb.connect(str(self.warehouse.path), read_only=True) as db:
            return named(db.execute(sql))


def named(found: duckdb.DuckDBPyConnection) -> list[dict]:
    """What was found, each row by column."""
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def build(folder: Path, seed: int) -> Built:
    company, lake = Company(seed), FixtureLake(folder / "lake")
    company.land(lake)
    settings = {"org_time_zone": ORG_ZONE}
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target", settings)
    done = warehouse.run("build", select=["+marts.experiments"], exclude=NO_CHECKS)
    models = {one.node.name: one.node.compiled_code for one in done.result.results
              if one.node.resource_type == "model"}  # fmt: skip
    oracle = ExperimentOracle(company.rows, org_zone=ORG_ZONE, as_of=AS_OF)
    return Built(warehouse, models, company, oracle)
