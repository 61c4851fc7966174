"""The candidate of a publication: the marts copied out, and proof that they are what passed.

Belongs here: the files of a build and their verification. Does not belong here: when one is made
and shown (`publish.py`), pages.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestration.lib.dictionary import read_marts
from orchestration.lib.gates import GateRecord
from orchestration.lib.paths import PublishRefusedError
from orchestration.lib.prints import take_print, take_prints

# Read by every DuckDB since 1.0, and so by the BI tools that carry an older one.
STORAGE_VERSION = "v1.0.0"
DATABASE = "productops.duckdb"


def export(warehouse: Path, draft: Path) -> None:
    """Writes the marts of a warehouse as one DuckDB file and one Parquet file each."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"attach '{_quoted(warehouse)}' as built (read_only)")
        target = _quoted(draft / DATABASE)
        connection.execute(f"attach '{target}' as made (storage_version '{STORAGE_VERSION}')")
        connection.execute("create schema made.marts")
        tables = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'built' "
            "and schema_name = 'marts' order by 1"
        ).fetchall()
        (draft / "parquet").mkdir()
        for (table,) in tables:
            connection.execute(f'create table made.marts."{table}" as from built.marts."{table}"')
            connection.execute(
                f"copy made.marts.\"{table}\" to '{_quoted(draft / 'parquet' / table)}.parquet' "
                "(format parquet, compression zstd)"
            )
        _describe(connection, [table for (table,) in tables])
        connection.execute("checkpoint made")


def _describe(connection: Any, tables: list[str]) -> None:
    """Carries the models' descriptions over, for tools that show comments."""
    for _, model in read_marts():
        if model["name"] not in tables:
            continue
        words = _text(model["description"])
        connection.execute(f'comment on table made.marts."{model["name"]}" is {words}')
        for column in model["columns"]:
            words = _text(column["description"])
            place = f'made.marts."{model["name"]}"."{column["name"]}"'
            connection.execute(f"comment on column {place} is {words}")


def verify(record: GateRecord, draft: Path) -> None:
    """The candidate must hold exactly what passed the gates, in both forms."""
    found = take_prints(draft / DATABASE)
    if found != record.tables:
        names = sorted(set(found) | set(record.tables))
        wrong = [name for name in names if found.get(name) != record.tables.get(name)]
        raise PublishRefusedError(
            f"The candidate differs from what passed the gates in {', '.join(wrong)}. "
            "Something wrote to the warehouse meanwhile. Run: productops run"
        )
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"attach '{_quoted(draft / DATABASE)}' as made (read_only)")
        for name, seen in record.tables.items():
            path = _quoted(draft / "parquet" / f"{name}.parquet")
            # Parquet has no place for some types: values are compared as those of the table.
            types = connection.execute(f'describe made.marts."{name}"').fetchall()
            columns = ", ".join(f'cast("{column}" as {kind}) as "{column}"'
                                for column, kind, *_ in types)  # fmt: skip
            relation = f"(select {columns} from read_parquet('{path}'))"
            if take_print(connection, relation) != seen:
                raise PublishRefusedError(
                    f"{name}.parquet differs from what passed the gates. Something wrote to it "
                    "meanwhile, or the disk is at fault. Run: productops publish"
                )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _text(words: str) -> str:
    return "'" + " ".join(words.split()).replace("'", "''") + "'"
