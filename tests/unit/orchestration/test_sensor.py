"""The sensor starts a run for every change of the files, and no dead run stands in its way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import EngineEventData

from ingest.settings import HASH_KEY
from orchestration.defs import abandoned
from orchestration.defs.abandoned import close_abandoned
from orchestration.lib.manifest import ensure_manifest


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "productops.yml").write_text("org: {name: x}\n")
    (tmp_path / ".env").write_text(f"{HASH_KEY}=a-key-for-tests-alone\n")
    (tmp_path / "drop").mkdir()
    (tmp_path / "registry").mkdir()
    return tmp_path


def test_each_change_starts_one_run_also_a_change_back(home: Path) -> None:
    ensure_manifest()
    from orchestration.defs.jobs import files_arrived
    from orchestration.defs.resources import WorkspaceResource

    keys: list[str] = []
    cursor: str | None = None

    def look() -> str:
        """One tick; returns what it came to."""
        nonlocal cursor
        with dg.DagsterInstance.ephemeral() as instance:
            resources = {"workspace": WorkspaceResource(home=str(home))}
            context = dg.build_sensor_context(instance=instance, cursor=cursor, resources=resources)
            tick = files_arrived.evaluate_tick(context)
        cursor = tick.cursor
        keys.extend(str(request.run_key) for request in tick.run_requests or ())
        return "requested" if tick.run_requests else "skipped"

    file = home / "drop" / "a.csv"
    file.write_text("one")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    assert [look(), look(), look()] == ["skipped", "requested", "skipped"]
    file.rename(home / "a.csv")
    assert [look(), look(), look()] == ["skipped", "requested", "skipped"]
    (home / "a.csv").rename(file)
    assert [look(), look(), look()] == ["skipped", "requested", "skipped"]
    assert len(set(keys)) == 3, "Dagster starts no second run under a key that it knows"
    assert json.loads(cursor or "{}")["number"] == 3


def started(instance: dg.DagsterInstance, process: int) -> str:
    """A run that `process` has begun to execute."""
    run = instance.create_run_for_job(dg.job(name="any")(lambda: None))
    event = EngineEventData.in_process(process)
    instance.report_engine_event("Executing steps in process", run, event)
    instance.report_dagster_event(
        dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, run.job_name), run.run_id
    )
    return run.run_id


def status(instance: dg.DagsterInstance, run_id: str) -> str:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status.value


def test_a_run_whose_process_was_killed_is_closed_and_a_living_one_is_not() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with dg.DagsterInstance.ephemeral() as instance:
        dead, alive = started(instance, gone.pid), started(instance, os.getpid())
        assert [status(instance, run) for run in (dead, alive)] == ["STARTED", "STARTED"]
        assert close_abandoned(instance) == [dead]
        assert [status(instance, run) for run in (dead, alive)] == ["FAILURE", "STARTED"]
        assert close_abandoned(instance) == []


def test_another_process_that_got_the_number_later_does_not_keep_a_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run = started(instance, os.getpid())
        since = instance.get_run_records()[0].start_time or 0
        monkeypatch.setattr(abandoned, "_born_at", lambda _: since + 3600)
        assert close_abandoned(instance) == [run]
