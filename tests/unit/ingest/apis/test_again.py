"""What later pulls may meet: other options, late hours, pages read once more, long histories."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO

import pytest

from ingest.manifests import read_manifests, reopen, taken_in
from ingest.pull import pull
from ingest.streams import read_chains
from tests.unit.ingest.apis.conftest import configuration
from tests.unit.ingest.apis.server import Request, Response
from tests.unit.ingest.apis.worlds import BEGIN, Freshdesk, HubSpot
from tests.unit.ingest.apis.worlds_more import (
    Amplitude,
    Intercom,
    Jira,
    Mixpanel,
    Okta,
    Productboard,
)


def _cursors(puller) -> list[dict[str, object]]:
    world = puller.world
    chain = read_chains(puller.place.workspace.lake)[world.vendor, world.streams[0]]
    return [page.cursor_out for page in chain]


@pytest.mark.parametrize("wrong", ["tok\u20acn", "two\nlines", "tab\there"])
def test_a_credential_that_no_header_takes_is_not_shown(make_puller, monkeypatch, wrong) -> None:
    puller = make_puller(Okta(5))
    monkeypatch.setenv("VENDOR_TOKEN", wrong)
    (outcome,) = pull(puller.place.workspace, sleep=puller.waits.append)
    assert (outcome.status, "(bad_credential)" in outcome.detail) == ("failed", True)
    assert wrong not in outcome.detail
    assert not puller.waits
    assert wrong not in (puller.place.home / "lake/ledger/.pulls.json").read_text()
    monkeypatch.delenv("VENDOR_TOKEN")
    puller.pulled()


def test_a_credential_may_end_in_a_line_break(make_puller, monkeypatch) -> None:
    puller = make_puller(Okta(5))
    secret = puller.place.workspace.secret("VENDOR_TOKEN")
    monkeypatch.setenv("VENDOR_TOKEN", f"{secret}\r\n")
    puller.pulled()


def test_an_hour_that_comes_late_or_by_halves_is_not_lost(make_puller) -> None:
    puller = make_puller(Amplitude(240, 60))
    real = puller.world.answer

    def early(request: Request) -> Response:
        good = real(request)
        if request.params["start"] == "20260501T01":
            return Response({}, 404)
        if request.params["start"] == "20260501T02":
            half = BytesIO()
            with zipfile.ZipFile(BytesIO(good.raw)) as whole, zipfile.ZipFile(half, "w") as archive:
                first = whole.namelist()[0]
                archive.writestr(first, whole.read(first))
            return Response(raw=half.getvalue())
        return good

    # It is noon of the first day.
    puller.server.skew -= 3.5 * 86400
    puller.world.answer = early
    puller.pull()
    assert len(puller.versions()) == 240 - 60 - 30
    puller.world.answer = real
    puller.pulled()


def test_what_is_read_once_more_takes_nothing_back_and_is_kept_once(make_puller) -> None:
    puller = make_puller(Mixpanel(140, 1800))
    puller.pulled()
    cursors, raw = _cursors(puller), len(list(read_manifests(puller.place.workspace.lake)))
    puller.pulled()
    assert len(read_manifests(puller.place.workspace.lake)) == raw
    real = puller.world.answer
    # The first day is told in another order now: it is landed again, and moves nothing.
    puller.world.answer = lambda request: Response(
        raw=b"".join(reversed(real(request).raw.splitlines(keepends=True)))
    )
    puller.pulled()
    ends = [cursor["through"] for cursor in _cursors(puller)]
    assert len(ends) > len(cursors)
    assert ends == sorted(ends)


def test_what_waits_to_be_landed_again_is_not_landed_before_by_a_page_that_repeats_it(
    make_puller,
) -> None:
    puller = make_puller(Mixpanel(140, 1800))
    puller.pulled()
    lake = puller.place.workspace.lake
    landed = taken_in(lake)
    for manifest in landed:
        reopen(lake, manifest)
    assert puller.pull().pages == 0
    puller.place.run()
    assert [m.path for m in taken_in(lake) if m.page] == [m.path for m in landed]
    puller.is_exact()


def test_other_options_are_another_stream(make_puller) -> None:
    """Issues that the query takes in now were changed long before the last pull."""
    puller = make_puller(Jira(120))
    puller.pulled()
    for number in range(121, 241):
        puller.world.at[number] = puller.world.born[number] = BEGIN + number * 60
    real = puller.world.answer

    def answer(request: Request) -> Response:
        jql = request.params["jql"].replace("project in (HELP, OPS)", "project = HELP")
        assert jql != request.params["jql"]
        return real(Request("GET", "", request.params | {"jql": jql}, None, {}))

    puller.world.answer = answer
    text = configuration(puller.world, puller.server.url, options="{query: @}")
    text = text.replace("@", '"project in (HELP, OPS)"')
    (puller.place.home / "productops.yml").write_text(text)
    assert "options were changed" in puller.pulled().detail
    assert not puller.pulled().detail


def test_all_changes_of_an_issue_are_asked_for(make_puller) -> None:
    puller = make_puller(Jira(3))
    search, record = puller.world.answer, puller.world.record
    moved = {"field": "status", "fieldId": "status", "fromString": "A", "toString": "B"}
    changes = [
        {"id": str(n), "author": {"accountId": "a"}, "items": [moved],
         "created": f"2026-05-01T1{n // 60}:{n % 60:02}:00.000+0000"}
        for n in range(250)
    ]  # fmt: skip
    short = {"total": 250, "maxResults": 100, "histories": changes[:100]}
    puller.world.record = lambda n: record(n) | ({"changelog": short} if n == 2 else {})
    told = [250]

    def answer(request: Request) -> Response:
        if not request.path.endswith("/changelog"):
            return search(request)
        assert request.path == "/rest/api/3/issue/HELP-2/changelog"
        begin = int(request.params["startAt"])
        return Response({"total": told[0], "values": changes[begin : begin + 100]})

    puller.world.answer = answer
    told[0] = 251
    puller.failed("count_differs", "counts 251 changes, 250 came")
    told[0] = 250
    puller.pulled()
    assert puller.place.rows("work_item_events", "count(*)") == [(250,)]
    (page,) = (puller.place.home / "lake/landing/source=jira").rglob("*__000001")
    issues = {issue["key"]: issue for issue in json.loads(page.read_bytes())["issues"]}
    assert issues["HELP-2"]["changelog"]["histories"] == changes


@pytest.mark.parametrize("world", [Intercom, Productboard])
def test_what_is_counted_as_a_whole_is_read_as_a_whole(make_puller, world) -> None:
    """Whoever stopped within it would begin at its start again, for ever."""
    make_puller(world(500), max_pages=2).pulled()


def test_tickets_of_one_moment_are_read_as_a_whole(make_puller) -> None:
    """Their pages have numbers alone: whoever stopped within them would begin at the first."""
    make_puller(Freshdesk(450, 0), max_pages=2).pulled()


def test_where_nothing_came_yet_it_says_what_to_see_to(make_puller) -> None:
    puller = make_puller(Amplitude(240, 60))
    puller.world.answer = lambda request: Response({"error": "Not Found"}, 404)
    outcome = puller.pull()
    assert (outcome.status, outcome.pages) == ("pulled", 0)
    assert "nothing came since 2026-05-01" in outcome.detail


def test_more_than_a_page_dated_in_the_future_is_read_once(make_puller) -> None:
    puller = make_puller(Freshdesk(250))
    for number in range(1, 251):
        puller.world.at[number] = BEGIN + 5 * 365 * 86400
    before = puller.server.before

    def slowly(count: int) -> None:
        puller.server.skew += 2
        assert count < 30, "asked for ever"
        if before:
            before(count)

    puller.server.before = slowly
    puller.pull()
    assert len(puller.versions()) == 250


@pytest.mark.slow
@pytest.mark.parametrize(
    "world", [Freshdesk(30_001, 2), HubSpot(10_001, 1)], ids=["tickets", "hits of a search"]
)
def test_more_than_a_vendor_gives_at_once_are_landed(make_puller, world) -> None:
    puller = make_puller(world)
    puller.pulled()
    # Whoever asked for tickets is a row of another contract.
    assert len(puller.landed()) == len(world.at)
