"""Records that can't be loaded, kept with file, line, reason and text.

Belongs here: what a delivery is stamped with, and the quarantine's files. Does not belong here:
which records are bad (`ingest.stage`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from ingest.parquet import copy
from ingest.problems import BadRecords
from ingest.redaction import macro_for
from ingest.texts import printable

_COLUMNS = (
    "contract varchar, source varchar, source_file varchar, source_line bigint, "
    "reason varchar, raw varchar"
)


@dataclass(frozen=True)
class Delivery:
    """What the landed rows are stamped with."""

    entry_id: str
    source: str
    source_file: str
    delivered_on: str
    loaded_at: str
    is_state: bool

    def batch_id(self, contract: str) -> str:
        """Id of this file's rows of one contract."""
        return f"{self.entry_id}-{contract}"


def write_quarantine(
    connection: duckdb.DuckDBPyConnection, path: Path, contract: str, delivery: Delivery,
    bad: BadRecords,
) -> None:  # fmt: skip
    """Writes set-aside records with file, line, raw text and reason; no records, no file.

    The raw text is redacted like free text: the undisturbed bytes are in `lake/landing` alone.
    """
    if not bad:
        path.unlink(missing_ok=True)
        return
    connection.execute(f"create or replace temp table bad_rows ({_COLUMNS})")
    for block in bad.blocks():
        texts = [printable(item.raw) for item in block]
        connection.execute(
            f"insert into bad_rows select $1, $2, $3, line, reason, {macro_for(texts)}(raw) from "
            "(select unnest($4::bigint[]) as line, unnest($5::varchar[]) as reason, "
            "unnest($6::varchar[]) as raw)",
            [
                contract,
                delivery.source,
                delivery.source_file,
                [item.line for item in block],
                [item.reason for item in block],
                texts,
            ],
        )
    copy(connection, "select * from bad_rows", path)
    connection.execute("drop table bad_rows")
