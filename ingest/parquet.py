"""Query results as Parquet files.

Belongs here: how the lake writes Parquet. Does not belong here: reading delivered Parquet
(`ingest.columnar`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from ingest.store import write_atomically
from ingest.values import quote

_PARQUET = "format parquet, compression zstd, compression_level 1"


def copy(connection: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    """Writes the result of a query as Parquet, whole or not at all."""
    write_atomically(
        path, lambda draft: connection.execute(f"copy ({sql}) to {quote(str(draft))} ({_PARQUET})")
    )
