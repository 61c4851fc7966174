"""`productops forget`: erasure requests, shown, done and proved.

Belongs here: what is asked and printed. Does not belong here: the work (`lib/erasure.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from ingest.forget import look_for
from ingest.settings import open_workspace
from ingest.subjects import requests_of
from ingest.telling import proof, told
from orchestration.commands.telling import command, step_progress


def forget_people(
    home: Path, emails: Iterable[str], user_ids: Iterable[str], file: Path | None, *, dry_run: bool
) -> int:
    """Erases people; 1 if something still holds them."""
    workspace = open_workspace(home)
    request = requests_of(emails, user_ids, file)
    if dry_run:
        click.echo(told(look_for(workspace, request), dry_run=True))
        return 0
    from orchestration.commands.run import read_models
    from orchestration.lib.erasure import forget

    if workspace.warehouse_path.exists():
        read_models()
    done = forget(workspace, request, step_progress)
    click.echo(told(done.erasure))
    for build_id in done.removed:
        click.echo(f"  published build removed: {build_id}")
    if done.published:
        click.echo(f"  built and published anew: {done.published}")
    click.echo(proof(workspace, done.erasure.subject, done.scan))
    if done.problem:
        click.secho(f"\nNot everything could be made anew: {done.problem}", fg="red", err=True)
        again = command("forget ...", home)
        click.echo(f"Their rows are gone from the lake. Mend it, then run again: {again}")
    return 0 if done.is_complete else 1
