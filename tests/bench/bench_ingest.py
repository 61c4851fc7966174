"""Landing one million Segment events, with every guarantee, against DuckDB alone.

The floor is what nobody can do without: DuckDB's bare `read_json` of the same files, the same
columns with their types, written to Parquet, with its defaults. It checks no gzip checksum, knows
no line numbers, loses malformed lines, keeps duplicates and has no ledger. Both run in fresh
processes, by turns, and what counts is CPU time (user and system, children too), since the clock
of a shared machine tells little. Costs that come once a file weigh more with small files, so a
hand may choose other sizes. Memory must not follow the size of the input, not even where a file
holds nothing but records that are set aside.

    make bench            or            python -m tests.bench.bench_ingest [events [events a file]]
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EVENTS = 1_000_000
PER_FILE = 50_000
ROUNDS = 5
LIMIT = 1.5
PEAK_LIMIT_MB = 1000

CONFIG = "org: {{name: Bench, product_born_on: 2026-01-01, as_of: {as_of}T12:00:00Z}}\n"

_CONTEXT = (
    "STRUCT(groupId VARCHAR, sessionId VARCHAR, active VARCHAR, userAgent VARCHAR, "
    "library STRUCT(name VARCHAR), page STRUCT(path VARCHAR), traits STRUCT(email VARCHAR))"
)
COLUMNS = {
    "messageId": "VARCHAR", "type": "VARCHAR", "event": "VARCHAR", "userId": "VARCHAR",
    "anonymousId": "VARCHAR", "previousId": "VARCHAR", "groupId": "VARCHAR",
    "timestamp": "TIMESTAMP", "originalTimestamp": "TIMESTAMP", "sentAt": "TIMESTAMP",
    "receivedAt": "TIMESTAMP", "channel": "VARCHAR", "context": _CONTEXT,
    "properties": "JSON", "traits": "JSON",
}  # fmt: skip

FLOOR = """
import sys, duckdb
files, target, columns = sys.argv[1], sys.argv[2], sys.argv[3]
more = f", columns = {columns}" if columns else ""
duckdb.connect().execute(
    f"copy (select * from read_json('{files}', format = 'newline_delimited', "
    f"ignore_errors = true{more})) to '{target}' (format parquet)"
)
"""

_AGENT = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/124.0.0.0 Safari/537.36"
)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def event_line(number: int, choose: random.Random) -> str:
    """One call as Segment logs it, about 0.8 KB."""
    person = choose.randrange(20_000)
    happened = datetime(2026, 5, 1, tzinfo=UTC) + timedelta(milliseconds=number * 1500)
    sent, received = happened + timedelta(seconds=1), happened + timedelta(seconds=2)
    page = f"/workspace/{person % 997}/reports/{choose.randrange(500)}"
    return json.dumps(
        {
            "_metadata": {"bundled": ["Segment.io"], "unbundled": []},
            "anonymousId": f"a-{person:08x}-{person * 7919 % 99991:05d}",
            "channel": "client",
            "context": {
                "active": True,
                "groupId": f"acc-{person % 997}",
                "ip": f"203.0.113.{person % 255}",
                "library": {"name": "analytics.js", "version": "5.2.0"},
                "locale": "en-US",
                "page": {"path": page, "title": "Reports", "url": f"https://app.test{page}"},
                "timezone": "America/New_York",
                "userAgent": _AGENT,
            },
            "event": ("Report Exported", "Report Viewed", "Board Shared")[number % 3],
            "messageId": f"ajs-next-{number:012d}-{person:06d}",
            "originalTimestamp": _stamp(happened),
            "properties": {"report": f"r-{choose.randrange(9000)}", "rows": number % 5000,
                           "format": "csv", "ms": choose.randrange(4000) / 7},
            "receivedAt": _stamp(received),
            "sentAt": _stamp(sent),
            "timestamp": _stamp(happened),
            "type": "track",
            "userId": f"user-{person}",
            "version": 2,
            "writeKey": "wk_0123456789",
        },
        separators=(",", ":"),
    )  # fmt: skip


def write_events(folder: Path, count: int, per_file: int = PER_FILE) -> tuple[int, int]:
    """Writes gz files; one event in a hundred comes twice, one line in a thousand is cut off."""
    from isal import igzip

    folder.mkdir(parents=True)
    choose = random.Random(7)
    duplicates = bad = 0
    before = ""
    for start in range(0, count, per_file):
        path = folder / f"1746{start:09d}.segment-logs.gz"
        with igzip.open(path, "wt", encoding="utf-8") as handle:
            for number in range(start, min(start + per_file, count)):
                if number % 100 == 99:
                    line, duplicates = before, duplicates + 1
                else:
                    line = before = event_line(number, choose)
                if number % 1000 == 500:
                    line, bad = line[:300], bad + 1
                    before = event_line(number, choose)
                handle.write(line + "\n")
    return duplicates, bad


@dataclass(frozen=True)
class Cost:
    """CPU seconds of a process and its children, and the most memory one of them held."""

    cpu: float
    peak_mb: float


def cost(arguments: list[str], bytecode: Path) -> Cost:
    """What a fresh process of Python costs, its modules compiled as installed ones are."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL,
        env=environment | {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(bytecode)},
    )  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)


