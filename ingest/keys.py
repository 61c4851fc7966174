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

    Loaded once per run and contract; later files of the run are added, not read again.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, committed: dict[str, list[Path]]):
        """Takes the committed Parquet files of each contract."""
        self._connection = connection
        self._committed = committed
        self._files: dict[str, list[Path]] = {}

    def table(self, contract: Contract) -> str:
        """Name of the table of known keys (`row_key`, `file_no`), loaded when first asked for."""
        table = name(f"keys_{contract.name}")
        if contract.name in self._files:
            return table
        files = self._committed.get(contract.name, [])
        self._files[contract.name] = list(files)
        self._connection.execute(
            f"create or replace table {table} (row_key ubigint, file_no integer)"
        )
        if files:
            listed = ", ".join(quote(str(path)) for path in files)
            numbers = ", ".join(f"({quote(str(p))}, {i})" for i, p in enumerate(files))
            self._connection.execute(
                f"insert into {table} select row_key, n.file_no "
                f"from read_parquet([{listed}], filename = true) p "
                f"join (values {numbers}) n(path, file_no) on n.path = p.filename"
            )
        return table

    def files(self, contract: Contract, numbers: Iterable[int]) -> list[Path]:
        """Files by their numbers."""
        return [self._files[contract.name][number] for number in numbers]

    def add(self, contract: Contract, path: Path) -> None:
        """Adds the rows of `stage_final` as known, held by `path`."""
        table = self.table(contract)
        self._files[contract.name].append(path)
        number = len(self._files[contract.name]) - 1
        self._connection.execute(
            f"insert into {table} select row_key, {number} from read_parquet({quote(str(path))})"
        )
