"""Traps of our own database and of other libraries: what goes wrong, and that ours goes right.

Where one of these fails because another version has mended it, the way round it stays right.
"""

from __future__ import annotations

from fractions import Fraction

import duckdb
import numpy as np
import pytest

from analytics.experiments.kernel import compare
from analytics.experiments.moments import from_values
from analytics.experiments.power import sample_size
from analytics.experiments.split import sample_ratio
from tests.unit.analytics.experiments.world import centred_sums

LARGE = 1.7e9


@pytest.fixture(scope="module")
def db() -> duckdb.DuckDBPyConnection:
    """Values that are large and close together, in two arms; seeded, made by numpy."""
    values = np.round(np.random.default_rng(1).standard_normal(200_000), 6) + LARGE
    connection = duckdb.connect(config={"threads": 4})
    table = {"v": values, "arm": np.arange(len(values)) % 2}
    connection.register("given", table)
    connection.execute("create table big as select v, arm::varchar as variant from given")
    return connection


def value_of(db: duckdb.DuckDBPyConnection, sql: str) -> object:
    return db.execute(sql).fetchall()[0][0]


@pytest.fixture(scope="module")
def true_variance(db: duckdb.DuckDBPyConnection) -> float:
    """By whole numbers: near 1.7 billion a float is so many times two to the power of -22."""
    whole = [int(v * 2**22) for v in db.execute("select v from big").fetchnumpy()["v"]]
    squares = sum(v * v for v in whole) - Fraction(sum(whole) ** 2, len(whole))
    return float(squares / (len(whole) - 1) / 2**44)


# ---- variance


def test_sums_of_squares_give_a_variance_that_is_nonsense_and_centred_sums_do_not(
    db: duckdb.DuckDBPyConnection, true_variance: float
) -> None:
    naive = value_of(
        db, "select (sum(v * v) - sum(v) * sum(v) / count(*)) / (count(*) - 1) from big"
    )
    assert abs(naive - true_variance) > 10
    both = db.execute("select v from big").fetchnumpy()["v"]
    ours = from_values(both, shifts={"y": float(value_of(db, "select avg(v) from big"))})
    assert float(ours.variance("y")) == pytest.approx(true_variance, rel=1e-11)


def test_duckdbs_own_variance_loses_digits_that_centred_sums_keep(
    db: duckdb.DuckDBPyConnection, true_variance: float
) -> None:
    assert abs(value_of(db, "select var_samp(v) from big") / true_variance - 1) > 1e-9
    sql = "select any_value(c), sum(v - c), sum((v - c) ** 2), count(*) from big, "
    rows = db.execute(sql + "(select avg(v)::double as c from big)").fetchall()[0]
    _, s, q, n = rows
    assert (q - s * s / n) / (n - 1) == pytest.approx(true_variance, rel=1e-11)


def test_the_p_of_large_values_close_together_is_that_of_small_ones() -> None:
    draw = np.random.default_rng(2)
    arms = [np.round(draw.normal(mean, 1, 5_000), 3) for mean in (0.0, 0.05)]
    # Thousandths, as whole numbers: 1.7 billion on top is then exact.
    small, large = (
        compare(*(from_values(a * 1000 + on_top, shifts={"y": on_top}) for a in arms))
        for on_top in (0.0, LARGE)
    )
    assert large.p == pytest.approx(float(small.p), rel=1e-9)


def test_a_shift_far_from_the_values_gives_no_p_rather_than_a_wrong_one() -> None:
    draw = np.random.default_rng(3)
    arms = [from_values(draw.normal(LARGE, 1, 1_000), shifts={"y": 0.0}) for _ in range(2)]
    found = compare(*arms)
    assert np.isnan(found.p)
    assert str(found.reason) == "no_variance"


# ---- sums


