"""Notes in Markdown or plain text with YAML front matter, one note a file.

Belongs here: cutting a note into its front matter and its text. Does not belong here: what the
words of the front matter mean (see `ingest.formats`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ingest.documents import load_yaml
from ingest.problems import BadRecord, DamagedFileError
from ingest.texts import has_bad_bytes, printable

SUFFIXES = frozenset({".md", ".markdown", ".txt"})
_WORD = re.compile(r"([A-Za-z][\w -]*?)\s*:(?:\s+(.*?))?\s*$")
_LINE = re.compile(r"^line (\d+)")


@dataclass(frozen=True)
class _Cut:
    """Lines of the front matter, and the text below them; nothing where there is none."""

    front: list[str] | None
    body: str


def is_note(text: str, suffix: str) -> bool:
    """Whether a file looks like a note with front matter, or calls itself Markdown."""
    marked = text.startswith("---") and text.split("\n", 1)[0].strip() == "---"
    return suffix in {".md", ".markdown"} or (suffix in SUFFIXES and marked)


def _cut(text: str) -> _Cut:
    lines = text.lstrip("\r\n\t \ufeff").split("\n")
    if lines[0].strip() != "---":
        return _Cut(None, text)
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() in {"---", "..."}:
            return _Cut(lines[1:number], "\n".join(lines[number + 1 :]))
    return _Cut(None, text)


def words_of(text: str) -> frozenset[str]:
    """Words of the front matter and, as `type=interview`, the type; also of one with errors."""
    front = _cut(text).front
    found: set[str] = set()
    for line in text.split("\n")[1:50] if front is None else front:
        if match := _WORD.match(line):
            found.add(_key(match[1]))
            if match[2] and _key(match[1]) == "type":
                found.add(f"type={match[2].strip(chr(34) + chr(39)).lower()}")
    return frozenset(found)


def _key(word: str) -> str:
    return "_".join(word.strip().lower().replace("-", " ").split())


def read_note(text: str) -> dict[str, Any] | BadRecord:
    """The front matter with every value as text and the text as `_body`; or what is wrong."""
    raw = printable(text)
    if has_bad_bytes(text):
        return BadRecord(1, raw, "invalid_utf8")
    cut = _cut(text.replace("\r\n", "\n"))
    if cut.front is None:
        opened = text.lstrip("\r\n\t \ufeff").startswith("---")
        return BadRecord(1, raw, "unclosed_front_matter" if opened else "no_front_matter")
    try:
        front = load_yaml("\n".join(cut.front))
    except DamagedFileError as error:
        told = _LINE.match(str(error))
        return BadRecord(int(told[1]) + 1 if told else 1, raw, "malformed_front_matter")
    if not isinstance(front, dict):
        return BadRecord(1, raw, "malformed_front_matter")
    return {_key(str(key)): value for key, value in front.items()} | {"_body": cut.body.strip()}
