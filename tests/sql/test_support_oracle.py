"""The support marts against an oracle in plain Python, over random tickets."""

from __future__ import annotations

import copy
import datetime as dt
from pathlib import Path

import pytest

from .fixture_lake import FixtureLake, Warehouse
from .support_counts import contact_rows, load_rows, rounded, waiting_median
from .support_oracle import SupportOracle
from .support_tickets import AS_OF
from .support_world import ORG_ZONE, World, random_world

MARTS = {"support_load__queue_day": load_rows, "contact_rate__feature_week": contact_rows}
CHECKED = [
    "fct_ticket",
    "fct_ticket_status",
    "marts.support",
    "int_support__clock",
    "int_support__rating",
]


def build(folder: Path, world: World, seed: int | None = None) -> Warehouse:
    lake = FixtureLake(folder / "lake")
    world.land(lake, seed)
    settings = {"org_time_zone": ORG_ZONE, "as_of_at": f"{AS_OF:%Y-%m-%d %H:%M:%S}"}
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target", settings)
    warehouse.run(
        "build",
        select=["+marts.support", "+reconciliation__source_day"],
        exclude=["resource_type:test", "resource_type:unit_test"],
    )
    return warehouse


def found_in(warehouse: Warehouse, mart: str) -> set[tuple]:
    return {rounded(row[:-1]) for row in warehouse.rows(f"marts.{mart}")}


def expected(world: World) -> SupportOracle:
    return SupportOracle(world.rows, org_zone=ORG_ZONE, as_of=AS_OF)


@pytest.fixture(scope="module")
def world() -> World:
    return random_world(5)


@pytest.fixture(scope="module")
def built(world: World, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return build(tmp_path_factory.mktemp("support"), world)


@pytest.mark.parametrize("mart", MARTS)
def test_equals_the_oracle(built: Warehouse, world: World, mart: str) -> None:
    found, wanted = found_in(built, mart), MARTS[mart](expected(world))
    assert len(wanted) > 15
    assert sorted(found - wanted, key=str)[:4] == sorted(wanted - found, key=str)[:4]
    assert len(built.rows(f"marts.{mart}")) == len(wanted)


TICKET = (
    "source, ticket_id, status, reply_count, first_solved_at, solved_at, "
    "full_resolution_business_seconds"
)


def tickets_of(oracle: SupportOracle) -> set[tuple]:
    """Resolutions and their business hours, ticket by ticket."""
    rows = set()
    for ticket in oracle.tickets:
        first = min((at for at, kind in ticket.changes if kind == "solved"), default=None)
        hours = ticket.open_seconds(ticket.solved_at) if ticket.solved_at else None
        rows.add((*ticket.key, ticket.status, ticket.reply_count, first, ticket.solved_at, hours))
    return rows


def test_tickets_equal_the_oracle(built: Warehouse, world: World) -> None:
    assert set(built.query(f"select {TICKET} from core.fct_ticket")) == tickets_of(expected(world))


def test_own_checks_pass(built: Warehouse) -> None:
    built.run("test", select=CHECKED, exclude=["resource_type:unit_test"])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60, 66))
def test_other_companies_equal_the_oracle(seed: int, tmp_path: Path) -> None:
    world = random_world(seed, tickets=260)
    warehouse = build(tmp_path, world)
    for mart, count in MARTS.items():
        assert found_in(warehouse, mart) == count(expected(world)), mart


def test_order_and_repetition_of_deliveries_change_nothing(
    built: Warehouse, world: World, tmp_path: Path
) -> None:
    shuffled = build(tmp_path, world, seed=3)
    for table in ["core.fct_ticket", *(f"marts.{mart}" for mart in MARTS)]:
        assert shuffled.rows(table) == built.rows(table), table


@pytest.mark.parametrize(
    "spoil",
    [
        lambda rows: rows["ticket_events"].pop(
            next(
                n
                for n, e in enumerate(rows["ticket_events"])
                if (e.get("previous_value"), e.get("value")) == ("solved", "open")
            )
        ),
        lambda rows: rows["holidays"].clear(),
        lambda rows: rows["exclusions"].pop(),
        lambda rows: [
            m.update(is_public=True)
            for m in rows["ticket_messages"]
            if m["author_ref"] in ("900", "901")
        ],
    ],
)
def test_the_oracle_is_no_yes_man(built: Warehouse, world: World, spoil) -> None:
    other = World(copy.deepcopy(world.rows))
    spoil(other.rows)
    oracle = expected(other)
    found = (
        found_in(built, "support_load__queue_day"),
        set(built.query(f"select {TICKET} from core.fct_ticket")),
    )
    assert found != (load_rows(oracle), tickets_of(oracle))


@pytest.mark.parametrize(
    ("cases", "middle"),
    [
        ([(3, True), (1, True), (8, True)], 3),
        ([(1, True), (3, True)], 2),
        ([], None),
        ([(5, False)], None),
        ([(1, True), (2, False), (3, True), (4, False)], 3),
        ([(1, True), (2, False), (9, False)], None),
    ],
)
def test_waiting_median_by_hand(cases: list, middle: float | None) -> None:
    assert waiting_median(cases) == middle


def test_days_of_the_clock_change_are_in_it(built: Warehouse) -> None:
    lengths = built.query(
        "select day_on, epoch(ends_at) - epoch(lag(ends_at) over (order by day_on)) "
        "from core.dim_support_date"
    )
    assert dict(lengths)[dt.date(2026, 3, 8)] == 23 * 3600
