"""The sensor starts a run for every change of the files, and no dead run stands in its way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import EngineEventData

from ingest.settings import HASH_KEY
from orchestration.defs import abandoned
from orchestration.defs.abandoned import close_abandoned
from orchestration.defs.jobs import SOURCES
from orchestration.lib.manifest import ensure_manifest
from tests.unit.ingest.conftest import event, lines


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "productops.yml").write_text("org: {name: x}\n")
    (tmp_path / ".env").write_text(f"{HASH_KEY}=a-key-for-tests-alone\n")
    (tmp_path / "drop").mkdir()
    (tmp_path / "registry").mkdir()
    return tmp_path


class Sensor:
    """The sensor of one workspace, looking again and again."""

    def __init__(self, home: Path, instance: dg.DagsterInstance) -> None:
        ensure_manifest()
        self.home, self.instance = home, instance
        self.cursor: str | None = None
        self.requests: list[dg.RunRequest] = []

    def look(self) -> str:
        """One tick; returns what it came to."""
        from orchestration.defs.jobs import files_arrived
        from orchestration.defs.resources import WorkspaceResource

        resources = {"workspace": WorkspaceResource(home=str(self.home))}
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, resources=resources
        )
        tick = files_arrived.evaluate_tick(context)
        self.cursor = tick.cursor
        self.requests += tick.run_requests or ()
        return "requested" if tick.run_requests else "skipped"

    def run(self, status: dg.DagsterRunStatus) -> dg.DagsterRun:
        """The run that was asked for last, as it stands."""
        request = self.requests[-1]
        tags = {**request.tags, "dagster/run_key": request.run_key or ""}
        job = dg.job(name="main_job")(lambda: None)
        return self.instance.create_run_for_job(job, tags=tags, status=status)

    def break_off(self) -> None:
        """The run that was asked for last fails now."""
        self.instance.report_run_failed(self.run(dg.DagsterRunStatus.STARTED))


@pytest.fixture
def sensor(home: Path) -> Iterator[Sensor]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Sensor(home, instance)


def test_each_change_starts_one_run_also_a_change_back(sensor: Sensor) -> None:
    look, home = sensor.look, sensor.home
    file = home / "drop" / "a.csv"
    file.write_text("one")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    assert [look(), look(), look()] == ["skipped", "requested", "skipped"]
    file.rename(home / "a.csv")
    assert [look(), look(), look()] == ["skipped", "requested", "skipped"]
    (home / "a.csv").rename(file)
    assert [look(), look(), look()] == ["skipped", "requested", "skipped"]
    keys = {str(request.run_key) for request in sensor.requests}
    assert len(keys) == 3, "Dagster starts no second run under a key that it knows"
    assert json.loads(sensor.cursor or "{}") == {"number": 3}
    # Dagster lost the cursor, or never got the one that was meant: all is new again.
    sensor.cursor = None
    assert look() == "requested"


def test_a_file_before_each_look_does_not_keep_those_that_rest_waiting(sensor: Sensor) -> None:
    found = []
    for number in range(6):
        (sensor.home / "drop" / f"{number}.csv").write_text("x")
        found.append(sensor.look())
    assert found == ["skipped"] + 5 * ["requested"]
    # One that grows is no news until it rests.
    for size in range(1, 4):
        (sensor.home / "drop" / "grows.csv").write_text("x" * size)
        found.append(sensor.look())
    assert found[6:] == ["requested", "skipped", "skipped"]
    assert [sensor.look(), sensor.look()] == ["requested", "skipped"]


def test_a_request_names_the_sources_whose_files_are_new(sensor: Sensor) -> None:
    drop = sensor.home / "drop"
    sensor.look()
    (drop / "events.json").write_text(lines(event(1), event(2)))
    (drop / "page.html").write_text("<html>no export</html>")
    sensor.look()
    (drop / "later.json").write_text(lines(event(3), event(4)))
    sensor.look()
    named = [request.tags[SOURCES] for request in sensor.requests]
    assert named == ["registry", "segment, unknown"]


def test_one_run_at_a_time_is_asked_for(sensor: Sensor) -> None:
    sensor.look()
    assert sensor.look() == "requested"
    run = sensor.run(dg.DagsterRunStatus.STARTED)
    (sensor.home / "drop" / "a.csv").write_text("x")
    assert [sensor.look(), sensor.look()] == ["skipped", "skipped"]
    sensor.instance.report_run_canceled(run)
    assert [sensor.look(), sensor.look()] == ["requested", "skipped"]


def test_a_run_that_breaks_off_is_asked_for_twice_more(
    sensor: Sensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensor.look()
    assert sensor.look() == "requested"
    sensor.break_off()
    assert sensor.look() == "skipped"
    monkeypatch.setattr("orchestration.defs.jobs._ASKED_AGAIN_AFTER_SECONDS", 0)
    found = []
    for _ in range(4):
        found.append(sensor.look())
        sensor.break_off()
    assert found == ["requested", "requested", "skipped", "skipped"]
    keys = [str(request.run_key) for request in sensor.requests]
    assert keys == [keys[0], f"{keys[0]}-again", f"{keys[0]}-again-again"]


@pytest.mark.parametrize("status", ["CANCELED", "SUCCESS"])
def test_a_run_that_ended_otherwise_is_not_asked_for_again(
    sensor: Sensor, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    monkeypatch.setattr("orchestration.defs.jobs._ASKED_AGAIN_AFTER_SECONDS", 0)
    sensor.look()
    sensor.look()
    sensor.run(dg.DagsterRunStatus(status))
    assert sensor.look() == "skipped"


def test_a_gate_that_is_closed_is_not_evaluated_again(
    sensor: Sensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.defs.jobs._ASKED_AGAIN_AFTER_SECONDS", 0)
    sensor.look()
    sensor.look()
    request = sensor.requests[-1]

    @dg.asset(check_specs=[dg.AssetCheckSpec("holds", asset="mart", blocking=True)])
    def mart() -> dg.MaterializeResult:
        return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=False)])

    job = dg.define_asset_job("main_job", [mart])
    tags = {**request.tags, "dagster/run_key": request.run_key or ""}
    found = dg.Definitions(assets=[mart], jobs=[job]).resolve_job_def("main_job")
    found.execute_in_process(instance=sensor.instance, tags=tags, raise_on_error=False)
    assert sensor.look() == "skipped"


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
