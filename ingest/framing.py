"""Bytes to checked lines: gzip with its checksum, encodings, byte order marks, line numbers.

Belongs here: everything between a delivered file and text. Does not belong here: what the text
means (see `ingest.records` and `ingest.mapping`). DuckDB alone accepts a wrong gzip checksum and
loses line numbers; hence this module.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import os
from array import array
from bisect import bisect_right
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, cycle, islice
from pathlib import Path
from typing import IO

from ingest.arrays import as_lines
from ingest.columnar import PARQUET_MAGIC, json_lines
from ingest.problems import DamagedFileError
from ingest.texts import SAMPLE_BYTES, decode, encoding_of

CHUNK_BYTES = 48 * 1024 * 1024
# So many chunks are looked at together.
SPOOLS = 3
_READ_BYTES = 1024 * 1024
# Small enough for the processor's cache, large enough for Python.
_BLOCK_BYTES = 256 * 1024
# Pieces whose lines are counted: to find one line, a piece is looked through.
_PIECE_BYTES = 32 * 1024
# Blocks in which the head of a file is read: of a damaged one the last block is lost.
_HEAD_BLOCK_BYTES = 4 * 1024
GZIP_MAGIC = b"\x1f\x8b"


def copy_and_hash(source: Path, target: IO[bytes]) -> str:
    """Copies a file and returns the SHA-256 of its bytes, in one pass."""
    digest = hashlib.sha256()
    with source.open("rb") as handle:
        while block := handle.read(_READ_BYTES):
            digest.update(block)
            target.write(block)
    return digest.hexdigest()


def is_gzip(path: Path) -> bool:
    """Whether the file's first bytes are gzip's, whatever its name says."""
    with path.open("rb") as handle:
        return handle.read(2) == GZIP_MAGIC


def _inflate(path: Path, size: int) -> Iterator[bytes]:
    """Decompresses concatenated gzip members; each member's CRC and length are checked."""
    from gzip import BadGzipFile

    from isal import igzip, isal_zlib

    try:
        with igzip.open(path, "rb") as handle:
            while block := handle.read1(size):
                yield block
    except EOFError as error:
        raise DamagedFileError(
            "gzip_truncated",
            "the gzip data is cut off; deliver the whole file, or what `gunzip -c` gives of it",
        ) from error
    except (BadGzipFile, isal_zlib.error) as error:  # ty: ignore[invalid-exception-caught]
        # The first bytes were gzip's, so it is what follows a member that is not.
        if str(error).startswith("Not a gzipped file"):
            raise DamagedFileError(
                "gzip_trailing_bytes",
                "bytes follow the end of the gzip data; export the file again",
            ) from error
        raise DamagedFileError(
            "gzip_corrupt",
            f"the gzip data is damaged ({error}); export the file again or copy it in binary mode",
        ) from error


def read_blocks(path: Path, size: int = _BLOCK_BYTES) -> Iterator[bytes]:
    """Decompressed bytes of a file, block by block; `size` is that of a compressed one's."""
    with path.open("rb") as handle:
        magic = handle.peek(4)[:4]
        if magic.startswith(GZIP_MAGIC):
            yield from _inflate(path, size)
        elif magic == PARQUET_MAGIC:
            yield from json_lines(path)
        else:
            while block := handle.read(_READ_BYTES):
                yield block


def head(path: Path, size: int = 256 * 1024) -> bytes:
    """The first decompressed bytes; damage that comes later is not noticed here."""
    parts: list[bytes] = []
    total = 0
    try:
        for block in read_blocks(path, _HEAD_BLOCK_BYTES):
            parts.append(block)
            total += len(block)
            if total >= size:
                break
    except DamagedFileError:
        if not total:
            raise
    return b"".join(parts)[:size]


def read_all(path: Path) -> bytes:
    """All decompressed bytes; for documents and tables, not for event streams."""
    return b"".join(read_blocks(path))


@dataclass(frozen=True)
class Chunk:
    """Whole lines of one file; `first_line` is the 1-based number of the first of them.

    The bytes are in memory, or in a scratch file until another chunk is put there. They are
    counted in pieces: `starts` tells where each begins, `lines_before` how many lines end
    before it; the last of both are the totals.
    """

    source: bytes | Path
    first_line: int
    starts: Sequence[int]
    lines_before: Sequence[int]

    def _slice(self, begin: int, end: int) -> bytes:
        if isinstance(self.source, bytes):
            return self.source[begin:end]
        with self.source.open("rb", buffering=0) as handle:
            return os.pread(handle.fileno(), end - begin, begin)

    def first(self, size: int) -> bytes:
        """At most so many of the first bytes."""
        return self._slice(0, min(size, self.starts[-1]))

    @property
    def data(self) -> bytes:
        """All bytes in memory."""
        return self._slice(0, self.starts[-1])

    @property
    def path(self) -> Path | None:
        """The scratch file that holds these lines and no others, if one does."""
        return None if isinstance(self.source, bytes) else self.source

    @cached_property
    def _ends(self) -> dict[int, array[int]]:
        """Where lines end in those pieces that were looked into so far."""
        return {}

    def _end(self, index: int) -> int:
        number = bisect_right(self.lines_before, index) - 1
        if number not in self._ends:
            begin, end = self.starts[number : number + 2]
            lengths = map(len, _lines(self._slice(begin, end)))
            self._ends[number] = array("q", accumulate(lengths, initial=begin - 1))[1:]
        return self._ends[number][index - self.lines_before[number]]

    @property
    def line_count(self) -> int:
        """Lines, blank ones too."""
        return self.lines_before[-1]

    @cached_property
    def filled(self) -> list[int] | None:
        """0-based positions of lines that are not blank, or None where all lines are filled."""
        lines = self.data.split(b"\n")[:-1]
        filled = [index for index, line in enumerate(lines) if line.strip()]
        return None if len(filled) == self.line_count else filled

    def line(self, index: int) -> bytes:
        """The raw line at a 0-based position, without its end."""
        start = self._end(index - 1) + 1 if index else 0
        return self._slice(start, self._end(index)).rstrip(b"\r")


