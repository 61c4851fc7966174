"""Pages of the gates: what stands on them, how long they stay, who may read them over HTTP."""

from __future__ import annotations

import http.client
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from expectations import runner
from expectations.results import CheckResult
from ingest.absence import scan
from ingest.config import ConfigError, parse_config
from ingest.load import ingest
from ingest.settings import Workspace
from ingest.subjects import requests_of
from orchestration.defs.gates import _results
from orchestration.lib import gates
from orchestration.lib.check_pages import INDEX, page_name, page_url, write_page
from orchestration.lib.erasure import forget
from orchestration.lib.gates import GateRecord, Print
from orchestration.lib.page_server import PageServer, serving
from orchestration.lib.paths import PipelineError, stamp
from orchestration.lib.receipt import Receipt
from tests.unit.ingest.conftest import Place, new_home

SETTINGS = "publishing: {keep_check_pages: 3}\n"
PASSED = CheckResult(
    "tickets", "raw", "tickets", "unique__ticket_id", "critical", passed=True, element_count=1234,
    unexpected_count=0, seconds=0.25, description="A ticket stands once.", owner="support-ops",
    runbook="Ask.",
)  # fmt: skip
STOPS = replace(
    PASSED, check_name="status_known", passed=False, unexpected_count=2, message="two are wrong",
    observed={"observed_value": 2.5}, quarantine="lake/quarantine/gates/raw/tickets/x.parquet",
    failing_rows=[{"ticket_id": "t-1", "subject": "***", "note": "<script>alert('x')</script>"}],
)  # fmt: skip
CRASHED = replace(PASSED, check_name="broken", severity="info", passed=False, crashed=True)
TOLD = replace(PASSED, check_name="few", table="accounts", severity="info", passed=False)
WARNS = replace(TOLD, check_name="some", severity="warning")
ASIDE = replace(TOLD, check_name="rows", severity="critical", set_aside=True)
RECORD = GateRecord(
    "a1b2c3d4e5f60718", "", "2026-05-01 10:00:00", (PASSED, STOPS, CRASHED, TOLD, WARNS, ASIDE)
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Place(new_home(tmp_path / "company", SETTINGS)).workspace


@pytest.fixture
def server(workspace: Workspace) -> Iterator[PageServer]:
    with serving(workspace, 0) as running:
        yield running


class Page(HTMLParser):
    """Ids, links and anything that a browser would fetch or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.foreign: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.links += [found["href"] or ""] if "href" in found else []
        runs = [name for name in found if name.startswith("on")]
        if tag in {"script", "link", "img", "iframe", "object"} or "src" in found or runs:
            self.foreign.append(tag)
        if tag != "meta" and tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def written(workspace: Workspace, record: GateRecord = RECORD, gate: str = "lake") -> str:
    write_page(workspace, gate, record)
    return (workspace.checks / page_name(gate, record)).read_text(encoding="utf-8")


def ask(server: PageServer, path: str, method: str = "GET", host: str = "") -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request(method, path, headers={"Host": host or f"127.0.0.1:{server.port}"})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return SimpleNamespace(status=answer.status, headers=answer.headers, body=body)


# ---- what stands on a page


def test_a_page_tells_what_ran_on_what_and_what_came_of_it(workspace: Workspace) -> None:
    text = written(workspace)
    for words in ("Not everything may pass", "evaluated 2026-05-01 10:00:00 UTC", "Test", "1,234",
                  "2 of 1,234 fail", "2.5", "A ticket stands once.", "support-ops", "Ask.",
                  "two are wrong", "x.parquet", "t-1", "***", "0.25", "unique__ticket_id",
                  "failed: holds back its source",
                  "could not be evaluated: holds back its source",
                  "failed: warns", "failed: told", "its rows are set aside"):  # fmt: skip
        assert words in text, words
    page = Page(text)
    assert page.open == []
    assert len(set(page.ids)) == len(page.ids)
    wanted = {f"{check.table}.{check.check_name}" for check in RECORD.checks}
    assert wanted <= set(page.ids)


def test_a_page_needs_nothing_but_itself_and_runs_nothing(workspace: Workspace) -> None:
    text = written(workspace)
    page = Page(text)
    assert page.foreign == []
    assert page.links == [INDEX]
    for word in ("http://", "https://", "@import", "url(", "<script"):
        assert word not in text
    assert "&lt;script&gt;" in text
    assert Page((workspace.checks / INDEX).read_text(encoding="utf-8")).foreign == []


def test_an_open_gate_says_so(workspace: Workspace) -> None:
    assert "Everything may pass" in written(workspace, replace(RECORD, checks=(PASSED, WARNS)))
    assert "Everything may pass" in written(workspace, replace(RECORD, checks=()))


def test_the_last_evaluations_stay_and_the_index_lists_them(workspace: Workspace) -> None:
    for second in (1, 2, 3, 4):
        checks = (PASSED,) if second % 2 else (STOPS,)
        record = replace(RECORD, checked_at=f"2026-05-01 10:00:0{second}", checks=checks)
        write_page(workspace, "marts" if second == 3 else "lake", record)
    names = sorted(path.name for path in workspace.checks.iterdir())
    assert len(names) == 4
    assert names[:1] == [f"20260501100002-lake-{RECORD.subject[:12]}.html"]
    index = (workspace.checks / INDEX).read_text(encoding="utf-8")
    assert Page(index).links == [*sorted(names[:-1], reverse=True)]
    assert index.count("closed") == 2
    assert index.count("The marts") == 1


def test_a_page_that_somebody_spoiled_does_not_spoil_the_index(workspace: Workspace) -> None:
    written(workspace)
    (workspace.checks / "2026-x.html").write_bytes(b"\xff\xfe<!-- gate {} -->")
    (workspace.checks / "2025-y.html").write_text("<!-- gate {'no json -->", encoding="utf-8")
    index = written(workspace) and (workspace.checks / INDEX).read_text(encoding="utf-8")
    assert "2026-x.html" in index
    assert page_name("lake", RECORD) in index


def test_a_page_that_can_not_be_written_changes_no_verdict(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    workspace.checks.write_text("a file in the way")
    write_page(workspace, "lake", RECORD)
    assert "was not written" in caplog.text


def test_each_evaluation_writes_its_page_and_a_remembered_one_none(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "run", lambda *_, **__: (PASSED,))
    monkeypatch.setattr(gates, "take_prints", lambda _: {"m": Print(1, "2-3")})
    workspace.warehouse.mkdir()
    workspace.warehouse_path.write_bytes(b"first")
    receipt = Receipt(
        "one", "", "", "", True, (), "", "", stamp(workspace.warehouse_path), {}, {}, {}
    )
    record = gates.gate_marts(workspace, receipt)
    path = workspace.checks / page_name("marts", record)
    assert path.is_file()
    path.unlink()
    assert gates.gate_marts(workspace, receipt) == record
    assert not path.exists()


# ---- how one finds it


def test_a_click_in_the_ui_opens_the_check_on_its_page(
    workspace: Workspace, server: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(workspace)
    monkeypatch.setenv("PRODUCTOPS_PAGES_URL", f"http://127.0.0.1:{server.port}")
    specs: Any = [
        SimpleNamespace(name=c.check_name, asset_key=SimpleNamespace(path=["lake", c.table]))
        for c in RECORD.checks
    ]
    context: Any = SimpleNamespace(log=SimpleNamespace(warning=lambda _: None))
    monkeypatch.setattr("dagster.AssetCheckResult", lambda **said: SimpleNamespace(**said))
    url_of = partial(page_url, workspace, "lake", RECORD)
    seen = 0
    for result in _results(context, RECORD, specs, url_of):
        base, _, place = result.metadata["page"].url.partition("#")
        answer = ask(server, base.removeprefix(f"http://127.0.0.1:{server.port}"))
        assert answer.status == 200
        assert f"id='{place}'" in answer.body
        seen += 1
    assert seen == len(RECORD.checks)


def test_the_address_is_the_companys_else_that_of_the_running_ui_else_the_usual(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PRODUCTOPS_PAGES_URL", raising=False)
    path = f"/checks/{page_name('lake', RECORD)}#tickets.status_known"
    assert page_url(workspace, "lake", RECORD, STOPS) == f"http://127.0.0.1:3001{path}"
    monkeypatch.setenv("PRODUCTOPS_PAGES_URL", "http://127.0.0.1:4001/")
    assert page_url(workspace, "lake", RECORD, STOPS) == f"http://127.0.0.1:4001{path}"
    text = "org: {name: x}\npublishing: {pages_url: 'https://checks.acme.test/ops'}\n"
    proxied = replace(workspace, config=parse_config(text, workspace.config_path))
    assert page_url(proxied, "lake", RECORD, STOPS) == f"https://checks.acme.test/ops{path}"


@pytest.mark.parametrize("setting", ["keep_check_pages: 0", "pages_url: 'ftp://x'"])
def test_settings_that_mean_nothing_are_refused(setting: str) -> None:
    with pytest.raises(ConfigError, match=setting.split(":")[0]):
        parse_config(f"org: {{name: x}}\npublishing: {{{setting}}}\n", Path("productops.yml"))


# ---- who may read it


def test_checks_and_the_published_page_are_served_and_nothing_is_listed(
    workspace: Workspace, server: PageServer
) -> None:
    assert "nothing yet" in ask(server, "/").body
    written(workspace)
    pages = workspace.published / "b1" / "pages"
    pages.mkdir(parents=True)
    (pages / "index.html").write_text("published b1")
    (workspace.published / "current").symlink_to("b1")
    home = ask(server, "/")
    assert Page(home.body).links == ["/published/index.html", "/checks/index.html"]
    for link in Page(home.body).links:
        assert ask(server, link).status == 200
    assert ask(server, "/published/").body == "published b1"
    moved = ask(server, "/checks")
    assert (moved.status, moved.headers["Location"]) == (308, "/checks/")
    (workspace.checks / "folder").mkdir()
    assert ask(server, "/checks/folder/").status == 404
    assert ask(server, f"/checks/{page_name('lake', RECORD)}?x=1").status == 200
    assert "script" not in (ask(server, "/checks/").headers["Content-Security-Policy"])
    assert ask(server, "/checks/").headers["Content-Type"] == "text/html; charset=utf-8"
    # Readers see the build of now, whichever was there when the server began.
    other = workspace.published / "b2" / "pages"
    other.mkdir(parents=True)
    (other / "index.html").write_text("published b2")
    os.replace(_link(workspace.published / "next", "b2"), workspace.published / "current")
    assert ask(server, "/published/").body == "published b2"


def _link(path: Path, target: str) -> Path:
    path.symlink_to(target)
    return path


@pytest.mark.parametrize(
    "path",
    [
        "/.env", "/productops.yml", "/checks/../.env", "/checks/%2e%2e/.env", "/checks/..%2f.env",
        "/checks/%2e%2e%2f%2e%2e%2fetc/passwd", "//etc/passwd", "/checks//etc/passwd",
        "/published/../../.env", "/published/../productops.duckdb", "/state/dagster.yaml",
        "/lake/ledger", "/checks/link.html", "/checks/.hidden.html", "/checks/%00", "/checks/%ff",
        "/checks/absent.html", "/checks/" + "x" * 300, "/published/index.html", "/%",
    ],
)  # fmt: skip
def test_nothing_else_of_the_workspace_can_be_reached(
    workspace: Workspace, server: PageServer, path: str
) -> None:
    written(workspace)
    (workspace.checks / "link.html").symlink_to(workspace.home / ".env")
    (workspace.checks / ".hidden.html").write_text("draft")
    answer = ask(server, path)
    assert answer.status == 404
    assert "PRODUCTOPS_HASH_KEY" not in answer.body


def test_it_is_only_read_and_only_under_its_own_name(
    workspace: Workspace, server: PageServer
) -> None:
    written(workspace)
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert ask(server, "/checks/", method).status == 501
    head = ask(server, "/checks/", "HEAD")
    assert (head.status, head.body) == (200, "")
    assert int(head.headers["Content-Length"]) > 500
    assert ask(server, "/checks/", host="evil.test").status == 421
    assert ask(server, "/checks/", host=f"localhost:{server.port}").status == 200
    assert server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize("taken", [True, False])
def test_a_port_that_can_not_be_had_is_told(
    workspace: Workspace, server: PageServer, taken: bool
) -> None:
    with (
        pytest.raises(PipelineError, match="--pages-port"),
        serving(workspace, server.port if taken else 65_536),
    ):
        pass


# ---- who is forgotten is on no page


def test_forgetting_somebody_removes_every_page(tmp_path: Path) -> None:
    workspace = Place(new_home(tmp_path / "company")).workspace
    ingest(workspace)
    shown = replace(STOPS, failing_rows=[{"user_id": "user-ada-77"}])
    written(workspace, replace(RECORD, checks=(shown,)))
    request = requests_of([], ["user-ada-77"], None)
    assert [p.parent for p in scan(workspace, _subject(request)).found] == [workspace.checks]
    done = forget(workspace, request)
    assert done.is_complete
    assert not workspace.checks.exists()


def _subject(request: Any) -> Any:
    from ingest.subjects import Subject

    return Subject(users=frozenset(request.user_ids))
