"""For every check of every suite: a row that breaches it is found, by this check and no other.

And Great Expectations' own pandas engine says the same of these rows: same verdicts, same counts.
Both stand in one file, so that the rows are made and checked once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import duckdb
import pytest

from expectations.suites import ExpectationSpec, Suite
from tests.unit.expectations import mutations
from tests.unit.expectations.conftest import Dirty


def test_sane_tables_pass_every_check_of_whole_ones(dirty: Dirty) -> None:
    failed = {key: result.message for key, result in dirty.sane.items() if not result.passed}
    assert not failed, failed
    assert len(dirty.sane) + len(dirty.by_row) == sum(len(s.expectations) for s in dirty.suites)
    assert len(dirty.sane) > 80


def test_each_check_finds_the_row_made_to_breach_it_and_no_other(dirty: Dirty) -> None:
    """No sane one either: some are in each table."""
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


def _compare(dirty: Dirty, suites: list[Suite]) -> int:
    from expectations.engine import load_gx
    from expectations.session import to_gx

    context = load_gx().gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("pandas")
    compared = 0
    differences = []
    with duckdb.connect(str(dirty.database), read_only=True) as connection:
        for suite in suites:
            frame = connection.execute(f'from main."row_{suite.table}"').df()
            asset = source.add_dataframe_asset(suite.table)
            batch = asset.add_batch_definition_whole_dataframe("all").get_batch(
                batch_parameters={"dataframe": frame}
            )
            for spec in suite.expectations:
                if spec.type == "unexpected_rows_expectation" or not mutations.is_about_rows(spec):
                    continue
                ours = dirty.by_row[suite.table, spec.check_name]
                said = batch.validate(to_gx(_moments(spec)), result_format="COMPLETE")
                theirs = (said.success, said.result.get("unexpected_count"), said.exception_info)
                if theirs[:2] != (ours.passed, ours.unexpected_count):
                    differences.append((suite.table, spec.check_name, ours, theirs))
                compared += 1
    assert not differences, "\n".join(str(difference) for difference in differences)
    return compared


def _moments(spec: ExpectationSpec) -> ExpectationSpec:
    """Pandas holds days as moments and can't compare them with days."""
    kwargs = {
        name: datetime(value.year, value.month, value.day) if type(value) is date else value
        for name, value in spec.kwargs.items()
    }
    return replace(spec, kwargs=kwargs)


def test_pandas_says_the_same_of_a_sixth_of_the_tables(dirty: Dirty) -> None:
    assert _compare(dirty, list(dirty.suites[:: mutations.EVERY])) > 50


@pytest.mark.slow
def test_pandas_says_the_same_of_all_tables(dirty: Dirty) -> None:
    assert _compare(dirty, list(dirty.suites)) > 350
