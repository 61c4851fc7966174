"""Batches: one delivered file's rows of one contract, as all others see the ledger.

Belongs here: manifests flattened to batches. Does not belong here: writing them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ingest.manifests import Manifest, PartOutcome, read_manifests, withdrawn_ids


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
    rows_erased: int = 0
    # Why how many rows were set aside.
    reasons: dict[str, int] = field(default_factory=dict)
    # `api/stream` that a page of an API belongs to; a file belongs to none.
    stream: str = ""

    @property
    def token(self) -> str:
        """Identity of what the batch holds: another one if it is landed again, or rows erased."""
        erased = f"-{self.rows_erased}" if self.rows_erased else ""
        return f"{self.batch_id}@{self.loaded_at}{erased}"

    @property
    def is_committed(self) -> bool:
        """Whether the batch has rows that readers may see."""
        return self.status == "loaded" and not self.is_withdrawn


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
            rows_erased=part.rows_erased,
            reasons=part.reasons,
            stream=f"{manifest.page.api}/{manifest.page.stream}" if manifest.page else "",
        )


def batches_of(manifests: Iterable[Manifest], withdrawn: frozenset[str]) -> list[Batch]:
    """Batches of manifests, one per file and contract; a rejected file counts as one."""
    return [batch for manifest in manifests for batch in _batches(manifest, withdrawn)]


def read_batches(lake: Path) -> list[Batch]:
    """All batches of the ledger, rejected and withdrawn ones too."""
    return batches_of(read_manifests(lake), withdrawn_ids(lake))
