"""Holds suites against tables: verdicts by Great Expectations, failing rows into the quarantine.

Belongs here: the order of work, severities, masking, messages, the quarantine's files. Does not
belong here: how Great Expectations is driven (`session`), which tables are due (the orchestrator).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from expectations.breaches import breach_query, literal, quote
from expectations.results import CheckResult
from expectations.session import Session, Verdict, open_session
from expectations.suites import ExpectationSpec, Suite

Progress = Callable[[str, int, int], None]
SHOWN_ROWS = 20
MASK = "***"
ALL_ROWS = "all_failing_rows.parquet"
_LONGEST_VALUE = 200


def run(
    suites: Iterable[Suite],
    relations: Mapping[str, str],
    *,
    database: Path | None = None,
    quarantine: Path | None = None,
    shown_rows: int = SHOWN_ROWS,
    left_out_by: Sequence[str] = (),
    progress: Progress | None = None,
) -> tuple[CheckResult, ...]:
    """Evaluates all checks of `suites`, in the order of suites and of checks within them.

    Args:
        suites: What must hold; every one needs a relation.
        relations: By table, the query that yields the rows to look at (touched partitions only).
        database: DuckDB file that the queries read, attached read-only.
        quarantine: Folder for `<layer>/<table>/<check>.parquet` with all failing rows, whole, and
            `all_failing_rows.parquet` with each of them once and all checks that it breaches; files
            of checks that pass now are removed.
        shown_rows: Failing rows at most in a result; personal columns are masked there.
        left_out_by: Columns by which the caller leaves quarantined rows out of what it builds;
            none if it does not. Only where all of them are in the failing rows, a critical breach
            of a suite with `on_fail: quarantine_rows` does not block, if not more than the
            suite's `quarantine_limit` of the rows breach it.
        progress: Called with the table's name, tables done and tables in all.

    Returns:
        One result for each check. A check that can't be evaluated is a failure that blocks.
    """
    due = list(suites)
    if not due:
        return ()
    results: list[CheckResult] = []
    with open_session(database) as session:
        for done, suite in enumerate(due):
            if progress:
                progress(suite.table, done, len(due))
            one = _Run(session, suite, quarantine, shown_rows, left_out_by)
            results += one.results(relations.get(suite.table))
    if progress:
        progress("done", len(due), len(due))
    return tuple(results)


class _Run:
    """The checks of one suite."""

    def __init__(
        self, session: Session, suite: Suite, quarantine: Path | None, shown: int,
        left_out_by: Sequence[str],
    ) -> None:  # fmt: skip
        self._session = session
        self._suite = suite
        self._folder = quarantine / suite.layer / suite.table if quarantine else None
        self._shown = shown
        self._left_out_by = left_out_by if suite.on_fail == "quarantine_rows" else ()
        self._name = f"{suite.layer}_{suite.table}"

    def results(self, query: str | None) -> list[CheckResult]:
        suite = self._suite
        try:
            if query is None:
                raise LookupError(f"no relation was given for {suite.table}")
            rows = self._session.prepare(self._name, query)
            verdicts = self._session.judge(self._name, suite.expectations)
            results = [self._result(spec, verdicts[spec.check_name], rows)
                       for spec in suite.expectations]  # fmt: skip
            self._tag([result.quarantine for result in results if result.quarantine])
            return results
        except Exception as error:
            problem = Verdict(False, f"{type(error).__name__}: {error}")
            return [self._result(spec, problem, None) for spec in suite.expectations]
        finally:
            with contextlib.suppress(Exception):
                self._session.forget(self._name)

    def _result(self, spec: ExpectationSpec, verdict: Verdict, rows: int | None) -> CheckResult:
        crashed = verdict.error is not None
        passed = verdict.success and not crashed
        sample: list[dict[str, Any]] = []
        kept: Path | None = None
        count, note = verdict.unexpected_count, ""
        if self._folder and passed:
            (self._folder / f"{spec.check_name}.parquet").unlink(missing_ok=True)
        if not passed and not crashed:
            sample, kept, found, note = self._failing(spec)
            # Great Expectations counts at most 200 rows of some queries; ours are all of them.
            count = found if spec.type == "unexpected_rows_expectation" else count
            if found is not None and count is not None and found != count:
                note = f" The quarantine holds {found} rows."
        return CheckResult(
            suite=self._suite.name,
            layer=self._suite.layer,
            table=self._suite.table,
            check_name=spec.check_name,
            severity=spec.severity,
            passed=passed,
            crashed=crashed,
            observed=verdict.numbers,
            unexpected_count=0 if passed else count,
            element_count=verdict.element_count if verdict.element_count is not None else rows,
            failing_rows=sample,
            message=_message(self._suite, spec, verdict, count, rows) + note,
            seconds=round(verdict.seconds, 4),
            description=spec.description,
            owner=self._suite.owner_of(spec),
            runbook=self._suite.runbook_of(spec),
            quarantine=str(kept) if kept else None,
            set_aside=bool(kept and self._can_leave_out(spec, count, rows)),
            deliveries=[] if passed else self._deliveries(spec),
        )

    def _can_leave_out(self, spec: ExpectationSpec, failing: int | None, rows: int | None) -> bool:
        """Whether few enough rows are wrong to go on without them, and they can be told apart."""
        if not (self._left_out_by and failing and rows):
            return False
        query = breach_query(spec, quote(self._name))
        names, _ = self._session.table(f"select * from ({query}) limit 0")
        is_little = failing / rows <= self._suite.quarantine_limit
        return is_little and set(self._left_out_by) <= set(names)

    def _deliveries(self, spec: ExpectationSpec) -> list[str]:
        """Files of the rows that breach it; of all rows, where no single row is wrong."""
        if self._suite.layer != "raw":
            return []
        whole = f"select * from {quote(self._name)}"
        for query in (breach_query(spec, quote(self._name)) or whole, whole):
            with contextlib.suppress(Exception):
                found = self._session.sql(f"select distinct source_file from ({query}) order by 1")
                return [str(path) for (path,) in found if path is not None]
        return []

    def _failing(
        self, spec: ExpectationSpec
    ) -> tuple[list[dict[str, Any]], Path | None, int | None, str]:
        query = breach_query(spec, quote(self._name))
        if query is None:
            return [], None, None, ""
        try:
            kept = self._keep(spec, query)
            found = int(self._session.sql(f"select count(*) from ({query})")[0][0])
            return self._sample(query), kept, found, ""
        except Exception as error:
            # The verdict stands; only its rows can't be shown.
            return [], None, None, f" Failing rows can't be listed: {error}"

    def _keep(self, spec: ExpectationSpec, query: str) -> Path | None:
        if self._folder is None:
            return None
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{spec.check_name}.parquet"
        checked = (
            f"select *, {literal(spec.check_name)} as failed_check, "
            f"{literal(spec.severity)} as failed_severity from ({query}) order by all"
        )
        self._write(path, checked)
        return path

    def _write(self, path: Path, query: str) -> None:
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        self._session.sql(f"copy ({query}) to {literal(draft)} (format parquet)")
        draft.replace(path)

    def _tag(self, kept: list[str]) -> None:
        """Puts all failing rows into one table, each once, with every check that it breaches."""
        if self._folder is None:
            return
        path = self._folder / ALL_ROWS
        if not kept:
            path.unlink(missing_ok=True)
            return
        files = ", ".join(literal(name) for name in kept)
        tagged = (
            "select * exclude (failed_check, failed_severity), "
            "list(failed_check order by failed_check) as failed_checks, "
            "arg_min(failed_severity, array_position(['critical', 'warning', 'info'], "
            "failed_severity)) as failed_severity "
            f"from read_parquet([{files}], union_by_name = true) group by all order by all"
        )
        self._write(path, tagged)

    def _sample(self, query: str) -> list[dict[str, Any]]:
        names, rows = self._session.table(
            f"select * from ({query}) order by all limit {self._shown}"
        )
        return [
            {
                name: MASK if name in self._suite.masked and value is not None else plain(value)
                for name, value in zip(names, row, strict=True)
            }
            for row in rows
        ]


def plain(value: Any) -> Any:
    """A value that JSON knows, long texts cut."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    text = str(value)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def _message(
    suite: Suite, spec: ExpectationSpec, verdict: Verdict, count: int | None, rows: int | None
) -> str:
    if verdict.error is not None:
        first = verdict.error.strip().splitlines()[0][:300]
        return (
            f"{spec.check_name} could not be evaluated, which counts as a failure: {first} "
            "Correct the suite or the table, then run again."
        )
    if verdict.success:
        return "passed"
    seen = verdict.numbers.get("observed_value")
    if count is not None:
        found = f"{count:,} of {rows or 0:,} rows breach it."
    else:
        found = f"Observed: {seen}." if seen is not None else ""
    said = f"{spec.check_name}: {spec.description} {found} {suite.runbook_of(spec)}"
    return said.replace("  ", " ")
