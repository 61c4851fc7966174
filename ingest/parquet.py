"""Query results as Parquet files.

Belongs here: how the lake writes Parquet. Does not belong here: reading delivered Parquet
(`ingest.columnar`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from ingest.store import write_atomically
from ingest.values import quote

# Columns of many values are not worth a dictionary, and are the sooner given up the better: with
# the encodings of version 2 they take a fifth less time to write, and a fifth less room.
PARQUET = (
    "format parquet, parquet_version v2, dictionary_size_limit 1000, compression zstd, "
    "compression_level 1"
)


def copy(connection: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    """Writes the result of a query as Parquet, whole or not at all."""
    write_atomically(
        path, lambda draft: connection.execute(f"copy ({sql}) to {quote(str(draft))} ({PARQUET})")
    )
