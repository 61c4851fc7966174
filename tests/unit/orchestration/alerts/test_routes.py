"""Whom a message goes to, and when: routes, owners, quiet hours, heartbeats."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.lib.alerts.look import look
from orchestration.lib.alerts.model import SEVERITIES
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

QUIET = HOOK + "  quiet_hours: {starts_at: 20:00, ends_at: 07:00, weekends: true}\n"


@pytest.mark.parametrize(
    ("severity", "at", "told"),
    [
        ("warning", "2026-05-04T19:59", "2026-05-04T19:59"),
        ("warning", "2026-05-04T20:00", "2026-05-05T07:00"),
        ("warning", "2026-05-05T03:15", "2026-05-05T07:00"),
        ("warning", "2026-05-08T21:00", "2026-05-11T07:00"),  # Friday night to Monday
        ("warning", "2026-05-09T12:00", "2026-05-11T07:00"),
        ("critical", "2026-05-05T03:15", "2026-05-05T03:15"),
    ],
)
def test_quiet_hours_hold_what_is_not_critical_by_the_companys_clock(
    tmp_path: Path, hook: Receiver, severity: str, at: str, told: str
) -> None:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("Europe/Berlin")
    company = workspace(tmp_path, QUIET, "Europe/Berlin")
    assert severity in SEVERITIES
    begins, due = (datetime.fromisoformat(text).replace(tzinfo=zone) for text in (at, told))
    source = FakeSource()
    source.run(begins, seen(A, False, at=begins, severity=severity))
    look(company, source, begins)
    if due > begins:
        assert hook.got == []
        look(company, source, due - timedelta(minutes=1))
        assert [m for m in hook.got if m["severity"] != "critical"] == []
    look(company, source, due)
    assert [m["kind"] for m in hook.got if "a__day" in m["title"]] == ["opened"]


def test_what_is_over_before_the_morning_is_one_message(tmp_path: Path, hook: Receiver) -> None:
    company = workspace(tmp_path, QUIET)
    source = FakeSource()
    night = T0.replace(hour=22)
    source.run(night, seen(A, False, at=night))
    look(company, source, night)
    later = night + timedelta(hours=2)
    source.run(later, seen(A, True, at=later))
    look(company, source, later)
    look(company, source, night + timedelta(hours=9))
    assert hook.kinds == ["recovered"]
    assert hook.got[0]["title"].startswith("[recovered after 2 hours]")
    assert {"since", "until"} <= set(hook.got[0]["facts"])


OWNERS = "owners: {tickets: ops-two}\n"
ROUTES = """alerts:
  channels:
    - {name: hook, kind: webhook, url_env: HOOK_URL}
    - {name: other, kind: webhook, url_env: OTHER_URL}
  routes:
    - {tags: [finance], severity: critical, to: [other]}
    - {assets: ["marts/c__*"], to: [other, hook]}
    - {owners: [support-ops], to: []}
    - {to: [hook]}
"""


@pytest.mark.parametrize(
    ("asset", "more", "hooked", "othered"),
    [
        (A, {"severity": "critical"}, 0, 1),
        (A, {}, 1, 0),
        (A, {"owner": "support-ops"}, 0, 0),
        (C, {"owner": "support-ops"}, 1, 1),
    ],
)
def test_the_first_route_that_fits_is_taken(
    tmp_path: Path, hook: Receiver, monkeypatch: pytest.MonkeyPatch, asset: str, more: dict,
    hooked: int, othered: int,
) -> None:  # fmt: skip
    with receiving("/other") as other:
        monkeypatch.setenv("OTHER_URL", other.url)
        source = FakeSource()
        source.run(T0, seen(asset, False, **more))
        look(workspace(tmp_path, ROUTES), source, T0)
        assert (len(hook.got), len(other.got)) == (hooked, othered)


def test_a_heartbeat_is_given_every_few_minutes_and_missing_ones_are_said(
    tmp_path: Path, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = workspace(tmp_path, "alerts: {heartbeat_url_env: BEAT_URL}\n")
    source = FakeSource()
    assert look(company, source, T0).delivery.problems == (("heartbeat", "BEAT_URL is not set"),)
    monkeypatch.setenv("BEAT_URL", hook.url)
    for minute in range(12):
        look(company, source, minutes(minute))
    assert hook.beats == 3
    hook.status = 404
    assert look(company, source, hours(1)).delivery.problems == (("heartbeat", "HTTP 404"),)
    monkeypatch.setenv("BEAT_URL", "file:///etc/passwd")
    problems = look(company, source, hours(2)).delivery.problems
    assert problems == (("heartbeat", "holds no web address"),)


def test_whom_the_company_names_for_a_contract_is_told(tmp_path: Path, hook: Receiver) -> None:
    routes = HOOK.replace("routes: [", "routes: [{owners: [ops-two], to: [hook]}, ")
    company = workspace(tmp_path, routes.replace("{to: [hook]}", "{to: []}") + OWNERS)
    source = FakeSource()
    source.run(T0, seen("lake/tickets", False), seen(C, False))
    look(company, source, T0)
    assert [message["facts"]["owner"] for message in hook.got] == ["ops-two"]
