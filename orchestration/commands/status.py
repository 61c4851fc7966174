"""`productops status`: how things stand, without changing anything.

Belongs here: one page of plain facts. Does not belong here: finding them out (`lib/`).
"""

from __future__ import annotations

from pathlib import Path

import click

from ingest.ledger import open_rejections, read_batches
from ingest.settings import open_workspace
from ingest.streams import missing_credentials, pull_problems
from ingest.waiting import long_waiting
from orchestration.commands.telling import (
    columns,
    command,
    heading,
    tell_gate,
    tell_held_back,
    tell_pulls,
    tell_refused,
    tell_waiting,
)
from orchestration.lib.admission import held_back, last_plan
from orchestration.lib.gates import last_lake_record, last_marts_record
from orchestration.lib.publish import current_build, list_builds
from orchestration.lib.receipt import read_receipt


def show_status(home: Path) -> int:
    """Prints the state of lake, warehouse, gates and what is published; 1 if something is wrong."""
    workspace = open_workspace(home)
    org = workspace.config.org
    click.secho(f"{org.name}  ({workspace.home})", bold=True)
    click.echo(f"time zone {org.time_zone}, currency {org.currency}"
               + (f", clock frozen at {org.as_of}" if org.as_of else ""))  # fmt: skip
    _tell_lake(workspace)
    refused = open_rejections(workspace)
    tell_refused(refused)
    tell_waiting(long_waiting(workspace.lake))
    tell_pulls(pull_problems(workspace), missing_credentials(workspace))
    plan, receipt = last_plan(workspace), read_receipt(workspace)
    heading("Warehouse")
    if receipt:
        kind = "from scratch" if receipt.full_refresh else "incrementally"
        click.echo(f"  build {receipt.build_id}, {receipt.built_at} UTC, {kind}")
    click.echo(f"  {'to be built: ' if plan.builds else ''}{'; '.join(plan.why)}")
    lake, marts = last_lake_record(workspace), last_marts_record(workspace)
    tell_gate("The lake's gate", lake)
    tell_held_back(held_back(workspace, lake))
    tell_gate("The marts' gate", marts)
    _tell_incidents(workspace)
    heading("Published")
    current = current_build(workspace)
    if current is None:
        click.echo(f"  nothing yet. Run: {command('run', workspace.home)}")
    else:
        rows = [
            (b.build_id, b.published_at, sum(b.rows.values()), "current" if b.is_current else "")
            for b in list_builds(workspace)
        ]
        columns(("build", "published (UTC)", "rows", ""), rows)
    closed = any(record is not None and not record.is_open for record in (lake, marts))
    return 1 if closed else 0


def _tell_incidents(workspace) -> None:
    from orchestration.lib.alerts.look import opened, store_path

    # A look at the state of things makes no files.
    if not store_path(workspace).is_file():
        return
    with opened(workspace) as store:
        alive = [incident for incident in store.incidents() if incident.is_open]
    if alive:
        heading(f"Open incidents: {len(alive)}; see productops incidents list")
        rows = [(i.severity, i.subject.shown, f"{i.opened_at:%Y-%m-%d %H:%M}") for i in alive]
        columns(("severity", "what", "since (UTC)"), rows)


def _tell_lake(workspace) -> None:
    batches = [batch for batch in read_batches(workspace.lake) if not batch.is_withdrawn]
    heading(f"Lake: {len({batch.source_file for batch in batches})} files")
    contracts = sorted({batch.contract for batch in batches if batch.contract})
    rows = []
    for contract in contracts:
        mine = [batch for batch in batches if batch.contract == contract]
        days = [day for batch in mine for day in (batch.first_on, batch.last_on) if day]
        rows.append(
            (
                contract,
                sum(batch.rows_loaded for batch in mine),
                sum(batch.rows_duplicate for batch in mine),
                sum(batch.rows_quarantined for batch in mine),
                min(days, default=""),
                max(days, default=""),
            )
        )
    columns(("contract", "rows", "duplicates", "set aside", "from", "to"), rows)
