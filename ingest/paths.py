"""The nested shape of what a mapping reads, for one parse of each record.

Belongs here: paths to DuckDB types and expressions. Does not belong here: what becomes of the
values (see `ingest.mapping`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ingest.fields import MappingError
from ingest.values import name, quote


def _clashes(paths: Iterable[str]) -> bool:
    """Whether two names at the same place differ by case alone."""
    names = {path.partition(".")[0] for path in paths}
    return len({item.lower() for item in names}) < len(names)


@dataclass(frozen=True)
class PathTree:
    """The nested shape of the paths that a mapping reads, for one parse of each record."""

    leaves: frozenset[str]
    branches: Mapping[str, PathTree]

    @classmethod
    def of(cls, paths: Iterable[str]) -> PathTree:
        """Builds the tree; a path that is both read whole and looked into is read whole."""
        leaves: set[str] = set()
        below: dict[str, list[str]] = {}
        for path in paths:
            first, _, rest = path.partition(".")
            if rest:
                below.setdefault(first, []).append(rest)
            else:
                leaves.add(first)
        if _clashes(leaves | below.keys()):
            raise MappingError(
                f"{', '.join(sorted(leaves | below.keys()))}: names that differ by case alone "
                "can't be read from one record at its top level"
            )
        # DuckDB's STRUCT knows no case: where names below differ by case alone, read it whole.
        leaves |= {key for key, rest in below.items() if _clashes(rest)}
        branches = {key: cls.of(rest) for key, rest in below.items() if key not in leaves}
        return cls(frozenset(leaves), branches)

    def columns(self, json_leaves: frozenset[str] = frozenset()) -> dict[str, str]:
        """Top-level columns with the DuckDB type that reads them without ever failing."""
        result = {leaf: "JSON" if leaf in json_leaves else "VARCHAR" for leaf in self.leaves}
        result.update({key: branch.struct() for key, branch in self.branches.items()})
        return dict(sorted(result.items()))

    def struct(self) -> str:
        """The DuckDB STRUCT type of this level."""
        inner = [f"{name(leaf)} VARCHAR" for leaf in self.leaves]
        inner += [f"{name(key)} {branch.struct()}" for key, branch in self.branches.items()]
        return f"STRUCT({', '.join(sorted(inner))})"

    def expression(self, path: str) -> str:
        """SQL that reads one path as text."""
        first, _, rest = path.partition(".")
        if not rest or first in self.branches:
            return "r." + ".".join(name(step) for step in path.split("."))
        steps = ".".join(f'"{step}"' for step in rest.split("."))
        return f"json_extract_string(r.{name(first)}, {quote('$.' + steps)})"
