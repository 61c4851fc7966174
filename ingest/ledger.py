"""The ledger: what was delivered, what is new since a build, what was refused.

Belongs here: questions about all manifests together; this module is what others import. Does not
belong here: how files are parsed or landed (`ingest.load`), the manifests themselves
(`ingest.manifests`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest.batches import Batch, read_batches
from ingest.build_inputs import write_build_inputs
from ingest.contracts import load_contracts
from ingest.manifests import Manifest, PartOutcome, read_manifests
from ingest.objects import read_listing
from ingest.settings import Workspace
from ingest.streams import rejected_pages
from ingest.withdrawal import withdraw

__all__ = [
    "Batch",
    "Changes",
    "Manifest",
    "PartOutcome",
    "Rejection",
    "changes_since",
    "open_rejections",
    "read_batches",
    "read_manifests",
    "withdraw",
    "write_build_inputs",
]


@dataclass(frozen=True)
class Changes:
    """What a build that holds the batches `built` does not know yet."""

    added: tuple[Batch, ...]
    removed: tuple[str, ...]
    touched_event_dates: tuple[str, ...]
    full_refresh_contracts: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether a build would find nothing new."""
        return not self.added and not self.removed


@dataclass(frozen=True)
class Rejection:
    """A file in the drop folder that could not be loaded and is still there."""

    path: str
    source: str
    format: str
    reason: str
    detail: str
    loaded_at: str = ""


def changes_since(
    workspace: Workspace, built: Collection[str], held_back: Collection[str] = ()
) -> Changes:
    """What is new since a build.

    Args:
        workspace: The company's folder.
        built: Tokens (`Batch.token`) of the batches that the build holds.
        held_back: Tokens of batches that are left out, as if they had not come yet.
    """
    known, waiting = set(built), set(held_back) - set(built)
    everything = read_batches(workspace.lake)
    committed = {
        batch.token: batch
        for batch in everything
        if batch.is_committed and batch.token not in waiting
    }
    added = tuple(batch for token, batch in committed.items() if token not in known)
    removed = tuple(sorted(known - set(committed)))
    gone = [batch for batch in everything if batch.token in set(removed)]
    changed = [*added, *gone]
    events = (batch for batch in changed if batch.contract == "usage_events")
    dates = {day for batch in events for day in batch.affected_dates}
    contracts = load_contracts()
    refresh = {
        batch.contract
        for batch in changed
        if batch.contract in contracts and contracts[batch.contract].full_refresh_on_change
    }
    # A removed batch whose manifest is gone can't tell its dates: rebuild everything.
    lost = set(removed) - {batch.token for batch in gone}
    return Changes(
        added=added,
        removed=removed,
        touched_event_dates=tuple(sorted(dates)),
        full_refresh_contracts=tuple(sorted(refresh | ({_why_lost(changed)} if lost else set()))),
    )


def _why_lost(changed: Collection[Batch]) -> str:
    erased = any(batch.rows_erased for batch in changed)
    return "(rows of erased people)" if erased else "(unknown)"


def open_rejections(workspace: Workspace) -> list[Rejection]:
    """Rejected files that still lie where they were dropped, and pages that hold up an API."""
    manifests = read_manifests(workspace.lake)
    newest = {(m.path, 0 if m.archive else m.size): m for m in manifests}
    stored = read_listing(workspace.lake) if workspace.config.storage.drop else {}
    lying = [
        m
        for m in newest.values()
        if m.status == "rejected" and _is_still_there(workspace.home, stored, m)
    ]
    return [
        Rejection(m.path, m.source, m.format, m.reason, m.detail, m.loaded_at)
        for m in [*lying, *rejected_pages(workspace, manifests)]
    ]


def _is_still_there(home: Path, stored: Mapping[str, int], manifest: Manifest) -> bool:
    if manifest.archive:
        return manifest.archive in stored or (home / manifest.archive).is_file()
    if manifest.path in stored:
        return stored[manifest.path] == manifest.size
    return _size(home / manifest.path) == manifest.size


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
