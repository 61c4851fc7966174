"""Publishing can't be fooled: whatever it is given, readers see a whole build that passed.

One build waits to be published; each test harms a copy of it in another way.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from expectations.suites import ExpectationSpec
from ingest.ledger import read_batches, read_manifests
from ingest.settings import HOME, Workspace, open_workspace
from orchestration.lib import gates
from orchestration.lib import publish as publishing
from orchestration.lib.gates import gate_marts, last_marts_record
from orchestration.lib.paths import PublishRefusedError
from orchestration.lib.prints import take_prints
from orchestration.lib.publish import current_build, list_builds, publish
from orchestration.lib.receipt import read_receipt
from tests.pipeline.conftest import productops, published_bytes

# Each place at which a publication is killed, in the order in which it comes by.
POINTS = (
    "export", "verify", "_build_pages", "manifest_of", "_flush", "_point_to", "remember_or_warn",
    "_prune",
)  # fmt: skip


OLDER = "20260101T000000Z-000000"


@pytest.fixture(scope="module")
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
def home(waiting: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "home"
    shutil.copytree(waiting, copy, symlinks=True)
    return copy


def seen(home: Path) -> str:
    """The build that readers see, after proof that it is whole."""
    current = (home / "published" / "current").resolve()
    manifest = json.loads((current / "manifest.json").read_text())
    prints = {name: vars(found) for name, found in
              take_prints(current / "productops.duckdb").items()}  # fmt: skip
    assert prints == manifest["prints"]
    assert set(manifest["files"]) <= {
        path.relative_to(current).as_posix() for path in current.rglob("*")
    }
    return manifest["build_id"]


def refused(home: Path, words: str, alone: bool = False) -> None:
    """Publishing refuses and changes nothing; `alone`: the program says why, in plain words."""
    before = published_bytes(home)
    with pytest.raises(PublishRefusedError, match=words):
        publish(open_workspace(home))
    if not alone:
        assert published_bytes(home) == before
        return
    done = productops(home, "publish")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()
    assert published_bytes(home) == before


def test_undisturbed_it_is_published(home: Path) -> None:
    before = seen(home)
    result = publish(open_workspace(home))
    assert result.is_new
    assert seen(home) == result.build_id != before
    manifest = json.loads((home / "published" / "current" / "manifest.json").read_text())
    ledger = manifest["ledger"]
    batches = [batch for batch in read_batches(home / "lake") if batch.is_committed]
    assert ledger["deliveries"] == len(batches)
    parts = ("rows_loaded", "rows_duplicate", "rows_quarantined", "rows_suppressed")
    assert ledger["rows_in"] == sum(ledger[name] for name in parts) > 1000
    assert manifest["gates"]["marts"]["subject"] == result.build_id
    assert manifest["gates"]["lake"]["checks"] > 0
    assert manifest["held_back"] == []


def test_alone_after_a_gate_that_failed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    impossible = ExpectationSpec(
        "row_count", "expect_table_row_count_to_be_between", {"min_value": 10**9}, "critical",
        "There must be a billion of them.",
    )  # fmt: skip
    suites = gates.mart_suites(home)
    harsh = (replace(suites[0], expectations=(impossible,)), *suites[1:])
    monkeypatch.setattr(gates, "mart_suites", lambda *_: harsh)
    workspace = open_workspace(home)
    (workspace.warehouse / "marts_gate.json").unlink()
    receipt = read_receipt(workspace)
    assert receipt is not None
    assert not gate_marts(workspace, receipt).is_open
    # The record of the failure lies there: another process publishes by it, or not at all.
    refused(home, "a billion", alone=True)


def test_a_record_of_another_build_opens_no_gate(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = open_workspace(home)
    path = workspace.warehouse / "marts_gate.json"
    forged = json.loads(path.read_text()) | {"subject": "another-build"}
    path.write_text(json.dumps(forged))
    asked: list[str] = []
    monkeypatch.setattr("expectations.runner.run", lambda *_, **__: asked.append("all") or ())
    publish(workspace)
    assert asked == ["all"]
    record = last_marts_record(workspace)
    receipt = read_receipt(workspace)
    assert record is not None
    assert receipt is not None
    assert record.subject == receipt.build_id


def test_a_stale_receipt(home: Path) -> None:
    """It describes the file that was there before this one."""
    path = home / "warehouse" / "receipt.json"
    receipt = json.loads(path.read_text())
    receipt["warehouse"] |= {"size": receipt["warehouse"]["size"] - 4096, "sha256": "0" * 64}
    path.write_text(json.dumps(receipt))
    refused(home, "No receipt describes the warehouse")


def test_no_receipt_at_all(home: Path) -> None:
    (home / "warehouse" / "receipt.json").unlink()
    refused(home, "No receipt describes the warehouse")


def test_a_warehouse_that_was_written_to(home: Path) -> None:
    with duckdb.connect(str(home / "warehouse" / "warehouse.duckdb")) as connection:
        connection.execute("update marts.active_users__daily set dau_count = dau_count + 1")
    refused(home, "something else wrote to it")


def test_a_candidate_built_from_other_inputs(home: Path) -> None:
    """It holds a delivery that this lake never had."""
    [built, *_] = [entry for entry in read_manifests(home / "lake") if entry.status == "loaded"]
    entries = (home / "lake" / "ledger").rglob("*.json")
    [entry] = [path for path in entries if f'"path": "{built.path}"' in path.read_text()]
    entry.unlink()
    refused(home, "older than what was delivered", alone=True)


@pytest.mark.parametrize("form", ["productops.duckdb", "parquet/active_users__daily.parquet"])
def test_a_candidate_that_was_tampered_with(
    home: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = publishing.export

    def tampered(warehouse: Path, draft: Path) -> None:
        honest(warehouse, draft)
        path = draft / form
        if path.suffix == ".duckdb":
            with duckdb.connect(str(path)) as connection:
                connection.execute("update marts.active_users__daily set dau_count = 7 "
                                   "where activity_on = (select max(activity_on) from "
                                   "marts.active_users__daily)")  # fmt: skip
            return
        duckdb.execute(f"create or replace table t as from '{path}'")
        duckdb.execute("update t set dau_count = dau_count + 1")
        duckdb.execute(f"copy t to '{path}' (format parquet)")

    monkeypatch.setattr(publishing, "export", tampered)
    before = published_bytes(home)
    with pytest.raises(PublishRefusedError, match="active_users__daily"):
        publish(open_workspace(home))
    monkeypatch.undo()
    assert {name: digest for name, digest in published_bytes(home).items()
            if not name.startswith(".draft")} == before  # fmt: skip
    assert publish(open_workspace(home)).is_new


def test_twice_at_once_one_build_is_published_once(home: Path) -> None:
    command = [sys.executable, "-m", "orchestration.cli", "--home", str(home), "publish"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)]  # fmt: skip
    told = [process.communicate(timeout=300) for process in both]
    codes = sorted(process.returncode for process in both)
    assert codes[0] == 0
    if codes[1]:
        assert any("publishing" in errors for _, errors in told), told
    receipt = read_receipt(open_workspace(home))
    assert receipt is not None
    assert seen(home) == receipt.build_id
    assert len(list_builds(open_workspace(home))) == 2


KILLED = """
import os, pathlib, sys
from ingest.settings import open_workspace
from orchestration.lib import publish as publishing
publishing.{point} = lambda *_, **__: os._exit(9)
publishing.publish(open_workspace(pathlib.Path(sys.argv[1])))
"""


def test_killed_at_each_step_readers_see_one_whole_build_and_the_next_attempt_ends_well(
    home: Path,
) -> None:
    first, receipt = seen(home), read_receipt(open_workspace(home))
    assert receipt is not None
    for point in POINTS:
        code = KILLED.format(point=point)
        done = subprocess.run([sys.executable, "-c", code, str(home)], check=False)
        assert done.returncode == 9, point
        now = seen(home)
        is_over = POINTS.index(point) > POINTS.index("_point_to")
        assert now == (receipt.build_id if is_over else first), point
        if is_over:
            # What is left to do after the swap is done by the next attempt.
            publishing._point_to(open_workspace(home), first)
    assert publish(open_workspace(home)).build_id == receipt.build_id == seen(home)
    assert not list((home / "published").glob(".draft*"))
    assert list((home / "published" / "record").glob("*.parquet"))


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, resource.RLIM_INFINITY))
from orchestration.cli import program
sys.argv = ["productops", "--home", sys.argv[1], "publish"]
program()
"""


