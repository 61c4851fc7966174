"""What metrics are among all people and all accounts that were active lately, taken by hand."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import numpy as np
import pytest

from .experiment_built import Built

DAY = dt.timedelta(days=1)
# First and last day of the window, numerator, denominator.
METRICS = {"returned": (7, 13, "is_active", None), "sessions": (0, 13, "sessions", None),
           "per_day": (0, 13, "events", "is_active")}  # fmt: skip
Days = dict[str, dict[dt.date, dict[str, float]]]


@pytest.fixture
def built(experiments_built: Built) -> Built:
    return experiments_built


def days_of(built: Built, unit_type: str) -> Days:
    """Per unit and day, what it did."""
    found: Days = defaultdict(lambda: defaultdict(lambda: defaultdict(float)))
    facts = built.rows(
        f"select {unit_type}_id as unit, activity_on as day_on, value_event_count as events "
        "from core.fct_person_day where is_countable"
    )
    for row in facts:
        found[row["unit"]][row["day_on"]]["is_active"] = 1.0
        found[row["unit"]][row["day_on"]]["events"] += row["events"]
    for row in built.rows(
        f"select {unit_type}_id as unit, started_on as day_on from core.fct_session "
        "where is_countable and is_clean"
    ):
        found[row["unit"]][row["day_on"]]["sessions"] += 1
    return found


def first_days(days: Days, through: dt.date) -> dict[str, dt.date]:
    """Units that were active in the week whose 28 days are over, and their first day in it."""
    week = [through - (33 - n) * DAY for n in range(7)]
    return {
        unit: min(active)
        for unit, own in days.items()
        if unit != "unknown" and (active := [day for day in week if own[day]["is_active"]])
    }


def over(days: Days, firsts: dict[str, dt.date], what: str | None, ends: range) -> np.ndarray:
    """Sums of all units over days counted from their first; shares of units as 0 or 1."""
    if what is None:
        return np.ones(len(firsts))
    return np.array([sum(days[u][first + n * DAY][what] for n in ends)
                     for u, first in firsts.items()], float)  # fmt: skip


@pytest.mark.parametrize("unit_type", ["person", "account"])
@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_of_today_is_that_of_its_units(built: Built, metric: str, unit_type: str) -> None:
    (reach,) = built.rows(
        "select max(day_on) as through from core.dim_activity_date where is_complete"
    )
    days = days_of(built, unit_type)
    firsts = first_days(days, reach["through"])
    first, last, numerator, denominator = METRICS[metric]
    after, before = range(first, last + 1), range(-14, 0)
    y, x = (over(days, firsts, numerator, ends) for ends in (after, before))
    d, w = (over(days, firsts, denominator, ends) for ends in (after, before))
    if metric == "returned":
        y, x = np.minimum(y, 1), np.minimum(x, 1)
    ratio, earlier = y.mean() / d.mean(), x.mean() / w.mean()
    value, covariate = (y - ratio * d) / d.mean(), (x - earlier * w) / w.mean()
    (found,) = built.rows(
        "select * from marts.metric_baseline__metric_unit_type "
        f"where metric_id = '{metric}' and unit_type = '{unit_type}'"
    )
    assert found["unit_count"] == len(firsts) > 10
    assert found["metric_mean"] == pytest.approx(ratio, rel=1e-9)
    assert found["unit_variance"] == pytest.approx(value.var(ddof=1), rel=1e-9)
    if value.var() and covariate.var():
        wanted = np.corrcoef(value, covariate)[0, 1]
        assert found["correlation"] == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    for weeks in (1, 2, 4, 8):
        since = reach["through"] - (7 * weeks - 1) * DAY
        seen = {
            unit for unit, own in days.items() for day, done in own.items()
            if unit != "unknown" and since <= day <= reach["through"] and done["is_active"]
        }  # fmt: skip
        assert found[f"units_in_{weeks}_weeks"] == len(seen)


def test_nobody_and_no_known_account_are_no_units(built: Built) -> None:
    rows = built.rows(
        "select unit_id, unit_type from core.fct_assignment as assigned "
        "join core.dim_trial using (experiment_id, unit_type) where is_baseline"
    )
    assert {row["unit_type"] for row in rows} == {"person", "account"}
    assert not [row for row in rows if row["unit_id"] in (None, "", "unknown")]
