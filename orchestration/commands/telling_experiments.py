"""How plans and readouts of experiments are told in a terminal.

Belongs here: printing. Does not belong here: arithmetic (`analytics.experiments.planning`), the
readout's words (`analytics.brief.readout`).
"""

from __future__ import annotations

from pathlib import Path

import click

from analytics.brief.reading import Marts, Row, open_marts
from analytics.experiments.planning import Baseline, Outlook, outlook
from analytics.experiments.spec import Spec
from orchestration.commands.plainly import EXIT_FAILED
from orchestration.commands.telling import columns, command, heading
from orchestration.lib.candidate import DATABASE

_BAR = 40
_REACH = (1, 2, 4, 8)
_ONE = {"person": "a person", "account": "an account"}
_MANY = {"person": "people", "account": "accounts"}


def tell_readout(home: Path, experiment_id: str) -> int:
    """Prints one readout as Markdown."""
    from analytics.brief.readout import markdown, read_readout
    from ingest.settings import open_workspace

    published = open_workspace(home).published / "current"
    with open_marts(published / DATABASE) as marts:
        found = read_readout(marts, experiment_id)
    click.echo(markdown(found), nl=False)
    page = published / "pages" / "experiments" / f"{experiment_id}.html"
    if page.is_file():
        click.echo(f"\nWith plots: {page}")
    return 0 if found.card["is_readable"] else EXIT_FAILED


def tell_plan(home: Path, experiment_id: str, svg: Path | None) -> int:
    """Prints what a plan needs."""
    from ingest.settings import open_workspace
    from orchestration.lib.experiment_files import (
        check_experiment,
        check_metrics,
        experiment_file,
        read_metrics,
    )  # fmt: skip

    workspace = open_workspace(home)
    metrics = read_metrics(check_metrics(workspace.registry / "metrics"))
    checked = check_experiment(experiment_file(workspace.registry, experiment_id), metrics)
    if checked.spec is None:
        for line in checked.told("error", home) + checked.told("gap", home):
            click.echo(line)
        raise click.ClickException("mend the plan first")
    spec = checked.spec
    with open_marts(workspace.published / "current" / DATABASE) as marts:
        row, moved = _known(marts, spec.primary.metric, spec.unit)
    if row is None:
        raise click.ClickException(
            f"no published build knows what {spec.primary.metric} is by {spec.unit}. Either it is "
            f"not in registry/metrics/ yet, or no {spec.unit} was active in the last weeks. Write "
            f"it there, or deliver uses, and run: {command('run', home)}"
        )
    found = outlook(spec, _baseline(row))
    _tell(spec, row, moved, found)
    if svg:
        _draw(spec, found, svg)
        click.echo(f"\nwrote {svg}")
    return 0 if found.is_enough else EXIT_FAILED


def _known(marts: Marts, metric: str, unit: str) -> tuple[Row | None, Row | None]:
    key = "'" + metric.replace("'", "''") + "'"
    baselines = marts.rows(
        "select * from marts.metric_baseline__metric_unit_type "
        f"where metric_id = {key} and unit_type = '{unit}'"
    )
    moved = marts.rows(f"select * from marts.metric_movability__metric where metric_id = {key}")
    return baselines[0] if baselines else None, moved[0] if moved else None


def _baseline(row: Row) -> Baseline:
    reach = {weeks: row[f"units_in_{weeks}_weeks"] for weeks in _REACH}
    return Baseline(
        row["metric_mean"], row["unit_variance"], row["correlation"], row["unit_count"], reach
    )


def _tell(spec: Spec, row: Row, moved: Row | None, found: Outlook) -> None:
    mde, deviation = spec.primary.mde_relative, row["unit_variance"] ** 0.5
    lines = [
        ("today", f"{row['metric_mean']:.4g} {_ONE[spec.unit]}, standard deviation "
         f"{deviation:.4g}, {row['unit_count']:,} {_MANY[spec.unit]} "
         f"(from {row['measured_from_on']} on)"),
        ("known before", f"{found.correlation**2:.0%} of the variance"),
        ("to find", f"{mde:+.1%} with power {spec.analysis.power:.0%}, p below "
         f"{found.alpha:.3g} for each variation at the last look"),
        ("needs", f"{found.needed_units:,} units: {_weeks(found.needed_weeks)}"),
        ("planned", f"{found.planned_weeks:.0f} weeks, {found.planned_units:,.0f} units: "
         f"they find {found.planned_mde:+.1%} or more"),
    ]  # fmt: skip
    if moved and moved["is_known"]:
        lines.append(("experience", f"{moved['test_count']} tests moved it by "
                      f"{moved['typical_effect']:.1%} typically, {moved['large_effect']:.1%} at "
                      "best"))  # fmt: skip
    heading(f"{spec.experiment_id}: {spec.primary.metric}")
    for word, told in lines:
        click.echo(f"{word:<14}{told}")
    heading("Smallest effect found, by weeks of exposure")
    most = found.weeks[0].mde
    columns(
        ("weeks", "units", "effect", ""),
        [
            (str(week.weeks), f"{week.units:,.0f}", f"{week.mde:.1%}",
             "#" * max(round(_BAR * week.mde / most), 1) + (" enough" if week.mde <= mde else ""))
            for week in found.weeks
        ],
    )  # fmt: skip
    if not found.is_enough:
        click.echo(f"\nToo few. Run longer, take part with more {_MANY[spec.unit]}, look for a "
                   "larger effect, or choose a metric that varies less.")  # fmt: skip


def _weeks(weeks: int | None) -> str:
    if weeks is None:
        return "more weeks than can be told"
    return "one week" if weeks == 1 else f"{weeks} weeks"


def _draw(spec: Spec, found: Outlook, svg: Path) -> None:
    from analytics.brief.experiment_charts import sensitivity

    rows = [{"weeks": w.weeks, "units": round(w.units), "mde": w.mde} for w in found.weeks]
    title = f"{spec.name}: {spec.primary.metric}"
    chart = sensitivity(rows, spec.primary.mde_relative, "p", title)
    svg.write_text(chart.svg, encoding="utf-8")
