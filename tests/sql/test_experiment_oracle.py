"""Experiments of a random company against an oracle in plain Python, from raw rows to readouts."""

from __future__ import annotations

import json
import math
import re
import shutil
from pathlib import Path

import duckdb
import numpy as np
import pytest
from scipy import stats

from orchestration.lib.experiment_functions import register

from .experiment_built import AS_OF, ORG_ZONE, Built, build, named
from .experiment_checks import (
    check_assignment,
    check_figures,
    check_replay,
    check_sums,
    check_values,
    check_verdicts,
)  # fmt: skip
from .experiment_oracle import ExperimentOracle
from .experiment_rows import (
    LONG_DAY,
    LOOK,
    TWO_EXPERIMENTS,
    busy,
    covariances,
    crowd,
    units,
)  # fmt: skip
from .project import PROJECT

CHECKS = (
    check_assignment, check_values, check_sums, check_figures, check_verdicts, check_replay,
)  # fmt: skip
KEY = ("look_no", "metric_id", "basis", "arm_no", "bucket")


@pytest.fixture
def built(experiments_built: Built) -> Built:
    return experiments_built


@pytest.mark.parametrize("check", CHECKS)
def test_equals_the_oracle(built: Built, check) -> None:
    check(built.warehouse, built.oracle)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
def test_other_companies_equal_the_oracle(seed: int, tmp_path: Path) -> None:
    built = build(tmp_path, seed)
    for check in CHECKS:
        check(built.warehouse, built.oracle)


def test_the_company_has_everything_that_is_hard(built: Built) -> None:
    """Else an oracle that agrees would say little."""
    query = built.warehouse.query
    states = {row[0] for row in query("select state from core.fct_experiment_state")}
    assert states >= {"INVALID", "TOO_EARLY", "CAUTION"}
    assert {used.kind for plan in built.oracle.plans.values() for used in plan.used} == {
        "mean", "proportion", "ratio",
    }  # fmt: skip
    odd = query(
        "select count_if(unit_id = 'unknown'), count_if(not is_countable), "
        "count_if(unit_id like 'anon:%'), count_if(person_id is null and unit_id <> 'unknown') "
        "from core.fct_exposure"
    )[0]
    assert min(odd) > 0
    assert query("select count(*) from core.fct_assignment where is_crossover")[0][0] > 10
    zones = {built.oracle.zone_of(f"g{n}") for n in range(5)}
    assert zones == {
        "Pacific/Auckland", "Africa/Cairo", "Europe/London", "America/Los_Angeles", ORG_ZONE,
    }  # fmt: skip


@pytest.mark.parametrize(("contract", "change"), [
    ("accounts", {"time_zone": "UTC"}), ("exposures", {"user_id": "u1", "anonymous_id": None}),
    ("usage_events", {"user_agent": "a bot/1"}),
])  # fmt: skip
def test_the_oracle_is_no_yes_man(built: Built, contract: str, change: dict) -> None:
    """What is otherwise in the rows must be seen."""
    rows = built.company.rows
    other = rows | {contract: [row | change for row in rows[contract][:250]] + rows[contract][250:]}
    oracle = ExperimentOracle(other, org_zone=ORG_ZONE, as_of=AS_OF)
    with pytest.raises(AssertionError):
        check_values(built.warehouse, oracle)


# ---- what is published can be worked out again


def test_a_plain_row_is_welchs_test_of_the_published_sums(built: Built) -> None:
    row, (c, t) = (
        built.published("exp_new", "sessions", "plain"),
        built.arms("exp_new", "sessions"),
    )
    told = []
    for arm in (t, c):
        n = arm["unit_count"]
        variance = (arm["q_yy"] - arm["s_y"] ** 2 / n) / (n - 1)
        told += [arm["shift_y"] + arm["s_y"] / n, math.sqrt(variance), n]
    test = stats.ttest_ind_from_stats(*told, equal_var=False)
    assert (row["p"], row["t"]) == pytest.approx((test.pvalue, test.statistic), rel=1e-9)
    assert row["difference"] == pytest.approx(told[0] - told[3], rel=1e-9)


