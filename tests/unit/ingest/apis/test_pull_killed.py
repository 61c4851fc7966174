"""kill -9 of a pull anywhere, then another pull: exact truth, gapless chain, no leftovers."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from ingest.manifests import read_manifests
from ingest.streams import read_chains
from tests.unit.ingest.apis.worlds import Freshdesk, HubSpot
from tests.unit.ingest.apis.worlds_more import Okta
from tests.unit.ingest.killing import ROOT, killed_at, moments


def leaves_nothing_behind(puller) -> None:
    """Exactly the truth, a gapless chain, and no file that no manifest answers for."""
    puller.is_exact()
    lake = puller.place.workspace.lake
    chains = read_chains(lake)
    assert all(chain[-1].seq == len(chain) for chain in chains.values())
    manifests = read_manifests(lake)
    landed = {m.landing for m in manifests}
    home = puller.place.home
    on_disk = {p.relative_to(home).as_posix() for p in (lake / "landing").rglob("*") if p.is_file()}
    assert on_disk == landed
    bronze = {p.relative_to(lake).as_posix() for p in lake.glob("bronze/*/source=*/dt=*/*.parquet")}
    assert bronze == {part.output for m in manifests for part in m.parts if part.output}
    assert not list((lake / "tmp").rglob(".*.tmp"))


def quick(monkeypatch) -> None:
    """Vendors that are paced would hold up a process of its own."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


# Raw page kept, rows visible, manifest visible: before and after each of them.
@pytest.mark.parametrize(("number", "moment"), moments(13, [(5, "after"), (6, "before")]))
def test_killed_when_a_file_becomes_visible(make_puller, monkeypatch, number, moment) -> None:
    quick(monkeypatch)
    puller = make_puller(Freshdesk(350))
    assert killed_at(puller.place.home, number, moment, "pull")
    # Edited in between, so that the pages that were not committed come back as others.
    puller.world.edit(340, 341)
    puller.server.skew += 120
    puller.pulled()
    leaves_nothing_behind(puller)


@pytest.mark.parametrize(
    "seed", [1, 2, *(pytest.param(n, marks=pytest.mark.slow) for n in range(3, 41))]
)
def test_killed_at_any_time_again_and_again(make_puller, monkeypatch, seed) -> None:
    quick(monkeypatch)
    chance = random.Random(seed)
    world = chance.choice([Freshdesk, HubSpot, Okta])
    puller = make_puller(world(900))
    puller.server.faults = {chance.randint(1, 12): chance.choice(["reset", "truncated", "html"])}
    puller.server.before = lambda _: time.sleep(0.03)
    command = [sys.executable, "-m", "ingest", "pull", "--home", str(puller.place.home)]
    kills = 0
    for _ in range(3):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        asked = len(puller.server.requests)
        deadline = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < deadline:
            if len(puller.server.requests) > asked:
                break
            time.sleep(0.01)
        time.sleep(chance.uniform(0.0, 0.4))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills
    puller.server.before, puller.server.faults = None, {}
    puller.pulled()
    leaves_nothing_behind(puller)
