"""Centred sums of a metric: all that is ever known of the units behind it.

Belongs here: what SQL hands over, adding it up, and means, variances and covariances from it. Does
not belong here: what follows from them (`kernel`).

A metric has four variables for each unit: its numerator y, its denominator d (always 1 for a mean),
and what both were before the experiment, the covariates x and w. Sums are of values less a shift
near their mean: the variance of large values close together then keeps its digits, which plain sums
of squares lose (Chan, Golub and LeVeque, "Algorithms for computing the sample variance", 1983).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
_VARIABLES = "ydxw"
_TRUSTED = 1e-12  # below this share of what it is the difference of, a variance is rounding alone


@dataclass(frozen=True)
class Moments:
    """Counts and centred sums, arrays of one shape.

    `s_y` is the sum of y less its shift; `q_yx` the sum of products of both, so centred.
    """

    n: Array
    shift_y: Array
    shift_d: Array
    shift_x: Array
    shift_w: Array
    s_y: Array
    s_d: Array
    s_x: Array
    s_w: Array
    q_yy: Array
    q_dd: Array
    q_xx: Array
    q_ww: Array
    q_yd: Array
    q_yx: Array
    q_yw: Array
    q_dx: Array
    q_dw: Array
    q_xw: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """Of each of the arrays."""
        return self.n.shape

    def __getitem__(self, at: object) -> Moments:
        """Some of them, as an array is indexed."""
        return Moments(*(getattr(self, name)[at] for name in COLUMNS))

    def __add__(self, other: Moments) -> Moments:
        """Of both sets of units together.

        Raises:
            ValueError: If their shifts differ.
        """
        for name in _SHIFTS:
            _require_same(name, getattr(self, name), getattr(other, name))
        return Moments(
            *(
                np.broadcast_arrays(getattr(self, name), getattr(other, name))[0]
                if name in _SHIFTS
                else getattr(self, name) + getattr(other, name)
                for name in COLUMNS
            )
        )

    def sum(self, axis: int) -> Moments:
        """Of all units along an axis, as of buckets or of arms.

        Raises:
            ValueError: If shifts differ along it.
        """
        firsts = {name: np.take(getattr(self, name), [0], axis) for name in _SHIFTS}
        for name, first in firsts.items():
            _require_same(name, first, getattr(self, name))
        return Moments(
            *(
                firsts[name].squeeze(axis) if name in firsts else getattr(self, name).sum(axis)
                for name in COLUMNS
            )
        )

    def mean(self, variable: str) -> Array:
        """Of `y`, `d`, `x` or `w`; NaN of no units."""
        with np.errstate(all="ignore"):
            return getattr(self, f"shift_{variable}") + self.offset(variable)

    def offset(self, variable: str) -> Array:
        """Mean less the shift, which keeps its digits where the mean is large."""
        with np.errstate(all="ignore"):
            return getattr(self, f"s_{variable}") / self.n

    def variance(self, variable: str) -> Array:
        """Of a variable, with n - 1; NaN of fewer than two units."""
        return self.covariance(variable, variable)

    def covariance(self, a: str, b: str) -> Array:
        """Of two variables, with n - 1; NaN of fewer than two units."""
        name = f"q_{a}{b}" if f"q_{a}{b}" in COLUMNS else f"q_{b}{a}"
        products = getattr(self, name)
        with np.errstate(all="ignore"):
            centred = products - getattr(self, f"s_{a}") * getattr(self, f"s_{b}") / self.n
            if a == b:
                centred = trusted(centred, products)
            return np.where(self.n > 1, centred / (self.n - 1), np.nan)

    def covariates(self) -> Moments:
        """The covariates in the place of what they are covariates of, without any of their own."""
        nothing = np.zeros(self.shape)
        return from_columns(
            dict.fromkeys(COLUMNS, nothing)
            | {"n": self.n, "shift_w": nothing + 1}
            | {"shift_y": self.shift_x, "s_y": self.s_x, "q_yy": self.q_xx}
            | {"shift_d": self.shift_w, "s_d": self.s_w, "q_dd": self.q_ww, "q_yd": self.q_xw}
        )


COLUMNS = tuple(field.name for field in fields(Moments))
_SHIFTS = tuple(f"shift_{v}" for v in _VARIABLES)


def from_columns(columns: Mapping[str, ArrayLike]) -> Moments:
    """Moments of a table with these columns; further ones are not looked at.

    Raises:
        ValueError: If a column is missing, of another length, or can't be what it says it is.
    """
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise ValueError(f"columns of centred sums are missing: {', '.join(missing)}")
    arrays = {name: np.asarray(columns[name], np.float64) for name in COLUMNS}
    shapes = {array.shape for array in arrays.values()}
    if len(shapes) > 1:
        raise ValueError(f"columns of centred sums have different shapes: {sorted(shapes)}")
    for name in ("n", "q_yy", "q_dd", "q_xx", "q_ww"):
        if (arrays[name] < 0).any():
            raise ValueError(f"{name} is negative, and a count or a sum of squares can't be")
    return Moments(**arrays)


def from_values(
    y: ArrayLike,
    d: ArrayLike | None = None,
    x: ArrayLike | None = None,
    w: ArrayLike | None = None,
    shifts: Mapping[str, float] | None = None,
) -> Moments:
    """Moments of values themselves; units are the last axis. For tests and simulations.

    Args:
        y: Numerator of each unit.
        d: Denominator; 1 for all if it is not given.
        x: Covariate of the numerator; 0 for all if it is not given.
        w: Covariate of the denominator; 1 for all if it is not given.
        shifts: By variable; its mean where it is not given. Arms that are compared need the same.
    """
    values = {"y": np.asarray(y, np.float64), "d": d, "x": x, "w": w}
    shape = values["y"].shape
    columns = {"n": np.full(shape[:-1], float(shape[-1]))}
    centred: dict[str, Array] = {}
    with np.errstate(all="ignore"):  # what is inf has no variance: that is seen later
        for name, given in values.items():
            constant = 0.0 if name == "x" else 1.0
            array = np.full(shape, constant) if given is None else np.asarray(given, np.float64)
            shift = (shifts or {}).get(name)
            if shift is None:
                shift = constant if given is None or not array.size else float(array.mean())
            columns[f"shift_{name}"] = np.full(shape[:-1], shift)
            centred[name] = np.broadcast_to(array, shape) - shift
            columns[f"s_{name}"] = centred[name].sum(-1)
        for name in COLUMNS:
            if name.startswith("q_"):
                columns[name] = (centred[name[2]] * centred[name[3]]).sum(-1)
    return from_columns(columns)


def trusted(value: Array, scale: Array) -> Array:
    """What is 0 but for rounding becomes 0; NaN stays.

    A difference of sums that are `scale` large is known to about 1e-13 of them at best.
    """
    with np.errstate(all="ignore"):
        return np.where(value <= _TRUSTED * np.abs(scale), 0.0, value)


def _require_same(name: str, one: Array, other: Array) -> None:
    if not np.array_equal(*np.broadcast_arrays(one, other), equal_nan=True):
        raise ValueError(
            f"centred sums of different shifts can't be added: {name} differs "
            "(make the sums of all arms and buckets of a metric with one shift)"
        )
