"""One file's records into a staging table in memory: parsed, typed, each row with its reason.

Belongs here: running a compiled mapping over framed lines, tables or documents. Does not belong
here: duplicates, quarantine and Parquet (see `ingest.load`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from ingest.contracts import Contract
from ingest.formats import Part
from ingest.framing import Chunk, read_chunks
from ingest.headers import check_header
from ingest.mapping import LEFT_OUT, RECORD_HASH, Compiled, compile_mapping
from ingest.privacy import PERSONAL_HEADER, mask_emails
from ingest.problems import BadRecord, DamagedFileError
from ingest.records import Records
from ingest.values import name, quote

_LONGEST_LINE = 16_000_000
# Half an emoji: JSON's grammar allows it, Unicode doesn't, nor does the parser.
_LONE_SURROGATE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass
class Staged:
    """Rows of one part in the table `stage`; `lines` maps its rowid to the file's lines."""

    contract: Contract
    rows: int = 0
    bad: list[BadRecord] = field(default_factory=list)
    # Those of `bad` that could not even be cut out of the file, so that no row stands for them.
    uncut: int = 0
    new_columns: tuple[str, ...] = ()
    lines: list[int] | None = None

    @property
    def rows_in(self) -> int:
        """Records that the file held for this contract."""
        return self.rows + self.uncut


def _statement(compiled: Compiled, contract: Contract, source: str, relation: str) -> str:
    parts = [
        quote(source) if column == "source" else f"cast({name('c_' + column)} as varchar)"
        for column in contract.key
    ]
    return compiled.select(relation, f"concat_ws('|', {', '.join(parts)})")


