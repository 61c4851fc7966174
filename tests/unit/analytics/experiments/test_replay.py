"""The verdict on splits of nothing, against scipy's statistics and on known mixtures."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.experiments.replay import binomial_interval, even_p, judge


@pytest.mark.parametrize("n", [1, 20, 500, 2_000, 100_000])
@pytest.mark.parametrize("share", [0.001, 0.05, 0.5])
def test_the_interval_is_the_exact_binomial_one(n: int, share: float) -> None:
    from scipy.stats import binom

    low, high = binomial_interval(n, share, 0.999)
    assert binom.cdf(low - 1, n, share) <= 0.0005 < binom.cdf(low, n, share)
    assert binom.sf(high, n, share) <= 0.0005 < binom.sf(high - 1, n, share)


@pytest.mark.parametrize("power", [0.8, 1.0, 1.1, 1.5])
def test_evenness_is_scipys(power: float) -> None:
    from scipy.stats import kstest

    p = np.random.default_rng(1).random(2_000) ** power
    assert even_p(p) == pytest.approx(kstest(p, "uniform").pvalue, rel=0.1, abs=1e-12)


def test_even_p_values_are_sound_and_others_have_their_own_word() -> None:
    p = np.random.default_rng(2).random(2_000)
    assert judge(p).verdict == "sound"
    assert judge(p).rate == pytest.approx(0.05, abs=0.015)
    assert judge(p**1.5).verdict == "false_alarms"
    assert judge(np.clip(p + 0.04, 0, 1)).verdict == "dull"
    assert judge(np.where(p < 0.05, p, 0.05 + (p - 0.05) ** 2)).verdict == "uneven"


def test_a_sound_metric_is_nearly_always_called_sound() -> None:
    draw = np.random.default_rng(3)
    words = [judge(draw.random(500)).verdict for _ in range(400)]
    assert words.count("sound") >= 397


def test_few_splits_say_nothing_and_a_split_without_p_is_told() -> None:
    p = np.random.default_rng(4).random(500)
    assert judge(p[:50]).verdict == "too_few_splits"
    assert judge(np.append(p, np.nan)).verdict == "not_computable"
    assert judge(np.full(300, np.nan)).verdict == "not_computable"


# ---- bad input


def test_nothing_is_too_few() -> None:
    found = judge([])
    assert (found.verdict, found.splits, found.false_positives) == ("too_few_splits", 0, 0)
    assert np.isnan(found.rate)
    assert np.isnan(even_p([]))


def test_what_is_no_p_is_refused() -> None:
    with pytest.raises(ValueError, match=r"outside 0\.\.1"):
        judge([0.5, 1.01])
    for bad in ((-1, 0.5, 0.9), (10, 0.0, 0.9), (10, 0.5, 1.0)):
        with pytest.raises(ValueError, match="no interval"):
            binomial_interval(*bad)
