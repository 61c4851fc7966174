"""Sizes of tests, against what statsmodels and tea-tasting returned and against each other."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from analytics.experiments import power as planning
from analytics.experiments.power import mde_relative, power_at, sample_size, weeks
from tests.unit.analytics.experiments.world import expected

CASES = sorted(expected()["misc"]["power"])


def asked(case: str) -> dict:
    mean, mde, chance, ratio = (float(part) for part in case.split("_")[:4])
    variance = mean * (1 - mean) if mean < 1 else 60.0**2
    return {
        "mean": mean,
        "variance": variance,
        "mde_relative": mde,
        "power": chance,
        "allocation": (1, ratio),
    }


@pytest.mark.parametrize("case", CASES)
def test_sizes_are_those_of_statsmodels_to_two_units(case: str) -> None:
    known = expected()["misc"]["power"][case]
    found = sample_size(**asked(case))
    assert sum(found.per_arm) == found.total
    assert 0 <= found.total - known["sm_norm_total"] <= 2
    # Student's t adds about two.
    assert abs(found.total - known["sm_t_total"]) <= 2
    if "use_t" in case:
        assert abs(found.total - known["tea_total"]) <= 2


def test_arms_of_unequal_size_are_solved_where_a_peers_solver_breaks() -> None:
    import tea_tasting as tt

    case = next(c for c in CASES if "0.25" in c and "equal_var': False" in c)
    assert "NaN" in expected()["misc"]["power"][case]["tea_total"]
    found = sample_size(**asked(case))
    assert found.per_arm[0] == pytest.approx(4 * found.per_arm[1], abs=4)
    planned = tt.Mean("y", alpha=0.05, power=0.8, ratio=0.25, rel_effect_size=0.03, use_t=False)
    from tea_tasting.aggr import Aggregates

    known = Aggregates(count_=1_000, mean_={"y": 22.1}, var_={"y": 3600.0}, cov_={})
    theirs = planned.solve_power_from_aggregates(known, "n_obs")[0].n_obs
    assert abs(found.total - theirs) <= 2


@pytest.mark.parametrize("chance", [0.06, 0.3, 0.8, 0.99])
@pytest.mark.parametrize("allocation", [(0.5, 0.5), (0.9, 0.1)])
def test_size_effect_and_power_are_one_equation(
    chance: float, allocation: tuple[float, float]
) -> None:
    size = sample_size(10, 400, 0.01, power=chance, allocation=allocation, correlation=0.6)
    effect = mde_relative(*size.per_arm, 10, 400, power=chance, correlation=0.6)
    assert effect == pytest.approx(0.01, rel=1e-3)
    se = np.sqrt(400 * (1 - 0.36) * sum(1 / n for n in size.per_arm))
    assert power_at(0.01, 10, se) == pytest.approx(chance, abs=1e-3)


def test_power_is_how_often_chance_finds_the_effect() -> None:
    draw = np.random.default_rng(1)
    for effect in (0.0, 0.1, 1.0, 2.8):
        found = np.abs(draw.standard_normal(200_000) + effect) > 1.959964
        away = np.array(effect) if effect else np.array(1e-12)
        assert power_at(away, 1.0, 1.0) == pytest.approx(found.mean(), abs=0.005)


def test_cuped_saves_the_square_of_the_correlation() -> None:
    plain = sample_size(10, 400, 0.01).total
    assert sample_size(10, 400, 0.01, correlation=-0.7).total == pytest.approx(plain * 0.51, abs=2)


def test_several_arms_are_sized_for_the_smallest_of_them() -> None:
    found = sample_size(10, 400, 0.02, allocation=(0.5, 0.3, 0.2))
    two = sample_size(10, 400, 0.02, allocation=(5, 2))
    assert found.per_arm[0] == pytest.approx(two.per_arm[0], abs=1)
    assert found.per_arm[2] == pytest.approx(two.per_arm[1], abs=1)


def test_weeks_are_whole() -> None:
    assert [weeks(n, 1_000) for n in (1, 1_000, 1_001, 2_500)] == [1, 1, 2, 3]
    assert weeks(3 * 0.1, 0.1) == 3


def test_power_is_never_that_of_the_effect_that_was_found() -> None:
    for _, function in inspect.getmembers(planning, inspect.isfunction):
        assert not {"difference", "effect", "observed", "t", "p"} & set(
            inspect.signature(function).parameters
        )


# ---- bad input


def test_power_at_is_unknown_where_something_is_missing() -> None:
    found = power_at([0.05, np.nan, 0.05, 0.05, 0.0], 10, [0.1, 0.1, np.nan, 0.0, 0.1])
    assert np.isnan(found).tolist() == [False, True, True, True, True]
    assert power_at(-0.05, 10, 0.1) == power_at(0.05, -10, 0.1) == found[0]
    with pytest.raises(ValueError, match="alpha"):
        power_at(0.1, 1, 1, 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mean": 0.0}, "none: neither may be 0"),
        ({"mde_relative": 0.0}, "none: neither may be 0"),
        ({"mde_relative": float("nan")}, "none: neither may be 0"),
        ({"variance": 0.0}, "variance"),
        ({"variance": float("inf")}, "variance"),
        ({"correlation": 1.0}, "correlation"),
        ({"power": 0.04}, "not above alpha"),
        ({"power": 1.0}, "power is 1.0"),
        ({"alpha": 0.0}, "alpha is 0.0"),
        ({"allocation": (1.0,)}, "two arms or more"),
        ({"allocation": (1.0, 0.0)}, "two arms or more"),
        ({"allocation": (0.5, -0.5, 1.0)}, "two arms or more"),
    ],
)
def test_a_size_of_nothing_is_refused(change: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sample_size(**({"mean": 10.0, "variance": 400.0, "mde_relative": 0.05} | change))


def test_what_can_never_be_is_refused() -> None:
    with pytest.raises(ValueError, match="units a week"):
        weeks(100, 0)
    with pytest.raises(ValueError, match="find nothing"):
        mde_relative(100, 0, 10, 400)
    with pytest.raises(ValueError, match="share of a mean"):
        mde_relative(100, 100, 0, 400)
