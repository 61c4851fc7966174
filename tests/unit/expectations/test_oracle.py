"""The same suites, held by Great Expectations' own pandas engine: same verdicts, same counts."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from expectations.suites import ExpectationSpec, Suite
from tests.unit.expectations import cases
from tests.unit.expectations.conftest import Dirty

# A thinned-out choice keeps the default run short; `-m slow` compares all.
_EVERY = 3


def _compare(dirty: Dirty, suites: list[Suite]) -> int:
    from expectations.engine import load_gx
    from expectations.session import to_gx

    context = load_gx().gx.get_context(mode="ephemeral")
    source = context.data_sources.add_pandas("pandas")
    compared = 0
    with duckdb.connect(str(dirty.database), read_only=True) as connection:
        for suite in suites:
            frame = connection.execute(f'from main."row_{suite.table}"').df()
            asset = source.add_dataframe_asset(suite.table)
            batch = asset.add_batch_definition_whole_dataframe("all").get_batch(
                batch_parameters={"dataframe": frame}
            )
            for spec in suite.expectations:
                if spec.type == "unexpected_rows_expectation" or not cases.is_about_rows(spec):
                    continue
                theirs = batch.validate(to_gx(_known_to_pandas(spec)), result_format="COMPLETE")
                ours = dirty.by_row[suite.table, spec.check_name]
                assert theirs.success is ours.passed, (suite.table, spec.check_name, theirs)
                counted = theirs.result["unexpected_count"]
                assert counted == ours.unexpected_count, (suite.table, spec.check_name, theirs)
                compared += 1
    return compared


def _known_to_pandas(spec: ExpectationSpec) -> ExpectationSpec:
    """Python's patterns know no classes in POSIX words; ours use none. Dates become moments."""
    return replace(spec, kwargs=dict(spec.kwargs))


def test_pandas_says_the_same_of_a_third_of_the_tables(dirty: Dirty) -> None:
    assert _compare(dirty, list(dirty.suites[::_EVERY])) > 100


@pytest.mark.slow
def test_pandas_says_the_same_of_all_tables(dirty: Dirty) -> None:
    assert _compare(dirty, list(dirty.suites)) > 350
