"""Erasure requests: somebody's rows leave the lake, and every copy of them that it keeps.

Belongs here: the order of a purge, its account in the manifests. Does not belong here: whom it is
about (`ingest.subjects`), warehouse and published builds (they are built from the lake).

Rows go before the manifest that counts them, and counts are taken from what is left: killed at any
moment and run again, a purge ends in the same state.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from ingest.absence import clear_addresses, files_of, holds, is_opaque, may_name
from ingest.addresses import purge_addresses
from ingest.arrivals import SeenFiles, kept
from ingest.contents import content_of, staged_parts
from ingest.contracts import load_contracts, restricted_contracts
from ingest.delivery import RAW_REMOVED
from ingest.erasures import (
    Withheld,
    announce,
    finish_erasure,
    hold_back,
    is_theirs,
    load_erased,
    pending,
    read_erasures,
)
from ingest.fields import MappingError
from ingest.formats import Format, load_formats
from ingest.headers import MissingColumnError
from ingest.manifests import (
    Manifest,
    PartOutcome,
    commit,
    read_manifests,
    read_reopened,
)
from ingest.orphans import remove_orphans
from ingest.privacy import email_key
from ingest.problems import DamagedFileError
from ingest.purge import purge_quarantine, purge_rows, rows_of
from ingest.scrub import scrub
from ingest.session import Session
from ingest.settings import Workspace
from ingest.store import LakeError
from ingest.subjects import Request, Subject, find_subject
from ingest.working import working

_HASH = re.compile("[0-9a-f]{64}")
Progress = Callable[[str, int, int], None]


@dataclass
class Erasure:
    """What a purge found and did; of a dry run, what it would do."""

    subject: Subject
    rows: dict[str, int] = field(default_factory=dict)
    raw_rewritten: list[str] = field(default_factory=list)
    raw_removed: list[str] = field(default_factory=list)
    # Deliveries that name the person, though no row of theirs was found in them.
    unlinked: list[str] = field(default_factory=list)

    @property
    def is_known(self) -> bool:
        """Whether any row was about the person, or named them."""
        subject = self.subject
        return bool(self.rows or subject.devices or subject.refs or subject.tickets)


def look_for(workspace: Workspace, request: Request) -> Erasure:
    """What a purge would find; changes nothing."""
    with working(workspace):
        run = Session(workspace, only_look=True)
        subject = _subject(run, request)
        load_erased(run.connection, subject.tokens(workspace.hash_key))
        run.erased |= subject.tokens(workspace.hash_key)
        found = Erasure(subject)
        contracts = load_contracts() | restricted_contracts()
        for manifest in run.manifests.values():
            if _look_into_raw(run, manifest, subject).is_unlinked:
                found.unlinked.append(manifest.path)
            for part in (*manifest.parts, *manifest.restricted):
                path = run.lake / (part.output or "")
                if not part.output or not path.is_file():
                    continue
                condition = is_theirs(contracts[part.contract], manifest.source, rows_of(path))
                row = run.connection.execute(
                    f"select count(*) from {rows_of(path)} where {condition}"
                ).fetchone()
                if row and row[0]:
                    found.rows[part.contract] = found.rows.get(part.contract, 0) + int(row[0])
        return found


def purge(workspace: Workspace, request: Request, progress: Progress | None = None) -> Erasure:
    """Takes people out of the lake; later deliveries of their rows are held back.

    Raises:
        LakeError: If an ingest is running or deliveries wait to be landed again.
    """
    lake = workspace.lake
    with working(workspace):
        if read_reopened(lake):
            raise LakeError(
                "Deliveries wait to be landed again: run `productops ingest`, withdraw those that "
                "can't be, then ask again. Nothing was erased."
            )
        run = Session(workspace)
        subject = _subject(run, request)
        announce(lake, subject, workspace.hash_key)
        load_erased(run.connection, run.erased | subject.tokens(workspace.hash_key))
        run.erased |= subject.tokens(workspace.hash_key)
        remove_orphans(lake, run.manifests.values())
        found = Erasure(subject)
        manifests = list(run.manifests.values())
        for number, manifest in enumerate(manifests):
            if progress:
                progress(manifest.path, number, len(manifests))
            _purge_delivery(run, manifest, found)
        if progress:
            progress("", len(manifests), len(manifests))
        _purge_leftovers(run, subject)
        found.rows = _erased_since(lake)
        return found


def conclude(workspace: Workspace, subject: Subject, scanned: int, holding: int) -> dict[str, Any]:
    """Writes the record of an erasure that is at its end; returns it."""
    record = {
        "erased_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "status": "done" if not holding else "incomplete",
        "subjects": sorted(subject.tokens(workspace.hash_key)),
        "rows": _erased_since(workspace.lake),
        "files_read": scanned,
        "files_holding": holding,
    }
    with working(workspace):
        finish_erasure(workspace.lake, record, workspace.hash_key)
    return record


def _subject(run: Session, request: Request) -> Subject:
    try:
        found = find_subject(run.connection, run.lake, request, run.workspace.hash_key)
    except duckdb.IOException as error:
        raise LakeError(
            f"The lake can't be read ({error}). Nothing was erased; run `productops ingest` first."
        ) from error
    found |= pending(run.lake)
    known = {email_key(address, run.workspace.hash_key) for address in found.emails}
    hashed = {value for value in found.values - known if _HASH.fullmatch(value)}
    raws = files_of(run.lake / "landing")
    # By a user id only the hashes of addresses are known, and the raw copies hold them in clear.
    return found | Subject(emails=clear_addresses(raws, hashed, run.workspace.hash_key))


def _erased_since(lake: Path) -> dict[str, int]:
    """Rows taken out by contract that no record tells of yet."""
    counts: dict[str, int] = {}
    for manifest in read_manifests(lake):
        for part in (*manifest.parts, *manifest.restricted):
            counts[part.contract] = counts.get(part.contract, 0) + part.rows_erased
            aside = part.rows_quarantine_erased
            counts["quarantine"] = counts.get("quarantine", 0) + aside
    for record in (known for known in read_erasures(lake) if known["status"] == "done"):
        for contract, rows in record.get("rows", {}).items():
            counts[contract] = counts.get(contract, 0) - rows
    return {contract: rows for contract, rows in sorted(counts.items()) if rows > 0}


@dataclass(frozen=True)
class _Raw:
    """What a delivery's raw copy holds of erased people, by part of its format."""

    path: Path
    chosen: Format | None = None
    contracts: tuple[str, ...] = ()
    dropped: tuple[Withheld, ...] = ()
    holds: bool = False

    @property
    def is_unlinked(self) -> bool:
        """Whether it names the person, but no record in it is known to be theirs."""
        return bool(self.holds and self.chosen and not any(part.lines for part in self.dropped))

    def lines(self, contract: str) -> set[int]:
        """Lines of records of one contract."""
        found = zip(self.contracts, self.dropped, strict=True)
        return set().union(*(part.lines for name, part in found if name == contract))

    def rewrite(self, subject: Subject) -> bool:
        """Takes the records out; whether the copy may stay."""
        if not self.holds:
            return True
        if self.chosen is None or not scrub(self.path, self.chosen, self.dropped, subject):
            return False
        return not holds(self.path, subject)


