"""Rows that a gate keeps out of all models, while the rest of their delivery is built.

Belongs here: remembering which they are, for as long as their delivery stays. Does not belong here:
the verdict (`expectations.runner`), leaving them out (the macro `lake`).

Where a suite says `on_fail: quarantine_rows`, rows that break one of its critical checks stay out
alone. They lie in the lake as they were landed; here stands only where: batch, line and key, and
what they break. A file for each batch, written before the gate's record that lets the batch pass.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from expectations.results import CheckResult
from ingest.batches import Batch
from ingest.build_inputs import kept_out_folder
from ingest.settings import Workspace
from ingest.store import write_atomically

# One row of the lake: by its delivery, its line there, and its key where a line has several.
IDENTITY = ("batch_id", "source_line", "row_key")


def keep_out(workspace: Workspace, batches: Iterable[Batch], checks: Iterable[CheckResult]) -> None:
    """Remembers the rows of these batches that `checks` set aside, and forgets older ones."""
    import duckdb

    wrong: dict[str, list[str]] = defaultdict(list)
    for check in checks:
        if check.set_aside and check.severity == "critical" and check.quarantine:
            wrong[check.table].append(check.quarantine)
    folder = kept_out_folder(workspace)
    stale = {folder / batch.contract / f"{batch.batch_id}.parquet" for batch in batches}
    for table, files in sorted(wrong.items()):
        with duckdb.connect() as connection:
            columns = ", ".join(IDENTITY)
            connection.execute(
                f"create table wrong as select '{table}' as contract, {columns}, "
                "list(distinct failed_check order by failed_check) as failed_checks "
                "from read_parquet(?, union_by_name = true) group by all order by all",
                [files],
            )
            found = connection.execute("select distinct batch_id from wrong order by 1").fetchall()
            for (batch_id,) in found:
                path = folder / table / f"{batch_id}.parquet"
                stale.discard(path)
                _write(connection, batch_id, path)
    for path in stale:
        path.unlink(missing_ok=True)


def _write(connection, batch_id: str, path: Path) -> None:
    query = f"from wrong where batch_id = '{batch_id}'"
    write_atomically(
        path, lambda draft: connection.execute(f"copy ({query}) to '{draft}' (format parquet)")
    )
