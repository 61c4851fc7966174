"""The pull as a whole: page and cursor are one commit, whatever happens in between."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from ingest.__main__ import main
from ingest.apis import load_vendor
from ingest.config import ApiVendor, ConfigError, parse_config
from ingest.contracts import load_contracts
from ingest.formats import load_formats
from ingest.ledger import open_rejections, read_batches, withdraw
from ingest.manifests import read_manifests
from ingest.pull import pull
from ingest.settings import open_workspace
from ingest.store import LakeError
from ingest.streams import missing_credentials, pull_problems, read_chains
from tests.unit.ingest.apis.conftest import ORG, configuration
from tests.unit.ingest.apis.server import SECRET
from tests.unit.ingest.apis.worlds import Freshdesk, Zendesk, ZendeskUsers
from tests.unit.ingest.apis.worlds_more import Intercom, Okta

ROOT = Path(__file__).parents[4]
LISTING = """
sources:
  - name: all
    files: "*"
    reader: {kind: json}
    parts:
      - contract: listed_rows
        records: tickets
        fields: {contract: {const: tickets}, scope: {const: a}, item_id: id, listed_at: updated_at}
"""


def test_fails_goes_on_where_it_stopped_and_asks_for_nothing_twice(make_puller) -> None:
    puller = make_puller(Zendesk(1000))
    puller.server.faults = dict.fromkeys(range(4, 40), "500")
    assert puller.failed("no_good_answer").pages == 3
    assert pull_problems(puller.place.workspace)[0].startswith("zendesk/tickets: /api/v2/")
    puller.server.faults = {}
    before = len(puller.server.requests)
    puller.pulled()
    assert len(puller.server.requests) - before == 7
    assert not pull_problems(puller.place.workspace)
    chain = read_chains(puller.place.workspace.lake)["zendesk", "tickets"]
    assert [page.record_count for page in chain] == [100] * 10
    assert [page.end_of_stream for page in chain] == [False] * 9 + [True]


def test_denied_in_the_middle_keeps_what_came(make_puller) -> None:
    puller = make_puller(Zendesk(450))
    puller.server.faults = {3: "401"}
    assert puller.failed("denied", "status 401").pages == 2
    assert len(puller.server.requests) == 3
    puller.pulled()


def test_a_waiting_time_that_is_too_long_is_not_waited(make_puller) -> None:
    puller = make_puller(Zendesk(450))
    puller.server.faults = dict.fromkeys(range(2, 30), "429 seconds")
    outcome = puller.failed("no_time_left", budget=10)
    assert outcome.pages == 1
    puller.server.faults = {}
    puller.pulled()


def test_a_page_that_can_not_be_landed_stops_the_stream(make_puller) -> None:
    """It stays refused, told as a refused file, until the vendor sends something better."""
    puller = make_puller(Zendesk(350))
    real = puller.world.answer

    def other(request):
        good = real(request)
        if len(puller.server.requests) % 10 == 2:
            del good.document["end_of_stream"]
        return good

    puller.world.answer = other
    outcome = puller.failed("rejected", "api/zendesk/tickets/000002", "raw bytes: lake/landing/")
    assert outcome.pages == 1
    chain = read_chains(puller.place.workspace.lake)["zendesk", "tickets"]
    assert [page.seq for page in chain] == [1]
    (refused,) = open_rejections(puller.place.workspace)
    assert (refused.path, refused.reason) == ("api/zendesk/tickets/000002", "unknown_format")
    puller.server.requests.clear()
    puller.world.answer = lambda request: real(request)
    puller.pulled()
    assert not open_rejections(puller.place.workspace)


def test_a_page_of_another_export_is_refused(make_puller) -> None:
    puller = make_puller(Okta(10))
    puller.world.record = lambda moment, number: Freshdesk.record(puller.world, moment, number)
    asked = {"page": "1", "per_page": "5", "updated_since": "2026-05-01T00:00:00Z"}
    puller.world.answer = lambda request: Freshdesk.answer(
        puller.world, type(request)("GET", "", asked, None, {})
    )
    puller.failed("rejected", "should have sent okta_system_log", "freshdesk_tickets")


def test_an_answer_of_another_build_stops_only_its_stream(make_puller) -> None:
    puller = make_puller(Intercom(20))
    real = puller.world.answer

    def other(request):
        good = real(request)
        good.document["pages"] = ["next"]
        return good

    puller.world.answer = other
    puller.failed("shape", "another way than known")
    puller.world.answer = real
    puller.pulled()


def test_trouble_with_a_stream_that_is_no_longer_pulled_is_forgotten(make_puller) -> None:
    puller = make_puller(Zendesk(20))
    puller.server.always = "401"
    puller.failed("denied")
    assert pull_problems(puller.place.workspace)
    puller.server.always = ""
    puller.world = puller.server.world = ZendeskUsers(20)
    puller.world.now = puller.server.now
    text = configuration(puller.world, puller.server.url)
    (puller.place.home / "productops.yml").write_text(text)
    puller.pulled()
    assert not pull_problems(puller.place.workspace)


def test_rows_that_a_page_brings_again_are_duplicates_and_build_nothing(make_puller) -> None:
    puller = make_puller(Freshdesk(150))
    puller.pulled()
    loaded = [b.token for b in read_batches(puller.place.workspace.lake) if b.is_committed]
    real = puller.world.record
    for name in ("first", "second"):
        puller.world.record = lambda *pair, name=name: real(*pair) | {"unread": name}
        puller.pulled()
    # What comes as it came before is not even kept.
    puller.pulled()
    now = [b.token for b in read_batches(puller.place.workspace.lake) if b.is_committed]
    assert now == loaded
    again = [b for b in read_batches(puller.place.workspace.lake) if b.status == "duplicate"]
    # Two pages of tickets, each with the people who asked.
    assert [(b.contract, b.reason) for b in again] == [
        ("identities", "nothing_new"), ("tickets", "nothing_new"),
    ] * 2  # fmt: skip
    assert all(b.rows_duplicate == b.rows_in > 0 for b in again)


def test_a_withdrawn_page_stays_in_the_chain_and_others_are_landed_again(make_puller) -> None:
    puller = make_puller(Freshdesk(250))
    puller.pulled()
    workspace = puller.place.workspace
    withdraw(workspace, "api/freshdesk/tickets/000001", "test data")
    read_chains(workspace.lake)
    puller.pull()
    puller.place.run()
    chain = read_chains(workspace.lake)["freshdesk", "tickets"]
    assert [page.seq for page in chain] == list(range(1, len(chain) + 1))
    # The record at the border came on the second page too; it is not lost with the first.
    assert len(puller.versions()) == 250 - 99


def test_a_gap_in_the_chain_is_told(make_puller) -> None:
    puller = make_puller(Zendesk(350))
    puller.pulled()
    lake = puller.place.workspace.lake
    (second,) = [m for m in read_manifests(lake) if m.path.endswith("000002")]
    (lake / "ledger/source=zendesk" / f"{second.entry_id}.json").unlink()
    with pytest.raises(LakeError, match="zendesk/tickets: the ledger holds no page 2"):
        pull(puller.place.workspace, sleep=puller.waits.append)


def test_max_pages_ends_a_pull_and_the_next_goes_on(make_puller) -> None:
    puller = make_puller(Zendesk(450), max_pages=2)
    assert "max_pages" in puller.pull().detail
    puller.pull()
    puller.pulled()


def test_a_dropped_file_and_a_page_know_each_other(make_puller) -> None:
    puller = make_puller(Zendesk(50))
    puller.pulled()
    (page,) = (puller.place.home / "lake/landing/source=zendesk").rglob("*__000001")
    puller.place.drop("export.json", page.read_bytes())
    puller.place.run()
    puller.is_exact()


def test_without_its_credential_a_source_is_not_pulled(make_puller, monkeypatch, capsys) -> None:
    puller = make_puller(Zendesk(5))
    env = puller.place.home / ".env"
    env.write_text(env.read_text().replace("VENDOR_TOKEN", "OTHER"))
    (outcome,) = pull(puller.place.workspace)
    assert (outcome.status, "VENDOR_TOKEN is not set" in outcome.detail) == ("skipped", True)
    assert missing_credentials(puller.place.workspace) == ["zendesk: VENDOR_TOKEN is not set"]
    assert not puller.server.requests
    assert not puller.server.probes
    monkeypatch.setenv("VENDOR_TOKEN", SECRET)
    assert main(["pull", "--home", str(puller.place.home), "--source", "zendesk"]) == 0
    said = capsys.readouterr()
    assert "zendesk/tickets  1 pages, 5 records, 5 new rows" in said.out
    assert SECRET not in said.out + said.err
    puller.server.always = "401"
    assert main(["pull", "--home", str(puller.place.home)]) == 1
    assert "denied" in capsys.readouterr().out
    assert main(["pull", "--home", str(puller.place.home), "--source", "nobody"]) == 2


def test_the_manual_names_every_vendor_and_stream() -> None:
    text = (ROOT / "docs/operations.md").read_text().partition("## Pulling from APIs")[2]
    text = text.partition("\n## ")[0]
    parse_config(f"{ORG}{text.split('```yaml')[1].split('```')[0]}", Path("productops.yml"))
    rows = dict(re.findall(r"^\| `(\w+)` \| ((?:`\w+` ?)+) \|", text, re.MULTILINE))
    options = {"query": "x", "project": "x"}
    assert {name: re.findall(r"\w+", streams) for name, streams in rows.items()} == {
        name: list(load_vendor(name).streams(options)) for name in get_args(ApiVendor)
    }


def test_no_stream_brings_lists_of_which_what_they_lack_is_gone() -> None:
    formats = {known.name: known for known in load_formats()}
    lists = {name for name, contract in load_contracts().items() if contract.listed_per}
    assert lists == {"listed_rows", "tool_seats"}
    for vendor in get_args(ApiVendor):
        for stream in load_vendor(vendor).streams({"query": "x", "project": "x"}).values():
            assert not lists & {part.contract for part in formats[stream.format].parts}


@pytest.mark.parametrize("ended", ["max_pages", "failure"])
def test_a_pull_that_ended_early_lists_nothing_as_gone(make_puller, ended) -> None:
    """Nor does one that a company's own mapping would call a complete list."""
    puller = make_puller(Zendesk(250), max_pages=1 if ended == "max_pages" else "")
    with (puller.place.home / "productops.yml").open("a") as handle:
        handle.write(LISTING)
    puller.server.faults = dict.fromkeys(range(2, 20), "500") if ended == "failure" else {}
    outcome = puller.pull()
    # A first page of 100 tickets, and 150 of which nothing is known.
    assert (outcome.pages, outcome.status) == (1, "pulled" if ended == "max_pages" else "failed")
    puller.server.faults = {}
    puller.world.edit(1)
    while puller.pull().pages:
        pass
    # The last page is shorter than half of the first; everybody is there, and nobody listed.
    assert len(puller.versions()) == 250
    assert puller.place.rows("listed_rows") == []
    assert puller.place.rows("tickets", "count(*)", "and status = 'deleted'") == [(0,)]
    assert open_rejections(puller.place.workspace) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"streams": "[nothing]"}, "has no stream nothing; it has tickets"),
        ({"vendor": "acme"}, "Input should be 'amplitude'"),
        ({"vendor": "jira", "streams": ""}, "jira needs `options: {query: ...}`"),
        ({"base_url": "http://acme.test"}, "should match pattern"),
        ({"base_url": "https://user:secret@acme.test"}, "should match pattern"),
        ({"credentials_env": "my token"}, "should match pattern"),
        ({"token": "abc"}, "Extra inputs are not permitted"),
        ({"start_at": "yesterday"}, "start_at"),
        ({"start_at": "2026-05-01T10:00:00"}, "start_at"),
    ],
)
def test_settings_that_can_not_be_used(make_puller, change, words) -> None:
    puller = make_puller(Zendesk(5))
    text = configuration(puller.world, puller.server.url, **change)
    (puller.place.home / "productops.yml").write_text(text)
    with pytest.raises(ConfigError, match=r"productops\.yml:\d+") as told:
        pull(open_workspace(puller.place.home))
    assert words in str(told.value), told.value


def test_the_same_vendor_twice_would_mix_up_ids(make_puller) -> None:
    puller = make_puller(Zendesk(5))
    text = configuration(puller.world, puller.server.url)
    second = text.partition("apis:\n")[2].replace("name: zendesk", "name: other")
    (puller.place.home / "productops.yml").write_text(text + second)
    with pytest.raises(ConfigError, match="vendor zendesk stands there twice"):
        open_workspace(puller.place.home)
