"""The warehouse of a random company with experiments, and its models' own SQL on other rows.

Belongs here: building it once and asking it. Does not belong here: what should come out.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path

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
