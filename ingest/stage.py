"""Files' records into a staging table in memory: parsed, typed, each row with its reason.

Belongs here: running a compiled mapping over framed lines, tables or documents. Does not belong
here: duplicates, quarantine and Parquet (see `ingest.load`).
"""

from __future__ import annotations

import hashlib
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import duckdb

from ingest.compiled import Compiled
from ingest.contracts import Contract
from ingest.formats import Part
from ingest.framing import SPOOLS, Chunk
from ingest.headers import check_header, missing_columns, told_zone
from ingest.held import Rows, Staged
from ingest.lines import LineReader
from ingest.mapping import LEFT_OUT, RECORD_HASH, compile_mapping
from ingest.problems import BadRecord, BadRecords, DamagedFileError
from ingest.records import Records, own_words
from ingest.unread import kept_columns, kept_fields, texts_of, unread_columns
from ingest.values import name, quote

# Reasons that speak of a value: the line was a record, or there would be none.
_OF_VALUES = ("bad_", "before_", "timestamp_")
# So many a statement may tell apart.
_FEW_FILES = 8
_SURROGATE = re.compile("[\ud800-\udfff]")
# Names and values of `extra` are redacted as plain text with form feeds between them, which no
# pattern takes for part of a word: in JSON one would find half an escape, or take a quote along.
_BETWEEN = "\f"
_EXTRA = (
    "case when len(r_pieces) = len(string_split(r_extra, chr(12))) then '{' || array_to_string("
    "list_transform(range(1, len(r_pieces), 2), "
    "lambda n: to_json(r_pieces[n]) || ':' || to_json(r_pieces[n + 1])), ',') || '}' end"
)


def _statement(compiled: Compiled, contract: Contract, source: str, relation: str) -> str:
    parts = [
        quote(source) if column == "source" else f"cast({name('c_' + column)} as varchar)"
        for column in contract.key
    ]
    return compiled.select(relation, f"concat_ws('|', {', '.join(parts)})")


def _overwrite(path: Path, blocks: Iterable[bytes]) -> None:
    """Writes over a scratch file: memory that it has already costs nothing to get."""
    with path.open("r+b" if path.exists() else "wb") as handle:
        handle.writelines(blocks)
        handle.truncate()


def _insert_chunks(
    take: Callable[[str], int], reads: dict[str, str], chunks: Sequence[Chunk], reader: LineReader,
    draft: Path,
) -> int:  # fmt: skip
    """Adds the rows of the chunks to the stage; returns how many."""
    if all(map(reader.is_readable, chunks)):
        spools = [chunk.path for chunk in chunks if chunk.path]
        if len(spools) < len(chunks):
            _overwrite(draft, (chunk.data for chunk in chunks))
            spools = [draft]
        with suppress(duckdb.Error):
            return take(reader.relation(spools, reads))
    _overwrite(draft, (reader.readable(chunk.data) for chunk in chunks))
    return take(reader.relation([draft], reads))


def _loads(files: Sequence[Iterable[Chunk]]) -> Iterator[list[tuple[int, Chunk]]]:
    """What is parsed by one statement: some chunks of a large file, or all of many small ones."""
    if len(files) == 1:
        chunks = ((0, chunk) for chunk in files[0])
        while load := list(islice(chunks, SPOOLS)):
            yield load
    else:
        yield [(number, chunk) for number, chunks in enumerate(files) for chunk in chunks]


def _positions(load: Sequence[tuple[int, Chunk]], gained: int) -> list[Sequence[int]]:
    """Positions of the records in each chunk; blank lines have none.

    Raises:
        DamagedFileError: If the parser saw another number of records.
    """
    everything: list[Sequence[int]] = [range(chunk.line_count) for _, chunk in load]
    if gained == sum(map(len, everything)):
        return everything
    filled: list[Sequence[int]] = [
        range(chunk.line_count) if chunk.filled is None else chunk.filled for _, chunk in load
    ]
    framed = sum(map(len, filled))
    if gained != framed:
        raise DamagedFileError(
            "records_differ",
            f"lines {load[0][1].first_line} ff.: {framed} records were framed but {gained} "
            "parsed; nothing was loaded. Please report this file.",
        )
    return filled


def stage_lines(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Iterable[Chunk]], reader: LineReader,
    part: Part, contract: Contract, facts: dict[str, str], scratch: Path, *,
    keeps_addresses: bool = False,
) -> Staged:  # fmt: skip
    """Stages files of one record a line, chunk by chunk; memory does not grow with lines of text.

    Raises:
        DamagedFileError: If the compressed data is damaged, or the parser and the framer
            disagree about the number of records.
    """
    compiled = compile_mapping(
        part.mapping, contract, facts, part.only, keeps_addresses=keeps_addresses
    )
    staged = Staged.of(contract, Rows(connection, compiled.create(contract)), len(files))
    staged.has_addresses = bool(compiled.addresses)
    lines: list[int] = []
    is_plain = len(files) <= _FEW_FILES
    rows = 0

    def take(relation: str) -> int:
        return staged.rows.add(_statement(compiled, contract, facts["source"], relation))

    for load in _loads(files):
        chunks = [chunk for _, chunk in load]
        gained = _insert_chunks(take, compiled.reads, chunks, reader, scratch)
        before, rows = rows, rows + gained
        positions = _positions(load, gained)
        if is_plain and any(c.line_count != len(p) for c, p in zip(chunks, positions, strict=True)):
            is_plain = False
            lines = list(range(1, before + 1))
        if not is_plain:
            for chunk, held in zip(chunks, positions, strict=True):
                lines.extend(chunk.first_line + position for position in held)
        _note_bad(connection, staged, load, positions, before, reader)
        sizes = [0] * len(files)
        for (number, _), held in zip(load, positions, strict=True):
            sizes[number] += len(held)
        staged.ends = list(accumulate(sizes, initial=before))[1:]
    scratch.unlink(missing_ok=True)
    staged.ends = staged.ends or [0] * len(files)
    staged.lines = None if is_plain else lines
    return staged


