"""`productops experiment plan`: units and weeks from what a metric is by person or by account."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result
from scipy.stats import norm

from orchestration.cli import main
from tests.unit.analytics.experiments.plans import PLAN
from tests.unit.orchestration.test_experiment_commands import home, written

__all__ = ["home"]
# A share of people or accounts, what it varies by, and how many come in 1, 2, 4 and 8 weeks.
KNOWN = {"person": (0.4, 0.24, (4000, 6000, 9000, 12000)), "account": (0.5, 0.25, (20, 30, 40, 50))}


def published(home: Path, *unit_types: str) -> None:
    """A published build that knows the metric by these types of units."""
    folder = home / "published" / "current"
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "productops.duckdb")) as db:
        db.execute("""
            create schema marts;
            create table marts.metric_movability__metric (metric_id varchar, is_known boolean);
            create table marts.metric_baseline__metric_unit_type (
                metric_id varchar, unit_type varchar, metric_mean double, unit_variance double,
                correlation double, unit_count bigint, measured_from_on date,
                units_in_1_weeks bigint, units_in_2_weeks bigint, units_in_4_weeks bigint,
                units_in_8_weeks bigint
            )""")
        for unit_type in unit_types:
            mean, variance, reach = KNOWN[unit_type]
            db.execute(
                "insert into marts.metric_baseline__metric_unit_type values "
                "('week_2_return', ?, ?, ?, 0, 100, date '2026-04-01', ?, ?, ?, ?)",
                [unit_type, mean, variance, *reach],
            )


def planned(home: Path, unit: str) -> Result:
    fixed = PLAN.replace("unit: person", f"unit: {unit}")
    fixed = fixed.replace("method: group_sequential", "method: fixed_horizon")
    written(home, fixed.replace("    looks: [2026-05-25, 2026-06-28]\n", ""))
    words = ["--home", str(home), "experiment", "plan", "exp_checklist"]
    return CliRunner().invoke(main, words)


def needed(unit: str) -> int:
    """Two equal arms: (z + z)^2 times twice the variance by the squared difference, a side."""
    mean, variance, _ = KNOWN[unit]
    both = norm.ppf(0.975) + norm.ppf(0.8)
    return round(2 * both**2 * 2 * variance / (0.1 * mean) ** 2)


@pytest.mark.parametrize(("unit", "words", "code"), [
    ("person", "0.4 a person, standard deviation 0.4899, 100 people", 0),
    ("account", "0.5 an account, standard deviation 0.5, 100 accounts", 1),
])  # fmt: skip
def test_units_are_those_of_the_plan(home: Path, unit: str, words: str, code: int) -> None:
    published(home, "person", "account")
    told = planned(home, unit)
    assert told.exit_code == code, told.output
    assert words in told.output
    said = int(told.output.split("needs")[1].split(" units")[0].replace(",", ""))
    assert abs(said - needed(unit)) <= 0.01 * needed(unit)
    assert ("take part with more accounts" in told.output) is (code == 1)


def test_a_metric_that_nobody_measured_by_account_is_told(home: Path) -> None:
    published(home, "person")
    told = planned(home, "account")
    assert told.exit_code != 0
    assert "week_2_return is by account" in told.output
    assert "productops" in told.output
    assert "no account was active" in told.output
