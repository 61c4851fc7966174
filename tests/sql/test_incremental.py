"""However deliveries come in, the tables end up the same.

Step by step equals a full refresh, for every incremental model that the project has; and the
order, the grouping and the repetition of deliveries don't matter.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .fixture_lake import FixtureLake, Warehouse, parse_project
from .usage_world import ORG_ZONE, Delivery, Step, history

# They describe a build or a delivery, not the world.
OF_A_BUILD = {"int_usage__touched_date", "fct_rewritten_date"}
OF_DELIVERIES = {"fct_batch", "dim_contract"}
SELECT = ["+marts.usage", "+config.materialized:incremental"]
# Views stay as they are in a warehouse; making them again only costs time here.
VIEWS = ["config.materialized:view"]


def models() -> list:
    return [n for n in parse_project().nodes.values() if n.resource_type == "model"]


def incremental_models() -> list[str]:
    return sorted(n.name for n in models() if n.config.materialized == "incremental")


def tables() -> dict[str, str]:
    """Tables that must not depend on how they were built, by name."""
    wanted = {"core", "marts", "intermediate"}
    return {
        n.name: f"{n.schema}.{n.name}"
        for n in models()
        if n.schema in wanted and n.name not in OF_A_BUILD and n.config.materialized != "view"
    }


def contents(warehouse: Warehouse, skip: set[str] = frozenset()) -> dict[str, list[tuple]]:
    built = {f"{s}.{t}" for s, t in warehouse.query("select table_schema, table_name from information_schema.tables")}
    return {
        name: warehouse.rows(table)
        for name, table in tables().items()
        if table in built and name not in skip
    }


def differences(left: dict[str, list[tuple]], right: dict[str, list[tuple]]) -> dict[str, list]:
    """Some of the rows that only one side has, by table."""
    return {
        name: [sorted(set(left[name]) - set(right[name]), key=str)[:2],
               sorted(set(right[name]) - set(left[name]), key=str)[:2]]
        for name in left
        if left[name] != right[name]
    }  # fmt: skip


class Sequence:
    """One lake and one warehouse that grow step by step, beside a full refresh of the same lake."""

    def __init__(self, folder: Path, first: Step) -> None:
        self.lake = FixtureLake(folder / "lake")
        self.grown = Warehouse(folder / "grown" / "warehouse.duckdb", self.lake, folder / "target")
        self.fresh = Warehouse(folder / "fresh" / "warehouse.duckdb", self.lake, folder / "target")
        first.apply(self.lake)
        self.grown.run("build", select=SELECT, exclude=["test_type:unit"], org_time_zone=ORG_ZONE)
        self.fresh.path.parent.mkdir()
        shutil.copy(self.grown.path, self.fresh.path)

    def take(self, step: Step) -> dict[str, list]:
        touched = step.apply(self.lake)
        self.build(touched)
        self.fresh.run(select=SELECT, exclude=VIEWS, full_refresh=True, org_time_zone=ORG_ZONE)
        return differences(contents(self.grown), contents(self.fresh))

    def build(self, touched: list[str]) -> None:
        self.grown.run(select=SELECT, exclude=VIEWS, touched=touched, org_time_zone=ORG_ZONE)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sequence, dict[str, dict]]]:
    """A history built in steps; what differed from a full refresh after each."""
    first, *later = history(3, days=50, per_day=8)
    sequence = Sequence(tmp_path_factory.mktemp("grown"), first)
    yield sequence, {step.name: sequence.take(step) for step in later}


def test_every_step_equals_a_full_refresh(grown: tuple[Sequence, dict[str, dict]]) -> None:
    _, found = grown
    assert found == {name: {} for name in found}
    assert len(found) == 7


@pytest.mark.parametrize("model", incremental_models())
def test_every_incremental_model_was_compared(grown, model: str) -> None:
    sequence, _ = grown
    assert len(contents(sequence.grown)[model]) > 50
