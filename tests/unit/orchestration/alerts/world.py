"""A workspace, an orchestrator made up for tests, and receivers on this machine.

Belongs here: what the tests of alerts share. Does not belong here: tests.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ingest.alerting import Severity
from ingest.settings import HASH_KEY, Workspace, open_workspace
from orchestration.lib.alerts.look import opened
from orchestration.lib.alerts.model import Batch, Graph, Observation, Subject

T0 = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)  # a Monday
A, B, C, TICKETS = "marts/a__day", "marts/b__day", "marts/c__day", "lake/tickets"
HOOK = """alerts:
  channels: [{name: hook, kind: webhook, url_env: HOOK_URL}]
  routes: [{to: [hook]}]
"""
# Two marts of one core table, which is made of one contract; and one mart apart.
GRAPH = Graph(
    upstream={
        "core/fct": ["lake/tickets"],
        "marts/a__day": ["core/fct"],
        "marts/b__day": ["core/fct"],
        "marts/c__day": ["lake/notes"],
        "published/pages": ["marts/a__day", "marts/b__day", "marts/c__day"],
    },
    tags={"marts/a__day": ("marts_usage", "finance")},
)


def workspace(folder: Path, alerts: str = HOOK, zone: str = "UTC") -> Workspace:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "productops.yml").write_text(f"org: {{name: x, time_zone: {zone}}}\n{alerts}")
    (folder / ".env").write_text(f"{HASH_KEY}=a-key-for-tests-alone\n")
    return open_workspace(folder)


def ids(company: Workspace) -> set[str]:
    """Of all incidents of a company."""
    with opened(company) as store:
        return {incident.incident_id for incident in store.incidents()}


def check(asset: str, name: str = "must_hold") -> Subject:
    return Subject("check", name, asset)


def seen(
    asset: str, passed: bool, *, at: datetime = T0, name: str = "must_hold",
    severity: Severity = "warning", **more: Any,
) -> Observation:  # fmt: skip
    facts = {"words": f"{asset} must be right.", "owner": "product-ops"} | more
    return Observation(check(asset, name), passed, at, severity, **facts)


@dataclass
class FakeSource:
    """Tells of the runs that a test lets end; of each only once, like the real one."""

    ended: list[Batch] = field(default_factory=list)
    assets: Graph = GRAPH
    ticks: Batch | None = None

    def run(self, at: datetime, *observations: Observation) -> None:
        self.ended.append(Batch(at, observations, run_id=f"run-{len(self.ended)}"))

    def graph(self) -> Graph:
        return self.assets

    def runs(self, since: datetime | None, known: Collection[str]) -> Sequence[Batch]:
        late = [run for run in self.ended if since is None or run.at >= since]
        return [run for run in late if run.run_id not in known]

    def states(self, now: datetime) -> Batch:
        return self.ticks or Batch(now, ())


@dataclass
class Receiver:
    """A web hook; `status` is what it answers with, `delay` how long it takes."""

    url: str
    got: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    status: int = 200
    delay: float = 0.0
    beats: int = 0

    @property
    def kinds(self) -> list[str]:
        return [message["kind"] for message in self.got]


@contextmanager
def receiving(path: str = "/hook/path-is-secret-s3cr3t") -> Iterator[Receiver]:
    """A real HTTP server on 127.0.0.1."""
    ends = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            ends.wait(receiver.delay)
            if receiver.status == 200:
                receiver.got.append(json.loads(body))
                receiver.headers.append(dict(self.headers.items()))
            self.send_response(receiver.status)
            if receiver.status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def do_GET(self) -> None:
            receiver.beats += 1
            self.send_response(receiver.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}{path}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    try:
        yield receiver
    finally:
        ends.set()
        server.shutdown()
        server.server_close()


def minutes(count: float) -> datetime:
    """So long after the beginning."""
    return T0 + timedelta(minutes=count)


def hours(count: float) -> datetime:
    return minutes(60 * count)
