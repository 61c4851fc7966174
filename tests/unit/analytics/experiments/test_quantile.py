"""Quantiles of rows of split units: against resampling of units, and the ways that are wrong."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.experiments.moments import from_values
from analytics.experiments.quantile import (
    Quantile,
    compare_quantiles,
    from_rows,
    positions,
    quantile,
)


def rows_of(seed: int, units: int = 3_000) -> tuple[np.ndarray, np.ndarray]:
    """Response times: users with many rows are slow ones."""
    draw = np.random.default_rng(seed)
    speed = draw.normal(0, 1, units)
    count = draw.poisson(np.exp(0.5 * speed) * 5) + 1
    owner = np.repeat(np.arange(units), count)
    return owner, np.exp(5 + 0.6 * speed[owner] + 0.5 * draw.standard_normal(len(owner)))


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_the_standard_error_is_that_of_drawing_users_again(share: float) -> None:
    owner, value = rows_of(1)
    draw = np.random.default_rng(2)
    order = np.argsort(value)
    value, owner = value[order], owner[order]
    again = []
    for _ in range(400):
        weight = np.bincount(draw.integers(0, owner.max() + 1, owner.max() + 1), minlength=3_000)
        so_far = np.cumsum(weight[owner])
        again.append(value[np.searchsorted(so_far, share * so_far[-1])])
    found = from_rows(owner, value, share)
    assert found.value == pytest.approx(np.quantile(value, share))
    assert found.se == pytest.approx(np.std(again), rel=0.12)


def test_rows_taken_as_independent_make_the_error_far_too_small() -> None:
    owner, value = rows_of(3)
    alone = from_rows(np.arange(len(value)), value, 0.9)
    assert alone.se < 0.6 * from_rows(owner, value, 0.9).se
    assert alone.n == len(value)


def test_a_peer_that_draws_rows_again_and_not_users_finds_an_interval_far_too_narrow() -> None:
    import pyarrow as pa
    import tea_tasting as tt

    arms = [rows_of(seed) for seed in (10, 11)]
    ours = compare_quantiles(*(from_rows(*arm, 0.9) for arm in arms))
    table = {
        "variant": np.repeat([0, 1], [len(value) for _, value in arms]),
        "y": np.concatenate([value for _, value in arms]),
    }
    metric = tt.Quantile("y", 0.9, n_resamples=200, rng=1)
    theirs = tt.Experiment({"m": metric}).analyze(pa.table(table))["m"]
    assert theirs.effect_size == pytest.approx(float(ours.difference))
    width = theirs.effect_size_ci_upper - theirs.effect_size_ci_lower
    assert width < 0.6 * float(ours.ci_high - ours.ci_low)


def test_the_ratio_is_of_rows_below_to_rows_and_not_upside_down() -> None:
    # A peer's documentation has it the other way round.
    owner, value = rows_of(4)
    at = np.quantile(value, 0.9)
    rows, below = np.bincount(owner) * 1.0, np.bincount(owner, value <= at)
    shifts = {"y": 5.0, "d": 6.0}
    low, high = positions(from_values(below, rows, shifts=shifts), 0.9)
    left = below - 0.9 * rows
    by_hand = np.sqrt(left.var(ddof=1) / len(rows)) / rows.mean()
    assert high - 0.9 == pytest.approx(1.959964 * by_hand, rel=1e-3)
    wrong_low, wrong_high = positions(from_values(rows, below, shifts=shifts), 0.9)
    assert wrong_high - wrong_low > 1.1 * (high - low)


def test_sums_of_buckets_are_enough() -> None:
    owner, value = rows_of(5)
    at = np.quantile(value, 0.9)
    rows, below = np.bincount(owner) * 1.0, np.bincount(owner, value <= at)
    shifts = {"y": 5.0, "d": 6.0}
    whole = positions(from_values(below, rows, shifts=shifts), 0.9)
    table = (column.reshape(10, -1) for column in (below, rows))
    assert np.allclose(positions(from_values(*table, shifts=shifts).sum(0), 0.9), whole)


def test_users_without_rows_change_nothing() -> None:
    below, rows = np.array([3.0, 0.0, 2.0, 5.0] * 50), np.array([4.0, 2.0, 2.0, 6.0] * 50)
    with_idle = [np.append(column, np.zeros(100)) for column in (below, rows)]
    plain = positions(from_values(below, rows), 0.7)
    assert np.allclose(positions(from_values(*with_idle), 0.7), plain, rtol=2e-3)


def test_two_arms_are_compared_by_welchs_test() -> None:
    control, treatment = (from_rows(*rows_of(seed), 0.9) for seed in (6, 7))
    found = compare_quantiles(control, treatment)
    assert found.difference == treatment.value - control.value
    assert found.se == pytest.approx(np.hypot(control.se, treatment.se))
    assert found.p > 0.001
    slower = Quantile(treatment.value + 150, treatment.se, treatment.n)
    assert compare_quantiles(control, slower).p < 1e-6


# ---- bad input


def test_too_few_rows_beyond_a_quantile_have_no_interval() -> None:
    draw = np.random.default_rng(8)
    found = from_rows(np.arange(50), draw.random(50), 0.99)
    assert np.isfinite(found.value)
    assert np.isnan(found.se)
    assert np.isnan(compare_quantiles(found, found).p)


def test_a_quantile_that_all_rows_share_has_no_p() -> None:
    flat = from_rows(np.arange(200), np.repeat([1.0, 2.0], [190, 10]), 0.5)
    other = from_rows(*rows_of(9), 0.5)
    assert flat.se == 0
    for arms in ((flat, flat), (flat, other), (other, flat)):
        assert np.isnan(compare_quantiles(*arms).p)


@pytest.mark.parametrize("m", [from_values([], []), from_values([1.0], [2.0])])
def test_one_unit_or_none_has_no_interval(m: object) -> None:
    assert np.isnan(positions(m, 0.5)).all()  # ty: ignore


def test_bad_input_is_refused() -> None:
    m = from_values([1.0, 2.0], [2.0, 2.0])
    for share, alpha in ((0.0, 0.05), (1.0, 0.05), (0.5, 1.0), (float("nan"), 0.05)):
        with pytest.raises(ValueError, match="outside"):
            positions(m, share, alpha)
    with pytest.raises(ValueError, match="above the upper"):
        quantile(1.0, 2.0, 0.5, 10)
    with pytest.raises(ValueError, match="don't fit"):
        from_rows([1, 2], [1.0], 0.5)
    with pytest.raises(ValueError, match="don't fit"):
        from_rows([], [], 0.5)
