"""The ledger, the contracts and what was recorded of builds, checks and incidents, as tables.

Belongs here: `lake/build/`. Does not belong here: what the warehouse makes of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
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
    "rows_late": "int64", "rows_kept_out": "int64",
    "first_on": "date32", "last_on": "date32", "delivered_on": "date32",
    "loaded_at": "timestamp[us]", "is_withdrawn": "bool", "output": "string",
}  # fmt: skip

PUBLISHED_VALUES = {
    "build_id": "string", "published_at": "timestamp[us]", "loaded_through_at": "timestamp[us]",
    "metric": "string", "day_on": "date32", "segment": "string", "published_value": "float64",
    "is_complete": "bool", "definition_version": "int32",
}  # fmt: skip

CHECK_RUNS = {
    "gate": "string", "subject": "string", "checked_at": "timestamp[us]", "layer": "string",
    "table_name": "string", "check_name": "string", "severity": "string", "owner": "string",
    "is_passed": "bool", "is_crashed": "bool", "is_blocking": "bool", "failing_count": "int64",
    "row_count": "int64", "check_seconds": "float64",
}  # fmt: skip


KEPT_OUT = {
    "contract": "string", "batch_id": "string", "source_line": "int64", "row_key": "uint64",
}  # fmt: skip


def kept_out_folder(workspace: Workspace) -> Path:
    """Where stands which landed rows no model may read: `<contract>/<batch>.parquet`."""
    return workspace.lake / "quarantine" / "kept_out"


def kept_out_contracts(workspace: Workspace) -> list[str]:
    """Contracts of which single rows are kept out."""
    return sorted({path.parent.name for path in _kept_out_files(workspace)})


def _kept_out_files(workspace: Workspace) -> list[Path]:
    return sorted(kept_out_folder(workspace).glob("*/[!.]*.parquet"))


def check_run_files(workspace: Workspace) -> list[Path]:
    """The history of checks: a file for each evaluation of a gate, older ones folded."""
    return sorted((workspace.state / "checks").glob("[!.]*.parquet"))


def read_check_runs(workspace: Workspace) -> Any:
    """All checks that were evaluated, as one table.

    Raises:
        LakeError: If a file of the history is damaged; it names the file.
    """
    return _read_parts(
        check_run_files(workspace), CHECK_RUNS, "the history of checks",
        "Remove it: these evaluations are no longer told. Then run again.",
    )  # fmt: skip


def record_files(workspace: Workspace) -> list[Path]:
    """The record of published figures: a file per build that told something new, some folded."""
    return sorted((workspace.published / "record").glob("[!.]*.parquet"))


def read_record(workspace: Workspace) -> Any:
    """All that was told, as one table.

    Raises:
        LakeError: If a file of the record is damaged; it names the file.
    """
    return _read_parts(
        record_files(workspace), PUBLISHED_VALUES, "the record of published figures",
        "Restore it from a backup, or move it to another folder: then what was published with "
        "that build is no longer compared with later figures. Then run again.",
    )  # fmt: skip


def _read_parts(files: Iterable[Path], columns: Mapping[str, str], what: str, remedy: str) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(n, pa.type_for_alias(kind)) for n, kind in columns.items()])
    told = [schema.empty_table()]
    for path in files:
        try:
            told.append(pq.read_table(path).select(schema.names).cast(schema))
        except (pa.ArrowException, KeyError, OSError) as error:
            raise LakeError(
                f"{path}: this file of {what} can't be read ({error}). {remedy}"
            ) from error
    # Between folding files and removing them a kill leaves rows twice.
    return pa.concat_tables(told).group_by(schema.names, use_threads=False).aggregate([])


def write_build_inputs(workspace: Workspace, held_back: Collection[str] = ()) -> None:
    """Writes what describes deliveries and publications as Parquet, atomically.

    Args:
        workspace: The company's folder.
        held_back: Batches (tokens) that models must not read; they are told as `held_back`.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    kept_out = _read_parts(
        _kept_out_files(workspace), KEPT_OUT, "the rows that gates keep out",
        "Remove it and the folder warehouse/: the next run looks at every delivery again.",
    )  # fmt: skip
    rows_of = Counter(kept_out["batch_id"].to_pylist())
    waiting = set(held_back)
    batches = [
        replace(batch, status="held_back") if batch.token in waiting else batch
        for batch in read_batches(workspace.lake)
    ]
    types = {name: pa.type_for_alias(alias) for name, alias in _BATCH_COLUMNS.items()}
    columns = {}
    for name, kind in types.items():
        values = [
            rows_of[batch.batch_id] if name == "rows_kept_out" else getattr(batch, name)
            for batch in batches
        ]
        if pa.types.is_date(kind):
            columns[name] = pc.cast(pa.array(values, pa.string()), kind)
        elif pa.types.is_timestamp(kind):
            columns[name] = pa.array([datetime.fromisoformat(str(v)) for v in values], kind)
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
        "check_runs": read_check_runs(workspace),
        "kept_out_rows": kept_out,
        "incident_transitions": read_incident_record(workspace),
    }
    for name, whole in tables.items():
        write_atomically(
            workspace.lake / "build" / f"{name}.parquet",
            lambda draft, whole=whole: pq.write_table(whole, draft),
        )
