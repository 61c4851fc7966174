"""`productops up`: the web UI and the daemon that drives schedule and sensor.

Belongs here: starting and stopping Dagster's processes and the server of pages. Does not belong
here: what they load (`definitions.py`), which pages there are (`lib/page_server.py`).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import click

from ingest.config import ConfigError
from ingest.settings import Workspace, open_workspace
from orchestration.lib.check_pages import ADDRESS
from orchestration.lib.dagster_home import prepare_dagster_home
from orchestration.lib.manifest import ensure_manifest
from orchestration.lib.page_server import HOST, serving
from orchestration.lib.paths import PROJECT_ROOT, PipelineError

# Path, time of the last change, size of each file of settings.
Said = tuple[tuple[str, int, int], ...]

_READY_WITHIN_SECONDS = 180
_LOOK_EVERY_SECONDS = 5.0
_RELOAD = """mutation {
  reloadRepositoryLocation(repositoryLocationName: "productops") {
    ... on WorkspaceLocationEntry { locationOrLoadError { __typename } }
  }
}"""


def serve(home: Path, *, port: int, pages_port: int | None = None) -> int:
    """Runs the UI until Ctrl-C or SIGTERM; returns the exit code of the server."""
    workspace = open_workspace(home)
    _refuse_if_taken(port)
    with serving(workspace, port + 1 if pages_port is None else pages_port) as pages:
        return _run_ui(workspace, port, f"http://{HOST}:{pages.port}")


def _run_ui(workspace: Workspace, port: int, pages: str) -> int:
    environment = os.environ | {
        "DAGSTER_HOME": str(prepare_dagster_home(workspace)),
        "PRODUCTOPS_HOME": str(workspace.home),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        ADDRESS: pages,
        # Promises are made in hours: looking every half minute would only cost.
        "FRESHNESS_DAEMON_INTERVAL_SECONDS": "600",
        "PYTHONWARNINGS": "ignore",
    }
    ensure_manifest()
    # A shell's `&` makes programs deaf to SIGINT, and Dagster then is deaf to SIGTERM as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command = [
        sys.executable, "-m", "dagster", "dev", "--workspace", str(PROJECT_ROOT / "workspace.yaml"),
        "--host", HOST, "--port", str(port), "--log-level", "warning",
    ]  # fmt: skip
    click.echo("Starting the web UI (about half a minute) ...")
    said = _said(workspace.home)
    server = subprocess.Popen(command, cwd=PROJECT_ROOT, env=environment, start_new_session=True)
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        if _wait_until_ready(server, port):
            click.secho(f"\nOpen http://{HOST}:{port}", bold=True)
            click.echo(f"Published page and checks: {pages}")
            click.echo("Schedule and file sensor are running. Stop with Ctrl-C.\n")
        return _follow(server, port, workspace.home, said)
    except KeyboardInterrupt:
        click.echo("Stopping ...")
        return _stop(server)


def _follow(server: subprocess.Popen[bytes], port: int, home: Path, known: Said) -> int:
    """Waits for the server's end; meanwhile checks and sensors follow what the workspace says.

    A run that is started by hand names the checks that the UI knows of; one that the company took
    away since would keep it from starting.
    """
    while True:
        try:
            return server.wait(timeout=_LOOK_EVERY_SECONDS)
        except subprocess.TimeoutExpired:
            now = _said(home)
        if now != known:
            known = now
            if _is_right(home) and not _reload(port):
                click.echo("productops.yml or expectations/ changed, and the UI could not be told; "
                           "start `productops up` again.", err=True)  # fmt: skip


def _said(home: Path) -> Said:
    """What the definitions are made of, as the file system tells it."""
    files = [home / "productops.yml", home / ".env", *sorted(home.glob("expectations/**/*.yml"))]
    return tuple(
        (str(path), (found := path.stat()).st_mtime_ns, found.st_size)
        for path in files
        if path.is_file()
    )


def _is_right(home: Path) -> bool:
    """Whether the settings can be read; else what is loaded goes on until they can."""
    try:
        open_workspace(home)
    except (ConfigError, OSError) as error:
        click.echo(f"{error}\nThe UI goes on with what was right before.", err=True)
        return False
    return True


def _reload(port: int) -> bool:
    """Has the UI load the definitions anew; runs that go on are not touched."""
    body = json.dumps({"query": _RELOAD}).encode()
    kind = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://{HOST}:{port}/graphql", data=body, headers=kind)
    try:
        # Our own address, on loopback.
        with urllib.request.urlopen(request, timeout=_READY_WITHIN_SECONDS) as answer:  # noqa: S310
            entry = json.load(answer)["data"]["reloadRepositoryLocation"]
    except (urllib.error.URLError, OSError, ValueError, KeyError, TypeError):
        return False
    return entry.get("locationOrLoadError", {}).get("__typename") == "RepositoryLocation"


def _as_interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _stop(server: subprocess.Popen[bytes]) -> int:
    """Ends the server and, if it won't in time, everything that it started."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(timeout=30)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
    return 0


def _refuse_if_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PipelineError(
                f"Port {port} on {HOST} is taken ({error.strerror}). "
                f"Stop what uses it, or choose another: productops up --port {port + 1}"
            ) from error


def _wait_until_ready(server: subprocess.Popen[bytes], port: int) -> bool:
    """Waits until the UI answers; False if it ended or took too long."""
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/server_info", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    return False
