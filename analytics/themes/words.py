"""From a text to the things in it that may show a theme, each with its place.

Belongs here: what a gram is. Does not belong here: what it is worth (`model`).
"""

from __future__ import annotations

import re

Span = tuple[int, int]
_WORD = re.compile(r"\w+(?:[+#]+)?")
_STEM = 5


def grams(text: str) -> dict[str, Span]:
    """Single words, pairs of neighbours, and beginnings of long words; each at its first place.

    A beginning is written `expor*`. So `exports` and `exporting` have something in common, in any
    language that puts endings at the end.

    >>> grams("Exporting fails")
    {'exporting': (0, 9), 'expor*': (0, 9), 'fails': (10, 15), 'exporting fails': (0, 15)}
    """
    found: dict[str, Span] = {}
    before: tuple[str, int] | None = None
    for match in _WORD.finditer(text):
        word, span = match.group().lower(), match.span()
        found.setdefault(word, span)
        if len(word) > _STEM:
            found.setdefault(word[:_STEM] + "*", span)
        if before:
            found.setdefault(f"{before[0]} {word}", (before[1], span[1]))
        before = (word, span[0])
    return found
