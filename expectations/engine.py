"""DuckDB as an execution engine of Great Expectations, which has none of its own.

Belongs here: the one subclass that lets expectations run as SQL inside DuckDB, and the session
around it. Does not belong here: which expectations are held against what (`expectations.runner`).

The engine differs from the plain SQLAlchemy one in three points:
- one connection lives as long as the engine. Great Expectations reads a cursor after its `with`
  block is over; the pool would have rolled the rows away by then;
- patterns go to `regexp_matches`. To DuckDB, `~` means that the whole text matches;
- column types come from `DESCRIBE`, which knows queries as well as tables.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

_MEMORY_LIMIT = "2GB"


@cache
def load_gx() -> SimpleNamespace:
    """Imports Great Expectations (once a process: it costs seconds) and defines the classes on it.

    Returns:
        A namespace with `gx` (the package), `Engine` and `Datasource`.
    """
    # Nothing is sent by 1.24, but a later version shall not begin to.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
        import sqlalchemy as sa
        from great_expectations.datasource.fluent import SQLDatasource
        from great_expectations.execution_engine import SqlAlchemyExecutionEngine
        from great_expectations.expectations.metrics.metric_provider import metric_value
        from great_expectations.expectations.metrics.table_metrics.table_column_types import (
            ColumnTypes,
        )
    logging.getLogger("great_expectations").setLevel(logging.ERROR)

    class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
        """Runs expectations as SQL on one DuckDB connection that outlives each query."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            # By this attribute Great Expectations knows that REGEXP_MATCHES is the way.
            self.dialect_module = SimpleNamespace(DremioDialect=True)

        @contextmanager
        def get_connection(self) -> Iterator[Any]:
            if self._connection is None:
                self._connection = self.engine.connect()
            try:
                yield self._connection
            except BaseException:
                # DuckDB refuses everything else in a transaction in which a statement failed.
                self._connection.rollback()
                raise

        def close(self) -> None:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            self.engine.dispose()

    class DuckDBColumnTypes(ColumnTypes):
        """Names and types of a batch's columns, as DuckDB describes them."""

        metric_name = "table.column_types"

        @metric_value(engine=DuckDBExecutionEngine)
        def _duckdb(
            cls,  # noqa: N805
            execution_engine: Any,
            metric_domain_kwargs: dict,
            metric_value_kwargs: dict,
            metrics: dict,
            runtime_configuration: dict,
        ) -> list[dict[str, Any]]:
            selectable, *_ = execution_engine.get_compute_domain(
                metric_domain_kwargs, domain_type="table"
            )
            if isinstance(selectable, sa.Table):
                selectable = sa.select(sa.text("*")).select_from(selectable)
            elif isinstance(selectable, sa.sql.selectable.FromClause):
                selectable = sa.select(sa.text("*")).select_from(selectable)
            text = str(
                selectable.compile(
                    dialect=execution_engine.engine.dialect, compile_kwargs={"literal_binds": True}
                )
            )
            found = execution_engine.execute_query(sa.text(f"describe {text}")).fetchall()
            return [{"name": row[0], "type": _type_of(row[1])} for row in found]

    class DuckDBDatasource(SQLDatasource):
        """A DuckDB database as a source of query assets."""

        type: str = "duckdb"  # type: ignore[assignment]

        @property
        def execution_engine_type(self) -> Any:
            return DuckDBExecutionEngine

    def _type_of(name: str) -> Any:
        kind = type(name.partition("(")[0], (sa.types.UserDefinedType,), {"__str__": lambda _: name})
        return kind()

    return SimpleNamespace(gx=gx, sa=sa, Engine=DuckDBExecutionEngine, Datasource=DuckDBDatasource)
