"""Freshness of contracts in Dagster: the contracts' promises, kept only by rows that came."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.definitions.freshness_evaluator import TimeWindowFreshnessPolicyEvaluator
from dagster._core.loader import LoadingContextForTest
from dagster._core.test_utils import freeze_time

from ingest.contracts import load_contracts
from ingest.ledger import Batch
from orchestration.commands import up
from orchestration.defs.freshness import delivery_key, delivery_specs, report_deliveries
from orchestration.lib.dagster_home import prepare_dagster_home
from tests.unit.ingest.conftest import Place, new_home

NOW = datetime.now(UTC).replace(tzinfo=None)
TICKETS = Batch(
    "b1-tickets", "b1", "tickets", "zendesk", "drop/t.json", "zendesk.tickets", "loaded", "",
    5, 5, 0, 0, 0, 0, 0, None, None, "2026-05-01", NOW.isoformat(), False, {}, "t.parquet",
)  # fmt: skip


def report(instance: dg.DagsterInstance, *batches: Batch) -> list[str]:
    """Contracts that are marked because of these batches."""
    marked = []

    def log(event: dg.AssetMaterialization) -> None:
        instance.report_runless_asset_event(event)
        marked.append(event.asset_key.path[-1])

    context: Any = SimpleNamespace(instance=instance, log_event=log)
    report_deliveries(context, list(batches))
    return marked


def state(instance: dg.DagsterInstance, contract: str, later: timedelta) -> str:
    """What Dagster itself says of a contract some time after now."""
    graph = dg.Definitions(assets=delivery_specs()).resolve_asset_graph()
    node = graph.get(delivery_key(contract))
    evaluator = TimeWindowFreshnessPolicyEvaluator()
    with freeze_time(datetime.now(UTC) + later):
        context = LoadingContextForTest(instance)
        return asyncio.run(evaluator.evaluate_freshness(context, node)).value


def test_every_promise_of_a_contract_is_a_policy_and_nothing_else_is() -> None:
    found = {}
    for spec in delivery_specs():
        policy: Any = spec.freshness_policy
        hours = [w.to_timedelta().total_seconds() / 3600
                 for w in (policy.warn_window, policy.fail_window)]  # fmt: skip
        found[spec.key.path[-1]] = tuple(hours)
        assert spec.owners
        assert str(int(hours[0])) in (spec.description or "")
    promised = {c.name: (c.freshness.warn_hours, c.freshness.fail_hours)
                for c in load_contracts().values() if c.freshness}  # fmt: skip
    assert found == promised
    assert "usage_events" in found
    assert "tracking_plan" not in found


def test_dagster_holds_the_promise_from_the_last_delivery_on() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert state(instance, "tickets", timedelta()) == "UNKNOWN"
        assert report(instance, TICKETS) == ["tickets"]
        hours = (1, 35, 37, 71, 73)
        said = [state(instance, "tickets", timedelta(hours=h)) for h in hours]
        assert said == ["PASS", "PASS", "WARN", "WARN", "FAIL"]
        assert state(instance, "ticket_events", timedelta()) == "UNKNOWN"


def test_a_delivery_is_told_once_and_the_next_one_again() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert report(instance, TICKETS) == ["tickets"]
        assert report(instance, TICKETS) == []
        newer = replace(TICKETS, loaded_at=(NOW + timedelta(seconds=1)).isoformat())
        assert report(instance, newer, TICKETS) == ["tickets"]
        assert report(instance, TICKETS, newer) == []


@pytest.mark.parametrize(
    "change",
    [
        {"rows_loaded": 0, "rows_duplicate": 5},
        {"status": "rejected"},
        {"is_withdrawn": True},
        {"loaded_at": (NOW - timedelta(hours=37)).isoformat()},
        {"contract": "tracking_plan"},
    ],
)
def test_what_brings_nothing_new_keeps_no_promise(change: dict) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert report(instance, replace(TICKETS, **change)) == []


def test_the_daemon_that_evaluates_is_switched_on_and_looks_seldom(tmp_path: Path) -> None:
    place = Place(new_home(tmp_path / "company"))
    settings = yaml.safe_load((prepare_dagster_home(place.workspace) / "dagster.yaml").read_text())
    assert settings["freshness"] == {"enabled": True}
    with dg.DagsterInstance.from_config(str(place.workspace.state)) as instance:
        assert "FRESHNESS_DAEMON" in instance.get_required_daemon_types()
    assert '"FRESHNESS_DAEMON_INTERVAL_SECONDS": "600"' in Path(up.__file__).read_text()
