"""One Parquet file without the rows of erased people.

Belongs here: rewriting landed rows and what was set aside. Does not belong here: which files
there are, what the ledger says of them (`ingest.forget`).

A file that loses its last row stays, empty: the ledger counts rows in it.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from ingest.contracts import Contract
from ingest.erasures import NOBODY, is_theirs, mentions
from ingest.parquet import PARQUET
from ingest.store import write_atomically
from ingest.values import name, quote

_OWN = {"source", "batch_id", "source_file"}


def rows_of(path: Path) -> str:
    """The relation of one Parquet file."""
    return f"read_parquet({quote(str(path))}, hive_partitioning = false)"


def _count(connection: duckdb.DuckDBPyConnection, relation: str, where: str) -> int:
    row = connection.execute(f"select count(*) from {relation} where {where}").fetchone()
    return int(row[0]) if row else 0


def _masked(column: str, pattern: str) -> str:
    found, instead = quote(pattern), quote("\\1" + NOBODY + "\\2")
    once = f"regexp_replace({column}, {found}, {instead}, 'g')"
    # Twice: two that share the character between them are found one at a time.
    return f"regexp_replace({once}, {found}, {instead}, 'g')"


def purge_rows(
    connection: duckdb.DuckDBPyConnection, contract: Contract, source: str, path: Path,
    pattern: str | None,
) -> int:  # fmt: skip
    """Takes out rows about erased people, and their names out of others' rows.

    Returns:
        How many rows are left.
    """
    relation = rows_of(path)
    theirs = is_theirs(contract, source, relation)
    named = mentions(contract, source, relation)
    columns = connection.execute(f"describe select * from {relation}").fetchall()
    texts = [name(label) for label, kind, *_ in columns if kind == "VARCHAR" and label not in _OWN]
    within = f"regexp_matches(concat_ws(chr(10), {', '.join(texts)}), {quote(pattern or '')})"
    touched = [theirs, *named.values(), *([within] if pattern else [])]
    if _count(connection, relation, " or ".join(f"({test})" for test in touched)):
        naming = _naming(connection, relation, texts, theirs, pattern) if pattern else set()
        replaced = []
        for label in (column[0] for column in columns):
            expression = name(label)
            if expression in naming:
                expression = _masked(expression, pattern or "")
            if label in named:
                expression = f"case when {named[label]} then {quote(NOBODY)} else {expression} end"
            replaced.append(f"{expression} as {name(label)}")
        _rewrite(connection, path, f"select {', '.join(replaced)}", theirs)
    return _count(connection, relation, "true")


def _naming(
    connection: duckdb.DuckDBPyConnection, relation: str, texts: list[str], theirs: str,
    pattern: str,
) -> set[str]:  # fmt: skip
    """Columns in which others' rows name somebody: few, so that few values are rewritten."""
    tests = [
        f"coalesce(bool_or(regexp_matches({text}, {quote(pattern)})), false)" for text in texts
    ]
    row = connection.execute(
        f"select {', '.join(tests)} from {relation} where not ({theirs})"
    ).fetchone()
    return {text for text, is_naming in zip(texts, row or (), strict=True) if is_naming}


def purge_quarantine(
    connection: duckdb.DuckDBPyConnection, path: Path, lines: set[int], pattern: str | None
) -> int:
    """Takes out what was set aside at these lines, or holds what the pattern finds.

    Returns:
        How many records are left.
    """
    relation = rows_of(path)
    listed = ", ".join(str(line) for line in sorted(lines)) or "NULL"
    theirs = f"coalesce(source_line in ({listed}), false)"
    if pattern:
        theirs += f" or coalesce(regexp_matches(raw, {quote(pattern)}), false)"
    if _count(connection, relation, theirs):
        _rewrite(connection, path, "select *", theirs)
    return _count(connection, relation, "true")


def _rewrite(connection: duckdb.DuckDBPyConnection, path: Path, select: str, theirs: str) -> None:
    sql = f"{select} from {rows_of(path)} where not ({theirs})"
    write_atomically(
        path, lambda draft: connection.execute(f"copy ({sql}) to {quote(str(draft))} ({PARQUET})")
    )
