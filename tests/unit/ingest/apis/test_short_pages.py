"""Answers that are short, garbled or too deep: the rest is asked for, or the pull says why not."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from io import BytesIO

from tests.unit.ingest.apis.server import Request, Response
from tests.unit.ingest.apis.worlds import Freshdesk, HubSpot
from tests.unit.ingest.apis.worlds_more import Amplitude, Jira, Mixpanel, PostHog


def test_a_vendor_that_gives_less_at_once_than_it_was_asked_for(make_puller) -> None:
    """There is more all the same: the vendor says that there is a next page."""
    posthog = make_puller(PostHog(90))
    events = posthog.world.answer
    posthog.world.answer = lambda asked: events(
        replace(asked, params=asked.params | {"limit": "40"})
    )
    posthog.pulled()

    freshdesk = make_puller(Freshdesk(90))
    tickets = freshdesk.world.answer

    def short(asked: Request) -> Response:
        found = tickets(replace(asked, params=asked.params | {"per_page": "40"}))
        more = {"Link": '<https://elsewhere.test/?page=2>; rel="next"'}
        return replace(found, headers=more if len(found.document) == 40 else {})

    freshdesk.world.answer = short
    freshdesk.pulled()


def test_a_page_that_is_not_the_last_and_names_no_next_one(make_puller) -> None:
    puller = make_puller(Jira(150))
    real = puller.world.answer

    def forgetful(asked: Request) -> Response:
        good = real(asked)
        if good.document.pop("nextPageToken", None):
            good.document["isLast"] = False
        return good

    puller.world.answer = forgetful
    puller.failed("no_good_answer", "not the last and names no next one")
    puller.world.answer = real
    puller.pulled()


def test_an_archive_whose_bytes_were_changed_on_the_way(make_puller) -> None:
    """Whichever byte it is, and however the members are packed."""
    puller = make_puller(Amplitude(240, 60))
    real, sent = puller.world.answer, []

    def garbled(asked: Request) -> Response:
        good = real(asked)
        sent.append(good)
        if good.raw is None or len(sent) % 2 == 0:
            return good
        deflated = BytesIO()
        with zipfile.ZipFile(BytesIO(good.raw)) as old, zipfile.ZipFile(deflated, "w") as new:
            for name in old.namelist():
                new.writestr(name, old.read(name), zipfile.ZIP_DEFLATED)
        raw = bytearray(deflated.getvalue())
        place = (len(sent) * 97) % len(raw) if len(sent) > 1 else 100
        raw[place : place + 40] = b"\xff" * len(raw[place : place + 40])
        return Response(raw=bytes(raw))

    puller.world.answer = garbled
    puller.pulled()


def test_a_date_years_ahead_passes_over_nothing(make_puller) -> None:
    puller = make_puller(HubSpot(150), skew=10 * 365 * 86400)
    assert puller.pull().status == "pulled"
    puller.server.skew = 300
    puller.world.edit(7)
    puller.server.skew = 600
    puller.pulled()


def test_what_is_nested_too_deeply_costs_itself_alone(make_puller) -> None:
    deep = '{"event": "x", "properties": {"time": 1777636800, "x": ' + "[" * 50_000
    puller = make_puller(Mixpanel(140, 1800))
    real = puller.world.answer

    def answer(asked: Request) -> Response:
        good = real(asked)
        if asked.params["from_date"] != "2026-05-02":
            return good
        return Response(raw=good.body + f"{deep}{']' * 50_000}}}}}\n".encode())

    puller.world.answer = answer
    assert puller.pulled().rows_quarantined == 1
    assert [row[2] for row in puller.place.quarantine()] == ["too_deeply_nested"]
