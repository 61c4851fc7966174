"""Records that can't be loaded, kept with file, line, reason and text.

Belongs here: what a delivery is stamped with, and the quarantine's files. Does not belong here:
which records are bad (`ingest.stage`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
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
# Records that are written at once.
_BLOCK = 5_000


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
    connection: duckdb.DuckDBPyConnection, contract: str,
    files: Sequence[tuple[Path, Delivery, BadRecords]],
) -> None:  # fmt: skip
    """Writes set-aside records with file, line, raw text and reason; no records, no file.

    The raw text is redacted like free text: the undisturbed bytes are in `lake/landing` alone.
    To make ready for that takes longer than some hundred records do: once for all files.
    """
    for path, _, bad in files:
        if not bad:
            path.unlink(missing_ok=True)
    kept = [one for one in files if one[2]]
    if not kept:
        return
    connection.execute(f"create or replace temp table bad_rows (file_no integer, {_COLUMNS})")
    records = ((number, item) for number, (_, _, bad) in enumerate(kept) for item in bad)
    while block := list(islice(records, _BLOCK)):
        texts = [printable(item.raw) for _, item in block]
        connection.execute(
            "insert into bad_rows select file_no, $1, $2, source_file, line, reason, "
            f"{macro_for(texts)}(raw) from (select unnest($3::integer[]) as file_no, "
            "unnest($4::varchar[]) as source_file, unnest($5::bigint[]) as line, "
            "unnest($6::varchar[]) as reason, unnest($7::varchar[]) as raw)",
            [
                contract,
                kept[0][1].source,
                [number for number, _ in block],
                [kept[number][1].source_file for number, _ in block],
                [item.line for _, item in block],
                [item.reason for _, item in block],
                texts,
            ],
        )
    for number, (path, _, _) in enumerate(kept):
        own = f"select * exclude (file_no) from bad_rows where file_no = {number}"
        copy(connection, own, path)
    connection.execute("drop table bad_rows")