def test_a_cuped_row_is_worked_out_by_hand_from_the_published_sums(built: Built) -> None:
    row = built.published("exp_new", "value_events", "cuped")
    arms = built.arms("exp_new", "value_events")
    n, sy, sx, qyy, qyx, qxx = (
        [arm[name] for arm in arms] for name in ("unit_count", "s_y", "s_x", "q_yy", "q_yx", "q_xx")
    )
    theta = (sum(qyx) - sum(sy) * sum(sx) / sum(n)) / (sum(qxx) - sum(sx) ** 2 / sum(n))
    means = [sy[k] / n[k] - theta * sx[k] / n[k] for k in (0, 1)]
    shares = [
        (qyy[k] - sy[k] ** 2 / n[k] - 2 * theta * (qyx[k] - sy[k] * sx[k] / n[k])
         + theta**2 * (qxx[k] - sx[k] ** 2 / n[k])) / (n[k] - 1) / n[k]
        for k in (0, 1)
    ]  # fmt: skip
    df = sum(shares) ** 2 / sum(share**2 / (k - 1) for share, k in zip(shares, n, strict=True))
    t = (means[1] - means[0]) / math.sqrt(sum(shares))
    assert theta > 0.1
    assert row["theta"] == pytest.approx(theta, rel=1e-9)
    assert row["difference"] == pytest.approx(means[1] - means[0], rel=1e-9)
    assert row["p"] == pytest.approx(2 * stats.t.sf(abs(t), df), rel=1e-9)


def test_what_may_not_be_read_shows_no_p_and_keeps_it_in_the_table(built: Built) -> None:
    kept = "select count(p) from core.fct_experiment_comparison where experiment_id = 'exp_uneven'"
    shown = kept.replace("core.fct_experiment_comparison", "marts.experiment_readout__metric_arm")
    assert built.warehouse.query(kept)[0][0] > 0
    assert built.warehouse.query(shown) == [(0,)]


# ---- traps, on the models' own SQL with other rows


def sums_of(built: Built, count: int, threads: int = 1, **more: int) -> list[dict]:
    given = {"fct_assignment": crowd(count), "fct_unit_day": busy(count, **more)}
    return built.again("fct_experiment_sum", threads, **given)


def test_a_large_number_added_to_every_value_changes_no_variance(built: Built) -> None:
    """GrowthBook's sums of plain squares lose all digits of it."""
    small, large = (covariances(sums_of(built, 3_000, added=added)) for added in (0, 1_700_000_000))
    # Of the mean of sessions; not of what else the same numbers make.
    same = {key: value for key, value in small.items() if key[1] in ("sessions", "value_events")}
    assert len(same) > 3_000
    assert max(same.values()) > 50_000
    assert {key: large[key] for key in same} == pytest.approx(same, rel=1e-9, abs=1e-6)
    given = busy(3_000, added=1_700_000_000)
    naive = duckdb.sql(
        "select var_pop(v), avg(v * v) - avg(v) ** 2 "
        f"from (select sessions::double as v from ({given}))"
    )
    true, lost = naive.fetchall()[0]
    assert abs(lost / true - 1) > 0.001


def test_one_thread_and_four_say_the_same(built: Built) -> None:
    few = "from core.bridge_experiment_metric where metric_id in ('sessions', 'value_events')"
    given = {"fct_assignment": crowd(150_000), "fct_unit_day": busy(150_000)}
    one, four = (
        {
            tuple(row[name] for name in KEY): row
            for row in built.again(
                "fct_experiment_sum", threads, bridge_experiment_metric=few, **given
            )
        }
        for threads in (1, 4)
    )
    assert len(one) == len(four) > 400
    for key, row in one.items():
        # Sums near 0 are held against a billionth of what they are the rest of.
        near = 1e-9 * row["q_yy"]
        numbers = {name: value for name, value in row.items() if isinstance(value, float)}
        assert not [
            name for name, value in numbers.items()
            if abs(four[key][name] - value) > 1e-9 * abs(value) + near
        ], key  # fmt: skip


def test_seconds_of_years_overflow_nothing(built: Built) -> None:
    found = built.run("fct_unit_day", **LONG_DAY)
    assert [(row["session_seconds"], row["value_events"]) for row in found] == [(10**10, 6 * 10**9)]
    assert max(covariances(sums_of(built, 400, times=10**12)).values()) > 1e25


def test_facts_have_no_null(built: Built) -> None:
    for name in ("unit_day", "unit_total", "unit_use", "assignment", "experiment_sum"):
        nulls = f"select count(*) as n, sum((columns(*) is null)::int) from core.fct_{name}"
        (row,) = built.rows(nulls)
        assert row.pop("n") > 0
        assert set(row.values()) == {0}, name
    finite = "count_if(isfinite(y) and isfinite(d) and isfinite(x) and isfinite(w))"
    (row,) = built.rows(f"select {finite} = count(*) as is_whole from core.fct_unit_value")
    assert row["is_whole"]


