"""What the README says is so: files, targets, names.

That its commands do what they say: tests/pipeline/test_readme_commands.py.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import yaml

from ingest.config import parse_config
from tests.readme import MADE_BY_CI, README, ROOT, blocks, commands


def test_it_is_short_and_says_the_two_commands() -> None:
    assert len(README.splitlines()) <= 200
    assert {"make demo", "make test"} <= set(commands())


def test_what_ci_runs_is_what_the_readme_says() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    for command in MADE_BY_CI:
        assert re.search(rf"(^|; *){command}\b", script, re.MULTILINE), command


def test_make_knows_every_target_that_is_named() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for command in commands():
        if command.startswith("make "):
            assert f"make {command.split()[1]}" in re.sub(r" +", " ", shown.stdout), command


def test_linked_files_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).is_file(), target


def test_the_mapping_shown_is_accepted() -> None:
    [mapping] = blocks("yaml")
    parse_config(f"org: {{name: x}}\n{mapping}", Path("productops.yml"))
    assert yaml.safe_load(mapping)["sources"][0]["contract"] == "usage_events"


def test_marts_and_contracts_that_are_named_exist() -> None:
    marts = {path.stem for path in (ROOT / "dbt_project/models/marts").rglob("*.sql")}
    table = README.split("## What it answers")[1].split("##")[0]
    assert set(re.findall(r"`(\w+__\w+)`", table)) == marts
    contracts = {path.stem for path in (ROOT / "ingest/contracts").glob("*.yml")}
    table = README.split("## What it reads")[1].split("##")[0]
    assert set(re.findall(r"`(\w+)`", table)) <= contracts
