"""What a run gives back: order, crashes, masks, quarantine, what blocks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import duckdb
import pytest

from expectations.results import CheckResult
from expectations.runner import ALL_ROWS, MASK, run
from expectations.suites import ExpectationSpec, RowCondition, Suite

ROWS = """
    select * from (values (1, 'a', 'ann@x.test', 5.0), (2, 'b', 'bob@x.test', -1.0),
                          (3, null, 'cat@x.test', -2.0), (3, 'b', null, null))
        as t (id, word, mail, amount)
"""


def _check(kind: str, severity: str = "critical", name: str = "", **kwargs: object):
    condition = kwargs.pop("row_condition", None)
    return ExpectationSpec(name or kind, kind, kwargs, severity, "Because.", condition)  # ty: ignore


NOT_NULL = _check("expect_column_values_to_not_be_null", column="word")
POSITIVE = _check("expect_column_values_to_be_between", "warning", column="amount", min_value=0)
UNIQUE = _check("expect_column_values_to_be_unique", column="id")
FINE = _check("expect_table_row_count_to_be_between", min_value=1)
BROKEN = _check("unexpected_rows_expectation", "info", "broken",
                unexpected_rows_query="select * from {batch} where nowhere = 1")  # fmt: skip


def _suite(*checks: ExpectationSpec, table: str = "things", on_fail: str = "block") -> Suite:
    return Suite(table, "raw", table, "somebody", on_fail, ("id",), None, "Mend it.",
                 frozenset({"mail"}), checks)  # fmt: skip


def _run(*checks: ExpectationSpec, **more: object) -> tuple[CheckResult, ...]:
    return run([_suite(*checks)], {"things": ROWS}, **more)  # ty: ignore[invalid-argument-type]


def test_an_expectation_knows_what_was_set_and_the_defaults_of_all_else() -> None:
    """It reads them in our way (`expectations.engine`), and must find what it would find itself."""
    from expectations.engine import load_gx
    from expectations.session import to_gx

    load_gx()
    found = to_gx(POSITIVE)
    domain, success = found._get_domain_kwargs(), found._get_success_kwargs()
    assert set(domain) == set(found.domain_keys)
    assert set(success) == {*found.domain_keys, *found.success_keys}
    told = [success[name] for name in ("column", "min_value", "max_value", "mostly")]
    assert told == ["amount", 0, None, 1]
    assert (domain["column"], domain["row_condition"]) == ("amount", None)


def test_results_come_in_the_order_of_the_suite_with_counts(tmp_path: Path) -> None:
    results = _run(NOT_NULL, FINE, POSITIVE, UNIQUE, quarantine=tmp_path)
    assert [(r.check_name, r.passed, r.unexpected_count) for r in results] == [
        (NOT_NULL.check_name, False, 1), (FINE.check_name, True, 0),
        (POSITIVE.check_name, False, 2), (UNIQUE.check_name, False, 2),
    ]  # fmt: skip
    assert [r.blocks for r in results] == [True, False, False, True]
    assert all(r.element_count == 4 and r.seconds > 0 and not r.crashed for r in results)
    assert "1 of 4 rows" in results[0].message
    assert "Because." in results[0].message
    assert "Mend it." in results[0].message
    again = json.loads(json.dumps([asdict(r) for r in results]))
    assert tuple(CheckResult(**r) for r in again) == results


def test_a_check_that_crashes_blocks_whatever_its_severity_and_spares_the_others() -> None:
    broken, fine, positive = _run(BROKEN, FINE, POSITIVE)
    assert (broken.passed, broken.crashed, broken.blocks) == (False, True, True)
    assert "could not be evaluated" in broken.message
    assert "nowhere" in broken.message
    assert (fine.passed, positive.crashed, positive.unexpected_count) == (True, False, 2)


@pytest.mark.parametrize(
    "relations", [{}, {"things": "select * from no_such_table"}, {"things": "no sql at all"}]
)
def test_a_table_that_cannot_be_read_fails_all_its_checks(relations: dict[str, str]) -> None:
    results = run([_suite(NOT_NULL, FINE)], relations)
    assert [(r.crashed, r.blocks, r.element_count) for r in results] == [(True, True, None)] * 2


def test_a_type_that_great_expectations_does_not_know_crashes_only_itself() -> None:
    unknown = replace(FINE, type="expect_the_unexpected", check_name="unknown")
    fine, crashed = _run(FINE, unknown)
    assert fine.passed
    assert crashed.crashed


def test_samples_hide_personal_columns_and_the_quarantine_holds_every_row(tmp_path: Path) -> None:
    (result,) = _run(POSITIVE, quarantine=tmp_path, shown_rows=1)
    assert result.failing_rows == [{"id": 2, "word": "b", "mail": MASK, "amount": -1.0}]
    assert "x.test" not in json.dumps(asdict(result))
    path = tmp_path / "raw" / "things" / f"{POSITIVE.check_name}.parquet"
    assert result.quarantine == str(path)
    kept = duckdb.execute(
        "select id, mail, failed_check, failed_severity from read_parquet(?) order by id",
        [str(path)],
    ).fetchall()
    assert kept == [
        (2, "bob@x.test", POSITIVE.check_name, "warning"),
        (3, "cat@x.test", POSITIVE.check_name, "warning"),
    ]
    assert list(path.parent.glob(".*")) == []


def test_rows_beyond_the_cap_of_great_expectations_are_all_kept(tmp_path: Path) -> None:
    many = "select i as id, 'w' as word, null as mail, -1.0 as amount from range(1234) as r (i)"
    query = _check("unexpected_rows_expectation", name="query",
                   unexpected_rows_query="select * from {batch} where id % 2 = 0")  # fmt: skip
    results = run([_suite(POSITIVE, query)], {"things": many}, quarantine=tmp_path)
    for result, rows in zip(results, (1234, 617), strict=True):
        kept = duckdb.execute("from read_parquet(?)", [result.quarantine]).fetchall()
        assert (len(kept), result.unexpected_count, len(result.failing_rows)) == (rows, rows, 20)


def test_each_failing_row_is_there_once_with_every_check_that_it_breaches(tmp_path: Path) -> None:
    query = "select id, word, 1 as more from {batch} where id = 1"
    several = _check(
        "unexpected_rows_expectation", "info", "other_columns", unexpected_rows_query=query
    )
    _run(NOT_NULL, POSITIVE, UNIQUE, FINE, several, quarantine=tmp_path)
    kept = duckdb.execute(
        "select id, mail, failed_checks, failed_severity, more from read_parquet(?) order by all",
        [str(tmp_path / "raw" / "things" / ALL_ROWS)],
    ).fetchall()
    null, low, twice = (check.check_name for check in (NOT_NULL, POSITIVE, UNIQUE))
    assert kept == [
        (1, None, ["other_columns"], "info", 1),
        (2, "bob@x.test", [low], "warning", None),
        (3, "cat@x.test", sorted([null, low, twice]), "critical", None),
        (3, None, [twice], "critical", None),
    ]


def test_what_passes_again_leaves_no_old_quarantine(tmp_path: Path) -> None:
    _run(NOT_NULL, quarantine=tmp_path)
    assert list(tmp_path.rglob("*.parquet"))
    run([_suite(NOT_NULL)], {"things": f"{ROWS} where word is not null"}, quarantine=tmp_path)
    assert not list(tmp_path.rglob("*.parquet"))


def test_rows_set_aside_unblock_only_where_suite_and_caller_say_so(tmp_path: Path) -> None:
    def blocks(
        on_fail: str, by: tuple[str, ...], check: ExpectationSpec = NOT_NULL, limit: float = 0.25
    ) -> bool:
        suite = replace(_suite(check, on_fail=on_fail), quarantine_limit=limit)
        (result,) = run([suite], {"things": ROWS}, quarantine=tmp_path, left_out_by=by)
        assert not result.passed
        return result.blocks

    assert blocks("block", ("id",))
    assert blocks("quarantine_rows", ())
    assert not blocks("quarantine_rows", ("id", "word"))
    # One of four rows is wrong: more than a fifth.
    assert blocks("quarantine_rows", ("id",), limit=0.2)
    # By a column that the rows don't have nobody can leave them out.
    assert blocks("quarantine_rows", ("id", "nowhere"))
    other = _check("unexpected_rows_expectation", name="other",
                   unexpected_rows_query="select word from {batch} where id = 1")  # fmt: skip
    assert blocks("quarantine_rows", ("id",), other)
    assert blocks("quarantine_rows", ("id",), BROKEN)
    whole = _check("expect_table_row_count_to_be_between", min_value=99)
    assert blocks("quarantine_rows", ("id",), whole)


def test_a_row_condition_limits_check_and_quarantine_alike(tmp_path: Path) -> None:
    only = replace(POSITIVE, row_condition=RowCondition("word", "==", "b"))
    (result,) = _run(only, quarantine=tmp_path)
    assert result.unexpected_count == 1
    assert [row["id"] for row in result.failing_rows] == [2]
    none = replace(POSITIVE, row_condition=RowCondition("word", "IN", ["a", "z"]))
    (result,) = _run(none)
    assert result.passed
    missing = replace(POSITIVE, row_condition=RowCondition("word", "IS_NULL"))
    (result,) = _run(missing, quarantine=tmp_path)
    assert [row["id"] for row in result.failing_rows] == [3]


def test_patterns_match_parts_and_sums_tell_what_was_seen() -> None:
    part = _check("expect_column_values_to_match_regex", column="mail", regex="@x")
    total = _check("expect_column_sum_to_be_between", column="amount", min_value=10)
    passed, failed = _run(part, total)
    assert passed.passed
    assert (failed.passed, failed.observed["observed_value"], failed.failing_rows) == (
        False,
        2.0,
        [],
    )
    assert "Observed: 2.0" in failed.message


def test_a_database_is_read_beside_its_reader_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / "built.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create schema marts; create table marts.things as {ROWS}")
    before = path.read_bytes()
    steps: list[tuple[str, int, int]] = []
    with _reader(path):
        results = run(
            [_suite(FINE), _suite(NOT_NULL, table="others")],
            {"things": 'select * from marts."things"', "others": "select * from marts.things"},
            database=path, progress=lambda *step: steps.append(step),
        )  # fmt: skip
    assert [(r.table, r.passed) for r in results] == [("things", True), ("others", False)]
    assert steps == [("things", 0, 2), ("others", 1, 2), ("done", 2, 2)]
    assert path.read_bytes() == before


@contextmanager
def _reader(path: Path) -> Generator[None]:
    """Another process that reads the file: nobody could open it for writing meanwhile."""
    code = (
        "import duckdb, sys; held = duckdb.connect(sys.argv[1], read_only=True); "
        "print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        yield
        process.communicate()


def test_nothing_due_imports_and_evaluates_nothing() -> None:
    assert run([], {}) == ()


def test_nobody_is_called_on_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError(f"network: {args}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert [r.passed for r in _run(FINE, NOT_NULL)] == [True, False]


def test_a_breach_of_a_contract_names_its_deliveries() -> None:
    rows = """
        select * from (values (1, 'a', 'z.csv'), (2, null, 'i.csv'), (3, 'b', 'i.csv'))
            as t (id, word, source_file)
    """
    few = _check("expect_table_row_count_to_be_between", min_value=99)

    def files(query: str, check: ExpectationSpec) -> list[str]:
        (result,) = run([_suite(check)], {"things": query})
        return result.deliveries

    assert files(rows, NOT_NULL) == ["i.csv"]
    assert files(rows, few) == files(rows, BROKEN) == ["i.csv", "z.csv"]
    assert files(rows, UNIQUE) == []
    # Nobody can tell: whoever reads it takes that for all of them.
    assert files("select 1 as id, null as word", NOT_NULL) == []
    (mart,) = run([replace(_suite(NOT_NULL), layer="marts")], {"things": rows})
    assert mart.deliveries == []
