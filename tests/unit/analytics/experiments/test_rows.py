"""Findings as rows of tables."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from analytics.experiments.impact import learn
from analytics.experiments.movability import movability
from analytics.experiments.portfolio import portfolio
from analytics.experiments.rows import as_row
from tests.unit.analytics.experiments.programmes import concluded


def test_a_summary_is_one_flat_row() -> None:
    found = portfolio(concluded(3, is_win=[1, 0, np.nan], planned_power=0.8))
    row = as_row(found.summaries[1])
    assert (row["team"], row["quarter_on"], row["concluded_count"]) == (None, date(2026, 4, 1), 3)
    assert (row["win_num"], row["win_den"], row["win_rate"]) == (1, 2, 0.5)
    assert 0 < row["win_low"] < 0.5 < row["win_high"] < 1
    assert 0 < row["false_positive_risk"] < 1
    assert 0 < row["false_positive_risk_null_share"] < 1
    assert row["shipped_despite_breach_den"] == 0
    assert row["shipped_despite_breach_rate"] is row["shipped_despite_breach_low"] is None
    assert row["actual_days_median"] == 14
    assert "impacts" not in row
    kinds = {type(value) for value in row.values()}
    assert kinds <= {int, float, str, date, bool, type(None)}


def test_an_impact_and_a_metric_are_rows_too() -> None:
    rows = concluded(30, effect=np.linspace(-0.05, 0.05, 30), is_shipped=1.0)
    (impact,) = portfolio(rows).summaries[0].impacts
    row = as_row(impact)
    assert {"lift", "lift_se", "lift_low", "lift_high", "growth", "rule", "naive"} <= set(row)
    assert (row["is_shown"], row["is_indicative"], row["is_disputed"]) == (True, True, None)
    assert row["cross_validated"] is None
    (metric,) = movability(learn(rows.measured), rows.p_adjusted, rows.alpha)
    assert (as_row(metric)["moved_num"], as_row(metric)["moved_den"]) == (0, 30)


def test_what_is_no_finding_is_refused() -> None:
    for bad in (3, "x", {"a": 1}, int):
        with pytest.raises(TypeError, match="is no finding"):
            as_row(bad)
