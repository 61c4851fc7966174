"""`manifest.json` of a published build: what it holds, what it was made of, what it passed.

Belongs here: putting it together. Does not belong here: writing it, publishing (`publish.py`).
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.ledger import read_batches
from ingest.settings import Workspace
from orchestration.lib import gates
from orchestration.lib.admission import held_back
from orchestration.lib.gates import GateRecord
from orchestration.lib.paths import sha256
from orchestration.lib.receipt import Receipt, as_of_text


def manifest_of(
    workspace: Workspace, receipt: Receipt, record: GateRecord, draft: Path
) -> dict[str, Any]:
    """What a published build says of itself: inputs, gates, rows, prints, files, versions."""
    lake = gates.last_lake_record(workspace)
    files = [path for path in sorted(draft.rglob("*")) if path.is_file()]
    return {
        "build_id": receipt.build_id,
        "published_at": as_of_text(datetime.now(UTC)),
        "org": workspace.config.org.name,
        "as_of_at": receipt.as_of_at,
        "built_at": receipt.built_at,
        "rows": {name: found.rows for name, found in record.tables.items()},
        "prints": {name: asdict(found) for name, found in record.tables.items()},
        "checks": len(record.checks),
        "warnings": len(record.warnings),
        "gates": {"lake": _gate(lake), "marts": _gate(record)},
        "ledger": _ledger(workspace, receipt),
        "held_back": [asdict(held) for held in held_back(workspace, lake)],
        "versions": receipt.versions,
        "files": {path.relative_to(draft).as_posix(): sha256(path) for path in files},
    }


def _gate(record: GateRecord | None) -> dict[str, Any] | None:
    if record is None:
        return None
    failed = [f"{check.table}.{check.check_name}" for check in record.checks if not check.passed]
    return {"subject": record.subject, "checked_at": record.checked_at, "suites": record.suites,
            "checks": len(record.checks), "failed": failed}  # fmt: skip


def _ledger(workspace: Workspace, receipt: Receipt) -> dict[str, int]:
    """Deliveries that the build holds, and what became of their rows."""
    built = set(receipt.batches)
    batches = [batch for batch in read_batches(workspace.lake) if batch.token in built]
    counts = ("rows_in", "rows_loaded", "rows_duplicate", "rows_quarantined", "rows_suppressed")
    return {"deliveries": len(batches)} | {
        name: sum(getattr(batch, name) for batch in batches) for name in counts
    }
