"""What Dagster loads: everything, from nothing, without asking anybody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from ingest.contracts import load_contracts
from orchestration.lib.dictionary import PAGE, describe, read_marts
from orchestration.lib.manifest import ensure_manifest
from orchestration.lib.suites import mart_suites, raw_suites

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def loaded() -> dict:
    """Facts of the definitions, loaded with an empty environment and no network."""
    ensure_manifest()
    code = """
import json, socket, sys, time
def refuse(*a, **k): raise OSError("no network when definitions are loaded")
socket.socket.connect = refuse
started = time.process_time()
from orchestration.definitions import defs
import dagster as dg
dg.Definitions.validate_loadable(defs)
graph = defs.resolve_asset_graph()
print(json.dumps({
    "assets": sorted("/".join(k.path) for k in graph.get_all_asset_keys()),
    "checks": sorted(f"{'/'.join(k.asset_key.path)}:{k.name}" for k in graph.asset_check_keys),
    "blocking": sorted(
        f"{'/'.join(k.asset_key.path)}:{k.name}" for k in graph.asset_check_keys
        if graph.get_check_spec(k).blocking
    ),
    "owned": all(graph.get(k).owners for k in graph.materializable_asset_keys),
    "sensors": {s.name: s.default_status.value for s in defs.sensors},
    "schedules": {s.name: s.default_status.value for s in defs.schedules},
    "heavy": [m for m in ("great_expectations", "pandas", "altair", "apprise") if m in sys.modules],
    "executor": defs.executor.name,
    "seconds": time.process_time() - started,
}))
"""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, env=kept,
        cwd="/", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_every_contract_and_every_mart_is_an_asset_that_somebody_owns(loaded: dict) -> None:
    for name in load_contracts():
        assert f"lake/{name}" in loaded["assets"]
        assert f"staging/stg_{name}" in loaded["assets"]
    for _, model in read_marts():
        assert f"marts/{model['name']}" in loaded["assets"]
    for name in ("lake/batches", "lake/usage_events_by_day", "published/marts", "published/pages",
                 "published/incidents"):  # fmt: skip
        assert name in loaded["assets"]
    assert loaded["owned"]


def test_every_expectation_is_a_check_and_critical_ones_of_marts_block(loaded: dict) -> None:
    wanted, critical = set(), set()
    for layer, suites in (("lake", raw_suites()), ("marts", mart_suites())):
        for suite in suites:
            for spec in suite.expectations:
                name = f"{layer}/{suite.table}:{spec.check_name}"
                wanted.add(name)
                # Those of the lake hold back their source: other sources go on.
                if spec.severity == "critical" and layer == "marts":
                    critical.add(name)
    assert wanted <= set(loaded["checks"])
    assert len(wanted) > 200
    assert wanted & set(loaded["blocking"]) == critical


def test_suites_cover_every_contract_and_every_mart() -> None:
    assert {suite.table for suite in raw_suites()} == set(load_contracts())
    assert {suite.table for suite in mart_suites()} == {m["name"] for _, m in read_marts()}


def test_schedule_and_sensor_run_without_a_toggle_in_one_process(loaded: dict) -> None:
    assert loaded["sensors"] == {"files_arrived": "RUNNING", "alerts": "RUNNING"}
    assert loaded["schedules"] == {"nightly": "RUNNING"}
    assert loaded["executor"] == "in_process"


def test_loading_imports_nothing_heavy(loaded: dict) -> None:
    assert loaded["heavy"] == []


def test_workspace_file_and_tool_table_name_the_same_location() -> None:
    python = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"][0]["python_module"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    assert python["module_name"] == project["code_location_target_module"]
    assert python["location_name"] == project["code_location_name"]
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert "dagster" not in tools, "it would silently win over workspace.yaml"


def test_the_metric_dictionary_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == describe(read_marts()), "run: make docs"


def test_no_committed_file_names_a_registry_or_a_secret() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".png", ".gz"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for word in ("--index" + "-url", "pypi" + ".org/simple", "file:///" + "opt"):
            assert word not in text or name == "Makefile", f"{name}: {word}"


def test_a_part_of_the_warehouse_is_not_built_alone(tmp_path: Path) -> None:
    """Models of two builds side by side would be published under one receipt."""
    ensure_manifest()
    code = """
import dagster as dg
from orchestration.definitions import defs
one = dg.AssetSelection.assets(dg.AssetKey(["marts", "active_users__daily"])).without_checks()
job = dg.define_asset_job("part", selection=one)
whole = dg.Definitions.merge(defs, dg.Definitions(jobs=[job]))
with dg.DagsterInstance.ephemeral() as instance:
    done = whole.resolve_job_def("part").execute_in_process(instance=instance, raise_on_error=False)
assert not done.success
print([e.step_failure_data.user_failure_data.description for e in done.all_events
       if e.is_step_failure])
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False,
        cwd=tmp_path, env=os.environ | {"PRODUCTOPS_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "built together" in done.stdout
    assert "main_job" in done.stdout
    assert not (tmp_path / "warehouse").exists()
