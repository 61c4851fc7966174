"""`productops check --explain`: what each check protects, what a breach does, whom to ask.

Belongs here: the list of all checks as people read it. Does not belong here: the checks
(`expectations/`), their evaluation (`steps.py`).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

import click

from expectations.ledger_checks import LEDGER_CHECKS
from expectations.suites import Suite
from expectations.vocabulary import effect_of
from expectations.words import in_words
from orchestration.commands.telling import heading
from orchestration.lib.paths import PROJECT_ROOT, PipelineError
from orchestration.lib.suites import SUITES, mart_suites, raw_suites

_THEN = {"raw": "what came from it since is not built", "marts": "what was published before stays"}
_TOLD = {
    "warning": "warns: told with the failing rows, stops nothing",
    "info": "informs: told, stops nothing",
}
_COLOURS = {"critical": "red", "warning": "yellow", "info": "cyan"}


@dataclass(frozen=True)
class Explained:
    """One check as it is told; `at` is where it stands, `of` whose file that is."""

    table: str
    layer: str
    check: str
    severity: str
    effect: str
    protects: str
    holds: str
    owner: str
    runbook: str
    at: str
    of: str


def explain_checks(home: Path, table: str, *, layer: str | None, as_json: bool) -> int:
    """Prints all checks, or those of one table."""
    wanted = {"lake": "raw"}.get(layer or "", layer)
    found = [each for each in explain(home) if wanted in (None, each.layer)]
    tables = sorted({each.table for each in found})
    if table and table not in tables:
        near = ", ".join(difflib.get_close_matches(table, tables, 3, 0.4) or tables)
        raise PipelineError(f"No table {table!r} is checked. Known are: {near}.")
    found = [each for each in found if table in ("", each.table)]
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=1, ensure_ascii=False))
    else:
        _tell(found)
    return 0


def explain(home: Path) -> Iterator[Explained]:
    """All checks: of the ledger, of contracts, of marts, with those of the company."""
    for check in LEDGER_CHECKS:
        yield Explained(
            "batches", "raw", check.check_name, check.severity, _effect("raw", check.severity),
            check.description, "", "product-ops", check.runbook,
            "expectations/ledger_checks.py", "productops",
        )  # fmt: skip
    for suite in (*raw_suites(home), *mart_suites(home)):
        yield from _of_suite(suite, home)


def _of_suite(suite: Suite, home: Path) -> Iterator[Explained]:
    for spec in suite.expectations:
        at, whose = _place(spec.place, home)
        yield Explained(
            suite.table, suite.layer, spec.check_name, spec.severity,
            _effect(suite.layer, spec.severity), spec.description, in_words(spec),
            suite.owner_of(spec), suite.runbook_of(spec), at, whose,
        )  # fmt: skip


def _effect(layer: str, severity: str) -> str:
    if severity == "critical":
        return f"{effect_of(layer, severity)}: {_THEN[layer]}"
    return _TOLD[severity]


def _place(place: str, home: Path) -> tuple[str, str]:
    path = Path(place)
    if path.is_relative_to(SUITES):
        return str(path.relative_to(PROJECT_ROOT)), "productops"
    return str(path.relative_to(home)), "company"


def _tell(found: Iterable[Explained]) -> None:
    count = 0
    for table, checks in groupby(found, key=lambda each: each.table):
        listed = list(checks)
        first = listed[0]
        kind = "contract" if first.layer == "raw" else "mart"
        kind = "ledger" if table == "batches" else kind
        heading(f"{table} ({kind}, {len(listed)} checks, owner {first.owner})")
        if table != "batches":
            click.echo(f"  if one fails: {first.runbook}")
        for each in listed:
            with_runbook = table == "batches" or each.runbook != first.runbook
            _tell_one(each, with_runbook=with_runbook, with_owner=each.owner != first.owner)
        count += len(listed)
    click.echo(f"\n{count:,} checks. One that can't be evaluated counts as critical.")


def _tell_one(each: Explained, *, with_runbook: bool, with_owner: bool) -> None:
    mark = click.style(f"{each.severity:8}", fg=_COLOURS[each.severity])
    whose = "" if each.of == "productops" else "  (the company's own)"
    click.echo(f"\n  {mark} {each.check}{whose}")
    click.echo(f"    {each.protects}")
    if each.holds:
        click.echo(f"    must hold: {each.holds}")
    click.echo(f"    {each.effect}")
    if with_runbook:
        click.echo(f"    if it fails: {each.runbook}")
    if with_owner:
        click.echo(f"    owner: {each.owner}")
    click.echo(f"    stands in {each.at}")
