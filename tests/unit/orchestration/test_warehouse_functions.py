"""Functions that SQL calls: rows of a query in, what analytics says out."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from analytics.health.backtest import Observations, backtest
from orchestration.lib.paths import DBT_PROJECT
from orchestration.lib.warehouse_functions import COMPONENTS, register

FIRST = dt.date(2024, 1, 7)
EPOCH = dt.date(1970, 1, 1)
LIST = "list(struct_pack(account_id := account_id, last_on := last_on, lost_on := lost_on, " + (
    ", ".join(f"{name} := {name}" for name in COMPONENTS) + "))"
)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        register(made)
        columns = ", ".join(f"{name} double" for name in COMPONENTS)
        made.execute(f"create table seen(account_id text, last_on date, lost_on date, {columns})")
        yield made


def rows(seed: int) -> list[list[Any]]:
    """Accounts of which those with few features are lost."""
    draw = random.Random(seed)
    made = []
    for account in range(120):
        feature_rank = draw.random()
        lost_on = FIRST + dt.timedelta(draw.randint(100, 700)) if feature_rank < 0.7 else None
        for week in range(100):
            last_on = FIRST + dt.timedelta(7 * week)
            if lost_on and last_on >= lost_on:
                break
            soon = lost_on if lost_on and (lost_on - last_on).days <= 90 else None
            others = [draw.choice([None, draw.random()]) for _ in COMPONENTS[2:]]
            made.append([f"a{account:03}", last_on, soon, draw.random(), feature_rank, *others])
    return made


def told(connection: duckdb.DuckDBPyConnection, made: Sequence[Sequence[Any]]) -> dict[str, Any]:
    connection.execute("delete from seen")
    given = pa.table([pa.array(column) for column in zip(*made, strict=True)],
                     ["account_id", "last_on", "lost_on", *COMPONENTS])  # fmt: skip
    connection.register("given", given)
    connection.execute("insert into seen from given")
    (text,) = connection.execute(f"select health_backtest({LIST}) from seen").fetchone()
    return json.loads(text)


def test_rows_arrive_as_they_are_whatever_their_order(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    made = rows(1)
    nan = float("nan")
    expected = backtest(
        Observations(
            np.array([int(r[0][1:]) for r in made]),
            np.array([(r[1] - EPOCH).days for r in made]),
            np.array([(r[2] - EPOCH).days if r[2] else nan for r in made], dtype=float),
            np.array([[nan if v is None else v for v in r[3:]] for r in made], dtype=float),
        )
    )
    assert expected.model
    assert told(connection, made) == expected.as_dict()
    random.Random(2).shuffle(made)
    assert told(connection, made) == expected.as_dict()


def test_nothing_is_an_answer_too(connection: duckdb.DuckDBPyConnection) -> None:
    (text,) = connection.execute("select health_backtest(null)").fetchone()
    assert json.loads(text)["status"] == "no_outcomes"
    assert connection.execute("select health_backtest(null) from seen").fetchall() == []
    one = [["a", FIRST, None, *[None] * len(COMPONENTS)]]
    assert told(connection, one)["status"] == "too_few_losses"


def test_groups_are_told_apart(connection: duckdb.DuckDBPyConnection) -> None:
    told(connection, rows(1))
    found = connection.execute(
        f"select year(last_on), health_backtest({LIST}), count(*) from seen group by all"
    ).fetchall()
    assert len(found) == 2
    for _, text, count in found:
        answer = json.loads(text)
        assert answer["fitted_rows"] + answer["held_out_rows"] <= count


def test_sql_names_the_components_in_the_order_of_their_weights() -> None:
    text = (DBT_PROJECT / "macros" / "health.sql").read_text()
    places = [text.index(f"('{name}', ") for name in COMPONENTS]
    assert places == sorted(places)
    assert text.count("', '") == len(COMPONENTS)
