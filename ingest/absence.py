"""Proof that somebody is gone: every file is read for what they were known by.

Belongs here: looking into files of every kind. Does not belong here: removing what is found.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ingest.answers import BrokenDownloadError
from ingest.framing import head, is_gzip, read_blocks, utf8_blocks
from ingest.objects import Fetching, find_objects
from ingest.privacy import keyed_hash
from ingest.problems import DamagedFileError
from ingest.settings import Workspace
from ingest.spellings import addresses, hints, readings
from ingest.store import LakeError, temporary
from ingest.subjects import Subject
from ingest.texts import decode, encoding_of, is_binary
from ingest.values import name, quote

Progress = Callable[[str, int, int], None]
_OVERLAP = 4096
_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True)
class Scan:
    """Which files still hold the person, of how many that were read, and those unreadable."""

    read: int
    found: tuple[Path, ...]

    @property
    def is_clean(self) -> bool:
        """Whether no file holds anything."""
        return not self.found


def files_of(*folders: Path) -> list[Path]:
    """All files below folders, hidden ones too, links left out."""
    found = (path for folder in folders for path in folder.rglob("*"))
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def scan(workspace: Workspace, subject: Subject, progress: Progress | None = None) -> Scan:
    """Reads everything that productops ever writes.

    The one place where hashes of erased people stay is `lake/privacy/`.
    """
    places = (
        workspace.lake, workspace.warehouse, workspace.published, workspace.checks,
        workspace.state,
    )  # fmt: skip
    own = workspace.lake / "privacy"
    files = [path for path in files_of(*places) if not path.is_relative_to(own)]
    return Scan(len(files), tuple(_holding(files, subject, progress)))


def delivered(workspace: Workspace, subject: Subject) -> tuple[Path, ...]:
    """Files that the company itself put there and that hold the person: it has to see to them."""
    places = (workspace.drop, workspace.registry)
    found = _holding([*files_of(*places), workspace.config_path], subject, None)
    return (*found, *_objects_holding(workspace, subject))


def _objects_holding(workspace: Workspace, subject: Subject) -> Iterator[Path]:
    """Objects of the drop bucket, each fetched, looked into and thrown away."""
    arrivals = find_objects(workspace)
    fetching = Fetching(workspace) if arrivals else None
    for left in (workspace.lake / "tmp").glob(".looked_at.*"):
        left.unlink()
    for arrival in arrivals:
        draft = temporary(workspace.lake / "tmp" / "looked_at").with_suffix(arrival.suffix)
        try:
            draft.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as target:
                if fetching:
                    fetching.copy_and_hash(arrival, target)
            if holds(draft, subject):
                yield arrival.path
        except BrokenDownloadError as error:
            raise LakeError(f"{arrival.relative}: {error}. Run again.") from error
        finally:
            draft.unlink(missing_ok=True)


def _pieces(path: Path) -> Iterator[bytes]:
    """Blocks of a file, each with the end of what came before: no word is cut in two.

    What looks like UTF-16 comes in UTF-8 once more.
    """
    before = b""
    for block in read_blocks(path):
        piece = before + block
        yield piece
        before = piece[-_OVERLAP:]
    if encoding_of(head(path)).startswith("utf-16"):
        yield from utf8_blocks(path)


def may_name(path: Path, subject: Subject) -> bool:
    """A quick look at the bytes for any id, also short ones: other files need not be parsed."""
    words = hints(subject.values - subject.keys)
    try:
        return any(word in piece.lower() for piece in _pieces(path) for word in words)
    except DamagedFileError:
        return True


def is_opaque(path: Path) -> bool:
    """Whether nobody can look into a file: it is packed in a way that is not read, or damaged."""
    try:
        first = head(path)
        if is_gzip(path):
            for _ in read_blocks(path):
                pass
    except DamagedFileError:
        return True
    return not encoding_of(first).startswith("utf-16") and is_binary(decode(first))


def clear_addresses(files: Iterable[Path], keys: Collection[str], hash_key: str) -> frozenset[str]:
    """The addresses in files whose keyed hashes are among `keys`."""
    found: set[str] = set()
    known: set[str] = set()
    for path in files if keys else ():
        with suppress(DamagedFileError):
            for piece in _pieces(path):
                new = addresses(piece) - known
                known |= new
                found |= {one for one in new if keyed_hash(one, hash_key) in keys}
    return frozenset(found)


def holds(path: Path, subject: Subject) -> bool:
    """Whether a file holds what somebody is known by."""
    return any(True for _ in _holding([path], subject, None))


def _holding(files: list[Path], subject: Subject, progress: Progress | None) -> Iterator[Path]:
    pattern = subject.pattern()
    if pattern is None:
        return
    text, words = re.compile(pattern), hints(subject.texts)
    with duckdb.connect(config={"threads": 1, "memory_limit": "800MB"}) as connection:
        for number, path in enumerate(files):
            if progress:
                progress(path.name, number, len(files))
            if _has_bytes(path, words, text) or _has_values(connection, path, text):
                yield path
    if progress:
        progress("", len(files), len(files))


def _names(block: bytes, text: re.Pattern[str]) -> bool:
    return any(text.search(read) for read in readings(block, text.pattern))


def _has_bytes(path: Path, words: frozenset[bytes], text: re.Pattern[str]) -> bool:
    try:
        for piece in _pieces(path):
            lower = piece.lower()
            if any(word in lower for word in words) and _names(piece, text):
                return True
    except FileNotFoundError:
        return False
    except DamagedFileError:
        return _names(path.read_bytes(), text)
    return False


def _has_values(connection: duckdb.DuckDBPyConnection, path: Path, text: re.Pattern[str]) -> bool:
    """What compression hides from a look at the bytes, or values that stand side by side."""
    pattern = text.pattern
    if is_sqlite(path):
        try:
            return _has_records(path, text)
        except sqlite3.Error:
            return False  # a damaged one was read as bytes
    if path.suffix == ".parquet":
        relation = f"read_parquet({quote(str(path))}, hive_partitioning = false)"
        return _any_row(connection, relation, pattern)
    if path.suffix not in {".duckdb", ".db"} or not _is_duckdb(path):
        return False
    connection.execute(f"attach {quote(str(path))} as looked_at (read_only)")
    try:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() "
            "where database_name = 'looked_at' order by 1, 2"
        ).fetchall()
        return any(
            _any_row(connection, f"looked_at.{name(schema)}.{name(table)}", pattern)
            for schema, table in tables
        )
    finally:
        connection.execute("detach looked_at")


def is_sqlite(path: Path) -> bool:
    """Whether the file's first bytes are SQLite's."""
    with path.open("rb") as handle:
        return handle.read(len(_SQLITE)) == _SQLITE


def _has_records(path: Path, text: re.Pattern[str]) -> bool:
    def names(value: object) -> bool:
        return isinstance(value, str) and text.search(value) is not None

    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        connection.create_function("names", 1, names)
        tables = connection.execute("select name from sqlite_master where type = 'table'")
        for (table,) in tables.fetchall():
            columns = connection.execute(f"pragma table_info({name(table)})").fetchall()
            tests = " or ".join(f"names({name(column[1])})" for column in columns)
            if connection.execute(f"select 1 from {name(table)} where {tests} limit 1").fetchone():
                return True
    return False


def _is_duckdb(path: Path) -> bool:
    with path.open("rb") as handle:
        return handle.read(12)[8:] == b"DUCK"


def _any_row(connection: duckdb.DuckDBPyConnection, relation: str, pattern: str) -> bool:
    columns = connection.execute(f"describe select * from {relation}").fetchall()
    words = ("VARCHAR", "STRUCT", "MAP", "JSON", "[]")
    tests = [
        f"regexp_matches(cast({name(column)} as varchar), {quote(pattern)})"
        for column, kind, *_ in columns
        if any(word in kind for word in words)
    ]
    if not tests:
        return False
    found = connection.execute(f"select 1 from {relation} where {' or '.join(tests)} limit 1")
    return found.fetchone() is not None
