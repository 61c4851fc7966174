"""What experiments truly did, given what they measured: effects shrunken towards the usual.

Among many tests those that look best were also lucky. How much of it was luck is learnt from all
tests together: effects are drawn from a mixture of normals of many widths around one mode, and the
mixture is whatever makes the measured effects most likely (adaptive shrinkage: Stephens 2017,
Biostatistics 18(2)). Whether an effect grows with its standard error is not known, so that three
answers are averaged by how well they explain the data.

    y_i | theta_i ~ N(theta_i, s_i^2),   (theta_i - mode) / s_i^a ~ sum_k pi_k N(0, sigma_k^2),
    a in {0, 1/2, 1}

Belongs here: the prior, the posterior of each effect and of sums of effects. Does not belong here:
which experiments are pooled and what is summed (`impact`), how an effect was measured (`kernel`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
POWERS = (0.0, 0.5, 1.0)
_WIDTHS = 16  # of the grid, beside the point mass
_LONGEST = 1e4  # from one end of the grid to the other; else one huge test would thin it out
_NULL_PENALTY = 1.0  # so many unseen effects of exactly the mode: keeps chance from looking real
_MODE_FROM = 30  # effects; the mode of fewer would be those effects themselves
_LEAST_GAIN = 2.0  # of the log likelihood, below which a mode other than 0 is not believed
_ROUNDS = 1_000
_MODE_ROUNDS = 10
_CLOSE = 1e-5  # of the log likelihood, by effect, within ten rounds
_Z = 1.959964  # 95 %


@dataclass(frozen=True)
class Estimate:
    """A figure, its standard error and its 95 % interval."""

    value: float
    se: float
    low: float
    high: float

    @classmethod
    def normal(cls, value: float, se: float) -> Estimate:
        """Of a figure that errs like a normal one."""
        return cls(value, se, value - _Z * se, value + _Z * se)


@dataclass(frozen=True)
class Prior:
    """One of the answers: effects' distribution where they grow with s to some power.

    `widths` are in units of `scale`, which is (s / usual s)^power of each effect.
    """

    power: float
    mode: float
    shares: Array
    widths: Array
    log_likelihood: float

    def variances(self, scale: Array) -> Array:
        """Variance of each effect under each width."""
        return (scale[:, None] * self.widths) ** 2


@dataclass(frozen=True)
class Shrinkage:
    """Posteriors: per answer, effect and width a chance, a mean and a standard deviation."""

    priors: tuple[Prior, ...]
    weights: Array  # [answer], how well each explains the data
    chances: Array  # [answer, effect, width]
    means: Array
    sds: Array
    prior_sd: Array  # [effect]
    pit: Array  # [effect]: uniform between 0 and 1 if the priors are right

    @cached_property
    def moments(self) -> tuple[Array, Array]:
        """Mean and variance of each effect, per answer."""
        mean = (self.chances * self.means).sum(axis=2)
        spread = self.sds**2 + (self.means - mean[:, :, None]) ** 2
        return mean, (self.chances * spread).sum(axis=2)

    @property
    def mean(self) -> Array:
        """Shrunken value of each effect."""
        return self.weights @ self.moments[0]

    @property
    def sd(self) -> Array:
        """How uncertain each shrunken value is. Where answers differ, that is uncertainty too."""
        mean, variance = self.moments
        return np.sqrt(self.weights @ (variance + (mean - self.mean) ** 2))

    @property
    def tau(self) -> float:
        """How far true effects usually lie from their mode; NaN of nothing."""
        return float(np.sqrt(np.mean(self.prior_sd**2))) if len(self.prior_sd) else float("nan")

    def chance_beyond(self, size: float) -> Array:
        """Chance of each effect to be larger than `size`, in either direction."""
        up = _normal((self.means - size) / np.maximum(self.sds, 1e-300))
        down = _normal((-size - self.means) / np.maximum(self.sds, 1e-300))
        return self.weights @ (self.chances * (up + down)).sum(axis=2)

    def total(self, share: Array) -> Estimate:
        """Sum of effects, each times its share. Effects are independent given the prior."""
        mean, variance = self.moments
        return _mixed(self.weights, mean @ share, variance @ share**2)

    def product(self, share: Array) -> Estimate:
        """What effects make of 1, one after the other: prod(1 + share x effect) - 1.

        The interval is that of a log-normal of the same mean and variance.
        """
        mean, variance = self.moments
        means = np.prod(1 + mean * share, axis=1)
        squares = np.prod((1 + mean * share) ** 2 + variance * share**2, axis=1)
        plain = _mixed(self.weights, means, squares - means**2)
        width = np.sqrt(np.log1p((plain.se / plain.value) ** 2)) if plain.value > 0 else np.nan
        middle = plain.value * np.exp(-(width**2) / 2)
        low, high = middle * np.exp(-_Z * width), middle * np.exp(_Z * width)
        return Estimate(plain.value - 1, plain.se, float(low) - 1, float(high) - 1)


def shrink(effect: Array, se: Array) -> Shrinkage:
    """Learns the prior from all effects and gives each its posterior.

    Nothing is drawn by chance, and the order of effects does not matter. Uncertainty of the prior
    itself is not in the posteriors: with few effects (less than some 30), or where nearly all are
    smaller than a test can see, they are too sure.

    Raises:
        ValueError: If an effect or standard error is not a number, or a standard error not above 0.
    """
    y, s = _checked(effect, se)
    if not len(y):
        none = np.zeros((0, 0, 0))
        return Shrinkage((), np.zeros(0), none, none, none, y, y)
    order = np.lexsort((s, y))  # so that another order is the same to the last digit
    usual = np.exp(np.log(s[order]).mean())
    scales = [(s / usual) ** power for power in POWERS]
    priors = [
        _fit(y[order], s[order], scale[order], power)
        for scale, power in zip(scales, POWERS, strict=True)
    ]
    likelihood = np.array([prior.log_likelihood for prior in priors])
    weights = np.exp(likelihood - likelihood.max())
    weights /= weights.sum()
    fits = [_posterior(y, s, scale, prior) for scale, prior in zip(scales, priors, strict=True)]
    chances, means, sds, pits = (np.stack(part) for part in zip(*fits, strict=True))
    modes = np.array([prior.mode for prior in priors])
    spread = np.stack([
        prior.variances(scale) @ prior.shares for prior, scale in zip(priors, scales, strict=True)
    ])  # fmt: skip
    prior_sd = np.sqrt(weights @ (spread + (modes - weights @ modes)[:, None] ** 2))
    return Shrinkage(tuple(priors), weights, chances, means, sds, prior_sd, weights @ pits)


def _checked(effect: Array, se: Array) -> tuple[Array, Array]:
    y, s = np.asarray(effect, np.float64), np.asarray(se, np.float64)
    if y.ndim != 1 or y.shape != s.shape:
        raise ValueError(f"{y.shape} effects for {s.shape} standard errors; give one of each")
    bad = np.flatnonzero(~(np.isfinite(y) & np.isfinite(s) & (s > 0)))
    if len(bad):
        raise ValueError(
            f"effect {bad[0]} is {y[bad[0]]} with standard error {s[bad[0]]}; "
            "leave out what could not be measured"
        )
    return y, s


def _grid(y: Array, s: Array, scale: Array) -> Array:
    """Widths from far below what can be told from nothing to twice what was seen."""
    low = float((s / scale).min()) / 10
    seen = float(np.max((y**2 - s**2) / scale**2))
    high = max(2 * np.sqrt(max(seen, 0.0)), 8 * low)
    low = max(low, high / _LONGEST)
    return np.concatenate([[0.0], np.geomspace(low, high, _WIDTHS)])


def _fit(y: Array, s: Array, scale: Array, power: float) -> Prior:
    """The likeliest prior around 0, or around a mode of its own where that is far likelier."""
    widths = _grid(y, s, scale)
    variance = s[:, None] ** 2 + (scale[:, None] * widths) ** 2
    start = np.full(len(widths), 1 / len(widths))
    shares, plain = _shares(_log_density(y, variance), start)
    moved, mode, gained = shares, 0.0, plain
    if len(y) < _MODE_FROM:
        return Prior(power, mode, shares, widths, plain)
    for _ in range(_MODE_ROUNDS):
        weight = _chances(_log_density(y - mode, variance), moved) / variance
        mode, before = float((weight.sum(axis=1) @ y) / weight.sum()), gained
        # A share that has died out could never come back.
        start = 0.99 * moved + 0.01 / len(widths)
        moved, gained = _shares(_log_density(y - mode, variance), start)
        if gained - before < _LEAST_GAIN / 40:
            break
    if gained - plain > _LEAST_GAIN:
        return Prior(power, mode, moved, widths, gained)
    return Prior(power, 0.0, shares, widths, plain)


def _shares(log_density: Array, start: Array) -> tuple[Array, float]:
    """EM: the shares of the widths that make the data likeliest, and the log likelihood."""
    top = log_density.max(axis=1)
    density = np.exp(log_density - top[:, None])
    unseen = np.zeros(len(start))
    unseen[0] = _NULL_PENALTY
    shares, reached = start, -np.inf
    for number in range(_ROUNDS):
        mixed = density @ shares
        if number % 10 == 0:
            before, reached = reached, float(np.log(mixed).sum() + unseen[0] * np.log(shares[0]))
            if reached - before < _CLOSE * len(mixed):
                break
        counted = shares * (density.T @ (1 / mixed)) + unseen
        shares = counted / counted.sum()
    return shares, float((np.log(density @ shares) + top).sum())


def _log_density(distance: Array, variance: Array) -> Array:
    return -0.5 * (np.log(2 * np.pi * variance) + distance[:, None] ** 2 / variance)


def _chances(log_density: Array, shares: Array) -> Array:
    """Of each width, given what was seen."""
    weighed = np.exp(log_density - log_density.max(axis=1)[:, None]) * shares
    return weighed / weighed.sum(axis=1)[:, None]


def _posterior(y: Array, s: Array, scale: Array, prior: Prior) -> tuple[Array, Array, Array, Array]:
    """Chance, mean and sd of each effect under each width; where y lies in what was foretold."""
    spread = prior.variances(scale)
    variance = spread + s[:, None] ** 2
    kept = spread / variance
    distance = (y - prior.mode)[:, None]
    chances = _chances(_log_density(y - prior.mode, variance), prior.shares)
    pit = _normal(distance / np.sqrt(variance)) @ prior.shares
    return chances, prior.mode + kept * distance, np.sqrt(kept) * s[:, None], pit


def _mixed(weights: Array, means: Array, variances: Array) -> Estimate:
    """One estimate of several answers."""
    value = float(weights @ means)
    return Estimate.normal(value, float(np.sqrt(weights @ (variances + (means - value) ** 2))))


def _normal(z: Array) -> Array:
    from scipy.special import ndtr

    return ndtr(z)
