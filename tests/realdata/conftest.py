"""Real exports taken in by one YAML file each, and what independent readers count in them."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest import arrivals
from ingest.ledger import Batch, read_batches
from tests.unit.ingest.conftest import Place

WORKSPACES = Path(__file__).parent / "workspaces"
Row = dict[str, str]
csv.field_size_limit(16 * 1024 * 1024)


class Export:
    """Files of one folder, taken in by one YAML file."""

    def __init__(self, name: str, folder: Path, home: Path, files: dict[str, str]) -> None:
        self.folder = folder
        shutil.copyfile(WORKSPACES / f"{name}.yml", home / "productops.yml")
        (home / ".env").write_text("PRODUCTOPS_HASH_KEY=a-key-for-tests-alone-0001\n")
        (home / "drop").mkdir()
        for file, called in files.items():
            shutil.copyfile(folder / file, home / "drop" / called)
        self.place = Place(home)
        self.outcomes = self.place.run().files

    def batch(self, called: str, contract: str | None = None) -> Batch:
        found = [
            batch
            for batch in read_batches(self.place.workspace.lake)
            if Path(batch.source_file).name == called and contract in {None, batch.contract}
        ]
        assert len(found) == 1, found
        return found[0]

    def counts(self, called: str, contract: str | None = None) -> tuple[int, int, int, int]:
        """Rows in, loaded, duplicate and set aside."""
        batch = self.batch(called, contract)
        return (
            batch.rows_in, batch.rows_loaded, batch.rows_duplicate, batch.rows_quarantined,
        )  # fmt: skip

    def csv(self, file: str) -> list[Row]:
        text = (self.folder / file).read_bytes().decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def take(realdata: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Export]:
    # Files written a moment ago count as whole.
    monkeypatch.setattr(arrivals, "SETTLE_SECONDS", 0.0)

    def made(name: str, folder: str, *files: str, **renamed: str) -> Export:
        called = {file: Path(file).name for file in files}
        return Export(name, realdata / folder, tmp_path, called | renamed)

    return made
