"""What the gate of the events costs: of one new day, of all days, and of one query by hand.

A suite of thirty checks is held against ten million events in thirty files, as they lie in a lake.
The floor is one DuckDB query, written by hand, that finds the same numbers in one scan. What counts
is CPU time (user and system, all threads) after Great Expectations was imported and has validated
something once; each way runs in a process of its own, by turns.

    make bench            or            python -m tests.bench.bench_gates [events]
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

EVENTS, DAYS, ROUNDS = 10_000_000, 30, 3
LIMIT_DAY, LIMIT_FLOOR = 0.1, 1.3
TABLE = "usage_events"
MEMORY = "2GB"
# Each of the suite's checks as a count of what breaches it.
BY_HAND = r"""
select
    count(*),
    count(*) filter (where not is_revision)
        - count(distinct (source, event_id)) filter (where not is_revision),
    count(*) filter (where event_id is null), count(*) filter (where event_name is null),
    count(*) filter (where event_type is null), count(*) filter (where occurred_at is null),
    count(*) filter (where received_at is null), count(*) filter (where is_clock_skewed is null),
    count(*) filter (where length(event_id) < 1), count(*) filter (where length(event_name) < 1),
    count(*) filter (
        where event_type not in ('track', 'page', 'screen', 'identify', 'group', 'alias')),
    count(*) filter (where user_id is null and anonymous_id is null and group_id is null),
    count(*) filter (where event_type = 'alias' and (previous_id is null or user_id is null)),
    count(*) filter (where occurred_at > received_at + interval 10 minutes),
    count(*) filter (where occurred_at < timestamp '2000-01-01'),
    count(*) filter (where loaded_at < received_at),
    count(*) filter (where regexp_matches(email_key, '@')),
    count(*) filter (where not regexp_matches(email_domain, '^[^@A-Z\s]+$')),
    count(*) filter (where properties is not null and not json_valid(properties)),
    count(group_id)
from {events}
"""


@dataclass(frozen=True)
class Seen:
    """CPU-seconds and peak memory (MB) of one way, and the breaches that it found."""

    cpu: float
    peak: float
    breaches: int


def _events(folder: Path, days: int) -> str:
    files = sorted((folder / "bronze" / TABLE).glob("source=*/**/*.parquet"))[-days:]
    listed = ", ".join(f"'{path}'" for path in files)
    return f"read_parquet([{listed}], hive_partitioning = false)"


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def by_suite(folder: Path, days: int) -> Seen:
    """The gate as it runs, with the suite of the events."""
    from expectations.runner import run
    from expectations.suites import load_suites

    suites = [suite for suite in load_suites("expectations/raw") if suite.table == TABLE]
    run(suites, {TABLE: f"select * from {_events(folder, 1)} limit 0"})
    before = _cpu()
    results = run(suites, {TABLE: f"select * from {_events(folder, days)}"})
    cpu = _cpu() - before
    assert not [result for result in results if result.crashed]
    return Seen(cpu, _peak(), sum(result.unexpected_count or 0 for result in results))


def by_hand(folder: Path, days: int) -> Seen:
    """One query for all checks."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '{MEMORY}'")
        connection.execute("select 1").fetchall()
        before = _cpu()
        row = connection.execute(BY_HAND.replace("{events}", _events(folder, days))).fetchone()
        cpu = _cpu() - before
    assert row is not None
    _, *breaches, _ = row
    return Seen(cpu, _peak(), sum(breaches))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _apart(way: str, folder: Path, days: int) -> Seen:
    """One way in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.bench_gates", way, str(folder), str(days)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("{"))
    return Seen(**json.loads(line))


def measure(folder: Path, events: int) -> tuple[float, float]:
    """Prints all figures; the ratios of one day to all days, and of all days to the query."""
    from tests.bench.world import Company, Size

    Company(folder, Size(DAYS, events // DAYS, 1)).deliver(range(DAYS))
    ways = {"one day": ("suite", 1), "all days": ("suite", DAYS), "by hand": ("hand", DAYS)}
    seen: dict[str, list[Seen]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, (way, days) in ways.items():
            seen[name].append(_apart(way, folder, days))
    cost = {name: statistics.median(one.cpu for one in found) for name, found in seen.items()}
    print(f"\ngate of {events:,} events in {DAYS} files, median of {ROUNDS}")
    for name, found in seen.items():
        peak = max(one.peak for one in found)
        runs = ", ".join(f"{one.cpu:.2f}" for one in found)
        print(f"  {name:10} {cost[name]:7.2f} CPU-s ({runs})   peak {peak:6.0f} MB")
    breaches = {name: found[0].breaches for name, found in seen.items()}
    assert breaches["all days"] == breaches["by hand"], breaches
    day, floor = cost["one day"] / cost["all days"], cost["all days"] / cost["by hand"]
    print(f"  one day to all days {day:.3f}, limit {LIMIT_DAY}")
    print(f"  all days to by hand {floor:.3f}, limit {LIMIT_FLOOR}")
    return day, floor


@pytest.mark.bench
def test_the_gate_of_a_day_is_cheap_and_of_all_days_little_more_than_its_query(
    tmp_path: Path,
) -> None:
    day, floor = measure(tmp_path, EVENTS)
    assert day <= LIMIT_DAY
    assert floor <= LIMIT_FLOOR


if __name__ == "__main__":
    match sys.argv[1:]:
        case [("suite" | "hand") as way, folder, days]:
            found = (by_suite if way == "suite" else by_hand)(Path(folder), int(days))
            print(json.dumps(vars(found)), flush=True)
        case [*rest]:
            with tempfile.TemporaryDirectory() as scratch:
                measure(Path(scratch), int(rest[0]) if rest else EVENTS)
