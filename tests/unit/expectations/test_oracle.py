"""The same suites, held by Great Expectations' own pandas engine: same verdicts, same counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import duckdb
import pytest

from expectations.suites import ExpectationSpec, Suite
from tests.unit.expectations import mutations
from tests.unit.expectations.conftest import Dirty

# A thinned-out choice keeps the default run short; `-m slow` compares all.
_EVERY = 3


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


def test_pandas_says_the_same_of_a_third_of_the_tables(dirty: Dirty) -> None:
    assert _compare(dirty, list(dirty.suites[::_EVERY])) > 100


@pytest.mark.slow
def test_pandas_says_the_same_of_all_tables(dirty: Dirty) -> None:
    assert _compare(dirty, list(dirty.suites)) > 350
