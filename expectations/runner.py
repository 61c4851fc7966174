"""Holds suites against tables, with Great Expectations as the judge.

Belongs here: the order of a gate's run, its results, quarantine of failing rows. Does not belong
here: which tables are due (the caller), how suites look (`suites.py`), which rows fail (`rows.py`).

First every expectation is asked for a plain yes or no, which costs one pass over the table; only
those that say no are asked again for counts and samples.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expectations.results import CheckResult
from expectations.rows import failing_rows_sql
from expectations.suites import ExpectationSpec, Suite

Progress = Callable[[str, int, int], None]
ROWS_SHOWN = 20
_MASK = "•••"
_CHECK = "check"


@dataclass(frozen=True)
class _Verdict:
    """What Great Expectations said of one expectation."""

    passed: bool
    observed: Any = None
    unexpected_count: int | None = None
    element_count: int | None = None
    error: str = ""


def run(
    suites: Sequence[Suite],
    relations: Mapping[str, str],
    *,
    database: Path | None = None,
    quarantine: Path | None = None,
    progress: Progress | None = None,
) -> tuple[CheckResult, ...]:
    """Evaluates suites.

    Args:
        suites: What is expected.
        relations: SQL of each table, by its name; only these rows are looked at.
        database: DuckDB file that the SQL speaks of, opened read-only.
        quarantine: Folder for all failing rows, one Parquet file a check; None keeps none.
        progress: Called with a table's name, tables done and tables to do.

    Returns:
        One result for each expectation, in the suites' order.
    """
    results: list[CheckResult] = []
    with _context(database) as (context, connection):
        for number, suite in enumerate(suites):
            if progress:
                progress(suite.table, number, len(suites))
            results += _run_suite(context, connection, suite, relations[suite.table], quarantine)
        if progress:
            progress("", len(suites), len(suites))
    return tuple(results)


@contextmanager
def _context(database: Path | None) -> Iterator[tuple[Any, Any]]:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import warnings

    warnings.filterwarnings("ignore", module="great_expectations")
    import great_expectations as gx

    import expectations.engine  # noqa: F401 (registers the data source)

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    # A name makes the database one for all connections that Great Expectations opens.
    name = f"duckdb:///:memory:gate_{uuid.uuid4().hex}"
    source = context.data_sources.add_duckdb("gate", connection_string=name)
    engine = source.get_execution_engine()
    with engine.get_connection() as connection:
        connection.exec_driver_sql("set global TimeZone = 'UTC'")
        if database:
            path = str(database).replace("'", "''")
            connection.exec_driver_sql(f"attach '{path}' as held (read_only)")
        connection.commit()
        try:
            yield source, connection
        finally:
            connection.close()
            engine.engine.dispose()


def _run_suite(
    source: Any, connection: Any, suite: Suite, relation: str, quarantine: Path | None
) -> list[CheckResult]:
    started = time.monotonic()
    view = f"{suite.layer}_{suite.table}"
    try:
        held = relation.replace("from marts.", "from held.marts.")
        connection.exec_driver_sql(f'create or replace view "{view}" as {held}')
        connection.commit()
        batch = (
            source.add_table_asset(view, table_name=view)
            .add_batch_definition_whole_table("all")
            .get_batch()
        )
        verdicts = _judge(batch, suite, suite.expectations, "BOOLEAN_ONLY")
        failed = [spec for spec in suite.expectations if not verdicts[spec.check_name].passed]
        if failed:
            verdicts |= _judge(batch, suite, failed, "COMPLETE")
        rows = _count(connection, f'select count(*) from "{view}"')
    except Exception as error:  # whatever goes wrong with a gate keeps it shut
        verdicts = {
            spec.check_name: _Verdict(False, error=f"{type(error).__name__}: {error}")
            for spec in suite.expectations
        }
        rows = None
    seconds = (time.monotonic() - started) / len(suite.expectations)
    return [
        _result(connection, suite, spec, verdicts[spec.check_name], (view, rows, seconds), quarantine)
        for spec in suite.expectations
    ]


def _judge(
    batch: Any, suite: Suite, specs: Sequence[ExpectationSpec], result_format: str
) -> dict[str, _Verdict]:
    import great_expectations as gx
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    wanted = gx.ExpectationSuite(name=suite.table)
    for spec in specs:
        kwargs = dict(spec.kwargs)
        if spec.row_condition:
            kwargs |= {"row_condition": spec.row_condition, "condition_parser": "great_expectations"}
        wanted.add_expectation(
            ExpectationConfiguration(
                type=spec.type, kwargs=kwargs, severity=spec.severity,
                meta={_CHECK: spec.check_name},
            ).to_domain_obj()
        )  # fmt: skip
    # Results come back in another order than the suite's.
    outcome = batch.validate(wanted, result_format=result_format)
    return {
        found.expectation_config.meta[_CHECK]: _verdict(found) for found in outcome.results
    }


def _verdict(found: Any) -> _Verdict:
    result = found.result or {}
    return _Verdict(
        passed=bool(found.success),
        observed=result.get("observed_value"),
        unexpected_count=result.get("unexpected_count"),
        element_count=result.get("element_count"),
        error=_error(found.exception_info or {}),
    )


def _error(info: Mapping[str, Any]) -> str:
    """The first message of an exception; the form depends on where it was raised."""
    nested = [value for value in info.values() if isinstance(value, dict)]
    for item in [info, *nested]:
        if item.get("raised_exception"):
            return str(item.get("exception_message") or "it could not be evaluated")
    return ""


def _result(
    connection: Any,
    suite: Suite,
    spec: ExpectationSpec,
    verdict: _Verdict,
    looked_at: tuple[str, int | None, float],
    quarantine: Path | None,
) -> CheckResult:
    view, rows, seconds = looked_at
    failing: list[dict[str, Any]] = []
    count, file, message = verdict.unexpected_count, None, spec.description
    crashed = bool(verdict.error)
    if not verdict.passed and not crashed:
        try:
            failing, count, file = _failing_rows(connection, suite, spec, view, quarantine)
            count = verdict.unexpected_count if count is None else count
        except Exception as error:  # the verdict stands without its rows
            message = f"{message} (its rows can't be shown: {error})"
    if crashed:
        message = f"could not be evaluated: {verdict.error}"
    elif not verdict.passed:
        message = _told(spec, verdict, count, rows)
    return CheckResult(
        layer=suite.layer,
        table=suite.table,
        check_name=spec.check_name,
        severity=spec.severity,
        passed=verdict.passed and not crashed,
        message=message,
        crashed=crashed,
        observed={} if verdict.observed is None else {"observed": _plain(verdict.observed)},
        unexpected_count=count,
        element_count=rows,
        failing_rows=failing,
        rows_file=file,
        owner=suite.owner,
        runbook=suite.runbook,
        seconds=seconds,
    )


def _told(spec: ExpectationSpec, verdict: _Verdict, count: int | None, rows: int | None) -> str:
    if count is not None and rows is not None:
        return f"{count:,} of {rows:,} rows break it: {spec.description}"
    if verdict.observed is not None:
        return f"found {_plain(verdict.observed)}: {spec.description}"
    return f"not so: {spec.description}"


def _failing_rows(
    connection: Any, suite: Suite, spec: ExpectationSpec, view: str, quarantine: Path | None
) -> tuple[list[dict[str, Any]], int | None, str | None]:
    """The first failing rows, their number, and the file that holds all of them."""
    sql = failing_rows_sql(spec.type, spec.kwargs, f'"{view}"', spec.row_condition)
    if sql is None:
        return [], None, None
    # The engine hands the statement on as it is: a % must not be read as a placeholder.
    cursor = connection.exec_driver_sql(f"select * from ({sql}) limit {ROWS_SHOWN}")
    names = list(cursor.keys())
    shown = [
        {
            name: _MASK if name in suite.personal and value is not None else _plain(value)
            for name, value in zip(names, row, strict=True)
        }
        for row in cursor.fetchall()
    ]
    count = _count(connection, f"select count(*) from ({sql})")
    if quarantine is None:
        return shown, count, None
    quarantine.mkdir(parents=True, exist_ok=True)
    path = quarantine / f"{suite.layer}.{suite.table}.{spec.check_name}.parquet"
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    target = str(draft).replace("'", "''")
    connection.exec_driver_sql(f"copy ({sql}) to '{target}' (format parquet)")
    os.replace(draft, path)
    return shown, count, str(path)


def _count(connection: Any, sql: str) -> int:
    row = connection.exec_driver_sql(sql).fetchone()
    return int(row[0])


def _plain(value: Any) -> Any:
    """A value that JSON and people can read."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)
