"""Centred sums: adding them up, what is in them, and what they are made from."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.experiments.moments import COLUMNS, from_columns, from_values


def drawn(seed: int, size: int = 500) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)
    base = draw.gamma(2, 3, size)
    return {
        "y": base + draw.normal(0, 1, size),
        "d": draw.poisson(3, size) + 1.0,
        "x": base,
        "w": draw.poisson(2, size) + 1.0,
    }


def test_means_variances_and_covariances_are_numpys() -> None:
    values = drawn(1)
    m = from_values(**values)
    table = np.cov(list(values.values()))
    for i, a in enumerate("ydxw"):
        assert m.mean(a) == pytest.approx(values[a].mean(), rel=1e-13)
        assert m.variance(a) == pytest.approx(values[a].var(ddof=1), rel=1e-12)
        for j, b in enumerate("ydxw"):
            assert m.covariance(a, b) == pytest.approx(table[i, j], rel=1e-10, abs=1e-12)


def test_any_shift_gives_the_same() -> None:
    values = drawn(2)
    near, far = from_values(**values), from_values(**values, shifts=dict.fromkeys("ydxw", -3.5))
    for a in "ydxw":
        assert far.mean(a) == pytest.approx(near.mean(a), rel=1e-13)
        assert far.variance(a) == pytest.approx(near.variance(a), rel=1e-11)


def test_buckets_add_up_to_the_whole() -> None:
    values = drawn(3)
    shifts = {"y": 6.0, "d": 4.0, "x": 6.0, "w": 3.0}
    whole = from_values(**values, shifts=shifts)
    buckets = from_values(
        **{name: column.reshape(10, 50) for name, column in values.items()}, shifts=shifts
    )
    halves = buckets[:5].sum(0) + buckets[5:].sum(0)
    for summed in (buckets.sum(0), halves):
        assert summed.shape == ()
        for name in COLUMNS:
            assert getattr(summed, name) == pytest.approx(getattr(whole, name), rel=1e-12)


def test_a_mean_is_a_ratio_whose_denominator_is_1() -> None:
    m = from_values([1.0, 2.0, 4.0])
    assert (m.mean("d"), m.variance("d"), m.covariance("y", "d")) == (1, 0, 0)


def test_columns_come_back_as_they_went_in_and_further_ones_do_not_matter() -> None:
    m = from_values(**drawn(4))
    table = {name: [float(getattr(m, name))] for name in COLUMNS}
    again = from_columns(table | {"arm": ["a"]})
    assert again.shape == (1,)
    assert all(getattr(again, name) == getattr(m, name) for name in COLUMNS)


def test_covariates_take_the_place_of_what_they_are_covariates_of() -> None:
    values = drawn(5)
    m = from_values(**values).covariates()
    assert m.mean("y") == pytest.approx(values["x"].mean())
    assert m.covariance("y", "d") == pytest.approx(np.cov(values["x"], values["w"])[0, 1])
    assert m.variance("x") == m.variance("w") == 0


def test_inactive_units_are_added_by_arithmetic() -> None:
    # Units without a fact are no rows: n0 of them at 0 add n0 * -c and n0 * c * c.
    active, n0, c = np.array([3.0, 5.0, 9.0]), 1_000, 0.02
    m = from_values(active, shifts={"y": c})
    columns = {name: getattr(m, name) for name in COLUMNS}
    columns |= {"n": m.n + n0, "s_y": m.s_y - n0 * c, "q_yy": m.q_yy + n0 * c * c}
    whole = from_values(np.concatenate([active, np.zeros(n0)]), shifts={"y": c})
    assert from_columns(columns).variance("y") == pytest.approx(whole.variance("y"), rel=1e-13)


# ---- bad input


def test_one_unit_has_no_variance_and_none_has_no_mean() -> None:
    assert np.isnan(from_values([4.0]).variance("y"))
    assert from_values([4.0]).mean("y") == 4
    assert np.isnan(from_values([]).mean("y"))


def test_nan_and_inf_are_seen_and_not_skipped() -> None:
    for bad in (np.nan, np.inf, -np.inf):
        m = from_values([1.0, bad, 3.0], shifts={"y": 1.0})
        assert not np.isfinite(m.mean("y"))
        assert np.isnan(m.variance("y"))


def test_sums_of_different_shifts_are_refused() -> None:
    one, other = from_values([1.0, 2.0]), from_values([3.0, 5.0])
    with pytest.raises(ValueError, match="shift_y differs"):
        _ = one + other
    table = {n: [float(getattr(m, n)) for m in (one, other)] for n in COLUMNS}
    with pytest.raises(ValueError, match="with one shift"):
        from_columns(table).sum(0)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="missing: q_xw"):
        from_columns({name: [1.0] for name in COLUMNS if name != "q_xw"})


@pytest.mark.parametrize("name", ["n", "q_yy", "q_ww"])
def test_what_cannot_be_negative_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is negative"):
        from_columns({column: [1.0] for column in COLUMNS} | {name: [-1.0]})


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="different shapes"):
        from_columns({name: [1.0] for name in COLUMNS} | {"s_y": [1.0, 2.0]})


def test_a_constant_has_no_variance_however_far_the_shift() -> None:
    # Sums of 0.1 are not exact: what is left of their difference is rounding, not variance.
    m = from_values(np.full(1_000, 0.1), shifts={"y": 1234.5})
    assert m.variance("y") == 0
