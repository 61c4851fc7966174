"""Which failures are told as one: those with one cause, of one asset, of one run, of partitions.

All of it goes the whole way, through the store and the outbox to a receiver over HTTP.
"""

from __future__ import annotations

from ingest.settings import Workspace
from orchestration.lib.alerts.look import look, opened
from orchestration.lib.alerts.model import Observation
from orchestration.lib.alerts.triage import triage
from tests.unit.orchestration.alerts.world import (
    T0,
    TICKETS,
    A,
    B,
    C,
    FakeSource,
    Receiver,
    hours,
    ids,
    minutes,
    seen,
)


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
