"""Tables and documents to the records of each part of a format, with line or position.

Belongs here: lists in documents, wide answers to long ones, which records a part takes. Does not
belong here: event streams, which DuckDB parses from framed lines; parsing (see `ingest.tables`,
`ingest.documents`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.documents import at, flatten, load_json, load_yaml
from ingest.fields import plain
from ingest.formats import Format, Part, Unpivot
from ingest.framing import read_all
from ingest.markup import elements
from ingest.notes import read_note
from ingest.problems import BadRecord, DamagedFileError
from ingest.tables import Table, read_table
from ingest.texts import decode, decode_strictly

_OF_THE_FILE = frozenset({"_file", "_top"})
_OF_THE_LIST = _OF_THE_FILE | {"_position"}


@dataclass
class Records:
    """Records of one part with the line (tables) or position (documents) of each."""

    rows: list[dict[str, Any]]
    lines: list[int]
    bad: list[BadRecord] = field(default_factory=list)
    names: tuple[str, ...] | None = None
    # What a third header row says of the columns.
    ids: dict[str, str] = field(default_factory=dict)


def _unpivoted(
    record: dict[str, Any], unpivot: Unpivot, labels: dict[str, str], ids: dict[str, str]
) -> Iterator[dict[str, Any]]:
    for name, value in flatten(record).items():
        if unpivot.takes(name, ids.get(name, "")):
            key = name.removeprefix(unpivot.prefix)
            label = labels.get(name, name)
            yield record | {"_name": key, "_label": label, "_value": value}


def _chosen(record: dict[str, Any], part: Part) -> bool:
    return all(plain(at(record, key)) in values for key, values in (part.only or {}).items())


def _exploded(item: dict[str, Any], names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """One record per entry of the item's lists; each knows its list, its place in it and the item.

    `histories[].items` looks into the entries of a list, `.` is the item itself, and a text such
    as `12;15` is a list of its pieces.
    """
    above = item
    for name in names:
        above = _without(above, name.partition("[].")[0].split("."))
    for name in names:
        path, _, below = name.partition("[].")
        children = at(item, path) if name != "." else None
        if isinstance(children, str):
            children = [piece.strip() for piece in children.split(";") if piece.strip()]
        listed = children if isinstance(children, list) else ()
        for position, child in enumerate(listed, start=1):
            own = child if isinstance(child, dict) else {"_item": child}
            record = own | {"_parent": above, "_from": name, "_position": position}
            yield from _exploded(record, (below,)) if below else (record,)
        if name == ".":
            yield item


def own_words(record: dict[str, Any]) -> dict[str, Any]:
    """What a record says, without where it was found: its place moves when its list grows."""
    place = _OF_THE_LIST if "_from" in record else _OF_THE_FILE
    own = {key: value for key, value in record.items() if key not in place}
    above = own.get("_parent")
    return own | {"_parent": own_words(above)} if isinstance(above, dict) else own


def _without(item: dict[str, Any], steps: list[str]) -> dict[str, Any]:
    """The item without what stands at a path, which may be far longer than all the rest."""
    first, *rest = steps
    inner = item.get(first)
    if rest and isinstance(inner, dict):
        return item | {first: _without(inner, rest)}
    return {key: value for key, value in item.items() if key != first}


def document_records(document: Any, part: Part, facts: dict[str, str]) -> Records:
    """Records of one part of a JSON or YAML document; the line is the record's position."""
    found = at(document, part.records)
    if found is None:
        found = []
    items = found if isinstance(found, list) else [found]
    top: dict[str, Any] = {}
    if part.needs_top and isinstance(document, dict):
        top = {key: value for key, value in document.items() if key != part.records}
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    for position, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            item = {"_item": item}
        for record in _exploded(item, part.explode) if part.explode else [item]:
            if not _chosen(record, part):
                continue
            record = record | _lifted(record, part) | {"_file": facts, "_top": top}
            wide = list(_unpivoted(record, part.unpivot, {}, {})) if part.unpivot else [record]
            rows.extend(wide)
            lines.extend([position] * len(wide))
    return Records(rows, lines)


