"""What dbt builds is in the file at the end of a run, or the run fails.

Belongs here: that last step. Does not belong here: what the next build does then (tests/pipeline).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration.lib.build import SETTINGS_VARIABLE
from orchestration.lib.manifest import WAREHOUSE_FILE, dbt_environment, ensure_manifest
from orchestration.lib.paths import DBT_PROJECT

# The limit comes after the model, so that nothing but the end of the run can meet it.
_RUN = """
import resource, signal, sys
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from orchestration.lib.dbt_program import read_parse
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def limit(event):
    if event.info.name == "NodeFinished":
        # More than the memory holds: what comes after must bear that rows were put aside.
        DuckDBConnectionManager._ENV.handle().cursor().execute(
            "select max(v) from (select row_number() over (order by hash(i)) as v"
            " from range(4000000) t(i))"
        )
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(not dbtRunner(manifest=read_parse(), callbacks=[limit]).invoke(sys.argv[2:]).success)
"""
ENOUGH, TOO_LITTLE = 50_000_000, 300_000


def seed(home: Path, size: int) -> subprocess.CompletedProcess[str]:
    """Builds the one seed; no file may grow beyond `size` bytes then."""
    ensure_manifest()
    project = str(DBT_PROJECT)
    words = ["--no-write-json", "seed", "--project-dir", project, "--profiles-dir", project,
             "--target-path", str(home / "target"), "--log-path", str(home / "target")]  # fmt: skip
    environment = dbt_environment(home / WAREHOUSE_FILE) | {"PRODUCTOPS_MEMORY_LIMIT": "80MB"}
    return subprocess.run(
        [sys.executable, "-c", _RUN, str(size), *words], capture_output=True, text=True,
        check=False, env=environment | {SETTINGS_VARIABLE: json.dumps({"lake_path": str(home)})},
    )  # fmt: skip


def domains(home: Path) -> int:
    with duckdb.connect(str(home / WAREHOUSE_FILE), read_only=True) as connection:
        row = connection.execute("select count(*) from staging.public_email_domains").fetchone()
    assert row is not None
    return int(row[0])


def test_a_file_that_can_not_take_what_was_built_fails_the_run(tmp_path: Path) -> None:
    done = seed(tmp_path, TOO_LITTLE)
    assert done.returncode == 1
    assert f'Could not write file "{tmp_path / WAREHOUSE_FILE}": File too large' in done.stdout
    with pytest.raises(duckdb.CatalogException):
        domains(tmp_path)


def test_at_the_end_all_is_in_the_one_file(tmp_path: Path) -> None:
    assert seed(tmp_path, ENOUGH).returncode == 0
    lines = (DBT_PROJECT / "seeds" / "public_email_domains.csv").read_text().splitlines()
    assert domains(tmp_path) == len(lines) - 1
    assert [path.name for path in tmp_path.glob(f"{WAREHOUSE_FILE}*")] == [WAREHOUSE_FILE]
