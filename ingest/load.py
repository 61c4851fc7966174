"""The main road of ingest: every file found is accounted for, exactly once.

Belongs here: the order of steps for a run and for one file. Does not belong here: the steps
themselves (`arrivals`, `formats`, `stage`, `landing`, `ledger`).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from ingest import ledger
from ingest.arrivals import Arrival, SeenFiles, find, settle
from ingest.contracts import load_contracts
from ingest.fingerprints import fingerprint
from ingest.formats import Format, from_source, load_formats, parser_digest, recognise
from ingest.framing import copy_and_hash
from ingest.landing import Delivery, KeyIndex, ensure_schemas, land_part
from ingest.ledger import Manifest, PartOutcome
from ingest.privacy import install
from ingest.problems import DamagedFileError
from ingest.records import Records, read_records
from ingest.settings import Workspace
from ingest.stage import MissingColumnError, stage_lines, stage_records
from ingest.store import LakeError, locked, sweep, temporary

Progress = Callable[[str, int, int], None]
_MEMORY = "800MB"
_LONGEST_NAME = 200


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


class _Run:
    """One run's connection, ledger and caches."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.lake = workspace.lake
        self.mappings = [
            from_source(source, workspace.config_path, number)
            for number, source in enumerate(workspace.config.sources)
        ]
        self.reading_names = {f.name for f in [*load_formats(), *self.mappings] if f.reads_name}
        self.parser = parser_digest(workspace.config.sources)
        self.manifests = {m.entry_id: m for m in ledger.read_manifests(self.lake)}
        self.withdrawn = ledger.withdrawn_ids(self.lake)
        self.known_paths = frozenset(m.path for m in self.manifests.values())
        self.connection = self._connect()
        self.index = KeyIndex(self.connection, self._committed())
        self.latest_at = (workspace.as_of_at() + timedelta(days=1)).replace(tzinfo=None)

    def _connect(self) -> duckdb.DuckDBPyConnection:
        scratch = self.lake / "tmp"
        scratch.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(
            config={"memory_limit": _MEMORY, "temp_directory": str(scratch / "spill")}
        )
        connection.execute("set TimeZone = 'UTC'")
        install(connection, self.workspace.hash_key)
        return connection

    def _committed(self) -> dict[str, list[Path]]:
        files: dict[str, list[Path]] = {}
        for manifest in self.manifests.values():
            if manifest.status != "loaded" or manifest.entry_id in self.withdrawn:
                continue
            for part in manifest.parts:
                if part.output:
                    files.setdefault(part.contract, []).append(self.lake / part.output)
        return files

    def facts(self, arrival: Arrival, chosen: Format) -> dict[str, str]:
        """What the file's name and time tell, for the mapping."""
        found = re.search(r"(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)", arrival.path.name)
        day = "-".join(found.groups()) if found else arrival.delivered_on.isoformat()
        match = chosen.file_pattern.search(arrival.path.name) if chosen.file_pattern else None
        facts = {
            "source": chosen.source,
            "file": arrival.relative,
            "file_date": day,
            "born_on": self.workspace.config.org.product_born_on.isoformat(),
            "latest_at": self.latest_at.isoformat(sep=" "),
        }
        return facts | (match.groupdict() if match else {})


def _entry_id(file_id: str, arrival: Arrival, *, by_path: bool) -> str:
    """Id of a delivery; where the path matters, the same bytes elsewhere are another one."""
    if not by_path:
        return file_id[:16]
    path_hash = hashlib.sha256(arrival.relative.encode()).hexdigest()[:8]
    return f"{file_id[:16]}-{path_hash}"


def _manifest(
    run: _Run, arrival: Arrival, file_id: str, entry_id: str, chosen: Format | None, **more: object
) -> Manifest:
    values: dict[str, object] = {
        "file_id": file_id,
        "entry_id": entry_id,
        "path": arrival.relative,
        "source": chosen.source if chosen else "unknown",
        "format": chosen.name if chosen else "",
        "status": "loaded",
        "reason": "",
        "detail": "",
        "parser": run.parser,
        "size": arrival.size,
        "delivered_on": arrival.delivered_on.isoformat(),
        "loaded_at": datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds"),
        "is_state": bool(chosen and chosen.is_state),
        "parts": (),
    }
    return Manifest(**(values | more))  # ty: ignore[invalid-argument-type]


def _keep_raw(run: _Run, arrival: Arrival) -> tuple[Path, str]:
    """Copies the raw bytes aside under their hash; what is parsed can't change any more."""
    draft = temporary(run.lake / "tmp" / "incoming")
    try:
        with draft.open("wb") as target:
            file_id = copy_and_hash(arrival.path, target)
    except OSError as error:
        raise LakeError(
            f"{arrival.relative}: can't be copied into the lake ({error.strerror}); "
            "free space or fix permissions, then run again"
        ) from error
    return draft, file_id


