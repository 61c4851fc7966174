"""Staged rows while they are looked at: the relation `stage`, and what each row stands for.

Belongs here: how the rows are held in memory. Does not belong here: where they come from
(`ingest.stage`).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

import duckdb

from ingest.contracts import Contract
from ingest.problems import BadRecords
from ingest.values import quote

# By its whole name, since a view of rows that are held as they came goes before it.
_TABLE = "memory.main.stage"
_VIEW = "temp.main.stage"


@dataclass
class Staged:
    """Rows of one part of one or more files in the table `stage`, file after file.

    `ends[n]` is the row after the last one of the n-th file; `lines` are the lines of all rows,
    or None where a row stands for the line of its file that has the same number.
    """

    contract: Contract
    bad: list[BadRecords]
    # Records per file that could not even be cut out of it, so that no row stands for them.
    uncut: list[int]
    ends: list[int] = field(default_factory=list)
    lines: list[int] | None = None
    new_columns: tuple[str, ...] = ()
    missing_columns: tuple[str, ...] = ()
    shapes: list[dict[str, str]] = field(default_factory=list)
    # Records per file that can't be read and name somebody who was erased: counted, not kept.
    withheld: list[int] = field(default_factory=list)
    # Whether the table has the clear addresses (`_addresses`) whose hashes stand in its columns.
    has_addresses: bool = False

    @classmethod
    def of(cls, contract: Contract, file_count: int) -> Staged:
        """Nothing staged yet."""
        none = [0] * file_count
        return cls(contract, [BadRecords() for _ in none], none[:], withheld=none[:])

    def rows_in(self, number: int) -> int:
        """Records that a file held for this contract."""
        begin = self.ends[number - 1] if number else 0
        return self.ends[number] - begin + self.uncut[number]

    def line_of(self, row: int) -> int:
        """Line (or position) of a row in its file."""
        if self.lines is not None:
            return self.lines[row]
        number = self.file_of(row)
        return row + 1 - (self.ends[number - 1] if number else 0)

    def file_of(self, row: int) -> int:
        """Number of the file that a row of the table comes from."""
        return bisect_right(self.ends, row)

    def place(self) -> tuple[str, str]:
        """SQL for file and line of a row of `stage s`, with `origin o` where lines are listed."""
        if self.lines is not None:
            return "o.file_no", "o.line"
        if len(self.ends) == 1:
            return "0", "s.rowid + 1"
        clauses = [f"when s.rowid < {end} then" for end in self.ends]
        numbers = " ".join(f"{when} {number}" for number, when in enumerate(clauses))
        starts = zip(clauses, [0, *self.ends[:-1]], strict=True)
        lines = " ".join(f"{when} s.rowid + 1 - {start}" for when, start in starts)
        return f"case {numbers} end", f"case {lines} end"


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
    # Asking the catalog's list of views would write all held rows out as SQL.
    try:
        connection.execute(f"select 1 from {_VIEW} limit 0")
    except duckdb.CatalogException:
        return
    connection.execute(f"insert into {_TABLE} select * exclude (rowid) from {_VIEW}").fetchall()
    connection.unregister("stage")
