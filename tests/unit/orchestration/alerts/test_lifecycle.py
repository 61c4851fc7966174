"""What people are told of: once when it begins, once a day, once when it is over.

All of it goes the whole way, through the store and the outbox to a receiver over HTTP.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ingest.settings import Workspace
from orchestration.lib.alerts import look as looking
from orchestration.lib.alerts.look import look, opened
from orchestration.lib.alerts.model import Batch, Observation, Subject
from orchestration.lib.alerts.triage import triage
from tests.unit.orchestration.alerts.world import (
    HOOK,
    T0,
    A,
    C,
    FakeSource,
    Receiver,
    hours,
    ids,
    minutes,
    seen,
    workspace,
)


def test_a_day_of_the_same_failure_is_one_alert_one_reminder_and_one_recovery(
    company: Workspace, hook: Receiver
) -> None:
    """96 runs, a quarter of an hour apart, and a 97th that passes."""
    source = FakeSource()
    for number in range(96):
        at = minutes(15 * number)
        source.run(at, seen(A, False, at=at, severity="critical"))
        look(company, source, at)
    assert hook.kinds == ["opened"]
    at = minutes(15 * 96)
    look(company, source, at)
    assert hook.kinds == ["opened", "reminded"]
    source.run(at, seen(A, True, at=at, severity="critical"))
    for later in range(0, 200, 8):
        look(company, source, at + timedelta(hours=later))
    about_it = [m["kind"] for m in hook.got if "a__day" in m["title"]]
    assert about_it == ["opened", "reminded", "recovered"]
    assert len({m["incident_id"] for m in hook.got if "a__day" in m["title"]}) == 1


def test_days_of_failure_are_at_most_one_reminder_a_day(company: Workspace, hook: Receiver) -> None:
    source = FakeSource()
    for hour in range(0, 5 * 24, 3):
        source.run(hours(hour), seen(A, False, at=hours(hour)))
        look(company, source, hours(hour))
    assert hook.kinds == ["opened"] + ["reminded"] * 4
    assert "for 4 days" in hook.got[-1]["title"]


def test_a_check_that_flaps_is_one_incident(company: Workspace, hook: Receiver) -> None:
    source = FakeSource()
    for number in range(20):
        source.run(hours(number), seen(A, number % 2 == 1, at=hours(number)))
        look(company, source, hours(number))
    assert hook.kinds == ["opened", "recovered", "returned"]
    assert len(ids(company)) == 1
    for later in range(4, 96, 4):
        source.run(hours(19 + later), seen(A, True, at=hours(19 + later)))
        look(company, source, hours(19 + later))
        assert len(hook.got) == (3 if later < 72 else 4), later
    assert hook.kinds[3] == "recovered"
    assert hook.got[2]["facts"]["came back"] == "1 times"


def test_failing_again_long_after_is_another_incident(company: Workspace, hook: Receiver) -> None:
    source = FakeSource()
    for at, passed in ((T0, False), (hours(1), True), (hours(80), False)):
        source.run(at, seen(A, passed, at=at))
        look(company, source, at)
    about_it = [m["kind"] for m in hook.got if "a__day" in m["title"]]
    assert about_it == ["opened", "recovered", "opened"]
    assert len(ids(company)) >= 2


def test_graver_is_told_at_once_and_milder_is_not(company: Workspace, hook: Receiver) -> None:
    source = FakeSource()
    for at, severity in ((T0, "warning"), (minutes(5), "critical"), (minutes(9), "warning"),
                         (minutes(12), "critical")):  # fmt: skip
        source.run(at, seen(A, False, at=at, severity=severity))
        look(company, source, at)
    assert hook.kinds == ["opened", "escalated"]
    assert hook.got[1]["title"].startswith("[now critical]")


def test_what_is_only_information_makes_no_incident(company: Workspace, hook: Receiver) -> None:
    source = FakeSource()
    source.run(T0, seen(A, False, severity="info"))
    look(company, source, T0)
    assert hook.got == []
    assert ids(company) == set()


def test_a_check_that_no_longer_exists_is_over(company: Workspace, hook: Receiver) -> None:
    from dataclasses import replace

    source = FakeSource()
    source.run(T0, seen(A, False))
    look(company, source, T0)
    source.assets = replace(source.assets, checks=frozenset({"check:marts/a__day:another"}))
    look(company, source, hours(1))
    assert hook.kinds == ["opened", "recovered"]


def test_when_nothing_runs_somebody_is_told_and_when_it_runs_again(
    company: Workspace, hook: Receiver
) -> None:
    source = FakeSource()
    source.run(T0, seen(A, True))
    look(company, source, T0)
    look(company, source, hours(26))
    assert hook.got == []
    look(company, source, hours(26.1))
    assert hook.kinds == ["opened"]
    assert "No run has ended since 2026-05-04 08:00 UTC" in hook.got[0]["text"]
    assert hook.got[0]["severity"] == "critical"
    source.run(hours(30), seen(A, True, at=hours(30)))
    look(company, source, hours(30))
    assert hook.kinds == ["opened", "recovered"]


def test_a_new_workspace_is_not_silent_from_its_first_moment_on(
    company: Workspace, hook: Receiver
) -> None:
    look(company, FakeSource(), T0)
    look(company, FakeSource(), hours(25))
    assert hook.got == []
    look(company, FakeSource(), hours(27))
    assert hook.kinds == ["opened"]


def test_a_sensor_that_is_gone_or_well_again_is_over(company: Workspace, hook: Receiver) -> None:
    sensor = Observation(Subject("sensor", "poll_x"), False, T0, words="The sensor fails.")
    source = FakeSource(ticks=Batch(T0, (sensor,), frozenset({"sensor"})))
    look(company, source, T0)
    source.ticks = Batch(hours(1), (), frozenset({"sensor"}))
    look(company, source, hours(1))
    assert hook.kinds == ["opened", "recovered"]
    assert hook.got[0]["links"] == {"automation": "http://127.0.0.1:3000/automation"}


def test_acknowledged_is_not_reminded_of_and_a_false_alarm_is_silent(
    company: Workspace, hook: Receiver
) -> None:
    source = FakeSource()
    source.run(T0, seen(A, False), seen(C, False))
    look(company, source, T0)
    with opened(company) as store:
        by_asset = {i.subject.asset: i.incident_id for i in store.incidents()}
    triage(company, by_asset[A], "true_alarm", "", T0)
    triage(company, by_asset[C], "false_alarm", "call +49 170 1234567", T0)
    with opened(company) as store:
        noted = store.incident(by_asset[C])
        assert noted is not None
        assert noted.note == "call [phone]"
    source.run(hours(25), seen(A, False, at=hours(25)), seen(C, False, at=hours(25)))
    look(company, source, hours(25))
    assert hook.kinds == ["opened", "opened"]
    source.run(hours(26), seen(A, True, at=hours(26)), seen(C, True, at=hours(26)))
    look(company, source, hours(26))
    assert hook.kinds == ["opened", "opened", "recovered"]
    assert "a__day" in hook.got[2]["title"]


def test_a_look_that_fails_has_seen_nothing(
    company: Workspace, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = FakeSource()
    source.run(T0, seen(A, False))

    def break_off(*_: object) -> None:
        raise RuntimeError("broken off")

    with monkeypatch.context() as patch:
        patch.setattr(looking, "make_message", break_off)
        with pytest.raises(RuntimeError, match="broken off"):
            look(company, source, T0)
    assert ids(company) == set()
    look(company, source, T0)
    look(company, source, T0)
    assert hook.kinds == ["opened"]


def test_without_channels_incidents_are_kept_all_the_same(tmp_path: Path) -> None:
    company = workspace(tmp_path, "")
    source = FakeSource()
    source.run(T0, seen(A, False))
    account = look(company, source, T0)
    assert [i.subject.asset for i in account.open_incidents] == [A]
    assert account.waiting == 0
    assert HOOK not in (tmp_path / "productops.yml").read_text()