def land(home: Path) -> Cost:
    """Lands everything into an empty lake."""
    shutil.rmtree(home / "lake", ignore_errors=True)
    return cost(["-m", "ingest", "run", "--home", str(home)], home / "bytecode")


def floor(home: Path, *, explicit: bool) -> Cost:
    """DuckDB alone; `explicit` with the columns and types that landing reads, else sniffed."""
    columns = "{" + ", ".join(f"{k}: '{v}'" for k, v in COLUMNS.items()) + "}"
    files, target = home / "drop" / "*.gz", home / "floor.parquet"
    arguments = ["-c", FLOOR, str(files), str(target), columns if explicit else ""]
    return cost(arguments, home / "bytecode")


def measure(home: Path) -> dict[str, list[Cost]]:
    """Alternates what is compared."""
    seen: dict[str, list[Cost]] = {"landed": [], "floor": [], "floor, columns sniffed": []}
    for _ in range(ROUNDS):
        seen["floor"].append(floor(home, explicit=True))
        seen["landed"].append(land(home))
        seen["floor, columns sniffed"].append(floor(home, explicit=False))
    return seen


def report(count: int, seen: dict[str, list[Cost]]) -> tuple[float, float]:
    """Prints the figures; returns the ratio of the medians and the highest peak of landing."""
    middle = {what: statistics.median(c.cpu for c in costs) for what, costs in seen.items()}
    peak = {what: max(c.peak_mb for c in costs) for what, costs in seen.items()}
    print(f"\n{count:,} events, CPU-seconds (median of {ROUNDS}), peak memory")
    for what, costs in seen.items():
        each = ", ".join(f"{c.cpu:.2f}" for c in costs)
        print(f"  {what:24} {middle[what]:6.2f} {peak[what]:6.0f} MB   {each}")
    ratio = middle["landed"] / middle["floor"]
    print(f"  ratio to the floor       {ratio:6.2f}   limit {LIMIT}")
    print(f"  to the sniffed one       {middle['landed'] / middle['floor, columns sniffed']:6.2f}")
    print(f"  events per CPU-second    {count / middle['landed']:8,.0f}")
    return ratio, peak["landed"]


def prepare(home: Path, as_of: str = "2026-12-31") -> None:
    """A workspace's settings; events after `as_of` are set aside."""
    home.mkdir(exist_ok=True)
    (home / "productops.yml").write_text(CONFIG.format(as_of=as_of))
    (home / ".env").write_text("PRODUCTOPS_HASH_KEY=a-key-for-the-bench-alone\n")


def run(home: Path, count: int, per_file: int = PER_FILE) -> tuple[float, float]:
    """Generates, measures, checks that nothing was lost, prints; returns ratio and peak."""
    duplicates, bad = write_events(home / "drop", count, per_file)
    prepare(home)
    seen = measure(home)
    from ingest.ledger import read_batches

    batches = [b for b in read_batches(home / "lake") if b.contract == "usage_events"]
    assert sum(b.rows_in for b in batches) == count
    assert sum(b.rows_quarantined for b in batches) == bad
    assert sum(b.rows_duplicate for b in batches) == duplicates
    assert sum(b.rows_loaded for b in batches) == count - duplicates - bad
    return report(count, seen)


@pytest.mark.bench
def test_landing_costs_little_more_than_the_floor(tmp_path: Path) -> None:
    ratio, peak = run(tmp_path, EVENTS)
    assert ratio <= LIMIT
    assert peak <= PEAK_LIMIT_MB


@pytest.mark.bench
@pytest.mark.parametrize("as_of", ["2026-12-31", "2026-04-01"], ids=["good", "set aside"])
def test_memory_does_not_follow_the_size_of_one_file(tmp_path: Path, as_of: str) -> None:
    write_events(tmp_path / "drop", EVENTS, EVENTS)
    prepare(tmp_path, as_of)
    landed = land(tmp_path)
    print(f"\none file of {EVENTS:,}: {landed.cpu:.1f} CPU-s, {landed.peak_mb:.0f} MB")
    assert landed.peak_mb <= PEAK_LIMIT_MB


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        run(Path(scratch), *map(int, sys.argv[1:] or [EVENTS]))
