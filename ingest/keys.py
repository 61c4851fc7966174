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

    def table(self, contract: Contract) -> str:
        """Name of the table of known keys (`row_key`, `file_no`), brought up to date."""
        table = name(f"keys_{contract.name}")
        files = self._files.setdefault(contract.name, [])
        if contract.name not in self._read:
            self._connection.execute(
                f"create or replace table {table} (row_key ubigint, file_no integer)"
            )
        begin = self._read.get(contract.name, 0)
        if files[begin:]:
            listed = ", ".join(quote(str(path)) for path in files[begin:])
            numbers = ", ".join(
                f"({quote(str(path))}, {number})"
                for number, path in enumerate(files[begin:], start=begin)
            )
            self._connection.execute(
                f"insert into {table} select row_key, n.file_no "
                f"from read_parquet([{listed}], filename = true) p "
                f"join (values {numbers}) n(path, file_no) on n.path = p.filename"
            )
        self._read[contract.name] = len(files)
        return table

    def files(self, contract: Contract, numbers: Iterable[int]) -> list[Path]:
        """Files by their numbers."""
        return [self._files[contract.name][number] for number in numbers]

    def add(self, contract: Contract, path: Path) -> None:
        """Adds a file whose rows are known from now on."""
        self._files.setdefault(contract.name, []).append(path)
