"""Deliveries that lie in a bucket: listed, and fetched when their turn comes.

Belongs here: objects seen as files in drop/. Does not belong here: what a delivery goes through
after that, which is the same for all (`ingest.delivery`).

Uploads in progress are no objects yet, so nothing half-written is ever seen.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import IO

from ingest.answers import BrokenDownloadError, NoAnswerError
from ingest.arrivals import Arrival
from ingest.buckets import Bucket, Stored
from ingest.settings import Workspace
from ingest.store import write_json

# After so many failures in a row the rest waits for the next run.
_PATIENCE = 3


def find_objects(workspace: Workspace) -> list[Arrival]:
    """All deliveries in the drop bucket, by name; none if there is no such bucket.

    Raises:
        LakeError: If the bucket can't be listed.
    """
    storage = workspace.config.storage
    if not storage.drop:
        return []
    found = Bucket(storage.drop, storage).listing()
    folders = {str(folder) for one in found for folder in PurePosixPath(one.key).parents}
    return [_arrival(workspace.home, one) for one in found if not _is_hidden(one, folders)]


def _is_hidden(stored: Stored, folders: set[str]) -> bool:
    """Hidden names, and the empty objects that consoles store as marks of folders."""
    path = PurePosixPath(stored.key)
    is_mark = not stored.size and (stored.key in folders or not path.suffix)
    return is_mark or any(part.startswith(".") for part in path.parts)


def _arrival(home: Path, stored: Stored) -> Arrival:
    relative = f"drop/{stored.key}"
    modified_ns = int(stored.modified.timestamp()) * 1_000_000_000
    return Arrival(home / relative, relative, stored.size, modified_ns, etag=stored.etag)


class Fetching:
    """Fetches the objects of one run; stops asking a store that does not answer any more."""

    def __init__(self, workspace: Workspace) -> None:
        """Prepares access to the drop bucket, which there must be."""
        storage = workspace.config.storage
        self._bucket = Bucket(storage.drop or "", storage)
        self._failures = 0

    def copy_and_hash(self, arrival: Arrival, target: IO[bytes]) -> str:
        """Fetches an object into a file and returns the SHA-256 of its bytes.

        Raises:
            BrokenDownloadError: If it vanished, changed, is refused, or did not arrive whole.
        """
        if self._failures >= _PATIENCE:
            raise NoAnswerError("was not fetched: the store has stopped answering")
        known = Stored(arrival.relative.removeprefix("drop/"), arrival.size, arrival.etag,
                       arrival.written_at)  # fmt: skip
        try:
            found = self._bucket.fetch(known.key, target, known).sha256
        except NoAnswerError:
            self._failures += 1
            raise
        except BrokenDownloadError:
            # Of this object alone: one that is archived or gone keeps no other from coming.
            self._failures = 0
            raise
        self._failures = 0
        return found


def _listing_path(lake: Path) -> Path:
    return lake / "ledger" / ".dropped.json"


def note_listing(lake: Path, arrivals: list[Arrival]) -> None:
    """Notes what lay in the drop bucket, for questions that are asked without it."""
    sizes = {a.relative: a.size for a in arrivals if a.etag}
    if sizes or _listing_path(lake).exists():
        write_json(_listing_path(lake), sizes)


def read_listing(lake: Path) -> dict[str, int]:
    """Path and size of what lay in the drop bucket when it was last looked at."""
    try:
        found = json.loads(_listing_path(lake).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
