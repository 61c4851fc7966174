"""What an experiment promised before its start, and what was changed afterwards."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration.lib.experiment_functions import register

from .experiment_built import Built, named


@pytest.fixture
def built(experiments_built: Built) -> Built:
    return experiments_built


def test_a_plan_that_was_changed_after_the_start_is_exploratory(built: Built) -> None:
    (row,) = built.rows(
        "select plans.*, states.state, reason_text from core.dim_experiment as plans "
        "join core.fct_experiment_state as states using (experiment_id) "
        "where experiment_id = 'exp_changed'"
    )
    assert (row["promise_count"], row["is_changed_after_start"]) == (2, True)
    assert row["state"] == "CAUTION"
    assert str(row["registered_on"]) < str(row["starts_on"]) < str(row["promised_on"])
    assert "exploratory" in row["reason_text"]
    (same,) = built.rows("select * from core.dim_experiment where experiment_id = 'exp_new'")
    assert (same["promise_count"], same["is_changed_after_start"]) == (1, False)


def test_a_metric_that_counts_something_else_since_the_start_changes_the_plan(
    built: Built, tmp_path: Path
) -> None:
    (new,) = built.rows("select * from core.dim_experiment where experiment_id = 'exp_new'")
    used = new["primary_metric_id"]
    spec = {"metric_id": used, "name": "Events", "kind": "mean",
            "numerator": "value_events", "direction": "increase"}  # fmt: skip
    capped, renamed = {**spec, "cap_quantile": 0.99}, {**spec, "unit": "events"}
    early, late = (str(new["starts_on"] + dt.timedelta(days=days)) for days in (-3, 3))
    path = Path(shutil.copy(built.warehouse.path, tmp_path))

    def changed(*told: tuple[str, dict]) -> dict[str, str]:
        """Changes by experiment, by what the register said of the metric on which days."""
        rows = " union all ".join(
            f"select 'registry' as source, '{used}' as metric_id, 'Events' as name, "
            f"'{json.dumps(said)}' as spec, 'b{number}' as batch_id, date '{day}' as delivered_on"
            for number, (day, said) in enumerate(told)
        )
        db.execute(f"create or replace table staging.stg_metric_versions as {rows}")
        now = f"select * from staging.stg_metric_versions where batch_id = 'b{len(told) - 1}'"
        db.execute(f"create or replace table staging.stg_metrics as {now}")
        found = named(db.execute(built.models["int_experiments__metric_change"]))
        return {row["experiment_id"]: str(row["changed_on"]) for row in found}

    with duckdb.connect(str(path)) as db:
        register(db)
        assert changed((early, spec)) == {}
        assert changed((early, spec), (late, renamed)) == {}
        assert changed((late, spec)) == {}
        assert changed((early, {"kind": "nonsense"}), (late, spec)) == {}
        assert changed((early, capped), (early, spec)) == {}
        assert changed((early, spec), (late, capped), ("2026-06-30", spec)) == {}
        assert changed((early, spec), (late, capped))["exp_new"] == late
        db.execute(
            "create or replace table intermediate.int_experiments__metric_change as "
            f"select 'exp_new' as experiment_id, 'x' as metric_id, date '{late}' as changed_on"
        )
        plans = named(db.execute(built.models["dim_experiment"]))
    assert {plan["experiment_id"] for plan in plans if plan["is_changed_after_start"]} == {
        "exp_new", "exp_changed",
    }  # fmt: skip
