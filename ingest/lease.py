"""Who may write to the lake's bucket: one at a time, by an object that one of them holds.

Belongs here: taking, renewing and giving back the lease. Does not belong here: what is written
under it (`ingest.mirror`). Machines tell its end by their own clocks: these must agree roughly.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.answers import TakenError
from ingest.buckets import Bucket
from ingest.store import BusyError, LakeError, write_json

KEY = "lease.json"
SECONDS = 600.0


class _Lease:
    """A lease that this process holds; `check` raises once it does no longer."""

    def __init__(self, bucket: Bucket, owner: dict[str, str]) -> None:
        self._bucket = bucket
        self._owner = owner
        self._etag = ""
        self._lost = ""
        self._until = datetime.now(UTC)

    def _content(self) -> bytes:
        self._until = datetime.now(UTC) + timedelta(seconds=SECONDS)
        told = self._owner | {"process": os.getpid(), "expires_at": self._until.isoformat()}
        return (json.dumps(told, sort_keys=True) + "\n").encode()

    def take(self) -> None:
        content = self._content()
        try:
            self._etag = self._bucket.create(KEY, content)
        except TakenError:
            self._take_over(content)
        found = self._bucket.read(KEY)
        if found is None or found[0] != content:
            raise BusyError(self._held(found[0] if found else b"{}"))
        self._etag = found[1]

    def _take_over(self, content: bytes) -> None:
        found = self._bucket.read(KEY)
        if found is None:
            raise BusyError(self._held(b"{}"))
        if not self._may_take(found[0]):
            raise BusyError(self._held(found[0]))
        try:
            self._bucket.replace(KEY, content, found[1])
        except TakenError as error:
            raise BusyError(self._held(found[0])) from error

    def _may_take(self, content: bytes) -> bool:
        """Whether it has expired, or is what a killed run on this very lake left behind."""
        held = _read(content)
        expires = held.get("expires_at", "")
        try:
            is_over = datetime.fromisoformat(expires) < datetime.now(UTC)
        except (ValueError, TypeError):
            is_over = False
        # Whoever asks holds the lock of the local lake: nobody else works on it.
        return is_over or all(held.get(name) == value for name, value in self._owner.items())

    def _held(self, content: bytes) -> str:
        held = _read(content)
        return (
            f"{self._bucket.url}: {held.get('host', 'another machine')} (process "
            f"{held.get('process', 'unknown')}) writes to this lake until it is done, at most "
            f"until {held.get('expires_at', 'unknown')} unless it renews that. Wait, then run "
            f"again; if nobody does, delete the object {KEY}."
        )

    def renew(self) -> None:
        try:
            self._etag = self._bucket.replace(KEY, self._content(), self._etag)
        except TakenError:
            self._lost = "another machine has taken the lease over meanwhile"
        except LakeError as error:
            # Tried again soon; `check` watches the clock.
            self._lost = "" if datetime.now(UTC) < self._until else str(error)

    def check(self) -> None:
        """Raises `LakeError` if another machine may write by now."""
        if not self._lost and datetime.now(UTC) >= self._until:
            self._lost = "the lease has expired"
        if self._lost:
            raise LakeError(
                f"{self._bucket.url}: {self._lost}. Nothing more was stored; run again: what is "
                "missing is stored then."
            )

    def give_back(self) -> None:
        with suppress(LakeError):
            found = self._bucket.read(KEY)
            if found and _read(found[0]).get("id") == self._owner["id"]:
                self._bucket.delete(KEY)


def _read(content: bytes) -> dict[str, str]:
    try:
        held = json.loads(content)
    except ValueError:
        return {}
    return held if isinstance(held, dict) else {}


def _owner(lake: Path) -> dict[str, str]:
    """Who this lake is: a copy of it on another machine, or in another folder, is another."""
    path = lake / "ledger" / ".owner.json"
    here = {"host": socket.gethostname(), "lake": str(lake)}
    with suppress(OSError):
        known = _read(path.read_bytes())
        if known.get("id") and known == here | {"id": known["id"]}:
            return known
    owner = here | {"id": uuid.uuid4().hex}
    write_json(path, owner)
    return owner


@contextmanager
def leased(bucket: Bucket, lake: Path) -> Generator[Callable[[], None]]:
    """Holds the lease of a lake's bucket, and renews it from time to time.

    The caller holds the lock of the local lake.

    Yields:
        A function that raises `LakeError` once the lease is no longer held.

    Raises:
        BusyError: If another machine holds it.
    """
    lease = _Lease(bucket, _owner(lake))
    lease.take()
    done = threading.Event()

    def keep() -> None:
        while not done.wait(SECONDS / 4):
            lease.renew()

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    try:
        yield lease.check
    finally:
        done.set()
        thread.join()
        lease.give_back()
