"""Looking at alerts from a command, outside of Dagster's daemon.

Belongs here: opening Dagster's records and definitions for one look. Does not belong here: the
look (`defs/alerts.py`).
"""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING

import click

from ingest.settings import Workspace

if TYPE_CHECKING:
    import dagster as dg

    from orchestration.lib.alerts.look import Account


def look_once(workspace: Workspace) -> str:
    """One look; returns what came of it in a line."""
    from orchestration.lib.dagster_home import prepare_dagster_home
    from orchestration.lib.manifest import ensure_manifest

    os.environ["DAGSTER_HOME"] = str(prepare_dagster_home(workspace))
    os.environ["PRODUCTOPS_HOME"] = str(workspace.home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    ensure_manifest()
    warnings.filterwarnings("ignore")
    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        return _look(workspace, instance).sentence


def look_after_run(workspace: Workspace, instance: dg.DagsterInstance) -> str:
    """The look at the end of a run, which must never make it fail; what to tell, if anything."""
    try:
        account = _look(workspace, instance)
        return account.sentence if account.is_news else ""
    except Exception as error:  # the run was as good as it was; alerts come with the next look
        return f"Alerts could not be looked at ({type(error).__name__}: {error})."


def tell_look(sentence: str) -> None:
    """Prints what a look came to."""
    if sentence:
        click.echo(f"\nAlerts: {sentence}")


def _look(workspace: Workspace, instance: dg.DagsterInstance) -> Account:
    from orchestration.definitions import defs
    from orchestration.defs.alerts import tell

    names = {definition.name for definition in (*(defs.sensors or ()), *(defs.schedules or ()))}
    return tell(workspace, instance, defs.resolve_asset_graph(), names)
