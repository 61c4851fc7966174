"""`productops themes`: themes learned from texts that people coded by hand.

Belongs here: reading files, printing. Does not belong here: learning (`analytics.themes`).
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import click

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group()
def themes() -> None:
    """Learn themes of feedback from texts that people coded by hand.

    CODED is a CSV with the columns text and themes (several with commas between them).
    """


@themes.command()
@click.argument("coded", type=_FILE)
def measure(coded: Path) -> None:
    """Tell how well themes can be learned from CODED, by cross-validation."""
    from analytics.themes.files import read_coded, told
    from analytics.themes.measure import measure as scores
    from analytics.themes.model import learn

    with _PlainErrors():
        texts = read_coded(coded)
        click.echo(told(scores(texts), learn(texts)))


@themes.command()
@click.argument("coded", type=_FILE)
@click.argument("texts", type=_FILE)
def propose(coded: Path, texts: Path) -> None:
    """Propose themes for TEXTS (CSV: text, and id), each with the words that speak for it.

    Prints CSV. A person decides: words worth keeping go into registry/themes.yml.
    """
    from analytics.themes.files import PROPOSAL_COLUMNS, proposals, read_coded, read_texts
    from analytics.themes.model import learn

    with _PlainErrors():
        model = learn(read_coded(coded))
        out = csv.writer(sys.stdout, lineterminator="\n")
        out.writerow(PROPOSAL_COLUMNS)
        out.writerows(proposals(model, read_texts(texts)))


class _PlainErrors:
    """What is wrong with a file is told in one paragraph."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, ValueError):
            raise click.ClickException(str(error)) from error
