"""What a file looks like: its kind and the names in its head.

Belongs here: everything that tells formats apart before a file is read. Does not belong here:
the formats (see `ingest.formats`), what else speaks for one (see `ingest.recognition`), reading all
records (see `ingest.records`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from ingest.arrays import first_elements
from ingest.documents import load_json, load_yaml
from ingest.formats import Format, Kind, load_formats
from ingest.framing import head, read_all
from ingest.markup import tags_in
from ingest.notes import is_note, words_of
from ingest.problems import DamagedFileError
from ingest.tables import header_of
from ingest.texts import decode, decode_strictly, is_binary

# Looked at first, since telling the vendor by few lines is cheap; then, if need be, more.
FEW_LINES = 3
MANY_LINES = 50
# Share of a format's names that a damaged document must hold to be taken for it.
_ENOUGH = 0.5
# A first line that is longer than the usual head is looked for this far.
_LONG_HEAD = 32 * 1024 * 1024
# Of the records of a page so many are looked at: not each has all that its vendor writes.
_ITEMS = 50
_ARCHIVES = {
    b"%PDF": "a PDF: export the table behind it as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save the sheet as CSV",
}


@dataclass(frozen=True)
class Recognition:
    """What a file was recognised as, or the nearest formats with what they miss."""

    format: Format | None
    nearest: tuple[tuple[str, tuple[str, ...]], ...] = ()
    kind: Kind | None = None


def fingerprint(
    path: Path, suffix: str = "", lines: int = MANY_LINES, *, whole: bool = True
) -> tuple[Kind | None, frozenset[str]]:
    """Kind of a file (None: no text) and the names that it holds.

    Names of nested objects are dotted (`context.library`), names in lists follow `[]`
    (`results[].properties.domain`); CSV headers are normalised. Without `whole`, one document is
    not told: it would have to be read to its end.

    Raises:
        DamagedFileError: If the file is empty, cut off at its head, or YAML with an error.
    """
    data = head(path)
    if not data.strip(b"\0\r\n\t "):
        raise DamagedFileError("empty_file", "the file is empty; export it again")
    for magic, what in _ARCHIVES.items():
        if data.startswith(magic):
            raise DamagedFileError("not_text", f"this is {what}")
    text = decode(data).lstrip("\r\n")
    if is_binary(text):
        return None, frozenset()
    # A log without a header may begin with an empty cell, or with a line that is damaged.
    widths = {line.count("\t") + 1 for line in text.split("\n", lines)[:lines]}
    text = text.lstrip("\t ")
    if (suffix or path.suffix) in {".yml", ".yaml"}:
        return "yaml", frozenset(_tokens(load_yaml(decode_strictly(read_all(path)))))
    if logs := widths & {len(known.reader.columns) for known in load_formats()}:
        return "tsv", frozenset(f"columns={width}" for width in logs)
    if is_note(text, suffix or path.suffix):
        return "markdown", words_of(text)
    if text.startswith("<"):
        return "xml", tags_in(text)
    if not text.startswith(("{", "[")):
        rows = _json_lines(text, lines)
        return ("ndjson", _line_tokens(rows)) if rows else ("csv", frozenset(header_of(text)))
    items = first_elements(text, MANY_LINES)
    # An array of which the usual head has enough need not be read further.
    if len(items) < MANY_LINES and ("\n" not in text or text.startswith("[")):
        text = decode(head(path, _LONG_HEAD)).lstrip("\r\n\t ")
        items = first_elements(text, MANY_LINES)
    if items:
        return "json", frozenset(_tokens(items))
    rows = _json_lines(text, lines)
    if len(rows) > 1 or (rows and "\n{" in text):
        return "ndjson", _line_tokens(rows)
    return _document_tokens(path, text, rows) if whole else (None, frozenset())


def _document_tokens(
    path: Path, text: str, rows: list[dict[str, Any]]
) -> tuple[Kind, frozenset[str]]:
    try:
        document = load_json(decode(read_all(path)))
    except DamagedFileError:
        # Lines of objects, or a page that was cut off: its names tell what it should have been.
        return ("ndjson", _line_tokens(rows)) if rows else ("json", _damaged_tokens(text))
    is_line = isinstance(document, dict) and "\n" not in text.strip()
    return "ndjson" if is_line else "json", frozenset(_tokens(document))


def _tokens(value: Any, prefix: str = "", depth: int = 4) -> set[str]:
    if depth == 0:
        return set()
    found: set[str] = set()
    if isinstance(value, dict):
        for key, inner in value.items():
            found.add(f"{prefix}{key}")
            found |= _tokens(inner, f"{prefix}{key}.", depth - 1)
            if key == "kind" and isinstance(inner, str):
                found.add(f"kind={inner}")
    elif isinstance(value, list):
        if not value:
            found.add(f"{prefix.removesuffix('.')}=[]")
        for inner in value[:_ITEMS]:
            # Only objects in lists have names; lists of lists are not looked into.
            if isinstance(inner, dict):
                found |= _tokens(inner, f"{prefix.removesuffix('.')}[].", depth)
    return found


def _line_tokens(rows: list[dict[str, Any]]) -> frozenset[str]:
    return frozenset().union(*(_tokens(row, depth=2) for row in rows))


def _json_lines(text: str, count: int) -> list[dict[str, Any]]:
    rows = []
    for line in text.split("\n", count)[:count]:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows


def _damaged_tokens(text: str) -> frozenset[str]:
    """What a document that was cut off should have held: the names of the format it is nearest.

    So the file is refused as a damaged export of that vendor, not as something unknown.
    """
    quoted = set(text.split('"')[1::2])

    def share(names: frozenset[str]) -> float:
        seen = [n for n in names if quoted.issuperset(n.replace("[]", "").strip(".").split("."))]
        return len(seen) / len(names)

    documents = [known.has for known in load_formats() if known.reader.kind == "json"]
    nearest = max(documents, key=lambda names: (share(names), len(names)))
    return nearest if share(nearest) >= _ENOUGH else frozenset()


def recognise(
    names: Iterable[str], kind: Kind | None, tokens: frozenset[str], mappings: Iterable[Format],
    expected: str = "",
) -> Recognition:  # fmt: skip
    """Finds the format of a file: first the company's own mappings by name, then by fingerprint.

    Args:
        names: Paths below the drop folder by which a mapping may mean it, with `/`.
        kind: What the bytes look like.
        tokens: Names seen in the file's head (see `fingerprint`).
        mappings: Formats made from `productops.yml`.
        expected: Name of the format that is chosen wherever the file fits it.
    """
    for mapping in mappings:
        if mapping.files and any(fnmatch(path, mapping.files) for path in names):
            return Recognition(mapping)
    # An object on a line of its own is a record of an export or a whole document.
    kinds: tuple[Kind | None, ...] = (kind, "json") if kind == "ndjson" else (kind,)
    fitting = [f for f in load_formats() if f.reader.kind in kinds and f.has <= tokens]
    # An array may hold what otherwise stands on lines.
    listed = {item.removeprefix("[].") for item in tokens if item.startswith("[].")}
    fitting += [f for f in load_formats() if f.reader.kind == "ndjson" and f.has <= listed]
    if not (fitting or any("[]." in item for item in tokens)):
        # A page without records lacks the names that they would have.
        empty = {item.removesuffix("=[]") for item in tokens if item.endswith("=[]")}
        bare = [
            known for known in load_formats() if known.reader.kind == "json" and "json" in kinds
            and all(item in tokens or item.partition("[]")[0] in empty for item in known.has)
        ]  # fmt: skip
        fitting = bare if len(bare) == 1 else []
    if fitting:
        rank = lambda f: (f.name == expected, f.reader.kind == kind, len(f.has), f.name)  # noqa: E731
        return Recognition(max(fitting, key=rank))
    seen = tokens | listed
    near = sorted(
        (
            (len(f.has & seen) / len(f.has), f.name, tuple(sorted(f.has - seen)))
            for f in load_formats()
            if f.has & seen
        ),
        key=lambda item: (-item[0], item[1]),
    )
    return Recognition(None, tuple((name, missing) for _, name, missing in near[:3]), kind)
