"""Dagster's event log in SQLite, with connections that are kept.

Belongs here: how often a database file is opened. Does not belong here: what is stored and how it
is read; all of that is Dagster's.

A run of the main job stores some thousand events: one for each check. Dagster's storage opens and
closes a connection for every one of them and compiles its statements anew, which took a third of
the whole run. It states no way to keep them, so `_connect` is replaced; a test tells if a later
version no longer calls it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy import event

if TYPE_CHECKING:
    from dagster._serdes import ConfigurableClassData

_BUSY_SECONDS = 30
_KEPT = 4  # the index, the run in progress, and what somebody looks at


class KeptSqliteEventLogStorage(SqliteEventLogStorage):
    """The same files with the same content; at most four of them are kept open."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """`base_dir` is the folder of the databases, one for each run and an index."""
        self._engines: OrderedDict[str, sa.Engine] = OrderedDict()
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """As Dagster makes it of `dagster.yaml`."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Generator[sa.Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _engine(self, shard: str) -> sa.Engine:
        if shard not in self._engines:
            engine = sa.create_engine(
                self.conn_string_for_shard(shard), connect_args={"timeout": _BUSY_SECONDS}
            )
            event.listen(engine, "connect", _relax)
            self._engines[shard] = engine
        self._engines.move_to_end(shard)
        while len(self._engines) > _KEPT:
            self._engines.popitem(last=False)[1].dispose()
        return self._engines[shard]

    def has_table(self, table_name: str) -> bool:
        """Asked before every event; a table that was found once is not looked for again."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def wipe(self) -> None:
        """Closes the files before Dagster removes them."""
        self.dispose()
        super().wipe()

    def dispose(self) -> None:
        """Closes all files; they are opened again when needed."""
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()


def _relax(connection: Any, _record: object) -> None:
    # With a write-ahead log this outlives any crash of a process; only a power cut can lose the
    # last events of a run, which is then known to be dead anyway.
    connection.execute("pragma synchronous = normal")
