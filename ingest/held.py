"""Where staged rows are while they are looked at: the relation `stage`.

Belongs here: how it is held in memory. Does not belong here: which rows it has (`ingest.stage`).
"""

from __future__ import annotations

import duckdb

from ingest.values import quote

# By its whole name, since a view of rows that are held as they came goes before it.
_TABLE = "memory.main.stage"


def begin(connection: duckdb.DuckDBPyConnection, create: str) -> None:
    """Begins with no rows; `create` makes the empty table."""
    # Whatever a statement before has not told yet is of no account from here on.
    connection.execute(create)
    connection.unregister("stage")


def hold(connection: duckdb.DuckDBPyConnection, select: str) -> int:
    """Holds the first rows as the query made them; returns how many there are.

    A table would copy them and take their statistics, to be read once or twice.
    """
    numbered = f"select *, row_number() over () - 1 as rowid from ({select})"
    # What is called runs at once, and is planned once.
    rows = connection.sql(f"call query({quote(numbered)})")
    connection.register("stage", rows)
    return len(rows)


def add(connection: duckdb.DuckDBPyConnection, select: str) -> int:
    """Adds more rows; returns how many."""
    settle(connection)
    row = connection.execute(f"insert into {_TABLE} {select}").fetchone()
    return int(row[0]) if row else 0


def settle(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes a table of the rows, which can be changed, added to, and put aside on disk."""
    if connection.execute("from duckdb_views() where view_name = 'stage'").fetchall():
        sql = f"insert into {_TABLE} select * exclude (rowid) from stage"
        connection.execute(sql).fetchall()
        connection.unregister("stage")
