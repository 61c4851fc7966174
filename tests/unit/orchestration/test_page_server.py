"""The server of pages: what it shows, to whom, and how one comes from the UI to a check."""

from __future__ import annotations

import http.client
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ingest.settings import Workspace
from orchestration.defs.gates import _results
from orchestration.lib.check_pages import page_name, page_url
from orchestration.lib.page_server import PageServer, serving
from orchestration.lib.paths import PipelineError
from tests.unit.ingest.conftest import Place, new_home
from tests.unit.orchestration.test_check_pages import RECORD, Page, written


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Place(new_home(tmp_path / "company")).workspace


@pytest.fixture
def server(workspace: Workspace) -> Iterator[PageServer]:
    with serving(workspace, 0) as running:
        yield running


def ask(server: PageServer, path: str, method: str = "GET", host: str = "") -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request(method, path, headers={"Host": host or f"127.0.0.1:{server.port}"})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return SimpleNamespace(status=answer.status, headers=answer.headers, body=body)


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
