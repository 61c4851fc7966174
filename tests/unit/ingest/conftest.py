"""A workspace with files in its drop folder, and what ingest made of them."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingest import arrivals
from ingest.ledger import read_batches
from ingest.load import FileOutcome, IngestReport, ingest
from ingest.settings import Workspace, open_workspace

HASH_KEY = "a hash key for tests alone"
CONFIG = "org:\n  name: Test\n  as_of: 2026-06-30T12:00:00Z\n  product_born_on: 2026-01-01\n"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files written a moment ago count as whole."""
    monkeypatch.setattr(arrivals, "SETTLE_SECONDS", 0.0)


@dataclass
class Place:
    """A workspace under test."""

    home: Path

    @property
    def workspace(self) -> Workspace:
        return open_workspace(self.home)

    def drop(self, name: str, content: str | bytes) -> Path:
        path = self.home / "drop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(self) -> IngestReport:
        report = ingest(self.workspace)
        for batch in read_batches(self.workspace.lake):
            spent = batch.rows_loaded + batch.rows_duplicate
            spent += batch.rows_quarantined + batch.rows_suppressed
            assert batch.rows_in == spent, batch
        return report

    def land(self, name: str, content: str | bytes) -> FileOutcome:
        """Drops one file, takes it in, and returns what became of it."""
        path = self.drop(name, content)
        relative = path.relative_to(self.home).as_posix()
        return next(outcome for outcome in self.run().files if outcome.path == relative)

    def rows(self, contract: str, columns: str = "*", rest: str = "") -> list[tuple[Any, ...]]:
        """Rows of a contract that the ledger says are there."""
        lake = self.workspace.lake
        batches = [b.batch_id for b in read_batches(lake) if b.is_committed]
        sql = (
            f"select {columns} from read_parquet('{lake}/bronze/{contract}/**/*.parquet', "
            f"hive_partitioning = false) where list_contains($ids, batch_id) {rest}"
        )
        with duckdb.connect() as connection:
            return connection.execute(sql, {"ids": batches}).fetchall()

    def quarantine(self) -> list[tuple[Any, ...]]:
        """File, line, reason and raw text of all that was set aside, by line."""
        files = [str(path) for path in (self.home / "lake/quarantine").rglob("*.parquet")]
        if not files:
            return []
        sql = "select source_file, source_line, reason, raw from read_parquet($files) order by all"
        with duckdb.connect() as connection:
            return connection.execute(sql, {"files": files}).fetchall()


def new_home(home: Path, config: str = "") -> Path:
    """A workspace without files."""
    (home / "drop").mkdir(parents=True)
    (home / "productops.yml").write_text(CONFIG + config)
    (home / ".env").write_text(f"PRODUCTOPS_HASH_KEY={HASH_KEY}\n")
    return home


@pytest.fixture(scope="session")
def empty_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = new_home(tmp_path_factory.mktemp("template") / "company")
    ingest(open_workspace(home))
    return home / "lake"


@pytest.fixture
def make_place(tmp_path: Path, empty_lake: Path) -> Callable[..., Place]:
    def make(config: str = "", name: str = "company") -> Place:
        home = new_home(tmp_path / name, config)
        # Making the tables' schemas takes longer than most tests do.
        shutil.copytree(empty_lake / "bronze", home / "lake" / "bronze",
                        ignore=shutil.ignore_patterns("source=*"))  # fmt: skip
        return Place(home)

    return make


@pytest.fixture
def place(make_place: Callable[..., Place]) -> Place:
    return make_place()


def event(number: int, **more: Any) -> dict[str, Any]:
    """One Segment call as Segment writes it."""
    return {
        "messageId": f"m-{number}",
        "type": "track",
        "event": "Report Exported",
        "userId": f"u-{number % 3}",
        "anonymousId": f"a-{number % 3}",
        "originalTimestamp": "2026-05-01T10:00:00.000Z",
        "sentAt": "2026-05-01T10:00:01.000Z",
        "receivedAt": "2026-05-01T10:00:02.000Z",
        "timestamp": "2026-05-01T10:00:01.000Z",
        "properties": {"rows": number},
    } | more


def lines(*events: dict[str, Any] | str) -> str:
    return "".join(f"{e if isinstance(e, str) else json.dumps(e)}\n" for e in events)


def packed(*events: dict[str, Any] | str) -> bytes:
    return gzip.compress(lines(*events).encode(), mtime=0)


def part(outcome: FileOutcome, contract: str) -> dict[str, int]:
    """The balance of one contract in a file."""
    found = next(p for p in outcome.parts if p.contract == contract)
    return {
        "in": found.rows_in,
        "loaded": found.rows_loaded,
        "duplicate": found.rows_duplicate,
        "quarantined": found.rows_quarantined,
    }


def loaded(outcome) -> dict[str, int]:
    assert outcome.status == "loaded", outcome
    return part(outcome, outcome.parts[0].contract)


def rejected(outcome, reason: str, *words: str) -> None:
    assert (outcome.status, outcome.reason) == ("rejected", reason), outcome
    for word in (outcome.path, *words):
        assert word in outcome.detail, outcome.detail