def _lifted(record: dict[str, Any], part: Part) -> dict[str, Any]:
    """Fields of the objects that `extra` names: `hidden_plan` for `hidden.plan`."""
    return {
        f"{path.rpartition('.')[2]}_{key}": value
        for path in part.extra
        if isinstance(found := at(record, path), dict)
        for key, value in found.items()
    }


def _with_documents(record: dict[str, Any], columns: tuple[str, ...]) -> dict[str, Any]:
    """The record with the JSON in its cells as values; what is none stays text."""
    for column in columns:
        try:
            record[column] = load_json(record.get(column) or "null")
        except DamagedFileError:
            continue
    return record


def table_records(
    table: Table, part: Part, facts: dict[str, str], documents: tuple[str, ...] = ()
) -> Records:
    """Records of a CSV file; wide answers become one record per question."""
    if not (part.unpivot or part.only or part.explode or documents):
        rows = [dict(zip(table.header, row, strict=True)) | {"_file": facts} for row in table.rows]
        return Records(rows, list(table.lines), list(table.bad), table.header)
    labels = dict(zip(table.header, table.labels, strict=False))
    ids = dict(zip(table.header, table.ids, strict=False))
    out: list[dict[str, Any]] = []
    lines: list[int] = []
    for line, row in zip(table.lines, table.rows, strict=True):
        whole = _with_documents(dict(zip(table.header, row, strict=True)), documents)
        for found in _exploded(whole, part.explode) if part.explode else [whole]:
            if not _chosen(found, part):
                continue
            record = found | {"_file": facts}
            wide = part.unpivot
            made = list(_unpivoted(record, wide, labels, ids)) if wide else [record]
            out.extend(made)
            lines.extend([line] * len(made))
    return Records(out, lines, list(table.bad), table.header, ids)


def read_records(path: Path, chosen: Format, facts: dict[str, str]) -> list[Records]:
    """All records of a table or document, one entry per part of the format.

    Raises:
        DamagedFileError: If the file can't be read as what it was recognised as.
    """
    reader = chosen.reader
    if reader.kind == "csv":
        table = read_table(decode(read_all(path)), reader.delimiter, reader.header_rows)
        documents = reader.json_columns
        return [table_records(table, part, facts, documents) for part in chosen.parts]
    if reader.kind == "xml":
        return [_element_records(path, part, facts) for part in chosen.parts]
    if reader.kind == "markdown":
        return _note_records(path, chosen.parts, facts)
    text = decode_strictly(read_all(path))
    if reader.kind == "json":
        document = load_json(text)
        wanted = [part.records for part in chosen.parts]
        if all(path and at(document, path) is None for path in wanted):
            names = " or ".join(dict.fromkeys(filter(None, wanted)))
            raise DamagedFileError(
                "no_records", f"nothing stands at {names}, not even a list without records; "
                "export the file again"
            )  # fmt: skip
    else:
        document = _with_rules(load_yaml(text))
    return [document_records(document, part, facts) for part in chosen.parts]


def _element_records(path: Path, part: Part, facts: dict[str, str]) -> Records:
    rows, lines = elements(read_all(path), part.records or "")
    return Records([row | {"_file": facts} for row in rows], lines)


def _note_records(path: Path, parts: tuple[Part, ...], facts: dict[str, str]) -> list[Records]:
    """One note for every part; a bad file is set aside once, with the first of them."""
    note = read_note(decode(read_all(path)))
    if isinstance(note, BadRecord):
        return [Records([], [], [note] if number == 0 else []) for number, _ in enumerate(parts)]
    return [Records([note | {"_file": facts}], [1]) for _ in parts]


def _with_rules(document: Any) -> Any:
    """The company's configuration with its internal domains as exclusion rules."""
    if not isinstance(document, dict) or not isinstance(document.get("org"), dict):
        return document
    domains = [
        {"subject_type": "email_domain", "subject": domain, "reason": "internal_domain"}
        for domain in document["org"].get("internal_domains") or ()
    ]
    return document | {"exclusion_rules": domains + (document.get("exclusions") or [])}
