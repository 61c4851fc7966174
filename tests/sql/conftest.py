"""Fixtures for tests that run dbt on a small lake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .deals_world import TERMS
from .fixture_lake import FixtureLake, Warehouse
from .replay import Replay


@pytest.fixture(scope="session")
def dbt_target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One target folder for the whole session, so that dbt parses the project only once."""
    return tmp_path_factory.mktemp("dbt_target")


@pytest.fixture
def lake(tmp_path: Path) -> FixtureLake:
    """An empty lake."""
    return FixtureLake(tmp_path / "lake")


@pytest.fixture
def make_warehouse(tmp_path: Path, dbt_target: Path) -> Callable[..., Warehouse]:
    """Makes warehouses: `make_warehouse(lake, "name", org_time_zone="UTC")`."""

    def make(lake: FixtureLake, name: str = "warehouse", **settings: object) -> Warehouse:
        return Warehouse(tmp_path / name / "warehouse.duckdb", lake, dbt_target, settings)

    return make


@pytest.fixture(scope="session")
def accounts_replay(tmp_path_factory: pytest.TempPathFactory) -> Replay:
    """The marts about accounts, to be built again and again on other customers and deals."""
    contracts = ["accounts", "exclusions", "exchange_rates", "opportunities", "feedback_notes"]
    return Replay(tmp_path_factory.mktemp("accounts"), ["+marts.accounts"], contracts, TERMS)
