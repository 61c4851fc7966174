"""Files to records: what kind a file is, which names it holds, and its rows with line numbers.

Belongs here: reading tables (CSV) and documents (JSON, YAML) whose size is a vendor's page or an
export by hand. Does not belong here: event streams, which DuckDB parses from framed lines.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ingest.formats import Format, Kind, Part, Reader, load_formats
from ingest.framing import DamagedFileError, decode, head, read_text

_SAMPLE_LINES = 50
csv.field_size_limit(64 * 1024 * 1024)


@dataclass(frozen=True)
class BadRecord:
    """A record that could not even be cut out of the file."""

    line: int
    raw: str
    reason: str


@dataclass
class Records:
    """Records of one part with the line (tables) or position (documents) of each."""

    rows: list[dict[str, Any]]
    lines: list[int]
    bad: list[BadRecord] = field(default_factory=list)
    names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Table:
    """A CSV file: normalised header, labels of the second header row, rows, line numbers."""

    header: tuple[str, ...]
    labels: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    bad: list[BadRecord]


def normalise_header(cells: Iterable[str]) -> tuple[str, ...]:
    """Header names in lower case with single spaces; dots become `_`, a repeated name gets `_2`"""
    seen: dict[str, int] = {}
    names = []
    for cell in cells:
        name = " ".join(cell.strip().lower().split()).replace(".", "_")
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(names)


def _delimiter(text: str) -> str:
    first = text.split("\n", 1)[0]
    return max(",;\t|", key=first.count)


def read_table(text: str, reader: Reader) -> Table:
    """Reads CSV text; rows with another number of cells than the header are set aside."""
    rows_of = csv.reader(
        io.StringIO(text, newline=""), delimiter=reader.delimiter or _delimiter(text)
    )
    physical = text.splitlines()
    headers: list[list[str]] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    bad: list[BadRecord] = []
    start = 1
    for row in rows_of:
        line, start = start, rows_of.line_num + 1
        if len(headers) < reader.header_rows:
            if headers or any(cell.strip() for cell in row):
                headers.append(row)
        elif not any(cell.strip() for cell in row):
            continue
        elif len(row) != len(headers[0]):
            raw = "\n".join(physical[line - 1 : rows_of.line_num])
            bad.append(BadRecord(line, raw, "wrong_number_of_cells"))
        else:
            rows.append(row)
            lines.append(line)
    if len(headers) < reader.header_rows:
        raise DamagedFileError("no_header", "the file has no header row; export it again")
    labels = headers[1] if reader.header_rows > 1 else headers[0]
    return Table(normalise_header(headers[0]), tuple(labels), rows, lines, bad)


def load_json(text: str) -> Any:
    """Parses a JSON document; raises `DamagedFileError` with line and column."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise DamagedFileError(
            "malformed_json",
            f"line {error.lineno}, column {error.colno}: {error.msg}; the export may be cut off",
        ) from error


