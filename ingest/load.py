"""The main road of ingest: every file found is accounted for, exactly once.

Belongs here: what a run does, in order. Does not belong here: what is done with one file
(see `ingest.delivery` and `ingest.groups`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from time import monotonic

from ingest.addresses import remove_all
from ingest.arrivals import Arrival, SeenFiles, find, kept, settle
from ingest.containers import is_container
from ingest.contracts import load_contracts
from ingest.delivery import NotAskedError, NotReadyError, is_asked, supersede
from ingest.formats import load_formats
from ingest.framing import keeping
from ingest.groups import load_files
from ingest.landing import ensure_schemas
from ingest.manifests import Manifest, PartOutcome, close_again
from ingest.objects import note_listing
from ingest.orphans import remove_old_raw, remove_orphans
from ingest.session import Session
from ingest.settings import Workspace
from ingest.store import LakeError
from ingest.waiting import note_waiting
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
    # Files that are new and were not asked for; the next run takes them in.
    left_count: int = 0

    @property
    def rest(self) -> str:
        """In words, what became of the files that nothing is told of."""
        left = f"; {self.left_count} more were not asked for" if self.left_count else ""
        return f"{self.unchanged_count} files are in the ledger already{left}."

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
    if not run.keeps_addresses:
        remove_all(run)


@dataclass
class _Pace:
    """Tells which file is at hand, and how many rows were taken in since the first was begun."""

    progress: Progress | None
    rows: int = 0
    # Of the file at hand, as far as it was read.
    lines: int = 0
    began: float = 0.0
    place: tuple[str, int, int] = ("", 0, 0)

    def over(self, todo: list[Arrival]) -> Iterator[Arrival]:
        """The files, one after the other."""
        self.began = monotonic()
        for number, arrival in enumerate(todo):
            self.place = (arrival.relative, number, len(todo))
            self.tell(0)
            yield arrival
        if self.progress:
            self.progress("", len(todo), len(todo))

    def tell(self, lines: int) -> None:
        """So many more lines of the file at hand were read."""
        self.lines += lines
        if self.progress:
            path, number, count = self.place
            rows = self.rows + self.lines
            rate = rows / max(monotonic() - self.began, 0.001)
            # First what is always short: a line of a terminal cuts the rest.
            words = f"{rows:,} rows, {rate:,.0f} a second: {path}" if rows else path
            self.progress(words, number, count)

    def add(self, rows: int) -> None:
        """A file is in the ledger."""
        self.rows, self.lines = self.rows + rows, 0


def _take_in(
    run: Session, seen: SeenFiles, todo: list[Arrival], progress: Progress | None
) -> Iterator[FileOutcome]:
    pace = _Pace(progress)
    run.tell_lines = pace.tell
    # Archives of which a member was left are opened again by the next run.
    left: set[str] = set()
    for arrival, found in load_files(run, pace.over(todo)):
        if isinstance(found, NotAskedError):
            left.add(arrival.archive)
            yield FileOutcome(arrival.relative, "", "", "", "left", "", "", ())
            continue
        if isinstance(found, NotReadyError):
            yield _waiting(arrival, "not_readable_yet", str(found))
            continue
        if arrival.is_kept:
            if _is_refused_again(run, arrival, found):
                # It waits on: what it held must not be lost with the mapping that can't read it.
                detail = "could not be landed again; correct what reads it, or withdraw it"
                yield _waiting(arrival, "not_landed_again", detail)
                continue
            close_again(run.lake, arrival.entry_id)
        elif not arrival.archive and arrival.relative not in left:
            seen.add(arrival)
        if found:
            pace.add(sum(part.rows_in for part in found.parts))
            yield _outcome(found)


def _is_refused_again(run: Session, arrival: Arrival, found: Manifest | None) -> bool:
    known = found or run.manifests.get(arrival.entry_id)
    return known is None or known.status == "rejected"


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


def _known_source(run: Session, source: str) -> str:
    known = sorted({one.source for one in [*load_formats(), *run.mappings] if not one.is_state})
    if source and source not in known:
        raise LakeError(f"{source}: no such source; files are read of {', '.join(known)}")
    return source


def _is_since(arrival: Arrival, since: date | None) -> bool:
    """Whether a file of drop/ is of that day or later, by its name, else by when it was written."""
    return since is None or arrival.told_on >= since or not arrival.relative.startswith("drop/")


def _may_be_asked(run: Session, arrival: Arrival) -> bool:
    """Whether a file or a member of it may be of the source that was asked for, at a first look."""
    try:
        return (
            bool(arrival.etag) or is_asked(run, arrival, arrival.path) or is_container(arrival.path)
        )
    except OSError:
        # It went meanwhile, or can't be opened: a run that is no dry one says so.
        return True


def ingest(
    workspace: Workspace, *, progress: Progress | None = None, dry_run: bool = False,
    force_snapshot: str | None = None, source: str = "", since: date | None = None,
) -> IngestReport:  # fmt: skip
    """Takes in everything that lies in registry/ and drop/ and is not in the ledger yet.

    Killed at any moment and run again, it ends in the same state. The same bytes twice load once.

    Args:
        workspace: The company's folder.
        progress: Called with a file's path and the pace so far, files done and files to do.
        dry_run: Only tell which files would be looked at.
        force_snapshot: Path or name of a snapshot that is taken in although it shrank.
        source: Only exports of this source; registers are taken in as ever.
        since: Only files of this day or later. What is left is new to the next run.

    Raises:
        LakeError: If the lake can't be written, another ingest is running, or there is no such
            snapshot or source.
    """
    with working(workspace, only_look=dry_run):
        run = Session(workspace, only_look=dry_run)
        seen = SeenFiles(run.lake, run.parser)
        arrivals = find(workspace)
        known_paths = {m.archive or m.path for m in run.manifests.values()}
        run.forced = _forced(arrivals, force_snapshot)
        run.asked = _known_source(run, source)
        fresh = [
            a
            for a in arrivals
            if a.relative in run.forced or not (seen.knows(a) and a.relative in known_paths)
        ]
        unchanged_count = len(arrivals) - len(fresh)
        whole, growing = settle(
            [a for a in fresh if _is_since(a, since) or a.relative in run.forced]
        )
        outcomes = [
            _waiting(a, "still_written", "still being written; it is taken in once it rests")
            for a in growing
        ]
        if dry_run:
            asked = [a for a in whole if _may_be_asked(run, a)]
            outcomes += [FileOutcome(a.relative, "", "", "", "new", "", "", ()) for a in asked]
            return IngestReport(tuple(outcomes), unchanged_count, len(fresh) - len(outcomes))
        ensure_schemas(run.connection, run.lake, load_contracts().values())
        reopened = run.reopened.values()
        _tidy(run, arrivals, {m.landing for m in reopened if m.landing})
        again = [kept(workspace.home, manifest) for manifest in reopened]
        try:
            with keeping(*run.spools):
                outcomes += _take_in(run, seen, [*again, *whole], progress)
        finally:
            seen.save()
        note_listing(run.lake, arrivals)
        if not (source or since):
            note_waiting(run.lake, {o.path: o.detail for o in outcomes if o.status == "waiting"})
        told = tuple(outcome for outcome in outcomes if outcome.status != "left")
        left_count = len(fresh) - len(whole) - len(growing) + len(outcomes) - len(told)
        unchanged_count = max(0, len(arrivals) - left_count - len(told))
        return IngestReport(told, unchanged_count, left_count)
