"""How exports changed: columns that came, columns that went, fields of another kind.

Belongs here: reading it out of the ledger. Does not belong here: noticing it in a file (see
`ingest.headers`), refusing files that lack what is required (there as well).

Manifests state the plain facts of one file; what is new or gone follows from all of them, so that
late and withdrawn deliveries need no rewriting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from ingest.manifests import Manifest, PartOutcome


@dataclass(frozen=True)
class Change:
    """One column of one export that changed, and what to do about it."""

    source: str
    format: str
    contract: str
    column: str
    what: str
    first_file: str
    first_on: str
    file_count: int
    remedy: str


_Delivery = tuple[Manifest, PartOutcome]


def changes(manifests: Iterable[Manifest], source: str = "", since: str = "") -> list[Change]:
    """Changes of tables' columns and of records' fields, by source, format and contract.

    Args:
        manifests: The ledger, oldest landing first.
        source: Only this one.
        since: Only what was first seen in files delivered on this day (YYYY-MM-DD) or later.
    """
    landed = [
        (manifest, part)
        for manifest in manifests
        if manifest.status == "loaded" and (not source or manifest.source == source)
        for part in manifest.parts
    ]

    def kind(one: _Delivery) -> tuple[str, str, str]:
        return one[0].source, one[0].format, one[1].contract

    found = [
        change
        for group, members in groupby(sorted(landed, key=kind), key=kind)
        for change in _of(group, sorted(members, key=lambda one: one[0].delivered_on))
    ]
    return [change for change in found if change.first_on >= since]


def _of(group: tuple[str, str, str], landed: list[_Delivery]) -> Iterator[Change]:
    newest = landed[-1][1]
    for column in sorted({c for _, part in landed for c in part.new_columns}):
        has = [manifest for manifest, part in landed if column in part.new_columns]
        gone = column not in newest.new_columns
        # What an export had from the first file on is no news, only not read.
        what = "came and went" if gone else "not read" if has[0] is landed[0][0] else "new"
        remedy = "" if gone else f"kept in `extra`; to use it, map `{column}` in productops.yml"
        yield _change(group, column, what, has, remedy)
    for column in sorted({c for _, part in landed for c in part.missing_columns}):
        lacks = [manifest for manifest, part in landed if column in part.missing_columns]
        if len(lacks) == len(landed):
            what, remedy = "never there", "empty; export the file with it if you need it"
        elif column in newest.missing_columns:
            what, remedy = "vanished", "empty since then; export the file with it again"
        else:
            what, remedy = "was missing", ""
        yield _change(group, column, what, lacks, remedy)
    yield from _of_fields(group, landed)


def _kinds(words: str) -> set[str]:
    return set(words.rstrip("?").split("|"))


def _of_fields(group: tuple[str, str, str], landed: list[_Delivery]) -> Iterator[Change]:
    """What samples of records tell; a field that only some records have comes and goes.

    The newest day's files speak together: a small one may hold records of one kind alone.
    """
    shaped = [(manifest, part.shape) for manifest, part in landed if part.shape]
    last_on = shaped[-1][0].delivered_on if shaped else ""
    before = [shape for manifest, shape in shaped if manifest.delivered_on < last_on]
    now = [(manifest, shape) for manifest, shape in shaped if manifest.delivered_on == last_on]
    for name in sorted({name for _, shape in shaped for name in shape}):
        has = [(manifest, shape[name]) for manifest, shape in shaped if name in shape]
        first, words = has[0]
        if first.delivered_on > shaped[0][0].delivered_on and not words.endswith("?"):
            remedy = f"if nothing reads it yet, map `{name}` in productops.yml to use it"
            yield _change(group, name, "new", [manifest for manifest, _ in has], remedy)
        always = before and all(not shape.get(name, "?").endswith("?") for shape in before)
        if always and not any(name in shape for _, shape in now):
            remedy = "empty since then; ask the vendor, or map what took its place"
            yield _change(group, name, "vanished", [manifest for manifest, _ in now], remedy)
        known = {kind for shape in before if name in shape for kind in _kinds(shape[name])}
        other = [
            (manifest, shape[name])
            for manifest, shape in now
            if known and name in shape and not _kinds(shape[name]) & known
        ]
        if other:
            kinds = f"{'|'.join(sorted(known))} before, {other[0][1].rstrip('?')} now"
            remedy = f"{kinds}; what can't be read so is set aside"
            yield _change(group, name, "retyped", [manifest for manifest, _ in other], remedy)


def _change(
    group: tuple[str, str, str], column: str, what: str, files: list[Manifest], remedy: str
) -> Change:
    first = files[0]
    return Change(*group, column, what, first.path, first.delivered_on, len(files), remedy)


def told(found: Iterable[Change]) -> str:
    """The changes as text, a block per export."""
    lines: list[str] = []
    for group, members in groupby(found, key=lambda one: (one.source, one.format, one.contract)):
        lines.append(f"{group[0]} ({group[1]}) -> {group[2]}")
        for one in members:
            files = f"{one.file_count} file{'s' if one.file_count > 1 else ''}"
            seen = f"first in {one.first_file} ({one.first_on}), {files}"
            lines.append(f"  {one.what:14} {one.column:30} {seen}")
            lines += [f"  {'':14} {one.remedy}"] if one.remedy else []
    return "\n".join(lines) or "No table has a column, no record a field more or less."