def load_yaml(text: str) -> Any:
    """Parses YAML with every scalar as text, so that `no`, `1.10` and dates are not guessed."""
    try:
        return yaml.load(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        raise DamagedFileError(
            "malformed_yaml", f"{line}{getattr(error, 'problem', error)}; mend the file"
        ) from error


def _at(document: Any, path: str | None) -> Any:
    for step in path.split(".") if path else ():
        document = document.get(step) if isinstance(document, dict) else None
    return document


def _unpivoted(
    record: dict[str, Any], part: Part, labels: dict[str, str]
) -> Iterator[dict[str, Any]]:
    assert part.unpivot is not None
    for name, value in flatten(record).items():
        if part.unpivot.match.fullmatch(name):
            key = name.removeprefix(part.unpivot.prefix)
            label = labels.get(name, name)
            yield record | {"_name": key, "_label": label, "_value": value}


def flatten(record: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested objects as one level with dotted names; lists stay as they are."""
    flat: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _chosen(record: dict[str, Any], part: Part) -> bool:
    return all(str(_at(record, key)) in values for key, values in (part.only or {}).items())


def _exploded(item: dict[str, Any], names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """One record per entry of the item's lists; each knows its list and the item around it."""
    above = {key: value for key, value in item.items() if key not in names}
    for name in names:
        children = _at(item, name)
        for child in children if isinstance(children, list) else ():
            own = child if isinstance(child, dict) else {"_item": child}
            yield own | {"_parent": above, "_from": name}


def document_records(document: Any, part: Part, facts: dict[str, str]) -> Records:
    """Records of one part of a JSON or YAML document; the line is the record's position."""
    found = _at(document, part.records)
    if found is None:
        found = []
    items = found if isinstance(found, list) else [found]
    top = {k: v for k, v in document.items() if k != part.records} if part.needs_top else {}
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    bad: list[BadRecord] = []
    for position, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            item = {"_item": item}
        for record in _exploded(item, part.explode) if part.explode else [item]:
            if not _chosen(record, part):
                continue
            record = record | {"_file": facts, "_top": top}
            wide = list(_unpivoted(record, part, {})) if part.unpivot else [record]
            rows.extend(wide)
            lines.extend([position] * len(wide))
    return Records(rows, lines, bad)


def table_records(table: Table, part: Part, facts: dict[str, str]) -> Records:
    """Records of a CSV file; wide answers become one record per question."""
    if part.unpivot is None and not part.only:
        rows = [dict(zip(table.header, row, strict=True)) | {"_file": facts} for row in table.rows]
        return Records(rows, list(table.lines), list(table.bad), table.header)
    labels = dict(zip(table.header, table.labels, strict=False))
    out: list[dict[str, Any]] = []
    lines: list[int] = []
    for line, row in zip(table.lines, table.rows, strict=True):
        record: dict[str, Any] = dict(zip(table.header, row, strict=True)) | {"_file": facts}
        if not _chosen(record, part):
            continue
        made = list(_unpivoted(record, part, labels)) if part.unpivot else [record]
        out.extend(made)
        lines.extend([line] * len(made))
    return Records(out, lines, list(table.bad), table.header)


def read_records(path: Path, chosen: Format, facts: dict[str, str]) -> list[Records]:
    """All records of a table or document, one entry per part of the format.

    Raises:
        DamagedFileError: If the file can't be read as what it was recognised as.
    """
    text = read_text(path)
    if chosen.reader.kind == "csv":
        table = read_table(text, chosen.reader)
        return [table_records(table, part, facts) for part in chosen.parts]
    document = load_json(text) if chosen.reader.kind == "json" else _with_rules(load_yaml(text))
    return [document_records(document, part, facts) for part in chosen.parts]


def _with_rules(document: Any) -> Any:
    """The company's configuration with its internal domains as exclusion rules."""
    if not isinstance(document, dict) or not isinstance(document.get("org"), dict):
        return document
    domains = [
        {"subject_type": "email_domain", "subject": domain, "reason": "internal_domain"}
        for domain in document["org"].get("internal_domains") or ()
    ]
    return document | {"exclusion_rules": domains + (document.get("exclusions") or [])}


def _tokens(value: Any, prefix: str = "", depth: int = 4) -> set[str]:
    if depth == 0:
        return set()
    if isinstance(value, dict):
        found = set()
        for key, inner in value.items():
            found.add(f"{prefix}{key}")
            found |= _tokens(inner, f"{prefix}{key}.", depth - 1)
            if key == "kind" and isinstance(inner, str):
                found.add(f"kind={inner}")
        return found
    if isinstance(value, list):
        found = set()
        for inner in value[:5]:
            found |= _tokens(inner, f"{prefix.removesuffix('.')}[].", depth)
        return found
    return set()


def _json_lines(text: str) -> list[dict[str, Any]]:
    rows = []
    for line in text.split("\n")[:_SAMPLE_LINES]:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows


def _damaged_tokens(text: str) -> frozenset[str]:
    """Names that a cut-off document seems to hold, so that its format can still be named."""
    quoted = set(text.split('"')[1::2])
    known = (token for known_format in load_formats() for token in known_format.has)
    return frozenset(token for token in known if token.split(".")[-1].rstrip("[]") in quoted)


def fingerprint(path: Path, suffix: str = "") -> tuple[Kind | None, frozenset[str]]:
    """What a file looks like: its kind and the names in its head.

    Names of nested objects are dotted (`context.library`), names in lists follow `[]`
    (`results[].properties.domain`); CSV headers are normalised.
    """
    text = decode(head(path)).lstrip("\r\n\t ")
    if (suffix or path.suffix) in {".yml", ".yaml"}:
        return "yaml", frozenset(_tokens(load_yaml(read_text(path))))
    if not text or "\0" in text[:1000]:
        return None, frozenset()
    rows = _json_lines(text)
    if text.startswith(("{", "[")) and not (len(rows) > 1 or (rows and "\n{" in text)):
        try:
            document = load_json(read_text(path))
        except DamagedFileError:
            if not rows:
                return "json", _damaged_tokens(text)
        else:
            tokens = _tokens(document)
            nested = isinstance(document, list) or any(
                isinstance(value, list) and (not value or isinstance(value[0], dict))
                for value in document.values()
            )
            return ("json" if nested or "\n" in text.strip() else "ndjson"), frozenset(tokens)
    if rows:
        merged: set[str] = set()
        for row in rows:
            merged |= _tokens(row, depth=2)
        return "ndjson", frozenset(merged)
    header = next(csv.reader(io.StringIO(text), delimiter=_delimiter(text)), [])
    return "csv", frozenset(normalise_header(header))
