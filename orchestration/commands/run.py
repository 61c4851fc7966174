"""`productops run`: the main job through Dagster, in this process.

Belongs here: starting the job and telling what came of it. Does not belong here: what the job
does (`defs/`).
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
import warnings
from contextlib import redirect_stdout
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingest.settings import Workspace, open_workspace
from orchestration.commands.telling import tell_run
from orchestration.commands.telling_alerts import look_after_run, tell_look
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

# An exception's own name, which tells whoever runs this nothing.
_CLASS = re.compile(r"^[\w.]+(Error|Failure): ")


def run_job(home: Path) -> int:
    """Runs the job; 0 if everything that was delivered is published, else 1."""
    workspace = open_workspace(home)
    os.environ["DAGSTER_HOME"] = str(prepare_dagster_home(workspace))
    os.environ["PRODUCTOPS_HOME"] = str(workspace.home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    # Also for helper processes of the libraries, which else tell of their own housekeeping.
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    read_models()
    since = datetime.now(UTC)
    problem, alerts = _execute(workspace)
    told = report(workspace, since)
    tell_run(told, workspace.home)
    tell_look(alerts)
    if problem and told.is_green:
        click.secho(f"\nThe run failed all the same: {problem}", fg="red", err=True)
    elif problem and (told.lake is None or told.lake.is_open):
        click.secho(f"\n{problem}", fg="red", err=True)
    return 1 if problem or not told.is_green else 0


def read_models() -> None:
    """Parses the dbt project if it changed; a process of dbt does that, so others can work."""
    if not is_fresh():
        click.echo("Reading the models (once after each change) ...", err=True)
        ensure_manifest()


def warm_up() -> None:
    """Imports what a run needs: some seconds, for whoever has to wait for something else."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    for name in ("dagster_dbt", "great_expectations"):
        import_module(name)


def _execute(workspace: Workspace) -> tuple[str, str]:
    """Runs the job on the persistent instance, so that the UI shows it.

    What the steps print goes to a log: the account that follows says it better.

    Returns:
        What failed, and what became of alerts.
    """
    log = workspace.state / "last_run.log"
    warnings.filterwarnings("ignore")
    import dagster as dg

    from orchestration.definitions import defs

    job = defs.resolve_job_def("main_job")
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with (
        dg.DagsterInstance.get() as instance,
        log.open("w", encoding="utf-8") as file,
        _Watch(log),
        redirect_stdout(file),
    ):
        result = job.execute_in_process(instance=instance, run_config=quiet, raise_on_error=False)
        alerts = look_after_run(workspace, instance)
    return "" if result.success else _problem(result), alerts


class _Watch:
    """Shows on a terminal how long the run has taken and what dbt is at, from the run's log."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)

    def __enter__(self) -> None:
        if sys.stderr.isatty():
            self._thread.start()
        else:
            click.echo("Running the job (about a minute) ...", err=True)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _show(self) -> None:
        started = time.monotonic()
        while not self._over.wait(0.5):
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
            doing = next((line for line in reversed(lines) if line.strip()), "taking in files")
            seconds = time.monotonic() - started
            click.echo(f"\r\033[K{seconds:4.0f} s  {doing[:90]}", nl=False, err=True)
        click.echo("\r\033[K", nl=False, err=True)


def _problem(result: dg.ExecuteInProcessResult) -> str:
    """The first failure in plain words."""
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            error = data.user_failure_data or data.error
            cause = getattr(data.error, "cause", None) or data.error
            text = getattr(cause, "message", None) or str(error)
            words = _CLASS.sub("", text.strip())
            return f"{_STEPS.get(event.step_key or '', event.step_key)}: {words}"
    return "the run failed; see its log in the web UI"
