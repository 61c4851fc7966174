"""The ledger: one manifest per delivered file, and what follows from all of them.

Belongs here: manifests (the only commit point of the lake), batches, withdrawals, what changed
since a build, and the tables through which the warehouse sees the ledger. Does not belong here:
how files are parsed or landed (`ingest.load`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.contracts import load_contracts
from ingest.settings import Workspace
from ingest.store import LakeError, write_atomically, write_json

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class PartOutcome:
    """What became of the rows that one file held for one contract."""

    contract: str
    batch_id: str
    rows_in: int
    rows_loaded: int
    rows_duplicate: int
    rows_quarantined: int
    rows_suppressed: int = 0
    rows_revision: int = 0
    rows_late: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    first_on: str | None = None
    last_on: str | None = None
    affected_dates: dict[str, int] = field(default_factory=dict)
    new_columns: tuple[str, ...] = ()
    output: str | None = None

    @property
    def residual(self) -> int:
        """Rows that nobody can account for; anything but 0 forbids the commit."""
        spent = self.rows_loaded + self.rows_duplicate + self.rows_quarantined
        return self.rows_in - spent - self.rows_suppressed


@dataclass(frozen=True)
class Manifest:
    """The ledger's entry for one delivered file."""

    file_id: str
    entry_id: str
    path: str
    source: str
    format: str
    status: str
    reason: str
    detail: str
    parser: str
    size: int
    delivered_on: str
    loaded_at: str
    is_state: bool
    parts: tuple[PartOutcome, ...]
    landing: str | None = None
    schema_version: int = SCHEMA_VERSION


@dataclass(frozen=True)
class Batch:
    """One file's rows of one contract, as the ledger knows them."""

    batch_id: str
    file_id: str
    contract: str
    source: str
    source_file: str
    format: str
    status: str
    reason: str
    rows_in: int
    rows_loaded: int
    rows_duplicate: int
    rows_quarantined: int
    rows_suppressed: int
    rows_revision: int
    rows_late: int
    first_on: str | None
    last_on: str | None
    delivered_on: str
    loaded_at: str
    is_withdrawn: bool
    affected_dates: dict[str, int]
    output: str | None

    @property
    def token(self) -> str:
        """Identity of this landing of the batch; a batch that is landed again gets another."""
        return f"{self.batch_id}@{self.loaded_at}"

    @property
    def is_committed(self) -> bool:
        """Whether the batch has rows that readers may see."""
        return self.status == "loaded" and not self.is_withdrawn


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


def manifest_path(lake: Path, source: str, entry_id: str) -> Path:
    """Where the manifest of one delivery is."""
    return lake / "ledger" / f"source={source}" / f"{entry_id}.json"


def commit(lake: Path, manifest: Manifest) -> None:
    """Writes a manifest: from this moment on the file's rows exist.

    Raises:
        LakeError: If rows are unaccounted for; nothing is committed then.
    """
    for part in manifest.parts:
        if part.residual:
            raise LakeError(
                f"{manifest.path}: {part.residual} of {part.rows_in} {part.contract} rows are "
                "unaccounted for; nothing of this file was committed. This is a defect: please "
                "report it with the file's first lines."
            )
    write_json(manifest_path(lake, manifest.source, manifest.entry_id), asdict(manifest))


def _manifest(document: dict[str, Any]) -> Manifest:
    parts = tuple(
        PartOutcome(**(part | {"new_columns": tuple(part["new_columns"])}))
        for part in document.pop("parts")
    )
    return Manifest(parts=parts, **document)


def read_manifests(lake: Path) -> list[Manifest]:
    """All manifests, oldest landing first; raises `LakeError` naming a damaged one."""
    manifests = []
    for path in (lake / "ledger").glob("source=*/*.json"):
        if path.name.startswith("."):
            continue
        try:
            manifests.append(_manifest(json.loads(path.read_text(encoding="utf-8"))))
        except (ValueError, KeyError, TypeError) as error:
            raise LakeError(
                f"{path}: not a manifest of this version ({error}). Restore it from a backup, or "
                "delete it and its Parquet file and run again: the file is then loaded anew."
            ) from error
    return sorted(manifests, key=lambda m: (m.loaded_at, m.entry_id))


