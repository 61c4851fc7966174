"""What Dagster records becomes incidents: checks, steps, runs, sensors; all the way to a hook.

Runs are real, on an instance of the kind that a workspace has.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._utils.error import SerializableErrorInfo

from orchestration.defs.abandoned import close_abandoned
from orchestration.defs.alerts import alerts
from orchestration.defs.observing import OWN_ASSET
from orchestration.defs.resources import WorkspaceResource
from orchestration.lib.alerts.look import opened
from orchestration.lib.dagster_home import prepare_dagster_home
from tests.unit.orchestration.alerts.dagster_world import DEFS, House
from tests.unit.orchestration.alerts.world import HOOK, Receiver, workspace

ROOT = str(Path(__file__).resolve().parents[4])


@pytest.fixture
def house(tmp_path: Path, hook: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    company = workspace(tmp_path, HOOK)
    monkeypatch.setenv("DAGSTER_HOME", str(prepare_dagster_home(company)))
    with dg.DagsterInstance.get() as instance:
        yield House(company, instance, hook)


def test_a_failed_check_is_told_with_its_words_rows_and_links(house: House) -> None:
    assert house.run()
    house.look()
    assert house.told() == []
    # A warning stops nothing: no sensor on the status of runs would see it.
    assert house.run(failing=["warns"])
    account = house.look()
    (message,) = house.hook.got
    assert message["title"] == "[warning] tickets: Every ticket has a requester."
    assert message["facts"]["rows"] == "3 of 70"
    assert message["facts"]["affected marts"] == "a__day"
    assert message["facts"]["owner"] == "support-ops"
    assert message["what_to_do"] == "Export again."
    assert message["rows"] == [{"ticket_id": f"t-{n}", "who": "[email]"} for n in range(5)]
    run = house.instance.get_run_records()[0].dagster_run.run_id
    assert message["links"] == {
        "check": "http://127.0.0.1:3000/assets/lake/tickets?view=checks&checkDetail=warns",
        "run": f"http://127.0.0.1:3000/runs/{run}",
    }
    assert account.delivery.sent == 1
    house.look()
    assert len(house.told()) == 1
    assert house.run()
    house.look()
    assert house.told()[0].startswith("[recovered after 0 minutes] tickets")


def test_a_failed_blocking_check_is_one_alert_and_not_a_failed_run_besides(house: House) -> None:
    assert not house.run(failing=["blocks", "warns"])
    house.look()
    assert house.told() == ["[critical] tickets: Every ticket has a requester. (and 1 consequence)"]
    assert house.run(failing=["plain"])
    house.look()
    titles = house.told()
    assert sorted(title.split()[0] for title in titles) == ["[recovered", "[warning]"]
    assert "a__day: Nothing is counted twice." in titles[-1] + titles[0]


def test_a_check_that_crashed_is_critical_whatever_it_is_otherwise(house: House) -> None:
    house.run(failing=["warns"], crashed=["warns"])
    house.look()
    (message,) = house.hook.got
    assert message["severity"] == "critical"
    assert message["text"].endswith("It could not be evaluated: boom of [email]")


def test_a_failed_step_is_told_with_its_first_line_and_nobodys_address(house: House) -> None:
    assert not house.run(step_fails=True)
    house.look()
    affected = house.hook.got[0]["facts"]
    assert affected["affected marts"] == "all: readers see what was published before"
    assert "page" in affected["affected pages"]
    assert house.told() == [
        "[critical] lake__tickets: The step lake__tickets failed: ValueError: disk full at [email]"
    ]
    assert house.run()
    house.look()
    assert house.told()[0].startswith("[recovered")


KILLED = """
import os, signal, sys
sys.path.insert(0, {root!r})
import dagster as dg

@dg.op
def dies():
    os.kill(os.getpid(), signal.SIGKILL)

@dg.job(executor_def=dg.in_process_executor)
def main_job():
    dies()

with dg.DagsterInstance.get() as instance:
    main_job.execute_in_process(instance=instance)
"""


def test_a_run_that_was_killed_is_told(house: House) -> None:
    code = KILLED.format(root=ROOT)
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, check=False)
    house.look()
    assert house.told() == []
    assert len(close_abandoned(house.instance)) == 1
    house.look()
    (title,) = house.told()
    assert title.startswith("[critical] main_job: A run of main_job broke off: Process")


CUT_OFF = """
import os, signal, sys
sys.path.insert(0, {root!r})
from pathlib import Path
import dagster as dg
from ingest.settings import open_workspace
from orchestration.defs.alerts import tell
from orchestration.lib.alerts import look
from tests.unit.orchestration.alerts.dagster_world import DEFS

