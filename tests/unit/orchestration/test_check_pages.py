"""Pages of the gates: what stands on them, how long they stay, that nobody forgotten is on one."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from expectations import runner
from expectations.results import CheckResult
from ingest.absence import scan
from ingest.config import ConfigError, parse_config
from ingest.load import ingest
from ingest.settings import Workspace
from ingest.subjects import requests_of
from orchestration.lib import gates
from orchestration.lib.check_pages import INDEX, page_name, page_url, write_page
from orchestration.lib.erasure import forget
from orchestration.lib.gates import GateRecord, Print
from orchestration.lib.paths import stamp
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
    shown = [{"page_path": "/invite/ada@corp.test", "note": "call 555-123-4567", "rows": 2}]
    found = (PASSED, replace(STOPS, failing_rows=shown))
    monkeypatch.setattr(runner, "run", lambda *_, **__: found)
    monkeypatch.setattr(gates, "take_prints", lambda _: {"m": Print(1, "2-3")})
    workspace.warehouse.mkdir()
    workspace.warehouse_path.write_bytes(b"first")
    receipt = Receipt(
        "one", "", "", "", True, (), "", "", stamp(workspace.warehouse_path), {}, {}, {}
    )
    record = gates.gate_marts(workspace, receipt)
    path = workspace.checks / page_name("marts", record)
    # No contract calls a path personal, and yet no address stands on a page or in the record.
    row = {"page_path": "/invite/[email]", "note": "call [phone]", "rows": 2}
    assert [check.failing_rows for check in record.checks] == [[], [row]]
    assert "/invite/[email]" in path.read_text()
    assert "ada@corp.test" not in path.read_text()
    path.unlink()
    assert gates.gate_marts(workspace, receipt) == record
    assert not path.exists()


# ---- how one finds it


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
