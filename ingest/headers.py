"""Whether a table has the columns that a mapping can't do without.

Belongs here: refusing a table as a whole, by its header, and what else headers tell of all rows.
Does not belong here: single rows (see `ingest.mapping`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from ingest.contracts import Column, Contract
from ingest.fields import checked_zone
from ingest.formats import Part
from ingest.records import Records

# What a name of a column looks like, and no address or telephone number.
_NAME = re.compile(r"[^\W\d_][\w $/().:#&'-]{0,59}")
_ZONE = re.compile(r'"timeZone": ?"([^"]+)"')
_NUMBER = re.compile(r"\d{5}")
_MOST_SHOWN = 30


class MissingColumnError(ValueError):
    """The file as a whole lacks what a required column is read from."""

    reason = "missing_required_column"


def check_header(part: Part, contract: Contract, records: Records) -> None:
    """Refuses a table that lacks every column a required field is read from.

    Raises:
        MissingColumnError: Naming the column and what the header holds instead.
    """
    if records.names is None or part.unpivot or part.explode:
        return
    present = set(records.names) | {"_file"}
    for column in contract.columns:
        paths = _needed(column, part)
        if not paths or any(path in present or path.split(".")[0] in present for path in paths):
            continue
        wanted = " or ".join(repr(path) for path in paths)
        raise MissingColumnError(
            f"line 1: no column {wanted}, from which {contract.name}.{column.name} is read; "
            f"{_told(records.names, part)}. Export the file with that column, "
            "or map another one in productops.yml"
        )


def _told(names: Collection[str], part: Part) -> str:
    """What the header holds; a first row of data is not told, since it may name people."""
    if not set(names) & set(part.mapping.paths):
        return "nor is any other column there that is read, as in a file without a header"
    shown = [one for one in names if _NAME.fullmatch(one) and not _NUMBER.search(one)]
    more = len(names) - len(shown[:_MOST_SHOWN])
    return f"the header has {', '.join(shown[:_MOST_SHOWN])}" + (
        f" and {more} more" if more else ""
    )


def told_zone(ids: Mapping[str, str]) -> str | None:
    """The time zone that a third header row tells of its columns of times.

    Raises:
        MappingError: If there is no such zone.
    """
    for text in ids.values():
        if found := _ZONE.search(text):
            zone = "UTC" if found[1] == "Z" else found[1]
            return checked_zone(zone, "the header's timeZone")
    return None


def missing_columns(part: Part, resolved: Part, names: Collection[str]) -> tuple[str, ...]:
    """Columns of the contract that stay empty since the table has none of what they are read from.

    Args:
        part: What is read, as the format says it.
        resolved: The same with patterns of names replaced by the table's own names.
        names: The table's header.
    """
    if part.unpivot or part.explode:
        return ()
    return tuple(
        column
        for column, spec in part.mapping.fields.items()
        if spec.paths
        and not set(resolved.mapping.fields[column].paths) & {*names, "_file"}
        and not any(path.startswith("_") for path in spec.paths)
    )


def _needed(column: Column, part: Part) -> tuple[str, ...]:
    """Where a required column may be read from; nothing if it can do without."""
    spec, clock = part.mapping.fields.get(column.name), part.mapping.clock
    if not column.required:
        return ()
    if spec:
        return () if spec.default is not None else spec.paths
    if clock and column.name in {"occurred_at", "received_at"}:
        own = (clock.timestamp, clock.original) if column.name == "occurred_at" else ()
        return tuple(path for path in own or (clock.received,) if path)
    return ()
