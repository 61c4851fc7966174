"""The history of checks: one file an evaluation, folded where they are many, bounded in time."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from expectations.results import CheckResult
from ingest.build_inputs import check_run_files, read_check_runs
from ingest.config import parse_config
from ingest.settings import Workspace
from ingest.store import LakeError
from orchestration.lib import check_history
from orchestration.lib.check_history import MOST_FILES, fold_checks, remember_checks

PASSED = CheckResult("tickets", "raw", "tickets", "a", "warning", passed=True, unexpected_count=0,
                     element_count=4, owner="support-ops", seconds=0.25)  # fmt: skip
FAILED = CheckResult("tickets", "raw", "tickets", "b", "critical", passed=False,
                     unexpected_count=2, failing_rows=[{"mail": "ann@x.test"}])  # fmt: skip
START = datetime(2026, 6, 1, 3)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    config = parse_config("org: {name: x}\n", tmp_path / "productops.yml")
    return Workspace(tmp_path, config, "a-key-for-tests-alone")


def remember(workspace: Workspace, hour: int) -> Path:
    moment = f"{START + timedelta(hours=hour):%Y-%m-%d %H:%M:%S}"
    return remember_checks(workspace, "lake", f"s{hour}", moment, (PASSED, FAILED))


def rows(workspace: Workspace) -> list[dict]:
    found = read_check_runs(workspace).to_pylist()
    return sorted(found, key=lambda row: (row["checked_at"], row["check_name"]))


def test_an_evaluation_is_told_in_counts_and_holds_no_row(workspace: Workspace) -> None:
    path = remember(workspace, 0)
    assert rows(workspace) == [
        {"gate": "lake", "subject": "s0", "checked_at": START, "layer": "raw",
         "table_name": "tickets", "check_name": "a", "severity": "warning",
         "owner": "support-ops", "is_passed": True, "is_crashed": False, "is_blocking": False,
         "failing_count": 0, "row_count": 4, "check_seconds": 0.25},
        {"gate": "lake", "subject": "s0", "checked_at": START, "layer": "raw",
         "table_name": "tickets", "check_name": "b", "severity": "critical", "owner": "",
         "is_passed": False, "is_crashed": False, "is_blocking": True, "failing_count": 2,
         "row_count": None, "check_seconds": 0.0},
    ]  # fmt: skip
    assert b"x.test" not in path.read_bytes()


def test_many_files_become_one_and_old_evaluations_go(workspace: Workspace) -> None:
    for hour in range(MOST_FILES):
        remember(workspace, hour)
    before = rows(workspace)
    fold_checks(workspace, START)
    assert len(check_run_files(workspace)) == MOST_FILES
    remember(workspace, MOST_FILES)
    whole = rows(workspace)
    assert whole[: len(before)] == before
    fold_checks(workspace, START + timedelta(days=400, hours=9, minutes=30))
    assert [path.name for path in check_run_files(workspace)] == ["folded.parquet"]
    assert rows(workspace) == [row for row in whole if row["subject"] not in
                               {f"s{hour}" for hour in range(10)}]  # fmt: skip


def test_killed_while_folding_nothing_is_there_twice(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hour in range(MOST_FILES + 1):
        remember(workspace, hour)
    before = rows(workspace)
    monkeypatch.setattr(Path, "unlink", _killed)
    with pytest.raises(KeyboardInterrupt):
        fold_checks(workspace, START)
    monkeypatch.undo()
    assert rows(workspace) == before
    fold_checks(workspace, START)
    assert rows(workspace) == before
    assert len(check_run_files(workspace)) == 1


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_damaged_file_is_named_with_what_to_do(workspace: Workspace) -> None:
    path = remember(workspace, 0)
    path.write_bytes(b"no parquet")
    with pytest.raises(LakeError, match=r"history of checks.*Remove it") as error:
        read_check_runs(workspace)
    assert str(path) in str(error.value)


def test_kept_is_as_long_as_the_mart_says() -> None:
    text = (Path(check_history.__file__).parents[2] / "dbt_project" / "models" / "marts" / "trust"
            / "check__run.yml").read_text()  # fmt: skip
    assert f"within {check_history.KEPT.days} days" in " ".join(text.split())
