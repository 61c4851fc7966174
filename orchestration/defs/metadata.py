"""Metadata that a person reads: tables, previews, owners.

Belongs here: turning values into Dagster's metadata. Does not belong here: what is worth showing.
"""

from collections.abc import Iterable, Sequence

import dagster as dg

_LONGEST_CELL = 120


def owners(team: str) -> list[str]:
    """A team as Dagster writes it; its names know no hyphens."""
    return [f"team:{team.replace('-', '_')}"]


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> dg.MarkdownMetadataValue:
    """A table in Markdown; what is written in cells can't break it."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return dg.MetadataValue.md("\n".join(lines))


def preview(parquet: str, columns: Sequence[str], rows: int = 5) -> dg.MarkdownMetadataValue:
    """The first rows of a Parquet file."""
    import duckdb

    chosen = ", ".join(f'"{column}"' for column in columns[:8])
    path = parquet.replace("'", "''")
    found = duckdb.execute(f"select {chosen} from read_parquet('{path}') limit {rows}")
    return table(columns[:8], found.fetchall())


def _cell(value: object) -> str:
    text = "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
    text = " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"
