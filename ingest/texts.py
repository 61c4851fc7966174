"""Bytes to text: byte order marks, UTF-8, UTF-16, Windows-1252.

Belongs here: which encoding a file has. Does not belong here: decompression and lines (see
`ingest.framing`), what the text means (see `ingest.tables`, `ingest.documents`).
"""

from __future__ import annotations

import re

from ingest.problems import DamagedFileError

_BOM8 = b"\xef\xbb\xbf"
_BOM16 = (b"\xff\xfe", b"\xfe\xff")
# What a byte that is no UTF-8 becomes under `surrogateescape`.
_ESCAPED = re.compile("[\udc80-\udcff]")
SAMPLE_BYTES = 1000
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_BINARY_SHARE = 0.05


def encoding_of(head: bytes) -> str:
    """Encoding that the first bytes of a file tell: by its mark, or by every other byte being 0."""
    if head.startswith(_BOM8):
        return "utf-8-sig"
    if head.startswith(_BOM16):
        return "utf-16"
    sample = head[:SAMPLE_BYTES]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if half and not even and odd > 0.8 * half:
        return "utf-16-le"
    if half and not odd and even > 0.8 * half:
        return "utf-16-be"
    return "utf-8"


def decode(data: bytes) -> str:
    """Text of bytes, whatever they are: UTF-16 where the bytes say so, UTF-8, else Windows-1252.

    In a file that is UTF-8 but for some bytes, those become lone surrogates (`has_bad_bytes`),
    so that one bad row does not garble the accents of all others.
    """
    encoding = encoding_of(data)
    if encoding.startswith("utf-16"):
        return data.decode(encoding, errors="replace")
    text = data.decode(encoding, errors="surrogateescape")
    if text.isascii():
        return text
    bad = len(_ESCAPED.findall(text))
    if not bad:
        return text
    accented = sum(1 for char in text if char > "\x7f") - bad
    return text if accented else data.decode("cp1252", errors="replace")


def decode_strictly(data: bytes) -> str:
    """Text of a document, which must be UTF-8 or UTF-16.

    Raises:
        DamagedFileError: Naming the line of the first byte that is neither.
    """
    try:
        return data.decode(encoding_of(data))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DamagedFileError(
            "invalid_utf8",
            f"line {line}: byte 0x{data[error.start]:02x} is no {error.encoding.upper()}; "
            "export the file again as UTF-8",
        ) from error


def has_bad_bytes(text: str) -> bool:
    """Whether `decode` met bytes here that it could not read."""
    return _ESCAPED.search(text) is not None


def printable(text: str) -> str:
    """The text with what UTF-8 can't hold written as escapes, for the quarantine."""
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8")


def is_binary(text: str) -> bool:
    """Whether text made of a file's head is no text at all."""
    sample = text[:SAMPLE_BYTES]
    return len(_CONTROL.findall(sample)) > _BINARY_SHARE * len(sample)
