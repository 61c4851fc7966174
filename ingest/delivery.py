"""One delivered file: kept, recognised, landed, committed.

Belongs here: the order of steps for one file. Does not belong here: the steps themselves
(`fingerprints`, `formats`, `stage`, `landing`, `manifests`) or which files there are.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from ingest.arrivals import Arrival, has_changed
from ingest.contracts import load_contracts
from ingest.fields import MappingError
from ingest.fingerprints import fingerprint
from ingest.formats import Format, recognise
from ingest.framing import copy_and_hash
from ingest.headers import MissingColumnError
from ingest.landing import Delivery, land_part
from ingest.manifests import Manifest, PartOutcome, commit, restore
from ingest.problems import DamagedFileError
from ingest.records import Records, read_records
from ingest.session import MEMORY, Session
from ingest.stage import stage_lines, stage_records
from ingest.store import LakeError, temporary

_LONGEST_NAME = 200


class NotReadyError(Exception):
    """The file can't be taken in yet; the message says why."""


def _entry_id(file_id: str, arrival: Arrival, *, by_path: bool) -> str:
    """Id of a delivery; where the path matters, the same bytes elsewhere are another one."""
    if not by_path:
        return file_id[:16]
    path_hash = hashlib.sha256(arrival.relative.encode()).hexdigest()[:8]
    return f"{file_id[:16]}-{path_hash}"


def _manifest(
    run: Session, arrival: Arrival, file_id: str, entry_id: str, chosen: Format | None
) -> Manifest:
    return Manifest(
        file_id=file_id,
        entry_id=entry_id,
        path=arrival.relative,
        source=chosen.source if chosen else "unknown",
        format=chosen.name if chosen else "",
        status="loaded",
        reason="",
        detail="",
        parser=run.parser,
        size=arrival.size,
        delivered_on=arrival.delivered_on.isoformat(),
        loaded_at=datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds"),
        is_state=bool(chosen and chosen.is_state),
        parts=(),
        page=arrival.page,
    )


def _keep_raw(run: Session, arrival: Arrival) -> tuple[Path, str]:
    """Copies the raw bytes aside under their hash; what is parsed can't change any more."""
    draft = temporary(run.lake / "tmp" / "incoming")
    try:
        with draft.open("wb") as target:
            file_id = copy_and_hash(arrival.path, target)
    except (FileNotFoundError, PermissionError) as error:
        draft.unlink(missing_ok=True)
        raise NotReadyError(f"can't be read ({error.strerror}); see to its permissions") from error
    except OSError as error:
        raise LakeError(
            f"{arrival.relative}: can't be copied into the lake ({error.strerror}); "
            "free space or fix permissions, then run again"
        ) from error
    if has_changed(arrival):
        draft.unlink(missing_ok=True)
        raise NotReadyError("was written to while it was read; it is taken in once it rests")
    return draft, file_id


def _land_raw(run: Session, draft: Path, arrival: Arrival, entry_id: str, source: str) -> Path:
    day = arrival.delivered_on.isoformat()
    folder = run.lake / "landing" / f"source={source}" / f"dt={day}"
    folder.mkdir(parents=True, exist_ok=True)
    (run.lake / "landing").chmod(0o700)
    # A file system takes names of 255 bytes, this one is longer than the delivered one.
    kept_name = arrival.name.encode()[-_LONGEST_NAME:].decode(errors="ignore")
    path = folder / f"{entry_id}__{kept_name}"
    os.replace(draft, path)
    return path


def _duplicate(run: Session, arrival: Arrival, file_id: str, first: Manifest) -> Manifest:
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
    return replace(
        _manifest(run, arrival, file_id, entry_id, None),
        source=first.source,
        format=first.format,
        status="duplicate",
        reason="same_bytes",
        detail=f"the same file as {first.path}",
        parts=parts,
    )


def _stage_and_land(
    run: Session, path: Path, chosen: Format, delivery: Delivery, facts: dict[str, str]
) -> tuple[PartOutcome, ...]:
    scratch = temporary(run.lake / "tmp" / "lines.json")
    contracts = load_contracts()
    records: list[Records] = []
    if chosen.reader.kind != "ndjson":
        records = read_records(path, chosen, facts)
    outcomes = []
    for number, part in enumerate(chosen.parts):
        contract = contracts[part.contract]
        if chosen.reader.kind == "ndjson":
            staged = stage_lines(run.connection, path, part, contract, facts, scratch)
        else:
            staged = stage_records(run.connection, records[number], part, contract, facts, scratch)
        if staged.rows_in:
            outcomes.append(land_part(run.connection, run.lake, staged, delivery, run.index))
    return tuple(outcomes)


