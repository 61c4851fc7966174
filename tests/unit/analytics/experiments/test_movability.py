"""What metrics can be moved by, against what made-up effects were drawn from."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.experiments.impact import Measured, learn
from analytics.experiments.movability import movability, together
from analytics.experiments.rates import wilson


def test_spread_of_true_effects_is_found_under_the_noise() -> None:
    draw = np.random.default_rng(1)
    count = 1_000
    metric = np.repeat(["easy", "hard"], count)
    truth = draw.standard_normal(2 * count) * np.where(metric == "easy", 0.03, 0.004)
    se = np.exp(draw.uniform(np.log(0.004), np.log(0.02), 2 * count))
    effect = truth + se * draw.standard_normal(2 * count)
    every = np.ones(2 * count, bool)
    learnt = learn(Measured(metric, effect, se, every, every, np.ones(2 * count)))
    easy, hard = movability(learnt, 2 * (1 - _cdf(np.abs(effect / se))), np.full(2 * count, 0.05))
    assert (easy.metric, hard.metric) == ("easy", "hard")
    assert easy.tau == pytest.approx(0.03, rel=0.1)
    assert hard.tau == pytest.approx(0.004, rel=0.35)
    beyond = np.abs(truth) > 0.01
    assert easy.notable_share == pytest.approx(beyond[:count].mean(), abs=0.03)
    assert hard.notable_share == pytest.approx(beyond[count:].mean(), abs=0.03)
    assert easy.typical_effect == pytest.approx(np.median(np.abs(truth[:count])), rel=0.15)
    assert hard.large_effect < np.quantile(np.abs(effect[count:]), 0.9) / 2
    assert easy.moved.value > 2 * hard.moved.value


def _cdf(z: np.ndarray) -> np.ndarray:
    from scipy.stats import norm

    return norm.cdf(z)


def test_shares_moved_by_hand() -> None:
    valid = np.array([True, True, True, True, False])
    effect = np.array([0.1, -0.1, 0.0, np.nan, 0.3])
    metric = np.full(5, "m")
    learnt = learn(Measured(metric, effect, np.full(5, 0.01), valid, valid, np.ones(5)))
    p = np.array([0.01, 0.02, 0.5, np.nan, 0.0])
    (found,) = movability(learnt, p, np.full(5, 0.05))
    assert (found.tests, found.moved, found.is_known) == (3, wilson(2, 3), False)


def test_a_metric_without_a_usable_test_has_no_prior() -> None:
    none = np.zeros(1, bool)
    learnt = learn(Measured(np.array(["m"]), np.ones(1), np.ones(1), none, none, np.ones(1)))
    (found,) = movability(learnt, np.array([0.01]), np.array([0.05]))
    assert (found.tests, found.moved.den) == (0, 0)
    assert np.isnan([found.tau, found.typical_effect, found.notable_share]).all()
    empty = learn(Measured(np.array([], str), *(np.zeros(0),) * 2, *(np.zeros(0, bool),) * 2,
                           np.zeros(0)))  # fmt: skip
    assert movability(empty, np.zeros(0), np.zeros(0)) == ()


def test_correlation_of_true_effects_is_freed_of_shared_people() -> None:
    draw = np.random.default_rng(2)
    count = 20_000
    noise = np.array([[1.0, 0.9], [0.9, 1.0]]) * np.exp(draw.uniform(-1, 1, count))[:, None, None]
    truth = draw.multivariate_normal([0, 0], [[1, -0.5], [-0.5, 1]], count)
    seen = truth + (np.linalg.cholesky(noise) @ draw.standard_normal((count, 2, 1)))[:, :, 0]
    found = together(seen, noise)
    assert found.true[0, 1] == pytest.approx(-0.5, abs=0.05)
    assert found.seen[0, 1] > 0.1  # the wrong sign
    assert found.true[0, 0] == pytest.approx(1)
    assert np.array_equal(found.true, found.true.T)


def test_pairs_are_counted_over_what_measured_both() -> None:
    draw = np.random.default_rng(3)
    effects = draw.standard_normal((50, 3))
    effects[:10, 0] = np.nan
    effects[5:20, 1] = np.nan
    effects[:, 2] = np.nan
    sampling = np.broadcast_to(np.eye(3) * 1e-6, (50, 3, 3)).copy()
    sampling[20, 0, 0] = np.nan
    found = together(effects, sampling)
    assert found.tests.tolist() == [[39, 29, 0], [29, 35, 0], [0, 0, 0]]
    assert np.isnan(found.true[2]).all()
    assert found.seen[0, 1] == pytest.approx(np.corrcoef(effects[21:, 0], effects[21:, 1])[0, 1])


def test_noise_that_explains_all_spread_leaves_nothing_to_correlate() -> None:
    effects = np.random.default_rng(4).standard_normal((30, 2))
    found = together(effects, np.broadcast_to(np.eye(2) * 100, (30, 2, 2)))
    assert np.isnan(found.true).all()
    assert np.isfinite(found.seen).all()


def test_covariances_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="covariances for"):
        together(np.zeros((3, 2)), np.zeros((3, 2)))
    assert np.isnan(together(np.zeros((0, 2)), np.zeros((0, 2, 2))).true).all()
