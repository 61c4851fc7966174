"""Entries of the ledger by their paths, as folder and bucket both have them.

Belongs here: what a path tells, and which files an entry names. Does not belong here: comparing
and copying them (`ingest.mirror`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from ingest.manifests import Manifest


def is_hidden(key: str) -> bool:
    """Whether a path is nobody's business: locks, caches, drafts."""
    return any(part.startswith(".") for part in key.split("/"))


def is_entry(key: str) -> bool:
    """Whether it is the manifest of a delivery, landed or waiting to be landed again."""
    return key.startswith(("ledger/source=", "ledger/reopened/"))


def explains(key: str, others: Collection[str]) -> bool:
    """Whether the other entries tell why one is missing: it was taken away, and not lost."""
    if key.startswith("privacy/"):
        return "privacy/erasures.jsonl" in others
    if key.startswith("ledger/withdrawn/"):
        wanted = "ledger/source="
    elif is_entry(key):
        wanted = "ledger/"
    else:
        return False
    name = f"/{PurePosixPath(key).name}"
    return any(k.startswith(wanted) and k.endswith(name) and is_entry(k) for k in others)


def files_of(manifest: Manifest) -> Iterator[tuple[str, bool]]:
    """Paths below the lake of all that an entry names, and whether it needs them."""
    for part in manifest.parts:
        if part.output:
            yield part.output, True
        if part.has_aside:
            folder = f"quarantine/source={manifest.source}/dt={manifest.delivered_on}"
            yield f"{folder}/{part.batch_id}.parquet", True
    for part in manifest.restricted:
        if part.output:
            yield part.output, True
    if manifest.landing:
        # Raw bytes have their time, and go before the rows do.
        yield manifest.landing.removeprefix("lake/"), False
