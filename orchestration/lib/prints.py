"""What tables hold, in a few characters: by it one knows that nothing was lost or changed.

Belongs here: taking prints. Does not belong here: what is compared with what (`gates.py`,
`candidate.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Print:
    """What a table held: its rows and a digest of all its values, whatever their order."""

    rows: int
    digest: str


def take_print(connection: Any, relation: str) -> Print:
    """Rows and digest of what a relation holds, whatever their order."""
    row = connection.execute(
        "select count(*), coalesce(bit_xor(hash(t)), 0), coalesce(sum(hash(t)), 0) "
        f"from {relation} as t"
    ).fetchone()
    rows, *digest = row or (0, 0, 0)
    return Print(int(rows), "-".join(str(part) for part in digest))


def take_prints(database: Path) -> dict[str, Print]:
    """Rows and digest of every mart in a DuckDB file."""
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'marts' "
            "order by 1"
        ).fetchall()
        return {name: take_print(connection, f'marts."{name}"') for (name,) in names}
