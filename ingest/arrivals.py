"""Which delivered files are there, and which of them are whole.

Belongs here: finding files and leaving half-written ones alone. Does not belong here: reading
what is in them.
"""

from __future__ import annotations

import json
import re
import time as clock
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path, PurePosixPath

from ingest.manifests import Manifest, PageFacts
from ingest.settings import Workspace
from ingest.store import write_json

SETTLE_SECONDS = 2.0
# A time of four or six digits may follow without a mark between.
_DAY = re.compile(r"(?<!\d)(20\d\d)([-_.]?)([01]\d)\2([0-3]\d)(?=(?:(?:\d\d){2,3})?(?!\d))")
# The mark of a second download, and ids.
_AGAIN = re.compile(r" ?\(\d+\)")
_ID = re.compile(r"(?<![0-9a-z])(?=[a-f]*\d)[0-9a-f]{4,}(?![0-9a-z])")
_MONTH = "(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*"
# What a download adds to a name: suffixes, its day and time, and the number of a page or copy.
_ADDED = re.compile(
    rf"""(?:[-_.,+\s]*(?:
      (?<=\.)(?:csv|tsv|txt|json|jsonl|ndjson|xlsx|gz|zip)
    | \(\d+\) | (?<![a-z])page[-_ ]?\d+
    | (?<!\d)(?: 20\d\d[-_.]?[01]\d[-_.]?[0-3]\d
                | {_MONTH}[+\s]\d{{1,2}},?[+\s]20\d\d | \d{{1,2}}[+\s]{_MONTH}[+\s]20\d\d )
      (?: (?:\d\d|[-_+\st]+\d{{1,2}})[-_.:]?\d\d(?:[-_.:]?\d\d)? [+\s]?(?:[ap]m|z)? )?
    ))+$""",
    re.IGNORECASE | re.VERBOSE,
)
_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart", ".download")


def series_of(path: str) -> str:
    """What the names of one export's deliveries have in common: all but days, numbers and ids."""
    name = _ID.sub("", _AGAIN.sub("", PurePosixPath(path).name.lower()))
    return re.sub(r"\d+", "", name)


@dataclass(frozen=True)
class Arrival:
    """A file found: `relative` is its path below the workspace, with `/`.

    One that is landed again from the raw bytes kept of it bears the path it was delivered under
    and the ids of its entry in the ledger, whatever erasures took out of its bytes since. A page
    of an API knows its place in the stream.
    """

    path: Path
    relative: str
    size: int
    modified_ns: int
    entry_id: str = ""
    # Path of the archive that it was taken out of.
    archive: str = ""
    file_id: str = ""
    page: PageFacts | None = None
    # Of an object in a bucket; it is fetched when its turn comes.
    etag: str = ""

    @property
    def is_kept(self) -> bool:
        """Whether the bytes come from the lake and not from the drop folder."""
        return bool(self.entry_id)

    @property
    def name(self) -> str:
        """Name under which it was delivered."""
        return PurePosixPath(self.relative).name

    @property
    def suffix(self) -> str:
        """Suffix of that name."""
        return PurePosixPath(self.relative).suffix

    @property
    def title(self) -> str:
        """Its name without what another download would change: `NPS_2026-05-02 (1).csv` is NPS."""
        return _ADDED.sub("", self.name)

    @property
    def told_on(self) -> date:
        """Day that the name tells, else the archive's, else a folder such as `dt=2026-05-01`.

        Where none does, the day on which it was written. A span of days counts by its last one:
        it can't have been delivered before.
        """
        folders = [part for part in PurePosixPath(self.relative).parts[-2::-1] if "=" in part]
        for words in (self.name, PurePosixPath(self.archive).name, *folders):
            if days := _days_in(words):
                return max(days)
        return self.delivered_on

    @property
    def stamp(self) -> str:
        """Changes when the file is written again."""
        return f"{self.size}:{self.etag or self.modified_ns}"

    @property
    def delivered_on(self) -> date:
        """Day (UTC) on which the file was written."""
        return self.written_at.date()

    @property
    def written_at(self) -> datetime:
        """When (UTC) the file was written."""
        return datetime.fromtimestamp(self.modified_ns / 1e9, UTC)

    @property
    def names(self) -> tuple[str, ...]:
        """Paths below `drop/` by which a mapping may mean it: its own, its archive's."""
        paths = (self.relative, self.archive) if self.archive else (self.relative,)
        return tuple(path.removeprefix("drop/") for path in paths)


