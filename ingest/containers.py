"""Files that hold files: zip archives and Excel workbooks.

Belongs here: taking their members out, each of which is a delivery of its own with a ledger entry
of its own. Does not belong here: what the members mean.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import shutil
import struct
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ingest.arrivals import Arrival
from ingest.problems import DamagedFileError
from ingest.store import LakeError, temporary

_ZIP_MAGIC = b"PK\x03\x04"
_EMPTY_ZIP_MAGIC = b"PK\x05\x06"
_WORKBOOK = "xl/workbook.xml"
# What the standard library raises on archives whose bytes were changed.
DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, OverflowError,
    RuntimeError, ValueError, struct.error,
)  # fmt: skip
_NOISE = ("__MACOSX/",)
_BLOCK = 1024 * 1024
# A header is the first row that fills at least this share of the sheet's columns.
_HEADER_SHARE = 0.6


def is_container(path: Path) -> bool:
    """Whether a file is a zip archive or a workbook, whatever its name says."""
    with path.open("rb") as handle:
        return handle.read(4) in {_ZIP_MAGIC, _EMPTY_ZIP_MAGIC}


def unpack(path: Path, arrival: Arrival, scratch: Path) -> list[Arrival]:
    """Takes all members out; nothing is returned before all of them were read whole.

    Args:
        path: The archive's bytes.
        arrival: The delivery that they came as.
        scratch: Folder for the members; the caller deletes what it gets.

    Raises:
        DamagedFileError: If the archive is damaged, encrypted or empty.
        LakeError: If there is no room for its content.
    """
    # Archives may hold archives.
    scratch = scratch / hashlib.sha256(arrival.relative.encode()).hexdigest()[:8]
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(path) as archive:
            if _WORKBOOK in archive.namelist():
                return list(_sheets(path, arrival, scratch))
            return list(_members(archive, arrival, scratch))
    except (DamagedFileError, LakeError):
        raise
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise LakeError(
                f"{arrival.relative}: can't be unpacked into the lake ({error.strerror}). Nothing "
                "was taken in; free space or fix permissions, then run again"
            ) from error
        raise DamagedFileError(
            "zip_damaged",
            f"the zip archive is damaged ({error}); download it again, in binary mode",
        ) from error


def _members(archive: zipfile.ZipFile, arrival: Arrival, scratch: Path) -> Iterator[Arrival]:
    infos = [
        info
        for info in sorted(archive.infolist(), key=lambda info: info.filename)
        if not info.is_dir()
        and not info.filename.startswith(_NOISE)
        and not PurePosixPath(info.filename).name.startswith(".")
    ]
    if not infos:
        raise DamagedFileError("empty_archive", "the archive holds no files; export it again")
    needed, free = sum(info.file_size for info in infos), shutil.disk_usage(scratch).free
    if needed > free:
        raise LakeError(
            f"{arrival.relative}: holds {needed / 1e9:.1f} GB, but only {free / 1e9:.1f} GB are "
            "free. Nothing was taken in; free space, then run again"
        )
    for number, info in enumerate(infos):
        if info.flag_bits & 0x1:
            raise DamagedFileError(
                "zip_encrypted", f"{info.filename} is encrypted; deliver it without a password"
            )
        draft = temporary(scratch / f"member-{number}")
        with archive.open(info) as source, draft.open("wb") as target:
            shutil.copyfileobj(source, target, _BLOCK)
        yield _member(arrival, info.filename, draft)


def _member(arrival: Arrival, name: str, path: Path) -> Arrival:
    return replace(
        arrival,
        path=path,
        relative=f"{arrival.relative}/{name}",
        size=path.stat().st_size,
        archive=arrival.relative,
        etag="",
    )


@contextmanager
def _workbook() -> Generator[None]:
    """Tells damage in plain words; a sheet may be damaged where the workbook around it is not."""
    import fastexcel

    try:
        yield
    except fastexcel.FastExcelError as error:
        first = str(error).partition("\n")[0]
        raise DamagedFileError(
            "workbook_damaged", f"the workbook can't be read ({first}); save it again, or as CSV"
        ) from error


def _sheets(path: Path, arrival: Arrival, scratch: Path) -> Iterator[Arrival]:
    """Sheets as CSV from their header row on; rows above it (titles, dates) are no records."""
    import fastexcel

    with _workbook():
        book = fastexcel.read_excel(path)
        names = book.sheet_names
    found = False
    for number, sheet in enumerate(names):
        with _workbook():
            loaded = book.load_sheet(number, header_row=None, dtypes="string").to_arrow()
        columns = [column.to_pylist() for column in loaded.columns]
        rows = [[cell or "" for cell in row] for row in zip(*columns, strict=True)]
        if not any(cell.strip() for row in rows for cell in row):
            continue
        found = True
        draft = temporary(scratch / f"sheet-{number}")
        with draft.open("w", encoding="utf-8", newline="") as target:
            # Rows above the header become blank lines, so that lines are the sheet's rows.
            begin = header_row(rows)
            target.write("\n" * begin)
            csv.writer(target, lineterminator="\n").writerows(rows[begin:])
        yield _member(arrival, f"{sheet}.csv", draft)
    if not found:
        raise DamagedFileError("empty_file", "the workbook has no filled sheet; export it again")


def header_row(rows: list[list[str]]) -> int:
    """Number of the first row that names most of the columns."""
    filled = [sum(1 for cell in row if cell.strip()) for row in rows]
    widest = max(filled)
    return next(n for n, count in enumerate(filled) if count >= max(1, widest * _HEADER_SHARE))
