"""`productops alerts` and `incidents`: what people see and say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ingest.incident_record import read_incident_record
from ingest.settings import Workspace
from orchestration.cli import main
from orchestration.commands import telling_alerts
from orchestration.commands.doctor import _channels
from orchestration.lib.alerts.look import look
from tests.unit.orchestration.alerts.test_outbox import TWO
from tests.unit.orchestration.alerts.world import (
    HOOK,
    T0,
    FakeSource,
    Receiver,
    minutes,
    receiving,
    seen,
    workspace,
)

A, C = "marts/a__day", "marts/c__day"


def productops(company: Workspace, *words: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(company.home), *words])


@pytest.fixture
def company(tmp_path: Path, hook: Receiver) -> Workspace:
    found = workspace(tmp_path, HOOK)
    source = FakeSource()
    source.run(T0, seen(A, False), seen(C, False))
    look(found, source, T0)
    source.run(minutes(9), seen(A, True, at=minutes(9)), seen(C, False, at=minutes(9)))
    look(found, source, minutes(9))
    return found


def test_a_test_message_goes_to_each_channel_and_tells_what_came_of_it(
    tmp_path: Path, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = workspace(tmp_path, TWO)
    with receiving("/other") as other:
        monkeypatch.setenv("OTHER_URL", other.url)
        told = productops(found, "alerts", "test")
        assert (told.exit_code, hook.kinds, other.kinds) == (0, ["test"], ["test"])
        other.status = 403
        told = productops(found, "alerts", "test")
    assert told.exit_code == 1
    assert re.search(r"hook +taken", told.output)
    assert re.search(r"other +HTTP 403", told.output)


def test_without_channels_a_test_says_where_to_name_them(tmp_path: Path) -> None:
    told = productops(workspace(tmp_path, ""), "alerts", "test")
    assert told.exit_code == 1
    assert "names no channels under `alerts:`" in told.output


def test_messages_are_listed_and_shown_whole(company: Workspace, hook: Receiver) -> None:
    listed = productops(company, "alerts", "list")
    assert listed.output.count("sent") >= 3
    message = hook.got[0]["message_id"]
    shown = productops(company, "alerts", "show", message)
    assert hook.got[0]["title"] in shown.output
    assert f"message {message}" in shown.output
    assert productops(company, "alerts", "show", "nothing").exit_code == 2


def test_incidents_are_listed_and_judged_and_checks_measured(company: Workspace) -> None:
    open_ones = productops(company, "incidents", "list").output
    assert "c__day" in open_ones
    assert "a__day" not in open_ones
    every = productops(company, "incidents", "list", "--all").output
    by_name = {line.split()[2].split(".")[0]: line.split()[0] for line in every.splitlines()[1:]
               if "must_hold" in line}  # fmt: skip
    assert productops(company, "incidents", "ack", by_name["a__day"]).exit_code == 0
    told = productops(company, "incidents", "false-alarm", by_name["c__day"], "--note", "a test")
    assert "a false alarm" in told.output
    counted = productops(company, "incidents", "precision").output
    assert re.search(r"a__day.must_hold +1 +1 +1 +100%", counted)
    assert re.search(r"c__day.must_hold +1 +1 +0 +0%", counted)
    record = read_incident_record(company).to_pylist()
    last = {row["incident_id"]: (row["transition"], row["verdict"]) for row in record}
    assert last[by_name["a__day"]] == ("acknowledged", "true_alarm")
    assert last[by_name["c__day"]] == ("false_alarm", "false_alarm")


@pytest.mark.parametrize("wrong", ["", "zz", "-x"])
def test_an_id_that_is_none_is_said_with_a_remedy(company: Workspace, wrong: str) -> None:
    told = productops(company, "incidents", "ack", "--", wrong)
    assert told.exit_code == 2
    assert "productops incidents list --all" in told.output


def test_doctor_names_channels_without_their_address_and_shows_no_address(
    tmp_path: Path, hook: Receiver
) -> None:
    found = workspace(tmp_path, TWO)
    fine, missing = _channels(found)
    assert (fine.fine, missing.fine) == (True, False)
    assert fine.seen == "alerts: channel hook (route 1): address in HOOK_URL"
    assert "OTHER_URL is not set, so this channel gets nothing" in missing.remedy
    assert "a fallback alone" in missing.seen
    assert hook.url not in fine.seen + missing.remedy


def test_a_look_that_breaks_does_not_break_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(telling_alerts, "_look", broken)
    said = telling_alerts.look_after_run(workspace(tmp_path), None)  # ty: ignore
    assert said == "Alerts could not be looked at (OSError: disk full)."