def _land_raw(run: _Run, draft: Path, arrival: Arrival, entry_id: str, source: str) -> Path:
    day = arrival.delivered_on.isoformat()
    folder = run.lake / "landing" / f"source={source}" / f"dt={day}"
    folder.mkdir(parents=True, exist_ok=True)
    (run.lake / "landing").chmod(0o700)
    # A file system takes names of 255 bytes, this one is longer than the delivered one.
    kept_name = arrival.path.name.encode()[-_LONGEST_NAME:].decode(errors="ignore")
    path = folder / f"{entry_id}__{kept_name}"
    os.replace(draft, path)
    return path


def _duplicate(run: _Run, arrival: Arrival, file_id: str, first: Manifest) -> Manifest:
    """The same bytes under another name: recorded, every row a duplicate, nothing loaded."""
    entry_id = _entry_id(file_id, arrival, by_path=True)
    parts = tuple(
        PartOutcome(
            contract=part.contract,
            batch_id=f"{entry_id}-{part.contract}",
            rows_in=part.rows_in,
            rows_loaded=0,
            rows_duplicate=part.rows_in,
            rows_quarantined=0,
        )
        for part in first.parts
    )
    manifest = _manifest(
        run, arrival, file_id, entry_id, None, status="duplicate", parts=parts,
        reason="same_bytes", detail=f"the same file as {first.path}",
    )  # fmt: skip
    return Manifest(**(vars(manifest) | {"source": first.source, "format": first.format}))


def _stage_and_land(
    run: _Run, path: Path, chosen: Format, delivery: Delivery, facts: dict[str, str],
    on_rows: Callable[[int], None],
) -> tuple[PartOutcome, ...]:  # fmt: skip
    scratch = temporary(run.lake / "tmp" / "lines.json")
    contracts = load_contracts()
    records: list[Records] = []
    if chosen.reader.kind != "ndjson":
        records = read_records(path, chosen, facts)
    outcomes = []
    for number, part in enumerate(chosen.parts):
        contract = contracts[part.contract]
        if chosen.reader.kind == "ndjson":
            staged = stage_lines(run.connection, path, part, contract, facts, scratch, on_rows)
        else:
            staged = stage_records(run.connection, records[number], part, contract, facts, scratch)
            on_rows(staged.rows_in)
        if staged.rows_in:
            outcomes.append(land_part(run.connection, run.lake, staged, delivery, run.index))
    return tuple(outcomes)


def _recognised(run: _Run, arrival: Arrival, raw: Path) -> tuple[Format | None, str, str]:
    """The format, or None with reason and detail."""
    try:
        kind, tokens = fingerprint(raw, arrival.path.suffix)
    except DamagedFileError as error:
        return None, error.reason, f"{arrival.relative}: {error}"
    found = recognise(arrival.below_drop, kind, tokens, run.mappings)
    if found.format:
        return found.format, "", ""
    nearest = "; ".join(
        f"{name} (missing: {', '.join(missing) or 'nothing, but another kind of file'})"
        for name, missing in found.nearest
    )
    detail = (
        f"{arrival.relative}: no known export. Nearest formats: {nearest or 'none'}. Export it in "
        "one of these shapes, or describe it under `sources:` in productops.yml"
    )
    return None, "unknown_format", detail


def _supersede(run: _Run, arrival: Arrival, entry_id: str) -> None:
    """A register's newer version replaces the older one of the same path."""
    for other in run.manifests.values():
        same = other.is_state and other.path == arrival.relative and other.entry_id != entry_id
        if same and other.entry_id not in run.withdrawn:
            ledger.mark_withdrawn(run.lake, other.entry_id, "replaced by a newer version")


def _load_file(run: _Run, arrival: Arrival, on_rows: Callable[[int], None]) -> Manifest | None:
    """Lands one file and commits its manifest; None if it is in the ledger already."""
    draft, file_id = _keep_raw(run, arrival)
    try:
        first = run.manifests.get(file_id[:16])
        if first and first.status == "loaded" and first.entry_id not in run.withdrawn:
            if first.path == arrival.relative:
                return None
            if first.format not in run.reading_names:
                manifest = _duplicate(run, arrival, file_id, first)
                if manifest.entry_id in run.manifests:
                    return None
                ledger.commit(run.lake, manifest)
                return manifest
        chosen, reason, detail = _recognised(run, arrival, draft)
        # The same members on another day are another snapshot, though the bytes are the same.
        again = first is not None and first.path != arrival.relative
        by_path = chosen is not None and (chosen.is_state or (chosen.reads_name and again))
        entry_id = _entry_id(file_id, arrival, by_path=by_path)
        known = run.manifests.get(entry_id)
        if known and known.status == "rejected" and known.parser == run.parser:
            return None
        if known and known.status == "loaded":
            if entry_id in run.withdrawn and known.is_state:
                _supersede(run, arrival, entry_id)
                ledger.restore(run.lake, entry_id)
                return known
            return None
        manifest = _land(
            run, arrival, draft, (file_id, entry_id), chosen, (reason, detail), on_rows
        )
        ledger.commit(run.lake, manifest)
        if manifest.is_state:
            _supersede(run, arrival, entry_id)
        return manifest
    finally:
        draft.unlink(missing_ok=True)


