"""DuckDB as an execution engine of Great Expectations, which has none of its own.

Belongs here: the one subclass that lets expectations run as SQL inside DuckDB, and the session
around it. Does not belong here: which expectations are held against what (`expectations.runner`).

The engine differs from the plain SQLAlchemy one in four points:
- one connection lives as long as the engine. Great Expectations reads a cursor after its `with`
  block is over; the pool would have rolled the rows away by then;
- patterns go to `regexp_matches`. To DuckDB, `~` means that the whole text matches;
- some metrics are asked for in DuckDB's own way (`expectations.engine_metrics`);
- an expectation reads its settings at once. Great Expectations copies the whole expectation for
  each setting, which is a quarter of a gate's time on small tables.
"""

from __future__ import annotations

import atexit
import gc
import logging
import os
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any

from expectations.engine_metrics import define_metrics


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
        from great_expectations.expectations.expectation import Expectation, parse_result_format
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    atexit.register(_leave_quietly)

    class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
        """Runs expectations as SQL on one DuckDB connection that outlives each query."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            # By this attribute Great Expectations knows that REGEXP_MATCHES is the way.
            self.dialect_module = SimpleNamespace(DremioDialect=True)

        @contextmanager
        def get_connection(self) -> Generator[Any]:
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

    define_metrics(DuckDBExecutionEngine, sa)
    _read_settings_at_once(Expectation, parse_result_format)

    class DuckDBDatasource(SQLDatasource):
        """A DuckDB database as a source of query assets."""

        type: str = "duckdb"  # ty: ignore[incompatible-attribute-override]

        @property
        def execution_engine_type(self) -> Any:
            return DuckDBExecutionEngine

    return SimpleNamespace(gx=gx, sa=sa, Engine=DuckDBExecutionEngine, Datasource=DuckDBDatasource)


def _read_settings_at_once(expectation: Any, parse_result_format: Any) -> None:
    """Gives all expectations the same answers as before from one copy of their settings."""

    def asked(self: Any, keys: tuple[str, ...]) -> dict[str, Any]:
        known = self.configuration.kwargs
        return {key: known.get(key, self._get_default_value(key)) for key in keys}

    def asked_for_a_run(self: Any, runtime_configuration: Any = None) -> dict[str, Any]:
        lasting = (*self.success_keys, *self.domain_keys)
        settings = asked(self, (*self.runtime_keys, *lasting))
        for key, value in (runtime_configuration or {}).items():
            if key in self.runtime_keys and key not in lasting:
                settings[key] = value
        settings["result_format"] = parse_result_format(settings["result_format"])
        return settings

    expectation._get_domain_kwargs = lambda self: asked(self, self.domain_keys)
    expectation._get_success_kwargs = lambda self: asked(
        self, (*self.success_keys, *self.domain_keys)
    )
    expectation._get_runtime_kwargs = asked_for_a_run


def _leave_quietly() -> None:
    """Lets go of DuckDB's classes before the interpreter ends.

    Something in Great Expectations outlives its modules and with it the dialect, upon which DuckDB
    prints forty lines about leaked types at the end of every process.
    """
    for name in [name for name in sys.modules if name.startswith("duckdb_sqlalchemy")]:
        vars(sys.modules[name]).clear()
    gc.collect()
