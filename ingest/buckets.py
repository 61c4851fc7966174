"""A bucket of an S3-compatible store: whole objects in, whole objects out, errors in plain words.

Belongs here: talking to the store. Does not belong here: what the objects mean (`ingest.objects`
for deliveries, `ingest.mirror` for the lake), who may write (`ingest.lease`).

Nothing of the store's library is imported before a bucket is configured and used.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from ingest.answers import BrokenDownloadError, TakenError, broken, explain, lacks_bucket
from ingest.storage import Storage
from ingest.store import LakeError, write_atomically

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import S3Store

TIMEOUT = timedelta(seconds=60)
RETRIES = 3
_T = TypeVar("_T")
_BLOCK = 1024 * 1024
_TRIES = 3
_MD5 = re.compile(r"[0-9a-f]{32}")
# One of them tells that the environment holds credentials, directly or by a token.
_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
)  # fmt: skip


@dataclass(frozen=True)
class Stored:
    """An object as a listing shows it."""

    key: str
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True)
class Fetched:
    """What was fetched: the hash of its bytes, and when it was stored."""

    sha256: str
    modified: datetime


def _bare(etag: str | None) -> str:
    return (etag or "").strip('"')


class Bucket:
    """A bucket, or the part of it below a prefix; keys are relative to that."""

    def __init__(self, url: str, storage: Storage) -> None:
        """Prepares access; nothing is sent yet.

        Raises:
            LakeError: If the environment holds no credentials.
        """
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        self._bucket, self._prefix = parts.netloc, parts.path.strip("/")
        self._endpoint = storage.endpoint or f"Amazon S3 in {storage.region}"
        if not any(os.environ.get(name) for name in _CREDENTIALS):
            raise LakeError(
                f"{self.url}: no credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and "
                "AWS_SESSION_TOKEN, if there is one) in the environment, never in productops.yml."
            )
        self._store = self._open(storage)

    def __repr__(self) -> str:
        """Shows the address only."""
        return f"Bucket({self.url})"

    def _open(self, storage: Storage) -> S3Store:
        from obstore.store import S3Store

        own: dict[str, Any] = {}
        if storage.endpoint:
            own = {"endpoint": storage.endpoint.rstrip("/"), "virtual_hosted_style_request": False}
        return S3Store(
            self._bucket,
            prefix=self._prefix or None,
            region=storage.region,
            client_options={
                "allow_http": (storage.endpoint or "").startswith("http://"),
                # A silence ends a request; the whole may take as long as a large object needs.
                "read_timeout": TIMEOUT,
                "timeout": timedelta(hours=6),
                "connect_timeout": timedelta(seconds=5),
            },
            retry_config={"max_retries": RETRIES, "retry_timeout": TIMEOUT},
            **own,
        )

    @contextmanager
    def _plainly(self) -> Generator[None]:
        """Turns what the library raises into what to do next."""
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, OSError) as error:
            raise LakeError(self.explain(error)) from error

    def explain(self, error: Exception) -> str:
        """An error in plain words."""
        return explain(error, self.url, self._bucket, self._endpoint)

    def listing(self, prefix: str = "") -> list[Stored]:
        """All objects below a prefix, by key; uploads in progress and folder marks are none."""
        import obstore

        found: list[Stored] = []
        with self._plainly():
            for chunk in obstore.list(self._store, prefix.rstrip("/") or None, chunk_size=1000):
                found += [
                    Stored(m["path"], m["size"], _bare(m["e_tag"]), m["last_modified"])
                    for m in chunk
                ]
        return sorted(found, key=lambda one: one.key)

    def probe(self) -> None:
        """Looks whether there is a bucket that can be listed; raises `LakeError` if not."""
        import obstore

        with self._plainly():
            next(iter(obstore.list(self._store, chunk_size=1)), None)

    def read(self, key: str) -> tuple[bytes, str] | None:
        """A small object and its etag; None if it is not there."""
        import obstore

        with self._plainly():
            try:
                answer = obstore.get(self._store, key)
                return bytes(answer.bytes()), _bare(answer.meta["e_tag"])
            except FileNotFoundError as error:
                if lacks_bucket(error):
                    raise
                return None

    def fetch(self, key: str, target: IO[bytes], known: Stored | None = None) -> Fetched:
        """Writes an object to a file.

        An etag may be an MD5 or not (encryption by key, multi-part uploads): where the bytes don't
        fit it, they are fetched a second time, and count if both are the same.

        Args:
            key: The object.
            target: An empty file.
            known: What the listing said: that very version is fetched, or none.

        Raises:
            BrokenDownloadError: If it vanished, changed, or did not arrive whole.
        """
        first, fits = self._fetch_once(key, target, known)
        if fits:
            return first
        target.seek(0)
        target.truncate()
        second, _ = self._fetch_once(key, target, known)
        if first.sha256 != second.sha256:
            raise BrokenDownloadError("did not arrive as it was stored; it is fetched again")
        return second

    def _fetch_once(
        self, key: str, target: IO[bytes], known: Stored | None
    ) -> tuple[Fetched, bool]:
        import obstore

        digest, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
        options: GetOptions = {"if_match": f'"{known.etag}"'} if known and known.etag else {}
        with self._fetching():
            answer = obstore.get(self._store, key, options=options)
            meta, blocks = answer.meta, iter(answer.stream(min_chunk_size=_BLOCK))
        while True:
            with self._fetching():
                block = next(blocks, None)
            if block is None:
                break
            digest.update(block)
            md5.update(block)
            size += target.write(block)
        promised = known.size if known else meta["size"]
        if size != promised:
            raise BrokenDownloadError(f"broke off after {size:,} of {promised:,} bytes")
        etag = _bare(meta["e_tag"])
        fits = not _MD5.fullmatch(etag) or md5.hexdigest() == etag
        return Fetched(digest.hexdigest(), meta["last_modified"]), fits

    @contextmanager
    def _fetching(self) -> Generator[None]:
        from obstore.exceptions import BaseError, PreconditionError

        try:
            yield
        except FileNotFoundError as error:
            raise BrokenDownloadError("was deleted since it was listed") from error
        except PreconditionError as error:
            raise BrokenDownloadError("was replaced since it was listed") from error
        except (BaseError, OSError) as error:
            raise broken(error, self.explain(error)) from error

    def fetch_file(self, key: str, path: Path) -> None:
        """Makes a file of an object, whole or not at all; it bears the object's time.

        Raises:
            BrokenDownloadError: If the object is not there or did not arrive whole.
        """

        def write(draft: Path) -> None:
            with draft.open("wb") as target:
                modified = self.fetch(key, target).modified.timestamp()
            os.utime(draft, (modified, modified))

        write_atomically(path, write)

    def put_file(self, key: str, path: Path) -> None:
        """Stores a file, in place of what was there."""
        import obstore

        self._repeatedly(lambda: obstore.put(self._store, key, path))

    def put(self, key: str, content: bytes) -> str:
        """Stores a small object, in place of what was there; returns its etag."""
        return self._put(key, content, "overwrite")

    def create(self, key: str, content: bytes) -> str:
        """Stores a small object where none is; the same content twice is fine.

        Raises:
            TakenError: If another content is there.
        """
        return self._put(key, content, "create")

    def replace(self, key: str, content: bytes, etag: str) -> str:
        """Stores a small object in place of the version with this etag.

        Raises:
            TakenError: If what is there is neither that version nor this content.
        """
        return self._put(key, content, {"e_tag": f'"{etag}"'})

    def _put(self, key: str, content: bytes, mode: Any) -> str:
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        def once() -> str:
            try:
                stored = obstore.put(self._store, key, content, mode=mode, use_multipart=False)
                return _bare(stored["e_tag"])
            except (AlreadyExistsError, PreconditionError, FileNotFoundError) as error:
                if lacks_bucket(error):
                    raise
                # The answer may have been lost after the store took it.
                found = self.read(key)
                if found is None or found[0] != content:
                    raise TakenError(key) from error
                return found[1]

        return self._repeatedly(once)

    def _repeatedly(self, once: Callable[[], _T]) -> _T:
        """Repeats what broke off; the library itself does so with reading only."""
        from obstore.exceptions import BaseError

        last: Exception = OSError("no answer")
        for _ in range(_TRIES):
            try:
                return once()
            except (BaseError, OSError) as error:
                last = error
                if lacks_bucket(error):
                    break
        raise LakeError(self.explain(last)) from last

    def delete(self, key: str) -> None:
        """Removes an object; that it is not there is fine."""
        import obstore

        def once() -> None:
            with suppress(FileNotFoundError):
                obstore.delete(self._store, key)

        self._repeatedly(once)
