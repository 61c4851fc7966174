"""What walks must survive or refuse: edits, equal moments, caps, cursors that stand or go round."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ingest.apis import load_vendor, posthog
from ingest.http import Api, PullError
from ingest.streams import read_chains
from tests.unit.ingest.apis.worlds import BEGIN, Freshdesk, HubSpot, World, Zendesk, ZendeskEvents
from tests.unit.ingest.apis.worlds_more import (
    Google,
    Intercom,
    Jira,
    Mixpanel,
    Okta,
    PostHog,
    Productboard,
)

START = datetime.fromtimestamp(BEGIN, UTC)


def chain(puller) -> list:
    (found,) = read_chains(puller.place.workspace.lake).values()
    return found


@pytest.mark.parametrize(
    ("world", "skew"),
    [
        (Zendesk, 0), (Freshdesk, -7200), (HubSpot, 7200), (HubSpot, -7200), (Intercom, -7200),
        (Jira, 7200), (Productboard, 0),
    ],
)  # fmt: skip
def test_records_edited_while_they_are_paged(make_puller, world, skew) -> None:
    """Whatever the server's clock: nothing is passed over, and later versions come later."""
    puller = make_puller(world(500), skew)
    edits = {2: (3, 4, 101, 202), 3: (5, 150, 499)}
    puller.server.before = lambda number: puller.world.edit(*edits.get(number, ()))
    assert puller.pull().status == "pulled"
    puller.server.skew += 300
    puller.pulled()


@pytest.mark.parametrize("world", [Zendesk, Freshdesk, HubSpot, Intercom, Okta, PostHog])
def test_many_records_of_one_moment_at_the_border_of_a_page(
    make_puller, monkeypatch, world
) -> None:
    same = world(450, 60)
    if world is PostHog:
        monkeypatch.setattr(posthog, "PER_PAGE", 100)
    # Where the moment is all there is to go by, it must fit on a page.
    for number in range(100, 180) if world is PostHog else range(60, 330):
        same.at[number] = same.born[number] = BEGIN + 100 * 60
    make_puller(same).pulled()


def test_events_of_one_second_come_together_or_not_at_all(make_puller) -> None:
    """A second is the finest that this cursor knows: more than a page of it can't be walked."""
    some = ZendeskEvents(450)
    for number in range(60, 150):
        some.at[number] = BEGIN + 60 * 60
    make_puller(some).pulled()
    many = ZendeskEvents(450, 0)
    make_puller(many).pulled()
    stuck = ZendeskEvents(451, 0)
    stuck.at[451] += 60
    make_puller(stuck).failed("stuck_cursor")


def test_thirty_thousand_and_one_freshdesk_tickets(make_puller) -> None:
    """More than 300 pages: the window moves on, no ticket is missing."""
    puller = make_puller(Freshdesk(30_001, 2))
    vendor = load_vendor("freshdesk")
    api = Api(puller.server.url, vendor.headers("key"), sleep=puller.waits.append)
    tickets = vendor.streams({})["tickets"]
    sent = [page.body for page in tickets.walk.pages(api, {}, START)]
    ids = {int(part.split(b",", 1)[0]) for body in sent for part in body.split(b'{"id": ')[1:]}
    assert ids == set(puller.world.at)
    assert {request.params["page"] for request in puller.server.requests} == {"1"}
    api.close()


def test_more_of_one_moment_than_the_cap_allows_fails(make_puller) -> None:
    puller = make_puller(Freshdesk(30_001, 0))
    vendor = load_vendor("freshdesk")
    api = Api(puller.server.url, vendor.headers("key"), sleep=puller.waits.append)
    with pytest.raises(PullError, match=r"more than 300 pages .* \(page_cap\)"):
        list(vendor.streams({})["tickets"].walk.pages(api, {}, START))
    api.close()


def test_tickets_of_one_moment_that_move_while_read_are_refused(make_puller) -> None:
    puller = make_puller(Freshdesk(450, 0))
    puller.server.before = lambda n: puller.world.edit(1, 2, 3) if n == 2 else None
    puller.failed("moved_while_read")
    puller.server.before = None
    puller.pulled()


def test_ten_thousand_and_one_hits_of_a_search(make_puller) -> None:
    puller = make_puller(HubSpot(10_001, 1))
    vendor = load_vendor("hubspot")
    api = Api(puller.server.url, vendor.headers("key"), sleep=puller.waits.append)
    sent = [page.body for page in vendor.streams({})["companies"].walk.pages(api, {}, START)]
    ids = [int(item["id"]) for body in sent for item in json.loads(body)["results"]]
    assert ids == sorted(puller.world.at)
    api.close()


def test_deleted_tickets_and_archived_companies_come_as_such(make_puller) -> None:
    zendesk = make_puller(Zendesk(30))
    zendesk.pulled()
    zendesk.world.delete(3, 4)
    zendesk.server.skew += 120
    zendesk.pulled()
    gone = zendesk.place.rows("tickets", "ticket_id", "and status = 'deleted' order by all")
    assert gone == [("3",), ("4",)]

    freshdesk = Freshdesk(5)
    freshdesk.gone = {2}
    puller = make_puller(freshdesk)
    puller.pulled()
    assert puller.place.rows("tickets", "ticket_id", "and status = 'deleted'") == [("2",)]

    hubspot = HubSpot(6)
    hubspot.streams = ("archived_companies",)
    puller = make_puller(hubspot)
    hubspot.delete(2, 3, 5)
    assert puller.pull().records == 3
    assert puller.versions() == {n: m for n, m in hubspot.truth().items() if n in {"2", "3", "5"}}
    assert puller.place.rows("accounts", "count(*)", "and is_deleted") == [(3,)]


