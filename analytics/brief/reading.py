"""Reading a published DuckDB file.

Belongs here: opening it and running queries. Does not belong here: what is asked.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class BriefError(RuntimeError):
    """The brief can't be made; the message says what to do."""


class Marts:
    """The marts of one published build, read-only."""

    def __init__(self, connection: Any) -> None:
        """Takes an open connection."""
        self._connection = connection

    def rows(self, sql: str) -> list[Row]:
        """Rows of a query as dictionaries."""
        cursor = self._connection.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


@contextmanager
def open_marts(path: Path) -> Generator[Marts]:
    """Opens a published file.

    Raises:
        BriefError: If it is no DuckDB file with marts.
    """
    import duckdb

    if not path.is_file():
        raise BriefError(f"{path}: not found. Publish first: productops run")
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        raise BriefError(f"{path}: no DuckDB file that can be read ({error})") from error
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield Marts(connection)
    except duckdb.CatalogException as error:
        raise BriefError(f"{path}: a mart is missing ({error}). Run: productops run") from error
    finally:
        connection.close()
