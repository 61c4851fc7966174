"""Runs whose process is gone are closed, so that no other run waits for them.

Belongs here: telling such runs and marking them as failed. Does not belong here: starting runs.

One run at a time may go on, and Dagster's own launcher does not notice that a process was killed:
the run would count as going on for ever, and neither schedule nor sensor would start another.
"""

import os
from pathlib import Path

import dagster as dg

_PROCESS = "pid"
# The wall clock may be set while a run goes on; better to wait for one than to fail a living one.
_CLOCK_SLACK_SECONDS = 60


def close_abandoned(instance: dg.DagsterInstance) -> list[str]:
    """Marks started runs whose process is gone as failed; returns their ids."""
    started = instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    closed = []
    for record in started:
        run = record.dagster_run
        process = _process_of(instance, run.run_id)
        if process is None or _still_runs(process, record.start_time):
            continue
        instance.report_run_failed(
            run, f"Process {process} of this run is gone: it was killed or the machine went down."
        )
        closed.append(run.run_id)
    return closed


def _process_of(instance: dg.DagsterInstance, run_id: str) -> int | None:
    """The process that executes a run, as the executor noted it; None before it did."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        event = entry.dagster_event
        noted = event.engine_event_data.metadata.get(_PROCESS) if event else None
        if noted is not None:
            return int(str(noted.value))
    return None


def _still_runs(process: int, since: float | None) -> bool:
    """Whether a process is there, and is not a younger one that got the same number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    born = _born_at(process)
    return born is None or since is None or born <= since + _CLOCK_SLACK_SECONDS


def _born_at(process: int) -> float | None:
    """When a process began, in seconds of the epoch; None where the system does not tell."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2]
        boot = Path("/proc/stat").read_text(encoding="utf-8").split("btime ")[1].split()[0]
        return int(boot) + int(fields.split()[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None
