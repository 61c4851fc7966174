"""Themes that are asked for more or less, against an oracle with scipy, and counted by hand."""

from __future__ import annotations

import datetime as dt
from math import isclose
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest, false_discovery_control

from .conftest import NO_CHECKS
from .fixture_lake import FixtureLake, Warehouse
from .voice_oracle import VoiceOracle
from .voice_velocity import churned, interval, velocities
from .voice_world import Rows, deliver_scattered

MART = "marts.theme_velocity__theme_week"


@pytest.fixture(scope="module")
def oracle(voice_rows: Rows) -> VoiceOracle:
    return VoiceOracle(voice_rows)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return isclose(a, b, rel_tol=1e-6, abs_tol=1e-12)
    return a == b


def test_velocities_equal_the_oracle(voice_built: Warehouse, oracle: VoiceOracle) -> None:
    expected = velocities(oracle)
    columns = list(next(iter(expected.values())))
    found = {
        r[:2]: dict(zip(columns, r[2:], strict=True))
        for r in voice_built.query(f"select theme_id, week_on, {', '.join(columns)} from {MART}")
    }
    assert set(found) == set(expected)
    wrong = {
        (*key, name): (found[key][name], value)
        for key, row in expected.items()
        for name, value in row.items()
        if not same(found[key][name], value)
    }
    assert wrong == {}
    verdicts = {row["verdict"] for row in expected.values()}
    assert verdicts >= {"unknown", "no change shown", "rising"}
    assert sum(row["p_value"] is not None for row in expected.values()) > 50


def test_asks_are_the_accounts_and_the_unknown_of_the_demand(voice_built: Warehouse) -> None:
    assert voice_built.query(
        f"select v.theme_id, v.week_on from {MART} v full join marts.theme_demand__theme_week d "
        "on d.theme_id = v.theme_id and d.week_on = v.week_on "
        "where v.ask_count is distinct from d.account_count + d.unmatched_mention_count "
        "or v.is_complete is distinct from d.is_complete"
    ) == []  # fmt: skip


def test_dark_mode_by_hand(voice_built: Warehouse) -> None:
    # 12 asks in twelve weeks, 12 in four: three times as often. Blue's five letters are one ask.
    ((recent, prior, ratio, low, high, p),) = voice_built.query(
        "select recent_ask_count, prior_ask_count, velocity_ratio, velocity_low, velocity_high, "
        f"p_value from {MART} where theme_id = 'dark' and week_on = date '2026-04-20'"
    )
    assert (recent, prior, ratio) == (12, 12, 3.0)
    assert (low, high) == pytest.approx((1.375, 6.546), abs=0.001)
    assert p == pytest.approx(0.0082, abs=0.0001)
    assert p == pytest.approx(binomtest(12, 24, 0.25).pvalue)


def test_what_left_with_those_who_asked(voice_built: Warehouse, oracle: VoiceOracle) -> None:
    expected = churned(oracle)
    found = voice_built.query(
        "select theme_id, week_on, churned_arr_minor, churned_account_count "
        "from marts.theme_demand__theme_week where churned_account_count > 0"
    )
    assert {r[:2]: r[2:] for r in found} == expected
    # g6 asked for single sign-on in March and left on 25 May, worth 5,000.
    assert expected["sso", dt.date(2026, 5, 25)] == (5_000, 1)
    assert voice_built.query(
        "select count(*) from marts.theme_demand__theme_week "
        "where churned_account_count = 0 and churned_arr_minor <> 0"
    ) == [(0,)]


def test_concentration_by_hand(voice_built: Warehouse) -> None:
    # Blue 1,300 and Green 5,000 of 6,300 (docs/decisions.md).
    ((num, den, rate),) = voice_built.query(
        "select hhi_num, hhi_den, hhi_rate from marts.theme_demand__theme_week "
        "where theme_id = 'sso' and week_on = date '2026-03-02'"
    )
    assert (num, den) == (1_300**2 + 5_000**2, 6_300**2)
    assert rate == pytest.approx(0.672, abs=0.001)


def test_the_order_of_deliveries_changes_no_digit(
    voice_built: Warehouse, voice_rows: Rows, tmp_path: Path
) -> None:
    lake = FixtureLake(tmp_path / "lake")
    deliver_scattered(lake, voice_rows, seed=8)
    other = Warehouse(tmp_path / "warehouse.duckdb", lake, voice_built.target, voice_built.settings)
    other.run("build", select=["+marts.voice"], exclude=NO_CHECKS)
    assert other.rows(MART) == voice_built.rows(MART)


# ---- the statistics keep what they promise


def test_false_discoveries_by_hand() -> None:
    assert false_discovery_control([0.01, 0.02, 0.2]) == pytest.approx([0.03, 0.03, 0.2])


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.5])
@pytest.mark.parametrize("weekly", [1.0, 4.0])
def test_intervals_hold_the_truth_in_95_of_100_cases(ratio: float, weekly: float) -> None:
    draw = np.random.default_rng(3)
    recent, prior = draw.poisson(4 * weekly * ratio, 3000), draw.poisson(12 * weekly, 3000)
    held = tried = 0
    for r, p in zip(recent.tolist(), prior.tolist(), strict=True):
        if r + p:
            low, high = interval(r, p)
            tried += 1
            held += low <= ratio <= (high if high is not None else float("inf"))
    assert 0.935 <= held / tried <= 0.985


def test_where_nothing_changes_hardly_anything_is_called_changed() -> None:
    draw = np.random.default_rng(4)
    weeks, called = 400, 0
    for _ in range(weeks):
        recent, prior = draw.poisson(8, 20), draw.poisson(24, 20)
        ps = [
            binomtest(int(r), int(r + p), 0.25).pvalue for r, p in zip(recent, prior, strict=True)
        ]
        called += bool((false_discovery_control(ps) <= 0.05).any())
    # Of weeks in which no theme changed, at most 5 % may show one that did (and chance).
    assert called / weeks <= 0.05 + 3 * (0.05 * 0.95 / weeks) ** 0.5
