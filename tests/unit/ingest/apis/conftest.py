"""A workspace that pulls from a server of ours, with clocks that nobody waits for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from ingest.http import Budget
from ingest.ledger import read_batches
from ingest.pull import pull
from ingest.streams import StreamOutcome, read_chains
from tests.unit.ingest.apis.server import SECRET, FaultServer
from tests.unit.ingest.apis.worlds import BEGIN, World
from tests.unit.ingest.conftest import Place

ORG = "org:\n  name: Test\n  product_born_on: 2026-01-01\n"


@dataclass
class Puller:
    """A workspace, the server that it pulls from, and the waits that it was told to make."""

    place: Place
    server: FaultServer
    world: Any
    waits: list[float] = field(default_factory=list)

    def pull(self, *, budget: float = 900.0) -> StreamOutcome:
        """One pull of one stream; the ledger's balance and chains are looked at each time."""
        outcomes = pull(self.place.workspace, budget=Budget(budget), sleep=self.waits.append)
        lake = self.place.workspace.lake
        for batch in read_batches(lake):
            spent = batch.rows_loaded + batch.rows_duplicate + batch.rows_quarantined
            assert batch.rows_in == spent + batch.rows_suppressed, batch
        read_chains(lake)
        (outcome,) = outcomes
        return outcome

    def landed(self) -> list[tuple[str, float]]:
        """Id and version of every row."""
        return self.place.rows(self.world.contract, self.world.columns)

    def versions(self, rows: list[tuple[str, float]] | None = None) -> dict[str, float]:
        """The newest version of everything landed."""
        rows = self.landed() if rows is None else rows
        newest: dict[str, float] = {}
        for name, moment in rows:
            newest[name] = max(moment, newest.get(name, 0.0))
        return newest

    def is_exact(self) -> None:
        """Ids and versions are the server's, and every row is there once."""
        rows = self.landed()
        assert self.versions(rows) == self.world.truth()
        assert len(rows) == len(set(rows))

    def pulled(self, **options: Any) -> StreamOutcome:
        """A pull that must go well and leave the exact truth."""
        outcome = self.pull(**options)
        assert outcome.status == "pulled", outcome
        self.is_exact()
        return outcome

    def failed(self, reason: str, *words: str, **options: Any) -> StreamOutcome:
        """A pull that must fail and say why."""
        outcome = self.pull(**options)
        assert outcome.status == "failed", outcome
        for word in (f"({reason})", *words):
            assert word in outcome.detail, outcome.detail
        assert SECRET not in outcome.detail
        return outcome


def configuration(world: World, url: str, **more: Any) -> str:
    given = {"options": world.options} | more
    api = {"name": world.vendor, "vendor": world.vendor, "base_url": url, "start_at": "2026-05-01",
           "streams": list(world.streams), "credentials_env": "VENDOR_TOKEN"} | given  # fmt: skip
    lines = "".join(f"    {name}: {value}\n" for name, value in api.items() if value)
    return f"{ORG}apis:\n  -\n{lines}".replace("'", "")


@pytest.fixture
def make_puller(make_place: Callable[..., Place]) -> Iterator[Callable[..., Puller]]:
    servers: list[FaultServer] = []

    def make(world: World, skew: float = 0.0, **more: Any) -> Puller:
        if world.is_in_may:
            skew = BEGIN + 4 * 86400 - time.time()
        server = FaultServer(world, skew)
        servers.append(server)
        place = make_place(name=f"company{len(servers)}")
        (place.home / "productops.yml").write_text(configuration(world, server.url, **more))
        with (place.home / ".env").open("a") as handle:
            handle.write(f"VENDOR_TOKEN={SECRET}\n")
        return Puller(place, server, world)

    yield make
    for server in servers:
        server.close()
