"""Volume by weekday and drift of mixtures, against plain Python and counted by hand."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import pytest

from .conftest import NO_CHECKS
from .fixture_lake import FixtureLake, Warehouse
from .trust_oracle import TrustOracle
from .trust_world import Rows, world

VOLUME, DRIFT = "marts.volume__source_day", "marts.drift__column_week"
SELECT = ["+volume__source_day", "+drift__column_week"]


@pytest.fixture(scope="module")
def rows() -> Rows:
    return world(11)


@pytest.fixture(scope="module")
def oracle(rows: Rows) -> TrustOracle:
    return TrustOracle(rows)


@pytest.fixture(scope="module")
def built(rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("trust")
    lake = FixtureLake(folder / "lake")
    for (contract, source), listed in rows.items():
        lake.add(contract, listed, source=source)
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target")
    warehouse.run("build", select=SELECT, exclude=NO_CHECKS)
    return warehouse


def close(found: tuple, wanted: tuple) -> bool:
    return all(
        f == pytest.approx(w, rel=1e-9, abs=1e-9) if isinstance(w, float) else f == w
        for f, w in zip(found, wanted, strict=True)
    )


def test_volumes_equal_the_oracle(built: Warehouse, oracle: TrustOracle) -> None:
    found = {
        row[:3]: row[3:]
        for row in built.query(
            "select contract, source, day_on, row_count, history_day_count, expected_row_count, "
            f"low_row_count, high_row_count, verdict, is_newest from {VOLUME}"
        )
    }
    wanted = oracle.volumes()
    assert set(found) == set(wanted)
    assert {
        key: (found[key], wanted[key]) for key in found if not close(found[key], wanted[key])
    } == {}
    verdicts = Counter(row[5] for row in wanted.values())
    assert (
        min(verdicts[v] for v in ("low", "high", "holiday", "not over", "too little history")) > 3
    )
    assert built.query(
        f"select count(*) from {VOLUME} where is_unusual <> (verdict in ('low', 'high')) or "
        "is_complete <> (verdict <> 'not over')"
    ) == [(0,)]


def test_drifts_equal_the_oracle(built: Warehouse, oracle: TrustOracle) -> None:
    found = {
        row[:4]: row[4:]
        for row in built.query(
            "select contract, source, column_name, week_on, row_count, before_row_count, "
            f"category_count, shift_rate, moved_category, verdict, is_newest from {DRIFT}"
        )
    }
    wanted = oracle.drifts()
    inside = {key for key in wanted if key in found}
    # Weeks after the source's last one have nothing but a past.
    assert {wanted[key][0] for key in set(wanted) - inside} <= {0}
    assert set(found) <= set(wanted)
    assert {k: (found[k], wanted[k]) for k in found if not close(found[k], wanted[k])} == {}
    verdicts = Counter(row[5] for row in wanted.values())
    assert min(verdicts[v] for v in ("drifted", "steady", "too few rows", "too little history")) > 0


def test_a_mondays_rows_by_hand(built: Warehouse) -> None:
    """docs/decisions.md: 100, 104, 96, 110, 98, 102, 100, 90 on the eight Mondays before."""
    for source, verdict in (("enough", "usual"), ("less", "low")):
        ((expected, deviation, low, high, said, newest),) = built.query(
            "select expected_row_count, deviation, low_row_count, high_row_count, verdict, "
            f"is_newest from {VOLUME} where source = '{source}' and day_on = date '2026-06-22'"
        )
        assert (expected, deviation, low, high) == (100.0, 3.0, 60.0, 144.0)
        assert (said, newest) == (verdict, True)
    # Days on which nothing ever happens are as they should be.
    assert built.query(
        f"select distinct verdict from {VOLUME} where source = 'less' and row_count = 0 "
        "and history_day_count >= 4 and verdict <> 'holiday'"
    ) == [("usual",)]


def test_a_weeks_mixture_by_hand(built: Warehouse) -> None:
    """docs/decisions.md: 800 of 1,000 by mail; then 150 or 149 of 250."""
    columns = ("shift_num, shift_den, shift_rate, moved_category, now_num, before_num, before_den, "
               "verdict, is_newest")  # fmt: skip
    for source, wanted in (
        ("steady", (50.0, 250, 0.2, "chat", 100, 200, 1000, "steady", True)),
        ("drifted", (51.0, 250, 0.204, "chat", 101, 200, 1000, "drifted", True)),
    ):
        (found,) = built.query(
            f"select {columns} from {DRIFT} where source = '{source}' and column_name = 'channel' "
            "and week_on = date '2026-06-08'"
        )
        assert found == pytest.approx(wanted)


def test_a_silent_source_is_unusual_once_others_are_a_week_further(
    built: Warehouse, oracle: TrustOracle
) -> None:
    ((day, count, verdict),) = built.query(
        f"select day_on, row_count, verdict from {VOLUME} where source = 'app' and is_newest"
    )
    # The web reaches into 29 June; so the app's 21 June is over, though it was heard of on the 5th.
    assert (day, count) == (dt.date(2026, 6, 21), 0)
    assert verdict in ("low", "usual")
    silent = built.query(
        f"select day_on, verdict from {VOLUME} where source = 'app' and day_on between "
        "date '2026-06-08' and date '2026-06-12' order by 1"
    )
    assert [said for _, said in silent] == ["low"] * 5
    assert oracle.reach(("usage_events", "app")).date() == dt.date(2026, 6, 22)


def test_a_row_of_the_future_makes_no_day_complete(built: Warehouse) -> None:
    assert built.query(
        f"select max(day_on) from {VOLUME} where source = 'desk' and contract = 'tickets'"
    ) <= [(dt.date(2026, 6, 29),)]


def test_an_empty_lake_has_no_volumes(tmp_path: Path, built: Warehouse) -> None:
    lake = FixtureLake(tmp_path / "lake")
    warehouse = Warehouse(tmp_path / "warehouse.duckdb", lake, built.target)
    warehouse.run("build", select=SELECT, exclude=NO_CHECKS)
    assert warehouse.rows(VOLUME) == warehouse.rows(DRIFT) == []