def _land(
    run: _Run, arrival: Arrival, draft: Path, ids: tuple[str, str], chosen: Format | None,
    refused: tuple[str, str], on_rows: Callable[[int], None],
) -> Manifest:  # fmt: skip
    """Keeps the raw bytes, then lands the rows; a file that can't be read is rejected whole."""
    file_id, entry_id = ids
    reason, detail = refused
    manifest = _manifest(run, arrival, file_id, entry_id, chosen)
    kept = _land_raw(run, draft, arrival, entry_id, manifest.source)
    extra: dict[str, object] = {"landing": kept.relative_to(run.workspace.home).as_posix()}
    if chosen is None:
        extra |= {"status": "rejected", "reason": reason, "detail": detail}
        return Manifest(**(vars(manifest) | extra))
    delivery = Delivery(
        entry_id, chosen.source, arrival.relative, manifest.delivered_on,
        manifest.loaded_at, chosen.is_state,
    )  # fmt: skip
    try:
        facts = run.facts(arrival, chosen)
        extra["parts"] = _stage_and_land(run, kept, chosen, delivery, facts, on_rows)
    except DamagedFileError as error:
        extra |= {"status": "rejected", "reason": error.reason}
        extra["detail"] = f"{arrival.relative}: {error}"
    except MissingColumnError as error:
        extra |= {"status": "rejected", "reason": "missing_required_column"}
        extra["detail"] = f"{arrival.relative}: {error}"
    return Manifest(**(vars(manifest) | extra))


def _drop_vanished_registers(run: _Run, arrivals: list[Arrival]) -> int:
    """Registers are the company's present word: a deleted file takes its rows with it."""
    present = {arrival.relative for arrival in arrivals}
    gone = [
        m for m in run.manifests.values()
        if m.is_state and m.status == "loaded" and m.path not in present
        and m.entry_id not in run.withdrawn
    ]  # fmt: skip
    for manifest in gone:
        ledger.mark_withdrawn(run.lake, manifest.entry_id, "the file was deleted")
    return len(gone)


def _after_commit(run: _Run, manifest: Manifest) -> None:
    run.manifests[manifest.entry_id] = manifest
    run.withdrawn = ledger.withdrawn_ids(run.lake) if manifest.is_state else run.withdrawn
    contracts = load_contracts()
    for part in manifest.parts:
        if part.output and manifest.status == "loaded" and not manifest.is_state:
            run.index.add(contracts[part.contract], run.lake / part.output)


def ingest(
    workspace: Workspace, *, progress: Progress | None = None, dry_run: bool = False
) -> IngestReport:
    """Takes in everything that lies in registry/ and drop/ and is not in the ledger yet.

    Killed at any moment and run again, it ends in the same state. The same bytes twice load once.

    Args:
        workspace: The company's folder.
        progress: Called with a file's path, files done and files to do.
        dry_run: Only tell which files would be looked at.

    Raises:
        LakeError: If the lake can't be written or another ingest is running.
    """
    with locked(workspace.lake / ".ingest.lock", "ingest"):
        sweep(workspace.lake)
        run = _Run(workspace)
        ensure_schemas(run.connection, run.lake, load_contracts().values())
        seen = SeenFiles(run.lake, run.parser)
        arrivals = find(workspace)
        if not dry_run:
            _drop_vanished_registers(run, arrivals)
        unknown = [a for a in arrivals if not (seen.knows(a) and _still_known(run, a))]
        whole, growing = settle(unknown, workspace.home)
        outcomes = [
            FileOutcome(a.relative, "", "", "", "waiting", "still_written",
                        f"{a.relative}: still being written; it is taken in once it rests", ())
            for a in growing
        ]  # fmt: skip
        if dry_run:
            outcomes += [FileOutcome(a.relative, "", "", "", "new", "", "", ()) for a in whole]
            return IngestReport(tuple(outcomes), len(arrivals) - len(unknown))
        for number, arrival in enumerate(whole):
            if progress:
                progress(arrival.relative, number, len(whole))
            manifest = _load_file(run, arrival, lambda _rows: None)
            seen.add(arrival)
            if manifest:
                _after_commit(run, manifest)
                outcomes.append(_outcome(manifest))
        seen.save()
        if progress:
            progress("", len(whole), len(whole))
        return IngestReport(tuple(outcomes), len(arrivals) - len(outcomes))


def _still_known(run: _Run, arrival: Arrival) -> bool:
    """Whether the ledger still holds the file: a withdrawal may have opened it again."""
    return arrival.relative in run.known_paths
