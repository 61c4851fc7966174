"""Files as they are delivered: bytes that depend on nothing but content, dated by the export.

Belongs here: writing bytes with fixed times, and the tally of what was put into them. Does not
belong here: what any vendor's file looks like.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass
class Tally:
    """Rows that one kind of file holds for one contract, and what becomes of them."""

    rows_in: int = 0
    rows_loaded: int = 0
    rows_duplicate: int = 0
    rows_quarantined: int = 0
    rows_revision: int = 0


@dataclass
class Delivery:
    """Writes files below `home` and keeps count of files and rows by kind of file."""

    home: Path
    files: dict[str, list[str]] = field(default_factory=dict)
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    _seen: dict[tuple[str, str, Any], set[Any]] = field(default_factory=dict)

    def _put(self, kind: str, relative: str, data: bytes, at: datetime) -> None:
        path = self.home / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        # The day of delivery is read from the file's time, so it belongs to the demo's truth.
        os.utime(path, (at.timestamp(), at.timestamp()))
        self.files.setdefault(kind, []).append(relative)

    def text(self, kind: str, relative: str, text: str, at: datetime) -> None:
        """Writes text as UTF-8."""
        self._put(kind, relative, text.encode(), at)

    def json(self, kind: str, relative: str, document: Any, at: datetime) -> None:
        """Writes one JSON document on one line, as an API answers."""
        self._put(kind, relative, json.dumps(document, ensure_ascii=False).encode(), at)

    def table(self, kind: str, relative: str, rows: Iterable[Sequence[Any]], at: datetime) -> None:
        """Writes rows (header rows first) as CSV with the line ends that vendors use."""
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\r\n").writerows(rows)
        self._put(kind, relative, buffer.getvalue().encode(), at)

    def lines(self, kind: str, relative: str, lines: Iterable[str], at: datetime) -> None:
        """Writes lines as gzip; the header's time is 0, so the same lines are the same bytes."""
        data = ("\n".join(lines) + "\n").encode()
        self._put(kind, relative, gzip.compress(data, compresslevel=3, mtime=0), at)

    def tally(self, kind: str, contract: str) -> Tally:
        """The tally of a kind of file and a contract."""
        return self.tallies.setdefault((kind, contract), Tally())

    def row(self, kind: str, contract: str, key: Any, content: Any) -> None:
        """Counts a row: new, again with the same content, or again with other content."""
        tally = self.tally(kind, contract)
        tally.rows_in += 1
        known = self._seen.setdefault((kind, contract, key), set())
        if content in known:
            tally.rows_duplicate += 1
            return
        tally.rows_loaded += 1
        tally.rows_revision += bool(known)
        known.add(content)
