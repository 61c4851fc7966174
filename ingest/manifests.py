"""Manifests: one file per delivery, and the only commit point of the lake.

Belongs here: writing, reading and withdrawing manifests. Does not belong here: what follows from
them (see `ingest.batches`, `ingest.ledger`), how files are landed (see `ingest.delivery`).
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.store import LakeError, Series, locked, write_atomically, write_json

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
    # Columns that nothing reads, and those of them that `extra` does not hold either.
    new_columns: tuple[str, ...] = ()
    unkept_columns: tuple[str, ...] = ()
    # Optional columns of the contract for which the table had none of the columns read.
    missing_columns: tuple[str, ...] = ()
    # Fields of JSON records with their kinds (`ingest.shapes`); empty for tables.
    shape: dict[str, str] = field(default_factory=dict)
    output: str | None = None
    # Of the rows loaded and set aside, those that erasures took out later.
    rows_erased: int = 0
    rows_quarantine_erased: int = 0

    @property
    def residual(self) -> int:
        """Rows that nobody can account for; anything but 0 forbids the commit."""
        spent = self.rows_loaded + self.rows_duplicate + self.rows_quarantined
        return self.rows_in - spent - self.rows_suppressed

    @property
    def has_aside(self) -> bool:
        """Whether what was set aside is still kept; a file without a record may be gone."""
        return self.rows_quarantined > self.rows_quarantine_erased


@dataclass(frozen=True)
class PageFacts:
    """Place of a page in what was pulled from an API; stands in its manifest and nowhere else.

    Page and cursor are committed by one write, so they can't disagree. `format` is the export
    that the page must be recognised as, `options` a digest of the API's options: with others the
    stream is another one and begins anew.
    """

    api: str
    stream: str
    seq: int
    cursor_in: dict[str, Any]
    cursor_out: dict[str, Any]
    end_of_stream: bool
    format: str
    record_count: int
    options: str = ""

    @property
    def path(self) -> str:
        """Name of the page in the ledger."""
        return f"api/{self.api}/{self.stream}/{self.seq:06}"


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
    # Path of the archive that the file was taken out of.
    archive: str = ""
    page: PageFacts | None = None
    # What of the file is kept apart (`ingest.addresses`), and no batch.
    restricted: tuple[PartOutcome, ...] = ()
    # How often erasures rewrote the raw copy: a bucket stores anew what an entry tells of.
    raw_erasures: int = 0
    schema_version: int = SCHEMA_VERSION


@contextmanager
def changing(lake: Path) -> Generator[None]:
    """Whoever changes the lake holds this lock.

    Raises:
        LakeError: If another does, or where the file system refuses what has to be done.
    """
    with locked(lake / ".ingest.lock", "ingest"):
        try:
            yield
        except OSError as error:
            raise LakeError(
                f"{error.filename or lake}: can't be read or written ({error.strerror or error}). "
                "Nothing of the file at hand was committed. Free space or fix the folder's "
                "permissions, then run again."
            ) from error


def manifest_path(lake: Path, source: str, entry_id: str) -> Path:
    """Where the manifest of one delivery is."""
    return lake / "ledger" / f"source={source}" / f"{entry_id}.json"


def commit(lake: Path, manifest: Manifest, group: Series | None = None) -> None:
    """Writes a manifest: from this moment on the file's rows exist.

    One of a `group` is written when the group is.

    Raises:
        LakeError: If rows are unaccounted for; nothing is committed then.
    """
    for part in (*manifest.parts, *manifest.restricted):
        if part.residual:
            raise LakeError(
                f"{manifest.path}: {part.residual} of {part.rows_in} {part.contract} rows are "
                "unaccounted for; nothing of this file was committed. This is a defect: please "
                "report it with the file's first lines."
            )
    path = manifest_path(lake, manifest.source, manifest.entry_id)
    write_json(path, asdict(manifest), group.write if group else write_atomically)
    # A file that was refused as unknown and is understood now had its entry elsewhere.
    for other in (lake / "ledger").glob(f"source=*/{manifest.entry_id}.json"):
        if other != path:
            other.unlink(missing_ok=True)


_COLUMN_LISTS = ("new_columns", "unkept_columns", "missing_columns")


def _manifest(document: dict[str, Any]) -> Manifest:
    parts, restricted = (
        tuple(
            PartOutcome(**part | {name: tuple(part.get(name, ())) for name in _COLUMN_LISTS})
            for part in listed
        )
        for listed in (document.pop("parts"), document.pop("restricted", ()))
    )
    page = PageFacts(**page) if (page := document.pop("page", None)) else None
    return Manifest(parts=parts, page=page, restricted=restricted, **document)


def parse_manifest(path: Path, content: bytes | None = None) -> Manifest:
    """Reads a manifest, or what is to become one; raises `LakeError` naming a damaged one."""
    try:
        return _manifest(json.loads(content or path.read_bytes()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LakeError(
            f"{path}: not a manifest of this version ({error}). Restore it from a backup, or "
            "delete it and its Parquet file and run again: the file is then loaded anew."
        ) from error


def _in_order(paths: Iterable[Path]) -> list[Manifest]:
    found = []
    for path in paths:
        # Who holds no lock may see one go that an ingest lands again: its rows don't count now.
        with suppress(FileNotFoundError):
            found.append(parse_manifest(path))
    return sorted(found, key=lambda m: (m.loaded_at, m.entry_id))


def read_manifests(lake: Path) -> list[Manifest]:
    """All manifests, oldest landing first; raises `LakeError` naming a damaged one."""
    found = _in_order((lake / "ledger").glob("source=*/[!.]*.json"))
    # A kill between two steps of `commit` leaves two entries of one delivery: the newer counts.
    newest = {manifest.entry_id: manifest for manifest in found}
    return [manifest for manifest in found if newest[manifest.entry_id] is manifest]


def withdrawn_ids(lake: Path) -> frozenset[str]:
    """Entries whose rows no longer count."""
    return frozenset(path.stem for path in (lake / "ledger" / "withdrawn").glob("[!.]*.json"))


def standing_manifests(lake: Path) -> list[Manifest]:
    """The manifests that no withdrawal took away, oldest landing first."""
    withdrawn = withdrawn_ids(lake)
    return [m for m in read_manifests(lake) if m.entry_id not in withdrawn]


def mark_withdrawn(lake: Path, entry_id: str, reason: str) -> None:
    """Records that an entry's rows no longer count."""
    path = lake / "ledger" / "withdrawn" / f"{entry_id}.json"
    write_json(path, {"reason": reason, "withdrawn_at": datetime.now(UTC).isoformat()})


