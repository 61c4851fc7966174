"""A portfolio of a thousand experiments, from results to shares and sums of every group.

Once with one metric (the largest single fit) and once with ten, of twelve teams in twelve quarters.
Beside it, the cross-validation of all of them from a hundred buckets. What counts is CPU time of
one call in a process that has its imports.

    make bench            or            python -m pytest -m bench -s tests/bench/bench_portfolio.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import pytest

from analytics.experiments.crossvalidation import Buckets, cross_validate
from analytics.experiments.portfolio import Concluded, portfolio
from tests.unit.analytics.experiments.programmes import concluded, programme

COUNT, ROUNDS, LIMIT = 1_000, 5, 0.5


def cpu_seconds(call: Callable[[], object]) -> float:
    seen = []
    for _ in range(ROUNDS + 1):
        before = time.process_time()
        call()
        seen.append(time.process_time() - before)
    return statistics.median(seen[1:])  # the first one imports


def thousand(world: str, metrics: int) -> Concluded:
    draw = np.random.default_rng(1)
    p = programme(world, COUNT, draw)
    return concluded(
        COUNT,
        team=draw.choice([f"team {n}" for n in range(12)], COUNT),
        concluded_on=np.datetime64("2023-01-01") + draw.integers(0, 3 * 365, COUNT),
        metric=draw.choice([f"metric {n}" for n in range(metrics)], COUNT),
        effect=p.y / 100, se=p.s / 100, is_shipped=p.shipped, is_win=p.shipped,
    )  # fmt: skip


@pytest.mark.bench
@pytest.mark.parametrize("metrics", [1, 10])
@pytest.mark.parametrize("world", ["mostly null", "big tests chase small effects"])
def test_a_thousand_experiments(world: str, metrics: int) -> None:
    rows = thousand(world, metrics)
    spent = cpu_seconds(lambda: portfolio(rows))
    groups = len(portfolio(rows).summaries)
    print(f"\n{COUNT:,} experiments ({world}) on {metrics} metrics, {groups} groups: "
          f"{spent:.3f} CPU-s, limit {LIMIT}")  # fmt: skip
    assert spent <= LIMIT


@pytest.mark.bench
def test_a_thousand_cross_validations() -> None:
    draw = np.random.default_rng(1)
    size = (COUNT, 2, 100)
    s = 200 * (1 + draw.normal(0, 0.05, size))
    sums = Buckets(np.full(size, 200.0), s, s**2 / 200 + 200, np.zeros(COUNT))
    spent = cpu_seconds(lambda: cross_validate(sums, np.ones(COUNT)))
    print(f"\n{COUNT:,} experiments cross-validated: {spent:.3f} CPU-s")
    assert spent <= LIMIT