def _note_bad(
    connection: duckdb.DuckDBPyConnection, staged: Staged, load: Sequence[tuple[int, Chunk]],
    positions: Sequence[Sequence[int]], before: int, reader: LineReader,
) -> None:  # fmt: skip
    rows = connection.execute(
        "select rowid, _reason from stage where rowid >= ? and _reason is not null "
        f"and _reason <> {quote(LEFT_OUT)} order by rowid",
        [before],
    ).fetchall()
    starts = list(accumulate(map(len, positions), initial=before))
    for rowid, reason in rows:
        which = bisect_right(starts, rowid) - 1
        number, chunk = load[which]
        position = positions[which][rowid - starts[which]]
        raw = chunk.line(position)
        text = raw.decode("utf-8", errors="backslashreplace")
        why = reason if reason.startswith(_OF_VALUES) else reader.problem(raw) or reason
        staged.bad[number].append(BadRecord(chunk.first_line + position, text, why))


def _scratch_lines(
    records: Records, extra: Sequence[str], reads: Mapping[str, str]
) -> Iterator[str]:
    for row in records.rows:
        if RECORD_HASH in reads:
            row = row | {RECORD_HASH: hashlib.sha256(_raw(row).encode()).hexdigest()}
        more = texts_of(row, extra, is_table=records.names is not None)
        read = {key: value for key, value in row.items() if key in reads}
        if any(more.values()):
            pieces = (piece.replace(_BETWEEN, " ") for pair in more.items() for piece in pair)
            read["r_extra"] = _BETWEEN.join(pieces)
        line = _json(read)
        yield _SURROGATE.sub("\ufffd", line) + "\n"


def stage_records(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Records], part: Part,
    contract: Contract, facts: dict[str, str], scratch: Path, *, keeps_addresses: bool = False,
    keeps_unread: bool = False,
) -> Staged:  # fmt: skip
    """Stages the records of tables or documents; several files have the same header, or none.

    What tables have beside what is read is kept; of documents where `keeps_unread` says so.

    Raises:
        MissingColumnError: If a required column is missing altogether.
    """
    names, stated = files[0].names, part
    if names:
        zone = told_zone(files[0].ids) or part.mapping.zone
        part = replace(part, mapping=replace(part.mapping.resolved(names), zone=zone))
    check_header(part, contract, files[0])
    compiled = compile_mapping(part.mapping, contract, facts, keeps_addresses=keeps_addresses)
    staged = Staged.of(contract, Rows(connection, compiled.create(contract)), len(files))
    staged.has_addresses = bool(compiled.addresses)
    staged.bad = [BadRecords(records.bad) for records in files]
    staged.uncut = [len(records.bad) for records in files]
    staged.ends = list(accumulate(len(records.rows) for records in files))
    staged.lines = [line for records in files for line in records.lines]
    known = set(compiled.reads) | {"_file"}
    if names and not part.explode:  # What it leaves, the part of the whole record tells.
        staged.new_columns = unread_columns(part, files[0], known)
        staged.missing_columns = missing_columns(stated, part, names)
        extra = kept_columns(part, staged.new_columns)
        staged.unkept_columns = tuple(one for one in staged.new_columns if one not in extra)
    else:
        extra = kept_fields(part, files, known) if keeps_unread and not names else ()
    rows = 0
    if staged.ends[-1]:
        with scratch.open("w", encoding="utf-8") as handle:
            for records in files:
                handle.writelines(_scratch_lines(records, extra, compiled.reads))
        rows = _insert_scratch(staged, compiled, facts["source"], scratch)
        scratch.unlink(missing_ok=True)
    if rows != staged.ends[-1]:
        raise DamagedFileError(
            "records_differ",
            f"{staged.ends[-1]} {contract.name} records were read but {rows} parsed; "
            "nothing was loaded. Please report this file.",
        )
    rejected = connection.execute(
        "select rowid, _reason from stage where _reason is not null order by rowid"
    ).fetchall()
    for rowid, reason in rejected:
        number = staged.file_of(rowid)
        position = rowid - (staged.ends[number - 1] if number else 0)
        raw = _raw(files[number].rows[position])
        staged.bad[number].append(BadRecord(files[number].lines[position], raw, reason))
    return staged


def _insert_scratch(staged: Staged, compiled: Compiled, source: str, scratch: Path) -> int:
    columns = ", ".join(
        f"{name(key)}: {quote(kind)}"
        for key, kind in (compiled.reads | {"r_extra": "VARCHAR"}).items()
    )
    relation = (
        f"(select * exclude (r_pieces) replace ({_EXTRA} as r_extra) from "
        "(select *, string_split(redact(r_extra), chr(12)) as r_pieces from "
        # A text where an object should stand is unknown; it must not cost the whole file.
        f"read_json({quote(str(scratch))}, format = 'newline_delimited', ignore_errors = true, "
        f"maximum_object_size = 67108864, columns = {{{columns}}})))"
    )
    return staged.rows.add(_statement(compiled, staged.contract, source, relation))


def _raw(row: dict[str, Any]) -> str:
    return _SURROGATE.sub("\ufffd", _json(own_words(row)))


def _json(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, default=str)
