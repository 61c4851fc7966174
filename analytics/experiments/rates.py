"""Shares of few cases, with what their number allows to say.

Belongs here: intervals of a share, what a win rate says of tests without effect. Does not belong
here: which experiments are counted (`portfolio`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_Z = 1.959964  # 95 %
_NAN = float("nan")


@dataclass(frozen=True)
class Rate:
    """So many of so many, with a 95 % interval; NaN of none."""

    num: int
    den: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share."""
        return self.num / self.den if self.den else _NAN


@dataclass(frozen=True)
class Risk:
    """Of tests: the share without effect, and of their wins the share that are chance.

    `low` and `high` are those of the risk, from the interval of the win rate.
    """

    null_share: float
    value: float
    low: float
    high: float


def wilson(num: int, den: int) -> Rate:
    """Interval of the score test: good for few cases, never beyond 0 and 1."""
    _check(num, den)
    if not den:
        return Rate(num, den, _NAN, _NAN)
    middle = (num + _Z**2 / 2) / (den + _Z**2)
    half = _Z * np.sqrt(num * (den - num) / den + _Z**2 / 4) / (den + _Z**2)
    low = 0.0 if num == 0 else float(middle - half)
    return Rate(num, den, low, 1.0 if num == den else float(middle + half))


def clopper_pearson(num: int, den: int) -> Rate:
    """Exact interval: holds at least as often as promised, of rare cases too."""
    from scipy.special import betaincinv

    _check(num, den)
    if not den:
        return Rate(num, den, _NAN, _NAN)
    low = float(betaincinv(num, den - num + 1, 0.025)) if num else 0.0
    return Rate(num, den, low, float(betaincinv(num + 1, den - num, 0.975)) if num < den else 1.0)


def false_positive_risk(wins: Rate, alpha: float, power: float) -> Risk:
    """How many wins are chance (Kohavi, Deng, Vermeer 2022, "A/B testing intuition busters").

    Wins come from tests with an effect (`power` of them) and from those without (`alpha` / 2 of
    them, in the right direction): the rate of wins says how many of either kind there are.

    Args:
        wins: Significant in the right direction, of valid tests.
        alpha: Two-sided level of the tests, on average.
        power: As planned, on average.
    """
    if not (0 < alpha / 2 < power <= 1) or not wins.den:
        return Risk(_NAN, _NAN, _NAN, _NAN)

    def null_share(rate: float) -> float:
        return min(max((power - rate) / (power - alpha / 2), 0.0), 1.0)

    def risk(rate: float) -> float:
        none = null_share(rate)
        chance = alpha / 2 * none
        return chance / (chance + power * (1 - none))

    # The more wins, the fewer of them are chance.
    return Risk(null_share(wins.value), risk(wins.value), risk(wins.high), risk(wins.low))


def _check(num: int, den: int) -> None:
    if not 0 <= num <= den:
        raise ValueError(f"{num} of {den} is no share: counts are 0 or more, and a part of a whole")
