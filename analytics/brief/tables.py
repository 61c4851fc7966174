"""Tables of pages: values as people read them.

Belongs here: cells and their look. Does not belong here: what stands in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from typing import Any

ROWS = 400


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table that scrolls; of more rows than fit, the last ones."""
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in header)
    body = "".join(
        "<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in list(rows)[-ROWS:]
    )
    whole = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<div class=scroll>{whole}</div>"


@dataclass(frozen=True)
class Html:
    """Text that is HTML already."""

    text: str


def linked(words: str, target: str) -> Html:
    """A link to another page of the same build."""
    return Html(f'<a href="{escape(target, quote=True)}">{escape(words)}</a>')


def _cell(value: Any) -> str:
    if isinstance(value, Html):
        return f"<td>{value.text}</td>"
    if value is None:
        return "<td class=none>not known</td>"
    if isinstance(value, bool):
        return f"<td>{'yes' if value else 'no'}</td>"
    if isinstance(value, int):
        return f"<td class=number>{value:,}</td>"
    if isinstance(value, float):
        return f"<td class=number>{value:,.3g}</td>"
    if isinstance(value, datetime):
        return f"<td>{value:%Y-%m-%d %H:%M}</td>"
    if isinstance(value, date):
        return f"<td class=date>{value:%Y-%m-%d}</td>"
    text = str(value)
    number = " class=number" if text.replace(".", "", 1).isdigit() else ""
    return f"<td{number}>{escape(text)}</td>"