def _purge_delivery(run: Session, manifest: Manifest, found: Erasure) -> None:
    # The raw copy is last: it tells which lines were set aside.
    raw = _look_into_raw(run, manifest, found.subject)
    pattern = found.subject.pattern()
    parts = [
        _purge_part(run, manifest, part, raw.lines(part.contract), pattern)
        for part in manifest.parts
    ]
    apart = [purge_addresses(run.connection, run.lake, p, pattern) for p in manifest.restricted]
    changed = replace(manifest, parts=tuple(parts), restricted=tuple(apart))
    if raw.holds:
        # Before the copy changes: whatever ends this run, the next one stores it in a bucket.
        changed = replace(changed, raw_erasures=manifest.raw_erasures + 1)
    if changed != manifest:
        commit(run.lake, changed)
    stays = raw.rewrite(found.subject)
    if not stays:
        commit(run.lake, replace(changed, landing=None, detail=RAW_REMOVED))
        raw.path.unlink(missing_ok=True)
    if raw.is_unlinked:
        found.unlinked.append(manifest.path)
    if raw.holds:
        (found.raw_rewritten if stays else found.raw_removed).append(manifest.path)


def _purge_part(
    run: Session, manifest: Manifest, part: PartOutcome, lines: set[int], pattern: str | None
) -> PartOutcome:
    place = f"source={manifest.source}/dt={manifest.delivered_on}/{part.batch_id}.parquet"
    aside = run.lake / "quarantine" / place
    if part.rows_quarantined and aside.is_file():
        left = purge_quarantine(run.connection, aside, lines, pattern)
        part = replace(part, rows_quarantine_erased=part.rows_quarantined - left)
    output = run.lake / (part.output or "")
    if not part.output or not output.is_file():
        return part
    contract = load_contracts()[part.contract]
    left = purge_rows(run.connection, contract, manifest.source, output, pattern)
    return replace(part, rows_erased=part.rows_loaded - left)


def _look_into_raw(run: Session, manifest: Manifest, subject: Subject) -> _Raw:
    path = run.workspace.home / (manifest.landing or "")
    if not manifest.landing or not path.is_file():
        return _Raw(path)
    if manifest.status != "loaded" and is_opaque(path):
        # Nobody can tell whether it names them, and nothing was landed from it.
        return _Raw(path, holds=True)
    if not may_name(path, subject):
        return _Raw(path)
    formats = {known.name: known for known in [*load_formats(), *run.mappings]}
    chosen = formats.get(manifest.format)
    if chosen is None:
        return _Raw(path, holds=holds(path, subject))
    arrival = kept(run.workspace.home, manifest)
    contracts: list[str] = []
    dropped: list[Withheld] = []
    try:
        facts = run.facts(arrival, chosen)
        for staged in staged_parts(run, chosen, facts, [content_of(path, chosen, facts)]):
            contracts.append(staged.contract.name)
            dropped += hold_back(
                run.connection, staged, chosen.source, run.erased, run.workspace.hash_key
            )
    except (DamagedFileError, MissingColumnError, MappingError, RecursionError, duckdb.Error):
        return _Raw(path, holds=holds(path, subject))
    is_held = any(part.lines for part in dropped) or holds(path, subject)
    return _Raw(path, chosen, tuple(contracts), tuple(dropped), is_held)


def _purge_leftovers(run: Session, subject: Subject) -> None:
    """What no manifest answers for: rows that gates set aside, raw copies of killed landings."""
    lake, named = run.lake, re.compile(subject.pattern() or "$^")
    answered = {lake.parent / m.landing for m in read_manifests(lake) if m.landing}
    others = files_of(lake / "quarantine" / "gates", lake / "tmp")
    raws = [path for path in files_of(lake / "landing") if path not in answered]
    gone = [path for path in others if holds(path, subject)]
    gone += [
        path for path in raws
        if named.search(path.name) or holds(path, subject) or is_opaque(path)
    ]  # fmt: skip
    for path in gone:
        path.unlink(missing_ok=True)
    seen = SeenFiles(lake, run.parser)
    seen.forget(named)
    seen.save()
