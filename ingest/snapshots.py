"""Exports that list everybody there is on a day: one that lost half of them is held back.

Belongs here: comparing a snapshot with the one before it. Does not belong here: what readers make
of snapshots (the models do that), landing them (`ingest.groups`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from ingest.arrivals import series_of
from ingest.delivery import Prepared
from ingest.held import Staged
from ingest.manifests import Manifest
from ingest.problems import DamagedFileError
from ingest.session import Session

SHRUNKEN = "shrunken_snapshot"
# A snapshot with less than this share of the rows before it is taken for a broken export.
_LEAST_SHARE = 0.5
# Of a file's name: the number of one page of many.
_PAGE = re.compile(r"(?:page|part)[-_ ]?(\d+)")


def _page(path: str) -> str:
    """Which page of a list a file is; a list that is whole has one without a number."""
    found = _PAGE.search(PurePosixPath(path).name.lower())
    return found[1].lstrip("0") if found else ""


def shrinkage(
    earlier: Iterable[Manifest], manifest: Manifest, contract: str, day: str, rows: int
) -> str:
    """How a snapshot shrank against the newest one that is older, or nothing if it did not.

    Days are those that the snapshots tell, so that one that is delivered late is judged alike.
    Pages of one list come one by one: those of its day that are here are held, together, against
    the same ones of the day before.

    Args:
        earlier: Deliveries whose rows count.
        manifest: The snapshot's own, to be.
        contract: What its rows are.
        day: The day that it tells, as YYYY-MM-DD.
        rows: How many it has.
    """
    days: dict[str, dict[str, tuple[int, str]]] = {}
    for known in earlier:
        if known.format == manifest.format and series_of(known.path) == series_of(manifest.path):
            for part in known.parts:
                if part.contract == contract and part.last_on and part.last_on <= day:
                    pages = days.setdefault(part.last_on, {})
                    pages[_page(known.path)] = (part.rows_in, known.path)
    here = days.pop(day, {}) | {_page(manifest.path): (rows, manifest.path)}
    if not days:
        return ""
    before = days[max(days)]
    same = [before[page] for page in here if page in before]
    expected = sum(count for count, _ in same)
    found = sum(count for count, _ in here.values())
    if found >= expected * _LEAST_SHARE:
        return ""
    path = before.get(_page(manifest.path), same[-1])[1]
    return f"{found:,} {contract} where the snapshot before it ({path}) has {expected:,}"


def check_snapshot(run: Session, prepared: Prepared, staged: Staged) -> str:
    """What to note of a shrunken snapshot that is forced in, or nothing.

    Raises:
        DamagedFileError: If it shrank and is not forced.
    """
    known = [m for m in run.manifests.values() if m.status == "loaded"]
    told = shrinkage(
        [m for m in known if m.entry_id not in run.withdrawn], prepared.manifest,
        staged.contract.name, prepared.facts["file_date"], staged.rows_in(0),
    )  # fmt: skip
    # What was taken in before is not asked about when it is landed again.
    is_forced = prepared.arrival.is_kept or prepared.arrival.relative in run.forced
    if told and not is_forced:
        raise DamagedFileError(
            SHRUNKEN,
            f"{told}: less than half. If the export was cut short, export it again; if it is "
            f"right, take it in with `productops ingest --force-snapshot {prepared.arrival.name}`",
        )
    return f"taken in by force: {told}" if told else ""
