"""However deliveries come in, the tables end up the same.

Step by step equals a full refresh, for every incremental model that the project has; and the
order, the grouping and the repetition of deliveries don't matter.
"""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from .fixture_lake import FixtureLake, Warehouse
from .project import parse_project
from .usage_world import DAY, FIRST, ORG_ZONE, Delivery, Step, World, decided_anew, history

# Low enough that somebody is taken for a program now and then.
SETTINGS = {"org_time_zone": ORG_ZONE, "id_day_event_limit": 3}
RARE = {"int_usage__rapid_id": 5, "fct_exposure_event": 5, "fct_feature_week": 30}
# They describe a build or a delivery, not the world.
OF_A_BUILD = {
    "int_usage__touched_date", "int_usage__moved_day", "int_usage__touched_person",
    "int_usage__left_start", "int_identity__moved_alias",
    "fct_rewritten_date", "fct_rewritten_week", "fct_rewritten_start",
    "fct_funnel_event", "fct_funnel_attempt", "fct_funnel_attempt_end",
}  # fmt: skip
OF_DELIVERIES = {"fct_batch", "dim_contract"}
# Columns that tell when a delivery came, and tables of the order in which they came.
OF_LOADING = ("known_at", "loaded_at")
OF_AN_ORDER = {"int_identity__user_history", "int_identity__state", "int_identity__change",
               "fct_identity_change", "identity_change__event"}  # fmt: skip
SELECT = [
    "+marts.usage",
    "+config.materialized:incremental",
    "+identity_change__event",
]


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


def contents(warehouse: Warehouse, columns: str = "*") -> dict[str, list[tuple]]:
    built = {
        f"{s}.{t}"
        for s, t in warehouse.query(
            "select table_schema, table_name from information_schema.tables"
        )
    }
    return {
        name: warehouse.rows(table, columns)
        for name, table in tables().items()
        if table in built and name not in OF_DELIVERIES
    }


def whatever_the_order(warehouse: Warehouse) -> dict[str, list[tuple]]:
    """What must not depend on the order in which deliveries came."""
    found = contents(warehouse, f"columns(lambda name: name not in {OF_LOADING})")
    return {name: rows for name, rows in found.items() if name not in OF_AN_ORDER}


def differences(left: dict[str, list[tuple]], right: dict[str, list[tuple]]) -> dict[str, list]:
    """Some of the rows that only one side has, by table."""
    return {
        name: [sorted(set(left[name]) - set(right[name]), key=str)[:2],
               sorted(set(right[name]) - set(left[name]), key=str)[:2]]
        for name in left
        if left[name] != right[name]
    }  # fmt: skip


class Growing:
    """One lake and one warehouse that grow step by step; a full refresh of the same lake beside."""

    def __init__(self, folder: Path, first: Step, select: list[str] = SELECT) -> None:
        self.select = select
        self.lake = FixtureLake(folder / "lake")
        self.grown = Warehouse(folder / "grown" / "warehouse.duckdb", self.lake, folder / "target")
        self.fresh = Warehouse(folder / "fresh" / "warehouse.duckdb", self.lake, folder / "target")
        first.apply(self.lake)
        build(self.grown, select)
        self.fresh.path.parent.mkdir()
        shutil.copy(self.grown.path, self.fresh.path)

    def take(self, step: Step) -> None:
        touched, over = step.apply(self.lake), self.is_started_over(step)
        self.grown.run(select=self.select, touched=touched, full_refresh=over, **SETTINGS)

    def is_started_over(self, step: Step) -> bool:
        """Whether a build starts over for such a step, by the contract's own word."""
        contracts = [self.lake.contracts[delivery.contract] for delivery in step.deliveries]
        return any(contract.get("full_refresh_on_change") for contract in contracts)

    def difference(self) -> dict[str, list]:
        self.fresh.run(select=self.select, full_refresh=True, **SETTINGS)
        return differences(contents(self.grown), contents(self.fresh))


def build(warehouse: Warehouse, select: list[str] = SELECT) -> None:
    warehouse.run("build", select=select, exclude=["resource_type:test", "resource_type:unit_test"],
                  **SETTINGS)  # fmt: skip


def lone() -> Delivery:
    """A use weeks before any other: once it is withdrawn, its weeks have none at all."""
    use = World(1).event(
        FIRST - 30 * DAY, event_id="lone", event_name="Export", user_id="u00", group_id="a1",
        user_agent=None, event_type="track", is_active=None,
    )  # fmt: skip
    return Delivery("lone", "usage_events", "segment", [use])


@dataclass(frozen=True)
class Grown:
    """What a history that was built in steps left behind."""

    deliveries: list[Delivery]
    tables: dict[str, list[tuple]]
    timeless: dict[str, list[tuple]]
    differences: dict[str, dict[str, list]]


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Grown:
    base, day, late, revised, shared, merge, _, hired, plans = history(3, per_day=8)
    early = lone()
    growing = Growing(tmp_path_factory.mktemp("grown"), base + Step("early", [early]))
    growing.take(day + late + revised + Step("not early", withdrawn=[early]))
    found = {"events": growing.difference()}
    anew = [step for step in decided_anew() if not growing.is_started_over(step)]
    assert anew
    for step in (shared + merge, hired, sum(anew, plans)):
        growing.take(step)
    found["people, accounts, decisions"] = growing.difference()
    steps = (base, day, late, revised, shared, merge, hired, plans, *anew)
    deliveries = [d for step in steps for d in step.deliveries]
    last = growing.grown
    return Grown(deliveries, contents(last), whatever_the_order(last), found)


def test_steps_equal_a_full_refresh(grown: Grown) -> None:
    assert grown.differences == {"events": {}, "people, accounts, decisions": {}}


@pytest.mark.parametrize("model", incremental_models())
def test_every_incremental_model_was_compared(grown: Grown, model: str) -> None:
    assert len(grown.tables[model]) > RARE.get(model, 50)


@pytest.mark.slow
def test_one_batch_equals_many(grown: Grown, tmp_path: Path) -> None:
    together: dict[tuple[str, str], list] = {}
    for delivery in grown.deliveries:
        together.setdefault((delivery.contract, delivery.source), []).extend(delivery.rows)
    parts = [Delivery(f"all-{c}", c, source, rows) for (c, source), rows in together.items()]
    assert differences(grown.timeless, built_from(parts, tmp_path)) == {}


def test_shuffled_and_repeated_deliveries_change_nothing(grown: Grown, tmp_path: Path) -> None:
    draw = random.Random(5)
    deliveries = grown.deliveries
    again = [Delivery(f"{d.name}-again", d.contract, d.source, d.rows) for d in deliveries]
    shuffled = [*deliveries, *again]
    draw.shuffle(shuffled)
    for delivery in shuffled:
        draw.shuffle(delivery.rows)
    assert differences(grown.timeless, built_from(shuffled, tmp_path)) == {}


def built_from(deliveries: list[Delivery], folder: Path) -> dict[str, list[tuple]]:
    lake = FixtureLake(folder / "lake")
    for delivery in deliveries:
        delivery.land(lake)
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target")
    build(warehouse)
    return whatever_the_order(warehouse)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20, 26))
def test_after_each_step_equals_a_full_refresh(seed: int, tmp_path: Path) -> None:
    first, *later = history(seed)
    draw = random.Random(seed)
    *later, withdrawn, hired, plans = later
    draw.shuffle(later)
    growing = Growing(tmp_path, first)
    for step in [*later, withdrawn, hired, plans, *decided_anew()]:
        growing.take(step)
        assert growing.difference() == {}, step.name
