"""Which files are news since a run was last asked for.

Belongs here: comparing the files that lie there with those of the look before, file by file, and
whose they are. Does not belong here: asking for runs (`defs/jobs.py`), taking files in (`ingest`).

What was seen is kept in a file of `state/`, since Dagster keeps a copy of a sensor's cursor with
every look. The cursor holds the number of the last request: a file that tells of another one was
written by a look that Dagster never finished, and everything counts as new again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.arrivals import Arrival, find
from ingest.containers import is_container
from ingest.fingerprints import FEW_LINES, fingerprint, recognise
from ingest.formats import Format, from_source
from ingest.problems import DamagedFileError
from ingest.settings import Workspace
from ingest.store import write_json

_FILE = "files_arrived.json"
# So many new files are opened to tell whose they are: a look has to end within a minute.
_OPENED = 100
# A document up to this size is read to its end to tell whose it is.
_DOCUMENT_BYTES = 1024 * 1024


@dataclass(frozen=True)
class News:
    """What a look found: files that are new and rest, and files that are gone.

    `stamps` are those of all that lies there, `requested` those that a run was asked for.
    """

    resting: tuple[Arrival, ...]
    gone: tuple[str, ...]
    is_changing: bool
    stamps: dict[str, str]
    requested: dict[str, str]

    @property
    def is_due(self) -> bool:
        """Whether a run has something to do."""
        return bool(self.resting or self.gone)

    def sources(self, workspace: Workspace) -> list[str]:
        """Whose the new files are, as far as their heads tell."""
        mappings = [from_source(source, workspace.config_path, number)
                    for number, source in enumerate(workspace.config.sources)]  # fmt: skip
        return sorted({_source(mappings, a) for a in self.resting[:_OPENED]})

    def note(self, workspace: Workspace, number: int) -> None:
        """Keeps what was seen, for the next look."""
        _keep(workspace, number, self.stamps, self.requested)

    def note_request(self, workspace: Workspace, number: int) -> None:
        """Keeps what was seen, and that a run was asked for all that rests."""
        left = {path: stamp for path, stamp in self.requested.items() if path in self.stamps}
        _keep(workspace, number, self.stamps, left | _stamps(self.resting))


def look(workspace: Workspace, number: int) -> News:
    """Compares what lies there with the look before.

    A new file rests if it is as it was then. An object of a bucket appears whole and always does.

    Args:
        workspace: The company's folder.
        number: Number of the last request that Dagster knows of.
    """
    found = find(workspace)
    stamps = _stamps(found)
    before = _read(workspace)
    seen: dict[str, str] = before.get("seen", {})
    requested: dict[str, str] = (
        before.get("requested", {}) if before.get("number") == number else {}
    )
    fresh = [a for a in found if requested.get(a.relative) != a.stamp]
    resting = tuple(a for a in fresh if a.etag or seen.get(a.relative) == a.stamp)
    # What was asked for and is missing for the second time; it may only have been replaced.
    gone = tuple(sorted(requested.keys() - stamps.keys() - seen.keys()))
    return News(resting, gone, len(fresh) > len(resting), stamps, requested)


def _source(mappings: list[Format], arrival: Arrival) -> str:
    if arrival.etag or is_container(arrival.path):
        return "unopened"
    is_short = arrival.size <= _DOCUMENT_BYTES
    try:
        kind, names = fingerprint(arrival.path, arrival.suffix, FEW_LINES, whole=is_short)
    except (DamagedFileError, OSError):
        return "unknown"
    found = recognise(arrival.names, kind, names, mappings).format
    return found.source if found else "unknown"


def _stamps(arrivals: Iterable[Arrival]) -> dict[str, str]:
    return {arrival.relative: arrival.stamp for arrival in arrivals}


def _keep(
    workspace: Workspace, number: int, seen: dict[str, str], requested: dict[str, str]
) -> None:
    found = {"number": number, "seen": seen, "requested": requested}
    if found != _read(workspace):
        write_json(workspace.state / _FILE, found)


def _read(workspace: Workspace) -> dict:
    try:
        found = json.loads((workspace.state / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
