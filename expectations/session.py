"""One sitting of Great Expectations: a DuckDB with the relations to check, and verdicts on them.

Belongs here: everything that touches Great Expectations' objects. Does not belong here: severities,
quarantine, masking and messages (`expectations.runner`).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from expectations.breaches import literal, quote
from expectations.engine import load_gx
from expectations.suites import ExpectationSpec, RowCondition

_MEMORY_LIMIT = "2GB"
# Many small Parquet files are opened anew by each statement: they are copied once. A few are not,
# because each statement reads only the columns that it needs.
_COPY_BELOW_ROWS, _COPY_FROM_FILES = 400_000, 4
_MARK = "check_name"


@dataclass(frozen=True)
class Verdict:
    """What Great Expectations says of one expectation."""

    success: bool
    error: str | None = None
    numbers: dict[str, Any] = field(default_factory=dict)
    unexpected_count: int | None = None
    element_count: int | None = None
    seconds: float = 0.0


class Session:
    """Relations under names, and expectations held against them."""

    def __init__(self, datasource: Any) -> None:
        self._datasource = datasource
        self._engine = datasource.get_execution_engine()

    def sql(self, text: str) -> list[tuple]:
        """Runs a statement on the session's own connection."""
        return self.table(text)[1]

    def table(self, text: str) -> tuple[list[str], list[tuple]]:
        """Runs a statement; names of its columns and its rows."""
        with self._engine.get_connection() as connection:
            result = connection.exec_driver_sql(text)
            names = list(result.keys()) if result.returns_rows else []
            rows = [tuple(row) for row in result.fetchall()] if result.returns_rows else []
            # What was made must outlive the rollback after a later statement that fails.
            connection.commit()
            return names, rows

    def prepare(self, name: str, query: str) -> int:
        """Puts a query under a name and counts its rows."""
        target = quote(name)
        self.sql(f"create or replace temp view {target} as {query}")
        rows = int(self.sql(f"select count(*) from {target}")[0][0])
        if rows < _COPY_BELOW_ROWS and query.count(".parquet'") >= _COPY_FROM_FILES:
            self.sql(f"drop view {target}")
            self.sql(f"create temp table {target} as {query}")
        return rows

    def forget(self, name: str) -> None:
        """Frees what `prepare` made."""
        kind = self.sql(
            "select table_type from information_schema.tables "
            f"where table_name = {literal(name)} limit 1"
        )
        if kind:
            self.sql(f"drop {'view' if kind[0][0] == 'VIEW' else 'table'} if exists {quote(name)}")

    def judge(self, name: str, specs: Sequence[ExpectationSpec]) -> dict[str, Verdict]:
        """Verdicts by check name: yes or no of all, in full of what failed, alone what crashed."""
        batch = self._batch(name)
        verdicts = together(batch, specs, "BOOLEAN_ONLY")
        failed = [s for s in specs if not verdicts[s.check_name].success]
        if failed:
            verdicts |= together(batch, failed, "COMPLETE", verdicts)
        if len(specs) > 1:
            # One broken metric can take the others of its statement with it.
            for spec in specs:
                if verdicts[spec.check_name].error is not None:
                    verdicts |= together(batch, [spec], "COMPLETE", verdicts)
        return verdicts

    def close(self) -> None:
        """Closes the connection."""
        self._engine.close()

    def _batch(self, name: str) -> Any:
        asset = self._datasource.add_query_asset(name=name, query=f"select * from {quote(name)}")
        return asset.add_batch_definition_whole_table(name).get_batch()


