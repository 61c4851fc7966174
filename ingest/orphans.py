"""Files of the lake that have served their time: landed rows without a manifest, old raw copies.

Belongs here: finding and removing them. Does not belong here: temporary files (`ingest.store`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable
from pathlib import Path

from ingest.manifests import Manifest

# Only pages of APIs bear a number alone as their name.
_PAGE = re.compile(r"[0-9a-f]{16}-[0-9a-f]{8}__\d{6}")


def remove_orphans(lake: Path, manifests: Iterable[Manifest]) -> int:
    """Removes landed rows that were never committed; returns how many files there were.

    They must go before the same delivery is landed again: it may come to lie in another folder
    (by another day), and its rows bear the same batch id as the left-over ones.
    """
    rows: set[str] = set()
    quarantine: set[str] = set()
    for manifest in manifests:
        rows |= {part.output for part in (*manifest.parts, *manifest.restricted) if part.output}
        for part in manifest.parts:
            if part.has_aside:
                quarantine.add(f"{part.batch_id}.parquet")
    gone = [
        path
        for folder in ("bronze", "restricted")
        for path in (lake / folder).glob("*/source=*/dt=*/[!.]*.parquet")
        if path.relative_to(lake).as_posix() not in rows
    ]
    gone += [
        path
        for path in (lake / "quarantine").glob("source=*/dt=*/[!.]*.parquet")
        if path.name not in quarantine
    ]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)


def remove_unanswered_pages(home: Path, lake: Path, manifests: Iterable[Manifest]) -> int:
    """Removes raw pages that were never committed: the API is asked for them again."""
    known = {manifest.landing for manifest in manifests}
    gone = [
        path
        for path in (lake / "landing").glob("source=*/dt=*/*")
        if _PAGE.fullmatch(path.name) and path.relative_to(home).as_posix() not in known
    ]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)


def remove_old_raw(lake: Path, days: int, keep: Collection[str] = ()) -> int:
    """Removes raw copies that were landed more than `days` ago; returns how many there were.

    Those in `keep` (paths below the workspace) wait to be landed again.
    """
    oldest = time.time() - days * 86_400
    gone = [
        path
        for path in (lake / "landing").glob("source=*/dt=*/*")
        if path.stat().st_mtime < oldest and path.relative_to(lake.parent).as_posix() not in keep
    ]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)
