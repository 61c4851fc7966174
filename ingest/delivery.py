"""One delivered file: looked up in the ledger, its raw bytes kept.

Belongs here: everything before its rows are read. Does not belong here: which export it is
(`ingest.recognition`), landing its rows (`ingest.groups`), which files there are
(`ingest.arrivals`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ingest.answers import BrokenDownloadError
from ingest.arrivals import Arrival, has_changed
from ingest.formats import Format
from ingest.framing import copy_and_hash
from ingest.manifests import Manifest, PartOutcome, commit, restore
from ingest.problems import DamagedFileError
from ingest.quarantine import Delivery
from ingest.recognition import recognised
from ingest.session import Session
from ingest.store import LakeError, temporary

_LONGEST_NAME = 200
RAW_REMOVED = "the raw copy was removed: it held somebody who was erased, or could not be read"


class NotReadyError(Exception):
    """The file can't be taken in yet; the message says why."""


class NotAskedError(NotReadyError):
    """The file is none of the source that the run was asked for; another run takes it in."""


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
        archive=arrival.archive,
        page=arrival.page,
    )


def keep_raw(run: Session, arrival: Arrival) -> tuple[Path, str]:
    """Copies the raw bytes aside under their hash; what is parsed can't change any more."""
    draft = temporary(run.lake / "tmp" / "incoming")
    try:
        with draft.open("wb") as target:
            if arrival.etag:
                file_id = run.objects.copy_and_hash(arrival, target)
            else:
                file_id = copy_and_hash(arrival.path, target)
    except BrokenDownloadError as error:
        draft.unlink(missing_ok=True)
        raise NotReadyError(str(error)) from error
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
    return draft, arrival.file_id or file_id


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


def _refused_elsewhere(run: Session, arrival: Arrival, file_id: str) -> bool:
    """Whether the same bytes were refused under another name; each name is told of."""
    first = run.manifests.get(file_id[:16])
    return first is not None and first.status == "rejected" and first.path != arrival.relative


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


def supersede(run: Session, path: str, entry_id: str) -> None:
    """A register's newer version replaces the older one of the same path."""
    for other in run.registers():
        if other.path == path and other.entry_id != entry_id:
            run.withdraw(other, "replaced by a newer version")


def reject(
    run: Session, draft: Path, arrival: Arrival, file_id: str, error: DamagedFileError
) -> Manifest | None:
    """Refuses a file before its format is asked for; None if the ledger says so already."""
    by_path = _refused_elsewhere(run, arrival, file_id)
    manifest = _manifest(run, arrival, file_id, _entry_id(file_id, arrival, by_path=by_path), None)
    known = run.manifests.get(manifest.entry_id)
    if known and known.status == "rejected" and known.parser == run.parser:
        return None
    kept = _land_raw(run, draft, arrival, manifest.entry_id, manifest.source)
    manifest = replace(
        manifest,
        landing=kept.relative_to(run.workspace.home).as_posix(),
        status="rejected",
        reason=error.reason,
        detail=f"{arrival.relative}: {error}",
    )
    commit(run.lake, manifest)
    return manifest


@dataclass(frozen=True)
class Prepared:
    """A delivery whose raw bytes are kept and whose format is known; its rows are to be landed."""

    arrival: Arrival
    manifest: Manifest
    chosen: Format
    raw: Path
    facts: Mapping[str, str]

    @property
    def delivery(self) -> Delivery:
        """What its rows are stamped with."""
        return Delivery(
            self.manifest.entry_id, self.chosen.source, self.arrival.relative,
            self.manifest.delivered_on, self.manifest.loaded_at, self.chosen.is_state,
        )  # fmt: skip

    def rejected(self, reason: str, detail: str) -> Manifest:
        """The ledger's entry where the file as a whole can't be loaded."""
        detail = f"{self.arrival.relative}: {detail}"
        return replace(self.manifest, status="rejected", reason=reason, detail=detail)


def is_asked(run: Session, arrival: Arrival, draft: Path) -> bool:
    """Whether a file is an export of the one source that a run was asked for; registers are."""
    if not run.asked or run.is_forced(arrival):
        return True
    chosen, _, _ = recognised(run, arrival, draft)
    return chosen is not None and (chosen.is_state or chosen.source == run.asked)


def prepare_page(run: Session, draft: Path, arrival: Arrival, file_id: str) -> Prepared | Manifest:
    """Recognises a page of an API and keeps its raw bytes; the same bytes may come again.

    Returns:
        The page to be landed, or a manifest that says why it can't be.
    """
    chosen, reason, detail = recognised(run, arrival, draft)
    entry_id = _entry_id(file_id, arrival, by_path=True)
    return _keep(run, draft, arrival, (file_id, entry_id), chosen, (reason, detail))


def _keep(
    run: Session, draft: Path, arrival: Arrival, ids: tuple[str, str], chosen: Format | None,
    refused: tuple[str, str],
) -> Prepared | Manifest:  # fmt: skip
    file_id, entry_id = ids
    manifest = _manifest(run, arrival, file_id, entry_id, chosen)
    kept = _land_raw(run, draft, arrival, entry_id, manifest.source)
    manifest = replace(manifest, landing=kept.relative_to(run.workspace.home).as_posix())
    if chosen is None or refused[0]:
        return replace(manifest, status="rejected", reason=refused[0], detail=refused[1])
    return Prepared(arrival, manifest, chosen, kept, run.facts(arrival, chosen))


def prepare(
    run: Session, draft: Path, arrival: Arrival, file_id: str
) -> Prepared | Manifest | None:
    """Looks a file up in the ledger, recognises it and keeps its raw bytes.

    Returns:
        The delivery to be landed, or a manifest that is committed already (a duplicate, or a
        file that can't be read), or None if the ledger knows all about it.
    """
    first = run.manifests.get(file_id[:16])
    if first and first.status == "loaded" and first.entry_id not in run.withdrawn:
        if first.path == arrival.relative:
            return None
        if first.format not in run.reading_names:
            manifest = _duplicate(run, arrival, file_id, first)
            known = run.manifests.get(manifest.entry_id)
            if known and known.status != "rejected":
                return None
            commit(run.lake, manifest)
            return manifest
    chosen, reason, detail = recognised(run, arrival, draft)
    # The same members on another day are another snapshot, though the bytes are the same.
    again = first is not None and first.path != arrival.relative
    by_path = _refused_elsewhere(run, arrival, file_id) or (
        chosen is not None and (chosen.is_state or (chosen.reads_name and again))
    )
    entry_id = _entry_id(file_id, arrival, by_path=by_path)
    known = run.manifests.get(entry_id)
    is_forced = run.is_forced(arrival)
    if known and known.status == "rejected" and known.parser == run.parser and not is_forced:
        return None
    if known and known.status == "loaded":
        if entry_id in run.withdrawn and known.is_state:
            supersede(run, arrival.relative, entry_id)
            restore(run.lake, entry_id)
            run.withdrawn -= {entry_id}
            return known
        return None
    found = _keep(run, draft, arrival, (file_id, entry_id), chosen, (reason, detail))
    if isinstance(found, Manifest):
        commit(run.lake, found)
    return found
