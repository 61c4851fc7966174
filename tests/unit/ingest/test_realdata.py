"""Real exports onboarded with mappings alone: every record of every file is accounted for.

What is counted here is counted with the csv and json modules.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
from pathlib import Path

import pytest

from tests.unit.ingest.conftest import Place

pytestmark = pytest.mark.realdata

WORKSPACES = Path(__file__).parents[2] / "realdata" / "workspaces"
FOLDERS = {
    "retentioneering_ecom": "events/retentioneering_ecom",
    "gharchive": "events/gharchive",
    "fivetran_zendesk": "support/fivetran_zendesk",
    "fivetran_hubspot": "crm/fivetran_hubspot",
    "panther_events": "vendor/panther_events",
}


def _text(path: Path) -> str:
    raw = path.read_bytes()
    return (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")


def _records(text: str) -> int:
    """Records of a CSV file or of newline-delimited JSON."""
    if text.lstrip().startswith("{"):
        return sum(1 for line in text.split("\n") if line.strip() and json.loads(line))
    rows = csv.reader(io.StringIO(text, newline=""))
    return sum(1 for row in rows if any(cell.strip() for cell in row)) - 1


@pytest.mark.parametrize("name", sorted(FOLDERS))
def test_every_record_of_a_real_export_is_accounted_for(name, realdata, tmp_path) -> None:
    (tmp_path / "drop").mkdir()
    for path in (realdata / FOLDERS[name]).iterdir():
        shutil.copyfile(path, tmp_path / "drop" / path.name)
    shutil.copyfile(WORKSPACES / f"{name}.yml", tmp_path / "productops.yml")
    (tmp_path / ".env").write_text("PRODUCTOPS_HASH_KEY=a-key-for-tests-alone-0001\n")
    place = Place(tmp_path)
    mapped = [outcome for outcome in place.run().files if outcome.format.startswith("mapping:")]
    assert mapped
    for outcome in mapped:
        assert outcome.status == "loaded", outcome
        truth = _records(_text(tmp_path / outcome.path))
        # A file may fill several contracts; one that takes only some records says which.
        assert max((part.rows_in for part in outcome.parts), default=0) == truth, outcome.path
    assert not place.run().files
