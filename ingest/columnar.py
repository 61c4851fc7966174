"""Parquet files as lines of JSON, so that they travel like any other export.

Belongs here: turning columns into records. Does not belong here: what the records mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ingest.problems import DamagedFileError
from ingest.values import name, quote

PARQUET_MAGIC = b"PAR1"
_ROWS = 10_000
# Up to here every whole number has a double of its own.
_LARGEST_WHOLE = 2**53


def json_lines(path: Path) -> Iterator[bytes]:
    """Rows of a Parquet file as newline-delimited JSON, block by block.

    Text that holds a JSON object or list becomes one: some vendors write their properties so.

    Raises:
        DamagedFileError: If the file is cut off or no Parquet after all.
    """
    import duckdb

    with duckdb.connect(config={"threads": 1}) as connection:
        try:
            connection.execute("set TimeZone = 'UTC'")
            # The folders that a file is kept in are no columns of it.
            source = f"read_parquet({quote(str(path))}, hive_partitioning = false)"
            described = connection.execute(f"describe select * from {source}").fetchall()
            fields = ", ".join(f"{name(row[0])} := {_value(row[0], row[1])}" for row in described)
            rows = connection.sql(f"select to_json(struct_pack({fields})) as line from {source}")
            for batch in rows.to_arrow_reader(_ROWS):
                lines = batch.column(0).cast("string").to_pylist()
                yield ("\n".join(lines) + "\n").encode() if lines else b""
        except duckdb.Error as error:
            first = str(error).partition("\n")[0]
            raise DamagedFileError(
                "parquet_damaged", f"the Parquet file can't be read ({first}); export it again"
            ) from error


def _value(column: str, kind: str) -> str:
    text = name(column)
    if kind in {"FLOAT", "DOUBLE"}:
        # Of ids with gaps data frames make 7.0 and NaN.
        whole = f"{text} = floor({text}) and abs({text}) < {_LARGEST_WHOLE}"
        number = f"case when {whole} then to_json({text}::bigint) else to_json({text}) end"
        return f"case when isfinite({text}) then {number} end"
    if kind != "VARCHAR":
        return text
    nested = f"({text} like '{{%' or {text} like '[%') and json_valid({text})"
    return f"case when {nested} then cast({text} as json) else to_json({text}) end"
