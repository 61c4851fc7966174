"""Sums of what was shipped in four worlds, against the truth; and which other ways fail where."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from analytics.experiments.shrinkage import shrink
from tests.unit.analytics.experiments.programmes import (
    WORLDS,
    Z,
    james_stein_as_coded,
    james_stein_as_intended,
    naive,
    normal_normal,
    programme,
)

WAYS = ("shrunken", "naive", "as coded", "as intended", "normal")


@cache
def repeated(world: str, count: int, times: int) -> dict[str, dict[str, float]]:
    """Per way: mean sum over mean truth, root mean square error, how often its interval held."""
    draw = np.random.default_rng([20261123, WORLDS.index(world), count])
    rows = []
    for _ in range(times):
        p = programme(world, count, draw)
        ours = shrink(p.y, p.s).total(p.shipped)
        truth = float(p.truth @ p.shipped)
        rows.append((
            (truth, ours.value, naive(p)[0], james_stein_as_coded(p),
             james_stein_as_intended(p), normal_normal(p)[0]),
            (ours.low <= truth <= ours.high,
             *(abs(value - truth) <= Z * se for value, se in (naive(p), normal_normal(p)))),
        ))  # fmt: skip
    sums = np.array([row[0] for row in rows])
    held = np.array([row[1] for row in rows]).mean(axis=0)
    ratio = sums[:, 1:].mean(axis=0) / sums[:, 0].mean()
    rmse = np.sqrt(((sums[:, 1:] - sums[:, :1]) ** 2).mean(axis=0))
    return {
        "ratio": dict(zip(WAYS, ratio, strict=True)),
        "rmse": dict(zip(WAYS, rmse, strict=True)),
        "held": dict(zip(("shrunken", "naive", "normal"), held, strict=True)),
    }


def told(world: str, count: int, times: int) -> str:
    found = repeated(world, count, times)
    return "; ".join(
        f"{key}: " + ", ".join(f"{way} {value:.2f}" for way, value in found[key].items())
        for key in found
    )


TIMES = 100


@pytest.mark.parametrize("world", WORLDS)
def test_the_shrunken_sum_is_near_the_truth_and_its_interval_holds_it(world: str) -> None:
    found = repeated(world, 100, TIMES)
    assert 0.9 <= found["ratio"]["shrunken"] <= 1.15, told(world, 100, TIMES)
    assert found["held"]["shrunken"] >= 0.88, told(world, 100, TIMES)


@pytest.mark.parametrize("world", WORLDS)
def test_the_sum_as_measured_is_half_luck_in_every_world(world: str) -> None:
    found = repeated(world, 100, TIMES)
    assert found["ratio"]["naive"] > 1.4
    assert found["held"]["naive"] < 0.3
    assert found["rmse"]["naive"] > 2 * found["rmse"]["shrunken"]


def test_james_stein_with_the_last_experiments_error_is_no_better_than_chance() -> None:
    for world in WORLDS:
        found = repeated(world, 100, TIMES)
        assert found["rmse"]["as coded"] > 2 * found["rmse"]["shrunken"], world
    assert any(not 0.9 <= repeated(w, 100, TIMES)["ratio"]["as coded"] <= 1.15 for w in WORLDS)


@pytest.mark.parametrize("world", WORLDS)
def test_james_stein_with_the_largest_experiments_error_hardly_corrects(world: str) -> None:
    assert repeated(world, 100, TIMES)["ratio"]["as intended"] > 1.35


def test_one_normal_for_all_effects_fails_where_they_are_rare_or_grow_with_noise() -> None:
    rare, grown = (repeated(world, 100, TIMES) for world in (WORLDS[1], WORLDS[3]))
    assert rare["held"]["normal"] < 0.7
    assert grown["held"]["normal"] < 0.4
    assert grown["ratio"]["normal"] < 0.6


@pytest.mark.slow
@pytest.mark.parametrize("count", [100, 300])
@pytest.mark.parametrize("world", WORLDS)
def test_many_programmes(world: str, count: int) -> None:
    found = repeated(world, count, 300)
    print(f"\n{world}, {count}: {told(world, count, 300)}")
    assert 0.9 <= found["ratio"]["shrunken"] <= 1.15
    assert found["held"]["shrunken"] >= 0.88
