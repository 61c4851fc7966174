"""YAML with line numbers, and errors that say where and what to do.

Belongs here: reading one suite file and the general complaints about it. Does not belong here: what
a suite is (`expectations.suites`).
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import yaml

Place = tuple[Any, ...]

# The reader written in C is ten times as fast; it is missing where PyYAML was built without it.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class SuiteError(ValueError):
    """A suite file that can't be used; the message names file, line, key and remedy."""


class Document:
    """A YAML file's value, and the line of each key and item in it."""

    def __init__(self, path: Path, value: Any, lines: dict[Place, int]) -> None:
        self.path = path
        self.value = value
        self._lines = lines

    def line(self, at: Place) -> int:
        """Line of a place, or of the nearest place around it."""
        while at and at not in self._lines:
            at = at[:-1]
        return self._lines.get(at, 1)

    def at(self, at: Place) -> Any:
        """The value at a place."""
        value = self.value
        for step in at:
            value = value[step]
        return value

    def mapping(self, at: Place) -> dict[str, Any]:
        """The mapping at a place; complains if it is something else."""
        value = self.at(at)
        if not isinstance(value, dict):
            self.fail(at, f"is {type(value).__name__}, not a mapping", "Write `key: value` pairs.")
        return value

    def fail(self, at: Place, problem: str, remedy: str) -> NoReturn:
        """Raises the error."""
        key = ".".join(str(step) for step in at) or "the file"
        raise SuiteError(f"{self.path}:{self.line(at)}: {key} {problem}. {remedy}")

    def unknown(self, at: Place, found: Any, known: Iterable[str], what: str) -> NoReturn:
        """Complains about a name that nobody knows, with the nearest known ones."""
        names = sorted(known)
        near = difflib.get_close_matches(str(found), names, 3, 0.5) or names[:12]
        self.fail(at, f"names an unknown {what} {found!r}", f"Known are: {', '.join(near)}.")

    def only(self, at: Place, allowed: Collection[str]) -> None:
        """Complains about keys that mean nothing."""
        for key in self.mapping(at):
            if key not in allowed:
                self.unknown((*at, key), key, allowed, "key")

    def need(self, at: Place, keys: Sequence[str]) -> None:
        """Complains about keys that are missing or empty."""
        value = self.mapping(at)
        for key in keys:
            if value.get(key) in (None, "") and not (key in value and key == "parameter"):
                self.fail(at, f"has no {key!r}", f"Add `{key}: …`.")

    def one_of(self, at: Place, allowed: Sequence[str]) -> None:
        """Complains about a value that is not among those allowed."""
        if self.at(at) not in allowed:
            self.fail(at, f"is {self.at(at)!r}", f"Use one of: {', '.join(allowed)}.")


def read_yaml(path: Path) -> Document:
    """Reads a file whose top is a mapping.

    Raises:
        SuiteError: If it is no YAML, has a key twice or is no mapping.
    """
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "it is no UTF-8 text"
        raise SuiteError(f"{path}:{line}: no YAML: {problem}. Correct the file.") from error
    lines: dict[Place, int] = {}
    value = _value(path, node, (), lines, yaml.SafeLoader("")) if node is not None else None
    if not isinstance(value, dict):
        raise SuiteError(f"{path}:1: the file is no mapping. Begin with `name: …`.")
    return Document(path, value, lines)


def _value(
    path: Path, node: yaml.Node, at: Place, lines: dict[Place, int], scalars: yaml.SafeLoader
) -> Any:
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in found:
                raise SuiteError(f"{path}:{line}: key {key!r} stands twice. Remove one of them.")
            lines[(*at, key)] = line
            found[key] = _value(path, value_node, (*at, key), lines, scalars)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_value(path, item, (*at, n), lines, scalars) for n, item in enumerate(node.value)]
    return scalars.construct_object(node, deep=True)
