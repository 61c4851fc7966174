"""For every check of every suite: a row that breaches it is found, by this check and no other."""

from __future__ import annotations

import duckdb

from tests.unit.expectations import mutations
from tests.unit.expectations.conftest import Dirty


def test_sane_rows_pass_every_check(dirty: Dirty) -> None:
    failed = {key: result.message for key, result in dirty.sane.items() if not result.passed}
    assert not failed, failed
    assert len(dirty.sane) == sum(len(suite.expectations) for suite in dirty.suites) > 450


def test_each_check_finds_the_row_made_to_breach_it_and_no_other(dirty: Dirty) -> None:
    wrong = {}
    for (table, check), result in dirty.by_row.items():
        if result.crashed or result.passed or result.quarantine is None:
            wrong[table, check] = result.message
            continue
        kept = duckdb.execute(
            f"select distinct breaches from read_parquet('{result.quarantine}')"
        ).fetchall()
        if {row[0] for row in kept} != {check}:
            wrong[table, check] = sorted(str(row[0]) for row in kept)
    assert not wrong, "\n".join(f"{key}: {value}" for key, value in wrong.items())
    assert len(dirty.by_row) > 400


def test_counts_of_great_expectations_are_those_of_the_quarantine(dirty: Dirty) -> None:
    for key, result in {**dirty.by_row, **dirty.by_table}.items():
        if result.quarantine:
            kept = duckdb.execute(f"from read_parquet('{result.quarantine}')").fetchall()
            assert len(kept) == result.unexpected_count, key
            assert "quarantine holds" not in result.message


def test_a_table_made_to_breach_one_check_breaches_only_that(dirty: Dirty) -> None:
    wrong = {}
    whole = 0
    for suite in dirty.suites:
        for spec in suite.expectations:
            if mutations.is_about_rows(spec):
                continue
            whole += 1
            name = f"{suite.table}__{spec.check_name}"
            failed = {check for (table, check), result in dirty.by_table.items()
                      if table == name and not result.passed}  # fmt: skip
            if failed != {spec.check_name}:
                wrong[name] = failed
    assert not wrong, "\n".join(f"{key}: {value}" for key, value in wrong.items())
    assert whole > 30


def test_no_check_crashes(dirty: Dirty) -> None:
    every = [*dirty.sane.values(), *dirty.by_row.values(), *dirty.by_table.values()]
    assert not [(result.table, result.check_name) for result in every if result.crashed]
