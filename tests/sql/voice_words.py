"""Terms found in texts as a person would, without regular expressions.

Belongs here: matching. Does not belong here: counting (`voice_oracle`).
"""

from __future__ import annotations

from .voice_world import TERMS


def is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def hit_at(text: str, start: int, words: list[str], is_open: bool) -> int | None:
    """End of a hit of the words that begins exactly here."""
    if start and is_word(text[start - 1]):
        return None
    at = start
    for number, word in enumerate(words):
        if number:
            blank = at
            while at < len(text) and text[at].isspace():
                at += 1
            if at == blank:
                return None
        if text[at : at + len(word)].lower() != word:
            return None
        at += len(word)
    while is_open and at < len(text) and is_word(text[at]):
        at += 1
    return None if at < len(text) and is_word(text[at]) else at


def first_hit(text: str, term: str) -> tuple[int, int] | None:
    """Span of the first hit of a term."""
    words = term.lower().split()
    is_open = bool(words) and words[-1].endswith("*")
    if is_open:
        words[-1] = words[-1][:-1]
        words = [w for w in words if w]
    if not words:
        return None
    ends = ((start, hit_at(text, start, words, is_open)) for start in range(len(text)))
    return next(((start, end) for start, end in ends if end is not None), None)


def mentions(text: str) -> dict[str, tuple[int, int, str, int]]:
    """Per theme the evidence: start, end, term, number of terms found."""
    found: dict[str, list[tuple[int, int, str]]] = {}
    banned = set()
    for theme, term, is_exclusion in TERMS:
        if (span := first_hit(text, term)) is None:
            continue
        found.setdefault(theme, []).append((span[0], -(span[1] - span[0]), term))
        if is_exclusion:
            banned.add(theme)
    return {
        theme: (min(hits)[0], min(hits)[0] - min(hits)[1], min(hits)[2], len(hits))
        for theme, hits in found.items()
        if theme not in banned
    }
