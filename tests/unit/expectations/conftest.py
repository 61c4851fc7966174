"""One sitting of Great Expectations for all tests of this folder: importing it costs seconds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.results import CheckResult
from expectations.suites import Suite, load_suites
from tests.unit.expectations import mutations, tables
from tests.unit.expectations.cases import Row

# Keys of bad rows begin above those of sane ones.
_FIRST = 10


@dataclass(frozen=True)
class Dirty:
    """The same suites held against rows, of which one a check is bad, and against whole tables.

    Of sane tables only what looks at whole ones is asked: checks of rows find sane ones among bad.
    """

    database: Path
    quarantine: Path
    suites: tuple[Suite, ...]
    sane: dict[tuple[str, str], CheckResult]
    by_row: dict[tuple[str, str], CheckResult]
    by_table: dict[tuple[str, str], CheckResult]


@pytest.fixture(scope="session")
def suites() -> tuple[Suite, ...]:
    return load_suites(mutations.ROOT / "expectations")


@pytest.fixture(scope="session")
def dirty(suites: tuple[Suite, ...], tmp_path_factory: pytest.TempPathFactory) -> Dirty:
    from expectations.runner import run

    folder = tmp_path_factory.mktemp("dirty")
    database = folder / "dirty.duckdb"
    clean: list[Suite] = []
    rowwise: list[Suite] = []
    whole: list[Suite] = []
    others = re.findall(r"\bmarts\.(\w+)", str([suite.expectations for suite in suites]))
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema marts")
        for suite in suites:
            if suite.table in others:
                _fill(connection, suite, suite.table, tables.sane_rows(suite), schema="marts")
            specs = tuple(spec for spec in suite.expectations if mutations.is_about_rows(spec))
            about_all = tuple(spec for spec in suite.expectations if spec not in specs)
            if about_all:
                clean.append(replace(suite, table=f"sane_{suite.table}", expectations=about_all))
                _fill(connection, suite, clean[-1].table, tables.sane_rows(suite))
            rowwise.append(replace(suite, table=f"row_{suite.table}", expectations=specs))
            _fill(connection, suite, rowwise[-1].table, _sane_and_one_each(suite))
            for spec in about_all:
                name = f"whole_{suite.table}__{spec.check_name}"
                # Checks of single rows have rows of their own: some of them are enough here.
                held = suite.expectations if len(whole) % mutations.EVERY == 0 else about_all
                whole.append(replace(suite, table=name, expectations=held))
                _fill(connection, suite, name, tables.breaching_rows(suite, spec))
    every = [*clean, *rowwise, *whole]
    results = run(
        every, {suite.table: f'select * from main."{suite.table}"' for suite in every},
        database=database, quarantine=folder / "quarantine", shown_rows=5,
    )  # fmt: skip
    found = {(result.table, result.check_name): result for result in results}

    def those(prefix: str) -> dict[tuple[str, str], CheckResult]:
        return {
            (table.removeprefix(prefix), check): result
            for (table, check), result in found.items()
            if table.startswith(prefix)
        }

    return Dirty(
        database, folder / "quarantine", suites, those("sane_"), those("row_"), those("whole_")
    )


def _sane_and_one_each(suite: Suite) -> Iterable[tuple[str, Row]]:
    yield from tables.sane_rows(suite)
    for number, spec in enumerate(suite.expectations, start=_FIRST):
        if mutations.is_about_rows(spec):
            row = mutations.told_apart(suite, mutations.sane(suite), number)
            for bad in mutations.breaching(suite, spec, row):
                yield spec.check_name, bad


def _fill(
    connection: Any, suite: Suite, table: str, rows: Iterable[tuple[str, Row]], schema: str = "main"
) -> None:
    types = mutations.columns(suite)
    listed = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
    connection.execute(f'create table {schema}."{table}" ({listed}, breaches varchar)')
    values = [[*(row.get(name) for name in types), case] for case, row in rows]
    if values:
        marks = ", ".join("?" for _ in (*types, "breaches"))
        connection.execute("begin")
        connection.executemany(f'insert into {schema}."{table}" values ({marks})', values)
        connection.execute("commit")
