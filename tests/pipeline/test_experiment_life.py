"""The life of experiments in the demo company, by the program alone: from brief to decision.

Slow: it takes the whole company through the job twice.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from demo import write_company
from ingest.settings import HASH_KEY

from .conftest import KEY, productops

pytestmark = pytest.mark.slow
CHECKLIST, HINT = "exp_onboarding_checklist", "exp_export_hint"
DIGEST, HOME_PAGE = "exp_alert_digest", "exp_dashboard_home"


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lived = tmp_path_factory.mktemp("life") / "lived"
    write_company(lived)
    (lived / ".env").write_text(f"{HASH_KEY}={KEY}\n")
    done = productops(lived, "run")
    assert "Published: build" in done.stdout, done.stdout + done.stderr
    return lived


def cards(lived: Path) -> dict[str, dict[str, Any]]:
    path = lived / "published" / "current" / "productops.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        cursor = connection.execute("select * from marts.experiment_scorecard__experiment")
        names = [column[0] for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {row["experiment_id"]: row for row in rows}


def portfolio(lived: Path) -> tuple[int, int, int]:
    path = lived / "published" / "current" / "productops.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        [row] = connection.execute(
            "select concluded_count, override_den, preregistered_num "
            "from marts.experiment_portfolio__team_quarter where team = 'all' and quarter = 'all'"
        ).fetchall()
    return row


def test_a_brief_becomes_a_plan_that_says_how_long_it_must_run(lived: Path) -> None:
    new = productops(lived, "experiment", "new", "exp_life", "--primary", "report_views")
    assert new.returncode == 0, new.stderr
    assert productops(lived, "experiment", "validate", "exp_life").returncode == 0
    plan = productops(lived, "experiment", "plan", "exp_life", "--svg", str(lived / "plan.svg"))
    assert "needs" in plan.stdout
    assert (lived / "plan.svg").read_text().startswith("<svg")
    (lived / "registry" / "experiments" / "exp_life.yml").unlink()


def test_each_ends_in_its_own_way(lived: Path) -> None:
    found = cards(lived)
    assert found[CHECKLIST]["is_readable"]
    assert found[CHECKLIST]["recommendation"] == "ship"
    assert found[CHECKLIST]["look_no"] == found[CHECKLIST]["look_count"] == 2
    assert found[HINT]["state"] == "INVALID"
    assert found[HINT]["p_adjusted"] is None
    assert found[HINT]["sample_ratio_p"] < 0.001
    assert found[DIGEST]["recommendation"] in ("discuss", "stop")
    assert found[HOME_PAGE]["state"] == "TOO_EARLY"


def test_readouts_are_told_and_shown(lived: Path) -> None:
    told = productops(lived, "experiment", "readout", CHECKLIST)
    assert told.returncode == 0
    assert told.stdout.startswith("# Onboarding checklist: Ship checklist")
    hidden = productops(lived, "experiment", "readout", HINT)
    assert hidden.returncode == 1
    assert "Not to be read" in hidden.stdout
    assert "| exports |" not in hidden.stdout
    pages = lived / "published" / "current" / "pages" / "experiments"
    assert {path.stem for path in pages.glob("*.html")} == {
        "index", CHECKLIST, HINT, DIGEST, HOME_PAGE
    }  # fmt: skip
    nobody = productops(lived, "experiment", "readout", "exp_nobody")
    assert nobody.returncode == 2
    assert CHECKLIST in nobody.stderr


def test_a_changed_plan_is_exploratory_and_a_decision_is_counted(lived: Path) -> None:
    before = portfolio(lived)
    experiments = lived / "registry" / "experiments"
    changed = experiments / f"{DIGEST}.yml"
    text = changed.read_text()
    assert "mde_relative: 0.4" in text
    changed.write_text(text.replace("mde_relative: 0.4", "mde_relative: 0.2"))
    decided = experiments / f"{HINT}.yml"
    text = decided.read_text().replace("status: stopped", "status: decided")
    decided.write_text(text + (
        "  decision:\n    outcome: stop\n    decided_on: 2026-06-30\n    decided_by: pm-analytics\n"
        "    rationale: It can't be read.\n    learning: The flag sent too many to one arm.\n"
    ))  # fmt: skip
    done = productops(lived, "run")
    assert "Published: build" in done.stdout, done.stdout + done.stderr
    found = cards(lived)
    assert found[DIGEST]["is_changed_after_start"]
    assert found[DIGEST]["state"] == "CAUTION"
    assert "exploratory" in found[DIGEST]["reason_text"]
    assert not found[CHECKLIST]["is_changed_after_start"]
    assert found[HINT]["outcome"] == "stop"
    concluded, could_override, preregistered = portfolio(lived)
    assert (concluded, could_override) == (before[0], before[1] + 1)
    assert preregistered == before[2] - 1


def test_the_job_tells_of_them_as_of_all_other_tables(lived: Path) -> None:
    manifest = json.loads((lived / "published" / "current" / "manifest.json").read_text())
    told = json.dumps(manifest)
    assert "experiment_readout__metric_arm" in told
