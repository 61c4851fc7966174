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
    FakeSource,
    Receiver,
    hours,
    minutes,
    seen,
    workspace,
)

A, B, C, TICKETS = "marts/a__day", "marts/b__day", "marts/c__day", "lake/tickets"


@pytest.fixture
def company(tmp_path: Path) -> Workspace:
    return workspace(tmp_path)


def ids(company: Workspace) -> set[str]:
    with opened(company) as store:
        return {incident.incident_id for incident in store.incidents()}


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


def test_two_failures_with_one_cause_upstream_are_one_alert(
    company: Workspace, hook: Receiver
) -> None:
    source = FakeSource()
    source.run(T0, seen(B, False, rows_failing=7), seen(A, False), seen(TICKETS, False))
    look(company, source, T0)
    (message,) = hook.got
    assert message["title"].startswith("[warning] tickets:")
    assert message["title"].endswith("(and 2 consequences)")
    assert message["consequences"] == [
        "warning: a__day: marts/a__day must be right.",
        "warning: b__day: marts/b__day must be right. (7 rows)",
    ]
    assert message["facts"]["affected marts"] == "a__day, b__day"
    assert "page" in message["facts"]["affected pages"]
    # The cause and one consequence are over: not yet the whole. Then it is.
    source.run(minutes(9), seen(TICKETS, True), seen(A, True), seen(B, True))
    look(company, source, minutes(9))
    assert hook.kinds == ["opened", "recovered"]


def test_a_consequence_of_what_was_told_today_is_no_second_alert(
    company: Workspace, hook: Receiver
) -> None:
    source = FakeSource()
    source.run(T0, seen(TICKETS, False))
    look(company, source, T0)
    source.run(hours(1), seen(TICKETS, False, at=hours(1)), seen(A, False, at=hours(1)))
    look(company, source, hours(1))
    assert hook.kinds == ["opened"]
    look(company, source, hours(25))
    assert hook.kinds == ["opened", "reminded"]
    assert len(hook.got[1]["consequences"]) == 1


def test_a_trifle_upstream_does_not_explain_a_disaster(company: Workspace, hook: Receiver) -> None:
    source = FakeSource()
    source.run(T0, seen(TICKETS, False), seen(B, False))
    look(company, source, T0)
    source.run(hours(1), seen(A, False, at=hours(1), severity="critical"))
    look(company, source, hours(1))
    source.run(hours(2), seen(B, False, at=hours(2), severity="critical"))
    look(company, source, hours(2))
    assert [m["title"].split(":")[0] for m in hook.got] == [
        "[warning] tickets", "[critical] a__day",
        "[critical] b__day",
    ]  # fmt: skip


def test_another_check_of_an_asset_that_fails_already_is_told(
    company: Workspace, hook: Receiver
) -> None:
    source = FakeSource()
    source.run(T0, seen(A, False))
    look(company, source, T0)
    source.run(hours(1), seen(A, False, at=hours(1)), seen(A, False, name="other", at=hours(1)))
    look(company, source, hours(1))
    assert [m["title"].split(":")[0] for m in hook.got] == [
        "[warning] a__day", "[warning] a__day"]  # fmt: skip


def test_what_goes_on_when_its_cause_is_over_had_another_one(
    company: Workspace, hook: Receiver
) -> None:
    source = FakeSource()
    source.run(T0, seen(TICKETS, False), seen(A, False))
    look(company, source, T0)
    source.run(hours(1), seen(TICKETS, True, at=hours(1)), seen(A, False, at=hours(1)))
    look(company, source, hours(1))
    assert sorted(hook.kinds) == ["opened", "opened", "recovered"]
    titles = [m["title"] for m in hook.got if m["kind"] == "opened"]
    assert titles[1].startswith("[warning] a__day")
    source.run(hours(2), seen(A, True, at=hours(2)))
    look(company, source, hours(2))
    assert sorted(hook.kinds) == ["opened", "opened", "recovered", "recovered"]


def test_an_old_cause_explains_nothing_new(company: Workspace, hook: Receiver) -> None:
    source = FakeSource()
    source.run(T0, seen(TICKETS, False))
    look(company, source, T0)
    (known,) = ids(company)
    triage(company, known, "true_alarm", "we know", T0)
    source.run(hours(30), seen(TICKETS, False, at=hours(30)), seen(A, False, at=hours(30)))
    look(company, source, hours(30))
    assert [m["title"].split()[1] for m in hook.got] == ["tickets:", "a__day:"]


def test_unrelated_failures_are_alerts_of_their_own(company: Workspace, hook: Receiver) -> None:
    source = FakeSource()
    source.run(T0, seen(A, False), seen(C, False))
    look(company, source, T0)
    assert hook.kinds == ["opened", "opened"]


def test_checks_of_one_asset_and_crashes_of_one_run_are_one_failure_each(
    company: Workspace, hook: Receiver
) -> None:
    source = FakeSource()
    crash = {"crashed": True, "run_id": "r", "severity": "critical"}
    source.run(
        T0, seen(A, False), seen(A, False, name="other", severity="critical"),
        seen(B, False, **crash), seen(C, False, **crash),
    )  # fmt: skip
    look(company, source, T0)
    assert len(hook.got) == 2
    assert "other" in hook.got[0]["facts"]["check"], "the gravest speaks for all"


def test_partitions_are_one_incident_for_each_set(company: Workspace, hook: Receiver) -> None:
    def day(name: str, passed: bool, at=T0) -> Observation:
        return seen(A, passed, partition=name, at=at)

    source = FakeSource()
    source.run(T0, day("d1", False), day("d2", False), day("d3", True))
    look(company, source, T0)
    assert hook.got[0]["facts"]["partitions"] == "d1, d2"
    source.run(minutes(1), day("d1", True, minutes(1)), day("d2", False, minutes(1)))
    look(company, source, minutes(1))
    assert (hook.kinds, len(ids(company))) == (["opened"], 1)
    source.run(minutes(2), day("d9", False, minutes(2)))
    look(company, source, minutes(2))
    assert len(ids(company)) == 2
    source.run(minutes(3), day("d2", True, minutes(3)))
    look(company, source, minutes(3))
    with opened(company) as store:
        assert [i.partitions for i in store.incidents() if i.is_open] == [("d9",)]


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
