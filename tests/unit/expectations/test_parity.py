"""Random dirty tables: DuckDB and Great Expectations' own pandas engine give the same verdicts.

Every expectation type that a suite uses is held against tables of missing, doubled, empty, strange
and extreme values, with random arguments. Custom SQL has no pandas form: its rows are counted in
plain Python.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pytest

from expectations.breaches import breach_query
from expectations.session import open_session, together
from expectations.suites import ExpectationSpec, RowCondition, Suite

CUSTOM = "unexpected_rows_expectation"
TYPES = {
    "word": "varchar", "other": "varchar", "number": "bigint", "least": "bigint",
    "share": "double", "day": "date", "at": "timestamp", "later": "timestamp", "yes": "boolean",
}  # fmt: skip
WORDS = ["a", "b", "", " ", "A", "ä", "日本", "a@b.test", "x" * 40, "null", "NaN", "'", "a\nb"]
AT = datetime(2026, 3, 29, 0, 59, 59)
QUERY = "select * from {batch} where number > least or word = ''"
DEFAULT, ALL = 12, 300

Table = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Drawn:
    """One random table, and random checks of it."""

    rows: Table
    checks: tuple[ExpectationSpec, ...]


def draw(seed: int) -> Drawn:
    chance = random.Random(seed)
    missing = chance.choice([0.0, 0.1, 0.6, 1.0])

    def value(kind: str) -> Any:
        if chance.random() < missing:
            return None
        match kind:
            case "varchar":
                return chance.choice(WORDS)
            case "bigint":
                return chance.choice([-5, 0, 1, 1, 2, 3, 2**40])
            case "double":
                return chance.choice([-0.5, 0.0, 0.25, 1.0, 1.5, 1e300])
            case "date":
                return AT.date() + timedelta(days=chance.randint(-3, 3))
            case "timestamp":
                return AT + timedelta(seconds=chance.randint(-3, 3))
        return chance.random() < 0.5

    count = chance.choice([0, 1, 2, 7, 40])
    rows = [tuple(value(kind) for kind in TYPES.values()) for _ in range(count)]
    return Drawn(rows, tuple(checks(chance)))


def checks(chance: random.Random) -> Iterator[ExpectationSpec]:
    def one(kind: str, **kwargs: Any) -> ExpectationSpec:
        name = f"{kind}_{chance.random()}"
        return ExpectationSpec(name, kind, kwargs, "critical", "Because.", condition(chance))

    column = lambda: chance.choice(list(TYPES))  # noqa: E731
    mostly = {} if chance.random() < 0.7 else {"mostly": chance.choice([0.5, 0.9])}
    yield one("expect_column_values_to_not_be_null", column=column(), **mostly)
    yield one("expect_column_values_to_be_unique", column=column(), **mostly)
    sets = {"word": chance.sample(WORDS, 6), "number": [0, 1, 2**40]}
    named = chance.choice(list(sets))
    yield one("expect_column_values_to_be_in_set", column=named, value_set=sets[named], **mostly)
    bounds = {
        "number": (-1, 2), "share": (0.0, 1.0), "at": (AT, AT + timedelta(seconds=2)),
        "day": (AT.date(), AT.date() + timedelta(days=1)),
    }  # fmt: skip
    named = chance.choice(list(bounds))
    low, high = bounds[named]
    limits = chance.choice([{"min_value": low}, {"max_value": high},
                            {"min_value": low, "max_value": high, "strict_min": True},
                            {"min_value": low, "max_value": high, "strict_max": True}])  # fmt: skip
    yield one("expect_column_values_to_be_between", column=named, **limits, **mostly)
    length = chance.choice([{"min_value": 1}, {"max_value": 3}, {"min_value": 1, "max_value": 2}])
    yield one("expect_column_value_lengths_to_be_between", column="word", **length, **mostly)
    pattern = chance.choice(["@", "^a", "^[^@A-Z\\s]+$", "b$", "."])
    yield one("expect_column_values_to_match_regex", column="word", regex=pattern, **mostly)
    yield one("expect_column_values_to_not_match_regex", column="word", regex=pattern, **mostly)
    left, right = chance.choice([("number", "least"), ("at", "later")])
    pair = {"column_A": left, "column_B": right, "ignore_row_if": "either_value_is_missing"}
    yield one("expect_column_pair_values_a_to_be_greater_than_b", **pair,
              or_equal=chance.random() < 0.5)  # fmt: skip
    yield one("expect_column_pair_values_to_be_equal", **pair)
    listed = chance.choice([["word", "number"], ["number", "at", "yes"], ["day", "word"]])
    rule = chance.choice(["all_values_are_missing", "any_value_is_missing", "never"])
    yield one("expect_compound_columns_to_be_unique", column_list=listed, ignore_row_if=rule)
    yield one("expect_table_row_count_to_be_between", min_value=chance.choice([0, 1, 7]))
    # It takes no row condition: the query says which rows it speaks of.
    yield replace(one(CUSTOM, unexpected_rows_query=QUERY), row_condition=None)


def condition(chance: random.Random) -> RowCondition | None:
    return chance.choice(
        [None, None, RowCondition("yes", "==", parameter=True), RowCondition("number", ">", 0),
         RowCondition("word", "IN", ["a", "b"]), RowCondition("word", "IS_NOT_NULL")]
    )  # fmt: skip


class Engines:
    """Both engines in one sitting."""

    def __init__(self) -> None:
        from expectations.engine import load_gx

        self._context = load_gx().gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = {"globally": False}
        self._pandas = self._context.data_sources.add_pandas("pandas")
        self.number = 0

    def ours(self, session: Any, drawn: Drawn) -> dict[str, tuple[Any, ...]]:
        self.number += 1
        name = f"drawn_{self.number}"
        columns = ", ".join(f'"{column}" {kind}' for column, kind in TYPES.items())
        session.sql(f"create temp table source_{name} ({columns})")
        for row in drawn.rows:
            session.sql(f"insert into source_{name} values ({', '.join(map(literal, row))})")
        session.prepare(name, f"select * from source_{name}")
        told = {}
        for check, verdict in session.judge(name, drawn.checks).items():
            assert verdict.error is None, (check, verdict.error)
            spec = next(spec for spec in drawn.checks if spec.check_name == check)
            told[check] = (verdict.success, verdict.unexpected_count)
            if (query := breach_query(spec, name)) and not verdict.success:
                (found,) = session.sql(f"select count(*) from ({query})")
                assert found[0] == verdict.unexpected_count, (spec, drawn.rows)
        return told

    def theirs(self, drawn: Drawn) -> dict[str, tuple[Any, ...]]:
        with duckdb.connect() as connection:
            columns = ", ".join(f'"{column}" {kind}' for column, kind in TYPES.items())
            connection.execute(f"create table t ({columns})")
            if drawn.rows:
                marks = ", ".join("?" for _ in TYPES)
                connection.executemany(f"insert into t values ({marks})", drawn.rows)
            frame = connection.execute("from t").df()
        asset = self._pandas.add_dataframe_asset(f"drawn_{self.number}")
        batch = asset.add_batch_definition_whole_dataframe("all").get_batch(
            batch_parameters={"dataframe": frame}
        )
        specs = [moments(spec) for spec in drawn.checks if spec.type != CUSTOM]
        return {
            check: (verdict.success, verdict.unexpected_count)
            for check, verdict in together(batch, specs, "COMPLETE").items()
            if verdict.error is None
        }


def literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool | int | float):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def moments(spec: ExpectationSpec) -> ExpectationSpec:
    """Pandas holds days as moments and can't compare them with days."""
    kwargs = {
        name: datetime(value.year, value.month, value.day) if type(value) is date else value
        for name, value in spec.kwargs.items()
    }
    return replace(spec, kwargs=kwargs)


