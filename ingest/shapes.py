"""What kinds of values the fields of JSON records have, seen in a sample.

Belongs here: the shape of one file's records: their own fields, and of those inside objects the
ones that are read. Does not belong here: how shapes changed from file to file (`ingest.drift`),
tables, whose header says it all (`ingest.headers`).
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

# Enough to see what every record has; a file's first records cost little to look at.
SAMPLE_ROWS = 100
SAMPLE_BYTES = 64 * 1024
# Objects whose keys are data have no shape, and such keys may name people.
FIELD = re.compile(r"[A-Za-z$][A-Za-z0-9_$-]{0,63}")
MOST_FIELDS = 100
# Kind of a field that is there and has no value.
NULL = "null"
_KINDS = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "text",
    dict: "object",
    list: "list",
    type(None): NULL,
}
_ABSENT = object()


def shape_of(records: Iterable[Mapping[str, Any]], paths: Iterable[str] = ()) -> dict[str, str]:
    """Each field with the kinds of its values, as `text`, `number|text`, or `text?`.

    A question mark says that some records lack the field, `null` that some have it without a
    value. Names of fields that begin with an underscore are the vendor's own or ours, and not told.

    Args:
        records: Of which the first ones are looked at.
        paths: Where fields inside objects are read, such as `properties.arr`.
    """
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    filled: defaultdict[str, int] = defaultdict(int)
    sample = list(islice(records, SAMPLE_ROWS))
    for record in sample:
        for key, value in record.items():
            if FIELD.fullmatch(str(key)):
                kinds[key].add(_KINDS.get(type(value), "text"))
                filled[key] += 1
    if len(kinds) > MOST_FIELDS:
        return {}
    for path in paths:
        first, *steps = path.split(".")
        if not steps or first not in kinds:
            continue
        for record in sample:
            value = _inside(record.get(first), steps)
            if value is not _ABSENT:
                kinds[path].add(_KINDS.get(type(value), "text"))
                filled[path] += 1
    count = len(sample)
    return {
        key: "|".join(sorted(kinds[key])) + ("" if filled[key] == count else "?")
        for key in sorted(kinds)
    }


def _inside(value: Any, steps: Iterable[str]) -> Any:
    for step in steps:
        if not isinstance(value, dict):
            return _ABSENT
        value = value.get(step, _ABSENT)
    return value


def records_of(head: bytes) -> Iterator[dict[str, Any]]:
    """Records of the whole lines in the first bytes of a file of JSON lines; no others."""
    for line in head.split(b"\n")[:-1]:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record