def test_expired_cursor_begins_again_further_back(make_puller) -> None:
    puller = make_puller(Zendesk(250))
    puller.pulled()
    puller.world.expired.add(chain(puller)[-1].cursor_out["token"])
    puller.world.edit(7, 8)
    puller.server.skew += 120
    puller.pulled()

    okta = make_puller(Okta(500))
    okta.server.faults = dict.fromkeys(range(3, 10), "500")
    okta.failed("no_good_answer", "status 500")
    okta.server.faults = {}
    okta.world.expired.add(chain(okta)[-1].cursor_out["token"])
    okta.pulled()


def test_cursor_that_never_advances(make_puller) -> None:
    puller = make_puller(Zendesk(450))
    puller.world.stuck_from = 200
    outcome = puller.failed("stuck_cursor", "does not advance")
    assert outcome.pages == 2
    assert len(puller.server.requests) == 2 + 3
    puller.world.stuck_from = None
    puller.pulled()
    assert [page.seq for page in chain(puller)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("world", [Google, Productboard, Okta])
def test_cursor_that_goes_round(make_puller, world) -> None:
    """The third page leads back to the second."""
    puller = make_puller(world(450))
    real = puller.world.answer

    def round_and_round(request):
        good = real(request)
        back = {"200": "100"}.get(request.params.get("pageToken") or request.params.get("after")
                                  or request.params.get("pageCursor") or "")  # fmt: skip
        if back and world is Okta:
            good.headers["Link"] = f'<{puller.server.url}/api/v1/logs?after={back}>; rel="next"'
        elif back:
            good.document["nextPageToken" if world is Google else "pageCursor"] = back
        return good

    puller.world.answer = round_and_round
    puller.failed("cursor_ring")
    puller.world.answer = real
    puller.pulled()


@pytest.mark.parametrize("world", [Zendesk, Google])
def test_empty_page_that_is_not_the_last(make_puller, world) -> None:
    once = make_puller(world(450))
    once.server.faults = {2: "empty"}
    once.pulled()
    always = make_puller(world(450))
    always.server.faults = dict.fromkeys(range(2, 40), "empty")
    always.failed("empty_page")


@pytest.mark.parametrize("world", [HubSpot, Freshdesk, PostHog])
def test_page_in_another_order_is_asked_for_again(make_puller, world) -> None:
    puller = make_puller(world(300))
    puller.server.faults = {1: "reordered"}
    puller.pulled()
    assert len(puller.waits) == 1
    refused = make_puller(world(300))
    refused.server.always = "reordered"
    refused.failed("no_good_answer", "another order")


@pytest.mark.parametrize("world", [Zendesk, Okta, Intercom, Jira, Google, Productboard])
def test_pages_in_another_order_lose_nothing(make_puller, world) -> None:
    puller = make_puller(world(450))
    puller.server.faults = {1: "reordered", 2: "reordered"}
    puller.pulled()


def test_fewer_records_than_the_vendor_counts(make_puller) -> None:
    puller = make_puller(Productboard(250))
    puller.world.hidden = frozenset({17})
    outcome = puller.failed("count_differs", "250", "249", "twice")
    assert outcome.pages == 4  # two, and the same two again
    puller.world.hidden = frozenset()
    puller.pulled()


def test_search_that_announces_more_than_it_gives(make_puller) -> None:
    puller = make_puller(HubSpot(150))
    real = puller.world.answer

    def short(request):
        good = real(request)
        good.document["results"] = good.document["results"][:-1]
        return good

    puller.world.answer = short
    puller.failed("no_good_answer", "149 objects came, 150 were announced")


def test_record_dated_in_the_future_holds_nothing_up(make_puller) -> None:
    puller = make_puller(Freshdesk(120))
    puller.world.at[50] = BEGIN + 5 * 365 * 86400
    puller.pull()
    puller.world.edit(7)
    puller.pull()
    assert puller.versions()["7"] == puller.world.at[7]


def test_changes_that_come_late_into_the_vendors_index(make_puller) -> None:
    """What was read up to now is read again some minutes further back."""
    puller = make_puller(HubSpot(50))
    puller.world.edit(7)
    puller.world.unindexed = frozenset({7})
    puller.server.skew += 300
    puller.pull()
    assert "7" not in puller.versions()
    puller.world.unindexed = frozenset()
    puller.server.skew += 60
    puller.pulled()


def test_events_of_one_moment_beyond_a_page_are_not_cut_off(make_puller, monkeypatch) -> None:
    monkeypatch.setattr(posthog, "PER_PAGE", 100)
    puller = make_puller(PostHog(150, 0))
    puller.failed("stuck_cursor")


def test_export_cut_off_between_two_lines_is_mended_by_the_next_pull(make_puller) -> None:
    puller = make_puller(Mixpanel(200))
    real = puller.world.answer

    def half(request):
        whole = real(request)
        whole.raw = b"".join(whole.raw.splitlines(keepends=True)[:120])
        return whole

    puller.world.answer = half
    puller.pull()
    assert len(puller.versions()) == 120
    puller.world.answer = real
    puller.pulled()


def test_next_link_of_another_host_is_not_followed(make_puller) -> None:
    """All worlds name `elsewhere.test` in their links; only our own server was asked."""
    puller = make_puller(Okta(250))
    puller.pulled()
    hosts = {request.headers["Host"] for request in puller.server.requests}
    assert hosts == {puller.server.url.removeprefix("http://")}


def test_world_itself_is_not_trivially_right() -> None:
    """The truth is what the server holds, not what was pulled."""
    world: World = Zendesk(2)
    assert world.truth() == {"1": BEGIN, "2": BEGIN + 60.0}
