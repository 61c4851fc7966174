"""Our requests against mocks that are made of the vendors' own API descriptions.

Opt-in, since neither the descriptions nor the mock server are ours to ship. Put the documents into
a folder as `zendesk.json` and `hubspot_companies.json`, install `@stoplight/prism-cli`, then

    PRODUCTOPS_API_DOCUMENTS=/that/folder PATH=/path/to/prism:$PATH python -m pytest tests/contract
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from ingest.apis import load_vendor
from ingest.cursors import Place
from ingest.http import Api, Budget, PullError, Verdict, by_status
from tests.browser.webdriver import free_port

FOLDER = Path(os.environ.get("PRODUCTOPS_API_DOCUMENTS", "/nowhere"))
START, NOW = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)

pytestmark = pytest.mark.skipif(
    not (FOLDER.is_dir() and shutil.which("prism")), reason="no API documents, or no prism"
)


@contextmanager
def mock(document: Path, *options: str) -> Iterator[str]:
    """A server that answers as the document says, and refuses what the document forbids."""
    port = free_port()
    server = subprocess.Popen(
        ["prism", "mock", "--host", "127.0.0.1", "--port", str(port),
         *options, str(document)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(240):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.25)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def statuses(base: str, vendor_name: str, streams: tuple[str, ...], credential: str) -> list[int]:
    """Statuses of one request of each stream; an example that proves nothing is no matter here."""
    seen: list[int] = []

    def classify(response: httpx2.Response, now: datetime) -> Verdict:
        seen.append(response.status_code)
        return by_status(response, now)

    vendor = load_vendor(vendor_name)
    api = Api(base, vendor.headers(credential), classify=classify, budget=Budget(0.0),
              sleep=lambda _: None)  # fmt: skip
    for name in streams:
        with suppress(PullError):
            vendor.streams({})[name].walk.ask(api, Place(START, NOW, None))
    api.close()
    return seen


def test_zendesk_takes_what_we_ask(tmp_path: Path) -> None:
    # The document names paths without the `.json` that the vendor's own links bear.
    described = json.loads((FOLDER / "zendesk.json").read_text())
    described["paths"] = {f"{path}.json": what for path, what in described["paths"].items()}
    document = tmp_path / "zendesk.json"
    document.write_text(json.dumps(described))
    with mock(document) as base:
        seen = statuses(base, "zendesk", ("tickets", "users"), "ann@corp.test/token:secret")
        assert len(seen) >= 2
        assert set(seen) == {200}
        # The mock does refuse: a start that is no number, a request without a credential.
        bad = httpx2.get(f"{base}/api/v2/incremental/tickets/cursor.json?start_time=noon",
                         auth=("a", "b"))  # fmt: skip
        assert bad.status_code == 422, bad.text
        assert httpx2.get(f"{base}/api/v2/users/me.json").status_code == 401


def test_hubspot_takes_what_we_ask(tmp_path: Path) -> None:
    # The document wants an offset in every search and names of properties as sorts; the vendor's
    # guide and its service take searches without the one and with objects as the others.
    described = json.loads((FOLDER / "hubspot_companies.json").read_text())
    search = described["components"]["schemas"]["PublicObjectSearchRequest"]
    search["required"].remove("after")
    search["properties"]["sorts"]["items"] = {"type": "object"}
    document = tmp_path / "companies.json"
    document.write_text(json.dumps(described))
    with mock(document, "--dynamic") as base:
        seen = statuses(base, "hubspot", ("companies",), "secret")
        assert seen
        assert set(seen) == {200}
        headers = {"Authorization": "Bearer x", "Accept": "application/json"}
        path = "/crm/v3/objects/companies/search"
        bad = httpx2.post(f"{base}{path}", json={"limit": "many"}, headers=headers)
        assert bad.status_code >= 400, bad.text
