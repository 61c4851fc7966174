"""How exports changed: columns that came, columns that went, fields of another kind.

Belongs here: reading it out of the ledger. Does not belong here: noticing it in a file (see
`ingest.headers`), refusing files that lack what is required (there as well).

Manifests state the plain facts of one file; what is new or gone follows from all of them, so that
late and withdrawn deliveries need no rewriting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, groupby

from ingest.arrivals import series_of
from ingest.manifests import Manifest, PartOutcome
from ingest.shapes import NULL
from ingest.store import LakeError


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


def changes(
    manifests: Iterable[Manifest], source: str = "", since: date | None = None
) -> list[Change]:
    """Changes of tables' columns and of records' fields, by source, format and contract.

    Args:
        manifests: The ledger, oldest landing first.
        source: Only this one.
        since: Only what was first seen in files delivered on this day or later.

    Raises:
        LakeError: If nothing was loaded from that source.
    """
    loaded = [manifest for manifest in manifests if manifest.status == "loaded"]
    known = sorted({manifest.source for manifest in loaded})
    if source and source not in known:
        raise LakeError(
            f"{source}: nothing was loaded from it; files came from {', '.join(known) or 'nobody'}"
        )
    landed = [
        (manifest, part)
        for manifest in loaded
        if not source or manifest.source == source
        for part in manifest.parts
    ]

    def kind(one: _Delivery) -> tuple[str, str, str]:
        return one[0].source, one[0].format, one[1].contract

    found = [
        change
        for group, members in groupby(sorted(landed, key=kind), key=kind)
        for change in _of(group, sorted(members, key=lambda one: one[0].delivered_on))
    ]
    return [c for c in found if since is None or c.first_on >= since.isoformat()]


def _of(group: tuple[str, str, str], landed: list[_Delivery]) -> Iterator[Change]:
    newest = landed[-1][1]
    for column in sorted({c for _, part in landed for c in part.new_columns}):
        has = [manifest for manifest, part in landed if column in part.new_columns]
        gone = column not in newest.new_columns
        # What an export had from the first file on is no news, only not read.
        what = "came and went" if gone else "not read" if has[0] is landed[0][0] else "new"
        kept = "not kept" if column in newest.unkept_columns else "kept in `extra`"
        remedy = "" if gone else f"{kept}; to use it, map `{column}` in productops.yml"
        yield _change(group, column, what, has, remedy)
    for column in sorted({c for _, part in landed for c in part.missing_columns}):
        lacks = [manifest for manifest, part in landed if column in part.missing_columns]
        if len(lacks) == len(landed):
            what, remedy = "never there", "empty; export the file with it if you need it"
        elif column in newest.missing_columns:
            what, remedy = "vanished", "empty since then; export the file with it again"
            lacks = _since_it_went(landed, column) or lacks
        else:
            what, remedy = "was missing", ""
        yield _change(group, column, what, lacks, remedy)
    yield from _of_fields(group, landed)


def _since_it_went(landed: list[_Delivery], column: str) -> list[Manifest]:
    """Files like the newest one since the last of them that had the column; none if none had it.

    It may have gone before and come back. Files by another name may be of a colleague whose export
    never has it.
    """
    series = series_of(landed[-1][0].path)
    own = [one for one in landed if series_of(one[0].path) == series]
    had = [number for number, (_, part) in enumerate(own) if column not in part.missing_columns]
    return [manifest for manifest, _ in own[had[-1] + 1 :]] if had else []


_NO_VALUE = frozenset({NULL})


@dataclass(frozen=True)
class _Day:
    """What samples of one day's files say together of one field."""

    # Those of the files that have the field; where none has it, all of them.
    files: list[Manifest]
    kinds: frozenset[str]
    is_always_there: bool

    @property
    def values(self) -> frozenset[str]:
        """The kinds of what has a value."""
        return self.kinds - _NO_VALUE


def _days(name: str, shaped: list[tuple[Manifest, dict[str, str]]]) -> Iterator[_Day]:
    for _, members in groupby(shaped, key=lambda one: one[0].delivered_on):
        files = list(members)
        words = [shape.get(name, "?") for _, shape in files]
        kinds = frozenset(kind for word in words for kind in word.rstrip("?").split("|") if kind)
        has = [manifest for manifest, shape in files if name in shape]
        always = not any(word.endswith("?") for word in words)
        yield _Day(has or [manifest for manifest, _ in files], kinds, always)


def _gone(days: list[_Day]) -> list[_Day]:
    """The last days, if they lack what all before had, or have no value where all before had one.

    Where some records always had none, a small file without any says nothing.
    """
    for blank in (frozenset[str](), _NO_VALUE):
        last = max((n for n, day in enumerate(days) if day.kinds - blank), default=-1)
        before, gone = days[: last + 1], days[last + 1 :]
        was_there = all(day.is_always_there and not day.kinds & blank for day in before)
        if gone and before and was_there:
            return gone
    return []


def _of_fields(group: tuple[str, str, str], landed: list[_Delivery]) -> Iterator[Change]:
    """What samples of records tell, day by day; a field that only some records have comes and goes.

    The files of a day speak together: a small one may hold records of one kind alone.
    """
    shaped = [(manifest, part.shape) for manifest, part in landed if part.shape]
    for name in sorted({name for _, shape in shaped for name in shape}):
        days = list(_days(name, shaped))
        has = [day for day in days if day.values]
        if not has:
            continue
        since = days.index(has[0])
        if since and days[-1].is_always_there:
            remedy = f"if nothing reads it yet, map `{name}` in productops.yml to use it"
            yield _change(group, name, "new", [m for day in has for m in day.files], remedy)
        if gone := _gone(days):
            remedy = "empty since then; ask the vendor, or map what took its place"
            yield _change(group, name, "vanished", [m for day in gone for m in day.files], remedy)
        until = list(accumulate((day.values for day in has), frozenset.union))
        onward = list(accumulate((day.values for day in reversed(has)), frozenset.union))[::-1]
        turns = [n for n in range(1, len(has)) if not until[n - 1] & onward[n]]
        if turns:
            before, now = ("|".join(sorted(k)) for k in (until[turns[-1] - 1], onward[turns[-1]]))
            files = [m for day in has[turns[-1] :] for m in day.files]
            remedy = f"{before} before, {now} now; what can't be read so is set aside"
            yield _change(group, name, "retyped", files, remedy)


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
