"""Killed anywhere, read meanwhile, delivered in any order: the published tables are the same."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from ingest.ledger import read_batches
from ingest.settings import open_workspace
from orchestration.lib.build import build
from orchestration.lib.publish import current_build, list_builds, publish
from orchestration.lib.run import RunReport
from tests.pipeline.conftest import events_of, marts, published_bytes


def start(home: Path) -> subprocess.Popen[bytes]:
    """`productops run` in a process group of its own, so that all of it can be killed."""
    command = [sys.executable, "-m", "orchestration.cli", "--home", str(home), "run"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True)


def killed_after(home: Path, seconds: float) -> bool:
    """Starts a run and kills it; False if it was over before."""
    process = start(home)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def assert_whole(home: Path) -> None:
    """Nothing half-done is visible: what `current` points to can be read completely."""
    current = home / "published" / "current"
    if current.exists():
        assert marts(home)
        assert (current / "manifest.json").is_file()


def survive(
    fresh: Path, finished: Path, rerun: Callable[[Path], RunReport], seconds: float
) -> None:
    killed_after(fresh, seconds)
    assert_whole(fresh)
    assert rerun(fresh).is_green
    assert marts(fresh) == marts(finished)
    for batch in read_batches(open_workspace(fresh).lake):
        spent = batch.rows_loaded + batch.rows_duplicate
        assert batch.rows_in == spent + batch.rows_quarantined + batch.rows_suppressed


@pytest.mark.slow
@pytest.mark.parametrize("point", range(10))
def test_ten_random_kills(
    fresh: Path, finished: Path, rerun: Callable[[Path], RunReport], point: int
) -> None:
    chance = random.Random(1000 + point)
    survive(fresh, finished, rerun, seconds=chance.uniform(1, 60))


def shuffled(home: Path, chance: random.Random) -> list[Path]:
    """All exports in another order: their names, and so the order of landing, are changed."""
    files = list(events_of(home))
    names = [f"{number:03d}" for number in range(len(files))]
    chance.shuffle(names)
    folder = home / "drop" / "any order"
    folder.mkdir()
    moved = []
    for path, name in zip(files, names, strict=True):
        target = folder / f"{name}.json.gz"
        shutil.move(path, target)
        moved.append(target)
    return moved


@pytest.mark.slow
def test_shuffled_delivered_twice_and_killed_the_marts_are_equal(
    fresh: Path, finished: Path, rerun: Callable[[Path], RunReport]
) -> None:
    """All at once, because each alone takes a whole run; `-m slow` has kills and batches alone."""
    for path in shuffled(fresh, random.Random(3)):
        shutil.copyfile(path, path.with_name(f"again {path.name}"))
    survive(fresh, finished, rerun, seconds=12)


@pytest.mark.slow
@pytest.mark.parametrize("batches", [1, 30])
def test_one_batch_or_thirty_the_marts_are_equal(
    fresh: Path, finished: Path, rerun: Callable[[Path], RunReport], batches: int
) -> None:
    files = events_of(fresh)
    lines = [line for path in files for line in gzip.decompress(path.read_bytes()).splitlines(True)]
    random.Random(5).shuffle(lines)
    for path in files:
        path.unlink()
    for number in range(batches):
        part = fresh / "drop" / f"part-{number:02d}.json.gz"
        part.write_bytes(gzip.compress(b"".join(lines[number::batches])))
        if batches > 1 and number % 6 == 5:
            assert rerun(fresh).is_green
    assert rerun(fresh).is_green
    assert marts(fresh) == marts(finished)


def test_nothing_new_changes_nothing(home: Path, rerun: Callable[[Path], RunReport]) -> None:
    before = published_bytes(home)
    assert rerun(home).is_green
    assert published_bytes(home) == before


@pytest.mark.slow
def test_a_full_refresh_is_a_build_of_its_own_and_an_equal_one(home: Path, finished: Path) -> None:
    workspace = open_workspace(home)
    first = current_build(workspace)
    build(workspace, full_refresh=True)
    second = publish(workspace).build_id
    assert second != first
    assert [b.build_id for b in list_builds(workspace)] == [second, first]
    assert marts(home) == marts(finished)


@pytest.mark.slow
def test_readers_see_whole_builds_and_no_errors_during_five(home: Path) -> None:
    workspace = open_workspace(home)
    path = workspace.published / "current" / "productops.duckdb"
    # A reader in another process that holds the file open all the time.
    hold = (
        "import duckdb, sys, time\n"
        f"c = duckdb.connect({str(path)!r}, read_only=True)\n"
        "while not sys.stdin.closed and time.sleep(0.05) is None:\n"
        "    n = c.execute('select count(*), sum(dau_count) from marts.active_users__daily')\n"
        "    print(*n.fetchone(), flush=True)\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    stop, seen, errors = threading.Event(), [], []

    def look() -> None:
        while not stop.wait(0.05):
            try:
                with duckdb.connect(str(path.resolve()), read_only=True) as connection:
                    query = "select count(*) from information_schema.tables"
                    seen.append(connection.execute(query).fetchone())
            except Exception as error:  # any at all is what must not happen
                errors.append(error)

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for _ in range(5):
            build(workspace, full_refresh=True)
            publish(workspace)
            time.sleep(0.2)
    finally:
        stop.set()
        reader.join()
        holder.kill()
        told, wrong = holder.communicate()
    assert errors == []
    assert len(seen) > 20
    assert len(set(seen)) == 1
    assert wrong == ""
    assert len(set(told.splitlines())) == 1
