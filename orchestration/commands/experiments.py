"""`productops experiment`: plans of experiments, from the first draft on.

Belongs here: printing, and passing on what was asked. Does not belong here: the work
(`lib/experiment_files.py`), what a plan may say (`analytics.experiments`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import click

from orchestration.commands.plainly import EXIT_FAILED, fails_plainly

# As in `analytics.experiments.spec`, which takes too long to import for `--help`.
_TEMPLATES = ("ab_standard", "aa_test", "non_inferiority", "multi_arm", "ratio_metric", "holdout")
_EPILOG = """\b
A first experiment:
  productops experiment new exp_checklist     a draft; say what stands in <brackets>
  productops experiment validate              what is wrong or weak, with file and line
  productops experiment plan exp_checklist    units and weeks that it needs
  productops run                              takes it in, with everything else
  productops experiment readout exp_checklist what to do, and why
\b
Templates: ab_standard (one change), aa_test (is the split sound?), non_inferiority (no harm),
multi_arm (several changes), ratio_metric (decided by a ratio), holdout (all changes together).
Each field is explained in docs/experiments.md.
"""


class _InOrder(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of work."""
        return list(self.commands)


@click.group(cls=_InOrder, epilog=_EPILOG)
def experiment() -> None:
    """Plan experiments, and read what came of them.

    An experiment is a file in registry/experiments/. It says before the start what is tried, which
    metric decides, what must not get worse, and when the result is read.
    """


@experiment.command()
@click.argument("experiment_id")
@click.option("--template", type=click.Choice(_TEMPLATES), default="ab_standard", show_default=True,
              help="The kind of experiment.")  # fmt: skip
@click.option("--owner", default="", help="Who answers for it.")
@click.option("--team", default="", help="The team that it counts for.")
@click.option("--starts-on", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD",
              help="First day of exposure.  [default: next Monday]")  # fmt: skip
@click.option("--weeks", type=click.IntRange(1, 52), help="Whole weeks of exposure.  [default: 4; "
              "2 for aa_test, 13 for holdout]")  # fmt: skip
@click.option("--primary", default="", metavar="METRIC", help="The metric that decides, one of "
              "registry/metrics/ or a starter.  [default: by template]")  # fmt: skip
@click.pass_obj
@fails_plainly
def new(
    home: Path, experiment_id: str, template: str, owner: str, team: str,
    starts_on: datetime | None, weeks: int | None, primary: str,
) -> int:  # fmt: skip
    """Write the draft of a new experiment.

    EXPERIMENT_ID is the id under which exposures are sent. The file explains itself; metrics that
    it names and that are missing are written too. Nothing that is there is changed.
    """
    from ingest.settings import open_workspace
    from orchestration.commands.telling import command
    from orchestration.lib.experiment_files import (
        begin,
        check_experiment,
        check_metrics,
        read_metrics,
        registry_of,
    )  # fmt: skip

    registry = registry_of(home)
    first = starts_on or _next_monday(open_workspace(home).as_of_at())
    written = begin(
        registry, experiment_id, template, primary=primary, owner=owner, team=team,
        starts_on=first.date(), weeks=weeks or 0,
    )  # fmt: skip
    for path in written:
        click.echo(f"wrote {path.relative_to(home)}")
    metrics = read_metrics(check_metrics(registry / "metrics"))
    checked = check_experiment(written[0], metrics)
    click.echo("\nSay next:")
    for line in checked.told("error", home) + checked.told("warning", home):
        click.echo(f"  {line}")
    shown = command(f"experiment validate {experiment_id}", home)
    click.echo(f"\nThen: {shown}\nWhen exposure begins, write status: running.")
    return 0


@experiment.command()
@click.argument("asked", metavar="[EXPERIMENT_ID|FILE]", required=False)
@click.pass_obj
@fails_plainly
def validate(home: Path, asked: str | None) -> int:
    """Tell what is wrong or weak in plans and metrics.

    All of registry/experiments/ and registry/metrics/, or one experiment, by its id or file. Each
    problem is told with file, line and what to do. Exit code 1 if something must be mended; what
    is only weak, and older files that say too little to be analysed, do not count.
    """
    from orchestration.commands.telling import columns, command, heading
    from orchestration.lib.experiment_files import (
        check_experiment,
        check_metrics,
        experiment_file,
        files_in,
        read_metrics,
        registry_of,
    )  # fmt: skip

    registry = registry_of(home)
    paths = [experiment_file(registry, asked)] if asked else files_in(registry / "experiments")
    metric_files = check_metrics(registry / "metrics")
    metrics = read_metrics(metric_files)
    checked = [check_experiment(path, metrics) for path in paths]
    if asked:
        metric_files = tuple(f for f in metric_files if f.path.stem in checked[0].metrics)
    if not checked and not metric_files:
        click.echo(f"No experiments yet. Begin one: {command('experiment new ID', home)}")
        return 0
    files = [*checked, *metric_files]
    for severity, title in (
        ("error", "To mend"), ("gap", "Not analysed: older files that do not say"),
        ("warning", "Weak"),
    ):  # fmt: skip
        lines = [line for file in files for line in file.told(severity, home)]
        if lines:
            heading(title)
        for line in lines:
            click.echo(f"  {line}")
    fine = [(file.spec, len(file.problems)) for file in checked if file.spec]
    if fine:
        heading("Fine")
        columns(
            ("experiment", "template", "status", "exposure", "primary metric", "weak points"),
            [
                (s.experiment_id, s.template, s.status, f"{s.starts_on} to {s.ends_on}",
                 s.primary.metric, weak or "")
                for s, weak in fine
            ],
        )  # fmt: skip
    return EXIT_FAILED if any(file.is_wrong for file in files) else 0


@experiment.command()
@click.argument("experiment_id")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write the plot of weeks and effects to FILE.")  # fmt: skip
@click.pass_obj
@fails_plainly
def plan(home: Path, experiment_id: str, svg: Path | None) -> int:
    """Tell how many units and weeks a plan needs.

    Takes the metric's mean, variance and correlation with the days before from the published
    build: everybody who was active lately. Exit code 1 if the planned weeks are too few.
    """
    from orchestration.commands.telling_experiments import tell_plan

    return tell_plan(home, experiment_id, svg)


@experiment.command()
@click.argument("experiment_id")
@click.pass_obj
@fails_plainly
def readout(home: Path, experiment_id: str) -> int:
    """Print the readout of an experiment as Markdown.

    From the published build; the same with plots is in published/current/pages/experiments/. Where
    a check fails or no look is due, figures are hidden. Exit code 1 if it may not be read.
    """
    from orchestration.commands.telling_experiments import tell_readout

    return tell_readout(home, experiment_id)


@experiment.command()
@click.argument("kind", type=click.Choice(["experiment", "metric"]), default="experiment")
@click.option("--write", is_flag=True, help="Write both into the workspace, for editors.")
@click.pass_obj
@fails_plainly
def schema(home: Path, kind: str, write: bool) -> int:
    """Print the JSON Schema of a plan, or of a metric.

    Editors that know YAML complete and check files by it: the first line of a file names it. `new`
    writes it; after an upgrade, --write brings it up to date.
    """
    from analytics.experiments.starting import schema_text

    if not write:
        click.echo(schema_text(kind), nl=False)
        return 0
    from orchestration.lib.experiment_files import registry_of, write_schemas

    for path in write_schemas(registry_of(home)):
        click.echo(f"wrote {path.relative_to(home)}")
    return 0


def _next_monday(today: datetime) -> datetime:
    return today + timedelta(days=7 - today.weekday())
