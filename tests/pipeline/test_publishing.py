"""Publishing is all or nothing: killed, out of space or twice at once, readers see a whole build.

One build waits to be published; each test disturbs its publication in another way.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.ledger import read_batches
from ingest.settings import HOME, Workspace, open_workspace
from orchestration.lib import publish as publishing
from orchestration.lib.paths import PublishRefusedError
from orchestration.lib.prints import take_prints
from orchestration.lib.publish import current_build, list_builds, publish, rollback
from orchestration.lib.receipt import read_receipt
from tests.pipeline.conftest import OLDER, published_bytes

# Each place at which a publication is killed, in the order in which it comes by.
POINTS = (
    "export", "verify", "_build_pages", "manifest_of", "_flush", "_point_to", "remember_or_warn",
    "_prune",
)  # fmt: skip


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


def test_a_build_that_is_current_is_not_made_again_and_readers_go_back_and_forth(
    home: Path,
) -> None:
    workspace: Workspace = open_workspace(home)
    build = publish(workspace).build_id
    before = published_bytes(home)
    assert not publish(workspace).is_new
    assert published_bytes(home) == before
    assert current_build(workspace) == seen(home) == build
    assert [b.build_id for b in list_builds(workspace)] == [build, OLDER]
    assert rollback(workspace).build_id == current_build(workspace) == seen(home) == OLDER
    assert rollback(workspace, build).build_id == current_build(workspace) == seen(home) == build


@pytest.mark.slow
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
