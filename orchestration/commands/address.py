"""`productops address`: the e-mail address behind a key, where the company keeps it.

Belongs here: what is printed. Does not belong here: the addresses (`ingest.addresses`). They are
for a person at a terminal: no job, page or log asks for one.
"""

from __future__ import annotations

from pathlib import Path

import click

from ingest.addresses import look_up
from ingest.settings import open_workspace


def show_address(home: Path, key: str) -> int:
    """Prints the address alone, so that it can be piped; 1 if it is not kept."""
    found = look_up(open_workspace(home), key)
    if found is None:
        click.secho(
            "No file that counts holds this address: it came before addresses were kept, its files "
            "were withdrawn, the person was erased, or the key is another company's or an old one.",
            fg="red", err=True,
        )  # fmt: skip
        return 1
    click.echo(found.email)
    click.echo(
        f"first in {found.source_file}, line {found.source_line}, of {found.loaded_at:%Y-%m-%d}",
        err=True,
    )
    return 0
