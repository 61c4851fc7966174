"""Kept raw copies without the records of erased people.

Belongs here: rewriting one raw file so that everything else in it stays as it is. Does not belong
here: which records are whose (`ingest.erasures`), manifests (`ingest.forget`).

Lines become empty instead of vanishing: line numbers stay right, and blank lines are no rows.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from ingest.arrays import as_lines
from ingest.documents import at
from ingest.erasures import Withheld
from ingest.formats import Format, Part
from ingest.framing import is_gzip, read_all, utf8_blocks
from ingest.problems import DamagedFileError
from ingest.spellings import hints
from ingest.store import write_atomically
from ingest.subjects import Subject
from ingest.tables import blank_records
from ingest.texts import decode

MASK = r"\g<1>[erased]\g<2>"


def masked(text: str, pattern: re.Pattern[str] | None) -> str:
    """The text with every place that names somebody replaced, also where two share a border."""
    return pattern.sub(MASK, pattern.sub(MASK, text)) if pattern else text


def scrub(
    path: Path, chosen: Format, dropped: Sequence[Withheld], subject: Subject | None = None
) -> bool:
    """Rewrites a raw copy without records.

    Args:
        path: The raw copy.
        chosen: What it was read as.
        dropped: For each part of the format the lines (or positions) of records to take out.
        subject: Who must not be named in what stays.

    Returns:
        False where that can't be done safely: the copy is unchanged then, and must go.
    """
    if chosen.reader.kind == "ndjson":
        return _scrub_lines(path, frozenset().union(*(part.lines for part in dropped)), subject)
    try:
        data = read_all(path)
        text = _without(decode(data), chosen, dropped)
    except (DamagedFileError, ValueError, RecursionError, OSError):
        text = None
    if text is None:
        return False
    words = subject.pattern() if subject else None
    rewritten = masked(text, re.compile(words) if words else None).encode(
        "utf-8", errors="surrogateescape"
    )
    if is_gzip(path):
        rewritten = gzip.compress(rewritten, compresslevel=6, mtime=0)
    write_atomically(path, lambda draft: draft.write_bytes(rewritten))
    return True


def _scrub_lines(path: Path, lines: frozenset[int], subject: Subject | None) -> bool:
    """The same line by line: memory does not grow with the file."""

    def write(draft: Path) -> None:
        with draft.open("wb") as plain:
            if is_gzip(path):
                with gzip.GzipFile("", "wb", 6, plain, mtime=0) as packed:
                    packed.writelines(_kept_blocks(path, lines, subject))
            else:
                plain.writelines(_kept_blocks(path, lines, subject))

    try:
        write_atomically(path, write)
    except DamagedFileError:
        return False
    return True


def _kept_blocks(path: Path, lines: frozenset[int], subject: Subject | None) -> Iterator[bytes]:
    """Blocks of whole lines; those in which nothing has to be done pass as they are."""
    words = hints(subject.texts) if subject else frozenset()
    found = subject.pattern() if subject else None
    pattern = re.compile(found) if found else None
    first, pending = 1, b""
    for block in as_lines(utf8_blocks(path)):
        whole, end, pending = (pending + block).rpartition(b"\n")
        if end:
            after = first + whole.count(b"\n") + 1
            yield _kept(whole, range(first, after), lines, words, pattern) + b"\n"
            first = after
    if pending:
        yield _kept(pending, range(first, first + 1), lines, words, pattern)


def _kept(
    block: bytes, numbers: range, lines: frozenset[int], words: Collection[bytes],
    pattern: re.Pattern[str] | None,
) -> bytes:  # fmt: skip
    if gone := lines & set(numbers):
        pieces = block.split(b"\n")
        for number in gone:
            pieces[number - numbers.start] = b""
        block = b"\n".join(pieces)
    lower = block.lower()
    if pattern and any(word in lower for word in words):
        text = block.decode("utf-8", errors="surrogateescape")
        block = masked(text, pattern).encode("utf-8", errors="surrogateescape")
    return block


def _without(text: str, chosen: Format, dropped: Sequence[Withheld]) -> str | None:
    lines = frozenset().union(*(part.lines for part in dropped))
    match chosen.reader.kind:
        case _ if not lines:
            return text
        case "csv":
            return blank_records(text, chosen.reader.delimiter, lines)
        case "json":
            return _without_items(json.loads(text.removeprefix("\ufeff")), chosen.parts, dropped)
        case _:
            return None


def _without_items(document: Any, parts: Sequence[Part], dropped: Sequence[Withheld]) -> str | None:
    """A document without items of its lists; None where an item holds others' records too."""
    by_list: dict[str | None, frozenset[int]] = {}
    for part, gone in zip(parts, dropped, strict=True):
        if gone.shared:
            return None
        by_list[part.records] = by_list.get(part.records, frozenset()) | gone.lines
    for place, positions in by_list.items():
        items = at(document, place)
        if not positions:
            continue
        if not isinstance(items, list):
            return None
        items[:] = [item for n, item in enumerate(items, start=1) if n not in positions]
    return json.dumps(document, ensure_ascii=False)
