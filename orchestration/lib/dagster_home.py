"""Dagster's home in a workspace's `state/`: history, schedules and sensors survive there.

Belongs here: the instance's settings. Does not belong here: anything that imports Dagster.
"""

from __future__ import annotations

import json
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
freshness:
  enabled: true
event_log_storage:
  module: orchestration.history
  class: KeptSqliteEventLogStorage
  config:
    base_dir: {history}
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
    settings = _SETTINGS.format(history=json.dumps(str(workspace.state / "history" / "runs")))
    if not path.is_file() or path.read_text(encoding="utf-8") != settings:
        write_atomically(path, lambda draft: draft.write_text(settings, encoding="utf-8"))
    return workspace.state
