"""Experiments of the demo, counted here by other code from the files alone; bad plans are seen."""

from __future__ import annotations

import csv
import math
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from analytics.experiments.spec import problems_of
from ingest.documents import load_yaml
from tests.unit.demo.conftest import Calls

Units = dict[str, tuple[Counter[str], int]]


def plans(company: Path) -> dict[str, dict[str, Any]]:
    paths = (company / "registry/experiments").glob("*.yml")
    found = [load_yaml(path.read_text())["experiment"] for path in paths]
    return {plan["experiment_id"]: plan for plan in found}


@pytest.fixture(scope="module")
def units(company: Path, raw: tuple[Calls, Counter[str]]) -> Units:
    """Per experiment: people by the variation that they saw first, and people who saw more."""
    calls = raw[0].values()
    mail = {c["userId"]: c["traits"]["email"] for c in calls if c["type"] == "identify"}
    group = {c["userId"]: c["groupId"] for c in calls if c["type"] == "group"}
    shown: dict[str, dict[str, list[tuple[datetime, str]]]] = defaultdict(lambda: defaultdict(list))

    def see(experiment: str, user: str, at: str, variation: str) -> None:
        if not mail[user].endswith("harborline.test") and group[user] != "acc_sandbox":
            shown[experiment][mail[user]].append((datetime.fromisoformat(at), variation))

    for call in calls:
        if call.get("event") == "Experiment Viewed":
            said = call["properties"]
            see(said["experiment_id"], call["userId"], call["timestamp"], said["variation_id"])
    with (company / "drop/growthbook/exposures.csv").open(newline="") as handle:
        for row in csv.DictReader(handle):
            see(row["experiment_id"], row["user_id"], row["timestamp"], row["variation_id"])
    return {
        experiment: (
            Counter(min(seen)[1] for seen in people.values()),
            sum(len({variation for _, variation in seen}) > 1 for seen in people.values()),
        )
        for experiment, people in shown.items()
    }


def split_p(counts: Counter[str]) -> float:
    """P of two even arms that are no more alike than these: chi-square of one degree."""
    one, other = counts.values()
    return math.erfc(abs(one - other) / math.sqrt(2 * (one + other)))


def test_units_by_variation_and_those_who_saw_both(units: Units, truth: dict[str, Any]) -> None:
    told = truth["experiments"]["by_experiment"]
    assert units.keys() == told.keys()
    for experiment, (counts, crossed) in units.items():
        assert counts == told[experiment]["units"], experiment
        assert crossed == told[experiment]["crossover_units"], experiment
        assert min(counts.values()) > 100
    old, new = truth["experiment"], told["exp_onboarding_checklist"]
    assert sum(new["units"].values()) == sum(old["people"].values()) + old["crossover_people"]


def test_one_split_alone_is_not_as_planned(units: Units, truth: dict[str, Any]) -> None:
    planted = {
        experiment
        for experiment, told in truth["experiments"]["by_experiment"].items()
        if told["ends"].get("failed_gates") == ["sample_ratio"]
    }
    assert {name for name, (counts, _) in units.items() if split_p(counts) < 1e-3} == planted
    assert planted == {"exp_export_hint"}


def test_each_way_to_end_is_there_once(company: Path, truth: dict[str, Any]) -> None:
    told = truth["experiments"]["by_experiment"]
    ends = {name: (t["ends"].get("state"), t["ends"]["recommendation"]) for name, t in told.items()}
    assert ends == {
        "exp_onboarding_checklist": (None, "ship"), "exp_export_hint": ("INVALID", "none"),
        "exp_alert_digest": (None, "stop"), "exp_dashboard_home": ("TOO_EARLY", "continue"),
    }  # fmt: skip
    for name, plan in plans(company).items():
        assert plan["status"] == told[name]["status"]
        # People decided as the readout will advise; one stopped experiment waits for somebody.
        if decision := plan.get("decision"):
            assert decision["outcome"] == told[name]["ends"]["recommendation"]
        is_over = str(plan["ends_on"]) < "2026-06-30"
        assert is_over == (plan["status"] != "running")


def test_registers_and_exposures_are_in_the_ledger(company: Path, truth: dict[str, Any]) -> None:
    rows = truth["ledger"]["rows"]
    with (company / "drop/growthbook/exposures.csv").open(newline="") as handle:
        served = sum(1 for _ in csv.DictReader(handle))
    wanted = {
        ("registry_metric", "metrics"): len([*(company / "registry/metrics").iterdir()]),
        ("registry_experiment", "experiments"): len(plans(company)),
        ("growthbook_exposures", "exposures"): served,
    }
    assert wanted["registry_metric", "metrics"] == 8
    assert served > 1_000
    for (kind, contract), count in wanted.items():
        told = rows[kind][contract]
        assert told["rows_in"] == told["rows_loaded"] == count, kind
        assert told["rows_duplicate"] == told["rows_quarantined"] == 0


def test_plans_name_metrics_that_are_there_and_nothing_is_wrong(company: Path) -> None:
    metrics = {path.stem for path in (company / "registry/metrics").iterdir()}
    for name, plan in plans(company).items():
        used = {plan["primary"]["metric"], *(g["metric"] for g in plan["guardrails"])}
        assert used | set(plan.get("secondary", ())) <= metrics
        assert not [p for p in problems_of(plan) if p.severity == "error"], name


def test_a_plan_that_was_spoilt_is_seen(company: Path) -> None:
    plan = plans(company)["exp_alert_digest"]
    plan["variations"][0]["weight"] = 0.6
    del plan["guardrails"]
    said = " ".join(problem.words for problem in problems_of(plan))
    assert "sum to 1.1" in said
    assert any("guardrails" in problem.location for problem in problems_of(plan))