def by_hand(rows: Table) -> int:
    """Rows of the custom SQL, row by row."""
    found = 0
    for row in rows:
        seen = dict(zip(TYPES, row, strict=True))
        bigger = None not in (seen["number"], seen["least"]) and seen["number"] > seen["least"]
        found += bigger or seen["word"] == ""
    return found


def compare(seeds: range) -> Counter[str]:
    engines, compared, silent = Engines(), Counter[str](), 0
    with open_session() as session:
        for seed in seeds:
            drawn = draw(seed)
            ours, theirs = engines.ours(session, drawn), engines.theirs(drawn)
            for spec in drawn.checks:
                said = ours[spec.check_name]
                if spec.type == CUSTOM:
                    count = by_hand(drawn.rows)
                    assert said == (count == 0, count or None), (seed, spec)
                elif spec.type == "expect_table_row_count_to_be_between":
                    assert said[0] == theirs[spec.check_name][0], (seed, spec)
                elif (expected := theirs.get(spec.check_name)) is None:
                    # Pandas trips over missing values of a pair.
                    silent += 1
                else:
                    # Only what failed is asked for in full.
                    assert said[0] == expected[0], (seed, spec, said, expected, drawn.rows)
                    if not said[0]:
                        assert said == expected, (seed, spec, said, expected, drawn.rows)
                compared[spec.type] += said[0] is False
    assert silent <= len(seeds) / 2
    return compared


def test_both_engines_agree_on_random_dirty_tables(suites: tuple[Suite, ...]) -> None:
    failures = compare(range(DEFAULT))
    used = {spec.type for suite in suites for spec in suite.expectations}
    assert used == set(failures), used ^ set(failures)
    assert min(failures.values()) >= 1, failures


@pytest.mark.slow
def test_both_engines_agree_on_many_random_dirty_tables() -> None:
    compare(range(DEFAULT, ALL))
