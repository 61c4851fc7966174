"""The history of checks: what each evaluation of a gate found.

Belongs here: one file for each evaluation, and folding them. Does not belong here: evaluating
(`gates.py`), reading them for a build (`ingest.build_inputs`), the mart made of them
(`check__run`). Counts only: no row of a table, and so no person, is in it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from expectations.results import CheckResult
from ingest.build_inputs import CHECK_RUNS, check_run_files, read_check_runs
from ingest.settings import Workspace
from ingest.store import write_atomically

MOST_FILES = 50
KEPT = timedelta(days=400)


def remember_checks(
    workspace: Workspace, gate: str, subject: str, checked_at: str, checks: Iterable[CheckResult]
) -> Path:
    """Writes what an evaluation found.

    Args:
        workspace: The company's folder.
        gate: lake or marts.
        subject: What was looked at: a set of deliveries, or a build.
        checked_at: When (UTC, as the gates' records hold it).
        checks: All results.
    """
    rows = [
        {
            "gate": gate, "subject": subject, "checked_at": datetime.fromisoformat(checked_at),
            "layer": check.layer, "table_name": check.table, "check_name": check.check_name,
            "severity": check.severity, "owner": check.owner, "is_passed": check.passed,
            "is_crashed": check.crashed, "is_blocking": check.blocks,
            "failing_count": check.unexpected_count, "row_count": check.element_count,
            "check_seconds": check.seconds,
        }
        for check in checks
    ]  # fmt: skip
    stamp = f"{checked_at.replace(' ', 'T').replace(':', '')}-{gate}-{secrets.token_hex(3)}"
    path = workspace.state / "checks" / f"{stamp}.parquet"
    _write(path, _table(rows))
    return path


def fold_checks(workspace: Workspace, now: datetime | None = None) -> None:
    """Puts the files into one where they are many, without what is older than 400 days.

    Killed before the folded ones are gone, rows are there twice; whoever reads takes them once.
    Only builds, of which one runs at a time, call it.
    """
    files = check_run_files(workspace)
    if len(files) <= MOST_FILES:
        return
    import pyarrow.compute as pc

    since = (now or datetime.now(UTC)).replace(tzinfo=None) - KEPT
    known = read_check_runs(workspace)
    folded = workspace.state / "checks" / "folded.parquet"
    recent = pc.call_function("greater", [known["checked_at"], since])
    _write(folded, known.filter(recent))
    for path in files:
        if path != folded:
            path.unlink()


def _table(rows: list[dict[str, Any]]) -> Any:
    import pyarrow as pa

    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in CHECK_RUNS.items()])
    return pa.Table.from_pylist(rows, schema)


def _write(path: Path, table: Any) -> None:
    import pyarrow.parquet as pq

    write_atomically(path, lambda draft: pq.write_table(table, draft))
