"""The ledger, the contracts and the records of figures and incidents as tables for the warehouse.

Belongs here: `lake/build/`. Does not belong here: what the warehouse makes of it.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from ingest.batches import read_batches
from ingest.contracts import load_contracts
from ingest.incident_record import read_incident_record
from ingest.settings import Workspace
from ingest.store import LakeError, write_atomically

_BATCH_COLUMNS = {
    "batch_id": "string", "file_id": "string", "contract": "string", "source": "string",
    "source_file": "string", "format": "string", "status": "string", "reason": "string",
    "rows_in": "int64", "rows_loaded": "int64", "rows_duplicate": "int64",
    "rows_quarantined": "int64", "rows_suppressed": "int64", "rows_revision": "int64",
    "rows_late": "int64", "first_on": "date32", "last_on": "date32", "delivered_on": "date32",
    "loaded_at": "timestamp[us]", "is_withdrawn": "bool",
}  # fmt: skip

PUBLISHED_VALUES = {
    "build_id": "string", "published_at": "timestamp[us]", "loaded_through_at": "timestamp[us]",
    "metric": "string", "day_on": "date32", "segment": "string", "published_value": "float64",
    "is_complete": "bool", "definition_version": "int32",
}  # fmt: skip


def record_files(workspace: Workspace) -> list[Path]:
    """The record of published figures: a file per build that told something new, some folded."""
    return sorted((workspace.published / "record").glob("[!.]*.parquet"))


def read_record(workspace: Workspace) -> Any:
    """All that was told, as one table.

    Raises:
        LakeError: If a file of the record is damaged; it names the file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(n, pa.type_for_alias(kind)) for n, kind in PUBLISHED_VALUES.items()])
    told = [schema.empty_table()]
    for path in record_files(workspace):
        try:
            told.append(pq.read_table(path).select(schema.names).cast(schema))
        except (pa.ArrowException, KeyError, OSError) as error:
            raise LakeError(
                f"{path}: this file of the record of published figures can't be read ({error}). "
                "Restore it from a backup, or move it to another folder: then what was published "
                "with that build is no longer compared with later figures. Then run again."
            ) from error
    # Between folding files and removing them a kill leaves rows twice.
    return pa.concat_tables(told).group_by(schema.names, use_threads=False).aggregate([])


def write_build_inputs(workspace: Workspace) -> None:
    """Writes what describes deliveries and publications as Parquet, atomically."""
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
    tables = {
        "batches": pa.table(columns),
        "contracts": pa.table(promises),
        "published_values": read_record(workspace),
        "incident_transitions": read_incident_record(workspace),
    }
    for name, whole in tables.items():
        write_atomically(
            workspace.lake / "build" / f"{name}.parquet",
            lambda draft, whole=whole: pq.write_table(whole, draft),
        )