def _recognised(run: Session, arrival: Arrival, raw: Path) -> tuple[Format | None, str, str]:
    """The format, or None with reason and detail."""
    try:
        kind, tokens = fingerprint(raw, arrival.suffix)
    except DamagedFileError as error:
        return None, error.reason, f"{arrival.relative}: {error}"
    expected = arrival.page.format if arrival.page else ""
    # A company's own mappings are for files that it drops.
    found = recognise(arrival.below_drop, kind, tokens, () if expected else run.mappings, expected)
    if found.format and (not expected or found.format.name == expected):
        return found.format, "", ""
    if found.format:
        return (
            None,
            "other_format",
            (
                f"{arrival.relative}: the API should have sent {expected}, but the page looks like "
                f"{found.format.name}. See to `base_url` and `streams` in productops.yml"
            ),
        )
    nearest = "; ".join(
        f"{name} (missing: {', '.join(missing) or 'nothing, but another kind of file'})"
        for name, missing in found.nearest
    )
    detail = (
        f"{arrival.relative}: no known export. Nearest formats: {nearest or 'none'}. Export it in "
        "one of these shapes, or describe it under `sources:` in productops.yml"
    )
    return None, "unknown_format", detail


def supersede(run: Session, path: str, entry_id: str) -> None:
    """A register's newer version replaces the older one of the same path."""
    for other in run.registers():
        if other.path == path and other.entry_id != entry_id:
            run.withdraw(other, "replaced by a newer version")


def load_file(run: Session, arrival: Arrival) -> Manifest | None:
    """Lands one file and commits its manifest; None if it is in the ledger already."""
    if arrival.page:
        return load_page(run, arrival)
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
                commit(run.lake, manifest)
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
                supersede(run, arrival.relative, entry_id)
                restore(run.lake, entry_id)
                run.withdrawn -= {entry_id}
                return known
            return None
        manifest = _land(run, arrival, draft, (file_id, entry_id), chosen, (reason, detail))
        commit(run.lake, manifest)
        if manifest.is_state:
            supersede(run, arrival.relative, entry_id)
        return manifest
    finally:
        draft.unlink(missing_ok=True)


def load_page(run: Session, arrival: Arrival) -> Manifest:
    """Lands one page of an API and commits its manifest, which is the cursor's commit as well.

    A page whose every row was known is recorded as a duplicate: nothing is built because of it.
    """
    draft, file_id = _keep_raw(run, arrival)
    try:
        chosen, *refused = _recognised(run, arrival, draft)
        entry_id = _entry_id(file_id, arrival, by_path=True)
        ids, reasons = (file_id, entry_id), (refused[0], refused[1])
        manifest = _land(run, arrival, draft, ids, chosen, reasons)
        if manifest.status == "loaded" and not any(
            part.rows_loaded or part.rows_quarantined for part in manifest.parts
        ):
            manifest = replace(
                manifest, status="duplicate", reason="nothing_new", detail="every row was known"
            )
        commit(run.lake, manifest)
        return manifest
    finally:
        draft.unlink(missing_ok=True)


def _land(
    run: Session, arrival: Arrival, draft: Path, ids: tuple[str, str], chosen: Format | None,
    refused: tuple[str, str],
) -> Manifest:  # fmt: skip
    """Keeps the raw bytes, then lands the rows; a file that can't be read is rejected whole."""
    file_id, entry_id = ids
    reason, detail = refused
    manifest = _manifest(run, arrival, file_id, entry_id, chosen)
    kept = _land_raw(run, draft, arrival, entry_id, manifest.source)
    extra: dict[str, Any] = {"landing": kept.relative_to(run.workspace.home).as_posix()}
    if chosen is None:
        extra |= {"status": "rejected", "reason": reason, "detail": detail}
        return replace(manifest, **extra)
    delivery = Delivery(
        entry_id, chosen.source, arrival.relative, manifest.delivered_on,
        manifest.loaded_at, chosen.is_state,
    )  # fmt: skip
    try:
        facts = run.facts(arrival, chosen)
        extra["parts"] = _stage_and_land(run, kept, chosen, delivery, facts)
    except DamagedFileError as error:
        extra |= {"status": "rejected", "reason": error.reason}
        extra["detail"] = f"{arrival.relative}: {error}"
    except MissingColumnError as error:
        extra |= {"status": "rejected", "reason": "missing_required_column"}
        extra["detail"] = f"{arrival.relative}: {error}"
    except duckdb.OutOfMemoryException as error:
        raise LakeError(
            f"{arrival.relative}: needs more memory than {MEMORY}; split the file, then run "
            f"again ({error})"
        ) from error
    except duckdb.IOException as error:
        raise LakeError(
            f"{arrival.relative}: the lake can't be read or written ({error}). Nothing of the file "
            "was loaded. Free space or restore what is missing, then run again."
        ) from error
    except (duckdb.Error, MappingError, RecursionError) as error:
        extra |= {"status": "rejected", "reason": "not_readable"}
        first = str(error).partition("\n")[0]
        extra["detail"] = (
            f"{arrival.relative}: could not be read as {chosen.name}: {first}. "
            "Export it again or change its mapping; if it looks right, please report it"
        )
    return replace(manifest, **extra)
