"""Posteriors against integration on a fine grid, and what must not matter."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.experiments import shrinkage
from analytics.experiments.shrinkage import POWERS, Shrinkage, shrink
from tests.unit.analytics.experiments.programmes import programme


def effects(count: int = 40, seed: int = 5, world: str = "mostly null") -> tuple:
    p = programme(world, count, np.random.default_rng(seed))
    return p.y, p.s


def by_integration(
    fit: Shrinkage, y: np.ndarray, s: np.ndarray, some: int
) -> tuple[np.ndarray, ...]:
    """Posterior mean and sd and the chance to have measured less, on a grid of true effects.

    The narrow widths of the grid are as good as a point: they are taken as one where they are
    narrower than some steps.
    """
    from scipy.stats import norm

    at = np.linspace(-20, 20, 20_001)
    step = at[1] - at[0]
    usual = np.exp(np.log(s).mean())
    first, second, below = (np.zeros(some) for _ in range(3))
    for weight, prior in zip(fit.weights, fit.priors, strict=True):
        for i in range(some):
            widths = prior.widths * (s[i] / usual) ** prior.power
            is_point = widths < 5 * step
            wide = norm.pdf(at, prior.mode, widths[~is_point][:, None])
            mass = prior.shares[~is_point] @ wide * step
            mass[np.abs(at - prior.mode).argmin()] += prior.shares[is_point].sum()
            posterior = mass * norm.pdf(y[i], at, s[i])
            posterior /= posterior.sum()
            first[i] += weight * (posterior @ at)
            second[i] += weight * (posterior @ at**2)
            below[i] += weight * (mass @ norm.cdf(y[i], at, s[i]))
    return first, np.sqrt(second - first**2), below


@pytest.mark.parametrize("world", ["mostly null", "positive mean"])
def test_posteriors_are_what_integration_finds(world: str) -> None:
    y, s = effects(60, 3, world)
    fit = shrink(y, s)
    mean, sd, below = by_integration(fit, y, s, 8)
    assert fit.mean[:8] == pytest.approx(mean, abs=2e-3)
    assert fit.sd[:8] == pytest.approx(sd, abs=2e-3)
    assert fit.pit[:8] == pytest.approx(below, abs=2e-3)


def drawn(fit: Shrinkage, times: int) -> np.ndarray:
    """True effects drawn from the posterior; all of a draw under the same prior."""
    draw = np.random.default_rng(1)
    found = []
    for answer, weight in enumerate(fit.weights):
        size = (round(times * weight), fit.chances.shape[1])
        edge = fit.chances[answer].cumsum(axis=1)
        width = (draw.random(size)[:, :, None] > edge).sum(axis=2).clip(max=edge.shape[1] - 1)
        row = np.arange(size[1])
        found.append(draw.normal(fit.means[answer][row, width], fit.sds[answer][row, width]))
    return np.concatenate(found)


def test_sums_products_and_chances_are_those_of_draws_from_the_posterior() -> None:
    y, s = effects(12, world="normal")
    fit = shrink(y / 100, s / 100)
    share = np.array([1.0, 0.5] * 3 + [0.0] * 6)
    seen = drawn(fit, 100_000)
    total, product = fit.total(share), fit.product(share)
    sums, grown = seen @ share, np.prod(1 + seen * share, axis=1) - 1
    error = 4 / np.sqrt(len(seen))
    assert total.value == pytest.approx(sums.mean(), abs=error * sums.std())
    assert total.se == pytest.approx(sums.std(), rel=0.02)
    assert product.value == pytest.approx(grown.mean(), abs=error * grown.std())
    assert product.se == pytest.approx(grown.std(), rel=0.02)
    assert np.mean((grown >= product.low) & (grown <= product.high)) == pytest.approx(
        0.95, abs=0.02
    )
    beyond = (np.abs(seen) > 0.01).mean(axis=0)
    assert fit.chance_beyond(0.01) == pytest.approx(beyond, abs=error)


def test_equal_errors_and_one_normal_of_effects_shrink_by_a_constant() -> None:
    draw = np.random.default_rng(8)
    y = draw.normal(0, 2, 4_000) + draw.normal(0, 1, 4_000)
    fit = shrink(y, np.ones(4_000))
    inner = np.abs(y) < 4
    assert fit.mean[inner] / y[inner] == pytest.approx(0.8, abs=0.06)
    assert fit.tau == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize("world", ["normal", "mostly null", "big tests chase small effects"])
def test_no_other_shares_of_the_widths_explain_the_data_better(
    world: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    y, s = effects(80, 2, world)
    found = shrink(y, s)
    monkeypatch.setattr(shrinkage, "_ROUNDS", 30_000)
    monkeypatch.setattr(shrinkage, "_CLOSE", 1e-12)
    best = shrink(y, s)
    for ours, theirs in zip(found.priors, best.priors, strict=True):
        assert ours.log_likelihood == pytest.approx(theirs.log_likelihood, abs=0.1)
    assert found.mean == pytest.approx(best.mean, abs=0.05 * float(np.abs(y).max()))


def test_another_mode_than_0_is_taken_only_where_it_explains_far_more() -> None:
    draw = np.random.default_rng(4)
    s = np.full(200, 0.5)
    symmetric = draw.normal(0, 1, 200) + draw.normal(0, 0.5, 200)
    assert [prior.mode for prior in shrink(symmetric, s).priors] == [0, 0, 0]
    moved = shrink(symmetric + 3, s)
    assert [prior.mode for prior in moved.priors] == pytest.approx([3, 3, 3], abs=0.3)
    # Far from the mode is drawn towards the mode, not towards 0.
    lowest = int((symmetric + 3).argmin())
    assert moved.mean[lowest] > symmetric[lowest] + 3


def test_effects_that_grow_with_noise_are_told_from_effects_that_do_not() -> None:
    grown, level = effects(300, 1, "big tests chase small effects"), effects(300, 1, "normal")
    assert shrink(*grown).weights @ POWERS > 0.7
    assert shrink(*level).weights @ POWERS < 0.3


def test_calibration_shows_a_prior_that_cannot_fit() -> None:
    from scipy.stats import kstest

    draw = np.random.default_rng(6)
    s = np.full(1_000, 0.3)
    noise = draw.normal(0, 0.3, 1_000)
    fitting, skewed = draw.standard_t(4, 1_000), draw.exponential(2, 1_000)
    assert kstest(shrink(fitting + noise, s).pit, "uniform").pvalue > 0.01
    assert kstest(shrink(skewed + noise, s).pit, "uniform").pvalue < 1e-4


def test_the_order_of_effects_and_their_unit_do_not_matter() -> None:
    y, s = effects()
    order = np.random.default_rng(9).permutation(len(y))
    plain, mixed = shrink(y, s), shrink(y[order], s[order])
    assert np.array_equal(plain.mean[order], mixed.mean)
    assert np.array_equal(plain.sd[order], mixed.sd)
    assert np.array_equal(shrink(y, s).mean, plain.mean)
    assert shrink(y / 100, s / 100).mean * 100 == pytest.approx(plain.mean, rel=1e-6, abs=1e-9)
    assert shrink(-y, s).mean == pytest.approx(-plain.mean, rel=1e-6, abs=1e-9)


def test_noise_alone_is_shrunken_to_almost_nothing() -> None:
    draw = np.random.default_rng(2)
    s = np.exp(draw.uniform(-1, 1, 200))
    y = s * draw.standard_normal(200)
    assert np.abs(shrink(y, s).mean / y).max() < 0.2


def test_one_effect_and_none_have_answers() -> None:
    one = shrink(np.array([3.0]), np.array([1.0]))
    assert 0 <= one.mean[0] < 3
    assert np.isfinite(one.sd).all()
    none = shrink(np.array([]), np.array([]))
    assert len(none.mean) == len(none.sd) == len(none.pit) == 0
    assert np.isnan(none.tau)
    assert none.total(np.array([])).value == 0


@pytest.mark.parametrize("y", [0.0, 1e-12, 1e6])
def test_alike_effects_and_very_unlike_errors_have_answers(y: float) -> None:
    fit = shrink(np.full(50, y), np.geomspace(1e-6, 1e3, 50))
    assert np.isfinite(fit.mean).all()
    assert np.isfinite(fit.sd).all()


@pytest.mark.parametrize(
    ("y", "s"),
    [(np.nan, 1.0), (np.inf, 1.0), (1.0, 0.0), (1.0, -1.0), (1.0, np.nan), (1.0, np.inf)],
)
def test_what_was_not_measured_is_refused_with_its_place(y: float, s: float) -> None:
    with pytest.raises(ValueError, match="effect 1 is"):
        shrink(np.array([0.0, y]), np.array([1.0, s]))


def test_effects_without_their_errors_are_refused() -> None:
    with pytest.raises(ValueError, match="give one of each"):
        shrink(np.zeros(3), np.ones(2))
