"""The metric dictionary: docs/metrics.md, written from the marts' own descriptions.

Belongs here: turning the marts' `.yml` into a page. Does not belong here: definitions themselves
(they stand beside each model) or what is contested about them (docs/decisions.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ingest.store import write_atomically
from orchestration.lib.paths import DBT_PROJECT, PROJECT_ROOT

MARTS = DBT_PROJECT / "models" / "marts"
PAGE = PROJECT_ROOT / "docs" / "metrics.md"
_HEAD = """\
# Metrics

Every column of every published mart. Written by `make docs` from the models' own descriptions:
correct it there. The grain is the last word of a mart's name. A column `x_rate` is always
`x_num / x_den`, both beside it, and NULL where `x_den` is 0.
Contested definitions with worked numbers: [decisions.md](decisions.md).
"""


def describe(models: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """The page for (subject, model) pairs, in their order."""
    models = list(models)
    lines = [_HEAD, *_contents(models)]
    subject = ""
    for current, model in models:
        if current != subject:
            subject = current
            lines += ["", f"## {subject.capitalize()}"]
        lines += ["", f"### {model['name']}", "", _one_line(model["description"]), ""]
        lines += ["| column | type | meaning |", "|---|---|---|"]
        lines += [
            f"| `{column['name']}` | {column['data_type']} | {_cell(column['description'])} |"
            for column in model["columns"]
        ]
    return "\n".join(lines) + "\n"


def read_marts(folder: Path = MARTS) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(subject, model) of every mart, by subject and name."""
    for path in sorted(folder.glob("*/*.yml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for model in document["models"]:
            yield path.parent.name, model


def main() -> None:
    """Writes the page."""
    text = describe(read_marts())
    write_atomically(PAGE, lambda draft: draft.write_text(text, encoding="utf-8"))
    print(f"{PAGE.relative_to(PROJECT_ROOT)}: {text.count('### ')} marts")


def _contents(models: Iterable[tuple[str, Mapping[str, Any]]]) -> list[str]:
    lines = ["| mart | grain |", "|---|---|"]
    for _, model in models:
        grain = _one_line(model["description"]).split(". ")[0].rstrip(".")
        lines.append(f"| [{model['name']}](#{model['name']}) | {_cell(grain)} |")
    return lines


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _one_line(text).replace("|", "\\|")


if __name__ == "__main__":
    main()
