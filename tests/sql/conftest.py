"""Fixtures for tests that run dbt on a small lake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .deals_world import TERMS
from .fixture_lake import FixtureLake, Warehouse
from .replay import Replay
from .research_world import by_hand, sessions, usage
from .survey_world import surveys
from .voice_hand import BY_HAND
from .voice_world import ORG_ZONE, Rows, deliver, merged, world

if TYPE_CHECKING:
    from .experiment_built import Built

NO_CHECKS = ["resource_type:test", "resource_type:unit_test"]


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
def voice_rows() -> Rows:
    """What a random company's customers said, and the cases of docs/decisions.md."""
    return merged(world(5), surveys(6), sessions(7), usage(8), BY_HAND, by_hand())


@pytest.fixture(scope="session")
def voice_built(voice_rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The voice marts of that company."""
    folder = tmp_path_factory.mktemp("voice")
    lake = FixtureLake(folder / "lake")
    deliver(lake, voice_rows)
    warehouse = Warehouse(
        folder / "warehouse.duckdb", lake, folder / "target", {"org_time_zone": ORG_ZONE}
    )
    warehouse.run("build", select=["+marts.voice"], exclude=NO_CHECKS)
    return warehouse


@pytest.fixture(scope="session")
def accounts_replay(tmp_path_factory: pytest.TempPathFactory) -> Replay:
    """The marts about revenue and deals, to be built again and again on other rows."""
    contracts = ["accounts", "exclusions", "exchange_rates", "opportunities", "feedback_notes"]
    marts = ["revenue__account_month", "opportunity__opportunity", "win_rate__cohort_month"]
    select = [f"+{mart}" for mart in marts]
    return Replay(tmp_path_factory.mktemp("accounts"), select, contracts, TERMS)


@pytest.fixture(scope="session")
def experiments_built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The models of experiments of a random company, and the oracle's answers. Never changed."""
    from .experiment_built import build

    return build(tmp_path_factory.mktemp("experiments"), 1)