def test_float_sums_of_several_threads_differ_and_integer_sums_do_not(
    db: duckdb.DuckDBPyConnection,
) -> None:
    floats = {value_of(db, "select sum(v * 1.1) from big") for _ in range(12)}
    whole = {value_of(db, "select sum(round(v * 1e6)::bigint) from big") for _ in range(12)}
    assert len(whole) == 1
    # Whether they do differ is the scheduler's; by how much at most is what our tolerance is for.
    assert max(floats) / min(floats) - 1 < 1e-12


def test_sums_of_int_are_hugeint_and_sums_of_double_are_not(db: duckdb.DuckDBPyConnection) -> None:
    assert value_of(db, "select typeof(sum(1::int))") == "HUGEINT"
    assert value_of(db, "select typeof(sum(1::int::double))") == "DOUBLE"


@pytest.mark.parametrize(
    "number", ["100000::int", "900000000000000000::decimal(18, 0)", "1e22::decimal(38, 2)"]
)
def test_products_of_int_and_decimal_overflow_and_those_of_double_do_not(
    db: duckdb.DuckDBPyConnection, number: str
) -> None:
    with pytest.raises(duckdb.OutOfRangeException, match="Overflow"):
        db.execute(f"select {number} * {number}").fetchall()
    squared = value_of(db, f"select ({number})::double * ({number})::double")
    assert squared == pytest.approx(float(value_of(db, f"select ({number})::double")) ** 2)


def test_our_sums_take_int_and_decimal_columns() -> None:
    source = (
        "(select (i % 2)::varchar as variant, (i * 100000)::int as a, "
        "(i * 1e13)::decimal(38, 2) as b from range(1, 2001) t(i))"
    )
    for column in ("a", "b"):
        found = compare(*centred_sums(column, source=source).values())
        assert str(found.reason) == ""
        assert 0.9 < float(found.p) < 1


def test_one_inf_makes_the_variance_nan_in_silence_and_ours_says_so(
    db: duckdb.DuckDBPyConnection,
) -> None:
    assert np.isnan(value_of(db, "select var_samp(x) from (values (1::double), ('inf')) t(x)"))
    source = (
        "(from (values ('a', 1.0::double), ('a', 'inf'), ('b', 2.0), ('b', 3.0)) t(variant, x))"
    )
    found = compare(*centred_sums("x", source=source).values())
    assert np.isnan(found.p)
    assert str(found.reason) == "not_finite"


def test_relations_have_no_fetchone() -> None:
    assert not hasattr(duckdb.sql("select 1"), "fetchone")


# ---- splits


def share_alike(db: duckdb.DuckDBPyConnection, split: str, one: str, other: str) -> float:
    sides = (split.format(salt=salt) for salt in (one, other))
    return float(
        value_of(
            db,
            f"select avg(({' = '.join(sides)})::int) "
            "from (select i::varchar as unit from range(20000) t(i))",
        )
    )


PAIRS = [("a", "b"), ("a", "c"), ("b", "d"), ("checkout", "search")]


def test_hashing_unit_and_salt_together_splits_alike_for_every_salt(
    db: duckdb.DuckDBPyConnection,
) -> None:
    # Two experiments that are split by it have the same people in the same arms.
    found = {share_alike(db, "hash(unit, '{salt}') % 2", *pair) for pair in PAIRS}
    assert found <= {0.0, 1.0}


@pytest.mark.parametrize(
    "split",
    [
        "hash(xor(hash(unit), hash('{salt}'))) % 2",
        "md5_number_lower(unit || ':' || '{salt}') % 2",
    ],
)
def test_hashing_the_hashes_or_a_text_of_both_splits_anew_for_every_salt(
    db: duckdb.DuckDBPyConnection, split: str
) -> None:
    for pair in PAIRS:
        assert share_alike(db, split, *pair) == pytest.approx(0.5, abs=0.015)  # 4 deviations


def test_md5_of_a_text_is_the_same_number_in_every_session_and_version(
    db: duckdb.DuckDBPyConnection,
) -> None:
    # A split that is kept must not hang on how one version of the database hashes.
    import hashlib

    digest = hashlib.md5(b"17:checkout", usedforsecurity=False).digest()
    ours = value_of(db, "select md5_number_lower('17' || ':' || 'checkout')")
    assert ours in (int.from_bytes(digest[8:], "big"), int.from_bytes(digest[8:], "little"))


