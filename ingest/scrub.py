"""Kept raw copies without the records of erased people.

Belongs here: rewriting one raw file so that everything else in it stays as it is. Does not belong
here: which records are whose (`ingest.erasures`), manifests (`ingest.forget`).

Lines become empty instead of vanishing: line numbers stay right, and blank lines are no rows.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ingest.documents import at
from ingest.erasures import Withheld
from ingest.formats import Format, Part
from ingest.framing import is_gzip, read_all
from ingest.problems import DamagedFileError
from ingest.store import write_atomically
from ingest.tables import blank_records
from ingest.texts import decode

MASK = r"\g<1>[erased]\g<2>"


def masked(text: str, pattern: re.Pattern[str] | None) -> str:
    """The text with every place that names somebody replaced, also where two share a border."""
    return pattern.sub(MASK, pattern.sub(MASK, text)) if pattern else text


def scrub(
    path: Path, chosen: Format, dropped: Sequence[Withheld], pattern: re.Pattern[str] | None = None
) -> bool:
    """Rewrites a raw copy without records.

    Args:
        path: The raw copy.
        chosen: What it was read as.
        dropped: For each part of the format the lines (or positions) of records to take out.
        pattern: What else must not stay, wherever it stands.

    Returns:
        False where that can't be done safely: the copy is unchanged then, and must go.
    """
    try:
        data = read_all(path)
        text = _without(decode(data), chosen, dropped)
    except (DamagedFileError, ValueError, RecursionError, OSError):
        text = None
    if text is None:
        return False
    rewritten = masked(text, pattern).encode("utf-8", errors="surrogateescape")
    if is_gzip(path):
        rewritten = gzip.compress(rewritten, compresslevel=6, mtime=0)
    write_atomically(path, lambda draft: draft.write_bytes(rewritten))
    return True


def _without(text: str, chosen: Format, dropped: Sequence[Withheld]) -> str | None:
    lines = frozenset().union(*(part.lines for part in dropped))
    match chosen.reader.kind:
        case _ if not lines:
            return text
        case "ndjson" | "tsv":
            pieces = text.split("\n")
            return "\n".join("" if n in lines else piece for n, piece in enumerate(pieces, start=1))
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
