"""Schemas of the files of a small lake, read from the contracts, and values in their types.

Belongs here: what a column's type means in Parquet. Does not belong here: writing (`fixture_lake`).
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pyarrow as pa
import yaml

from ingest.build_inputs import CHECK_RUNS, PUBLISHED_VALUES
from ingest.incident_record import INCIDENT_TRANSITIONS

from .project import ROOT

CONTRACTS = ROOT / "ingest" / "contracts"

ARROW = {
    "text": pa.string(), "integer": pa.int64(), "double": pa.float64(), "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"), "date": pa.date32(), "json": pa.string(),
}  # fmt: skip
_COUNTS = ("in", "loaded", "duplicate", "quarantined", "suppressed", "revision", "late", "kept_out")
BATCH_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("batch_id", "file_id", "contract", "source", "source_file")]
    + [(name, pa.string()) for name in ("format", "status", "reason")]
    + [(f"rows_{name}", pa.int64()) for name in _COUNTS]
    + [(name, pa.date32()) for name in ("first_on", "last_on", "delivered_on")]
    + [("loaded_at", pa.timestamp("us")), ("is_withdrawn", pa.bool_()), ("output", pa.string())]
)
VALUE_SCHEMA, INCIDENT_SCHEMA, CHECK_SCHEMA = (
    pa.schema([(name, pa.type_for_alias(kind)) for name, kind in columns.items()])
    for columns in (PUBLISHED_VALUES, INCIDENT_TRANSITIONS, CHECK_RUNS)
)
CONTRACT_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("contract", "owner", "grain")]
    + [(name, pa.int64()) for name in ("warn_hours", "fail_hours", "late_after_hours")]
)


def at(text: str) -> dt.datetime:
    """A UTC timestamp from ISO text; a bare date is its midnight."""
    return dt.datetime.fromisoformat(text)


def load_contract_files() -> dict[str, dict[str, Any]]:
    """The contracts as they stand in YAML, by name."""
    texts = (path.read_text() for path in sorted(CONTRACTS.glob("*.yml")))
    return {contract["name"]: contract for contract in map(yaml.safe_load, texts)}


def typed(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "timestamp" and isinstance(value, str):
        return at(value)
    if kind == "date" and isinstance(value, str):
        return dt.date.fromisoformat(value)
    if kind == "json" and not isinstance(value, str):
        return json.dumps(value)
    return value


def day_of(value: dt.datetime | dt.date) -> dt.date:
    return value.date() if isinstance(value, dt.datetime) else value
