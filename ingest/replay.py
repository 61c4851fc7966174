"""Landing all that a source delivered once more, after a mapping or a format was changed.

Belongs here: which deliveries are landed again. Does not belong here: landing them (`ingest.load`
does that with what is reopened here), taking rows back for good (`ingest.withdrawal`).
"""

from __future__ import annotations

from dataclasses import dataclass

from ingest.formats import parser_digest
from ingest.manifests import has_raw, reopen, taken_in, withdrawn_ids
from ingest.settings import Workspace
from ingest.store import LakeError
from ingest.working import working


@dataclass(frozen=True)
class Replayed:
    """Paths of a source's deliveries: those to be landed again, and those that can't be."""

    reopened: tuple[str, ...]
    # Their raw bytes are no longer kept.
    left: tuple[str, ...]

    @property
    def words(self) -> str:
        """What will be done, in one line."""
        if not self.reopened:
            return "Nothing to land again: all of it was read as it would be read now."
        left = f"; {len(self.left)} stay as they are, their raw bytes are gone" if self.left else ""
        return f"{len(self.reopened)} deliveries are landed again, in the order they came{left}."


def replay(workspace: Workspace, source: str) -> Replayed:
    """Reopens a source's deliveries, if any of them was read by other formats or mappings.

    The next ingest lands them again from the raw bytes, in the order in which they came, so that
    the same one of competing rows is the first. What was withdrawn stays so. Killed on the way, it
    can be repeated.

    Args:
        workspace: The company's folder.
        source: The source's name, as `productops status` shows it.

    Raises:
        LakeError: If nothing was loaded from such a source, or an ingest is running.
    """
    lake = workspace.lake
    with working(workspace):
        withdrawn = withdrawn_ids(lake)
        loaded = [m for m in taken_in(lake) if not m.is_state and m.entry_id not in withdrawn]
        theirs = [m for m in loaded if m.source == source]
        if not theirs:
            known = ", ".join(sorted({m.source for m in loaded})) or "none"
            raise LakeError(f"{source}: nothing was loaded from it; loaded were {known}")
        parser = parser_digest(workspace.config.sources)
        if all(m.parser == parser for m in theirs):
            return Replayed((), ())
        kept = [m for m in theirs if has_raw(workspace.home, m)]
        for manifest in kept:
            reopen(lake, manifest)
    again = {m.entry_id for m in kept}
    left = tuple(m.path for m in theirs if m.entry_id not in again)
    return Replayed(tuple(m.path for m in kept), left)
