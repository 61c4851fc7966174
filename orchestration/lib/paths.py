"""Where the project's own parts lie, and how files that decide a build are told apart.

Belongs here: locations of the installed project, digests, the error type of this package.
Does not belong here: anything about a company's workspace (`ingest.settings`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
DBT_PROJECT = PROJECT_ROOT / "dbt_project"

_PARTS_OF_DBT = ("models", "macros", "seeds", "tests")
_PACKAGES = ("duckdb", "dbt-core", "dbt-duckdb", "dagster", "great_expectations")


class PipelineError(RuntimeError):
    """A step can't go on; the message says why and what to do next."""


class PublishRefusedError(PipelineError):
    """What is there must not be published; the message says why."""


@dataclass(frozen=True)
class FileStamp:
    """What a file looked like: enough to notice cheaply that it was replaced or written to."""

    size: int
    mtime_ns: int
    sha256: str

    def matches(self, path: Path) -> bool:
        """Whether size and time of last change are still the same (no reading)."""
        try:
            found = path.stat()
        except FileNotFoundError:
            return False
        return (found.st_size, found.st_mtime_ns) == (self.size, self.mtime_ns)

    def matches_content(self, path: Path) -> bool:
        """Whether the bytes are still the same."""
        return path.is_file() and path.stat().st_size == self.size and sha256(path) == self.sha256


def sha256(path: Path) -> str:
    """Digest of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def stamp(path: Path) -> FileStamp:
    """The stamp of a file as it is now."""
    found = path.stat()
    return FileStamp(found.st_size, found.st_mtime_ns, sha256(path))


def digest_files(paths: Iterable[Path], root: Path) -> str:
    """One digest over names and bytes of files, whatever the order they are given in."""
    whole = hashlib.sha256()
    for path in sorted(paths):
        whole.update(path.relative_to(root).as_posix().encode() + b"\0")
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()[:16]


def dbt_fingerprint() -> str:
    """Digest of everything in the dbt project that can change a build."""
    files = [DBT_PROJECT / "dbt_project.yml", DBT_PROJECT / "profiles.yml"]
    for part in _PARTS_OF_DBT:
        files += [
            path
            for path in (DBT_PROJECT / part).rglob("*")
            if path.suffix in {".sql", ".yml", ".csv", ".py"} and path.is_file()
        ]
    return digest_files(files, DBT_PROJECT)


def code_fingerprint(package: str, *suffixes: str) -> str:
    """Digest of the files of one of our packages, e.g. the gates or the pages."""
    folder = PROJECT_ROOT / package
    found = [p for p in folder.rglob("*") if p.suffix in suffixes and p.is_file()]
    return digest_files(found, PROJECT_ROOT)


@cache
def versions() -> dict[str, str]:
    """Versions of what a build's result depends on."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found
