"""Adjusted p values, against their definitions, scipy's and what statsmodels returned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.experiments.adjust import benjamini_hochberg, holm
from tests.unit.analytics.experiments.world import expected

P = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def holm_by_hand(p: list[float]) -> list[float]:
    """The largest of what each p at or below it comes to."""
    ranked = sorted(range(len(p)), key=lambda at: p[at])
    found, worst = [0.0] * len(p), 0.0
    for place, at in enumerate(ranked):
        worst = max(worst, min(1.0, p[at] * (len(p) - place)))
        found[at] = worst
    return found


def test_they_are_what_statsmodels_returned() -> None:
    known = expected()["misc"]["multiplicity"]
    assert holm(known["p"]) == pytest.approx(known["sm_holm"], rel=1e-12)
    assert holm(known["p"]) == pytest.approx(known["tea_holm"], rel=1e-12)
    assert benjamini_hochberg(known["p"]) == pytest.approx(known["sm_fdr_bh"], rel=1e-12)


def test_holm_is_not_hochbergs_nor_sidaks_which_look_alike() -> None:
    known = expected()["misc"]["multiplicity"]
    for other in ("tea_hochberg_bonf", "tea_sidak", "sm_holm-sidak", "sm_bonferroni"):
        assert holm(known["p"]) != pytest.approx(known[other], rel=1e-3), other


@settings(deadline=None)
@given(P)
def test_holm_is_its_definition(p: list[float]) -> None:
    assert holm(p) == pytest.approx(holm_by_hand(p), rel=1e-12)


@settings(deadline=None)
@given(P)
def test_benjamini_and_hochbergs_is_scipys(p: list[float]) -> None:
    from scipy.stats import false_discovery_control

    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p), rel=1e-12)


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_families_have_nothing_to_do_with_each_other(adjust: type[holm]) -> None:
    draw = np.random.default_rng(1)
    p, family = draw.random(200) ** 3, draw.choice(["a", "b", "c", "d"], 200)
    found = adjust(p, family)
    for name in "abcd":
        assert np.array_equal(found[family == name], adjust(p[family == name]))


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_a_test_without_p_makes_its_family_smaller_and_stays_without(adjust: type[holm]) -> None:
    found = adjust([0.01, np.nan, 0.04, np.nan], [1, 1, 1, 2])
    assert np.array_equal(found[[0, 2]], adjust([0.01, 0.04]))
    assert np.isnan(found[[1, 3]]).all()


def test_very_small_p_keep_their_digits() -> None:
    assert holm([3e-200, 0.5, 1e-300]) == pytest.approx([6e-200, 0.5, 3e-300], rel=1e-12)


def test_a_table_comes_back_as_a_table() -> None:
    p = np.array([[0.01, 0.02], [0.03, 0.5]])
    by_row = holm(p, [[1, 1], [2, 2]])
    assert by_row == pytest.approx(np.array([[0.02, 0.02], [0.06, 0.5]]))


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_nothing_gives_nothing(adjust: type[holm]) -> None:
    assert adjust([]).shape == (0,)
    assert np.isnan(adjust([np.nan])).all()


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_bad_input_is_refused(adjust: type[holm]) -> None:
    for bad in ([-0.1, 0.5], [1.5], [np.inf]):
        with pytest.raises(ValueError, match=r"outside 0\.\.1"):
            adjust(bad)
    with pytest.raises(ValueError, match="don't fit"):
        adjust([0.1, 0.2], ["a"])
