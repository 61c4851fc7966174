"""What can be wrong with a delivered file, or with one record of it.

Belongs here: the kinds of problems, in words for the ledger. Does not belong here: finding them.
"""

from __future__ import annotations

from dataclasses import dataclass


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
