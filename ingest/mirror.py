"""The lake's bucket: the durable copy of a lake that machines work on as a folder.

Belongs here: what of the folder and the bucket is compared, fetched and stored, in which order.
Does not belong here: the store (`ingest.buckets`), who may write (`ingest.lease`), landing.

Both sides have the same paths. Entries of the ledger are compared three ways: the folder, the
bucket, and what both held when they last agreed. An entry counts in the bucket once its manifest
is there, which is stored after its files; hence a half-done push is no state, only leftovers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

from ingest.answers import BrokenDownloadError, TakenError
from ingest.buckets import Bucket, Stored
from ingest.entries import explains, files_of, is_entry, is_hidden
from ingest.manifests import parse_manifest, reopen
from ingest.store import LakeError, make_private, write_atomically, write_json

_STATE = ("privacy/", "ledger/")
_FILES = ("bronze/", "quarantine/", "landing/", "restricted/")
_ERASURES = "privacy/erasures.jsonl"
_SEEN = "ledger/.seen.json"


def _digest(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


class Mirror:
    """A local lake and its bucket; the caller holds the lock of one and the lease of the other."""

    def __init__(self, lake: Path, bucket: Bucket, check: Callable[[], None]) -> None:
        """Reads what both held when they last agreed; `check` is asked before each change."""
        self._lake, self._bucket, self._check = lake, bucket, check
        self._base_path = lake / "ledger" / ".mirror.json"
        self._base: dict[str, list[str]] = {}
        self._seen = ""
        with suppress(OSError, ValueError, AttributeError):
            known = json.loads(self._base_path.read_text(encoding="utf-8"))
            if known.get("bucket") == bucket.url:
                self._base, self._seen = known["entries"], known.get("seen", "")

    def _save_base(self) -> None:
        known = {"bucket": self._bucket.url, "entries": self._base, "seen": self._seen}
        write_json(self._base_path, known)

    def _local(self) -> dict[str, str]:
        """Digest of every entry in the folder."""
        found = {}
        for prefix in _STATE:
            for path in (self._lake / prefix).rglob("*.json*"):
                key = path.relative_to(self._lake).as_posix()
                if not is_hidden(key) and path.is_file():
                    found[key] = _digest(path.read_bytes())
        return found

    def _remote(self) -> dict[str, Stored]:
        stored = (one for prefix in _STATE for one in self._bucket.listing(prefix))
        return {one.key: one for one in stored if not is_hidden(one.key)}

    def _same(self, key: str, digest: str, stored: Stored) -> bool:
        if self._base.get(key) == [stored.etag, digest]:
            return True
        if (self._lake / key).stat().st_size != stored.size:
            return False
        if stored.etag == digest:
            return True
        found = self._bucket.read(key)
        return found is not None and _digest(found[0]) == digest

    # From the bucket to the folder

    def pull(self) -> None:
        """Brings the folder to the bucket's state; what only the folder has is kept for `push`.

        Where the bucket went on meanwhile, deliveries that only the folder has landed give way:
        they are landed again, since their rows were compared with too few others.

        Raises:
            LakeError: If that can't be done without losing something.
        """
        local, remote = self._local(), self._remote()
        self._end_half_reopened(remote)
        for key in [k for k in self._base if k not in remote and not explains(k, remote)]:
            # Lost there, not taken away: stored again.
            del self._base[key]
        same = {k for k, digest in local.items() if k in remote
                and self._same(k, digest, remote[k])}  # fmt: skip
        for key in same:
            self._base[key] = [remote[key].etag, local[key]]
        theirs = {
            k for k in remote.keys() | self._base.keys()
            if k not in same and self._etag(k) != (remote[k].etag if k in remote else "")
        }  # fmt: skip
        theirs |= {
            k for k in remote
            if k not in local and not (k in self._base and explains(k, local))
        }  # fmt: skip
        if theirs:
            self._give_way(local, remote, theirs, same)
            for key in sorted(theirs, key=lambda k: (k not in remote, not k.startswith("privacy"))):
                self._take(key, remote.get(key))
        if theirs or not (self._lake / _SEEN).exists():
            self._take_seen()
        self._save_base()
        self._mend()

    def _etag(self, key: str) -> str:
        return self._base.get(key, [""])[0]

    def _end_half_reopened(self, remote: dict[str, Stored]) -> None:
        """An entry that waits to be landed again is none, though its removal was cut short."""
        for key in [k for k in remote if k.startswith("ledger/source=")]:
            waiting = remote.get(f"ledger/reopened/{PurePosixPath(key).name}")
            if not waiting or waiting.size != remote[key].size:
                continue
            both = [self._bucket.read(one) for one in (key, waiting.key)]
            if both[0] and both[1] and both[0][0] == both[1][0]:
                self._check()
                self._bucket.delete(key)
                del remote[key]
                self._base.pop(key, None)

    def _give_way(
        self, local: dict[str, str], remote: dict[str, Stored], theirs: set[str], same: set[str]
    ) -> None:
        for key in local:
            is_ours = key not in same and self._base.get(key, ["", ""])[1] != local[key]
            if not is_ours or key in theirs or not key.startswith("ledger/source="):
                continue
            path = self._lake / key
            manifest = parse_manifest(path)
            waiting = f"ledger/reopened/{path.name}"
            has_raw = manifest.landing and (self._lake.parent / manifest.landing).is_file()
            if waiting in remote:
                theirs.add(waiting)
                path.unlink()
            elif manifest.status != "loaded" or manifest.page:
                path.unlink()
            elif has_raw:
                reopen(self._lake, manifest)
            else:
                raise LakeError(
                    f"{manifest.path}: landed here while another machine went on in "
                    f"{self._bucket.url}, and must be landed again, but its raw bytes are no "
                    f"longer kept. Put the file back as {manifest.landing}, then run again."
                )

    def _take(self, key: str, stored: Stored | None) -> None:
        path = self._lake / key
        if stored is None:
            path.unlink(missing_ok=True)
            self._base.pop(key, None)
            return
        found = self._bucket.read(key)
        if found is None:
            raise LakeError(f"{self._bucket.url}: {key} vanished while it was read; run again.")
        content, etag = found
        if is_entry(key):
            for file, is_needed in files_of(parse_manifest(path, content)):
                self._fetch(file, is_needed=is_needed)
        merged = content
        if key == _ERASURES and path.is_file():
            # No record of an erasure may get lost; what is only here is stored by `push`.
            own = [line for line in path.read_bytes().splitlines() if line not in content]
            merged = b"".join([content, *(line + b"\n" for line in own)])
        write_atomically(path, lambda draft: draft.write_bytes(merged))
        if key.startswith("privacy/"):
            path.chmod(0o600)
        self._base[key] = [etag, _digest(content)]

    def _fetch(self, file: str, *, is_needed: bool) -> None:
        path = self._lake / file
        is_private = file.startswith("restricted/")
        if is_private:
            make_private(self._lake / "restricted", path.parent)
        try:
            self._bucket.fetch_file(file, path)
        except BrokenDownloadError as error:
            gone = isinstance(error.__cause__, FileNotFoundError)
            if is_needed or not gone:
                raise LakeError(
                    f"{self._bucket.url}/{file}: {error}. Run again; if it is gone for good, "
                    "restore the object from a backup or from the store's earlier versions."
                ) from error
            return
        if is_private:
            path.chmod(0o600)
        if file.startswith("landing/"):
            (self._lake / "landing").chmod(0o700)

    def _take_seen(self) -> None:
        if found := self._bucket.read(_SEEN):
            write_atomically(self._lake / _SEEN, lambda draft: draft.write_bytes(found[0]))

    def _mend(self) -> None:
        """Fetches rows that the folder has lost, of entries that the bucket knows."""
        for key in self._base:
            path = self._lake / key
            if key.startswith("ledger/source=") and path.is_file():
                for file, is_needed in files_of(parse_manifest(path)):
                    if is_needed and not (self._lake / file).is_file():
                        self._fetch(file, is_needed=True)

    # From the folder to the bucket

    def push(self, keep_raw_days: int) -> None:
        """Stores what the folder has and the bucket has not: files first, then their manifest.

        Raises:
            LakeError: If another machine stored another content under the same name.
        """
        local = self._local()
        changed = [k for k in local if self._base.get(k, ["", ""])[1] != local[k]]
        removed = [k for k in self._base if k not in local]
        try:
            for key in sorted(changed, key=self._rank):
                self._store(key)
                if key.startswith("ledger/reopened/"):
                    self._remove([k for k in removed if k.endswith(f"/{PurePosixPath(key).name}")])
            self._remove([k for k in removed if k in self._base])
        finally:
            self._save_base()
        if changed or removed:
            self._clear(keep_raw_days)
        self._store_seen()

    def _rank(self, key: str) -> tuple[int, str, str]:
        """Erasures first, then deliveries as they were landed, withdrawals last."""
        if key.startswith("privacy/"):
            return 0, "", key
        if is_entry(key):
            at = parse_manifest(self._lake / key).loaded_at
            return (1 if key.startswith("ledger/source=") else 2), at, key
        return 3, "", key

    def _store(self, key: str) -> None:
        path = self._lake / key
        content = path.read_bytes()
        self._check()
        if is_entry(key):
            for file, _ in files_of(parse_manifest(path, content)):
                if (self._lake / file).is_file():
                    self._bucket.put_file(file, self._lake / file)
                else:
                    self._bucket.delete(file)
            self._check()
        known = self._etag(key)
        try:
            put = self._bucket.replace if known else None
            etag = put(key, content, known) if put else self._bucket.create(key, content)
        except TakenError as error:
            raise LakeError(
                f"{self._bucket.url}/{key}: another machine has stored another content meanwhile. "
                "Nothing of it was changed. Run again: its state is fetched first, and what was "
                "landed here alone is landed again."
            ) from error
        self._base[key] = [etag, _digest(content)]

    def _remove(self, keys: list[str]) -> None:
        for key in keys:
            self._check()
            self._bucket.delete(key)
            self._base.pop(key, None)

    def _clear(self, keep_raw_days: int) -> None:
        """Removes objects that no entry names, and raw bytes that have served their time."""
        named = {
            file for key in self._local() if is_entry(key)
            for file, _ in files_of(parse_manifest(self._lake / key))
        }  # fmt: skip
        oldest = datetime.now(UTC) - timedelta(days=keep_raw_days)
        for prefix in _FILES:
            for one in self._bucket.listing(prefix):
                is_old = prefix == "landing/" and one.modified < oldest
                if one.key not in named or is_old:
                    self._check()
                    self._bucket.delete(one.key)

    def _store_seen(self) -> None:
        path = self._lake / _SEEN
        if not path.is_file():
            return
        content = path.read_bytes()
        digest = _digest(content)
        if self._seen != digest:
            self._check()
            self._bucket.put(_SEEN, content)
            self._seen = digest
            self._save_base()