look.deliver = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with dg.DagsterInstance.get() as instance:
    tell(open_workspace(Path({home!r})), instance, DEFS.resolve_asset_graph())
"""


@pytest.mark.slow
def test_killed_after_the_evaluation_was_taken_in_there_is_exactly_one_message(
    house: House,
) -> None:
    house.run(failing=["warns"])
    code = CUT_OFF.format(root=ROOT, home=str(house.company.home))
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    assert house.told() == []
    for _ in range(3):
        house.look()
    assert len(house.told()) == 1


def test_only_the_last_run_counts_when_alerts_begin(house: House) -> None:
    house.run(failing=["blocks"])
    house.run()
    house.look()
    assert house.told() == []


def test_sensors_that_fail_again_and_again_are_told_and_those_that_fail_once_are_not(
    house: House,
) -> None:
    place = RegisteredCodeLocationOrigin("productops")
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(place, "__repository__"), "poll_x")
    state = house.instance.add_instigator_state(
        InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING,
                        SensorInstigatorData())
    )  # fmt: skip

    def tick(status: TickStatus) -> None:
        error = SerializableErrorInfo("x.y.OSError: no answer from ada@corp.test\n", [], "x")
        house.instance.create_tick(
            TickData(state.instigator_origin_id, "poll_x", InstigatorType.SENSOR, status,
                     time.time(), selector_id=state.selector_id,
                     error=error if status == TickStatus.FAILURE else None)
        )  # fmt: skip

    for _ in range(2):
        tick(TickStatus.FAILURE)
        house.look(["poll_x"])
    assert house.told() == []
    tick(TickStatus.FAILURE)
    house.look(["poll_x"])
    assert house.told() == [
        "[critical] poll_x: The sensor poll_x failed 3 times in a row: OSError: "
        "no answer from [email]"
    ]
    tick(TickStatus.SKIPPED)
    house.look(["poll_x"])
    assert house.told()[0].startswith("[recovered")
    for _ in range(3):
        tick(TickStatus.FAILURE)
    house.look([])
    assert house.told() == [], "a sensor that is no longer there says nothing"


def test_a_schedule_that_fails_is_told_at_once(house: House) -> None:
    place = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("productops"), "__repository__")
    state = house.instance.add_instigator_state(
        InstigatorState(RemoteInstigatorOrigin(place, "nightly"), InstigatorType.SCHEDULE,
                        InstigatorStatus.RUNNING, ScheduleInstigatorData("15 3 * * *"))
    )  # fmt: skip
    error = SerializableErrorInfo("ValueError: no zone\n", [], "ValueError")
    house.instance.create_tick(
        TickData(state.instigator_origin_id, "nightly", InstigatorType.SCHEDULE,
                 TickStatus.FAILURE, time.time(), selector_id=state.selector_id, error=error)
    )  # fmt: skip
    house.look(["nightly"])
    assert house.told() == [
        "[critical] nightly: The schedule nightly failed when it was due: ValueError: no zone"
    ]


def test_the_sensor_looks_and_shows_open_incidents_and_silent_channels(house: House) -> None:
    house.run(failing=["warns"])
    house.hook.status = 500
    repository = DEFS.get_repository_def()
    with dg.build_sensor_context(
        instance=house.instance, repository_def=repository, sensor_name="alerts",
        resources={"workspace": WorkspaceResource(home=str(house.company.home))},
    ) as context:  # fmt: skip
        tick = alerts.evaluate_tick(context)
    assert tick.skip_message == "1 open incident; 1 message waiting; channel hook: HTTP 500"
    shown = house.instance.get_latest_materialization_event(OWN_ASSET)
    assert shown is not None
    assert shown.asset_materialization is not None
    text = str(shown.asset_materialization.metadata["incidents"].value)
    assert "- **warning** Every ticket has a requester. `tickets.warns`, since 2" in text
    record = house.instance.get_latest_asset_check_evaluation_record(
        dg.AssetCheckKey(OWN_ASSET, "channels_answer")
    )
    assert record is not None
    assert record.event is not None
    assert record.event.dagster_event is not None
    assert not record.event.dagster_event.asset_check_evaluation_data.passed
    house.look()
    with opened(house.company) as store:
        assert len(store.incidents()) == 1, "a silent channel is shown, and no incident of its own"
    assert os.environ["DAGSTER_HOME"].endswith("state")


def test_a_workspace_that_can_not_be_opened_is_said(tmp_path: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance, dg.build_sensor_context(
        instance=instance, repository_def=DEFS.get_repository_def(),
        resources={"workspace": WorkspaceResource(home=str(tmp_path))},
    ) as context:  # fmt: skip
        tick = alerts.evaluate_tick(context)
    assert tick.skip_message is not None
    assert "productops init" in tick.skip_message
