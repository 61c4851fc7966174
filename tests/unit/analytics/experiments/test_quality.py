"""The quality score, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.experiments.quality import (
    CHECKS,
    as_check,
    is_decided_in_time,
    is_full_weeks,
    is_precise,
    is_split_right,
    quality,
)

NAN = float("nan")


def checks(*rows: tuple[float, ...]) -> dict[str, np.ndarray]:
    return dict(zip(CHECKS, np.array(rows).T, strict=True))


def test_the_score_is_the_share_of_what_applies() -> None:
    found = quality(checks((1,) * 10, (0,) * 10, (1, 1, 1, 0, 0, 0, 0, 0, 0, 0),
                           (1, NAN, 1, 0, NAN, 0, NAN, NAN, NAN, NAN), (NAN,) * 10))  # fmt: skip
    assert found.score == pytest.approx([1, 0, 0.3, 0.5, NAN], nan_ok=True)
    assert found.passed.tolist() == [10, 0, 3, 2, 0]
    assert found.applicable.tolist() == [10, 10, 10, 4, 0]


def test_weights_are_shared_out_among_what_applies() -> None:
    row = (1, 0, NAN, 1, 0, 0, 0, 0, 0, 0)
    found = quality(checks(row), {"hypothesis": 3, "preregistered": 50, "split": 0})
    # 3 (hypothesis) of 3 + 1 (guardrail) + 6 others; the split weighs nothing, the plan not here.
    assert found.score == pytest.approx([3 / 10])


def test_weights_of_nothing_leave_no_score() -> None:
    assert np.isnan(quality(checks((1,) * 10), dict.fromkeys(CHECKS, 0.0)).score).all()


def test_no_experiments_have_no_scores() -> None:
    assert len(quality({name: np.array([]) for name in CHECKS}).score) == 0


def test_checks_of_plain_facts() -> None:
    assert is_split_right(np.array([0.0009, 0.001, 0.5, NAN])) == pytest.approx(
        [0, 1, 1, NAN], nan_ok=True
    )
    assert is_full_weeks(np.array([0, 7, 13, 14, NAN])) == pytest.approx(
        [0, 1, 0, 1, NAN], nan_ok=True
    )
    precise = is_precise(np.array([1.0, 1.1, 1.0, NAN]), np.array([1.0, 1.0, NAN, 1.0]))
    assert precise == pytest.approx([1, 0, NAN, NAN], nan_ok=True)
    assert is_decided_in_time(np.array([0, 14, 15, NAN])) == pytest.approx(
        [1, 1, 0, NAN], nan_ok=True
    )
    assert as_check(np.array([True, False])).tolist() == [1, 0]


def test_bad_checks_and_weights_are_refused() -> None:
    good = checks((1,) * 10)
    with pytest.raises(ValueError, match="missing or unknown checks: split"):
        quality({name: value for name, value in good.items() if name != "split"})
    with pytest.raises(ValueError, match="missing or unknown checks: luck"):
        quality(good, {"luck": 1})
    with pytest.raises(ValueError, match="a check is 1"):
        quality(good | {"data": np.array([0.5])})
    for weight in (-1.0, NAN, float("inf")):
        with pytest.raises(ValueError, match="numbers of 0 or more"):
            quality(good, {"data": weight})
