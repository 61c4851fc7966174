"""Coded texts and new ones from CSV, proposals and scores as text.

Belongs here: what files look like and how results are told. Does not belong here: what is learned.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from analytics.themes.measure import Measured
from analytics.themes.model import Coded, Model, propose

PROPOSAL_COLUMNS = ("text_id", "theme", "confidence", "evidence", "evidence_start", "evidence_end")
csv.field_size_limit(16 * 1024 * 1024)


class ThemesError(ValueError):
    """A file that can't be used, and what to do about it."""


def read_coded(path: Path) -> list[Coded]:
    """Texts that people coded: columns `text` and `themes` (names with , ; or | between them)."""
    rows = _rows(path, ("text", "themes"))
    made = [Coded(row["text"], frozenset(_names(row["themes"]))) for row in rows]
    if not any(c.themes for c in made):
        raise ThemesError(f"{path}: no text has a theme. Write them into the column `themes`.")
    return made


def read_texts(path: Path) -> list[tuple[str, str]]:
    """Id and text of new texts: column `text`, and `id` or else the number of the row."""
    rows = _rows(path, ("text",))
    return [(row.get("id") or str(n), row["text"]) for n, row in enumerate(rows, start=1)]


def proposals(model: Model, texts: Iterable[tuple[str, str]]) -> Iterator[tuple[str | int, ...]]:
    """One row per text and proposed theme, in the order of PROPOSAL_COLUMNS."""
    for text_id, text in texts:
        for p in propose(model, text):
            yield text_id, p.theme, f"{p.confidence:.3f}", p.evidence, *p.span


def told(found: Measured, model: Model | None = None) -> str:
    """Scores as a Markdown table, and the words that each theme is known by."""
    lines = [
        "| theme | texts | precision | recall | F1 | keywords' F1 | commonest's F1 |",
        "|---|---|---|---|---|---|---|",
    ]
    for theme in (*found.themes, "all"):
        own = found.scores["model"][theme]
        others = (found.scores[way][theme].f1 for way in ("keywords", "commonest"))
        cells = (_cell(v) for v in (own.precision, own.recall, own.f1, *others))
        lines.append(f"| {theme} | {own.wanted} | {' | '.join(cells)} |")
    if model:
        lines.append("")
        lines += [f"{theme}: {', '.join(model.strongest(theme, 8))}" for theme in model.themes]
    if found.too_rare:
        lines += ["", f"too rare to learn: {', '.join(found.too_rare)}"]
    return "\n".join(lines)


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _names(cell: str) -> Iterator[str]:
    return (name.strip() for name in re.split(r"[,;|]", cell) if name.strip())


def _rows(path: Path, needed: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            rows = list(csv.DictReader(handle))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ThemesError(f"{path}: can't be read as CSV in UTF-8: {error}") from error
    missing = [name for name in needed if not rows or name not in rows[0]]
    if missing:
        raise ThemesError(f"{path}: has no column {' and '.join(missing)}, or no rows.")
    return [{k: v or "" for k, v in row.items() if k} for row in rows]
