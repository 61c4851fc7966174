"""A linear model per theme whose few weights are its explanation.

Belongs here: learning weights from coded texts, proposing themes for new ones. Does not belong
here: how good that is (`measure`), files (`files`).

One logistic regression for each theme on whether a gram stands in the text, with an L1 penalty:
most weights become exactly 0, and what is left reads like a list of words. Nothing is drawn at
random and no order of texts matters, so the same texts give the same model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.themes.words import Span, grams

LEAST_TEXTS = 20  # coded texts of a theme, below which nothing can be learned about it
THRESHOLD = 0.4  # confidence from which on a theme is proposed
_PENALTY = 1.0
_ROUNDS = 200
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Coded:
    """A text and the themes that people found in it; none is a finding as well."""

    text: str
    themes: frozenset[str]


@dataclass(frozen=True)
class Proposal:
    """A theme of a text, how sure the model is, and the words that speak most for it."""

    theme: str
    confidence: float
    evidence: str
    span: Span


@dataclass(frozen=True)
class Model:
    """Weights of grams for each theme; grams that are not listed weigh nothing."""

    themes: tuple[str, ...]
    bias: tuple[float, ...]
    weights: tuple[dict[str, float], ...]

    def strongest(self, theme: str, count: int) -> list[str]:
        """The grams that speak most for a theme."""
        own = self.weights[self.themes.index(theme)]
        return sorted((g for g in own if own[g] > 0), key=lambda g: (-own[g], g))[:count]


def learn(coded: Iterable[Coded], least_texts: int = LEAST_TEXTS) -> Model:
    """A model of all themes that occur often enough.

    Raises:
        ValueError: If no theme does.
    """
    texts = sorted(coded, key=lambda c: (c.text, sorted(c.themes)))
    counts = Counter(theme for c in texts for theme in c.themes)
    themes = tuple(sorted(t for t, n in counts.items() if least_texts <= n < len(texts)))
    if not themes:
        raise ValueError(
            f"no theme can be learned from {len(texts)} texts: it takes {least_texts} texts with a "
            "theme, and some without it"
        )
    found = [sorted(grams(c.text)) for c in texts]
    often = Counter(gram for own in found for gram in own)
    vocabulary = sorted(gram for gram, n in often.items() if n > 1)
    number = {gram: n for n, gram in enumerate(vocabulary)}
    incidence = _Incidence([[number[g] for g in own if g in number] for own in found], len(number))
    wanted = np.array([[t in c.themes for t in themes] for c in texts], dtype=np.float64)
    weights, bias = _fit(incidence, wanted)
    kept = [
        {vocabulary[n]: float(weights[n, k]) for n in np.flatnonzero(weights[:, k])}
        for k in range(len(themes))
    ]
    return Model(themes, tuple(float(b) for b in bias), tuple(kept))


def propose(model: Model, text: str, threshold: float = THRESHOLD) -> list[Proposal]:
    """Themes of a text, the surest first; never one without words that speak for it."""
    found = grams(text)
    made = []
    for theme, bias, weights in zip(model.themes, model.bias, model.weights, strict=True):
        here = [(weights[g], g) for g in found if g in weights]
        confidence = float(1 / (1 + np.exp(-(bias + sum(w for w, _ in here)))))
        best = max(here, key=lambda h: (h[0], len(h[1]), h[1]), default=(0.0, ""))
        if confidence >= threshold and best[0] > 0:
            start, end = found[best[1]]
            made.append(Proposal(theme, confidence, text[start:end], (start, end)))
    return sorted(made, key=lambda p: (-p.confidence, p.theme))


class _Incidence:
    """Which grams stand in which texts; products with it take time by its ones alone."""

    def __init__(self, rows: Sequence[Sequence[int]], width: int) -> None:
        self.height, self.width = len(rows), width
        row = np.repeat(np.arange(len(rows)), [len(r) for r in rows])
        column = np.array([c for r in rows for c in r], dtype=np.int64)
        order = np.argsort(column, kind="stable")
        self._by_row = (column, row, *_groups(row))
        self._by_column = (row[order], column[order], *_groups(column[order]))

    def times(self, values: Array) -> Array:
        """Sum over the grams of each text."""
        return _sums(values, self._by_row, self.height)

    def transposed_times(self, values: Array) -> Array:
        """Sum over the texts of each gram."""
        return _sums(values, self._by_column, self.width)


def _groups(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    return starts, keys[starts]


def _sums(values: Array, parts: tuple[NDArray[np.int64], ...], height: int) -> Array:
    taken, _, starts, keys = parts
    out = np.zeros((height, values.shape[1]))
    if len(starts):
        out[keys] = np.add.reduceat(values[taken], starts, axis=0)
    return out


def _fit(x: _Incidence, wanted: Array) -> tuple[Array, Array]:
    """Accelerated proximal gradient steps (FISTA) for all themes at once."""
    count = x.height
    step = 4 * count / (_largest(x) + count)
    weights, bias = np.zeros((x.width, wanted.shape[1])), np.zeros(wanted.shape[1])
    ahead, bias_ahead, pace = weights, bias, 1.0
    for _ in range(_ROUNDS):
        error = (1 / (1 + np.exp(-(x.times(ahead) + bias_ahead))) - wanted) / count
        moved = ahead - step * x.transposed_times(error)
        moved = np.sign(moved) * np.maximum(np.abs(moved) - step * _PENALTY / count, 0)
        bias_moved = bias_ahead - step * error.sum(axis=0)
        quicker = (1 + np.sqrt(1 + 4 * pace * pace)) / 2
        push = (pace - 1) / quicker
        ahead, bias_ahead = (
            moved + push * (moved - weights),
            bias_moved + push * (bias_moved - bias),
        )
        weights, bias, pace = moved, bias_moved, quicker
    return weights, bias


def _largest(x: _Incidence) -> float:
    """The largest eigenvalue of the incidence by its transpose, from twenty rounds of powers."""
    vector, size = np.ones((x.width, 1)) / np.sqrt(max(x.width, 1)), 1.0
    for _ in range(20):
        moved = x.transposed_times(x.times(vector))
        size = float(np.linalg.norm(moved)) or 1.0
        vector = moved / size
    return 1.05 * size