def test_two_experiments_split_units_apart_and_evenly(built: Built) -> None:
    """DuckDB's hash of unit and salt would split them alike, or the other way round."""
    found = built.run("fct_assignment", **TWO_EXPERIMENTS)
    one, two = (
        np.array([row["bucket"] for row in sorted(found, key=lambda row: int(row["unit_id"]))
                  if row["experiment_id"] == name])
        for name in ("one", "two")
    )  # fmt: skip
    for buckets in (one, two):
        assert stats.chisquare(np.bincount(buckets, minlength=100)).pvalue > 1e-4
    for parts in (2, 10):
        table = np.histogram2d(one % parts, two % parts, bins=parts)[0]
        assert stats.chi2_contingency(table).pvalue > 1e-4
    texts = [path for folder in ("macros", "models") for path in (PROJECT / folder).rglob("*.sql")]
    assert len(texts) > 100
    assert not [path for path in texts if re.search(r"(?<![a-z_])hash\(", path.read_text())]


def test_caps_are_of_all_arms_and_of_the_same_units_for_both_parts_of_a_ratio(built: Built) -> None:
    """GrowthBook: each arm its own cap doubles false alarms, and denominators are of others."""
    arms = {"y": "i % 2 * 1000 + i", "d": "i % 2 * 500 + i"}
    late = units(1_000, "0.99", y="1e9", d="1e9").replace("2026-05-01", "2026-06-01")
    given = f"{units(1_000, '0.99', **arms)} union all {late}"
    (cap,) = built.run("fct_experiment_cap", fct_unit_value=given, dim_experiment_look=LOOK)
    for variable, step in (("y", 1000), ("d", 500)):
        pooled = [n % 2 * step + n for n in range(1_000)]
        expected = np.quantile(pooled, [0.01, 0.99])
        assert [cap[f"{variable}_low"], cap[f"{variable}_high"]] == pytest.approx(expected)


def test_a_heavy_tail_fails_the_replay_and_capped_it_passes(built: Built) -> None:
    tail = "case when i = 7 then 50000 else (i * 7919) % 50 end"
    given = [
        f"select '{name}' as metric_id, 'e' as experiment_id, i::varchar as unit_id, "
        f"({y})::double as y, 1.0::double as d from range(2000) t(i)"
        for name, y in (("raw", tail), ("capped", f"least({tail}, 49)"))
    ]
    found = built.run("fct_metric_replay", fct_replay_unit=" union all ".join(given))
    assert {row["metric_id"]: (row["verdict"], row["is_unsound"]) for row in found} == {
        "raw": ("dull", True), "capped": ("sound", False),
    }  # fmt: skip


def test_an_experiment_is_not_read_by_a_metric_that_failed_the_replay(
    built: Built, tmp_path: Path
) -> None:
    path = Path(shutil.copy(built.warehouse.path, tmp_path))
    with duckdb.connect(str(path)) as db:
        register(db)
        db.execute("update core.fct_metric_replay set is_unsound = metric_id = 'value_events'")
        rows = named(db.execute(built.models["fct_experiment_reading"]))
    states = {row["experiment_id"]: json.loads(row["reading"])["looks"][-1] for row in rows}
    assert states["exp_new"]["state"] == "INVALID"
    assert "splits by chance" in states["exp_new"]["reason_text"]
    assert states["exp_margin"]["state"] == "CAUTION"


# ---- bad input


def test_an_exposure_that_comes_twice_is_one_and_one_taken_back_is_none(built: Built) -> None:
    (row,) = built.rows(
        "select count(*) as n, count_if(exposure_id like 'lost%') as lost from core.fct_exposure"
    )
    assert row == {"n": len(built.company.exposures), "lost": 0}


def test_who_saw_two_arms_is_kept_in_the_first_and_left_out_beside_it(built: Built) -> None:
    """GrowthBook and Eppo drop them from the result itself, which makes twelve per cent of five."""
    count = "select sum(control_count + treatment_count) as n from core.fct_experiment_comparison "
    of = "where experiment_id = 'exp_new' and metric_id = 'value_events' and estimator = '{}'"
    kept, left = (
        built.rows(count + of.format(name))[0]["n"] for name in ("cuped", "without_crossovers")
    )
    crossed = [a for a in built.oracle.assigned["exp_new"].values() if a.crossed]
    assert kept == len(built.oracle.assigned["exp_new"])
    assert kept - left == len(crossed) > 5