def _lines(piece: bytes) -> list[bytes]:
    """The lines that end in a piece; made faster than `count` counts their ends."""
    lines = io.BytesIO(piece).readlines()
    if lines and not lines[-1].endswith(b"\n"):
        lines.pop()
    return lines


def utf8_blocks(path: Path) -> Iterator[bytes]:
    """Blocks in UTF-8 without a byte order mark, whatever the file's encoding."""
    blocks = read_blocks(path)
    first = next(blocks, b"")
    while len(first) < SAMPLE_BYTES and (more := next(blocks, None)) is not None:
        first += more
    if encoding_of(first).startswith("utf-16"):
        yield decode(first + b"".join(blocks)).encode("utf-8")
        return
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from blocks


def _cut(path: Path, size: int) -> Iterator[tuple[bytes, bool]]:
    """Blocks of a file, and whether a chunk of about `size` bytes ends after each."""
    length = 0
    rest = b""
    for block in as_lines(utf8_blocks(path)):
        length += len(block)
        cut = block.rfind(b"\n") + 1
        if length < size or not cut:
            yield block, False
            rest = block or rest
            continue
        yield block[:cut], True
        rest = block[cut:]
        length = len(rest)
        yield rest, False
    if rest:
        yield b"" if rest.endswith(b"\n") else b"\n", True


def _chunks(path: Path, size: int, sinks: Iterator[IO[bytes]]) -> Iterator[Chunk]:
    """Chunks whose bytes are all that a sink holds, each in the next one."""
    first_line = 1
    sink = next(sinks)
    starts, lines_before = [0], [0]
    for block, is_last in _cut(path, size):
        sink.write(block)
        for begin in range(0, len(block), _PIECE_BYTES):
            piece = block[begin : begin + _PIECE_BYTES]
            starts.append(starts[-1] + len(piece))
            lines_before.append(lines_before[-1] + len(_lines(piece)))
        if is_last:
            sink.truncate()
            sink.flush()
            yield Chunk(b"", first_line, starts, lines_before)
            first_line += lines_before[-1]
            starts, lines_before = [0], [0]
            sink = next(sinks)
            sink.seek(0)


@contextmanager
def keeping(*spools: Path) -> Generator[None]:
    """Keeps scratch files while many files go through them; who made them removes them at the end.

    To write over memory that they have already costs less than to get new.
    """
    own = [spool for spool in spools if not spool.exists()]
    for spool in own:
        spool.touch()
    try:
        yield
    finally:
        for spool in own:
            spool.unlink(missing_ok=True)


def spooled_chunks(path: Path, spools: Sequence[Path], size: int = CHUNK_BYTES) -> Iterator[Chunk]:
    """Cuts a file into chunks of whole lines of about `size` bytes.

    They take turns in `spools`, scratch files that are there (see `keeping`). What is written
    while it is in the processor's cache costs little.

    Raises:
        DamagedFileError: If the gzip data is cut off, corrupt or followed by other bytes.
    """
    with ExitStack() as stack:
        sinks = cycle([stack.enter_context(spool.open("r+b")) for spool in spools])
        for chunk, spool in zip(_chunks(path, size, sinks), cycle(spools), strict=False):
            yield replace(chunk, source=spool)


def one_chunk(path: Path, spool: Path | None = None, size: int = CHUNK_BYTES) -> list[Chunk] | None:
    """All lines of a file as one chunk, or none; None if it has more than about `size` bytes.

    They stay in memory, or in a scratch file that is there and is given to no other while they are
    looked at.

    Raises:
        DamagedFileError: If the gzip data is cut off, corrupt or followed by other bytes.
    """
    chunks = spooled_chunks(path, [spool], size) if spool else read_chunks(path, size)
    # A small file may hide a large text: what comes after a second chunk is not read.
    found = list(islice(chunks, 2))
    return found if len(found) < 2 else None


def read_chunks(path: Path, size: int = CHUNK_BYTES) -> Iterator[Chunk]:
    """The same in memory.

    Raises:
        DamagedFileError: If the gzip data is cut off, corrupt or followed by other bytes.
    """
    sink = io.BytesIO()
    for chunk in _chunks(path, size, cycle([sink])):
        yield replace(chunk, source=sink.getvalue())
