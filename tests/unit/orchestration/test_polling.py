"""Each API that can be asked has a sensor that requests one run in each interval."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from orchestration.defs import polling
from orchestration.defs.lake import ONLY_API
from orchestration.defs.polling import askable, poll_sensors

CONFIG = """
org: {name: Acme}
apis:
  - {name: help-desk, vendor: freshdesk, base_url: "https://acme.example", start_at: 2026-01-01,
     credentials_env: DESK_TOKEN, every_minutes: 15}
  - {name: okta, vendor: okta, base_url: "https://id.example", start_at: 2026-01-01,
     credentials_env: OKTA_TOKEN}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "productops.yml").write_text(CONFIG)
    (tmp_path / ".env").write_text(
        "PRODUCTOPS_HASH_KEY=a hash key for tests alone\nDESK_TOKEN=a-secret\n"
    )
    (tmp_path / ".env").chmod(0o600)
    monkeypatch.setenv("PRODUCTOPS_HOME", str(tmp_path))
    monkeypatch.delenv("OKTA_TOKEN", raising=False)
    return tmp_path


def look(
    sensor: dg.SensorDefinition, cursor: str | None, instance: dg.DagsterInstance | None = None
) -> dg.SensorExecutionData:
    with dg.DagsterInstance.ephemeral() as own:
        context = dg.build_sensor_context(cursor=cursor, instance=instance or own)
        return sensor.evaluate_tick(context)


def test_only_apis_with_their_credential_have_a_sensor(home, monkeypatch) -> None:
    (sensor,) = poll_sensors()
    assert sensor.name == "poll_help_desk"
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    assert "a-secret" not in (sensor.description or "")
    monkeypatch.setenv("OKTA_TOKEN", "x")
    assert [one.name for one in poll_sensors()] == ["poll_help_desk", "poll_okta"]


def test_one_run_an_interval_that_pulls_this_api_alone(home, monkeypatch) -> None:
    (sensor,) = poll_sensors()
    monkeypatch.setattr(polling.time, "time", lambda: 900.0 * 1000 + 10)
    first = look(sensor, None)
    (request,) = first.run_requests
    assert request.tags[ONLY_API] == "help-desk"
    again = look(sensor, first.cursor)
    assert not again.run_requests
    assert "15 minutes" in again.skip_message
    monkeypatch.setattr(polling.time, "time", lambda: 900.0 * 1001)
    (later,) = look(sensor, first.cursor).run_requests
    assert later.run_key != request.run_key
    # A daemon that forgot its cursor asks under the same key: Dagster starts no second run.
    monkeypatch.setattr(polling.time, "time", lambda: 900.0 * 1000 + 899)
    assert look(sensor, None).run_requests[0].run_key == request.run_key


def test_no_second_run_while_one_waits(home) -> None:
    (sensor,) = poll_sensors()
    job = dg.job(name="other")(lambda: None)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.create_run_for_job(
            job, tags={ONLY_API: "help-desk"}, status=dg.DagsterRunStatus.STARTED
        )
        tick = look(sensor, None, instance)
        assert not tick.run_requests
        assert "still waiting" in tick.skip_message
    with dg.DagsterInstance.ephemeral() as instance:
        instance.create_run_for_job(
            job, tags={ONLY_API: "help-desk"}, status=dg.DagsterRunStatus.FAILURE
        )
        assert look(sensor, None, instance).run_requests


def test_settings_in_another_encoding_do_not_stop_everything(home) -> None:
    (home / "productops.yml").write_bytes(CONFIG.replace("Acme", "Müller").encode("latin-1"))
    assert poll_sensors() == []


@pytest.mark.parametrize("text", ["", "apis: [1]", "apis:\n  - {name: x}", "{"])
def test_a_workspace_that_can_not_be_read_has_none(home, text) -> None:
    (home / "productops.yml").write_text(text)
    assert askable(home) == []


def test_without_a_workspace_there_is_none(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PRODUCTOPS_HOME", str(tmp_path / "nowhere"))
    assert poll_sensors() == []


def test_an_interval_of_nothing_is_refused(home) -> None:
    (home / "productops.yml").write_text(CONFIG.replace("every_minutes: 15", "every_minutes: 0"))
    assert askable(home) == []
