"""The worth of a rule, against loops over units, and against the truth of simulated programmes."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.experiments.crossvalidation import Buckets, cross_validate, differ
from analytics.experiments.shrinkage import shrink
from tests.unit.analytics.experiments.programmes import WORLDS, Z, programme


def units(seed: int, lifts: tuple[float, ...] = (0.3, 0.02, -0.1), count: int = 900):
    """Per experiment: values, arms and buckets of units."""
    draw = np.random.default_rng(seed)
    for lift in lifts:
        arm, bucket = draw.integers(0, 2, count), draw.integers(0, 100, count)
        yield draw.gamma(2, 1, count) * (1 + lift * arm), arm, bucket


def as_buckets(experiments: list, shift: float = 0.0) -> Buckets:
    n, s, q = (np.zeros((len(experiments), 2, 100)) for _ in range(3))
    for i, (value, arm, bucket) in enumerate(experiments):
        np.add.at(n[i], (arm, bucket), 1)
        np.add.at(s[i], (arm, bucket), value - shift)
        np.add.at(q[i], (arm, bucket), (value - shift) ** 2)
    return Buckets(n, s, q, np.full(len(experiments), shift))


def by_hand(value: np.ndarray, arm: np.ndarray, bucket: np.ndarray, direction: int) -> tuple:
    """Shipped share, value and variance, fold by fold from units."""
    from scipy.stats import norm

    def difference(rows: np.ndarray) -> tuple[float, float]:
        a, b = value[rows & (arm == 0)], value[rows & (arm == 1)]
        return b.mean() - a.mean(), a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b)

    base = value[arm == 0].mean()
    held = [difference(bucket % 10 == fold) for fold in range(10)]
    learnt = [difference(bucket % 10 != fold) for fold in range(10)]
    ships = [direction * mean > Z * var**0.5 for mean, var in learnt]
    worth = sum(held[f][0] for f in range(10) if ships[f]) / 10 / base
    variance = sum(held[f][1] for f in range(10) if ships[f])
    for f in range(10):
        for g in range(10):
            if f != g:
                rest = np.mean([held[h][0] for h in range(10) if h not in (f, g)])
                one, other = held[f][1] ** 0.5, held[g][1] ** 0.5
                variance += (
                    other * norm.pdf(9 * (Z * learnt[f][1] ** 0.5 - direction * rest) / other)
                    * one * norm.pdf(9 * (Z * learnt[g][1] ** 0.5 - direction * rest) / one)
                )  # fmt: skip
    return sum(ships) / 10, worth, variance / 100 / base**2


@pytest.mark.parametrize("shift", [0.0, 2.0, 1e6])
def test_sums_by_bucket_are_as_good_as_units(shift: float) -> None:
    experiments = list(units(3))
    direction = np.array([1.0, 1.0, -1.0])
    found = cross_validate(as_buckets(experiments, shift), direction)
    hand = [by_hand(*e, int(d)) for e, d in zip(experiments, direction, strict=True)]
    assert found.shipped == pytest.approx([row[0] for row in hand])
    assert found.value == pytest.approx([row[1] for row in hand], rel=1e-6)
    assert found.variance == pytest.approx([row[2] for row in hand], rel=1e-3)
    assert found.shipped[0] == 1


def test_a_ratios_linearised_value_comes_with_its_baseline() -> None:
    value, arm, bucket = next(units(5))
    plain = cross_validate(as_buckets([(value, arm, bucket)]), np.ones(1))
    base = value[arm == 0].mean()
    around_0 = as_buckets([(value - base, arm, bucket)])
    lined = Buckets(around_0.n, around_0.s, around_0.q, np.zeros(1), np.array([base]))
    assert cross_validate(lined, np.ones(1)).value == pytest.approx(plain.value)


def test_each_experiment_has_its_own_bound() -> None:
    sums = as_buckets(list(units(3)))
    found = cross_validate(sums, np.ones(3), np.array([100.0, -100.0, -100.0]))
    assert found.shipped.tolist() == [0, 1, 1]
    assert (found.value[0], found.variance[0]) == pytest.approx((0, 0))


def test_what_cannot_be_measured_is_not_known() -> None:
    n, s, q = (np.stack([part] * 6) for part in _one())
    n[0, 1], s[0, 1], q[0, 1] = 0, 0, 0  # nobody in treatment
    s[1, 0] *= -1  # control's mean below 0: no lift
    n[2, 0, 5::10] = s[2, 0, 5::10] = q[2, 0, 5::10] = 0  # a fold without control
    q[3, 1, 50], s[4, 0, 7] = np.nan, np.inf
    found = cross_validate(Buckets(n, s, q, np.zeros(6)), np.ones(6))
    for part in (found.shipped, found.value, found.variance):
        assert np.isnan(part[:5]).all()
        assert np.isfinite(part[5])


def test_no_spread_at_all_is_not_known() -> None:
    ones = np.ones((1, 2, 100))
    found = cross_validate(Buckets(5 * ones, 5 * ones, 5 * ones, np.zeros(1)), np.ones(1))
    assert np.isnan(found.value).all()


def _one() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    sums = as_buckets(list(units(3))[:1])
    return sums.n[0], sums.s[0], sums.q[0]


def test_sums_of_another_shape_or_below_0_are_refused() -> None:
    n = np.ones((2, 2, 100))
    none = np.zeros(2)
    for bad, words in (
        ((n[0], n[0], n[0], none), "two arms"),
        ((np.ones((2, 3, 100)),) * 3 + (none,), "two arms"),
        ((n, n[:, :, :50], n, none), "sums"),
        ((n[:, :, :95],) * 3 + (none,), "95 buckets"),
        ((-n, n, n, none), "negative"),
        ((n, n, -n, none), "negative"),
        ((n, n, n, np.zeros(3)), "one shift"),
        ((n, n, n, none, np.zeros(1)), "one shift"),
    ):
        with pytest.raises(ValueError, match=words):
            Buckets(*bad)


def test_no_experiments_are_worth_nothing() -> None:
    none = np.zeros((0, 2, 100))
    found = cross_validate(Buckets(none, none, none, np.zeros(0)), np.zeros(0))
    assert found.total(np.zeros(0, bool)) == (0, 0)


def test_two_figures_differ_beyond_two_standard_errors_of_both() -> None:
    assert not differ((1.0, 3.0), (10.9, 4.0))
    assert differ((1.0, 3.0), (11.1, 4.0))
    assert not differ((1.0, 0.0), (1.0, 0.0))


# ---- simulated programmes


def sums_of(truth: np.ndarray, s: np.ndarray, draw: np.random.Generator) -> Buckets:
    """Sums by bucket of units of mean 100 and sd 100, as many as give the standard error."""
    per_bucket = np.maximum(2 * (100 / s) ** 2 / 100, 3)[:, None, None].round()
    size = (len(s), 2, 100)
    n = np.broadcast_to(per_bucket, size).copy()
    lift = np.stack([np.zeros(len(s)), truth], axis=1)[:, :, None]
    mean = 100 + lift + draw.standard_normal(size) * 100 / np.sqrt(n)
    squares = 1e4 * draw.chisquare(n - 1) + n * (mean - 100) ** 2
    return Buckets(n, n * (mean - 100), squares, np.full(len(s), 100.0))


@pytest.mark.parametrize("world", WORLDS)
def test_the_worth_of_the_rule_is_true_and_agrees_with_shrinkage(world: str) -> None:
    draw = np.random.default_rng([7, WORLDS.index(world)])
    rows = []
    for _ in range(40):
        p = programme(world, 100, draw)
        sums = sums_of(p.truth, p.s, draw)
        found = cross_validate(sums, np.ones(100))
        every = np.ones(100, bool)
        value, se = found.total(every)
        n, s, q = (part.sum(axis=2) for part in (sums.n, sums.s, sums.q))
        y = (s[:, 1] - s[:, 0]) / n[:, 0] / (100 + s[:, 0] / n[:, 0])
        error = np.sqrt(((q - s**2 / n) / (n - 1) / n).sum(axis=1)) / 100
        rule = shrink(y, error).total(found.shipped)
        truth = p.truth @ found.shipped / 100
        rows.append((value, truth, abs(value - truth) < Z * se,
                     differ((value, se), (rule.value, rule.se)), y @ (y > Z * error)))  # fmt: skip
    value, truth, held, disputed, naive = np.array(rows).mean(axis=0)
    assert value / truth == pytest.approx(1, abs=0.12)
    assert naive / truth > 1.4
    assert held >= 0.9
    assert disputed <= 0.1