def _days_in(words: str) -> list[date]:
    days = []
    for year, _, month, day in _DAY.findall(words):
        with suppress(ValueError):
            days.append(date(int(year), int(month), int(day)))
    return days


def _arrival(path: Path, home: Path) -> Arrival | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return Arrival(path, path.relative_to(home).as_posix(), stat.st_size, stat.st_mtime_ns)


def _candidates(workspace: Workspace) -> Iterator[Path]:
    for folder in (workspace.registry, workspace.drop):
        for path in folder.rglob("*"):
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if path.is_file() and not hidden:
                yield path
    yield workspace.config_path


def has_changed(arrival: Arrival) -> bool:
    """Whether the file was written to since it was found."""
    if arrival.is_kept or arrival.archive or arrival.etag:
        return False
    try:
        stat = arrival.path.stat()
    except FileNotFoundError:
        return True
    return (stat.st_size, stat.st_mtime_ns) != (arrival.size, arrival.modified_ns)


def kept(home: Path, manifest: Manifest) -> Arrival:
    """A delivery as it came, from the raw bytes kept of it."""
    written = datetime.combine(date.fromisoformat(manifest.delivered_on), time.min, UTC)
    return Arrival(
        path=home / (manifest.landing or ""),
        relative=manifest.path,
        size=manifest.size,
        modified_ns=int(written.timestamp()) * 1_000_000_000,
        entry_id=manifest.entry_id,
        archive=manifest.archive,
        file_id=manifest.file_id,
        page=manifest.page,
    )


def find(workspace: Workspace) -> list[Arrival]:
    """All files in registry/ and drop/ and the configuration, in the order of their names.

    What lies in a drop bucket lies in drop/ too, in place of files of the same names there.
    """
    from ingest.objects import find_objects

    found = (_arrival(path, workspace.home) for path in sorted(_candidates(workspace)))
    files = [arrival for arrival in found if arrival]
    objects = find_objects(workspace)
    if not objects:
        return files
    return sorted({a.relative: a for a in [*files, *objects]}.values(), key=lambda a: a.relative)


def settle(arrivals: list[Arrival]) -> tuple[list[Arrival], list[Arrival]]:
    """Splits files into whole ones and those that are still being written.

    A file that was written in the last two seconds is looked at again a moment later; it is
    whole if it has not changed meanwhile. Names such as `x.part` are never whole.
    """
    growing = [a for a in arrivals if a.path.name.endswith(_UNFINISHED)]
    rest = [a for a in arrivals if not a.path.name.endswith(_UNFINISHED)]
    now = clock.time()
    fresh = [a for a in rest if not a.etag and now - a.modified_ns / 1e9 < SETTLE_SECONDS]
    if fresh:
        clock.sleep(min(SETTLE_SECONDS / 2, 1.0))
        changed = {a.relative for a in fresh if has_changed(a)}
        growing += [a for a in rest if a.relative in changed]
        rest = [a for a in rest if a.relative not in changed]
    return rest, growing


class SeenFiles:
    """Remembers the hash of files by path, size and time, so that nothing is read twice.

    Only a cache: without it every file is hashed again and found in the ledger.
    """

    def __init__(self, lake: Path, parser: str) -> None:
        """Reads the cache; one made by another parser version is left aside."""
        self._path = lake / "ledger" / ".seen.json"
        self._parser = parser
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            kept = {}
        self._stamps: dict[str, str] = kept.get("files", {}) if kept.get("parser") == parser else {}
        self._dirty = False

    def knows(self, arrival: Arrival) -> bool:
        """Whether this very file was accounted for by an earlier run."""
        return self._stamps.get(arrival.relative) == arrival.stamp

    def add(self, arrival: Arrival) -> None:
        """Remembers a file that is now in the ledger."""
        self._stamps[arrival.relative] = arrival.stamp
        self._dirty = True

    def forget(self, names: re.Pattern[str]) -> None:
        """Forgets files by their names, so that they are looked at again."""
        for relative in [path for path in self._stamps if names.search(path)]:
            del self._stamps[relative]
            self._dirty = True

    def save(self) -> None:
        """Writes the cache if it changed."""
        if self._dirty:
            write_json(self._path, {"parser": self._parser, "files": self._stamps})
