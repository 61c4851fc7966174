"""A real browser for tests: headless Chromium through ChromeDriver's own HTTP protocol.

Belongs here: starting and stopping it, going to a page, waiting, reading, pictures. Does not
belong here: what a page ought to show.
"""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--force-device-scale-factor=1",
)  # fmt: skip


def is_installed() -> bool:
    """Whether this machine has both programs."""
    return bool(shutil.which("chromedriver") and shutil.which("chromium"))


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Browser:
    """One window."""

    def __init__(self, base: str, session: str) -> None:
        self._session = f"{base}/session/{session}"

    def go(self, url: str) -> None:
        """Opens a page."""
        _call("POST", f"{self._session}/url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """Runs JavaScript in the page; returns its `return` value."""
        body = {"script": script, "args": list(arguments)}
        return _call("POST", f"{self._session}/execute/sync", body)

    def text(self) -> str:
        """What a person can read on the page."""
        return str(self.run("return document.body ? document.body.innerText : ''"))

    def wait_for(self, *words: str, seconds: float = 60) -> str:
        """Waits until all words stand on the page; returns its text."""
        deadline = time.monotonic() + seconds
        while True:
            text = self.text()
            missing = [word for word in words if word.lower() not in text.lower()]
            if not missing:
                return text
            if time.monotonic() > deadline:
                raise AssertionError(f"{missing} did not appear within {seconds} s in:\n{text}")
            time.sleep(0.5)

    def click(self, words: str) -> None:
        """Clicks the innermost element with exactly these words."""
        found = self.run(
            "const all = [...document.querySelectorAll('a, button, [role], div, span')];"
            "const hit = all.filter(e => e.innerText && e.innerText.trim() === arguments[0]).pop();"
            "if (hit) hit.click(); return !!hit",
            words,
        )
        assert found, f"nothing says {words!r} in:\n{self.text()}"

    def picture(self, path: Path) -> Path:
        """Saves what the window shows."""
        path.write_bytes(base64.b64decode(_call("GET", f"{self._session}/screenshot", None)))
        return path


@contextmanager
def open_browser(profile: Path, width: int = 1600, height: int = 1000) -> Iterator[Browser]:
    """Starts ChromeDriver and one window; both end with the block."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    driver = subprocess.Popen(
        ["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    flags = [*_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"]
    options = {"goog:chromeOptions": {"binary": shutil.which("chromium"), "args": flags}}
    try:
        _wait_until_up(base)
        wanted = {"capabilities": {"alwaysMatch": options}}
        session = _call("POST", f"{base}/session", wanted)["sessionId"]
        try:
            yield Browser(base, session)
        finally:
            _call("DELETE", f"{base}/session/{session}", None)
    finally:
        _stop(driver)


def _stop(driver: subprocess.Popen[bytes]) -> None:
    """Ends ChromeDriver; one that hangs on its way out is no fault of the page."""
    driver.terminate()
    try:
        driver.wait(timeout=20)
    except subprocess.TimeoutExpired:
        driver.kill()
        driver.wait()


def _wait_until_up(base: str) -> None:
    for _ in range(100):
        try:
            _call("GET", f"{base}/status", None)
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"chromedriver does not answer at {base}")


def _call(method: str, url: str, body: dict[str, Any] | None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{method} {url}: {error.read().decode()[:500]}") from error
