"""Taking a delivered file's rows back, without losing what others delivered too.

Belongs here: withdrawals. Does not belong here: erasing people, landing files again
(`ingest.load` does that with what is reopened here).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ingest.manifests import (
    Manifest,
    close_again,
    commit,
    has_raw,
    mark_withdrawn,
    read_reopened,
    reopen,
    taken_in,
    withdrawn_ids,
)
from ingest.settings import Workspace
from ingest.store import LakeError
from ingest.working import working


def withdraw(workspace: Workspace, target: str, reason: str) -> list[str]:
    """Takes a delivered file's rows out of all later builds; the ledger keeps its entry.

    Files landed later, whose rows may have been counted as duplicates of the withdrawn ones, are
    landed again by the next ingest from the raw bytes that were kept. What waits to be landed
    again can be withdrawn too. Killed on the way, it can be repeated.

    Args:
        workspace: The company's folder.
        target: Path below the workspace, file name, file id or batch id.
        reason: Why, for the record.

    Returns:
        The path withdrawn, then those that are landed again.

    Raises:
        LakeError: If no or more than one file fits, a raw file is gone, or an ingest is running.
    """
    lake = workspace.lake
    with working(workspace):
        # A page all of whose rows were known leans on others as well.
        manifests, withdrawn = taken_in(lake), withdrawn_ids(lake)
        standing = {m.entry_id: m for m in manifests if m.entry_id not in withdrawn}
        waiting = {m.entry_id: m for m in read_reopened(lake) if m.entry_id not in standing}
        chosen = _chosen([*standing.values(), *waiting.values()], target)
        contracts = {part.contract for part in chosen.parts}
        later = [m for m in manifests if _leans_on(m, chosen, contracts)]
        for manifest in later:
            if not has_raw(workspace.home, manifest):
                raise LakeError(
                    f"{manifest.path}: must be landed again, but its raw bytes are no longer kept "
                    f"in lake/landing/; nothing was withdrawn. Put the file back as "
                    f"{manifest.landing}, then withdraw"
                )
        for manifest in later:
            reopen(lake, manifest)
        mark_withdrawn(lake, chosen.entry_id, reason)
        if chosen.entry_id in waiting:
            # Nothing of it is landed at present: its entry says no more than that it came.
            commit(lake, replace(chosen, parts=(), restricted=()))
            close_again(lake, chosen.entry_id)
    return [chosen.path, *(manifest.path for manifest in later)]


def _chosen(manifests: list[Manifest], target: str) -> Manifest:
    hits = [
        m
        for m in manifests
        if target in {m.path, Path(m.path).name, m.file_id, m.entry_id}
        or target in {part.batch_id for part in m.parts}
    ]
    if len(hits) != 1:
        names = ", ".join(f"{m.path} ({m.entry_id})" for m in hits) or "none"
        raise LakeError(
            f"{target}: {len(hits)} loaded files fit ({names}); "
            "name one by its path or id as `productops status` shows it"
        )
    return hits[0]


def _leans_on(manifest: Manifest, chosen: Manifest, contracts: set[str]) -> bool:
    """Whether rows of a later file may have been left out because the chosen one had them."""
    if manifest.is_state or manifest.loaded_at <= chosen.loaded_at:
        return False
    return any(part.rows_duplicate and part.contract in contracts for part in manifest.parts)
