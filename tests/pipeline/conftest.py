"""A small company taken through the whole job once, and copies of it to be harmed.

Belongs here: making the workspace and comparing what was published. Does not belong here: what a
step must do (the tests).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from demo import write_company
from ingest.settings import HASH_KEY, open_workspace
from orchestration.lib import publish as publishing
from orchestration.lib.manifest import ensure_manifest
from orchestration.lib.publish import current_build
from orchestration.lib.run import RunReport, run

KEY = "a-key-for-tests-alone-0002"
FIRST_DAYS = 14
OLDER = "20260101T000000Z-000000"
# They tell of deliveries, times of loading and runs; everything else tells of the world.
ABOUT_DELIVERIES = {
    "row_ledger__batch", "freshness__contract", "identity_change__event", "restatement__metric_day",
    "check__run", "incident__incident", "check_precision__check",
}  # fmt: skip


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """See `small_company`."""
    return small_company(tmp_path_factory.mktemp("company") / "home")


def small_company(home: Path) -> Path:
    """The demo company with its first two weeks of events: small, but of every vendor."""
    write_company(home)
    events = sorted((home / "drop" / "segment-logs").rglob("*.gz"))
    for path in events[FIRST_DAYS:]:
        path.unlink()
    (home / ".env").write_text(f"{HASH_KEY}={KEY}\n")
    return home


@pytest.fixture(scope="session")
def finished(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company after one whole, undisturbed run. Never changed: see `home`."""
    ensure_manifest()
    home = tmp_path_factory.mktemp("finished") / "home"
    shutil.copytree(company, home)
    report = run(open_workspace(home))
    assert report.is_green, report
    return home


@pytest.fixture(scope="session")
def waiting(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company whose build passed its gates and waits; readers see an older one. Never changed."""
    home = tmp_path_factory.mktemp("waiting") / "home"
    shutil.copytree(finished, home, symlinks=True)
    workspace = open_workspace(home)
    older = workspace.published / OLDER
    (workspace.published / str(current_build(workspace))).rename(older)
    manifest = json.loads((older / "manifest.json").read_text())
    (older / "manifest.json").write_text(json.dumps(manifest | {"build_id": OLDER}))
    publishing._point_to(workspace, OLDER)
    publishing.remember(workspace)
    assert publishing.is_pending(workspace)
    return home


@pytest.fixture
def home(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished company, to be harmed."""
    copy = tmp_path / "home"
    shutil.copytree(finished, copy, symlinks=True)
    return copy


@pytest.fixture
def fresh(company: Path, tmp_path: Path) -> Path:
    """A copy of the company before any run."""
    copy = tmp_path / "fresh"
    shutil.copytree(company, copy)
    return copy


@pytest.fixture
def rerun() -> Callable[[Path], RunReport]:
    """Runs the whole job in a workspace."""
    return lambda home: run(open_workspace(home))


def events_of(home: Path) -> list[Path]:
    """Event files of a workspace, oldest first."""
    return sorted((home / "drop" / "segment-logs").rglob("*.gz"))


def published_bytes(home: Path) -> dict[str, str]:
    """Digest of every published file, and where `current` points."""
    folder = home / "published"
    found = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(".lock")
    }
    return found | {"current": os.readlink(folder / "current")}


def marts(home: Path) -> dict[str, list[tuple]]:
    """All rows of every published mart that tells of the world, in a fixed order."""
    path = home / "published" / "current" / "productops.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        names = [
            name
            for (name,) in connection.execute(
                "select table_name from information_schema.tables where table_schema = 'marts'"
            ).fetchall()
        ]
        return {
            name: connection.execute(f"select * from marts.{name} order by all").fetchall()
            for name in sorted(set(names) - ABOUT_DELIVERIES)
        }


def productops(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs the program in a process of its own."""
    command = [sys.executable, "-m", "orchestration.cli", "--home", str(home), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)
