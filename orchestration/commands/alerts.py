"""`productops alerts` and `productops incidents`: what people were told, and what they say of it.

Belongs here: printing, and passing on what was asked. Does not belong here: the work
(`lib/alerts/`).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from orchestration.commands.plainly import EXIT_FAILED, fails_plainly

_NOTE = click.option("--note", default="", help="Why; addresses and numbers are taken out of it.")


@click.group()
def alerts() -> None:
    """See, send and test alerts."""


@click.group()
def incidents() -> None:
    """List what fails, and say whether its alarm was true."""


@alerts.command()
@click.pass_obj
@fails_plainly
def test(home: Path) -> int:
    """Send a test message to each channel, and tell what came of it."""
    from ingest.settings import open_workspace
    from orchestration.commands.telling import columns
    from orchestration.lib.alerts.channels import send
    from orchestration.lib.alerts.messages import test_message

    workspace = open_workspace(home)
    rules = workspace.config.alerts
    if not rules.channels:
        click.echo("productops.yml names no channels under `alerts:`; see docs/operations.md.")
        return EXIT_FAILED
    message = test_message(workspace.config.org.name)
    problems = {c.name: send(c, workspace.secret(c.url_env), message) for c in rules.channels}
    columns(
        ("channel", "came to"),
        [(name, problem or "taken; see whether it arrived") for name, problem in problems.items()],
    )
    return EXIT_FAILED if any(problems.values()) else 0


@alerts.command()
@click.pass_obj
@fails_plainly
def look(home: Path) -> int:
    """Look at everything once and send what is due: for cron, where no `up` is running."""
    from ingest.settings import open_workspace
    from orchestration.commands.telling_alerts import look_once

    click.echo(look_once(open_workspace(home)))
    return 0


@alerts.command("list")
@click.option("--limit", default=20, show_default=True, help="How many, the latest first.")
@click.pass_obj
@fails_plainly
def list_messages(home: Path, limit: int) -> int:
    """List messages, sent and waiting, and channels that take none."""
    from ingest.settings import open_workspace
    from orchestration.commands.telling import columns, heading
    from orchestration.lib.alerts.look import opened

    with opened(open_workspace(home)) as store:
        found, channels = store.queue.messages(limit), store.queue.channels()
    columns(
        ("message", "decided (UTC)", "channel", "state", "sent (UTC)", "title"),
        [
            (q.message.message_id, _minute(q.created_at), q.channel, q.state, _minute(q.sent_at),
             q.message.title)
            for q in found
        ],
    )  # fmt: skip
    silent = [(c.name, _minute(c.failing_since), c.problem) for c in channels if c.failing_since]
    if silent:
        heading("Channels that take no messages")
        columns(("channel", "since (UTC)", "problem"), silent)
    return 0


@alerts.command()
@click.argument("message_id")
@click.pass_obj
@fails_plainly
def show(home: Path, message_id: str) -> int:
    """Show one message as it was or will be sent."""
    from ingest.settings import open_workspace
    from orchestration.lib.alerts.look import opened
    from orchestration.lib.alerts.render import as_text
    from orchestration.lib.paths import PipelineError

    with opened(open_workspace(home)) as store:
        every = store.queue.messages(10_000)
    found = [q.message for q in every if q.message.message_id.startswith(message_id)]
    if not found:
        raise PipelineError(f"No message begins with {message_id!r}. See: productops alerts list")
    click.secho(found[0].title, bold=True)
    click.echo(as_text(found[0]))
    return 0


@incidents.command("list")
@click.option("--all", "is_all", is_flag=True, help="Also those that are over.")
@click.pass_obj
@fails_plainly
def list_incidents(home: Path, is_all: bool) -> int:
    """List open incidents, the latest first."""
    from ingest.settings import open_workspace
    from orchestration.commands.telling import columns
    from orchestration.lib.alerts.look import opened

    with opened(open_workspace(home)) as store:
        found = [i for i in store.incidents() if is_all or i.is_open]
    if not found:
        click.echo("No incident." if is_all else "No incident is open.")
        return 0
    columns(
        ("incident", "severity", "what", "since (UTC)", "over (UTC)", "owner", "judged", "words"),
        [
            (i.incident_id, i.severity, i.subject.shown, _minute(i.opened_at),
             _minute(i.recovered_at), i.owner, i.verdict.replace("_", " "), i.words)
            for i in found
        ],
    )  # fmt: skip
    return 0


@incidents.command()
@click.argument("incident_id")
@_NOTE
@click.pass_obj
@fails_plainly
def ack(home: Path, incident_id: str, note: str) -> int:
    """Say that an alarm was true and somebody is at it: no more reminders."""
    from ingest.settings import open_workspace
    from orchestration.lib.alerts.triage import triage

    known = triage(open_workspace(home), incident_id, "true_alarm", note)
    click.echo(f"{known.incident_id} ({known.subject.shown}): acknowledged, a true alarm.")
    return 0


@incidents.command("false-alarm")
@click.argument("incident_id")
@_NOTE
@click.pass_obj
@fails_plainly
def false_alarm(home: Path, incident_id: str, note: str) -> int:
    """Say that an alarm was false: nothing more is told of it, unless it becomes graver."""
    from ingest.settings import open_workspace
    from orchestration.lib.alerts.triage import triage

    known = triage(open_workspace(home), incident_id, "false_alarm", note)
    click.echo(f"{known.incident_id} ({known.subject.shown}): a false alarm.")
    return 0


@incidents.command()
@click.pass_obj
@fails_plainly
def precision(home: Path) -> int:
    """Tell how many of each check's alarms were true, of those that somebody judged."""
    from ingest.settings import open_workspace
    from orchestration.commands.telling import columns
    from orchestration.lib.alerts.look import opened
    from orchestration.lib.alerts.triage import precision as measured

    with opened(open_workspace(home)) as store:
        found = measured(store.incidents())
    columns(
        ("what", "incidents", "judged", "true", "precision"),
        [
            (p.subject.shown, p.incidents, p.triaged, p.true_alarms,
             f"{p.true_alarms / p.triaged:.0%}" if p.triaged else "not known")
            for p in found
        ],
    )  # fmt: skip
    return 0


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""
