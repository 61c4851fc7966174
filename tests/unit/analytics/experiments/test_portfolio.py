"""A small programme counted by hand, and what is refused."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from analytics.experiments.portfolio import Concluded, Portfolio, Summary, portfolio
from analytics.experiments.rates import clopper_pearson, wilson
from tests.unit.analytics.experiments.programmes import concluded

NAN = float("nan")
NAT = np.datetime64("NaT")


def eight() -> Concluded:
    """Two teams, two quarters, one of everything.

    e0 shipped win; e1 loss, stopped; e2 flat, shipped all the same with a breach, against advice;
    e3 CAUTION win, not decided; e4 SRM, shipped; e5 too early; e6 flat, nothing known of it;
    e7 breached, stopped early.
    """
    return concluded(
        8,
        team=["a", "a", "a", "b", "b", "b", "b", "b"],
        concluded_on=["2026-03-31", "2026-04-01", "2026-06-30", "2026-05-01", "2026-05-02",
                      "2026-01-01", "2026-02-01", "2026-04-04"],
        state=["VALID", "VALID", "VALID", "CAUTION", "INVALID", "TOO_EARLY", "VALID", "VALID"],
        effect=[0.05, -0.05, 0.01, -0.04, 0.2, 0.0, NAN, 0.0],
        direction=[1, 1, 1, -1, 1, 1, 1, 1],
        p_adjusted=[0.01, 0.02, 0.5, 0.03, 0.0, 0.9, NAN, 0.9],
        is_win=[1, 0, 0, 1, 1, 0, NAN, 0],
        is_shipped=[1, 0, 1, 0, 1, 0, NAN, 0],
        is_override=[0, 0, 1, 0, 1, 0, 0, 0],
        is_breached=[0, 0, 1, 0, 1, NAN, NAN, 1],
        is_preregistered=[1, 1, 0, 1, 1, 1, NAN, 1],
        is_stopped_early=[0, 0, 0, NAN, NAN, 1, 0, 1],
        srm_p=[0.5, 0.001, 0.5, 0.5, 0.0005, NAN, 0.5, 0.5],
        power_at_mde=[0.9, 0.8, 0.5, 0.9, 0.9, 0.2, NAN, 0.6],
        actual_days=[14, 14, 28, 21, 14, 7, NAN, 7],
        se=[0.01, 0.02, 0.01, 0.01, 0.01, 0.01, NAN, 0.005],
        last_exposure_on=["2026-03-20"] * 8,
        decided_on=["2026-03-30", "2026-03-22", "2026-03-20", "NaT", "2026-03-25", "2026-03-21",
                    "2026-03-24", "2026-03-23"],
        quality_score=[1, 0.8, 0.5, 0.9, 0.2, NAN, NAN, 0.6],
    )  # fmt: skip


def group(found: Portfolio, team: str | None, quarter: str | None) -> Summary:
    when = None if quarter is None else np.datetime64(quarter)
    return next(s for s in found.summaries if s.team == team and s.quarter_on == when)


def test_shares_of_everything_by_hand() -> None:
    whole = group(portfolio(eight()), None, None)
    assert whole.concluded_count == 8
    assert {name: (rate.num, rate.den) for name, rate in whole.rates.items()} == {
        "valid": (6, 8), "caution": (1, 6), "srm": (1, 7), "preregistered": (6, 7),
        "stopped_early": (2, 6),
        # e0 and e1 taught; e3 is not decided, e2 and e7 are weak, e4 and e5 can't be read;
        # of e6 the power is not known.
        "learning": (2, 7),
        "override": (2, 7), "win": (2, 5), "loss": (1, 5), "ship": (2, 5),
        "guardrail_breach": (2, 5), "shipped_despite_breach": (1, 2),
        "ship_without_evidence": (1, 2), "ship_unreadable": (1, 3),
    }  # fmt: skip
    assert whole.rates["win"] == wilson(2, 5)
    assert whole.rates["srm"] == clopper_pearson(1, 7)


def test_the_risk_is_that_of_the_wins() -> None:
    risk = group(portfolio(eight()), None, None).false_positive_risk
    assert risk.null_share == pytest.approx((0.8 - 0.4) / (0.8 - 0.025))
    chance = 0.025 * risk.null_share
    assert risk.value == pytest.approx(chance / (chance + 0.8 * (1 - risk.null_share)))


def test_middles_by_hand() -> None:
    told = group(portfolio(eight()), None, None).figures
    assert told["power_at_mde_mean"] == pytest.approx((0.9 + 0.8 + 0.5 + 0.9 + 0.6) / 5)
    # Planned over reached, squared, of valid ones: 1, 1/4, 1, 1, 4.
    assert told["precision_ratio_median"] == pytest.approx(1)
    assert told["precision_ratio_p90"] == pytest.approx(1 + 0.6 * 3)
    # Days 7, 7, 14, 14, 14, 21, 28: the middle, and six tenths between the last but one and last.
    assert told["actual_days_median"] == 14
    assert told["actual_days_p90"] == pytest.approx(21 + 0.4 * 7)
    assert told["actual_to_planned_days_median"] == 1
    # Days from the last exposure: 0, 1, 2, 3, 4, 5, 10.
    assert told["days_to_decision_median"] == 3
    assert told["days_to_decision_p90"] == pytest.approx(5 + 0.4 * 5)
    assert told["quality_score_mean"] == pytest.approx((1 + 0.8 + 0.5 + 0.9 + 0.2 + 0.6) / 6)


def test_groups_are_teams_and_quarters_of_the_conclusion() -> None:
    found = portfolio(eight())
    sizes = {(s.team, None if s.quarter_on is None else str(s.quarter_on)): s.concluded_count
             for s in found.summaries}  # fmt: skip
    assert sizes == {
        (None, None): 8, (None, "2026-01-01"): 3, (None, "2026-04-01"): 5,
        ("a", None): 3, ("a", "2026-01-01"): 1, ("a", "2026-04-01"): 2,
        ("b", None): 5, ("b", "2026-01-01"): 2, ("b", "2026-04-01"): 3,
    }  # fmt: skip
    spring = group(found, "a", "2026-04-01")
    assert spring.rates["win"] == wilson(0, 2)
    assert spring.rates["loss"] == wilson(1, 2)


def test_quarters_sum_to_the_whole_and_teams_too() -> None:
    found = portfolio(eight())
    for name, rate in group(found, None, None).rates.items():
        for parts in (
            [s for s in found.summaries if s.team is None and s.quarter_on is not None],
            [s for s in found.summaries if s.team is not None and s.quarter_on is None],
        ):
            sums = tuple(sum(getattr(s.rates[name], end) for s in parts) for end in ("num", "den"))
            assert sums == (rate.num, rate.den), name


def shuffled(e: Concluded, order: np.ndarray) -> Concluded:
    return Concluded(**{field.name: getattr(e, field.name)[order] for field in fields(e)})


def test_the_order_of_experiments_does_not_matter() -> None:
    draw = np.random.default_rng(4)
    count = 60
    effect = draw.normal(0, 0.02, count)
    many = concluded(
        count, team=draw.choice(["a", "b"], count), effect=effect,
        is_shipped=(effect > 0.01).astype(float), coverage=draw.random(count),
        actual_days=draw.integers(7, 30, count).astype(float),
    )  # fmt: skip
    order = draw.permutation(count)
    plain, mixed = portfolio(many), portfolio(shuffled(many, order))
    assert np.array_equal(plain.learnt.mean[order], mixed.learnt.mean)
    for one, other in zip(plain.summaries, mixed.summaries, strict=True):
        assert (one.team, one.quarter_on, one.rates) == (other.team, other.quarter_on, other.rates)
        assert one.figures == pytest.approx(other.figures)
        for a, b in zip(one.impacts, other.impacts, strict=True):
            assert a.lift.value == pytest.approx(b.lift.value)
            assert a.growth.low == pytest.approx(b.growth.low)


def test_no_experiments_are_a_programme_of_which_nothing_is_known() -> None:
    (whole,) = portfolio(concluded(0)).summaries
    assert whole.concluded_count == 0
    assert all((rate.num, rate.den) == (0, 0) for rate in whole.rates.values())
    assert np.isnan(list(whole.figures.values())).all()
    assert np.isnan(whole.false_positive_risk.value)
    assert whole.impacts == ()


def test_one_experiment_of_which_nothing_is_known() -> None:
    numbers = (field.name for field in fields(Concluded) if field.type == "Array")
    unknown = {name: NAN for name in numbers if name != "direction"}
    found = portfolio(concluded(1, last_exposure_on=NAT, decided_on=NAT, **unknown))
    whole = found.summaries[0]
    known = {name: rate.num for name, rate in whole.rates.items() if rate.den}
    assert known == {"valid": 1, "caution": 0, "learning": 0}
    assert np.isnan(found.learnt.mean).all()


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [("state", "GOOD", "states other than"), ("concluded_on", NAT, "without the day"),
     ("is_shipped", 2.0, "is_shipped is 0, 1 or NaN"), ("direction", 0.0, "direction is -1, 1"),
     ("p_adjusted", 1.2, "p_adjusted outside"), ("srm_p", -0.1, "srm_p outside"),
     ("alpha", 5.0, "alpha outside"), ("coverage", 1.1, "coverage outside"),
     ("actual_days", -1.0, "actual_days outside"), ("se", -0.1, "se outside"),
     ("experiment_id", "same", "is there twice")],
)  # fmt: skip
def test_impossible_values_are_refused_by_name(column: str, value: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        concluded(2, **{column: value})


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="unequal length"):
        replace(concluded(2), effect=np.zeros(3))
