"""`make up`'s UI in a real browser: lineage, automation that already runs, and how it stops."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.settings import HASH_KEY
from orchestration.commands.workspace import init_workspace
from orchestration.lib.manifest import ensure_manifest
from tests.browser.webdriver import free_port, is_installed, open_browser

pytestmark = pytest.mark.browser


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
            browser.go(f"http://127.0.0.1:{pages_port}/")
            browser.wait_for("nothing yet", seconds=10)
    finally:
        server.send_signal(signal.SIGTERM)
        code = server.wait(timeout=60)
    assert code == 0
    with pytest.raises(ProcessLookupError):
        os.kill(server.pid, 0)