# ---- other libraries


def test_counting_rows_without_a_value_makes_p_too_small_and_ours_counts_values() -> None:
    import pyarrow as pa
    import tea_tasting as tt
    from scipy import stats

    draw = np.random.default_rng(4)
    arm = np.repeat([0, 1], 2_000)
    y = draw.normal(10, 3, 4_000) + 0.1 * arm
    is_known = draw.random(4_000) > 0.3
    rows = pa.table({"variant": arm, "y": pa.array(y, mask=~is_known)})
    theirs = tt.Experiment({"m": tt.Mean("y")}).analyze(rows)["m"].pvalue
    known = [y[(arm == side) & is_known] for side in (0, 1)]
    truth = stats.ttest_ind(*known, equal_var=False).pvalue
    ours = compare(*(from_values(values, shifts={"y": 10.0}) for values in known)).p
    assert ours == pytest.approx(truth, rel=1e-9)
    assert theirs < 0.9 * truth


def test_a_negative_control_turns_a_peers_relative_interval_round_and_not_ours() -> None:
    import pyarrow as pa
    import tea_tasting as tt

    draw = np.random.default_rng(5)
    arm = np.repeat([0, 1], 500)
    y = draw.normal(-2, 1, 1_000) + 3 * arm
    result = tt.Experiment({"m": tt.Mean("y")}).analyze(pa.table({"variant": arm, "y": y}))["m"]
    assert result.rel_effect_size_ci_lower > result.rel_effect_size_ci_upper
    ours = compare(*(from_values(y[arm == side], shifts={"y": -2.0}) for side in (0, 1)))
    assert np.isnan([ours.relative, ours.relative_low, ours.relative_high]).all()
    assert str(ours.relative_reason) == "control_not_positive"
    assert ours.p == pytest.approx(result.pvalue, rel=1e-9)


def test_one_unit_in_an_arm_breaks_a_peer_and_gives_us_a_reason() -> None:
    import tea_tasting as tt
    from tea_tasting.aggr import Aggregates

    # A database has no variance of one value: it is NULL.
    one = Aggregates(count_=1, mean_={"y": 3.0}, var_={"y": None}, cov_={})
    two = Aggregates(count_=2, mean_={"y": 1.5}, var_={"y": 0.5}, cov_={})
    with pytest.raises(TypeError):
        tt.Mean("y").analyze_aggregates(two, one)
    ours = compare(*(from_values(y, shifts={"y": 0.0}) for y in ([1.0, 2.0], [3.0])))
    assert str(ours.reason) == "too_few_units"


def test_a_peers_solver_breaks_on_arms_of_unequal_size_and_ours_does_not() -> None:
    import tea_tasting as tt
    from tea_tasting.aggr import Aggregates

    known = Aggregates(count_=1_000, mean_={"y": 22.1}, var_={"y": 3600.0}, cov_={})
    by_t = tt.Mean("y", power=0.8, ratio=0.25, rel_effect_size=0.03, equal_var=False, use_t=True)
    with pytest.raises(ValueError, match="NaN"):
        by_t.solve_power_from_aggregates(known, "n_obs")
    assert abs(sample_size(22.1, 3600, 0.03, allocation=(0.8, 0.2)).total - 401_757) <= 2


def test_a_peers_ratio_test_has_a_correction_that_ours_has_not() -> None:
    import tea_tasting as tt
    from scipy.stats import chisquare
    from tea_tasting.aggr import Aggregates

    counts = (44_700, 45_489)
    arms = {side: Aggregates(count_=n, mean_={}, var_={}, cov_={}) for side, n in enumerate(counts)}
    theirs = tt.SampleRatio(method="norm").analyze(arms, 0, 1, "variant").pvalue
    ours = sample_ratio(counts, [1, 1]).p
    assert ours == pytest.approx(chisquare(counts).pvalue, rel=1e-10)
    assert theirs > ours * 1.005
