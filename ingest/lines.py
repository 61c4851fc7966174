"""Files of one record a line: how DuckDB reads them all at once, and what is wrong with a line.

Belongs here: JSON lines and headerless tab-separated lines, as a relation that has exactly one row
per line. Does not belong here: cutting bytes into lines (`ingest.framing`), what the fields mean
(`ingest.mapping`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.fields import MappingError
from ingest.formats import Reader
from ingest.framing import Chunk
from ingest.mapping import RECORD_HASH
from ingest.values import name, quote

LINES = frozenset({"ndjson", "tsv"})
_LONGEST_LINE = 16_000_000
# Half an emoji: JSON's grammar allows it, Unicode doesn't, nor does the parser.
_LONE_SURROGATE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_BLANKS = "concat(' ', chr(9), chr(11), chr(12), chr(13))"
# Stands for a line that the parser can't take; no line of either kind looks like it.
_UNREADABLE = b"!"


def why_malformed(line: bytes) -> str | None:
    """Why a line is no JSON object, or None if it is one."""
    if len(line) > _LONGEST_LINE:
        return "line_too_long"
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return "invalid_utf8"
    try:
        value = json.loads(text)
    except ValueError:
        return "malformed_json"
    except RecursionError:
        return "too_deeply_nested"
    if not isinstance(value, dict):
        return "not_an_object"
    if "\\u" in text and _LONE_SURROGATE.search(text):
        return "half_a_surrogate_pair"
    return None


@dataclass(frozen=True)
class LineReader:
    """Lines of one kind."""

    reader: Reader

    def relation(self, paths: Sequence[Path], reads: dict[str, str]) -> str:
        """SQL for the records of files, in their order: the columns of `reads`, and `r_extra`.

        What is no record gives a row of NULLs.
        """
        if self.reader.kind == "tsv":
            return _tabbed(paths, reads, self.reader.columns)
        return _hashed_json(paths, reads) if RECORD_HASH in reads else _json(paths, reads)

    def problem(self, line: bytes) -> str | None:
        """Why a line is no record at all, or None if it is one."""
        if self.reader.kind == "ndjson":
            return why_malformed(line)
        if len(line) > _LONGEST_LINE:
            return "line_too_long"
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            return "invalid_utf8"
        cells = line.count(b"\t") + 1
        return None if cells == len(self.reader.columns) else "wrong_number_of_cells"

    def is_readable(self, chunk: Chunk) -> bool:
        """Whether the parser can be given a chunk as it is; it replaces bad bytes in silence."""
        if self.reader.kind == "ndjson":
            return True
        try:
            chunk.data.decode("utf-8")
        except UnicodeDecodeError:
            return False
        return True

    def readable(self, block: bytes) -> bytes:
        """Whole lines with those that stop the parser made unreadable, not dropped."""
        return b"\n".join(
            _UNREADABLE if line and self._stops(line) else line for line in block.split(b"\n")
        )

    def _stops(self, line: bytes) -> bool:
        if self.reader.kind == "ndjson":
            return len(line) > _LONGEST_LINE
        return bool(line.strip()) and self.problem(line) is not None


def _listed(paths: Sequence[Path]) -> str:
    return f"[{', '.join(quote(str(path)) for path in paths)}]"


def _json(paths: Sequence[Path], reads: dict[str, str]) -> str:
    columns = ", ".join(f"{name(key)}: {quote(kind)}" for key, kind in reads.items())
    return (
        f"(select *, NULL::varchar as r_extra from read_json({_listed(paths)}, "
        f"format = 'newline_delimited', ignore_errors = true, columns = {{{columns}}}))"
    )


def _hashed_json(paths: Sequence[Path], reads: dict[str, str]) -> str:
    """The same with a hash of each whole record; slower, since each line is read twice."""
    wanted = {key: kind for key, kind in reads.items() if key != RECORD_HASH}
    return (
        f"(select unnest(json_transform(json, {quote(json.dumps(wanted))})), "
        f"sha256(cast(json as varchar)) as {RECORD_HASH}, NULL::varchar as r_extra "
        f"from read_ndjson_objects({_listed(paths)}, ignore_errors = true))"
    )


def _tabbed(paths: Sequence[Path], reads: dict[str, str], columns: tuple[str, ...]) -> str:
    fields = []
    for key, kind in reads.items():
        cell = "sha256(array_to_string(cells, chr(9)))"
        if key != RECORD_HASH:
            if key not in columns or kind not in {"VARCHAR", "JSON"}:
                raise MappingError(f"{key}: the file has no such column")
            cell = f"cells[{columns.index(key) + 1}]"
        if kind == "JSON":
            cell = f"case when json_valid({cell}) then cast({cell} as json) end"
        fields.append(f"case when len(cells) = {len(columns)} then {cell} end as {name(key)}")
    return (
        f"(select {', '.join(fields)}, NULL::varchar as r_extra from "
        "(select string_split(line, chr(9)) as cells from "
        f"read_csv({_listed(paths)}, header = false, auto_detect = false, delim = '\\x01', "
        f"quote = '', escape = '', max_line_size = {_LONGEST_LINE * 2}, "
        # A line of white space is no record, as among JSON lines.
        f"columns = {{'line': 'VARCHAR'}}) where trim(line, {_BLANKS}) <> ''))"
    )
