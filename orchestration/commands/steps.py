"""`productops ingest`, `build`, `check`, `publish`, `rollback`: one step at a time.

Belongs here: calling one step and telling what it did. Does not belong here: the step.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import click

from ingest.config import ConfigError
from ingest.settings import open_workspace
from orchestration.commands.telling import (
    columns,
    command,
    step_progress,
    tell_arrivals,
    tell_check,
    tell_gate,
    tell_held_back,
    tell_refused,
)


def ingest_files(
    home: Path, *, dry_run: bool, force_snapshot: str | None = None, source: str = "",
    since: date | None = None,
) -> int:  # fmt: skip
    """Takes in what is new; 1 if a file was refused."""
    from ingest.ledger import open_rejections
    from ingest.load import ingest
    from orchestration.lib.run import report

    workspace = open_workspace(home)
    began = datetime.now(UTC)
    found = ingest(
        workspace, progress=step_progress("ingest"), dry_run=dry_run,
        force_snapshot=force_snapshot, source=source, since=since,
    )  # fmt: skip
    if dry_run:
        for outcome in found.files:
            click.echo(f"{outcome.status:8} {outcome.path}")
        click.echo(f"{found.rest} Nothing was changed.")
        return 0
    told = report(workspace, began)
    if told.arrived:
        tell_arrivals(told.arrived)
    else:
        click.echo(f"Nothing new: {found.rest}")
    for outcome in found.files:
        if outcome.status == "waiting":
            click.echo(outcome.detail)
    refused = open_rejections(workspace)
    tell_refused(refused)
    return 1 if any(outcome.status == "rejected" for outcome in found.files) else 0


def withdraw_file(home: Path, target: str, reason: str) -> int:
    """Takes a delivery back."""
    from ingest.ledger import withdraw

    if not reason:
        raise ConfigError("Say why, for the record: --withdraw FILE --reason 'test data'")
    for path in withdraw(open_workspace(home), target, reason):
        click.echo(f"withdrawn, or to be landed again: {path}")
    click.echo(f"Its rows go with the next build: {command('run', home)}")
    return 0


def reopen_source(home: Path, source: str, *, dry_run: bool) -> None:
    """Has all that a source delivered landed again by the ingest that follows."""
    from ingest.replay import replay

    if dry_run:
        raise ConfigError("--replay changes the lake: leave out --dry-run")
    click.echo(replay(open_workspace(home), source).words)


def build_warehouse(home: Path, *, full_refresh: bool) -> int:
    """Builds the private warehouse."""
    from orchestration.lib.build import build

    result = build(open_workspace(home), progress=step_progress("build"), full_refresh=full_refresh)
    if not result.is_new:
        click.echo("Nothing new since the last build; the warehouse is up to date.")
        return 0
    how = f"{result.plan.kind.replace('_', ' ')}: {'; '.join(result.plan.why)}"
    click.echo(f"Built {result.receipt.build_id} in {result.seconds:.0f} s ({how}).")
    columns(("table", "rows"), result.receipt.rows.items())
    click.echo(f"\nNext: {command('publish', home)}")
    return 0


def check_gates(home: Path, *, layer: str | None) -> int:
    """Evaluates the gates and shows what fails; 1 if one is closed."""
    from orchestration.lib.gates import gate_lake, gate_marts
    from orchestration.lib.receipt import plan_build, read_receipt

    workspace = open_workspace(home)
    records = []
    if layer in (None, "lake"):
        record = gate_lake(workspace, plan_build(workspace), step_progress("check the lake"))
        tell_gate("The lake's gate", record)
        records.append(record)
    receipt = read_receipt(workspace)
    if layer in (None, "marts") and receipt:
        record = gate_marts(workspace, receipt, step_progress("check the marts"))
        tell_gate("The marts' gate", record)
        records.append(record)
    if layer == "marts" and not receipt:
        click.echo(f"Nothing was built yet. Run: {command('build', home)}")
        return 1
    for record in records:
        for result in record.breaches:
            if result.quarantine:
                click.echo(f"all rows of {result.check_name}: {result.quarantine}")
    return 0 if all(record.is_open for record in records) else 1


def publish_build(home: Path) -> int:
    """Publishes what was built."""
    from orchestration.lib.admission import held_back
    from orchestration.lib.gates import last_lake_record
    from orchestration.lib.publish import publish

    workspace = open_workspace(home)
    result = publish(workspace, step_progress("publish"))
    record = last_lake_record(workspace)
    told = "Published" if result.is_new else "Published already:"
    click.echo(f"{told} build {result.build_id}, {sum(result.rows.values()):,} rows in "
               f"{len(result.rows)} marts.\n{home / 'published' / 'current'}")  # fmt: skip
    if record is None or record.is_open:
        return 0
    for check in record.breaches:
        tell_check(check)
    tell_held_back(held_back(workspace, record))
    return 1


def roll_back(home: Path, build_id: str | None, *, only_list: bool) -> int:
    """Points readers to an earlier build, or lists them."""
    from orchestration.lib.publish import list_builds, rollback

    workspace = open_workspace(home)
    if only_list:
        builds = list_builds(workspace)
        rows = [
            (b.build_id, b.published_at, sum(b.rows.values()), b.warnings,
             "current" if b.is_current else "")
            for b in builds
        ]  # fmt: skip
        columns(("build", "published (UTC)", "rows", "warnings", ""), rows)
        return 0
    now = rollback(workspace, build_id)
    click.echo(f"Readers see build {now.build_id} (published {now.published_at} UTC) from now on.")
    click.echo("The next successful run publishes again: withdraw what was bad before.")
    return 0


__all__ = [
    "build_warehouse", "check_gates", "ingest_files", "publish_build", "reopen_source",
    "roll_back", "tell_check", "withdraw_file",
]  # fmt: skip
