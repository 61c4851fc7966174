"""`make up`'s UI in a real browser: lineage, automation that already runs, and how it stops."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.settings import HASH_KEY
from orchestration.commands.workspace import init_workspace
from orchestration.lib.manifest import ensure_manifest
from tests.browser.webdriver import free_port, is_installed, open_browser

pytestmark = pytest.mark.browser

OWN_CHECK = """
name: tickets
layer: raw
table: tickets
expectations:
  - type: unexpected_rows_expectation
    name: unexpected_rows__ticket_id_like_ours
    kwargs: {unexpected_rows_query: "select * from {batch} where ticket_id like 'X%'"}
    severity: critical
    description: Our ids never begin with X.
"""


def wait_until(holds: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_the_ui_shows_everything_without_a_toggle_and_stops_on_sigterm(tmp_path: Path) -> None:
    if not is_installed():
        pytest.skip("chromium and chromedriver are not installed")
    ensure_manifest()
    home = tmp_path / "company"
    init_workspace(home, name="Shown", time_zone="UTC", currency="EUR")
    assert HASH_KEY in (home / ".env").read_text()
    shutil.rmtree(home / "registry")
    (home / "registry").mkdir()
    port, pages_port = free_port(), free_port()
    command = [sys.executable, "-m", "orchestration.cli", "--home", str(home), "up"]
    log = (tmp_path / "up.log").open("w")
    command += ["--port", str(port), "--pages-port", str(pages_port)]
    server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 180
        while f"Open http://127.0.0.1:{port}" not in (tmp_path / "up.log").read_text():
            assert server.poll() is None, (tmp_path / "up.log").read_text()
            assert time.monotonic() < deadline, (tmp_path / "up.log").read_text()
            time.sleep(0.5)
        with open_browser(tmp_path / "profile") as browser:
            browser.go(f"http://127.0.0.1:{port}/asset-groups")
            browser.wait_for("lake", "staging", "core", "marts_usage", "published", seconds=90)
            assert "sign up" not in browser.text().lower()
            browser.go(f"http://127.0.0.1:{port}/automation")
            browser.wait_for("files_arrived", "nightly", seconds=60)
            path = "/assets/lake/batches?view=checks"
            browser.go(f"http://127.0.0.1:{port}{path}")
            browser.wait_for("ledger_balance", "quarantine_share", seconds=60)
            # What the company says meanwhile is followed, as soon as it is right.
            settings = home / "productops.yml"
            right = settings.read_text()
            settings.write_text(right + "apis: [\n")
            own = home / "expectations" / "raw" / "tickets.yml"
            own.parent.mkdir(parents=True, exist_ok=True)
            own.write_text(OWN_CHECK)
            wait_until(lambda: "goes on with what was right" in (tmp_path / "up.log").read_text())
            settings.write_text(right)
            browser.go(f"http://127.0.0.1:{port}/assets/lake/tickets?view=checks")
            browser.wait_for("ticket_id_like_ours", seconds=90)
            own.unlink()
            wait_until(lambda: "ticket_id_like_ours" not in browser.text())
            browser.go(f"http://127.0.0.1:{pages_port}/")
            browser.wait_for("nothing yet", seconds=10)
    finally:
        server.send_signal(signal.SIGTERM)
        code = server.wait(timeout=60)
    assert code == 0
    with pytest.raises(ProcessLookupError):
        os.kill(server.pid, 0)
