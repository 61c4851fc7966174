"""What delivered files hold, and its rows in the staging table, part by part.

Belongs here: reading files of one format, alone or together. Does not belong here: which files
are read together (`ingest.groups`), where the rows go (`ingest.landing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.arrays import first_elements
from ingest.contracts import load_contracts
from ingest.formats import Format
from ingest.framing import Chunk, head, keeping, one_chunk, spooled_chunks
from ingest.held import Staged
from ingest.lines import LINES, LineReader
from ingest.records import Records, read_records
from ingest.session import Session
from ingest.shapes import SAMPLE_BYTES, SAMPLE_ROWS, records_of, shape_of
from ingest.stage import stage_lines, stage_records
from ingest.store import temporary
from ingest.texts import decode

# Delivered files up to this size may be read together with others, the lines of many in memory;
# up to the other one those of some, in scratch files.
_SMALL_BYTES = 1024 * 1024
_MEDIUM_BYTES = 5 * 1024 * 1024
_RECORD_BYTES = 2000


@dataclass(frozen=True)
class Content:
    """What a file holds: its path, where it is small its lines, or its records for each part."""

    path: Path
    chunks: tuple[Chunk, ...] = ()
    records: tuple[Records, ...] = ()
    size: int = 0

    def lines(self, spools: Sequence[Path]) -> Iterable[Chunk]:
        """Its lines, from memory or by way of scratch files that take turns."""
        return self.chunks or spooled_chunks(self.path, spools)


def content_of(path: Path, chosen: Format, facts: Mapping[str, str]) -> Content:
    """A file by itself, however large; lines are read when they are asked for."""
    if chosen.reader.kind in LINES:
        return Content(path)
    return Content(path, records=tuple(read_records(path, chosen, dict(facts))))


def is_small(size: int) -> bool:
    """Whether the content of a delivered file of `size` bytes may be held in memory."""
    return size <= _SMALL_BYTES


def shared_content(
    path: Path, size: int, chosen: Format, facts: Mapping[str, str], spool: Path
) -> Content | None:
    """The content of a file of `size` bytes at once; None if it must be read by itself.

    It is in memory, or in a scratch file that is there.

    Raises:
        DamagedFileError: If it can't be read.
    """
    kinds = {*LINES, "json"} if is_small(size) else LINES
    is_alone = chosen.is_state or chosen.is_snapshot or size > _MEDIUM_BYTES
    if is_alone or chosen.reader.kind not in kinds:
        return None
    if chosen.reader.kind == "json":
        try:
            whole = content_of(path, chosen, facts)
        except RecursionError:
            return None
        rows = sum(len(found.rows) for found in whole.records)
        return replace(whole, size=rows * _RECORD_BYTES)
    chunks = one_chunk(path, None if is_small(size) else spool)
    if chunks is None:
        return None
    return Content(path, tuple(chunks), size=sum(chunk.starts[-1] for chunk in chunks))


def _shape(chosen: Format, content: Content, number: int) -> dict[str, str]:
    """Fields of a part's records where they are JSON; registers change as their owners please."""
    if chosen.is_state:
        return {}
    if chosen.reader.kind == "json":
        return shape_of(content.records[number].rows, chosen.parts[number].mapping.paths)
    # All parts read the same lines: what is true of them is told once.
    if chosen.reader.kind != "ndjson" or number:
        return {}
    chunks = content.chunks
    first = chunks[0].first(SAMPLE_BYTES) if chunks else head(content.path, SAMPLE_BYTES)
    records = first_elements(decode(first), SAMPLE_ROWS) or records_of(first)
    paths = dict.fromkeys(path for part in chosen.parts for path in part.mapping.paths)
    return shape_of(records, paths)


def _told(run: Session, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    for chunk in chunks:
        yield chunk
        run.tell_lines(chunk.line_count)


def staged_parts(
    run: Session, chosen: Format, facts: Mapping[str, str], files: Sequence[Content]
) -> Iterator[Staged]:
    """Stages one part of the files after the other; each is gone when the next one comes."""
    scratch = temporary(run.lake / "tmp" / "lines.json")
    keeps_addresses = run.keeps_addresses
    for number, part in enumerate(chosen.parts):
        contract = load_contracts()[part.contract]
        if chosen.reader.kind in LINES:
            reader = LineReader(chosen.reader)
            with keeping(*run.spools):
                chunks = [one.lines(run.spools) for one in files]
                if len(files) == 1 and number == 0:
                    chunks = [_told(run, chunks[0])]
                staged = stage_lines(
                    run.connection, chunks, reader, part, contract, dict(facts), scratch,
                    keeps_addresses=keeps_addresses,
                )  # fmt: skip
        else:
            records = [one.records[number] for one in files]
            staged = stage_records(
                run.connection, records, part, contract, dict(facts), scratch,
                keeps_addresses=keeps_addresses,
                keeps_unread=chosen.reader.kind == "json" and not chosen.is_state,
            )  # fmt: skip
        staged.shapes = [_shape(chosen, one, number) for one in files]
        yield staged
