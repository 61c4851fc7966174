"""The client alone: what it asks again or refuses, how long it waits, what it keeps secret."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from ingest.apis import load_vendor
from ingest.http import (
    ATTEMPTS,
    Api,
    Budget,
    ExpiredCursorError,
    PullError,
    UnprovenError,
    basic,
    json_list,
    seconds_until,
)
from tests.unit.ingest.apis.server import SECRET, FaultServer, Request, Response
from tests.unit.ingest.apis.worlds import World

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Plain(World):
    """Always the same list; `status` and `headers` can be set."""

    list_name = "things"
    reply = Response({"things": [{"id": 1}]})

    def answer(self, request: Request) -> Response:
        return self.reply


@pytest.fixture
def server() -> Iterator[FaultServer]:
    running = FaultServer(Plain(1))
    yield running
    running.close()


def ask(server: FaultServer, waits: list[float], **options):
    api = Api(server.url, basic(f"me:{SECRET}"), sleep=waits.append, **options)
    try:
        return api.ask("GET", "/things", lambda body: json_list(body, "things")[1])
    finally:
        api.close()


@pytest.mark.parametrize(
    "fault",
    ["429 seconds", "429 date", "429", "408", "425", "500", "502", "503", "504", "reset", "cut",
     "truncated", "html", "null", "missing", "text"],
)  # fmt: skip
def test_asks_again_until_the_answer_is_good(server, fault) -> None:
    waits: list[float] = []
    server.faults = {1: fault, 2: fault}
    assert ask(server, waits).found == [{"id": 1}]
    assert (len(server.requests), len(waits)) == (3, 2)
    server.faults, server.always = {}, fault
    with pytest.raises(PullError, match=rf"asked {ATTEMPTS} times.*\(no_good_answer\)"):
        ask(server, waits)
    assert len(server.requests) == 3 + ATTEMPTS


def test_gives_up_a_connection_that_says_nothing(server) -> None:
    waits: list[float] = []
    server.faults = {1: "slow"}
    assert ask(server, waits, timeout=0.2).found == [{"id": 1}]
    assert len(waits) == 1


@pytest.mark.parametrize(
    ("status", "reason"), [("401", "denied"), ("403", "denied"), ("302", "refused")]
)
def test_fails_at_once_where_asking_again_is_useless(server, status, reason) -> None:
    waits: list[float] = []
    server.always = status
    with pytest.raises(PullError, match=rf"status {status}.*\({reason}\)"):
        ask(server, waits)
    assert (len(server.requests), waits) == (1, [])


@pytest.mark.parametrize("skew", [0, 86400, -86400])
def test_waits_as_long_as_told_on_the_servers_clock(server, skew) -> None:
    waits: list[float] = []
    server.skew = skew
    server.faults = {1: "429 seconds", 2: "429 date"}
    ask(server, waits)
    assert 7 <= waits[0] <= 8
    assert 18 <= waits[1] <= 22


def test_waits_longer_each_time_and_never_the_same(server) -> None:
    waits: list[float] = []
    server.faults = dict.fromkeys(range(1, ATTEMPTS), "500")
    ask(server, waits)
    for attempt, wait in enumerate(waits):
        assert 2**attempt * 0.5 <= wait <= 2**attempt
    assert len(set(waits)) == len(waits)


def test_one_budget_for_all_waits_of_a_run(server) -> None:
    waits: list[float] = []
    budget = Budget(20)
    server.always = "429 seconds"
    with pytest.raises(PullError, match=r"left for this run.*\(no_time_left\)"):
        ask(server, waits, budget=budget)
    assert sum(waits) <= 20
    assert len(waits) == 2
    with pytest.raises(PullError, match="no_time_left"):
        ask(server, waits, budget=budget)
    assert len(waits) == 2


def test_the_clock_is_the_servers(server) -> None:
    server.skew = -7200
    api = Api(server.url, basic(f"me:{SECRET}"))
    assert abs(api.server_now().timestamp() - (time.time() - 7200)) < 3
    # The credential is not needed to be told the time.
    assert "Authorization" not in server.probes[0].headers
    api.close()


def test_the_secret_shows_nowhere(server, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    api = Api(server.url, basic(f"me:{SECRET}"))
    answer = api.ask("GET", "/things", lambda body: json_list(body, "things"))
    coded = basic(f"me:{SECRET}")["Authorization"].split()[1]
    assert server.requests[0].headers["Authorization"].endswith(coded)
    said = caplog.text + repr(api) + repr(answer) + repr(Budget())
    assert repr(api) == f"Api({server.url})"
    assert SECRET not in said
    assert coded not in said
    api.close()


@pytest.mark.parametrize("path", ["http://elsewhere.test/x", "//elsewhere.test/x", "x"])
def test_nothing_but_the_base_url_is_asked(server, path) -> None:
    api = Api(server.url, {})
    with pytest.raises(PullError, match="other_host"):
        api.ask("GET", path, lambda body: body)
    assert not server.requests
    api.close()


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("0", 0), ("12.5", 12.5), ("-3", 0), (None, None), ("soon", None), ("", None),
     (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
     (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0)],
)  # fmt: skip
def test_retry_after(told, seconds) -> None:
    assert seconds_until(told, NOW) == seconds


@pytest.mark.parametrize(
    ("body", "path"),
    [(b"<html>", "a"), (b'{"a": [1', "a"), (b'{"a": null}', "a"), (b"{}", "a"), (b"[]", "a"),
     (b'{"a": {}}', "a"), (b'{"a": [1]}', "a"), (b"null", ""), (b'{"a": []}', ""), (b"", "a"),
     (b"\xff", "a"), (b'{"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", "a")],
)  # fmt: skip
def test_a_body_without_the_expected_list_is_no_proof(body, path) -> None:
    with pytest.raises(UnprovenError):
        json_list(body, path)


def test_a_list_may_be_absent_only_where_the_vendor_does_so() -> None:
    assert json_list(b'{"kind": "x"}', "items", optional=True)[1] == []
    with pytest.raises(UnprovenError):
        json_list(b'{"items": null}', "items", optional=True)
    with pytest.raises(UnprovenError):
        json_list(b"[]", "items", optional=True)


def answered(server: FaultServer, vendor: str, reply: Response, params=None, waits=None):
    rules = load_vendor(vendor)
    server.world.reply = reply
    waits = [] if waits is None else waits
    api = Api(server.url, rules.headers("me:x"), classify=rules.classify, sleep=waits.append)
    try:
        return api.ask("GET", "/things", lambda body: body, params=params)
    finally:
        api.close()


def test_google_says_rate_limit_with_a_403(server) -> None:
    limit = {"error": {"errors": [{"reason": "userRateLimitExceeded"}], "code": 403}}
    with pytest.raises(PullError, match="no_good_answer"):
        answered(server, "google_workspace", Response(limit, 403))
    assert len(server.requests) == ATTEMPTS
    forbidden = {"error": {"errors": [{"reason": "forbidden"}], "code": 403}}
    with pytest.raises(PullError, match="denied"):
        answered(server, "google_workspace", Response(forbidden, 403))
    assert len(server.requests) == ATTEMPTS + 1


def test_okta_says_when_its_limit_ends(server) -> None:
    server.skew = 3600
    waits: list[float] = []
    reset = {"X-Rate-Limit-Reset": str(int(server.now()) + 30)}
    with pytest.raises(PullError, match="no_good_answer"):
        answered(server, "okta", Response({}, 429, reset), waits=waits)
    assert all(27 <= wait <= 33 for wait in waits)


def test_a_days_quota_of_hubspot_does_not_come_back_by_waiting(server) -> None:
    with pytest.raises(PullError, match="refused"):
        answered(server, "hubspot", Response({"policyName": "DAILY"}, 429))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("vendor", "place"),
    [("zendesk", "cursor"), ("okta", "after"), ("jira", "nextPageToken"),
     ("google_workspace", "pageToken"), ("productboard", "pageCursor")],
)  # fmt: skip
def test_a_refused_place_has_expired_anything_else_is_refused(server, vendor, place) -> None:
    with pytest.raises(ExpiredCursorError):
        answered(server, vendor, Response({}, 400), {place: "old"})
    with pytest.raises(PullError, match="refused"):
        answered(server, vendor, Response({}, 400), {"other": "x"})
