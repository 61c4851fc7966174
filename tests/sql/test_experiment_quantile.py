"""Quantiles of sessions in an experiment, against numpy over the same sessions.

Sessions are made so that where one begins and ends is plain: two events each, hours apart from
any other.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import numpy as np
import pytest

from analytics.experiments.quantile import Quantile, compare_quantiles, from_rows

from .experiment_world import START, experiment, exposure, metric
from .fixture_lake import FixtureLake, Warehouse

SHARE = 0.75
PEOPLE = 260
SECONDS = tuple[list[str], list[float]]


def event(number: int, user: str, moment: dt.datetime) -> dict[str, Any]:
    return {
        "event_id": f"e{number}", "event_name": "used", "event_type": "track", "user_id": user,
        "occurred_at": moment, "received_at": moment, "is_clock_skewed": False,
    }  # fmt: skip


def land(lake: FixtureLake) -> dict[str, SECONDS]:
    """Lands people with sessions; returns unit and length of each that counts, by variation."""
    draw = random.Random(3)
    kept: dict[str, SECONDS] = {"control": ([], []), "treatment": ([], [])}
    events, exposures = [], []
    for number in range(PEOPLE):
        user, arm = f"u{number}", ("control", "treatment")[number % 2]
        exposed = START + dt.timedelta(days=draw.randrange(30))
        noon = dt.datetime.combine(exposed, dt.time(12))
        exposures.append(exposure(number, "exp", arm, user, "g", noon))
        # People differ in how long their sessions are, and in how many they have.
        usual = draw.lognormvariate(5, 0.8) * (1.4 if arm == "treatment" else 1.0)
        for day in range(-3, 20):
            for hour in (2, 9, 16):
                if draw.random() > 0.1 + 0.4 * (number % 5) / 5:
                    continue
                start = dt.datetime.combine(exposed, dt.time(hour)) + dt.timedelta(days=day)
                # Sessions end after half an hour without an event.
                length = min(int(draw.expovariate(1 / usual)), 1_700)
                for moment in (start, start + dt.timedelta(seconds=length)):
                    events.append(event(len(events), user, moment))
                if 0 <= day <= 13:
                    kept[arm][0].append(user)
                    kept[arm][1].append(float(length))
    # Long after all windows, so that the last look is reached.
    events.append(event(len(events), "u0", dt.datetime(2026, 6, 20, 12)))
    lake.add("tracking_plan", [{"event_name": "used", "event_class": "value"}], source="registry")
    lake.add("metrics", [
        metric("length", kind="quantile", numerator="session_seconds", quantile=str(SHARE)),
        metric("value_events", kind="mean", numerator="value_events"),
        metric("tickets", kind="mean", numerator="tickets", direction="decrease"),
    ], source="registry")  # fmt: skip
    plan = experiment("exp", secondary=["length"])
    lake.add("experiments", [plan], source="registry", delivered_on="2026-04-01")
    lake.add("usage_events", events, source="segment")
    lake.add("exposures", exposures, source="growthbook")
    return kept


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Warehouse, dict]:
    folder = tmp_path_factory.mktemp("quantiles")
    lake = FixtureLake(folder / "lake")
    kept = land(lake)
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target")
    warehouse.run("build", select=["+experiment_readout__metric_arm"])
    return warehouse, kept


def test_quantiles_and_their_ends_are_those_of_the_rows(built: tuple[Warehouse, dict]) -> None:
    warehouse, kept = built
    rows = warehouse.query(
        "select arm_no, unit_count, row_count, row_quantile, low_value, high_value "
        "from core.fct_experiment_quantile where experiment_id = 'exp' and look_no = 1 order by 1"
    )
    for (_, units, count, value, low, high), arm in zip(
        rows, ("control", "treatment"), strict=True
    ):
        expected = from_rows(*kept[arm], SHARE)
        assert (units, count) == (expected.n, len(kept[arm][1]))
        assert value == pytest.approx(np.quantile(kept[arm][1], SHARE), rel=1e-12)
        assert (high - low) / (2 * 1.959963984540054) == pytest.approx(float(expected.se), rel=1e-9)


def test_the_readout_compares_them(built: tuple[Warehouse, dict]) -> None:
    warehouse, kept = built
    one, other = (from_rows(*kept[arm], SHARE) for arm in ("control", "treatment"))
    expected = compare_quantiles(
        *(Quantile(np.array([q.value]), np.array([q.se]), np.array([q.n])) for q in (one, other))
    )
    [(difference, p, family)] = warehouse.query(
        "select difference, p, family from core.fct_experiment_comparison "
        "where metric_id = 'length' and look_no = 1"
    )
    assert difference == pytest.approx(float(other.value - one.value), rel=1e-9)
    assert p == pytest.approx(float(expected.p[0]), rel=1e-6)
    assert p < 0.05
    assert family == "bh"


def test_rows_taken_as_independent_would_be_too_sure(built: tuple[Warehouse, dict]) -> None:
    _, kept = built
    units, values = kept["control"]
    alone = from_rows([str(n) for n in range(len(values))], values, SHARE)
    assert float(from_rows(units, values, SHARE).se) > 1.3 * float(alone.se)
