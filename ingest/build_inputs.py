"""The ledger and the contracts as tables that the warehouse reads.

Belongs here: `lake/build/`. Does not belong here: what the warehouse makes of it.
"""

from __future__ import annotations

from datetime import datetime

from ingest.batches import read_batches
from ingest.contracts import load_contracts
from ingest.settings import Workspace
from ingest.store import write_atomically

_BATCH_COLUMNS = {
    "batch_id": "string", "file_id": "string", "contract": "string", "source": "string",
    "source_file": "string", "format": "string", "status": "string", "reason": "string",
    "rows_in": "int64", "rows_loaded": "int64", "rows_duplicate": "int64",
    "rows_quarantined": "int64", "rows_suppressed": "int64", "rows_revision": "int64",
    "rows_late": "int64", "first_on": "date32", "last_on": "date32", "delivered_on": "date32",
    "loaded_at": "timestamp[us]", "is_withdrawn": "bool",
}  # fmt: skip


def write_build_inputs(workspace: Workspace) -> None:
    """Writes the ledger and the contracts as Parquet for the warehouse, atomically."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    batches = read_batches(workspace.lake)
    types = {name: pa.type_for_alias(alias) for name, alias in _BATCH_COLUMNS.items()}
    columns = {}
    for name, kind in types.items():
        values = [getattr(batch, name) for batch in batches]
        if pa.types.is_date(kind):
            columns[name] = pc.cast(pa.array(values, pa.string()), kind)
        elif pa.types.is_timestamp(kind):
            columns[name] = pa.array([datetime.fromisoformat(v) for v in values], kind)
        else:
            columns[name] = pa.array(values, kind)
    contracts = list(load_contracts().values())
    promises = {
        "contract": pa.array([c.name for c in contracts], pa.string()),
        "owner": pa.array(
            [workspace.config.owners.get(c.name, c.owner) for c in contracts], pa.string()
        ),
        "grain": pa.array([c.grain for c in contracts], pa.string()),
        "warn_hours": pa.array(
            [c.freshness.warn_hours if c.freshness else None for c in contracts], pa.int64()
        ),
        "fail_hours": pa.array(
            [c.freshness.fail_hours if c.freshness else None for c in contracts], pa.int64()
        ),
        "late_after_hours": pa.array([c.late_after_hours for c in contracts], pa.int64()),
    }
    for name, table in (("batches", columns), ("contracts", promises)):
        whole = pa.table(table)
        write_atomically(
            workspace.lake / "build" / f"{name}.parquet",
            lambda draft, whole=whole: pq.write_table(whole, draft),
        )
