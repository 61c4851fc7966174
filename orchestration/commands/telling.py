"""How results are told in a terminal: plain words, few colours, tables where one compares.

Belongs here: printing of reports and progress. Does not belong here: doing anything.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click

from expectations.results import CheckResult
from expectations.vocabulary import effect_of
from ingest.ledger import Manifest, Rejection
from ingest.waiting import Waiting
from orchestration.lib.admission import HeldBack
from orchestration.lib.gates import GateRecord
from orchestration.lib.run import RunReport

_SHOWN_FILES = 12
_SHOWN_ROWS = 5


def heading(words: str) -> None:
    """A heading above what follows."""
    click.secho(f"\n{words}", bold=True)


def progress_line() -> Callable[[str, str, int, int], None]:
    """A progress line that overwrites itself; silent where nobody watches."""
    watched = sys.stderr.isatty()

    def show(step: str, what: str, done: int, of: int) -> None:
        if watched:
            bar = f"{'━' * (20 * done // max(of, 1)):20}"
            line = f"{step} {bar} {done} of {of} {what}" if what else ""
            click.echo(f"\r\033[K{line[:100]}", nl=False, err=True)

    return show


def step_progress(step: str) -> Callable[[str, int, int], None]:
    """The same for one step."""
    show = progress_line()
    return lambda what, done, of: show(step, what, done, of)


def columns(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; numbers to the right."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    body = [["" if value is None else _number(value) for value in row] for row in rows]
    for name in header:
        table.add_column(name, overflow="fold")
    for row in body:
        table.add_row(*row)
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 140).print(table)


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def tell_arrivals(manifests: Sequence[Manifest]) -> None:
    """What came in, by source; what was set aside, by reason."""
    loaded = [manifest for manifest in manifests if manifest.status == "loaded"]
    heading(f"What came in: {len(loaded)} files")
    totals: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for manifest in loaded:
        for part in manifest.parts:
            sums = totals[manifest.source, part.contract]
            counts = (part.rows_in, part.rows_loaded, part.rows_duplicate, part.rows_quarantined)
            for place, count in enumerate((1, *counts)):
                sums[place] += count
    columns(
        ("source", "contract", "files", "rows in", "loaded", "duplicate", "set aside"),
        [(*key, *sums) for key, sums in sorted(totals.items())],
    )
    reasons: Counter[tuple[str, str]] = Counter()
    for manifest in loaded:
        for part in manifest.parts:
            for reason, count in part.reasons.items():
                reasons[part.contract, reason] += count
    if reasons:
        heading("Rows set aside, and why (raw text and line: lake/quarantine/)")
        columns(
            ("contract", "reason", "rows"),
            [(*key, count) for key, count in sorted(reasons.items())],
        )


def tell_refused(refused: Sequence[Rejection]) -> None:
    """Files that could not be read."""
    if not refused:
        return
    heading(f"Refused: {len(refused)} files")
    for rejection in refused[:_SHOWN_FILES]:
        click.echo(f"  {rejection.detail or rejection.path}")
    if len(refused) > _SHOWN_FILES:
        click.echo(f"  ... and {len(refused) - _SHOWN_FILES} more")


def tell_waiting(waiting: Sequence[Waiting]) -> None:
    """Deliveries that no run could read for more than a day."""
    if waiting:
        heading(f"Not taken in for more than a day: {len(waiting)} files")
        for one in waiting[:_SHOWN_FILES]:
            click.secho(f"  {one.words}", fg="red")


def tell_pulls(problems: Sequence[str], without: Sequence[str]) -> None:
    """Streams of APIs whose last pull failed, and APIs without their credential."""
    if problems:
        heading(f"Not pulled to the end: {len(problems)} streams; the next run goes on there")
        for problem in problems:
            click.secho(f"  {problem}", fg="red")
    if without:
        heading(f"Not pulled at all: {len(without)} sources")
        for problem in without:
            click.echo(f"  {problem}")


def tell_gate(name: str, record: GateRecord | None) -> None:
    """How many checks passed, and which did not."""
    if record is None:
        return
    passed = sum(check.passed for check in record.checks)
    heading(f"{name}: {passed} of {len(record.checks)} checks passed")
    for check in record.breaches:
        tell_check(check)
    for check in record.warnings:
        tell_check(check)


def tell_held_back(held: Sequence[HeldBack]) -> None:
    """What no build takes in until it is corrected."""
    if not held:
        return
    heading(f"Held back: {len(held)} sources; everything else is built")
    for one in held:
        click.secho(f"  {one.words}", fg="red")
    click.echo("  Numbers that rest on them end where their last good delivery ended. Correct or "
               "withdraw what is named above, then run again.")  # fmt: skip


def tell_check(check: CheckResult) -> None:
    """A check that failed, with what to do and its first rows."""
    colour = "red" if check.blocks else "yellow"
    mild = "info" if check.severity == "info" else "warning"
    mark = effect_of(check.layer, "critical").upper() if check.blocks else mild
    found = check.message.replace(check.runbook, "").rstrip()
    click.secho(f"  {mark}: {check.table}: {found}", fg=colour)
    if check.runbook:
        click.echo(f"    what to do: {check.runbook} ({check.owner})")
    if check.blocks and check.failing_rows:
        header = list(check.failing_rows[0])[:7]
        rows = [[row.get(name) for name in header] for row in check.failing_rows[:_SHOWN_ROWS]]
        columns(header, rows)


def tell_run(report: RunReport, home: Path) -> None:
    """The whole account of a run."""
    if report.arrived:
        tell_arrivals(report.arrived)
    else:
        heading("Nothing new came in")
    tell_refused(report.refused)
    tell_waiting(report.waiting)
    tell_pulls(report.pull_problems, report.not_pulled)
    tell_gate("The lake's gate", report.lake)
    tell_held_back(report.held_back)
    tell_gate("The marts' gate", report.marts)
    if not report.is_current:
        heading("Nothing was published")
        kept = f"what was published before ({report.published}) is still there"
        click.echo(f"  {kept if report.published else 'correct what is named above, run again'}")
        return
    tell_published(report, home)


def tell_published(report: RunReport, home: Path) -> None:
    """What readers see now."""
    from analytics.brief.findings import find

    heading(f"Published: build {report.published}")
    marts = report.receipt.rows if report.receipt else {}
    rows = [(name.removeprefix("marts."), n) for name, n in marts.items() if "marts." in name]
    columns(("mart", "rows"), sorted(rows))
    current = home / "published" / "current"
    findings = find(current / "productops.duckdb")[:3]
    if findings:
        heading("What stands out")
        for number, finding in enumerate(findings, start=1):
            click.echo(f"  {number}. {finding.sentence}")
    heading("Look at it")
    click.echo(f"  the page      {current / 'pages' / 'index.html'}")
    click.echo(f"  the numbers   {current / 'productops.duckdb'} (schema marts)")
    click.echo(f"  the web UI    {command('up', home)}")


def command(name: str, home: Path) -> str:
    """How a person standing here would call a command of ours."""
    try:
        shown = home.relative_to(Path.cwd())
    except ValueError:
        shown = home
    if (Path.cwd() / "Makefile").is_file() and str(shown) == "demo-company" and name == "up":
        return "make up"
    return f"productops --home {shown} {name}"
