"""P values of many comparisons at once.

Belongs here: Holm's and Benjamini and Hochberg's adjustment within families. Does not belong here:
which comparisons make a family (whoever reads the specification knows).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.experiments.moments import Array

_Factor = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray]


def holm(p: ArrayLike, family: ArrayLike | None = None) -> Array:
    """Adjusted so that a family has any false finding with the chance of one p (Holm 1979).

    Args:
        p: P values. One that is NaN was never tested: its family is the smaller by one.
        family: Which family each belongs to; all are one if it is not given.

    Returns:
        Adjusted p values in the same places, NaN where p is.

    Raises:
        ValueError: If a p value lies outside 0..1, or families are of another length.
    """
    ordered = _Ordered(p, family)
    grid = ordered.grid(lambda place, size: size - place, fill=0.0)
    return ordered.back(np.maximum.accumulate(grid, axis=1))


def benjamini_hochberg(p: ArrayLike, family: ArrayLike | None = None) -> Array:
    """Adjusted for the share of false findings among findings (Benjamini and Hochberg 1995).

    Args:
        p: P values. One that is NaN was never tested: its family is the smaller by one.
        family: Which family each belongs to; all are one if it is not given.

    Returns:
        Adjusted p values in the same places, NaN where p is.

    Raises:
        ValueError: If a p value lies outside 0..1, or families are of another length.
    """
    ordered = _Ordered(p, family)
    grid = ordered.grid(lambda place, size: size / (place + 1), fill=1.0)
    return ordered.back(np.minimum.accumulate(grid[:, ::-1], axis=1)[:, ::-1])


class _Ordered:
    """P values from small to large within their families, each family a row of a grid."""

    def __init__(self, p: ArrayLike, family: ArrayLike | None) -> None:
        self.values = np.asarray(p, np.float64)
        if ((self.values < 0) | (self.values > 1)).any():
            raise ValueError("a p value lies outside 0..1")
        labels = np.zeros(self.values.shape, np.int64) if family is None else np.asarray(family)
        if labels.shape != self.values.shape:
            raise ValueError(
                f"families of {labels.shape} don't fit to p values of {self.values.shape}"
            )
        self.known = np.flatnonzero(~np.isnan(self.values))
        _, row = np.unique(labels.ravel()[self.known], return_inverse=True)
        order = np.lexsort((self.values.ravel()[self.known], row))
        self.known, self.row = self.known[order], row[order]
        self.sizes = np.bincount(self.row)
        starts = np.cumsum(self.sizes) - self.sizes
        self.place = np.arange(len(self.row)) - starts[self.row]

    def grid(self, factor: _Factor, fill: float) -> Array:
        made = np.full((len(self.sizes), int(self.sizes.max(initial=0))), fill)
        values = self.values.ravel()[self.known]
        made[self.row, self.place] = values * factor(self.place, self.sizes[self.row])
        return np.minimum(made, 1.0)

    def back(self, grid: Array) -> Array:
        found = np.full(self.values.size, np.nan)
        found[self.known] = grid[self.row, self.place]
        return found.reshape(self.values.shape)
