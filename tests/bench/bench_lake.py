"""What landing costs beside the rows themselves: many small files, a long history, a long ledger.

Each figure is a difference to the same run with nothing to do, measured in fresh processes by
turns; what counts is CPU time (user and system), since the clock of a shared machine tells little.

    make bench            or            python -m pytest -m bench -s tests/bench/bench_lake.py
"""

from __future__ import annotations

import json
import random
import statistics
import time
from dataclasses import asdict, replace
from pathlib import Path

import duckdb
import pytest

from ingest.ledger import read_batches, read_manifests
from ingest.manifests import Manifest, PartOutcome, manifest_path
from tests.bench.bench_ingest import cost, event_line, prepare

SMALL_FILES, PER_FILE, SMALL_LIMIT = 1_000, 50, 5.0
KEYS, KEY_FILES, KEYS_LIMIT = 15_000_000, 300, 0.3
ENTRIES, ENTRIES_LIMIT = 10_000, 1.0
ROUNDS = 3


def _workspace(home: Path) -> Path:
    (home / "drop").mkdir(parents=True)
    prepare(home)
    return home


def _run(home: Path) -> float:
    # What compiles the modules first is one round of three: the median leaves it out.
    return cost(["-m", "ingest", "run", "--home", str(home)], home.parent / "bytecode").cpu


def _write(path: Path, first: int, count: int, choose: random.Random) -> None:
    lines = (event_line(number, choose) for number in range(first, first + count))
    path.write_text("".join(f"{line}\n" for line in lines))


@pytest.mark.bench
def test_a_thousand_small_files(tmp_path: Path) -> None:
    empty, choose = _workspace(tmp_path / "empty"), random.Random(7)
    seen: list[float] = []
    for number in range(ROUNDS):
        home = _workspace(tmp_path / f"home{number}")
        for file in range(SMALL_FILES):
            _write(home / "drop" / f"{file:04d}.json", file * PER_FILE, PER_FILE, choose)
        seen.append(_run(home) - _run(empty))
        batches = [b for b in read_batches(home / "lake") if b.contract == "usage_events"]
        assert sum(b.rows_loaded for b in batches) == SMALL_FILES * PER_FILE
        assert len(batches) == SMALL_FILES
    cost = statistics.median(seen)
    print(f"\n{SMALL_FILES:,} files of {PER_FILE} events: {cost:.2f} CPU-s beyond the start "
          f"({', '.join(f'{value:.2f}' for value in seen)}), limit {SMALL_LIMIT}")  # fmt: skip
    assert cost <= SMALL_LIMIT


def _manifest(number: int, path: str, rows: int) -> Manifest:
    entry = f"{number:016x}"
    part = PartOutcome("usage_events", f"{entry}-usage_events", rows, rows, 0, 0, output=path)
    return Manifest(
        file_id=entry * 4, entry_id=entry, path=f"drop/{number}.json", source="segment",
        format="segment", status="loaded", reason="", detail="", parser="bench", size=1,
        delivered_on="2026-05-01", loaded_at=f"2026-05-01T00:00:{number % 60:02d}.{number:06d}",
        is_state=False, parts=(part,),
    )  # fmt: skip


def _commit(lake: Path, manifest: Manifest) -> None:
    path = manifest_path(lake, manifest.source, manifest.entry_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(manifest), default=str))


def _long_history(home: Path) -> Path:
    """A lake that holds fifteen million keys already."""
    folder = home / "lake/bronze/usage_events/source=segment/dt=2026-05-01"
    folder.mkdir(parents=True)
    per_file = KEYS // KEY_FILES
    with duckdb.connect() as connection:
        for number in range(KEY_FILES):
            path = folder / f"{number:016x}.parquet"
            keys = f"range({number * per_file}, {(number + 1) * per_file})"
            connection.execute(
                f"copy (select md5_number_lower('old' || i) as row_key from {keys} t(i)) "
                f"to '{path}' (format parquet, compression zstd, compression_level 1)"
            )
            output = path.relative_to(home / "lake").as_posix()
            _commit(home / "lake", _manifest(number, output, per_file))
    return home


@pytest.mark.bench
def test_a_file_against_fifteen_million_earlier_keys(tmp_path: Path) -> None:
    choose = random.Random(7)
    old, new = _long_history(_workspace(tmp_path / "old")), _workspace(tmp_path / "new")
    seen: list[float] = []
    for number in range(ROUNDS):
        idle = _run(old) - _run(new)
        for home in (old, new):
            _write(home / "drop" / f"{number}.json", number * 50_000, 50_000, choose)
        seen.append(_run(old) - _run(new) - idle)
    loaded = [b.rows_loaded for b in read_batches(old / "lake") if b.source_file.endswith("0.json")]
    assert 50_000 in loaded
    cost = statistics.median(seen)
    print(f"\na file against {KEYS:,} earlier keys: {cost:.2f} CPU-s more than against none "
          f"({', '.join(f'{value:.2f}' for value in seen)}), limit {KEYS_LIMIT}")  # fmt: skip
    assert cost <= KEYS_LIMIT


@pytest.mark.bench
def test_a_ledger_of_ten_thousand_files(tmp_path: Path) -> None:
    for number in range(ENTRIES):
        manifest = _manifest(number, f"bronze/usage_events/{number}.parquet", 50)
        part = replace(manifest.parts[0], affected_dates={"2026-05-01": 40, "2026-05-02": 10})
        _commit(tmp_path, replace(manifest, parts=(part,)))
    seen = []
    for _ in range(ROUNDS):
        began = time.process_time()
        found = read_manifests(tmp_path)
        seen.append(time.process_time() - began)
        assert len(found) == ENTRIES
    cost = statistics.median(seen)
    print(f"\na ledger of {ENTRIES:,} files is read in {cost:.2f} CPU-s, limit {ENTRIES_LIMIT}")
    assert cost <= ENTRIES_LIMIT


@pytest.mark.bench
def test_one_late_event_in_a_year_touches_one_day(tmp_path: Path) -> None:
    home, choose = _workspace(tmp_path / "year"), random.Random(7)
    for day in range(170):
        # An event number is 1.5 seconds: each file holds the beginning of another day.
        _write(home / "drop" / f"d{day:03d}.json", day * 57_600 // 4, 20, choose)
    _run(home)
    before = {p: p.stat().st_mtime_ns for p in (home / "lake/bronze").rglob("*.parquet")}
    _write(home / "drop/late.json", 99 * 57_600 // 4 + 50, 1, choose)
    _run(home)
    after = {p: p.stat().st_mtime_ns for p in (home / "lake/bronze").rglob("*.parquet")}
    added = set(after) - set(before)
    assert all(after[path] == stamp for path, stamp in before.items())
    assert len(added) == 1
    (late,) = [b for b in read_batches(home / "lake") if b.source_file == "drop/late.json"]
    print(f"\none late event: {len(added)} file written, days touched {late.affected_dates}")
    assert len(late.affected_dates) == 1
