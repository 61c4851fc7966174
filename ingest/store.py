"""Files that are either whole or absent: atomic writes, locks, sweeping of leftovers.

Belongs here: everything that makes a file visible. Does not belong here: what is in it.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


class LakeError(RuntimeError):
    """The lake can't be read or written; the message says what to do next."""


class BusyError(LakeError):
    """Another process holds what is needed; it may be free a moment later."""


def temporary(path: Path) -> Path:
    """Name under which `path` is written before it is whole; holds the writer's process id."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def sync_folder(folder: Path) -> None:
    """Makes renames in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_private(top: Path, folder: Path) -> None:
    """Makes a folder below `top`, or `top` itself, that only its owner can enter."""
    top.parent.mkdir(parents=True, exist_ok=True)
    for each in [parent for parent in reversed(folder.parents) if parent.is_relative_to(top)]:
        each.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    top.chmod(0o700)


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Lets `write` make a temporary file, then makes it visible as `path` in one step.

    Args:
        path: The file.
        write: Writes its content to the path that it is given.

    Raises:
        LakeError: If the disk is full or the folder can't be written; `path` is unchanged.
    """
    draft = temporary(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(draft)
        with draft.open("rb") as handle:
            os.fsync(handle.fileno())
        os.replace(draft, path)
        sync_folder(path.parent)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise LakeError(
            f"{path}: can't be written ({error.strerror or error}). Nothing was changed. "
            "Free space or fix the folder's permissions, then run again."
        ) from error
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _sync_disk(folder: Path) -> None:
    """Makes everything written to the folder's file system survive a power cut, in one call."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(handle):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(folder))
    except AttributeError:
        os.sync()
    finally:
        os.close(handle)


class Series:
    """Many files that become visible one after another, once all of them are safe on disk.

    Asking the disk once costs a fraction of asking it for each.
    """

    def __init__(self, folder: Path) -> None:
        """Takes a folder of the file system that they lie in."""
        self._folder = folder
        self._drafts: list[tuple[Path, Path]] = []

    def write(self, path: Path, write: Callable[[Path], object]) -> None:
        """Lets `write` make a temporary file for `path`."""
        draft = temporary(path)
        self._drafts.append((draft, path))
        path.parent.mkdir(parents=True, exist_ok=True)
        write(draft)

    def publish(self) -> None:
        """Makes all files visible, in the order in which they were written."""
        if not self._drafts:
            return
        _sync_disk(self._folder)
        for draft, path in self._drafts:
            os.replace(draft, path)
        for folder in {path.parent for _, path in self._drafts}:
            sync_folder(folder)
        self._drafts = []

    def discard(self) -> None:
        """Removes what did not become visible."""
        for draft, _ in self._drafts:
            draft.unlink(missing_ok=True)


@contextmanager
def series(folder: Path) -> Generator[Series]:
    """Files written in the block become visible at its end, or none of those that are left.

    Raises:
        LakeError: If the disk is full or a folder can't be written.
    """
    made = Series(folder)
    try:
        yield made
        made.publish()
    except OSError as error:
        raise LakeError(
            f"{error.filename or folder}: can't be written ({error.strerror or error}). Files that "
            "are visible are whole. Free space or fix the folder's permissions, then run again."
        ) from error
    finally:
        made.discard()


def write_json(
    path: Path, document: dict[str, Any], write: Callable[..., None] = write_atomically
) -> None:
    """Writes a JSON document atomically (or by `write`), with sorted keys."""
    text = json.dumps(document, sort_keys=True, indent=1, default=str) + "\n"
    write(path, lambda draft: _write_text(draft, text))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


@contextmanager
def locked(path: Path, what: str) -> Generator[None]:
    """Holds an exclusive lock; the kernel frees it even when the process is killed.

    Raises:
        BusyError: If another process holds it.
        LakeError: If the folder can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = path.open("a+")
    except OSError as error:
        raise LakeError(
            f"{path}: can't be written ({error.strerror or error}). Nothing was changed. Fix the "
            "folder's permissions or free space, then run again."
        ) from error
    with opened as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            handle.seek(0)
            holder = handle.read().strip() or "unknown"
            raise BusyError(
                f"another {what} is running (process {holder}); wait until it ends, then run again"
            ) from error
        # Only for the words above; a full disk keeps nobody from looking or from being told so.
        with suppress(OSError):
            handle.truncate(0)
            os.write(handle.fileno(), str(os.getpid()).encode())
        yield


def _alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def sweep(folder: Path) -> int:
    """Removes temporary files of processes that are gone; returns how many there were."""
    swept = 0
    for path in folder.rglob(".*.tmp"):
        process_id = path.name.split(".")[-2]
        if process_id.isdigit() and (int(process_id) == os.getpid() or not _alive(int(process_id))):
            path.unlink(missing_ok=True)
            swept += 1
    return swept