@contextmanager
def open_session(database: Path | None = None) -> Generator[Session]:
    """A session on an in-memory DuckDB; `database` is attached read-only and its schemas seen."""
    gx = load_gx()
    context = gx.gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    # With each table it would write all of its settings as YAML, into memory that nobody reads.
    context._save_project_config = lambda: None
    with tempfile.TemporaryDirectory(prefix="gates-") as spill:
        datasource = gx.Datasource(name="duckdb", connection_string="duckdb:///:memory:")
        datasource = context.data_sources.add_or_update_duckdb(datasource)
        session = Session(datasource)
        try:
            session.sql(f"set memory_limit = '{_MEMORY_LIMIT}'")
            session.sql(f"set temp_directory = {literal(spill)}")
            session.sql("set timezone = 'UTC'")
            if database is not None:
                session.sql(f"attach {literal(database)} as candidate (read_only)")
                session.sql("use candidate")
            yield session
        finally:
            session.close()


def to_gx(spec: ExpectationSpec) -> Any:
    """The expectation as an object of Great Expectations."""
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metadata_types import FailureSeverity

    kwargs = dict(spec.kwargs)
    if spec.row_condition:
        kwargs["row_condition"] = _condition(spec.row_condition)
    return ExpectationConfiguration(
        type=spec.type, kwargs=kwargs, severity=FailureSeverity(spec.severity),
        meta={_MARK: spec.check_name},
    ).to_domain_obj()  # fmt: skip


def together(
    batch: Any,
    specs: Sequence[ExpectationSpec],
    result_format: str,
    before: Mapping[str, Verdict] | None = None,
) -> dict[str, Verdict]:
    """Verdicts of one validation; the seconds add to those of an earlier one."""
    started = time.perf_counter()
    try:
        # Given at once: `add_expectation` compares each with all others, and
        # `add_expectation_configuration` silently replaces one of the same columns.
        expectations = [to_gx(spec) for spec in specs]
        suite = load_gx().gx.ExpectationSuite(name=batch.id, expectations=expectations)
        # Results come in another order than the expectations: never by position.
        found = {
            result.expectation_config.meta[_MARK]: result
            for result in batch.validate(suite, result_format=result_format).results
        }
        error = "Great Expectations gave no result"
    except Exception as problem:
        found, error = {}, f"{type(problem).__name__}: {problem}"
    share = (time.perf_counter() - started) / max(len(specs), 1)
    verdicts = {}
    for spec in specs:
        earlier = (before or {}).get(spec.check_name)
        seconds = share + (earlier.seconds if earlier else 0.0)
        result = found.get(spec.check_name)
        verdicts[spec.check_name] = (
            Verdict(False, error, seconds=seconds)
            if result is None
            else _verdict(spec, result, seconds)
        )
    return verdicts


def _verdict(spec: ExpectationSpec, result: Any, seconds: float) -> Verdict:
    error = _error(result)
    if error is not None:
        return Verdict(False, error, seconds=seconds)
    detail = result.result or {}
    counted = detail.get("unexpected_count")
    if counted is None and spec.type == "unexpected_rows_expectation":
        counted = detail.get("observed_value")
    return Verdict(
        success=bool(result.success),
        numbers=_numbers(detail),
        unexpected_count=None if counted is None else int(counted),
        element_count=detail.get("element_count"),
        seconds=seconds,
    )


def _error(result: Any) -> str | None:
    info = result.exception_info or {}
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if entry.get("raised_exception"):
            return str(entry.get("exception_message") or "raised without a message")
    return None


def _numbers(detail: dict[str, Any]) -> dict[str, Any]:
    """Numbers and moments only: samples of values could be personal."""
    found: dict[str, Any] = {}
    for name, value in detail.items():
        if isinstance(value, bool | int | float):
            found[name] = value
        elif isinstance(value, date | datetime):
            found[name] = value.isoformat()
    return found


def _condition(condition: RowCondition) -> dict[str, Any]:
    column = {"name": condition.column}
    if condition.operator in ("IS_NULL", "IS_NOT_NULL"):
        return {"type": "nullity", "column": column, "is_null": condition.operator == "IS_NULL"}
    return {
        "type": "comparison", "column": column,
        "operator": condition.operator, "parameter": condition.parameter,
    }  # fmt: skip
