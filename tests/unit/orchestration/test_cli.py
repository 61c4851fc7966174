"""The command line: help that teaches, new workspaces, errors that say what to do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ingest.settings import HASH_KEY, open_workspace, read_dotenv
from orchestration.cli import main
from orchestration.commands.doctor import locked_versions

COMMANDS = (
    "init", "demo", "run", "up", "ingest", "build", "check", "publish", "rollback", "forget",
    "address", "schema", "status", "doctor", "alerts", "incidents", "themes",
    "experiment",
)  # fmt: skip


def productops(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_help_lists_every_command_with_a_whole_sentence() -> None:
    shown = productops("--help").output
    listed = re.findall(r"^  ([a-z]+)  +\S.*$", shown.split("Commands:")[1], re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)
    assert "..." not in shown.split("Commands:")[1].split("A first day")[0]
    for command in COMMANDS:
        assert productops(command, "--help").exit_code == 0


def test_help_answers_without_the_heavy_imports() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from orchestration.cli import main;"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0;"
        "print([m for m in ('dagster', 'dbt', 'great_expectations', 'duckdb', 'pandas')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_init_makes_a_workspace_that_opens_and_a_key_of_its_own(tmp_path: Path) -> None:
    made = productops("init", tmp_path / "one", "--time-zone", "Europe/Berlin", "--currency", "EUR")
    assert made.exit_code == 0, made.output
    assert productops("init", tmp_path / "two").exit_code == 0
    org = open_workspace(tmp_path / "one").config.org
    assert (org.name, org.time_zone, org.currency) == ("one", "Europe/Berlin", "EUR")
    keys = {read_dotenv(tmp_path / name / ".env")[HASH_KEY] for name in ("one", "two")}
    assert len(keys) == 2
    assert all(len(key) >= 32 for key in keys)
    assert (tmp_path / "one" / ".env").stat().st_mode & 0o777 == 0o600
    assert not any(key in made.output for key in keys)


def test_init_refuses_what_it_would_spoil(tmp_path: Path) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "letter.txt").write_text("mine")
    used = productops("init", tmp_path / "used")
    assert (used.exit_code, "is not empty" in used.output) == (2, True)
    assert [path.name for path in (tmp_path / "used").iterdir()] == ["letter.txt"]
    (tmp_path / "file").write_text("")
    assert "is a file" in productops("init", tmp_path / "file").output
    mars = productops("init", tmp_path / "mars", "--time-zone", "Mars/Olympus")
    assert mars.exit_code == 2
    assert "no IANA time zone" in mars.output
    assert not (tmp_path / "mars").exists()


@pytest.mark.parametrize("command", ["run", "ingest", "build", "check", "publish", "status"])
def test_commands_in_a_folder_that_is_no_workspace_say_how_to_make_one(
    command: str, tmp_path: Path
) -> None:
    told = productops("--home", tmp_path, command)
    assert told.exit_code == 2, told.output
    assert "productops init" in told.output
    assert "Traceback" not in told.output


def test_doctor_finds_a_fresh_workspace_fine_and_an_open_secret_not(tmp_path: Path) -> None:
    productops("init", tmp_path / "w")
    fine = productops("--home", tmp_path / "w", "doctor")
    assert fine.exit_code == 0, fine.output
    assert "0 to mend" in fine.output
    os.chmod(tmp_path / "w" / ".env", 0o644)
    (tmp_path / "w" / "drop").rmdir()
    sick = productops("--home", tmp_path / "w", "doctor")
    assert sick.exit_code == 1
    assert "chmod 600" in sick.output
    assert "mkdir" in sick.output
    assert "2 to mend" in sick.output


def test_doctor_reads_versions_from_the_lock() -> None:
    lock = "# made by x\nduckdb==2.0.0 \\\n    --hash=sha256:0\n    # via y\npytz==2026.1 ; a\n"
    assert locked_versions(lock) == {"duckdb": "2.0.0", "pytz": "2026.1"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Say whom"),
        (("--email", "ada"), "'ada' is no e-mail address"),
        (("--file", "absent.csv"), "can't be read"),
        (("--email", "ada@corp.test"), "run `productops ingest` first"),
    ],
)
def test_forget_says_what_it_needs(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    home = tmp_path / "company"
    assert productops("init", home).exit_code == 0
    done = productops("--home", home, "forget", *words)
    assert done.exit_code == 2
    assert said in done.output
    assert not list(home.rglob("erasures.jsonl"))