def withdrawn_ids(lake: Path) -> frozenset[str]:
    """Entries whose rows no longer count."""
    return frozenset(path.stem for path in (lake / "ledger" / "withdrawn").glob("[!.]*.json"))


def _batches(manifest: Manifest, withdrawn: frozenset[str]) -> Iterator[Batch]:
    parts = manifest.parts or (PartOutcome("", f"{manifest.entry_id}-file", 0, 0, 0, 0),)
    for part in parts:
        yield Batch(
            batch_id=part.batch_id,
            file_id=manifest.file_id,
            contract=part.contract,
            source=manifest.source,
            source_file=manifest.path,
            format=manifest.format,
            status=manifest.status,
            reason=manifest.reason,
            rows_in=part.rows_in,
            rows_loaded=part.rows_loaded,
            rows_duplicate=part.rows_duplicate,
            rows_quarantined=part.rows_quarantined,
            rows_suppressed=part.rows_suppressed,
            rows_revision=part.rows_revision,
            rows_late=part.rows_late,
            first_on=part.first_on,
            last_on=part.last_on,
            delivered_on=manifest.delivered_on,
            loaded_at=manifest.loaded_at,
            is_withdrawn=manifest.entry_id in withdrawn,
            affected_dates=part.affected_dates,
            output=part.output,
        )


def batches_of(manifests: Iterable[Manifest], withdrawn: frozenset[str]) -> list[Batch]:
    """Batches of manifests, one per file and contract; a rejected file counts as one."""
    return [batch for manifest in manifests for batch in _batches(manifest, withdrawn)]


def read_batches(lake: Path) -> list[Batch]:
    """All batches of the ledger, rejected and withdrawn ones too."""
    return batches_of(read_manifests(lake), withdrawn_ids(lake))


def changes_since(workspace: Workspace, built: Collection[str]) -> Changes:
    """What is new since a build.

    Args:
        workspace: The company's folder.
        built: Tokens (`Batch.token`) of the batches that the build holds.
    """
    known = set(built)
    everything = read_batches(workspace.lake)
    committed = {batch.token: batch for batch in everything if batch.is_committed}
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
        full_refresh_contracts=tuple(sorted(refresh | ({"(unknown)"} if lost else set()))),
    )


def open_rejections(workspace: Workspace) -> list[Rejection]:
    """Rejected files that still lie where they were dropped, unchanged in size."""
    found = []
    for manifest in read_manifests(workspace.lake):
        path = workspace.home / manifest.path
        if manifest.status == "rejected" and path.is_file():
            latest = manifest.size == path.stat().st_size
            if latest:
                found.append(
                    Rejection(
                        manifest.path,
                        manifest.source,
                        manifest.format,
                        manifest.reason,
                        manifest.detail,
                    )  # fmt: skip
                )
    return found


def withdraw(workspace: Workspace, target: str, reason: str) -> list[str]:
    """Takes a delivered file's rows out of all later builds; the ledger keeps its entry.

    Files landed later whose duplicates were counted against it are landed again by the next
    ingest, so that no row is lost with the withdrawn one.

    Args:
        workspace: The company's folder.
        target: Path below the workspace, file name, file id or batch id.
        reason: Why, for the record.

    Raises:
        LakeError: If no or more than one file fits.
    """
    manifests = [m for m in read_manifests(workspace.lake) if m.status == "loaded"]
    hits = [
        m
        for m in manifests
        if target in {m.path, Path(m.path).name, m.file_id, m.entry_id}
        or target in {part.batch_id for part in m.parts}
    ]
    if len(hits) != 1:
        names = ", ".join(m.path for m in hits) or "none"
        raise LakeError(
            f"{target}: {len(hits)} loaded files fit ({names}); "
            "name one by its path as `productops status` shows it"
        )
    chosen = hits[0]
    mark_withdrawn(workspace.lake, chosen.entry_id, reason)
    contracts = {part.contract for part in chosen.parts}
    reopened = []
    for later in manifests:
        shared = any(p.rows_duplicate and p.contract in contracts for p in later.parts)
        if later.loaded_at > chosen.loaded_at and shared:
            _bring_back(workspace, later)
            manifest_path(workspace.lake, later.source, later.entry_id).unlink(missing_ok=True)
            reopened.append(later.path)
    return [chosen.path, *reopened]


