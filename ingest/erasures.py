"""What is remembered of people who were forgotten: keyed hashes, by which they stay away.

Belongs here: `lake/privacy/`, and holding back their rows when they are delivered again. Does not
belong here: the check of the hash key (`ingest.hash_key`), finding people (`ingest.subjects`),
purging what was landed (`ingest.forget`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ingest.contracts import Column, Contract, PersonKind
from ingest.hash_key import key_check, write_private
from ingest.held import Staged
from ingest.privacy import email_key, keyed_hash
from ingest.problems import BadRecords
from ingest.store import LakeError, write_atomically, write_json
from ingest.subjects import Subject, is_common, token
from ingest.values import name, quote

ERASED = "erased_person"
# Stands where somebody else's row named an erased person.
NOBODY = "[erased]"
# Ids that a vendor gives, which another one may give to somebody else.
_OF_A_SOURCE: tuple[PersonKind, ...] = ("ref", "ticket", "note")
_VALUES = re.compile(r"""[^\s"',;:{}()<>=|\[\]]+""")


def erasures_path(lake: Path) -> Path:
    """The record of all erasures, one JSON object a line."""
    return lake / "privacy" / "erasures.jsonl"


def _pending_folder(lake: Path) -> Path:
    return lake / "privacy" / "pending"


def read_erasures(lake: Path) -> list[dict[str, Any]]:
    """All records, oldest first; raises `LakeError` naming a damaged line."""
    path = erasures_path(lake)
    if not path.is_file():
        return []
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            record = json.loads(line)
            found.append(record | {"subjects": list(record["subjects"])})
        except (ValueError, KeyError, TypeError) as error:
            raise LakeError(
                f"{path}:{number}: not a record of an erasure ({error}); restore it from a backup: "
                "without it erased people would be landed again."
            ) from error
    return found


def add_erasure(lake: Path, record: dict[str, Any], hash_key: str) -> None:
    """Adds a record, whole or not at all."""
    stamped = record | {"key": key_check(hash_key)}
    told = set(record["subjects"])
    earlier = [
        known
        for known in read_erasures(lake)
        if known["status"] == "done" or not told.issuperset(known["subjects"])
    ]
    lines = [json.dumps(known, sort_keys=True) for known in [*earlier, stamped]]
    text = "".join(f"{line}\n" for line in lines)
    write_atomically(erasures_path(lake), lambda draft: write_private(draft, text))


def read_tokens(lake: Path, hash_key: str) -> frozenset[str]:
    """Hashes of all ids of erased people.

    Raises:
        LakeError: If they were made by another key: nobody would be recognised by them.
    """
    records = read_erasures(lake)
    check = key_check(hash_key)
    if any(record.get("key") != check for record in records):
        raise LakeError(
            f"{erasures_path(lake)} was written with another hash key: erased people would not be "
            "recognised. Put the old key back into .env, or follow `A new hash key` in "
            "docs/operations.md."
        )
    return frozenset(token for record in records for token in record["subjects"])


def announce(lake: Path, subject: Subject, hash_key: str) -> None:
    """Notes whom a purge is about to take out, so that a killed one can be ended.

    Rows that lead from one id to the next are purged too: without the note a second run would not
    find the rest. It is readable by the owner alone, and removed at the end.
    """
    missing = subject.tokens(hash_key) - read_tokens(lake, hash_key)
    number = keyed_hash(json.dumps(subject.document()), hash_key)[:16]
    path = _pending_folder(lake) / f"{number}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    write_json(path, subject.document())
    path.chmod(0o600)
    if missing:
        add_erasure(lake, {"status": "begun", "subjects": sorted(missing)}, hash_key)


