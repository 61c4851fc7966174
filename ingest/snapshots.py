"""Exports that list all there is as of a moment: one that lost half of it is held back.

Belongs here: comparing a snapshot, which tells its day by its name, with the one before it; what
is done about lists that shrank. Does not belong here: comparing lists whose rows tell when they
were made (`ingest.lists`), what is made of what they lack (the models), landing them
(`ingest.groups`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from ingest.arrivals import series_of
from ingest.delivery import Prepared
from ingest.held import Staged
from ingest.lists import LEAST_SHARE
from ingest.manifests import Manifest
from ingest.problems import DamagedFileError
from ingest.session import Session

SHRUNKEN = "shrunken_snapshot"
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
        earlier: Deliveries of the same list whose rows count.
        manifest: The snapshot's own, to be.
        contract: What its rows are.
        day: The day that it tells, as YYYY-MM-DD.
        rows: How many it has.
    """
    days: dict[str, dict[str, tuple[int, str]]] = {}
    for known in earlier:
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
    if found >= expected * LEAST_SHARE:
        return ""
    path = before.get(_page(manifest.path), same[-1])[1]
    return f"{found:,} {contract} where the snapshot before it ({path}) has {expected:,}"


def check_lists(run: Session, files: Sequence[Prepared], staged: Staged) -> dict[int, str]:
    """What to note of files whose lists shrank and are forced in, by the file's number.

    Raises:
        DamagedFileError: If one shrank and is not forced.
    """
    chosen = files[0].chosen
    told: dict[int, str] = {}
    if chosen.is_snapshot and (earlier := _same_list(run, files[0].manifest)):
        told = {0: shrinkage(
            earlier, files[0].manifest, staged.contract.name, files[0].facts["file_date"],
            staged.rows_in(0),
        )}  # fmt: skip
    elif staged.contract.listed_per and staged.ends[-1]:
        # A list under another name takes the place of the one before it all the same.
        told = run.lists.shrunken(staged, chosen.source)
    told = {number: words for number, words in told.items() if words}
    for number, words in told.items():
        arrival = files[number].arrival
        # What was taken in before is not asked about when it is landed again.
        if not (arrival.is_kept or run.is_forced(arrival)):
            name = PurePosixPath(arrival.archive or arrival.relative).name
            raise DamagedFileError(
                SHRUNKEN,
                f"{words}: less than half. If an export was cut short, export it again; if all is "
                f"right, take this one in with `productops ingest --force-snapshot {name}`",
            )
    return {number: f"taken in by force: {words}" for number, words in told.items()}


def _same_list(run: Session, manifest: Manifest) -> list[Manifest]:
    """Deliveries of the same export by their names: but for days, numbers and ids they are one."""
    series = series_of(manifest.path)
    return [
        known for known in run.manifests.values()
        if known.status == "loaded" and known.format == manifest.format
        and known.entry_id not in run.withdrawn and series_of(known.path) == series
    ]  # fmt: skip