def restore(lake: Path, entry_id: str) -> None:
    """Lets a withdrawn entry's rows count again."""
    (lake / "ledger" / "withdrawn" / f"{entry_id}.json").unlink(missing_ok=True)


def _reopened_folder(lake: Path) -> Path:
    return lake / "ledger" / "reopened"


def taken_in(lake: Path) -> list[Manifest]:
    """Deliveries that can be landed again: loaded ones, and pages all of whose rows were known."""
    return [
        m for m in read_manifests(lake)
        if m.status == "loaded" or (m.page and m.status == "duplicate")
    ]  # fmt: skip


def has_raw(home: Path, manifest: Manifest) -> bool:
    """Whether the raw bytes of a delivery are still kept."""
    return bool(manifest.landing) and (home / str(manifest.landing)).is_file()


def reopen(lake: Path, manifest: Manifest) -> None:
    """Takes a delivery out of the ledger in one step, to be landed again from its raw bytes."""
    folder = _reopened_folder(lake)
    folder.mkdir(parents=True, exist_ok=True)
    path = manifest_path(lake, manifest.source, manifest.entry_id)
    path.replace(folder / path.name)


def read_reopened(lake: Path) -> list[Manifest]:
    """Deliveries that wait to be landed again, oldest first."""
    return _in_order(_reopened_folder(lake).glob("[!.]*.json"))


def with_erased(
    parts: Iterable[PartOutcome], before: Iterable[PartOutcome]
) -> tuple[PartOutcome, ...]:
    """Parts that were landed again: what erasures took out of the raw copy before, counts on."""
    found = {part.contract: part for part in parts}
    for old in before:
        gone, aside = old.rows_erased, old.rows_quarantine_erased
        if gone or aside:
            new = found.get(old.contract) or PartOutcome(old.contract, old.batch_id, 0, 0, 0, 0)
            found[old.contract] = replace(
                new, rows_in=new.rows_in + gone + aside, rows_loaded=new.rows_loaded + gone,
                rows_quarantined=new.rows_quarantined + aside,
                rows_erased=gone, rows_quarantine_erased=aside,
            )  # fmt: skip
    return tuple(found.values())


def close_again(lake: Path, entry_id: str) -> None:
    """Forgets that a delivery waited: it is in the ledger again."""
    (_reopened_folder(lake) / f"{entry_id}.json").unlink(missing_ok=True)
