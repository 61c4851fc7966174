"""Deliveries to rows: a large file by itself, many small ones of one format together.

Belongs here: which files share their statements, and what a file that can't be read costs (itself
alone). Does not belong here: the steps (`ingest.stage`, `ingest.landing`), the order of a run
(`ingest.load`). Each statement has its price, hence groups; each file still has its own manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from ingest.absence import clear_addresses
from ingest.addresses import Addresses
from ingest.arrivals import Arrival
from ingest.containers import is_container, unpack
from ingest.contents import Content, content_of, is_small, shared_content, staged_parts
from ingest.delivery import (
    RAW_REMOVED,
    NotAskedError,
    NotReadyError,
    Prepared,
    is_asked,
    keep_raw,
    prepare,
    prepare_page,
    reject,
    supersede,
)
from ingest.erasures import Withheld, hold_back
from ingest.fields import MappingError
from ingest.framing import SPOOLS
from ingest.headers import MissingColumnError
from ingest.landing import land_part
from ingest.manifests import Manifest, PartOutcome, commit, with_erased
from ingest.problems import DamagedFileError
from ingest.scrub import scrub
from ingest.session import MEMORY, Session
from ingest.snapshots import check_lists
from ingest.store import LakeError, series
from ingest.subjects import Subject

# The text of small files is held in memory, that of larger ones in a scratch file for each. What
# a killed run has to do again is at most a group.
_GROUP_BYTES = 32 * 1024 * 1024
_GROUP_FILES = 500


@dataclass(frozen=True)
class _Read:
    """A delivery with its content."""

    prepared: Prepared
    content: Content


@dataclass
class _Group:
    """Files of one format that are landed together: many small ones, or some of medium size."""

    files: list[_Read] = field(default_factory=list)
    file_ids: set[str] = field(default_factory=set)
    size: int = 0

    def takes(self, prepared: Prepared) -> bool:
        """Whether a file may share this group's statements."""
        if not self.files:
            return True
        first = self.files[0].prepared
        same_day = first.facts["file_date"] == prepared.facts["file_date"]
        small = is_small(first.manifest.size)
        fits = self.size < _GROUP_BYTES if small else len(self.files) < SPOOLS
        fits &= len(self.files) < _GROUP_FILES and small == is_small(prepared.manifest.size)
        fits &= same_day or not first.chosen.reads_name
        return fits and first.chosen is prepared.chosen

    def knows(self, file_id: str) -> bool:
        """Whether the same bytes wait in it."""
        return file_id in self.file_ids

    def add(self, one: _Read) -> None:
        """Takes a file in."""
        self.files.append(one)
        self.file_ids.add(one.prepared.manifest.file_id)
        self.size += one.content.size


def _stage_and_land(run: Session, files: Sequence[_Read]) -> list[Manifest]:
    """Rows of all parts; the manifests are still to be committed."""
    chosen, facts = files[0].prepared.chosen, files[0].prepared.facts
    deliveries = [one.prepared.delivery for one in files]
    parts: list[list[PartOutcome]] = [[] for _ in files]
    withheld: list[list[Withheld]] = [[] for _ in files]
    addresses = Addresses(run.connection) if run.keeps_addresses else None
    notes: dict[int, str] = {}
    for staged in staged_parts(run, chosen, facts, [one.content for one in files]):
        held = hold_back(run.connection, staged, chosen.source, run.erased, run.workspace.hash_key)
        if any(lines.lines for lines in held):
            run.note_erased()
        for file_no, lines in enumerate(held):
            withheld[file_no].append(lines)
        # A list of nobody is the shortest of all; one of several parts may well be empty.
        is_empty = not any(staged.rows_in(file_no) for file_no in range(len(files)))
        if is_empty and len(chosen.parts) > 1:
            continue
        landed = []
        if not is_empty:
            landed = land_part(run.connection, run.lake, staged, deliveries, run.index)
        # Which rows are new, so that they make a list longer, is known once they are landed.
        notes |= check_lists(run, [one.prepared for one in files], staged)
        for file_no, outcome in enumerate(landed):
            if staged.rows_in(file_no):
                parts[file_no].append(outcome)
        if addresses and landed:
            addresses.note(staged)
    apart = addresses.write(run.lake, deliveries) if addresses else [()] * len(files)
    return [
        _manifest(run, one.prepared, tuple(parts[no]), withheld[no], notes.get(no, ""), apart[no])
        for no, one in enumerate(files)
    ]


def _manifest(
    run: Session, prepared: Prepared, parts: tuple[PartOutcome, ...],
    withheld: Sequence[Withheld], note: str, restricted: tuple[PartOutcome, ...],
) -> Manifest:  # fmt: skip
    """The entry of a landed file; its raw copy loses the lines of people who were erased."""
    raw, before = prepared.raw, run.parts_before(prepared.manifest.entry_id)
    landed = with_erased(parts, before)
    manifest = replace(prepared.manifest, parts=landed, detail=note, restricted=restricted)
    if not any(part.lines for part in withheld):
        return manifest
    # What stands around the records of a document may hold the address once more.
    around = [raw] if prepared.chosen.reader.kind == "json" else []
    known = clear_addresses(around, run.erased, run.workspace.hash_key)
    if scrub(raw, prepared.chosen, withheld, Subject(known)):
        return manifest
    raw.unlink(missing_ok=True)
    return replace(manifest, landing=None, detail=note or RAW_REMOVED)


