"""CSV files to rows with line numbers.

Belongs here: headers, delimiters, quotes, and rows that can't be cut out of the file. Does not
belong here: what the columns mean (see `ingest.formats`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from ingest.problems import BadRecord, DamagedFileError
from ingest.texts import has_bad_bytes, printable

csv.field_size_limit(64 * 1024 * 1024)
# A line that some exports begin with for Excel's sake; it is no record.
_NAMED = re.compile(r'"?sep=([^"\r\n])"?\s*$', re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """A CSV file: normalised header, what further header rows say, rows, line numbers."""

    header: tuple[str, ...]
    labels: tuple[str, ...]
    ids: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    bad: list[BadRecord]


@dataclass(frozen=True)
class _Cut:
    """A record between two physical lines; no cells where it can't be cut."""

    first: int
    last: int
    cells: list[str]
    problem: str | None = None


def normalise_header(cells: Iterable[str]) -> tuple[str, ...]:
    """Header names in lower case with single spaces; dots become `_`, a repeated name gets `_2`."""
    seen: dict[str, int] = {}
    names = []
    for cell in cells:
        name = " ".join(cell.strip().lower().split()).replace(".", "_")
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(names)


def delimiter_of(text: str) -> str:
    """The delimiter that the first line names (`sep=;`) or has most of."""
    first = text.lstrip("\r\n").split("\n", 1)[0]
    named = _NAMED.match(first)
    return named[1] if named else max(",;\t|", key=first.count)


def header_of(text: str) -> tuple[str, ...]:
    """Normalised names in the first line of a table."""
    lines = _physical_lines(text.lstrip("\r\n"))
    first = next((cut for cut in _cut(lines, delimiter_of(text)) if cut.cells), None)
    return normalise_header(first.cells) if first else ()


def _physical_lines(text: str) -> list[str]:
    # Old spreadsheets end lines with a carriage return alone.
    if "\n" not in text:
        text = text.replace("\r", "\n")
    lines = [f"{line}\n" for line in text.split("\n")]
    if _NAMED.match(lines[0]):
        lines[0] = "\n"
    return lines if lines[-1] != "\n" else lines[:-1]


def _cut(lines: list[str], delimiter: str) -> Iterator[_Cut]:
    """Records of a table; a quote that is never closed costs its own line, not all that follow."""
    begin, width = 0, 0
    while begin < len(lines):
        rest = (lines[number] for number in range(begin, len(lines)))
        reader = csv.reader(rest, delimiter=delimiter)
        first = begin
        while first < len(lines):
            try:
                cells, problem = next(reader, []), None
            except csv.Error:
                cells, problem = [], "malformed_csv"
            last = begin + reader.line_num
            width = width or len(cells)
            if last - first > 1 and _is_swallowed(lines, first, last, cells, width, delimiter):
                yield _Cut(first, first + 1, [], "unclosed_quote")
                break
            yield _Cut(first, last, cells, problem)
            first = last
        else:
            return
        begin = first + 1


def blank_records(text: str, delimiter: str | None, lines: Collection[int]) -> str:
    """The text with the records that begin at `lines` made empty; all others keep their place."""
    physical = _physical_lines(text)
    for cut in _cut(physical, delimiter or delimiter_of(text)):
        if cut.first + 1 in lines:
            physical[cut.first : cut.last] = ["\n"] * (cut.last - cut.first)
    return "".join(physical)


def _is_swallowed(
    lines: list[str], first: int, last: int, cells: list[str], width: int, delimiter: str
) -> bool:
    """Whether a record of several lines is a stray quote that took the rows after it along."""
    if last == len(lines) and sum(line.count('"') for line in lines[first:last]) % 2:
        return True
    if len(cells) == width:
        return False
    with suppress(csv.Error):
        return len(next(csv.reader([lines[first + 1]], delimiter=delimiter), [])) == width
    return False


def read_table(text: str, delimiter: str | None, header_rows: int) -> Table:
    """Reads CSV text; rows that can't be read whole are set aside with their raw lines.

    Raises:
        DamagedFileError: If the header is missing.
    """
    physical = _physical_lines(text)
    padded = "\u00a0" in text
    headers: list[list[str]] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    bad: list[BadRecord] = []
    for cut in _cut(physical, delimiter or delimiter_of(text)):
        is_blank = cut.problem is None and not any(cell.strip() for cell in cut.cells)
        if len(headers) < header_rows:
            if headers or not is_blank:
                headers.append(cut.cells)
            continue
        if is_blank:
            continue
        raw = "".join(physical[cut.first : cut.last])
        problem = cut.problem
        if problem is None and len(cut.cells) != len(headers[0]):
            problem = "wrong_number_of_cells"
        if has_bad_bytes(raw):
            problem = "invalid_utf8"
        if problem:
            bad.append(BadRecord(cut.first + 1, printable(raw.rstrip("\r\n")), problem))
        else:
            # Spreadsheets pad cells with spaces that do not break.
            rows.append([cell.strip("\u00a0 ") for cell in cut.cells] if padded else cut.cells)
            lines.append(cut.first + 1)
    if len(headers) < header_rows:
        raise DamagedFileError("no_header", "the file has no header row; export it again")
    labels = headers[1] if header_rows > 1 else headers[0]
    ids = headers[2] if header_rows > 2 else []
    return Table(normalise_header(headers[0]), tuple(labels), tuple(ids), rows, lines, bad)
