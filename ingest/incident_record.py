"""The record of incidents: what happened to each, one line of JSON after the other.

Belongs here: where it lies, its columns, reading it. Does not belong here: incidents
(`orchestration.lib.alerts`, which alone appends), what is made of them (the mart
`incident__incident`).

Nothing in it is changed, and it holds no row of data and nobody's name. A kill may leave half a
line at its end, or a line twice: both are left out when it is read.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from ingest.settings import Workspace
from ingest.store import LakeError

INCIDENT_TRANSITIONS = {
    "transition_number": "int64", "transition_id": "string", "incident_id": "string",
    "transition": "string", "happened_at": "timestamp[us]",
    "subject_kind": "string", "asset": "string", "name": "string",
    "severity": "string", "owner": "string", "description": "string", "cause_id": "string",
    "began_at": "timestamp[us]", "opened_at": "timestamp[us]", "recovered_at": "timestamp[us]",
    "acknowledged_at": "timestamp[us]", "verdict": "string", "return_count": "int64",
    "failing_row_count": "int64",
}  # fmt: skip


def incident_record_path(workspace: Workspace) -> Path:
    """Where the record lies: beside what is published, as it outlives `state/`."""
    return workspace.published / "incidents" / "transitions.jsonl"


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The record's lines as they were written, each once, in their order."""
    if not path.is_file():
        return []
    found: dict[str, dict[str, Any]] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
            found.setdefault(entry["transition_id"], entry)
        except (ValueError, KeyError, TypeError):
            continue
    return list(found.values())


def read_incident_record(workspace: Workspace) -> Any:
    """The record as one table.

    Raises:
        LakeError: If somebody else wrote to it; it names the file.
    """
    import pyarrow as pa

    schema = pa.schema([(n, pa.type_for_alias(kind)) for n, kind in INCIDENT_TRANSITIONS.items()])
    path = incident_record_path(workspace)
    try:
        rows = [
            {name: _value(kind, line.get(name)) for name, kind in INCIDENT_TRANSITIONS.items()}
            | {"transition_number": number}
            for number, line in enumerate(read_lines(path), start=1)
        ]
        return pa.Table.from_pylist(rows, schema=schema)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise LakeError(
            f"{path}: this record of incidents can't be read ({error}). Restore it from a backup, "
            "or move it to another folder: then it begins anew. Then run again."
        ) from error


def _value(kind: str, value: Any) -> Any:
    is_moment = kind.startswith("timestamp") and isinstance(value, str)
    return datetime.fromisoformat(value) if is_moment else value