def _bring_back(workspace: Workspace, manifest: Manifest) -> None:
    """Puts a delivered file back where it was dropped, from the raw bytes that were kept."""
    path = workspace.home / manifest.path
    if path.exists():
        return
    kept = workspace.home / manifest.landing if manifest.landing else None
    if kept is None or not kept.exists():
        raise LakeError(
            f"{manifest.path}: must be landed again but is neither in drop/ nor kept in landing/; "
            "deliver it again, then withdraw"
        )
    write_atomically(path, lambda draft: shutil.copyfile(kept, draft))


def mark_withdrawn(lake: Path, entry_id: str, reason: str) -> None:
    """Records that an entry's rows no longer count."""
    path = lake / "ledger" / "withdrawn" / f"{entry_id}.json"
    write_json(path, {"reason": reason, "withdrawn_at": datetime.now(UTC).isoformat()})


def restore(lake: Path, entry_id: str) -> None:
    """Lets a withdrawn entry's rows count again."""
    (lake / "ledger" / "withdrawn" / f"{entry_id}.json").unlink(missing_ok=True)


_BATCH_COLUMNS = {
    "batch_id": "string", "file_id": "string", "contract": "string", "source": "string",
    "source_file": "string", "format": "string", "status": "string", "reason": "string",
    "rows_in": "int64", "rows_loaded": "int64", "rows_duplicate": "int64",
    "rows_quarantined": "int64", "rows_suppressed": "int64", "rows_revision": "int64",
    "rows_late": "int64", "first_on": "date32", "last_on": "date32", "delivered_on": "date32",
    "loaded_at": "timestamp[us]", "is_withdrawn": "bool",
}  # fmt: skip


def write_build_inputs(workspace: Workspace) -> None:
    """Writes the ledger and the contracts as Parquet for the warehouse, atomically."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    batches = read_batches(workspace.lake)
    types = {name: pa.type_for_alias(alias) for name, alias in _BATCH_COLUMNS.items()}
    columns = {}
    for name, kind in types.items():
        values = [getattr(batch, name) for batch in batches]
        if pa.types.is_date(kind):
            columns[name] = pc.cast(pa.array(values, pa.string()), kind)
        elif pa.types.is_timestamp(kind):
            columns[name] = pa.array([datetime.fromisoformat(v) for v in values], kind)
        else:
            columns[name] = pa.array(values, kind)
    contracts = list(load_contracts().values())
    promises = {
        "contract": pa.array([c.name for c in contracts], pa.string()),
        "owner": pa.array(
            [workspace.config.owners.get(c.name, c.owner) for c in contracts], pa.string()
        ),
        "grain": pa.array([c.grain for c in contracts], pa.string()),
        "warn_hours": pa.array(
            [c.freshness.warn_hours if c.freshness else None for c in contracts], pa.int64()
        ),
        "fail_hours": pa.array(
            [c.freshness.fail_hours if c.freshness else None for c in contracts], pa.int64()
        ),
        "late_after_hours": pa.array([c.late_after_hours for c in contracts], pa.int64()),
    }
    for name, table in (("batches", columns), ("contracts", promises)):
        whole = pa.table(table)
        write_atomically(
            workspace.lake / "build" / f"{name}.parquet",
            lambda draft, whole=whole: pq.write_table(whole, draft),
        )
