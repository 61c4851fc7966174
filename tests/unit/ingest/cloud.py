"""A workspace whose drop folder and lake are buckets, beside one of folders that tells the truth.

Belongs here: fixtures of the tests with buckets. Does not belong here: the store itself.
"""

from __future__ import annotations

import io
import json
import os
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.unit.ingest.conftest import Place, event, lines, packed
from tests.unit.ingest.storage_server import HOST, KEYS, Proxy, proxied, s3_server
from tests.unit.ingest.test_formats import TICKET

TICKETS = json.dumps({"tickets": [TICKET | {"id": n} for n in range(1, 8)], "end_of_stream": True})
CONTRACTS = ("usage_events", "tickets", "ticket_events", "ticket_messages")


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    with s3_server() as port:
        yield port


@dataclass
class Cloud:
    """A store of its own for one test: a bucket behind a proxy, and places that use it."""

    client: Any
    proxy: Proxy
    name: str
    make: Callable[..., Place]

    def config(self, **more: str | None) -> str:
        told = {
            "drop": f"s3://{self.name}/in/drop", "lake": f"s3://{self.name}/lakes/one",
            "endpoint": self.proxy.endpoint, "region": "us-east-1",
        } | more  # fmt: skip
        return f"storage: {json.dumps({k: v for k, v in told.items() if v})}\n"

    def place(self, name: str = "company", **more: str | None) -> Place:
        return self.make(self.config(**more), name)

    def put(self, key: str, content: str | bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=f"in/drop/{key}", Body=content)

    def content(self, key: str) -> bytes:
        return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=f"in/drop/{key}")

    def stored(self, prefix: str = "lakes/one/") -> list[str]:
        answer = self.client.list_objects_v2(Bucket=self.name, Prefix=prefix)
        return [one["Key"].removeprefix(prefix) for one in answer.get("Contents", ())]


@pytest.fixture(scope="module")
def client(server: int) -> Any:
    """What the vendors and the operator do in the store, past the proxy."""
    import boto3

    return boto3.client(
        "s3", endpoint_url=f"http://{HOST}:{server}", region_name="us-east-1",
        aws_access_key_id="x", aws_secret_access_key="x",
    )  # fmt: skip


@pytest.fixture
def cloud(
    server: int, client: Any, make_place: Callable[..., Place], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cloud]:
    for setting in [key for key in os.environ if key.startswith("AWS_")]:
        monkeypatch.delenv(setting)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    name = f"test-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=name)
    with proxied(server) as proxy:
        yield Cloud(client, proxy, name, make_place)


def content(place: Place) -> dict[str, object]:
    """All rows but for the moments at which they were landed."""
    rows = {
        contract: place.rows(contract, "* exclude (loaded_at)", "order by all")
        for contract in CONTRACTS
    }
    return rows | {"quarantine": place.quarantine()}


def archive(name: str, text: str) -> bytes:
    """A zip file with one member."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as packed_file:
        packed_file.writestr(zipfile.ZipInfo(name, (2026, 5, 3, 0, 0, 0)), text)
    return held.getvalue()


EXPORTS = {
    "segment/2026-05-01/a.json.gz": packed(*map(event, range(20)), "garbage"),
    "segment/2026-05-02/b.json": lines(*map(event, range(15, 40))),
    "zendesk/tickets 2026-05.json": TICKETS,
    "odd & ends/ä+b %2F#?.json": lines(event(99), "{bad"),
    "zipped.zip": archive("inside.json", lines(*map(event, range(38, 45)))),
    "who knows.bin": "no export at all",
}


def fill(cloud: Cloud, place: Place | None = None) -> None:
    for name, text in EXPORTS.items():
        cloud.put(name, text)
        if place:
            place.drop(name, text)


@pytest.fixture
def truth(make_place: Callable[..., Place]) -> dict[str, object]:
    place = make_place(name="folders")
    for name, text in EXPORTS.items():
        place.drop(name, text)
    place.run()
    return content(place)