def _create(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    columns = ", ".join(f"{name(c.name)} {c.sql_type}" for c in contract.columns)
    connection.execute(
        f"create or replace table stage ({columns}, row_key ubigint, _reason varchar, "
        "_extra varchar)"
    )


def _count(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("select count(*) from stage").fetchone()
    return int(row[0]) if row else 0


def _insert_lines(
    connection: duckdb.DuckDBPyConnection, select: Callable[[str], str], reads: dict[str, str],
    path: Path,
) -> None:  # fmt: skip
    relation = _whole_lines(path, reads) if RECORD_HASH in reads else _lines(path, reads)
    connection.execute(f"insert into stage {select(relation)}")


def _lines(path: Path, reads: dict[str, str]) -> str:
    columns = ", ".join(f"{name(key)}: {quote(kind)}" for key, kind in reads.items())
    return (
        f"(select *, NULL::varchar as r_extra from read_json({quote(str(path))}, "
        f"format = 'newline_delimited', ignore_errors = true, columns = {{{columns}}}))"
    )


def _whole_lines(path: Path, reads: dict[str, str]) -> str:
    """The same with a hash of each whole record; slower, since each line is read twice."""
    wanted = {key: kind for key, kind in reads.items() if key != RECORD_HASH}
    return (
        f"(select unnest(json_transform(json, {quote(json.dumps(wanted))})), "
        f"sha256(cast(json as varchar)) as {RECORD_HASH}, NULL::varchar as r_extra "
        f"from read_ndjson_objects({quote(str(path))}, ignore_errors = true))"
    )


def why_malformed(line: bytes) -> str | None:
    """Why a line is no JSON object, or None if it is one."""
    if len(line) > _LONGEST_LINE:
        return "line_too_long"
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return "invalid_utf8"
    try:
        value = json.loads(text)
    except ValueError:
        return "malformed_json"
    except RecursionError:
        return "too_deeply_nested"
    if not isinstance(value, dict):
        return "not_an_object"
    return "half_a_surrogate_pair" if _LONE_SURROGATE.search(text) else None


def _shorten(chunk: Chunk) -> bytes:
    """The chunk with lines that are too long for the parser made unreadable, not dropped."""
    lines = chunk.data.split(b"\n")
    return b"\n".join(b"!" if len(line) > _LONGEST_LINE else line for line in lines)


def _overwrite(path: Path, blocks: Iterable[bytes]) -> None:
    """Writes over a scratch file: memory that it has already costs nothing to get."""
    with path.open("r+b" if path.exists() else "wb") as handle:
        handle.writelines(blocks)
        handle.truncate()


def _stage_chunk(
    connection: duckdb.DuckDBPyConnection, select: Callable[[str], str], reads: dict[str, str],
    chunk: Chunk, draft: Path,
) -> None:  # fmt: skip
    _overwrite(draft, chunk.blocks)
    try:
        _insert_lines(connection, select, reads, draft)
    except duckdb.Error:
        _overwrite(draft, [_shorten(chunk)])
        _insert_lines(connection, select, reads, draft)


def stage_lines(
    connection: duckdb.DuckDBPyConnection, path: Path, part: Part, contract: Contract,
    facts: dict[str, str], scratch: Path,
) -> Staged:  # fmt: skip
    """Stages newline-delimited JSON, chunk by chunk; memory does not grow with lines of text.

    Raises:
        DamagedFileError: If the compressed data is damaged, or the parser and the framer
            disagree about the number of records.
    """
    compiled = compile_mapping(part.mapping, contract, facts, part.only)
    staged = Staged(contract)
    _create(connection, contract)
    lines: list[int] = []
    has_blanks = False

    def select(relation: str) -> str:
        return _statement(compiled, contract, facts["source"], relation)

    for chunk in read_chunks(path):
        before = staged.rows
        _stage_chunk(connection, select, compiled.reads, chunk, scratch)
        staged.rows = _count(connection)
        gained = staged.rows - before
        positions: list[int] | range = range(chunk.line_count)
        if gained != chunk.line_count:
            positions = chunk.filled or positions
            has_blanks = has_blanks or chunk.filled is not None
        if gained != len(positions):
            raise DamagedFileError(
                "records_differ",
                f"lines {chunk.first_line} ff.: {len(positions)} records were framed but {gained} "
                "parsed; nothing was loaded. Please report this file.",
            )
        if has_blanks and not lines:
            lines = list(range(1, chunk.first_line))
        if has_blanks:
            lines.extend(chunk.first_line + position for position in positions)
        _note_bad(connection, staged, chunk, positions, before)
    scratch.unlink(missing_ok=True)
    staged.lines = lines if has_blanks else None
    return staged


def _note_bad(
    connection: duckdb.DuckDBPyConnection, staged: Staged, chunk: Chunk,
    positions: list[int] | range, before: int,
) -> None:  # fmt: skip
    rows = connection.execute(
        "select rowid, _reason from stage where rowid >= ? and _reason is not null "
        f"and _reason <> {quote(LEFT_OUT)} order by rowid",
        [before],
    ).fetchall()
    for rowid, reason in rows:
        position = positions[rowid - before]
        raw = chunk.line(position)
        text = raw.decode("utf-8", errors="backslashreplace")
        staged.bad.append(
            BadRecord(chunk.first_line + position, text, why_malformed(raw) or reason)
        )


def stage_records(
    connection: duckdb.DuckDBPyConnection, records: Records, part: Part, contract: Contract,
    facts: dict[str, str], scratch: Path,
) -> Staged:  # fmt: skip
    """Stages the records of a table or document.

    Raises:
        MissingColumnError: If a required column is missing altogether.
    """
    if records.names:
        part = replace(part, mapping=part.mapping.resolved(records.names))
    check_header(part, contract, records)
    compiled = compile_mapping(part.mapping, contract, facts)
    _create(connection, contract)
    staged = Staged(contract, bad=list(records.bad), uncut=len(records.bad))
    known = set(compiled.reads) | {"_file"}
    if records.names:
        staged.new_columns = tuple(n for n in records.names if n and n not in known)
    kept = () if part.unpivot or part.explode else staged.new_columns
    extra = [column for column in kept if not PERSONAL_HEADER.search(column)]
    with scratch.open("w", encoding="utf-8") as handle:
        for row in records.rows:
            if RECORD_HASH in compiled.reads:
                row = row | {RECORD_HASH: hashlib.sha256(_raw(row).encode()).hexdigest()}
            more = {key: mask_emails(str(row[key])) for key in extra}
            read = {key: value for key, value in row.items() if key in compiled.reads}
            line = _json(read | {"r_extra": more} if any(more.values()) else read)
            handle.write(_SURROGATE.sub("\ufffd", line) + "\n")
    columns = ", ".join(
        f"{name(key)}: {quote(kind)}"
        for key, kind in (compiled.reads | {"r_extra": "VARCHAR"}).items()
    )
    relation = (
        # A text where an object should stand is unknown; it must not cost the whole file.
        f"read_json({quote(str(scratch))}, format = 'newline_delimited', ignore_errors = true, "
        f"maximum_object_size = 67108864, columns = {{{columns}}})"
    )
    if records.rows:
        statement = _statement(compiled, contract, facts["source"], relation)
        connection.execute(f"insert into stage {statement}")
    scratch.unlink(missing_ok=True)
    staged.rows = _count(connection)
    if staged.rows != len(records.rows):
        raise DamagedFileError(
            "records_differ",
            f"{len(records.rows)} {contract.name} records were read but {staged.rows} parsed; "
            "nothing was loaded. Please report this file.",
        )
    staged.lines = records.lines
    rejected = connection.execute(
        "select rowid, _reason from stage where _reason is not null order by rowid"
    ).fetchall()
    for rowid, reason in rejected:
        raw = _raw(records.rows[rowid])
        staged.bad.append(BadRecord(records.lines[rowid], raw, reason))
    return staged


def _raw(row: dict[str, Any]) -> str:
    shown = {key: value for key, value in row.items() if key not in {"_file", "_top"}}
    return _SURROGATE.sub("\ufffd", _json(shown))


def _json(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, default=str)