def _land_one(run: Session, prepared: Prepared, read: _Read | None = None) -> Manifest:
    """One file by itself; what can't be read is rejected whole."""
    relative = prepared.arrival.relative
    try:
        if read is None:
            read = _Read(prepared, content_of(prepared.raw, prepared.chosen, prepared.facts))
        return _stage_and_land(run, [read])[0]
    except (DamagedFileError, MissingColumnError) as error:
        return prepared.rejected(error.reason, str(error))
    except duckdb.OutOfMemoryException as error:
        raise LakeError(
            f"{relative}: needs more memory than {MEMORY}; split the file, then run again ({error})"
        ) from error
    except duckdb.IOException as error:
        raise LakeError(
            f"{relative}: the lake can't be read or written ({error}). Nothing of the file "
            "was loaded. Free space or restore what is missing, then run again."
        ) from error
    except (duckdb.Error, MappingError, RecursionError) as error:
        first = str(error).partition("\n")[0]
        return prepared.rejected(
            "not_readable",
            f"could not be read as {prepared.chosen.name}: {first}. "
            "Export it again or change its mapping; if it looks right, please report it",
        )


def _commit(run: Session, prepared: Prepared, manifest: Manifest) -> Manifest:
    commit(run.lake, manifest)
    run.committed(manifest)
    if manifest.is_state:
        supersede(run, prepared.arrival.relative, manifest.entry_id)
    return manifest


def _flush(run: Session, group: _Group) -> Iterator[tuple[Arrival, Manifest]]:
    """Lands a group and commits its files in their order."""
    files, group.files, group.file_ids, group.size = group.files, [], set(), 0
    manifests: list[Manifest] = []
    if len(files) > 1:
        # If one of them is to blame, each is landed by itself, and that one is told by name.
        with suppress(
            DamagedFileError, MissingColumnError, MappingError, RecursionError, duckdb.Error
        ):
            manifests = _stage_and_land(run, files)
    if manifests:
        with series(run.lake) as entries:
            for manifest in manifests:
                commit(run.lake, manifest, entries)
        for one, manifest in zip(files, manifests, strict=True):
            run.committed(manifest)
            yield one.prepared.arrival, manifest
        return
    for one in files:
        found = _land_one(run, one.prepared, one)
        yield one.prepared.arrival, _commit(run, one.prepared, found)


def _load_members(
    run: Session, draft: Path, arrival: Arrival, file_id: str
) -> Iterator[tuple[Arrival, Manifest | NotReadyError | None]]:
    """Every member of an archive is a delivery; the archive itself has no rows."""
    try:
        members = unpack(draft, arrival, run.lake / "tmp" / "members")
    except DamagedFileError as error:
        refused = reject(run, draft, arrival, file_id, error)
        if refused:
            run.committed(refused)
        yield arrival, refused
        return
    try:
        yield from load_files(run, members)
    finally:
        for member in members:
            member.path.unlink(missing_ok=True)
    yield arrival, None


def load_page(run: Session, arrival: Arrival) -> Manifest:
    """Lands one page of an API and commits its manifest, which is the cursor's commit as well.

    A page whose every row was known is recorded as a duplicate: nothing is built because of it.
    """
    draft, file_id = keep_raw(run, arrival)
    try:
        found = prepare_page(run, draft, arrival, file_id)
    finally:
        draft.unlink(missing_ok=True)
    manifest = _land_one(run, found) if isinstance(found, Prepared) else found
    news = any(part.rows_loaded or part.rows_quarantined for part in manifest.parts)
    if manifest.status == "loaded" and not news:
        manifest = replace(
            manifest, status="duplicate", reason="nothing_new", detail="every row was known"
        )
    commit(run.lake, manifest)
    run.committed(manifest)
    return manifest


def load_files(
    run: Session, arrivals: Iterable[Arrival]
) -> Iterator[tuple[Arrival, Manifest | NotReadyError | None]]:
    """Lands files in their order and commits their manifests.

    Yields:
        Each file with its manifest, None if the ledger has it already, or why it is not ready.
    """
    group = _Group()
    for arrival in arrivals:
        if arrival.page:
            yield from _flush(run, group)
            yield arrival, load_page(run, arrival)
            continue
        try:
            draft, file_id = keep_raw(run, arrival)
        except NotReadyError as error:
            yield arrival, error
            continue
        try:
            if is_container(draft):
                yield from _flush(run, group)
                yield from _load_members(run, draft, arrival, file_id)
                continue
            # What a withdrawal reopened is landed again, whatever is asked for now.
            if not (arrival.is_kept or is_asked(run, arrival, draft)):
                yield arrival, NotAskedError()
                continue
            if group.knows(file_id):
                yield from _flush(run, group)
            found = prepare(run, draft, arrival, file_id)
        finally:
            draft.unlink(missing_ok=True)
        if not isinstance(found, Prepared):
            yield from _flush(run, group)
            if found:
                run.committed(found)
            yield arrival, found
            continue
        if not group.takes(found):
            yield from _flush(run, group)
        try:
            spool = run.spools[len(group.files) % SPOOLS]
            shared = shared_content(
                found.raw, found.manifest.size, found.chosen, found.facts, spool
            )
        except DamagedFileError as error:
            yield from _flush(run, group)
            yield arrival, _commit(run, found, found.rejected(error.reason, str(error)))
            continue
        if shared:
            group.add(_Read(found, shared))
            continue
        yield from _flush(run, group)
        yield arrival, _commit(run, found, _land_one(run, found))
    yield from _flush(run, group)
