"""The usage marts against an oracle in plain Python, and contested cases counted by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from .fixture_lake import FixtureLake, Warehouse
from .usage_oracle import UsageOracle
from .usage_world import AS_OF, ORG_ZONE, World, base, counted_rows, history

MARTS = {
    "active_users__daily": UsageOracle.active_users,
    "retention__cohort_interval": UsageOracle.retention,
    "feature_adoption__feature_week": UsageOracle.feature_adoption,
    "account_usage__account_day": UsageOracle.account_usage,
}
Built = tuple[Warehouse, UsageOracle]


def rounded(rows: list[tuple]) -> set[tuple]:
    """Rows without definition_version, floats as the oracle rounds them."""
    return {tuple(round(v, 12) if isinstance(v, float) else v for v in row[:-1]) for row in rows}


def build(folder: Path, steps: list) -> Built:
    lake = FixtureLake(folder / "lake")
    for step in steps:
        step.apply(lake)
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target")
    warehouse.run("build", select=["+marts.usage"], org_time_zone=ORG_ZONE)
    return warehouse, UsageOracle(counted_rows(steps), org_zone=ORG_ZONE, as_of=AS_OF)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(tmp_path_factory.mktemp("oracle"), history(11))


@pytest.mark.parametrize("mart", MARTS)
def test_equals_the_oracle(built: Built, mart: str) -> None:
    warehouse, oracle = built
    found, expected = rounded(warehouse.rows(f"marts.{mart}")), MARTS[mart](oracle)
    assert len(expected) > 20
    assert sorted(found - expected, key=str)[:5] == sorted(expected - found, key=str)[:5]
    assert found == expected
