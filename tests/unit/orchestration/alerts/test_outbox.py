"""Whatever dies, messages arrive, in their order, and a receiver can tell a repetition."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.settings import Workspace
from orchestration.lib.alerts.look import look, opened, store_path
from tests.unit.orchestration.alerts.world import (
    HOOK,
    T0,
    A,
    C,
    FakeSource,
    Receiver,
    hours,
    minutes,
    receiving,
    seen,
    workspace,
)

ROOT = Path(__file__).resolve().parents[4]


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.unit.orchestration.alerts.world import FakeSource, T0, seen
from ingest.settings import open_workspace
from orchestration.lib.alerts import look as looking

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

after = {after}
real = looking.send_message
def send_and_die(*given):
    real(*given)
    die()
if {where!r} == "decided":
    looking.deliver = die
elif {where!r} == "deciding":
    looking.make_message = die
source = FakeSource()
source.run(T0, seen("marts/a__day", False))
looking.look(open_workspace(Path({home!r})), source, T0,
             send=send_and_die if {where!r} == "answered" else real)
"""


def fails(company: Workspace) -> FakeSource:
    source = FakeSource()
    source.run(T0, seen(A, False))
    look(company, source, T0)
    return source


def kill(company: Workspace, where: str) -> None:
    code = KILLED.format(root=str(ROOT), home=str(company.home), where=where, after=0)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("where", ["deciding", "decided"])
def test_killed_between_evaluation_and_sending_there_is_exactly_one_message(
    tmp_path: Path, hook: Receiver, where: str
) -> None:
    company = workspace(tmp_path)
    kill(company, where)
    assert hook.got == []
    source = FakeSource()
    source.run(T0, seen(A, False))
    for minute in range(3):
        look(company, source, minutes(minute))
    assert hook.kinds == ["opened"]


def test_killed_between_answer_and_note_the_message_comes_again_under_its_name(
    tmp_path: Path, hook: Receiver
) -> None:
    company = workspace(tmp_path)
    kill(company, "answered")
    look(company, FakeSource(), minutes(1))
    assert hook.kinds == ["opened", "opened"]
    assert hook.got[0]["message_id"] == hook.got[1]["message_id"]
    names = {headers["X-Productops-Message-Id"] for headers in hook.headers}
    assert names == {hook.got[0]["message_id"]}


def test_a_receiver_that_is_down_for_an_hour_gets_everything_in_order(
    tmp_path: Path, hook: Receiver
) -> None:
    company = workspace(tmp_path)
    hook.status = 503
    source = fails(company)
    tries = []
    for minute in range(1, 60):
        at = minutes(minute)
        if minute == 10:
            source.run(at, seen(A, False, at=at, severity="critical"), seen(C, False, at=at))
        if minute == 20:
            source.run(at, seen(A, True, at=at))
        account = look(company, source, at)
        tries.append(account.delivery.problems)
        assert account.sentence.endswith("channel hook: HTTP 503")
    with opened(company) as store:
        queued = store.queue.messages()
        assert {q.state for q in queued} == {"waiting"}
        assert queued[-1].attempt_count < 8, "later and later"
    hook.status = 200
    for minute in range(60, 180):
        account = look(company, source, minutes(minute))
    assert hook.kinds == ["opened", "escalated", "opened", "recovered"]
    assert (account.waiting, account.delivery.problems) == (0, ())


TWO = """alerts:
  channels:
    - {name: hook, kind: webhook, url_env: HOOK_URL, fallback: other, fallback_after_minutes: 30}
    - {name: other, kind: webhook, url_env: OTHER_URL}
  routes: [{to: [hook]}]
"""


def test_a_dead_channel_falls_back_says_so_and_is_found_again(
    tmp_path: Path, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = workspace(tmp_path, TWO)
    with receiving("/other") as other:
        monkeypatch.setenv("OTHER_URL", other.url)
        hook.status = 500
        source = fails(company)
        source.run(minutes(5), seen(C, False, at=minutes(5)))
        for minute in range(1, 40):
            look(company, source, minutes(minute))
        assert [m["title"].split()[1] for m in other.got] == [
            "a__day:",
            "c__day:",
        ]
        assert "channel hook does not answer" in other.got[0]["note"]
        # Still dead: what is new does not wait half an hour again.
        source.run(minutes(41), seen(C, True, at=minutes(41)))
        look(company, source, minutes(41))
        assert other.kinds == ["opened", "opened", "recovered"]
        hook.status = 200
        source.run(hours(3), seen(A, True, at=hours(3)))
        look(company, source, hours(3))
        assert (hook.kinds, other.kinds[3:]) == (["recovered"], [])


def test_two_dead_channels_that_name_each_other_do_not_go_round(
    tmp_path: Path, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = TWO.replace("url_env: OTHER_URL", "url_env: OTHER_URL, fallback: hook")
    company = workspace(tmp_path, both)
    with receiving("/other") as other:
        monkeypatch.setenv("OTHER_URL", other.url)
        hook.status = other.status = 500
        source = fails(company)
        for hour in range(1, 12):
            assert look(company, source, hours(hour)).waiting == 1
        other.status = 200
        for hour in range(12, 16):
            look(company, source, hours(hour))
        assert (hook.kinds, other.kinds) == ([], ["opened"])


def test_one_dead_channel_does_not_keep_another_one_waiting(
    tmp_path: Path, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = workspace(tmp_path, TWO.replace("to: [hook]", "to: [hook, other]"))
    with receiving("/other") as other:
        monkeypatch.setenv("OTHER_URL", other.url)
        hook.status = 500
        source = fails(company)
        assert other.kinds == ["opened"]
        for minute in range(1, 40):
            account = look(company, source, minutes(minute))
        assert other.kinds == ["opened"], "it was told itself: the fallback is no second message"
        assert account.waiting == 0


def test_a_channel_that_answers_nothing_hangs_nobody(tmp_path: Path, hook: Receiver) -> None:
    company = workspace(tmp_path, HOOK.replace("HOOK_URL}", "HOOK_URL, timeout_seconds: 1}"))
    hook.delay = 30
    account = look(company, _failing(), T0)
    assert account.delivery.problems == (("hook", "no answer within 1 seconds"),)


def _failing() -> FakeSource:
    source = FakeSource()
    source.run(T0, seen(A, False))
    return source


def test_messages_of_a_channel_that_is_no_longer_configured_arrive_elsewhere(
    tmp_path: Path, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = workspace(
        tmp_path,
        HOOK.replace(" hook", " old").replace("[hook", "[old").replace("HOOK_URL", "OLD_URL"),
    )
    source = fails(company)
    assert look(company, source, minutes(1)).delivery.problems == (("old", "OLD_URL is not set"),)
    company = workspace(tmp_path)
    look(company, source, minutes(2))
    assert hook.kinds == ["opened"]
    assert "channel old does not answer or is gone" in hook.got[0]["note"]


def test_a_lost_store_begins_with_the_record_and_tells_nobody_twice(
    tmp_path: Path, hook: Receiver
) -> None:
    company = workspace(tmp_path)
    source = fails(company)
    for path in store_path(company).parent.iterdir():
        path.unlink()
    source.ended = [replace(run, run_id="again") for run in source.ended]
    look(company, source, minutes(1))
    assert hook.kinds == ["opened"]
    source.run(minutes(9), seen(A, True, at=minutes(9)))
    look(company, source, minutes(9))
    assert hook.kinds == ["opened", "recovered"]
    assert len({m["incident_id"] for m in hook.got}) == 1
