"""What all tests share: where real exports lie, a browser, an environment, an order.

Belongs here: fixtures for every kind of test. Does not belong here: what only one folder needs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.spreading import Spread, place

ROOT = Path(__file__).resolve().parents[1]
_CHROMIUM_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches them."""
    for name in list(os.environ):
        if name.startswith(("PRODUCTOPS_", "DAGSTER_", "DBT_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
    monkeypatch.setenv("DO_NOT_TRACK", "1")


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real exports; PRODUCTOPS_REALDATA or `shared/realdata` beside the project."""
    folder = Path(os.environ.get("PRODUCTOPS_REALDATA", ROOT.parent / "shared" / "realdata"))
    if not folder.is_dir():
        pytest.skip(f"no real exports at {folder}")
    return folder


@pytest.fixture
def screenshot(tmp_path: Path) -> Callable[..., Path]:
    """`screenshot(url, "name.png", width, height)` with headless Chromium; returns the picture."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("chromium is not installed")

    def take(url: str, name: str, width: int = 1200, height: int = 1600, wait: int = 0) -> Path:
        picture = tmp_path / name
        command = [
            chromium, *_CHROMIUM_FLAGS, f"--user-data-dir={tmp_path / 'chromium'}",
            f"--screenshot={picture}", f"--window-size={width},{height}",
        ]  # fmt: skip
        command += [f"--virtual-time-budget={wait}"] if wait else []
        subprocess.run([*command, url], check=True, capture_output=True, timeout=120)
        return picture

    return take


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; see `tests.spreading`."""
    items.sort(key=lambda item: place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object | None:
    """Spreads files over processes as `tests.spreading` says, where files are what is spread."""
    return Spread(config, log) if config.getoption("dist") == "loadfile" else None
