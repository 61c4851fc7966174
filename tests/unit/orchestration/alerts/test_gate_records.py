"""A check of the lake that holds again is over, also where nothing was left to build."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from expectations.results import CheckResult
from ingest.settings import Workspace
from orchestration.lib import gates
from orchestration.lib.alerts.look import look
from tests.unit.orchestration.alerts.world import (
    T0,
    FakeSource,
    Receiver,
    minutes,
    seen,
    workspace,
)

BATCHES, SHARE = "lake/batches", "quarantine_share"


def record(company: Workspace, at: datetime, *checks: CheckResult) -> None:
    """What the gate notes when it is asked."""
    company.warehouse.mkdir(exist_ok=True)
    text = f"{at:%Y-%m-%d %H:%M:%S}"
    gates._keep(company, "lake", gates.GateRecord("subject", "suites", text, checks))


def verdict(name: str, passed: bool, table: str = "batches") -> CheckResult:
    return CheckResult("ledger", "raw", table, name, "critical", passed)


@pytest.fixture
def company(tmp_path: Path, hook: Receiver) -> Workspace:
    found = workspace(tmp_path)
    source = FakeSource()
    source.run(T0, seen(BATCHES, False, name=SHARE, severity="critical"))
    record(found, T0, verdict(SHARE, False))
    look(found, source, T0)
    assert hook.kinds == ["opened"]
    return found


def test_what_the_gate_finds_well_later_is_over(company: Workspace, hook: Receiver) -> None:
    look(company, FakeSource(), minutes(1))
    assert hook.kinds == ["opened"]
    record(company, minutes(5), verdict(SHARE, True))
    look(company, FakeSource(), minutes(6))
    assert hook.kinds == ["opened", "recovered"]


def test_what_the_gate_has_nothing_new_of_is_over(company: Workspace, hook: Receiver) -> None:
    record(company, minutes(5))
    look(company, FakeSource(), minutes(6))
    assert hook.kinds == ["opened", "recovered"]


@pytest.mark.parametrize(
    "checks", [(verdict(SHARE, False),), (verdict(SHARE, True), verdict(SHARE, False))]
)
def test_what_still_fails_goes_on(company: Workspace, hook: Receiver, checks: tuple) -> None:
    record(company, minutes(5), *checks)
    assert len(look(company, FakeSource(), minutes(6)).open_incidents) == 1
    assert hook.kinds == ["opened"]


def test_what_the_gate_found_before_the_failure_says_nothing(
    company: Workspace, hook: Receiver
) -> None:
    record(company, minutes(-5), verdict(SHARE, True))
    assert len(look(company, FakeSource(), minutes(6)).open_incidents) == 1


def test_a_check_that_is_not_the_gates_is_left_to_runs(tmp_path: Path, hook: Receiver) -> None:
    company = workspace(tmp_path)
    source = FakeSource()
    source.run(T0, seen("lake/tickets", False, name="somebody_elses"), seen("marts/c__day", False))
    look(company, source, T0)
    record(company, minutes(5))
    assert len(look(company, source, minutes(6)).open_incidents) == 2


def test_a_record_that_can_not_be_read_says_nothing(company: Workspace, hook: Receiver) -> None:
    gates._lake_path(company).write_text("{broken")
    assert len(look(company, FakeSource(), minutes(6)).open_incidents) == 1
