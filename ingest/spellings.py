"""How one and the same text is written in files: as it is, with JSON's escapes, as part of a URL.

Belongs here: finding texts in bytes whatever their spelling and encoding. Does not belong here:
which texts (`ingest.subjects`), which files (`ingest.absence`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

_ESCAPED = re.compile(r"\\+(?:u([0-9A-Fa-f]{4})|/)")
_NO_PART = r"\s\"<>(),:;?&\\\[\]{}|@%"
# It begins where a word does: else each end of a long word would be tried.
_ADDRESS = re.compile(rf"(?<![^{_NO_PART}])[^{_NO_PART}]+(?:@|%40)[^{_NO_PART}]+")
# Characters that may belong to an address, or stand before it.
_MAY_END = re.compile(r"[/='`*]")
# Characters that every writer leaves as they are.
_PLAIN = re.compile(r"[0-9A-Za-z._-]+")


def _spelled(char: str) -> str:
    if char.isspace() or _PLAIN.fullmatch(char):
        return re.escape(char).replace("\\-", "-")
    forms = [re.escape(char), quote(char, safe="")] + [
        # Text in text is escaped more than once.
        "".join(rf"\\+u{unit:04x}" for unit in _utf16(form))
        for form in dict.fromkeys((char.lower(), char.upper()))
    ]
    forms += [r"\\+/"] if char == "/" else []
    return f"(?:{'|'.join(dict.fromkeys(forms))})"


def _utf16(text: str) -> list[int]:
    data = text.encode("utf-16-be", errors="surrogatepass")
    return [int.from_bytes(data[n : n + 2]) for n in range(0, len(data), 2)]


def spellings(text: str) -> str:
    """A pattern, for RE2 and Python's `re` alike, that finds a text in all its spellings."""
    return "".join(map(_spelled, text))


def hints(texts: Iterable[str]) -> frozenset[bytes]:
    """What bytes in lower case hold if they hold any of the texts; they may hold it without.

    To look for words is many times faster than for a pattern, which then decides.
    """
    return frozenset(hint.encode() for text in texts for hint in _hints(text.lower()))


def _hints(text: str) -> tuple[str, ...]:
    name, at, domain = text.partition("@")
    if at and _PLAIN.fullmatch(name) and _PLAIN.fullmatch(domain):
        return tuple(f"{name}{sign}{domain}" for sign in ("@", "%40", "\\u0040"))
    return (max(_PLAIN.findall(text), key=len, default=""),)


def readings(block: bytes, pattern: str) -> list[str]:
    """A block of a file as text: in UTF-8 and, where that may matter, in Windows-1252."""
    read = [block.decode("utf-8", errors="replace")]
    return read if pattern.isascii() else [*read, block.decode("cp1252", errors="replace")]


def addresses(block: bytes) -> set[str]:
    """All that a block of a file holds and that may be an e-mail address, in lower case."""
    found: set[str] = set()
    if b"@" not in block and b"%40" not in block and b"u0040" not in block:
        return found
    for text in readings(block, "ä"):
        plain = _ESCAPED.sub(lambda m: chr(int(m[1], 16)) if m[1] else "/", text)
        for word in set(_ADDRESS.findall(plain)):
            clean = word.lower().replace("%40", "@").strip(".'`*")
            found.add(clean)
            pieces = clean.partition("@")
            found.add(_MAY_END.split(pieces[0])[-1] + "@" + _MAY_END.split(pieces[2])[0])
    # Half a character, where a block was cut, can't be hashed.
    return {one for one in found if one.isprintable()}
