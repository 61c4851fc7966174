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
# So many queries' rows at most are held in memory, some 100 MB each of a large file.
_MOST_HELD = 4


class Rows:
    """The relation `stage` of a connection; each row's number is its `rowid`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, create: str) -> None:
        """Begins with no rows; `create` makes the empty table."""
        # Whatever a statement before has not told yet is of no account from here on.
        connection.execute(create)
        connection.execute(f"drop view if exists {_VIEW}")
        for piece in map(_piece, range(_MOST_HELD)):
            connection.unregister(piece)
        self._connection = connection
        self._count = 0
        self._pieces = 0

    def add(self, select: str) -> int:
        """Adds the rows of a query; returns how many.

        They are held as the query made them, unless that would be too many in memory: a table
        copies them and takes their statistics, to be read once or twice.
        """
        if self._pieces == _MOST_HELD:
            self.settle()
        if self._count and not self._pieces:
            row = self._connection.execute(f"insert into {_TABLE} {select}").fetchone()
            added = int(row[0]) if row else 0
        else:
            added = self._hold(select)
        self._count += added
        return added

    def _hold(self, select: str) -> int:
        numbered = f"select *, row_number() over () - 1 + {self._count} as rowid from ({select})"
        # What is called runs at once, and is planned once.
        rows = self._connection.sql(f"call query({quote(numbered)})")
        added = len(rows)
        self._connection.register(_piece(self._pieces), rows)
        self._pieces += 1
        pieces = " union all ".join(f"from {_piece(number)}" for number in range(self._pieces))
        self._connection.execute(f"create or replace temp view {_VIEW} as {pieces}")
        return added

    def settle(self) -> None:
        """Makes a table of the rows, which can be changed, and put aside on disk."""
        if self._pieces:
            self._connection.execute(f"drop view {_VIEW}")
        for piece in map(_piece, range(self._pieces)):
            self._connection.execute(f"insert into {_TABLE} select * exclude (rowid) from {piece}")
            self._connection.unregister(piece)
        self._pieces = 0


def _piece(number: int) -> str:
    return f"stage_{number}"


@dataclass
class Staged:
    """Rows of one part of one or more files in the table `stage`, file after file.

    `ends[n]` is the row after the last one of the n-th file; `lines` are the lines of all rows,
    or None where a row stands for the line of its file that has the same number.
    """

    contract: Contract
    rows: Rows
    bad: list[BadRecords]
    # Records per file that could not even be cut out of it, so that no row stands for them.
    uncut: list[int]
    ends: list[int] = field(default_factory=list)
    lines: list[int] | None = None
    new_columns: tuple[str, ...] = ()
    unkept_columns: tuple[str, ...] = ()
    missing_columns: tuple[str, ...] = ()
    shapes: list[dict[str, str]] = field(default_factory=list)
    # Records per file that can't be read and name somebody who was erased: counted, not kept.
    withheld: list[int] = field(default_factory=list)
    # Whether the table has the clear addresses (`_addresses`) whose hashes stand in its columns.
    has_addresses: bool = False

    @classmethod
    def of(cls, contract: Contract, rows: Rows, file_count: int) -> Staged:
        """Nothing staged yet."""
        none = [0] * file_count
        return cls(contract, rows, [BadRecords() for _ in none], none[:], withheld=none[:])

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
