"""`productops`: the command line.

Belongs here: the list of commands, what they are told and how errors end. Does not belong here:
the work (`lib/`), how results are told (`commands/`). Every command imports what it needs only
when it runs, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
import traceback
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click

from orchestration.commands.alerts import alerts, incidents
from orchestration.commands.experiments import experiment
from orchestration.commands.plainly import EXIT_CANNOT, fails_plainly
from orchestration.commands.themes import themes

_EPILOG = """\b
A first day:
  productops demo demo-company            a made-up company, all the way to published numbers
  productops --home demo-company up       the web UI: lineage, checks, runs
\b
Your own company:
  productops init my-company              a workspace; edit my-company/productops.yml
  cp exports/* my-company/drop/           any vendor, any name
  productops --home my-company run        take in, check, build, check, publish
\b
Exit codes: 0 fine · 1 something was rejected or failed a check · 2 could not run
"""


class _InOrder(click.Group):
    """Lists commands in the order of a working day, as they stand here."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of definition."""
        return list(self.commands)


@click.group(
    cls=_InOrder,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
)
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="PRODUCTOPS_HOME",
    default=Path(),
    help="The workspace folder.  [default: $PRODUCTOPS_HOME, else the current folder]",
)
@click.version_option(package_name="productops")
@click.pass_context
def main(context: click.Context, home: Path) -> None:
    """Vendor exports in; gated, published product-health numbers out."""
    context.obj = home.expanduser().resolve()
    os.environ["PRODUCTOPS_HOME"] = str(context.obj)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", help="The company's name.  [default: the folder's name]")
@click.option("--time-zone", default="UTC", show_default=True, help="Reporting zone (IANA name).")
@click.option("--currency", default="USD", show_default=True, help="Reporting currency (ISO 4217).")
@fails_plainly
def init(folder: Path, name: str | None, time_zone: str, currency: str) -> int:
    """Make a workspace for your company."""
    from orchestration.commands.workspace import init_workspace

    return init_workspace(folder, name=name, time_zone=time_zone, currency=currency)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default="demo-company")
@click.option("--seed", default=7, show_default=True, help="Another seed, another company.")
@click.option("--size", default=1, show_default=True, help="How many times as many people.")
@fails_plainly
def demo(folder: Path, seed: int, size: int) -> int:
    """Make a demo company and run everything on it."""
    from orchestration.commands.workspace import demo_workspace

    return demo_workspace(folder, seed=seed, size=size)


@main.command()
@click.pass_obj
@fails_plainly
def run(home: Path) -> int:
    """Take in, check, build, check, publish: the whole job."""
    from orchestration.commands.run import run_job

    return run_job(home)


@main.command()
@click.option("--port", default=3000, show_default=True, help="Port on 127.0.0.1.")
@click.option("--pages-port", type=int, help="Port of pages and checks.  [default: the next one]")
@click.pass_obj
@fails_plainly
def up(home: Path, port: int, pages_port: int | None) -> int:
    """Open the web UI, with schedule and file sensor running."""
    from orchestration.commands.up import serve

    return serve(home, port=port, pages_port=pages_port)


@main.command()
@click.option("--dry-run", is_flag=True, help="Tell what would be looked at; change nothing.")
@click.option("--source", default="", metavar="NAME", help="Only exports of this source.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD",
              help="Only files whose name or date is of this day or later.")  # fmt: skip
@click.option("--withdraw", metavar="FILE", help="Take a loaded file's rows out of later builds.")
@click.option("--reason", default="", help="Why it is withdrawn (kept in the ledger).")
@click.option("--force-snapshot", metavar="FILE", help="Take a list in although it shrank by half.")
@click.option("--replay", metavar="SOURCE", help="Land all of it again, after a mapping changed.")
@click.pass_obj
@fails_plainly
def ingest(
    home: Path, dry_run: bool, source: str, since: datetime | None, withdraw: str | None,
    reason: str, force_snapshot: str | None, replay: str | None,
) -> int:  # fmt: skip
    """Take in what lies in drop/ and registry/."""
    from orchestration.commands.steps import ingest_files, reopen_source, withdraw_file

    if withdraw:
        return withdraw_file(home, withdraw, reason)
    if replay:
        reopen_source(home, replay, dry_run=dry_run)
    asked = since.date() if since else None
    return ingest_files(
        home, dry_run=dry_run, force_snapshot=force_snapshot, source=source, since=asked
    )


@main.command()
@click.option("--full-refresh", is_flag=True, help="Build everything again from the whole lake.")
@click.pass_obj
@fails_plainly
def build(home: Path, full_refresh: bool) -> int:
    """Build the private warehouse; publishes nothing."""
    from orchestration.commands.steps import build_warehouse

    return build_warehouse(home, full_refresh=full_refresh)


@main.command()
@click.option("--lake", "layer", flag_value="lake", help="Only what was landed.")
@click.option("--marts", "layer", flag_value="marts", help="Only what was built.")
@click.option("--explain", "table", is_flag=False, flag_value="", metavar="[TABLE]",
              help="Tell what each check protects, without evaluating any.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="With --explain: as JSON.")
@click.pass_obj
@fails_plainly
def check(home: Path, layer: str | None, table: str | None, as_json: bool) -> int:
    """Hold lake and marts against the gates; show failing rows."""
    if table is not None:
        from orchestration.commands.explaining import explain_checks

        return explain_checks(home, table, layer=layer, as_json=as_json)
    if as_json:
        raise click.UsageError("--json goes with --explain.")
    from orchestration.commands.steps import check_gates

    return check_gates(home, layer=layer)


@main.command()
@click.pass_obj
@fails_plainly
def publish(home: Path) -> int:
    """Publish what was built, if every gate passes."""
    from orchestration.commands.steps import publish_build

    return publish_build(home)


@main.command()
@click.argument("build_id", required=False)
@click.option("--list", "only_list", is_flag=True, help="Show the builds that can be gone back to.")
@click.pass_obj
@fails_plainly
def rollback(home: Path, build_id: str | None, only_list: bool) -> int:
    """Go back to an earlier published build."""
    from orchestration.commands.steps import roll_back

    return roll_back(home, build_id, only_list=only_list)


@main.command()
@click.option("--email", "emails", multiple=True, help="An address of theirs; may be repeated.")
@click.option("--user-id", "user_ids", multiple=True, help="The product's id of them.")
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False),
              help="CSV with the columns email, user_id or both.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Tell what would go; change nothing.")
@click.pass_obj
@fails_plainly
def forget(
    home: Path, emails: tuple[str, ...], user_ids: tuple[str, ...], file: Path | None, dry_run: bool
) -> int:
    """Erase people from everything that is kept, and prove it."""
    from orchestration.commands.forget import forget_people

    return forget_people(home, emails, user_ids, file, dry_run=dry_run)


@main.command()
@click.argument("key")
@click.pass_obj
@fails_plainly
def address(home: Path, key: str) -> int:
    """Print the e-mail address behind a key."""
    from orchestration.commands.address import show_address

    return show_address(home, key)


@main.group()
def schema() -> None:
    """Look at the columns of what was delivered."""


@schema.command()
@click.option("--source", default="", help="Only this source.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD",
              help="Only what was seen since then.")  # fmt: skip
@click.pass_obj
@fails_plainly
def diff(home: Path, source: str, since: datetime | None) -> int:
    """Tell which columns and fields came, went or changed their kind, and what to do about it."""
    from ingest.drift import changes, told
    from ingest.manifests import standing_manifests
    from ingest.settings import open_workspace

    manifests = standing_manifests(open_workspace(home).lake)
    click.echo(told(changes(manifests, source, since.date() if since else None)))
    return 0


@main.command()
@click.pass_obj
@fails_plainly
def status(home: Path) -> int:
    """Tell what came in, is built, is published, is wrong."""
    from orchestration.commands.status import show_status

    return show_status(home)


@main.command()
@click.pass_obj
@fails_plainly
def doctor(home: Path) -> int:
    """Examine installation and workspace; say what to mend."""
    from orchestration.commands.doctor import examine

    return examine(home)


main.add_command(alerts)
main.add_command(incidents)
main.add_command(themes)
main.add_command(experiment)


def program() -> NoReturn:
    """The program `productops`.

    It ends without taking the interpreter apart: once Great Expectations has opened DuckDB, its
    bindings would print pages about objects that are still referred to.
    """
    code: object = EXIT_CANNOT
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    program()
