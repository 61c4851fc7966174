"""Models built once by dbt and run again and again on other rows, for tests that try many worlds.

Belongs here: taking the SQL that dbt compiled and running it in the same order. Does not belong
here: rows, truths.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from .fixture_lake import FixtureLake, Row, Warehouse
from .project import parse_project

Rows = Mapping[tuple[str, str], Sequence[Row]]
NO_CHECKS = ["resource_type:test", "resource_type:unit_test"]


class Replay:
    """What dbt builds for a selection, from an empty lake; then the same SQL on any rows.

    Rows of `always` are there from the first, because some SQL is written from them. Models that
    read none of the contracts that change, and incremental ones, keep their first tables.
    """

    def __init__(
        self, folder: Path, select: Sequence[str], contracts: Sequence[str], always: Rows
    ) -> None:
        self.folder, self.contracts, self.always = folder, tuple(contracts), always
        self.lake = FixtureLake(folder / "lake")
        for (contract, source), found in always.items():
            self.lake.add(contract, found, source=source)
        # Written for rows that come in several versions, although none has come yet.
        for name in contracts:
            self.lake.add(name, [], source="nobody")
            self.lake.batches[-1]["rows_revision"] = 1
        self.lake.save()
        self.warehouse = Warehouse(folder / "warehouse.duckdb", self.lake, folder / "target")
        result = self.warehouse.run("build", select=select, exclude=NO_CHECKS)
        runs = [run.node for run in result.result if run.node.resource_type == "model"]
        touched = {f"source.productops.lake.{name}" for name in contracts}
        self.models: list[tuple[str, str]] = []
        for node in runs:
            if touched & set(node.depends_on.nodes):
                touched.add(node.unique_id)
                if node.config.materialized == "table":
                    self.models.append((node.relation_name, node.compiled_code))

    def build(self, rows: Rows) -> None:
        """Builds the models on these rows alone."""
        for name in self.contracts:
            for old in (self.folder / "lake" / "bronze" / name).glob("source=*"):
                shutil.rmtree(old)
        self.lake.batches.clear()
        self.lake._seen.clear()
        for (contract, source), found in {**self.always, **rows}.items():
            self.lake.add(contract, found, source=source)
        self.lake.save()
        with duckdb.connect(str(self.warehouse.path)) as connection:
            for relation, sql in self.models:
                connection.execute(f"create or replace table {relation} as {sql}")

    def failed_checks(self, models: Sequence[str], changes: Sequence[str]) -> tuple[set, set]:
        """Runs SQL that harms the models; names of their checks that fail then, and of all."""
        with duckdb.connect(str(self.warehouse.path)) as connection:
            for change in changes:
                connection.execute(change)
        checks = {
            node.name: node.unique_id
            for node in parse_project().nodes.values()
            if node.resource_type == "test"
            and {f"model.productops.{name}" for name in models} & set(node.depends_on.nodes)
        }
        try:
            self.warehouse.run("test", select=models)
        except AssertionError as told:
            return {name for name in checks if name in str(told)}, set(checks)
        return set(), set(checks)
