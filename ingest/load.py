"""The main road of ingest: every file found is accounted for, exactly once.

Belongs here: what a run does, in order. Does not belong here: what is done with one file
(see `ingest.delivery` and `ingest.groups`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingest.arrivals import Arrival, SeenFiles, find, kept, settle
from ingest.contracts import load_contracts
from ingest.delivery import NotReadyError, supersede
from ingest.groups import load_files
from ingest.landing import ensure_schemas
from ingest.manifests import Manifest, PartOutcome, close_again, read_reopened
from ingest.objects import note_listing
from ingest.orphans import remove_old_raw, remove_orphans
from ingest.session import Session
from ingest.settings import Workspace
from ingest.store import LakeError, sweep
from ingest.working import working

__all__ = ["FileOutcome", "IngestReport", "LakeError", "Progress", "ingest"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class FileOutcome:
    """What became of one file: loaded, duplicate, rejected or waiting, and its parts."""

    path: str
    file_id: str
    source: str
    format: str
    status: str
    reason: str
    detail: str
    parts: tuple[PartOutcome, ...]


@dataclass(frozen=True)
class IngestReport:
    """What one run found; files that were known already are only counted."""

    files: tuple[FileOutcome, ...]
    unchanged_count: int

    def count(self, status: str) -> int:
        """Files with a status."""
        return sum(1 for outcome in self.files if outcome.status == status)


def _outcome(manifest: Manifest) -> FileOutcome:
    return FileOutcome(
        manifest.path, manifest.file_id, manifest.source, manifest.format,
        manifest.status, manifest.reason, manifest.detail, manifest.parts,
    )  # fmt: skip


def _waiting(arrival: Arrival, reason: str, detail: str) -> FileOutcome:
    detail = f"{arrival.relative}: {detail}"
    return FileOutcome(arrival.relative, "", "", "", "waiting", reason, detail, ())


def _tidy(run: Session, arrivals: list[Arrival], waiting: set[str]) -> None:
    """Finishes what a killed run left undone, and takes back registers that were deleted."""
    for manifest in run.registers():
        supersede_older = [m for m in run.registers() if m.path == manifest.path]
        if len(supersede_older) > 1:
            supersede(run, manifest.path, supersede_older[-1].entry_id)
    remove_old_raw(run.lake, run.workspace.config.privacy.keep_raw_days, keep=waiting)
    present = {arrival.relative for arrival in arrivals}
    for manifest in run.registers():
        if manifest.path not in present:
            run.withdraw(manifest, "the file was deleted")
    remove_orphans(run.lake, run.manifests.values())


def _told(todo: list[Arrival], progress: Progress | None) -> Iterator[Arrival]:
    for number, arrival in enumerate(todo):
        if progress:
            progress(arrival.relative, number, len(todo))
        yield arrival
    if progress:
        progress("", len(todo), len(todo))


def _take_in(
    run: Session, seen: SeenFiles, todo: list[Arrival], progress: Progress | None
) -> Iterator[FileOutcome]:
    for arrival, found in load_files(run, _told(todo, progress)):
        if isinstance(found, NotReadyError):
            yield _waiting(arrival, "not_readable_yet", str(found))
            continue
        if arrival.is_kept:
            close_again(run.lake, arrival.entry_id)
        elif not arrival.archive:
            seen.add(arrival)
        if found:
            yield _outcome(found)


def _forced(arrivals: list[Arrival], wanted: str | None) -> frozenset[str]:
    if not wanted:
        return frozenset()
    found = [a.relative for a in arrivals if wanted in {a.relative, a.name, str(a.path)}]
    if len(found) != 1:
        raise LakeError(
            f"{wanted}: {len(found)} files in drop/ are called so ({', '.join(found) or 'none'}); "
            "name one by its path below the workspace"
        )
    return frozenset(found)


def ingest(
    workspace: Workspace, *, progress: Progress | None = None, dry_run: bool = False,
    force_snapshot: str | None = None,
) -> IngestReport:  # fmt: skip
    """Takes in everything that lies in registry/ and drop/ and is not in the ledger yet.

    Killed at any moment and run again, it ends in the same state. The same bytes twice load once.

    Args:
        workspace: The company's folder.
        progress: Called with a file's path, files done and files to do.
        dry_run: Only tell which files would be looked at.
        force_snapshot: Path or name of a snapshot that is taken in although it shrank.

    Raises:
        LakeError: If the lake can't be written, another ingest is running, or there is no such
            snapshot.
    """
    with working(workspace, only_look=dry_run):
        sweep(workspace.lake)
        run = Session(workspace)
        ensure_schemas(run.connection, run.lake, load_contracts().values())
        seen = SeenFiles(run.lake, run.parser)
        arrivals = find(workspace)
        known_paths = {m.archive or m.path for m in run.manifests.values()}
        run.forced = _forced(arrivals, force_snapshot)
        fresh = [
            a
            for a in arrivals
            if a.relative in run.forced or not (seen.knows(a) and a.relative in known_paths)
        ]
        whole, growing = settle(fresh)
        outcomes = [
            _waiting(a, "still_written", "still being written; it is taken in once it rests")
            for a in growing
        ]
        if dry_run:
            outcomes += [FileOutcome(a.relative, "", "", "", "new", "", "", ()) for a in whole]
            return IngestReport(tuple(outcomes), len(arrivals) - len(fresh))
        reopened = read_reopened(run.lake)
        _tidy(run, arrivals, {m.landing for m in reopened if m.landing})
        again = [kept(workspace.home, manifest) for manifest in reopened]
        try:
            outcomes += _take_in(run, seen, [*again, *whole], progress)
        finally:
            seen.save()
        note_listing(run.lake, arrivals)
        return IngestReport(tuple(outcomes), max(0, len(arrivals) - len(outcomes)))