def pending(lake: Path) -> Subject:
    """Whom earlier purges that were killed had found."""
    whole = Subject()
    for path in sorted(_pending_folder(lake).glob("[!.]*.json")):
        try:
            whole |= Subject.from_document(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise LakeError(f"{path}: can't be read ({error}); delete it and ask again.") from error
    return whole


def finish_erasure(lake: Path, record: dict[str, Any], hash_key: str) -> None:
    """Writes the record of a purge in place of its announcements; the notes go when it is done."""
    add_erasure(lake, record, hash_key)
    if record["status"] != "done":
        return
    for path in _pending_folder(lake).glob("*"):
        path.unlink(missing_ok=True)


def _cleaned(value: str) -> str:
    return f"case when contains({value}, '@') then lower(trim({value})) else {value} end"


def _hashed(kinds: Iterable[PersonKind], source: str, value: str) -> str:
    tests = []
    for kind in kinds:
        prefix = quote(f"{kind}|{source if kind in _OF_A_SOURCE else ''}|")
        tests.append(f"keyed_hash({prefix} || {_cleaned(value)}) in (select token from erased)")
    return " or ".join(tests)


def _condition(column: Column, kind: PersonKind, source: str, relation: str) -> str:
    """SQL: the column names somebody who was erased. Each value is hashed once."""
    label = name(column.name)
    if kind == "email":
        return f"{label} in (select token from erased)"
    kinds: tuple[PersonKind, ...] = ("device", "user") if kind == "device" else (kind,)
    distinct = f"(select distinct {label} as v from {relation} where {label} is not null)"
    theirs = f"{label} in (select v from {distinct} where {_hashed(kinds, source, 'v')})"
    # An id that was an address was landed as the key of the address.
    return f"{theirs} or {label} in (select token from erased)" if kind == "ref" else theirs


def is_theirs(contract: Contract, source: str, relation: str) -> str:
    """SQL: the row is about somebody who was erased; needs the table `erased`."""
    tests = [
        _condition(column, column.person, source, relation)
        for column in contract.columns
        if column.person
    ]
    return f"coalesce({' or '.join(tests) or 'false'}, false)"


def mentions(contract: Contract, source: str, relation: str) -> dict[str, str]:
    """SQL by column: somebody else's row names an erased person there."""
    return {
        column.name: f"coalesce({_condition(column, column.mentions, source, relation)}, false)"
        for column in contract.columns
        if column.mentions
    }


def load_erased(connection: duckdb.DuckDBPyConnection, tokens: Iterable[str]) -> None:
    """Makes the table `erased` that the conditions need."""
    connection.execute(
        "create or replace temp table erased as select unnest($1::varchar[]) as token",
        [sorted(tokens)],
    )


@dataclass(frozen=True)
class Withheld:
    """Lines of a part with rows of erased people, and which of them hold rows of others too."""

    lines: frozenset[int] = frozenset()
    shared: frozenset[int] = frozenset()


def hold_back(
    connection: duckdb.DuckDBPyConnection, staged: Staged, source: str,
    tokens: frozenset[str], hash_key: str,
) -> list[Withheld]:  # fmt: skip
    """Takes rows of erased people out of what is staged; returns their lines, file by file.

    Rows that could not be read are held back where their text holds an erased id.
    """
    if not tokens:
        return [Withheld()] * len(staged.ends)
    condition = is_theirs(staged.contract, source, "stage")
    rows = connection.execute(f"select rowid, _reason from stage where {condition}").fetchall()
    if rows:
        _note_ids(connection, staged.contract, source, condition)
    lines: list[set[int]] = [set() for _ in staged.ends]
    unread: list[set[int]] = [set() for _ in staged.ends]
    for rowid, reason in rows:
        number, line = staged.file_of(rowid), staged.line_of(rowid)
        lines[number].add(line)
        if reason is not None:
            unread[number].add(line)
    for number, bad in enumerate(staged.bad):
        theirs = {
            record.line
            for record in bad
            if record.line in unread[number] or _names_erased(record.raw, source, tokens, hash_key)
        }
        if theirs:
            kept = BadRecords(record for record in bad if record.line not in theirs)
            staged.withheld[number] += len(bad) - len(kept)
            staged.bad[number] = kept
        lines[number] |= theirs
    changes = {"_reason": (ERASED, f"_reason is null and {condition}")} if rows else {}
    for column, test in mentions(staged.contract, source, "stage").items():
        if connection.execute(f"select 1 from stage where {test} limit 1").fetchone():
            changes[name(column)] = (NOBODY, test)
    if changes:
        staged.rows.settle()
    for column, (value, test) in changes.items():
        connection.execute(f"update stage set {column} = {quote(value)} where {test}")
    return [
        Withheld(frozenset(found), shared)
        for found, shared in zip(lines, _shared(staged, lines, rows), strict=True)
    ]


def _note_ids(
    connection: duckdb.DuckDBPyConnection, contract: Contract, source: str, condition: str
) -> None:
    """What a row of somebody erased is the record of, is theirs in the next parts and files too.

    So their tickets are known by the vendor's id of them, the messages by the ticket, what they
    said by the session; also where the vendor was not known when they were erased. Devices are
    left out: one may be somebody else's too.
    """
    if contract.name == "identities":
        condition = f"role <> 'device' and ({condition})"
    for column in contract.columns:
        if column.person in _OF_A_SOURCE and column.name in contract.key:
            label, prefix = name(column.name), quote(f"{column.person}|{source}|")
            connection.execute(
                f"insert into erased select distinct keyed_hash({prefix} || {_cleaned(label)}) "
                f"from stage where {label} is not null and {condition}"
            )


def tokens_met(
    connection: duckdb.DuckDBPyConnection, lake: Path, tokens: frozenset[str], hash_key: str
) -> frozenset[str]:
    """All that is known of erased people by now; what is new is remembered for later runs."""
    known = frozenset(row[0] for row in connection.execute("from erased").fetchall()) | tokens
    if new := known - tokens:
        earlier = [r["subjects"] for r in read_erasures(lake) if r["status"] == "met"]
        # One record for all of them: it takes the place of the one before.
        met = new.union(*earlier)
        add_erasure(lake, {"status": "met", "subjects": sorted(met)}, hash_key)
    return known


def _shared(
    staged: Staged, lines: list[set[int]], rows: list[tuple[int, str | None]]
) -> list[frozenset[int]]:
    """Lines of each file that hold rows of erased people and of others."""
    theirs = {rowid for rowid, _ in rows}
    found: list[set[int]] = [set() for _ in lines]
    for row, line in enumerate(staged.lines or () if any(lines) else ()):
        number = staged.file_of(row)
        if line in lines[number] and row not in theirs:
            found[number].add(line)
    return [frozenset(one) for one in found]


def _names_erased(raw: str, source: str, tokens: frozenset[str], hash_key: str) -> bool:
    for value in set(_VALUES.findall(raw.replace("%40", "@"))):
        if "@" in value and email_key(value, hash_key) in tokens:
            return True
        scoped: tuple[tuple[PersonKind, str], ...] = (
            ("user", ""), ("device", ""), ("ref", source), ("ticket", source),
        )  # fmt: skip
        # A short id of a vendor is some other number as often as not.
        sure = scoped[:2] if is_common(value) else scoped
        if any(token(kind, place, value, hash_key) in tokens for kind, place in sure):
            return True
    return False
