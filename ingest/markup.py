"""XML reports to records: elements of one name, with their attributes and what they hold.

Belongs here: reading XML without ever following what it declares. Does not belong here: what the
elements mean (see `ingest.formats`).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NoReturn
from xml.parsers import expat

from ingest.problems import DamagedFileError

_DEEPEST = 100
_TAG = re.compile(r"<([A-Za-z_][\w.:-]*)")


def tags_in(text: str) -> frozenset[str]:
    """Names of the elements in the head of a document."""
    return frozenset(_TAG.findall(text))


def _refuse(*_: Any) -> NoReturn:
    raise DamagedFileError(
        "declares_entities",
        "the document declares a document type or entities, which are never followed; "
        "export the file again without them",
    )


@dataclass
class _Element:
    tag: str
    line: int
    values: dict[str, Any]
    text: list[str] = field(default_factory=list)
    # How often a wanted element of each name stood in it so far.
    turns: Counter[str] = field(default_factory=Counter)

    def add(self, tag: str, child: dict[str, Any]) -> None:
        """Adds a child under its name; a further one of the same name gets `_2`."""
        number, key = 1, tag
        while key in self.values:
            number += 1
            key = f"{tag}_{number}"
        self.values[key] = child


class _Reader:
    """Gathers the wanted elements while the parser walks through the document."""

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted
        self._open: list[_Element] = []
        self.rows: list[dict[str, Any]] = []
        self.lines: list[int] = []

    def read(self, data: bytes) -> None:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse
        parser.EntityDeclHandler = _refuse
        parser.StartElementHandler = lambda tag, values: self._begin(
            tag, values, parser.CurrentLineNumber
        )
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.Parse(data, True)

    def _begin(self, tag: str, values: dict[str, Any], line: int) -> None:
        if len(self._open) >= _DEEPEST:
            raise DamagedFileError(
                "too_deeply_nested", f"line {line}: the elements are nested too deeply to be read"
            )
        self._open.append(_Element(tag, line, values))

    def _text(self, text: str) -> None:
        self._open[-1].text.append(text)

    def _end(self, tag: str) -> None:
        element = self._open.pop()
        text = "".join(element.text).strip()
        found = element.values | ({"_text": text} if text else {})
        if tag == self._wanted:
            self._take(element, found)
        elif self._open:
            self._open[-1].add(tag, found)

    def _take(self, element: _Element, found: dict[str, Any]) -> None:
        around: dict[str, Any] = {}
        for outer in self._open:
            plain = {k: v for k, v in outer.values.items() if isinstance(v, str)}
            around = plain | ({"_parent": around} if around else {})
        turns = self._open[-1].turns if self._open else Counter[str]()
        name = str(found.get("name"))
        turns[name] += 1
        self.rows.append(found | {"_parent": around, "_nth": str(turns[name])})
        self.lines.append(element.line)


def elements(data: bytes, wanted: str) -> tuple[list[dict[str, Any]], list[int]]:
    """All elements of one name, however deep, and the lines on which they begin.

    Attributes are texts, children are records of their own under their names, `_text` is the
    text, `_parent` has the attributes of the element around it (and its `_parent`), `_nth` tells
    elements of the same `name` in the same place apart.

    Raises:
        DamagedFileError: If the document is cut off, declares entities, or is no XML.
    """
    reader = _Reader(wanted)
    try:
        reader.read(data)
    except expat.ExpatError as error:
        raise DamagedFileError(
            "malformed_xml",
            f"line {error.lineno}, column {error.offset + 1}: {expat.ErrorString(error.code)}; "
            "the report may be cut off",
        ) from error
    except (ValueError, LookupError) as error:
        if isinstance(error, DamagedFileError):
            raise
        raise DamagedFileError("malformed_xml", f"{error}; export the file again") from error
    return reader.rows, reader.lines
