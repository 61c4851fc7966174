"""What can be wrong with a delivered file, or with one record of it.

Belongs here: the kinds of problems, in words for the ledger. Does not belong here: finding them.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_BLOCK = 5_000


class DamagedFileError(ValueError):
    """The file as a whole can't be trusted; `reason` is a word for the ledger."""

    def __init__(self, reason: str, detail: str) -> None:
        """Keeps the reason apart from the sentence that explains it."""
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True)
class BadRecord:
    """A record that can't be loaded, as it stands in the file."""

    line: int
    raw: str
    reason: str


class BadRecords:
    """The bad records of one file, in the order of the file.

    They are held compressed: a file with nothing but bad records must fit into memory, too.
    """

    def __init__(self, records: Iterable[BadRecord] = ()) -> None:
        """Takes over the records."""
        self.reasons: Counter[str] = Counter()
        self._packed: list[bytes] = []
        self._open: list[BadRecord] = []
        for record in records:
            self.append(record)

    def append(self, record: BadRecord) -> None:
        """Adds a record at the end."""
        self.reasons[record.reason] += 1
        self._open.append(record)
        if len(self._open) == _BLOCK:
            rows = [(found.line, found.raw, found.reason) for found in self._open]
            self._packed.append(zlib.compress(json.dumps(rows).encode("ascii"), 1))
            self._open = []

    def blocks(self) -> Iterator[list[BadRecord]]:
        """All records, some thousands at a time."""
        for packed in self._packed:
            yield [BadRecord(*row) for row in json.loads(zlib.decompress(packed))]
        if self._open:
            yield self._open

    def __iter__(self) -> Iterator[BadRecord]:
        for block in self.blocks():
            yield from block

    def __len__(self) -> int:
        return self.reasons.total()
