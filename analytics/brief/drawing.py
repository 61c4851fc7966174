"""From a plot to inline SVG: one look for all, ids that don't clash on one page.

Belongs here: look and conversion. Does not belong here: what is drawn (`charts.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analytics.brief.reading import Row

WIDTH, HEIGHT = 470, 210
INK, QUIET, GRID = "#1f2933", "#7b8794", "#e4e7eb"
COLOURS = ("#2563a8", "#d9822b", "#3f8f5b", "#a3418d", "#6b5bb5", "#8c6d46")


@dataclass(frozen=True)
class Chart:
    """A picture with its title, what it says in words, and the numbers behind it."""

    title: str
    note: str
    svg: str
    table: tuple[tuple[str, ...], tuple[tuple[Any, ...], ...]]


def _svg(chart: Any, prefix: str) -> str:
    """The chart as inline SVG; ids get a prefix, since a page holds several."""
    import vl_convert

    configured = (
        chart.properties(width=WIDTH, height=HEIGHT, background="transparent")
        .configure_view(stroke=None)
        .configure_axis(
            grid=True, gridColor=GRID, domainColor=GRID, tickColor=GRID, labelColor=QUIET,
            titleColor=QUIET, labelFontSize=11, titleFontSize=11, titleFontWeight="normal",
        )
        .configure_legend(
            orient="top", title=None, labelColor=INK, labelFontSize=11, symbolType="stroke",
            symbolStrokeWidth=3,
        )
    )  # fmt: skip
    svg = vl_convert.vegalite_to_svg(configured.to_dict())
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r"url\(#", f"url(#{prefix}-", svg)
    return svg.replace("<svg ", '<svg role="img" ', 1)


def made(title: str, note: str, chart: Any, prefix: str, rows: Sequence[Row]) -> Chart:
    """The finished chart with the rows it was made of."""
    names = tuple(rows[0])
    values = tuple(tuple(row[name] for name in names) for row in rows)
    return Chart(title, note, _svg(chart, prefix), (names, values))


def plot(rows: Sequence[Row]) -> Any:
    """An empty chart of rows; its marks are typed too loosely to be checked."""
    import altair as alt

    plain = [
        {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in row.items()} for row in rows
    ]
    return alt.Chart(alt.Data(values=plain))
