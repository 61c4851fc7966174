"""Dagster's home in a workspace's `state/`: history, schedules and sensors survive there.

Belongs here: the instance's settings. Does not belong here: anything that imports Dagster.
"""

from __future__ import annotations

from pathlib import Path

from ingest.settings import Workspace
from ingest.store import write_atomically

# One run at a time: two would wait for each other's locks anyway. `nux` is the first-visit dialog.
_SETTINGS = """\
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
run_monitoring:
  enabled: true
retention:
  schedule:
    purge_after_days: 90
  sensor:
    purge_after_days:
      skipped: 7
      failure: 30
      success: 90
"""


def prepare_dagster_home(workspace: Workspace) -> Path:
    """Makes `state/` with its settings; returns its absolute path."""
    workspace.state.mkdir(parents=True, exist_ok=True)
    path = workspace.state / "dagster.yaml"
    if not path.is_file() or path.read_text(encoding="utf-8") != _SETTINGS:
        write_atomically(path, lambda draft: draft.write_text(_SETTINGS, encoding="utf-8"))
    return workspace.state
