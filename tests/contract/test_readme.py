"""Every command in the README is run, by a test or by what runs the tests."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ingest.config import parse_config
from ingest.settings import HASH_KEY
from tests.pipeline.conftest import KEY

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MADE_BY_CI = {"make demo", "make test"}
MADE_BY_BROWSER_TEST = {"make up"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    return [line for block in blocks("sh") for line in block.splitlines() if line.strip()]


def test_it_is_short_and_says_the_two_commands() -> None:
    assert len(README.splitlines()) <= 200
    assert {"make demo", "make test"} <= set(commands())


def test_what_ci_runs_is_what_the_readme_says() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    for command in MADE_BY_CI:
        assert re.search(rf"^step .*; *{command}$|; *{command}\b", script, re.MULTILINE), command


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


def test_every_other_command_does_what_it_says(company: Path, tmp_path: Path) -> None:
    """In the order of the README, in an empty folder, on a small demo company."""
    shutil.copytree(company, tmp_path / "demo-company")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    ran = []
    for command in commands():
        if command in MADE_BY_CI | MADE_BY_BROWSER_TEST:
            continue
        if command.startswith(".venv/bin/python"):
            # It looks at what `make demo` published.
            words = [".venv/bin/productops", "--home", "demo-company", "run"]
            assert subprocess.run(words, cwd=tmp_path, check=False).returncode == 0
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        ran.append(shlex.split(command)[0])
        if " init " in command:
            (tmp_path / "my-company" / ".env").write_text(f"{HASH_KEY}={KEY}\n")
    assert len(ran) >= 10


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo company."""
    from tests.pipeline.conftest import small_company

    return small_company(tmp_path_factory.mktemp("readme") / "home")
