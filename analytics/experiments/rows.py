"""Findings as flat rows, under the names that tables of them have.

Belongs here: how nested figures are named, what is NULL. Does not belong here: any figure.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from analytics.experiments.rates import Rate


def as_row(found: object) -> dict[str, Any]:
    """Plain values by column.

    A share `win` becomes `win_num`, `win_den`, `win_rate`, `win_low`, `win_high`; an estimate
    `lift` becomes `lift`, `lift_se`, `lift_low`, `lift_high`. What is not known is None; what is
    a list of findings has rows of its own and is left out.
    """
    if not is_dataclass(found) or isinstance(found, type):
        raise TypeError(f"{type(found).__name__} is no finding")
    row: dict[str, Any] = {}
    for field in fields(found):
        row |= _columns(field.name, getattr(found, field.name))
    return row


def _columns(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, tuple):
        return {}
    if isinstance(value, dict):
        return {key: part for inner in value for key, part in _columns(inner, value[inner]).items()}
    if isinstance(value, Rate):
        inner = as_row(value)
        ends = {f"{name}_{key}": inner[key] for key in ("num", "den", "low", "high")}
        return ends | {f"{name}_rate": _plain(value.value)}
    if is_dataclass(value):
        return {
            name if key == "value" else f"{name}_{key}": part for key, part in as_row(value).items()
        }
    return {name: _plain(value)}


def _plain(value: Any) -> Any:
    """As a database takes it: a day as a date, what is not a number as nothing."""
    if isinstance(value, np.datetime64):
        return value.astype("datetime64[D]").item()
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
