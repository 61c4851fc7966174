"""Experiments of a random company against an oracle in plain Python, from raw rows to readouts."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from scipy import stats

from orchestration.lib.experiment_functions import register

from .conftest import NO_CHECKS
from .experiment_checks import (
    check_assignment,
    check_figures,
    check_replay,
    check_sums,
    check_values,
    check_verdicts,
)  # fmt: skip
from .experiment_company import Company
from .experiment_oracle import ExperimentOracle
from .fixture_lake import FixtureLake, Warehouse

ORG_ZONE = "America/New_York"
AS_OF = dt.datetime(2026, 6, 30, 12)
CHECKS = (
    check_assignment, check_values, check_sums, check_figures, check_verdicts, check_replay,
)  # fmt: skip


@dataclass(frozen=True)
class Built:
    """A warehouse, the SQL of its models as it ran, and what it should hold."""

    warehouse: Warehouse
    models: dict[str, str]
    company: Company
    oracle: ExperimentOracle

    def run(self, model: str, threads: int = 1, **tables: str) -> list[dict]:
        """A model's own SQL on other rows: `tables` are queries, by the name of their table."""
        database, _, _ = re.findall(r'"(\w+)"\."(\w+)"\."(\w+)"', self.models[model])[0]
        with duckdb.connect(config={"threads": threads}) as db:
            register(db)
            db.execute(f"attach ':memory:' as \"{database}\"")
            for name, query in tables.items():
                db.execute(f'create schema if not exists "{database}".core')
                db.execute(f'create table "{database}".core.{name} as {query}')
            found = db.execute(self.models[model])
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def build(folder: Path, seed: int) -> Built:
    company, lake = Company(seed), FixtureLake(folder / "lake")
    company.land(lake)
    settings = {"org_time_zone": ORG_ZONE}
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target", settings)
    done = warehouse.run("build", select=["+marts.experiments"], exclude=NO_CHECKS)
    models = {one.node.name: one.node.compiled_code for one in done.result.results
              if one.node.resource_type == "model"}  # fmt: skip
    oracle = ExperimentOracle(company.rows, org_zone=ORG_ZONE, as_of=AS_OF)
    return Built(warehouse, models, company, oracle)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(tmp_path_factory.mktemp("experiments"), 1)


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
    ("exclusions", {"subject": "u9999"}), ("usage_events", {"user_agent": "a bot/1"}),
    ("tickets", {"requester_ref": "30"}),
])  # fmt: skip
def test_the_oracle_is_no_yes_man(built: Built, contract: str, change: dict) -> None:
    """What is otherwise in the rows must be seen."""
    rows = built.company.rows
    other = rows | {contract: [row | change for row in rows[contract][:250]] + rows[contract][250:]}
    oracle = ExperimentOracle(other, org_zone=ORG_ZONE, as_of=AS_OF)
    with pytest.raises(AssertionError):
        check_values(built.warehouse, oracle)


# ---- what is published can be worked out again


def published(built: Built, experiment: str, metric: str, estimator: str) -> dict:
    return built_rows(
        built,
        "select * from marts.experiment_readout__metric_arm where experiment_id = "
        f"'{experiment}' and metric_id = '{metric}' and estimator = '{estimator}' and is_latest",
    )[0]


def built_rows(built: Built, sql: str) -> list[dict]:
    with duckdb.connect(str(built.warehouse.path), read_only=True) as db:
        found = db.execute(sql)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def arms_of(built: Built, experiment: str, metric: str, basis: str = "main") -> list[dict]:
    return built_rows(
        built,
        "select * from marts.experiment_sum__metric_arm where "
        f"experiment_id = '{experiment}' and metric_id = '{metric}' and basis = '{basis}' "
        "order by is_control desc",
    )


def test_a_plain_row_is_welchs_test_of_the_published_sums(built: Built) -> None:
    row, (c, t) = (
        published(built, "exp_new", "sessions", "plain"),
        arms_of(built, "exp_new", "sessions"),
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
    row = published(built, "exp_new", "value_events", "cuped")
    arms = arms_of(built, "exp_new", "value_events")
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
