"""Keys of all rows that were landed before.

Belongs here: knowing whether and where a key was seen. Does not belong here: what to do about it
(see `ingest.landing`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from ingest.contracts import Contract
from ingest.values import name, quote


class KeyIndex:
    """Keys of all rows landed before, per contract, with the file that holds each.

    Loaded when first asked for; later files of the run are added, not read again.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, committed: dict[str, list[Path]]):
        """Takes the committed Parquet files of each contract."""
        self._connection = connection
        self._files = {contract: list(files) for contract, files in committed.items()}
        # How many of a contract's files are in its table.
        self._read: dict[str, int] = {}
        self._asked: set[str] = set()

    def relation(self, contract: Contract) -> str:
        """SQL for all known keys: `row_key`, and `held_by` for `files`.

        Most runs ask once: then reading the files' keys in passing costs a third of a table.
        """
        files = self._files.setdefault(contract.name, [])
        if files and contract.name not in self._asked:
            self._asked.add(contract.name)
            listed = ", ".join(quote(str(path)) for path in files)
            return (
                "(select row_key, filename as held_by "
                f"from read_parquet([{listed}], filename = true))"
            )
        return self._table(contract, files)

    def _table(self, contract: Contract, files: list[Path]) -> str:
        """Name of the table of known keys, brought up to date."""
        table = name(f"keys_{contract.name}")
        if contract.name not in self._read:
            self._connection.execute(
                f"create or replace table {table} (row_key ubigint, held_by integer)"
            )
        begin = self._read.get(contract.name, 0)
        if files[begin:]:
            listed = ", ".join(quote(str(path)) for path in files[begin:])
            self._connection.execute(
                f"insert into {table} select row_key, file_index + {begin} "
                f"from read_parquet([{listed}])"
            )
        self._read[contract.name] = len(files)
        return table

    def files(self, contract: Contract, held_by: Iterable[int | str]) -> list[Path]:
        """The files that `relation` means."""
        known = self._files[contract.name]
        return [Path(which) if isinstance(which, str) else known[which] for which in held_by]

    def add(self, contract: Contract, path: Path) -> None:
        """Adds a file whose rows are known from now on."""
        self._files.setdefault(contract.name, []).append(path)
