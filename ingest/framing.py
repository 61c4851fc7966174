"""Bytes to checked lines: gzip with its checksum, encodings, byte order marks, line numbers.

Belongs here: everything between a delivered file and text. Does not belong here: what the text
means (see `ingest.records` and `ingest.mapping`). DuckDB alone accepts a wrong gzip checksum and
loses line numbers; hence this module.
"""

from __future__ import annotations

import codecs
import hashlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ingest.columnar import PARQUET_MAGIC, json_lines
from ingest.problems import DamagedFileError
from ingest.texts import SAMPLE_BYTES, decode, encoding_of

if TYPE_CHECKING:
    import numpy as np

CHUNK_BYTES = 48 * 1024 * 1024
_READ_BYTES = 1024 * 1024
# Compressed: small enough that what it grows to stays in the processor's cache.
_PACKED_BYTES = 64 * 1024
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


def _inflate(handle: IO[bytes]) -> Iterator[bytes]:
    """Decompresses concatenated gzip members; each member's CRC and length are checked."""
    from isal import isal_zlib

    member = isal_zlib.decompressobj(wbits=31)
    started = False
    try:
        while block := handle.read(_PACKED_BYTES):
            if not started:
                block = block.lstrip(b"\0")
            while block:
                started = True
                yield member.decompress(block)
                block = b""
                if member.eof:
                    block = member.unused_data.lstrip(b"\0")
                    member = isal_zlib.decompressobj(wbits=31)
                    started = False
                    if block and not block.startswith(GZIP_MAGIC[: len(block)]):
                        raise DamagedFileError(
                            "gzip_trailing_bytes",
                            "bytes follow the end of the gzip data; export the file again",
                        )
    except isal_zlib.error as error:  # ty: ignore[invalid-exception-caught]
        raise DamagedFileError(
            "gzip_corrupt",
            f"the gzip data is damaged ({error}); export the file again or copy it in binary mode",
        ) from error
    if started:
        raise DamagedFileError(
            "gzip_truncated",
            "the gzip data ends early: the export or the copy was cut off; deliver the whole file",
        )


def read_blocks(path: Path) -> Iterator[bytes]:
    """Decompressed bytes of a file, block by block."""
    with path.open("rb") as handle:
        magic = handle.peek(4)[:4]
        if magic.startswith(GZIP_MAGIC):
            yield from _inflate(handle)
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
        for block in read_blocks(path):
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
    """Whole lines of one file; `first_line` is the 1-based number of the first of them."""

    blocks: tuple[bytes, ...]
    first_line: int

    @cached_property
    def data(self) -> bytes:
        """All bytes in one piece; rarely needed, and costs a copy."""
        return b"".join(self.blocks)

    @cached_property
    def _ends(self) -> list[np.ndarray]:
        """Where lines end in each block."""
        import numpy as np

        newline = ord("\n")
        return [np.flatnonzero(np.frombuffer(b, np.uint8) == newline) for b in self.blocks]

    @cached_property
    def _lines_before(self) -> list[int]:
        """Lines that end before each block, and at last all of them."""
        return list(accumulate((len(ends) for ends in self._ends), initial=0))

    @property
    def line_count(self) -> int:
        """Lines, blank ones too."""
        return self._lines_before[-1]

    @cached_property
    def filled(self) -> list[int] | None:
        """0-based positions of lines that are not blank, or None where all lines are filled."""
        filled = [i for i, line in enumerate(self.data.split(b"\n")[:-1]) if line.strip()]
        return None if len(filled) == self.line_count else filled

    def line(self, index: int) -> bytes:
        """The raw line at a 0-based position, without its end."""
        number, start = 0, 0
        if index:
            number = bisect_right(self._lines_before, index - 1) - 1
            start = int(self._ends[number][index - 1 - self._lines_before[number]]) + 1
        pieces = []
        for block in self.blocks[number:]:
            end = block.find(b"\n", start)
            pieces.append(block[start : end if end >= 0 else None])
            if end >= 0:
                break
            start = 0
        return b"".join(pieces).rstrip(b"\r")


def utf8_blocks(path: Path) -> Iterator[bytes]:
    """Blocks in UTF-8 without a byte order mark, whatever the file's encoding."""
    blocks = read_blocks(path)
    first = next(blocks, b"")
    while len(first) < SAMPLE_BYTES:
        more = next(blocks, None)
        if more is None:
            break
        first += more
    encoding = encoding_of(first)
    if encoding.startswith("utf-16"):
        yield decode(first + b"".join(blocks)).encode("utf-8")
        return
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from blocks


def read_chunks(path: Path, size: int = CHUNK_BYTES) -> Iterator[Chunk]:
    """Cuts a file into chunks of whole lines of about `size` bytes.

    Raises:
        DamagedFileError: If the gzip data is cut off, corrupt or followed by other bytes.
    """
    first_line = 1
    pending: list[bytes] = []
    length = 0
    for block in utf8_blocks(path):
        pending.append(block)
        length += len(block)
        if length < size:
            continue
        cut = block.rfind(b"\n") + 1
        if not cut:
            continue
        pending[-1] = block[:cut]
        chunk = Chunk(tuple(pending), first_line)
        yield chunk
        first_line += chunk.line_count
        pending, length = [block[cut:]], len(block) - cut
    if any(pending):
        last = next(block for block in reversed(pending) if block)
        ending = () if last.endswith(b"\n") else (b"\n",)
        yield Chunk((*pending, *ending), first_line)
