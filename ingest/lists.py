"""How many rows complete lists have, by what they list and when they were made.

Belongs here: holding a list against those before and after it by what its rows tell. Does not
belong here: what is done about one that shrank (`ingest.snapshots`), what is made of rows that a
list lacks (the models).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

import duckdb

from ingest.contracts import Contract
from ingest.held import Staged
from ingest.values import name, quote

# A list with less than this share of the rows before it is taken for a broken export.
LEAST_SHARE = 0.5


@dataclass(frozen=True)
class _List:
    """A list of one scope as of one moment, by one file or by several."""

    rows: int
    path: str

    def is_short_of(self, other: _List | None) -> bool:
        """Whether it lacks more than half of what the other one has."""
        return other is not None and self.rows < other.rows * LEAST_SHARE


class Lists:
    """The complete lists that were landed; read when first asked for, then kept up to date."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, committed: Mapping[str, Iterable[Path]]
    ) -> None:
        """Takes the committed Parquet files of each contract."""
        self._connection = connection
        self._unread = {contract: list(files) for contract, files in committed.items()}
        connection.execute(
            "create or replace temp table lists (contract varchar, source varchar, scope varchar, "
            "listed_at timestamp, row_count bigint, source_file varchar)"
        )

    def add(self, contract: Contract, path: Path) -> None:
        """Adds a file whose rows count from now on."""
        if contract.listed_per:
            self._unread.setdefault(contract.name, []).append(path)

    def shrunken(self, staged: Staged, source: str) -> dict[int, str]:
        """How the lists of staged files shrank, by the file's number; nothing of those that grew.

        Rows that were landed before (`ingest.duplicates` tells) are counted there; a list that
        is delivered once more has nothing new.

        A list that comes late is held against the one after it too: rows that it alone has would
        be gone at once. Where that one was let through as it is, nothing is new about it.
        """
        known = self._known(staged.contract, source)
        told: dict[int, str] = {}
        for number, scope, listed_at, count in self._staged(staged):
            lists = known[scope]
            same = lists.get(listed_at)
            here = _List(count + (same.rows if same else 0), "")
            before = lists.get(max((at for at in lists if at < listed_at), default=listed_at))
            after = lists.get(min((at for at in lists if at > listed_at), default=listed_at))
            before, after = (None if other is same else other for other in (before, after))
            if here.is_short_of(before) and before:
                told[number] = (
                    f"{here.rows:,} of {scope} where the list before it ({before.path}) has "
                    f"{before.rows:,}"
                )
            elif after and after.is_short_of(here) and not after.is_short_of(before):
                told[number] = (
                    f"{here.rows:,} of {scope} where the list after it ({after.path}) has "
                    f"{after.rows:,}"
                )
            lists[listed_at] = here
        return told

    def _known(self, contract: Contract, source: str) -> dict[str, dict[date | datetime, _List]]:
        files = self._unread.pop(contract.name, [])
        if files:
            listed = ", ".join(quote(str(path)) for path in files)
            self._connection.execute(
                f"insert into lists select {quote(contract.name)}, source, {_scope(contract)}, "
                f"{name(contract.partition or '')}, count(*), max(source_file) "
                f"from read_parquet([{listed}], hive_partitioning = false) "
                "where not is_revision group by all"
            )
        found: dict[str, dict[date | datetime, _List]] = defaultdict(dict)
        for scope, listed_at, rows, path in self._connection.execute(
            "select scope, listed_at, sum(row_count)::bigint, max(source_file) from lists "
            f"where contract = $1 and source = $2 and scope in (select {_scope(contract)} "
            "from stage where _reason is null) group by all",
            [contract.name, source],
        ).fetchall():
            found[scope][listed_at] = _List(rows, path)
        return found

    def _staged(self, staged: Staged) -> list[tuple[int, str, datetime, int]]:
        bounds = pairwise([0, *staged.ends])
        files = ", ".join(f"({no}, {begin}, {end})" for no, (begin, end) in enumerate(bounds))
        return self._connection.execute(
            f"select f.file_no, {_scope(staged.contract)} as scope, "
            f"{name(staged.contract.partition or '')}::timestamp as listed_at, "
            f"count(*) from stage s join (values {files}) f(file_no, begins, ends) "
            "on s.rowid >= f.begins and s.rowid < f.ends left join verdict v on v.id = s.rowid "
            "where _reason is null and not coalesce(v.is_known, false) group by all order by all"
        ).fetchall()


def _scope(contract: Contract) -> str:
    """SQL: what a row's list is complete for, in words."""
    return f"concat_ws(' ', {', '.join(name(column) for column in contract.listed_per)})"
