"""Statistics of experiments: what many comparisons cost, and the sums that they are made of.

    make bench            or        python -m pytest -m bench -s tests/bench/bench_experiments.py

Sums are measured at a quarter of a large experiment, which is 12 million exposures of 4 million
units, 52.5 million days of 1.25 million active ones, and ten metrics. `BENCH_SCALE=1` takes all of
it. Centred sums stand beside naive ones of 10 million units. The SQL is what dbt compiles of the
models; what counts is CPU time of two threads.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import duckdb
import numpy as np
import pytest

from analytics.experiments.kernel import compare
from analytics.experiments.moments import Moments, from_values
from tests.bench import experiment_sums
from tests.sql.project import parse_project

COMPARISONS = 10_000
LIMIT_COMPARISONS = 0.1  # CPU-seconds
SCALE = float(os.environ.get("BENCH_SCALE", "0.25"))
# The aims are 20 CPU-seconds for the whole, or half of the usual query for all metrics at once. Of
# the whole, a half is finding first exposures by ids that are texts, and writing them down.
LIMIT_SUMS, LIMIT_USUAL, LIMIT_NAIVE = 20.0, 0.6, 1.5
LIMIT_PEAK_MB, MEMORY = 1_200, "1000MB"
_UNITS = 50


def arms() -> tuple[Moments, Moments]:
    """Ratios with covariates: the dearest kind."""
    draw = np.random.default_rng(1)
    shifts = {"y": 6.0, "d": 3.0, "x": 6.0, "w": 3.0}
    made = []
    for _ in range(2):
        w, d = draw.poisson(2, (2, COMPARISONS, _UNITS)) + 1.0
        y = 2 * d + w * draw.random(d.shape)
        made.append(from_values(y, d, 2 * w, w, shifts=shifts))
    return made[0], made[1]


@pytest.mark.bench
def test_ten_thousand_comparisons_take_a_tenth_of_a_second() -> None:
    control, treatment = arms()
    compare(control[:1], treatment[:1], cuped=True)  # imports scipy
    spent = []
    for _ in range(5):
        before = time.process_time()
        found = compare(control, treatment, cuped=True)
        spent.append(time.process_time() - before)
    assert np.isfinite(found.p).all()
    print(
        f"\n{COMPARISONS:,} comparisons of ratios with CUPED: {min(spent):.3f} CPU-s "
        f"(limit {LIMIT_COMPARISONS}), {min(spent) / COMPARISONS * 1e6:.1f} us each"
    )
    assert min(spent) <= LIMIT_COMPARISONS


@pytest.mark.bench
def test_from_exposures_to_sums(tmp_path: Path) -> None:
    sizes = {name: int(count * SCALE) for name, count in
             (("units", 4e6), ("exposures", 12e6), ("active", 1.25e6))}  # fmt: skip
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as made:
        experiment_sums.experiment(made, parse_project())
        made.execute(experiment_sums.EXPOSURES.format(**sizes))
        made.execute(experiment_sums.DAYS.format(**sizes))
    experiment_sums.compiled(tmp_path, experiment_sums.FROM_EXPOSURES)
    usual = experiment_sums.least(2, tmp_path, ["usual"])
    alone = experiment_sums.measured(tmp_path, experiment_sums.EACH_ALONE)
    ours = experiment_sums.least(2, tmp_path, experiment_sums.FROM_EXPOSURES, MEMORY)
    share = ours.cpu / usual.cpu
    print(f"\n{sizes['exposures']:,} exposures to sums of ten metrics: {ours.cpu:.1f} CPU-s "
          f"(limit {LIMIT_SUMS * SCALE:.1f}), {ours.peak_mb:,.0f} MB (limit {LIMIT_PEAK_MB}); "
          f"the usual query {usual.cpu:.1f} CPU-s, {usual.peak_mb:,.0f} MB: "
          f"ratio {share:.2f} (limit {LIMIT_USUAL}); one query per metric {alone.cpu:.1f} CPU-s: "
          f"ratio {ours.cpu / alone.cpu:.2f}")  # fmt: skip
    for name, spent in ours.steps.items():
        print(f"    {name:24} {spent:6.2f}")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as built:
        # Nobody saw both variations: both ways have to find the same.
        found = built.execute(
            "select sum(unit_count), sum(s_y) + sum(unit_count) * max(shift_y), "
            "sum(s_x) + sum(unit_count) * max(shift_x) from core.fct_experiment_sum "
            "where basis = 'main' group by arm_no, metric_id order by arm_no, metric_id"
        ).fetchall()
    wanted = [
        (row[1], row[3 + 6 * n], row[5 + 6 * n])
        for row in usual.answer for n in range(len(experiment_sums.METRICS))
    ]  # fmt: skip
    assert len(found) == 20
    for ours_found, theirs in zip(found, wanted, strict=True):
        assert ours_found == pytest.approx(theirs, rel=1e-9)
    assert ours.peak_mb <= LIMIT_PEAK_MB
    assert ours.cpu <= LIMIT_SUMS * SCALE or share <= LIMIT_USUAL


@pytest.mark.bench
def test_centred_sums_against_naive_ones(tmp_path: Path) -> None:
    units = 10_000_000
    columns = ", ".join(
        f"(hash(u * {2 * n + 3} + {side}) % {size})::double"
        for n, size in enumerate((14, 60, 30, 20, 9000, 3)) for side in (0, 1)
    )  # fmt: skip
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as made:
        experiment_sums.experiment(made, parse_project())
        experiment_sums.declared(
            made, parse_project(), ["dim_metric_window", "fct_unit_total", "fct_assignment_cell"]
        )
        made.execute(experiment_sums.TOTALS.format(units=units, measures=columns))
    experiment_sums.compiled(tmp_path, experiment_sums.FROM_TOTALS)
    naive = experiment_sums.least(5, tmp_path, ["naive"])
    ours = experiment_sums.least(5, tmp_path, experiment_sums.FROM_TOTALS, MEMORY)
    share = ours.cpu / naive.cpu
    print(f"\n{units:,} units, centred sums of ten metrics: {ours.cpu:.2f} CPU-s, naive "
          f"{naive.cpu:.2f}; ratio {share:.2f} (limit {LIMIT_NAIVE})")  # fmt: skip
    for name, spent in ours.steps.items():
        print(f"    {name:24} {spent:6.2f}")
    assert share <= LIMIT_NAIVE