def test_no_space_is_told_and_what_was_half_made_is_removed(home: Path) -> None:
    before = published_bytes(home)
    code = LIMITED.format(size=300_000)
    done = subprocess.run(
        [sys.executable, "-c", code, str(home)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "can't be written to" in done.stderr
    assert "What was published before is still there" in done.stderr
    assert published_bytes(home) == before
    assert publish(open_workspace(home)).is_new


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "The disk is full"), (errno.EACCES, "the right to write"),
     (errno.EPERM, "allows no links"), (errno.EROFS, "read-only"), (errno.EIO, "Look at the disk")],
)  # fmt: skip
def test_what_the_disk_refuses_is_told_with_what_to_do(
    tmp_path: Path, number: int, words: str
) -> None:
    (tmp_path / ".draft-x").mkdir()
    with (
        pytest.raises(PublishRefusedError, match=words),
        publishing.telling_disk_problems(tmp_path),
    ):
        raise OSError(number, os.strerror(number))
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no second file system")
def test_published_builds_may_lie_on_another_disk(home: Path) -> None:
    other = Path("/dev/shm") / f"productops-{os.getpid()}"
    shutil.copytree(home / "published", other, symlinks=True)
    try:
        assert other.stat().st_dev != home.stat().st_dev
        shutil.rmtree(home / "published")
        (home / "published").symlink_to(other)
        result = publish(open_workspace(home))
        assert result.is_new
        assert seen(home) == result.build_id
    finally:
        shutil.rmtree(other)


def test_a_build_that_is_current_is_not_made_again(home: Path) -> None:
    workspace: Workspace = open_workspace(home)
    publish(workspace)
    before = published_bytes(home)
    assert not publish(workspace).is_new
    assert published_bytes(home) == before
    assert current_build(workspace) == seen(home)


def test_in_dagster_a_build_that_waits_is_published_without_being_built_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagster as dg

    from orchestration.definitions import defs

    monkeypatch.setenv(HOME, str(home))
    receipt = read_receipt(open_workspace(home))
    assert receipt is not None
    with dg.DagsterInstance.ephemeral() as instance:
        job = defs.resolve_job_def("main_job")
        result = job.execute_in_process(instance=instance, raise_on_error=False)
    assert result.success
    assert read_receipt(open_workspace(home)) == receipt
    assert seen(home) == receipt.build_id
