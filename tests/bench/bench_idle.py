"""A run with nothing new to do: how much of it is ours, and how much are imports.

make bench            or            python -m pytest -m bench -s tests/bench/bench_idle.py
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from demo import write_company
from ingest.settings import HASH_KEY

LIMIT_WHOLE = 20.0
LIMIT_OURS = 1.0
_OURS = """
import sys, time
from pathlib import Path
from ingest.ledger import open_rejections
from ingest.load import ingest
from ingest.settings import open_workspace
from orchestration.lib import publish as publishing
from orchestration.lib.gates import gate_lake
from orchestration.lib.receipt import plan_build
from orchestration.lib.run import report
from datetime import UTC, datetime
import duckdb, pyarrow
started = time.process_time()
workspace = open_workspace(Path(sys.argv[1]))
since = datetime.now(UTC)
ingest(workspace)
plan = plan_build(workspace)
assert not plan.builds, plan.why
assert gate_lake(workspace, plan).is_open
assert not publishing.is_pending(workspace)
assert report(workspace, since).is_green
print(time.process_time() - started)
"""


def cpu_seconds(command: list[str]) -> tuple[float, str]:
    """CPU time of a command and everything it starts, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return spent, done.stdout


@pytest.mark.bench
def test_an_idle_run_is_cheap(tmp_path: Path) -> None:
    home = tmp_path / "home"
    made = Path(__file__).resolve().parents[2] / "demo-company"
    if (made / "published").is_dir():
        shutil.copytree(made, home, symlinks=True)
    else:
        write_company(home)
        (home / ".env").write_text(f"{HASH_KEY}=a-key-for-a-bench-alone\n")
    run = [sys.executable, "-m", "orchestration.cli", "--home", str(home), "run"]
    subprocess.run(run, capture_output=True, check=False)
    builds = sorted(os.listdir(home / "published"))
    whole = min(cpu_seconds(run)[0] for _ in range(3))
    ours = min(float(cpu_seconds([sys.executable, "-c", _OURS, str(home)])[1]) for _ in range(3))
    imports, _ = cpu_seconds([sys.executable, "-c", "import dagster, dagster_dbt, duckdb, pyarrow"])
    assert sorted(os.listdir(home / "published")) == builds
    print(
        f"\nidle run of the demo company: {whole:.1f} CPU-s (limit {LIMIT_WHOLE:.0f}), of which "
        f"ours {ours:.2f} (limit {LIMIT_OURS:.0f}); bare imports {imports:.1f}, "
        f"ratio {whole / imports:.1f}"
    )
    assert whole <= LIMIT_WHOLE
    assert ours <= LIMIT_OURS
