"""What exports have beside what a mapping reads, and how much of it is kept in `extra`.

Belongs here: which columns of tables and fields of documents are kept, and as what text. Does not
belong here: telling of them (`ingest.drift`), taking words out of what is kept (the statement of
`ingest.stage` does so). Lines of events have no `extra`: they hold what they say in `properties`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ingest.fields import plain
from ingest.formats import Part
from ingest.privacy import PERSONAL_HEADER, mask_emails
from ingest.records import Records
from ingest.shapes import FIELD, MOST_FIELDS

# What is said of a person beside their ids may well name them.
_OF_PEOPLE = "identities"
# Events of documents are events.
_WITHOUT_EXTRA = frozenset({"usage_events", _OF_PEOPLE})
_LONGEST = 200
_SECRET = re.compile(r"passw|secret|(?:api|access|private)[ _.-]?key|(?:^|[ _.-])token$")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def unread_columns(part: Part, table: Records, read: Collection[str]) -> tuple[str, ...]:
    """Columns of a table that neither the mapping reads nor become rows of their own."""
    wide, ids = part.unpivot, table.ids
    return tuple(
        one for one in table.names or ()
        if one and one not in read and not (wide and wide.takes(one, ids.get(one, "")))
    )  # fmt: skip


def kept_columns(part: Part, unread: Iterable[str]) -> tuple[str, ...]:
    """Those that `extra` holds."""
    if part.contract == _OF_PEOPLE:
        return ()
    words = {one: _words(one) for one in unread}
    return tuple(
        one for one, said in words.items()
        if not (PERSONAL_HEADER.search(said) or _SECRET.search(said))
    )  # fmt: skip


def _words(column: str) -> str:
    """`createdBy` is `created_by`."""
    return _HUMP.sub("_", column).lower()


def kept_fields(part: Part, files: Iterable[Records], read: Collection[str]) -> tuple[str, ...]:
    """Fields of documents' records that nothing reads and `extra` holds."""
    found = set[str]().union(*(row for records in files for row in records.rows)) - set(read)
    if part.explode:
        # Entries of lists say all in few words; beside them stands what the format names.
        lifted = tuple(f"{path.rpartition('.')[2]}_" for path in part.extra)
        found = {one for one in found if one.startswith(lifted)}
    # Of objects whose keys are data there is no telling what they hold.
    if part.contract in _WITHOUT_EXTRA or part.unpivot or len(found) > MOST_FIELDS:
        return ()
    return kept_columns(part, sorted(filter(FIELD.fullmatch, found)))


def texts_of(record: Mapping[str, Any], kept: Sequence[str], *, is_table: bool) -> dict[str, str]:
    """What `extra` holds of a record, before words are taken out.

    Of documents short values alone: objects and lists tell of people, long texts are prose.
    """
    if is_table:
        return {key: mask_emails(str(record[key])) for key in kept}
    texts = {key: plain(value) for key in kept if (value := record.get(key)) is not None
             and not isinstance(value, dict | list)}  # fmt: skip
    return {key: mask_emails(text) for key, text in texts.items() if len(text) <= _LONGEST}
