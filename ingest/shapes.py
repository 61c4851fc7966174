"""What kinds of values the fields of JSON records have, seen in a sample.

Belongs here: the shape of one file's records. Does not belong here: how shapes changed from file
to file (`ingest.drift`), tables, whose header says it all (`ingest.headers`).
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
_FIELD = re.compile(r"[A-Za-z$][A-Za-z0-9_$-]{0,63}")
_MOST_FIELDS = 100
_KINDS = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "text",
    dict: "object",
    list: "list",
}


def shape_of(records: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Each field with the kinds of its values, as `text`, `number|text`, or `text?`.

    A question mark says that some records lack the field, or have it as null. Names of fields that
    begin with an underscore are the vendor's own or ours, and not told.
    """
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    filled: defaultdict[str, int] = defaultdict(int)
    count = 0
    for record in islice(records, SAMPLE_ROWS):
        count += 1
        for key, value in record.items():
            if value is not None and _FIELD.fullmatch(str(key)):
                kinds[key].add(_KINDS.get(type(value), "text"))
                filled[key] += 1
    if len(kinds) > _MOST_FIELDS:
        return {}
    return {
        key: "|".join(sorted(kinds[key])) + ("" if filled[key] == count else "?")
        for key in sorted(kinds)
    }


def records_of(head: bytes) -> Iterator[dict[str, Any]]:
    """Records of the whole lines in the first bytes of a file of JSON lines; no others."""
    for line in head.split(b"\n")[:-1]:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record
