"""Every vendor's API over a known truth: exactly the truth is landed, faults or not."""

from __future__ import annotations

import pytest

from tests.unit.ingest.apis.server import SECRET, Request, Response
from tests.unit.ingest.apis.worlds import (
    Freshdesk,
    HubSpot,
    World,
    Zendesk,
    ZendeskEvents,
    ZendeskUsers,
)
from tests.unit.ingest.apis.worlds_more import (
    Amplitude,
    Google,
    Intercom,
    Jira,
    Mixpanel,
    Okta,
    PostHog,
    Productboard,
)

EVERY = [
    Zendesk, ZendeskEvents, ZendeskUsers, Freshdesk, HubSpot, Intercom, Jira, Okta, Google,
    Productboard, PostHog, Amplitude, Mixpanel,
]  # fmt: skip
# One fault after another: each page is spoiled once or twice before it comes whole.
TROUBLE = [
    "429 seconds", "500", "reset", "", "truncated", "html", "", "null", "cut", "", "429 date",
    "502", "missing", "", "text", "429", "503", "", "reset", "null",
]  # fmt: skip


def small(world: type[World]) -> World:
    # Slices of an hour or a day: enough records for a few of them.
    return world(240, 60) if world is Amplitude else world(250, 600 if world is Mixpanel else 60)


@pytest.mark.parametrize("world", EVERY)
def test_exactly_the_truth_in_spite_of_every_fault(make_puller, world) -> None:
    puller = make_puller(small(world))
    puller.server.faults = {n: fault for n, fault in enumerate(TROUBLE, start=1) if fault}
    outcome = puller.pulled()
    assert outcome.records >= len(puller.world.at)
    assert any(wait >= 7 for wait in puller.waits)
    # Nothing new: nothing is loaded again, and nothing calls for a build.
    before = puller.place.rows(puller.world.contract, "count(*)")
    again = puller.pulled()
    assert again.rows_loaded == 0
    assert puller.place.rows(puller.world.contract, "count(*)") == before
    raw = b"".join(p.read_bytes() for p in (puller.place.home / "lake").rglob("*") if p.is_file())
    assert SECRET.encode() not in raw


@pytest.mark.parametrize("world", EVERY)
def test_a_page_that_comes_twice_in_place_of_the_next(make_puller, world) -> None:
    """The pull is exact, or says why not; the one after it is exact."""
    puller = make_puller(small(world))
    real, sent = puller.world.answer, []

    def stale(request: Request) -> Response:
        sent.append(real(request))
        return sent[-2] if len(sent) == 2 else sent[-1]

    puller.world.answer = stale
    first = puller.pull()
    assert first.status == "pulled" or first.detail.endswith(")"), first
    assert len(sent) > 2
    puller.pulled()


@pytest.mark.parametrize(
    "world", [Freshdesk, HubSpot, Intercom, Jira, Okta, Google, Productboard, PostHog, Amplitude,
              Mixpanel]
)  # fmt: skip
def test_what_comes_late_into_the_vendors_index_is_read_yet(make_puller, world) -> None:
    """A pull reads again some way back, however new the records are that it has seen."""
    puller = make_puller(small(world))
    ready = {Amplitude: 4 * 3600, Mixpanel: 2 * 86400}.get(world, 150)
    late, seen = 8, 9
    now = int(puller.server.now())
    puller.world.at[seen] = puller.world.born[seen] = now - ready + 30
    moment = now - ready
    del puller.world.at[late]
    puller.pulled()
    puller.world.at[late] = puller.world.born[late] = moment
    puller.world._ordered = []
    puller.pulled()
