"""How good proposals are, against people's own codes and against simpler ways.

Belongs here: folds, scores, the two baselines. Does not belong here: the model (`model`), printing.

Every text is judged by a model that has not seen it: five folds by a digest of the text, so that
the same answer given twice is never learned from and judged by.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from analytics.themes.model import LEAST_TEXTS, Coded, learn, propose
from analytics.themes.words import grams

FOLDS = 5
_PURE = 0.8  # share of a word's texts that must have the theme for the word to stand for it
_KNOWN_TEXTS = 3
Judge = Callable[[str], set[str]]


@dataclass(frozen=True)
class Score:
    """Of what was said, how much was right; of what was to be said, how much was said."""

    right: int
    said: int
    wanted: int

    @property
    def precision(self) -> float | None:
        """Share of the proposals that people agree with."""
        return self.right / self.said if self.said else None

    @property
    def recall(self) -> float | None:
        """Share of people's codes that were proposed."""
        return self.right / self.wanted if self.wanted else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of both; 0 where nothing was said."""
        total = self.said + self.wanted
        return 2 * self.right / total if total else None


@dataclass(frozen=True)
class Measured:
    """Scores of each way and theme; `all` is all themes together."""

    text_count: int
    themes: tuple[str, ...]
    too_rare: tuple[str, ...]
    scores: dict[str, dict[str, Score]]

    def macro_f1(self, way: str) -> float:
        """Mean of the themes' F1: a rare theme is worth as much as a common one."""
        return sum(self.scores[way][t].f1 or 0.0 for t in self.themes) / len(self.themes)


def measure(coded: Iterable[Coded]) -> Measured:
    """Cross-validated scores of the model, of learned keywords and of the commonest theme.

    Raises:
        ValueError: If no theme has enough texts.
    """
    texts = sorted(coded, key=lambda c: (c.text, sorted(c.themes)))
    counts = Counter(theme for c in texts for theme in c.themes)
    themes = tuple(sorted(t for t, n in counts.items() if n >= LEAST_TEXTS))
    if not themes:
        raise ValueError(f"no theme has {LEAST_TEXTS} coded texts; there are {len(texts)} texts")
    ways: dict[str, Callable[[Sequence[Coded]], Judge]] = {
        "model": _model, "keywords": _keywords, "commonest": _commonest,
    }  # fmt: skip
    scores = {}
    for way, make in ways.items():
        said: list[tuple[set[str], frozenset[str]]] = []
        for fold in range(FOLDS):
            judge = make([c for c in texts if fold_of(c.text) != fold])
            said += [(judge(c.text), c.themes) for c in texts if fold_of(c.text) == fold]
        scores[way] = _scores(said, themes)
    return Measured(len(texts), themes, tuple(sorted(set(counts) - set(themes))), scores)


def fold_of(text: str) -> int:
    """Which fold a text belongs to; case and blanks don't matter."""
    plain = " ".join(text.lower().split())
    return hashlib.sha256(plain.encode()).digest()[0] % FOLDS


def _scores(
    said: Sequence[tuple[set[str], frozenset[str]]], themes: Sequence[str]
) -> dict[str, Score]:
    made = {}
    for theme in themes:
        made[theme] = Score(
            sum(theme in s and theme in w for s, w in said),
            sum(theme in s for s, _ in said),
            sum(theme in w for _, w in said),
        )
    parts = made.values()
    made["all"] = Score(
        sum(p.right for p in parts), sum(p.said for p in parts), sum(p.wanted for p in parts)
    )
    return made


def _model(texts: Sequence[Coded]) -> Judge:
    # A theme with just enough texts has fewer without the fold that is judged.
    model = learn(texts, least_texts=LEAST_TEXTS // 2)
    return lambda text: {proposal.theme for proposal in propose(model, text)}


def _keywords(texts: Sequence[Coded]) -> Judge:
    """What somebody would write down who reads the texts: words that nearly always mean it."""
    often: Counter[str] = Counter()
    own: dict[str, Counter[str]] = {}
    for c in texts:
        found = list(grams(c.text))
        often.update(found)
        for theme in c.themes:
            own.setdefault(theme, Counter()).update(found)
    terms = {
        theme: {g for g, n in hits.items() if n >= _KNOWN_TEXTS and n / often[g] >= _PURE}
        for theme, hits in own.items()
    }
    return lambda text: {t for t, words in terms.items() if not words.isdisjoint(grams(text))}


def _commonest(texts: Sequence[Coded]) -> Judge:
    counts = Counter(theme for c in texts for theme in c.themes)
    first = min(counts, key=lambda t: (-counts[t], t))
    return lambda _: {first}
