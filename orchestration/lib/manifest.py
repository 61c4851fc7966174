"""dbt's manifest: parsed ahead of time, kept fresh by a fingerprint of the project.

Belongs here: when and how `manifest.json` is made. Does not belong here: what Dagster makes of it
(`defs/warehouse.py`) or building (`build.py`).

Dagster reads the manifest whenever it loads the definitions; parsing there would cost seconds
each time. So the commands parse when something changed, and loading only reads a file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ingest.store import BusyError, locked, write_atomically
from orchestration.lib.paths import DBT_PROJECT, PipelineError, dbt_fingerprint, versions

MANIFEST = DBT_PROJECT / "target" / "manifest.json"
WAREHOUSE_VARIABLE = "PRODUCTOPS_WAREHOUSE"
_PASSED = frozenset(
    {"PATH", "HOME", "LANG", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LD_LIBRARY_PATH"}
)
WAREHOUSE_FILE = "warehouse.duckdb"
PARSED = "partial_parse.msgpack"
REMEDY = f"run `{Path(sys.executable).name} -m orchestration.lib.manifest`, then load again"


def _stamp_path() -> Path:
    return MANIFEST.with_name("manifest.fingerprint")


def _fingerprint() -> str:
    return f"{dbt_fingerprint()} dbt {versions()['dbt-core']}"


def is_fresh() -> bool:
    """Whether the manifest describes the project's files as they are now."""
    stamp = _stamp_path()
    return (
        MANIFEST.is_file()
        and stamp.is_file()
        and stamp.read_text(encoding="utf-8").strip() == _fingerprint()
    )


def load_manifest() -> dict[str, Any]:
    """The manifest; raises `PipelineError` with the command that makes it."""
    if not MANIFEST.is_file():
        raise PipelineError(f"{MANIFEST} is missing: {REMEDY}")
    if not is_fresh():
        raise PipelineError(f"{MANIFEST} is older than the dbt project: {REMEDY}")
    return json.loads(MANIFEST.read_text(encoding="utf-8"))


def ensure_manifest() -> bool:
    """Parses the project if its manifest is not fresh; returns whether it had to."""
    if is_fresh() or _made_by_another():
        return False
    with locked(MANIFEST.with_name("manifest.lock"), "parse of the dbt project"):
        fingerprint = _fingerprint()
        scratch = _scratch()
        command = [
            sys.executable, "-m", "dbt.cli.main", "parse", "--quiet",
            "--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT),
            "--target-path", str(scratch), "--log-path", str(scratch),
        ]  # fmt: skip
        done = subprocess.run(
            command, capture_output=True, text=True, env=dbt_environment(), check=False
        )
        if done.returncode:
            raise PipelineError(
                f"the dbt project can't be parsed:\n{done.stdout}{done.stderr}".rstrip()
            )
        whole = (scratch / "manifest.json").read_bytes()
        write_atomically(MANIFEST, lambda draft: draft.write_bytes(whole))
        write_atomically(_stamp_path(), lambda draft: draft.write_text(fingerprint))
    return True


def _scratch() -> Path:
    return MANIFEST.with_name("parse")


def parsed_path() -> Path | None:
    """The parse in dbt's own form, if it is of the project as it is now."""
    path = _scratch() / PARSED
    return path if is_fresh() and path.is_file() else None


def _made_by_another(patience: float = 120) -> bool:
    """Whether another process is parsing; waits until its manifest is there."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            with locked(MANIFEST.with_name("manifest.lock"), "parse of the dbt project"):
                return is_fresh()
        except BusyError:
            time.sleep(0.5)
    return False


def dbt_environment(warehouse: Path | None = None) -> dict[str, str]:
    """The environment for a dbt process: no telemetry, no colours, nothing from outside.

    It is short on purpose: dbt looks through all of it for secrets, at every line it might log.
    """
    kept = {name: value for name, value in os.environ.items() if _passes(name)}
    return kept | {
        # The file's name is part of every relation's: the parse must know the one of builds.
        WAREHOUSE_VARIABLE: str(warehouse or WAREHOUSE_FILE),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "DBT_USE_COLORS": "false",
        # A second log would take a tenth of the build's time; SQL is in `run/`.
        "DBT_LOG_LEVEL_FILE": "none",
        "PYTHONUNBUFFERED": "1",
    }


def _passes(name: str) -> bool:
    return name in _PASSED or name.startswith(("PRODUCTOPS_", "DAGSTER_", "PYTHON", "LC_"))


if __name__ == "__main__":
    print("parsed" if ensure_manifest() else "was fresh")
