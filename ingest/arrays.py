"""A JSON array of objects, read as one object a line.

Belongs here: telling such an array, and cutting it into its elements, however long it is. Does not
belong here: documents that are read whole (`ingest.documents`), lines (`ingest.framing`).
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from ingest.problems import DamagedFileError

# So much of the beginning tells whether a text is an array of objects.
_HEAD_BYTES = 256 * 1024
_ENOUGH = 50
_LONGEST_ELEMENT = 16_000_000
_BLANKS = " \t\r\n"
_BEGIN = re.compile(rf"[{_BLANKS}]*\[[{_BLANKS}]*(?={{)")
_BETWEEN = re.compile(rf"[{_BLANKS}]*([,\]])[{_BLANKS}]*")
_decode = json.JSONDecoder().raw_decode


def first_elements(text: str, most: int = _ENOUGH) -> list[Any]:
    """The first elements of an array of objects; none where a text does not begin like one.

    Objects that follow each other without a comma are lines, whatever stands before them.
    """
    found: list[Any] = []
    begin = _BEGIN.match(text)
    end, mark = begin.end() if begin else 0, ","
    while begin and mark == "," and len(found) < most:
        try:
            element, end = _decode(text, end)
        except (ValueError, RecursionError):
            break
        between = _BETWEEN.match(text, end)
        if not between:
            break
        found.append(element)
        end, mark = between.end(), between[1]
    is_over = mark == "]" and end < len(text)
    return [] if is_over else found


def as_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """A text in UTF-8, an array of objects with a line for each element.

    The number of a line is then the element's place in the array.

    Raises:
        DamagedFileError: If the array is cut off, or is no JSON.
    """
    first = next(blocks, b"")
    if first.lstrip()[:1] == b"[":
        while len(first) < _HEAD_BYTES and (more := next(blocks, b"")):
            first += more
        if first_elements(first[:_HEAD_BYTES].decode(errors="surrogateescape")):
            yield from _elements(chain([first], blocks))
            return
    yield first
    yield from blocks


def _elements(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The elements, those that end in one block together; memory does not grow with the array."""
    utf8 = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    text, number, mark, problem = "", 0, "[", ""
    for block in blocks:
        text = (text + utf8.decode(block)).lstrip(_BLANKS)
        end, lines = 0, []
        if mark == "[" and (begin := _BEGIN.match(text)):
            end, mark = begin.end(), ","
        while mark == ",":
            try:
                _, after = _decode(text, end)
            except ValueError as error:
                problem = getattr(error, "msg", str(error))
                break
            except RecursionError as error:
                raise _damaged(number + 1, "it is nested too deeply") from error
            between = _BETWEEN.match(text, after)
            if not between:
                problem = "no comma follows it"
                break
            lines.append(text[end:after].replace("\n", " ").replace("\r", " "))
            number, end, mark = number + 1, between.end(), between[1]
        text = text[end:]
        if len(text) > _LONGEST_ELEMENT or (mark == "]" and text):
            break
        if lines:
            yield "".join(f"{line}\n" for line in lines).encode(errors="surrogateescape")
    if mark == "]" and text:
        raise _damaged(number, "more follows the end of the array")
    if mark != "]":
        raise _damaged(number + 1, problem)


def _damaged(number: int, what: str) -> DamagedFileError:
    return DamagedFileError(
        "malformed_json",
        f"element {number} of the array: {what}; the export may be cut off. With one object a "
        "line (jq -c '.[]') a damaged one would cost only itself",
    )
