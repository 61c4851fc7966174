"""`productops run`: the main job through Dagster, in this process.

Belongs here: starting the job and telling what came of it. Does not belong here: what the job
does (`defs/`).
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingest.settings import open_workspace
from orchestration.commands.telling import progress_line, tell_run
from orchestration.lib.dagster_home import prepare_dagster_home
from orchestration.lib.manifest import ensure_manifest, is_fresh
from orchestration.lib.run import report

if TYPE_CHECKING:
    import dagster as dg

_STEPS = {
    "ingest": "taking in files",
    "gate_of_the_lake": "checking what came in",
    "warehouse": "building the warehouse",
    "gate_of_the_marts": "checking the marts",
    "publish": "publishing",
}


def run_job(home: Path) -> int:
    """Runs the job; 0 if everything that was delivered is published, else 1."""
    workspace = open_workspace(home)
    os.environ["DAGSTER_HOME"] = str(prepare_dagster_home(workspace))
    os.environ["PRODUCTOPS_HOME"] = str(workspace.home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    if not is_fresh():
        click.echo("Reading the models (once after each change) ...", err=True)
        ensure_manifest()
    since = datetime.now(UTC)
    problem = _execute()
    told = report(workspace, since)
    tell_run(told, workspace.home)
    if problem and told.is_green:
        click.secho(f"\nThe run failed all the same: {problem}", fg="red", err=True)
    elif problem and (told.lake is None or told.lake.is_open):
        click.secho(f"\n{problem}", fg="red", err=True)
    return 1 if problem or not told.is_green else 0


def _execute() -> str:
    """Runs the job on the persistent instance, so that the UI shows it; returns what failed."""
    warnings.filterwarnings("ignore")
    import dagster as dg

    from orchestration.definitions import defs

    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    show = progress_line()
    with dg.DagsterInstance.get() as instance:
        job = defs.resolve_job_def("main_job")
        _say(show, "starting")
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        _say(show, "")
        return "" if result.success else _problem(result)


def _say(show, what: str) -> None:  # noqa: ANN001
    if sys.stderr.isatty():
        show("run", what, 0, len(_STEPS))


def _problem(result: dg.ExecuteInProcessResult) -> str:
    """The first failure in plain words."""
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            error = data.user_failure_data or data.error
            cause = getattr(data.error, "cause", None) or data.error
            text = getattr(cause, "message", None) or str(error)
            return f"{_STEPS.get(event.step_key or '', event.step_key)}: {text.strip()}"
    return "the run failed; see its log in the web UI"
