"""Whom an erasure request speaks of: one person's ids in all sources, found in the landed rows.

Belongs here: reading requests, following a person's ids from source to source. Does not belong
here: what is done with what is found (`ingest.forget`), remembering it (`ingest.erasures`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import duckdb

from ingest.config import ConfigError
from ingest.contracts import PersonKind
from ingest.privacy import email_key, keyed_hash
from ingest.spellings import spellings
from ingest.values import quote

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
# A shorter id may stand in any text by chance; it is looked for in columns of ids alone.
SHORTEST_IN_TEXT = 6
_MANY = "group by user_id having count(distinct email_key) > 3"
_WORD = "0-9A-Za-z_-"
# What may stand before a word, also where it ends in a letter or digit: `\n`, `\u003c`, `%20`.
_BEFORE = rf"(^|[^{_WORD}]|\\[bfnrt]|\\u[0-9a-f]{{4}}|%[0-9a-f]{{2}})"


@dataclass(frozen=True)
class Request:
    """What somebody is known by who asked to be forgotten."""

    emails: frozenset[str] = frozenset()
    user_ids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Subject:
    """All that people who asked are known by; ids, tickets and notes of vendors with the source."""

    emails: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()
    refs: frozenset[tuple[str, str]] = frozenset()
    tickets: frozenset[tuple[str, str]] = frozenset()
    notes: frozenset[tuple[str, str]] = frozenset()

    def __or__(self, other: Subject) -> Subject:
        """Both."""
        return Subject(
            self.emails | other.emails, self.keys | other.keys, self.users | other.users,
            self.devices | other.devices, self.refs | other.refs, self.tickets | other.tickets,
            self.notes | other.notes,
        )  # fmt: skip

    def tokens(self, hash_key: str) -> frozenset[str]:
        """What is remembered of the ids: keyed hashes, by which later deliveries are held back."""
        found = set(self.keys)
        found |= {token("user", "", value, hash_key) for value in self.users | self.emails}
        found |= {token("device", "", value, hash_key) for value in self.devices}
        found |= {token("ref", source, value, hash_key) for source, value in self.refs}
        found |= {token("ticket", source, value, hash_key) for source, value in self.tickets}
        found |= {token("note", source, value, hash_key) for source, value in self.notes}
        return frozenset(found)

    @property
    def values(self) -> frozenset[str]:
        """Every id and address, as text."""
        paired = {value for _, value in self.refs | self.tickets | self.notes}
        return self.emails | self.keys | self.users | self.devices | frozenset(paired)

    @property
    def texts(self) -> frozenset[str]:
        """Addresses and ids that stand in no text by chance."""
        ids = {value for value in self.users | self.devices if not is_common(value)}
        return self.emails | self.keys | frozenset(ids)

    def pattern(self) -> str | None:
        """A pattern, for RE2 and Python's `re` alike, that finds `texts`; its ends are groups."""
        if not self.texts:
            return None
        words = [spellings(text) for text in sorted(self.texts, key=len, reverse=True)]
        return rf"(?i){_BEFORE}(?:{'|'.join(words)})([^{_WORD}]|$)"

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {f.name: sorted(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Subject:
        """What `document` gave."""
        emails, keys, users, devices = (
            frozenset(document[name]) for name in ("emails", "keys", "users", "devices")
        )
        refs, tickets, notes = (
            # What an older version noted knows of no notes.
            frozenset((source, value) for source, value in document.get(name, ()))
            for name in ("refs", "tickets", "notes")
        )
        return cls(emails, keys, users, devices, refs, tickets, notes)


def is_common(value: str) -> bool:
    """Whether an id is so short that it stands in texts by chance."""
    return len(value) < SHORTEST_IN_TEXT or (value.isdigit() and len(value) < 9)


def token(kind: PersonKind, source: str, value: str, hash_key: str) -> str:
    """The keyed hash of one id of one kind; `person_condition` computes the same in SQL."""
    cleaned = value.strip().lower() if "@" in value else value
    return keyed_hash(f"{kind}|{source}|{cleaned}", hash_key)


def make_request(emails: Iterable[str] = (), user_ids: Iterable[str] = ()) -> Request:
    """Checks what was asked for; raises `ConfigError` for what is no address or no id."""
    checked = set()
    for email in emails:
        clean = email.strip().lower().removeprefix("mailto:").strip()
        if not _ADDRESS.fullmatch(clean):
            raise ConfigError(f"{email!r} is no e-mail address; nothing was done.")
        checked.add(clean)
    ids = {value.strip() for value in user_ids}
    if "" in ids:
        raise ConfigError("An empty user id names nobody; nothing was done.")
    # An address given as an id is landed as its hash (`person_id`).
    checked |= {value.lower() for value in ids if _ADDRESS.fullmatch(value)}
    if not checked and not ids:
        raise ConfigError("Say whom: --email, --user-id or --file; nothing was done.")
    return Request(frozenset(checked), frozenset(ids))


def requests_of(emails: Iterable[str], user_ids: Iterable[str], file: Path | None) -> Request:
    """What a command line asks for: by name, by file, or both."""
    emails, user_ids = tuple(emails), tuple(user_ids)
    if file is None:
        return make_request(emails, user_ids)
    listed = read_requests(file)
    return make_request([*emails, *listed.emails], [*user_ids, *listed.user_ids])


def read_requests(path: Path) -> Request:
    """Requests of a CSV file with the columns `email`, `user_id` or both.

    Raises:
        ConfigError: Naming file and line of what can't be used.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            reader = csv.DictReader(handle)
            known = {"email", "user_id"} & set(reader.fieldnames or ())
            if not known:
                raise ConfigError(
                    f"{path}:1: the header must name `email` or `user_id`; nothing was done."
                )
            whole = Request()
            for row in reader:
                emails = [row["email"]] if (row.get("email") or "").strip() else []
                ids = [row["user_id"]] if (row.get("user_id") or "").strip() else []
                if not emails and not ids:
                    continue
                try:
                    one = make_request(emails, ids)
                except ConfigError as error:
                    raise ConfigError(f"{path}:{reader.line_num}: {error}") from error
                whole = Request(whole.emails | one.emails, whole.user_ids | one.user_ids)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(
            f"{path}: can't be read ({error}); give a CSV file in UTF-8. Nothing was done."
        ) from error
    if not whole.emails and not whole.user_ids:
        raise ConfigError(f"{path}: holds no request; nothing was done.")
    return whole


class _Rows:
    """Questions to the landed rows, whoever delivered them and whether they still count."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, lake: Path) -> None:
        self._connection = connection
        self._lake = lake

    def __call__(self, contract: str, columns: str, where: str, **values: Iterable[str]) -> set:
        if not all(values.values()):
            return set()
        place = quote(f"{self._lake}/bronze/{contract}/**/*.parquet")
        sql = (
            f"select distinct {columns} from read_parquet({place}, hive_partitioning = false, "
            f"union_by_name = true) where {where}"
        )
        bound = {key: sorted(value) for key, value in values.items()}
        rows = self._connection.execute(sql, bound).fetchall()
        return {row if len(row) > 1 else row[0] for row in rows if None not in row}


def find_subject(
    connection: duckdb.DuckDBPyConnection, lake: Path, request: Request, hash_key: str
) -> Subject:
    """Follows what was asked for to all ids of the same people.

    From an address to others of the same person and to every user id that has one; from a user id
    to the addresses that nobody else has. Then to the devices that are nobody else's, to vendors'
    ids, to their tickets, to the notes of interviews with them.
    """
    rows = _Rows(connection, lake)
    keys = {email_key(email, hash_key) for email in request.emails}
    keys |= _further(rows, keys)
    users = set(request.user_ids) | keys
    for contract in ("usage_events", "identities", "survey_responses"):
        has_key = "list_contains($keys, email_key)"
        found = rows(contract, "user_id", has_key, keys=keys)
        # An id such as `unknown`, under which many people go, is nobody's.
        many = f"list_contains($ids, user_id) {_MANY}"
        users |= found - rows(contract, "user_id", many, ids=found)
    asked = set(request.user_ids)
    for contract in ("usage_events", "identities", "survey_responses"):
        keys |= rows(contract, "email_key", "list_contains($ids, user_id)", ids=asked)
    keys |= _further(rows, keys)
    keys -= _shared(rows, keys - {email_key(e, hash_key) for e in request.emails}, users)
    devices = set()
    for contract in ("usage_events", "exposures"):
        devices |= rows(contract, "anonymous_id", "list_contains($ids, user_id)", ids=users)
    devices |= rows("usage_events", "previous_id", "list_contains($ids, user_id)", ids=users)
    said = "role = 'device' and list_contains($ids, user_id)"
    devices |= rows("identities", "identity_ref", said, ids=users)
    devices -= _devices_of_others(rows, devices, users)
    is_theirs = "list_contains($keys, email_key) or list_contains($ids, user_id)"
    either = {"keys": keys | {""}, "ids": users | {""}}
    # A row of a device that others have too goes by whose it says the device is, not by its id.
    is_one = "(role <> 'device' or list_contains($devices, identity_ref))"
    refs = rows(
        "identities", "source, identity_ref", f"({is_theirs}) and {is_one}",
        **either, devices=devices | {""},
    )  # fmt: skip
    refs |= rows("tool_seats", "source, member_ref", "list_contains($keys, email_key)", keys=keys)
    refs |= rows("tool_activity", "source, actor_ref", "list_contains($keys, email_key)", keys=keys)
    asks = "list_contains($refs, source || '|' || requester_ref) "
    asks += "or list_contains($keys, requester_ref)"
    asking = {"refs": {"|".join(pair) for pair in refs} | {""}, "keys": keys | {""}}
    tickets = rows("tickets", "source, ticket_id", asks, **asking)
    notes = rows(
        "research_sessions", "source, session_id", "list_contains($keys, email_key)", keys=keys
    )
    return Subject(
        request.emails, frozenset(keys), frozenset(users - {""}), frozenset(devices),
        frozenset(refs), frozenset(tickets), frozenset(notes),
    )  # fmt: skip


def _devices_of_others(rows: _Rows, devices: set[str], users: set[str]) -> set[str]:
    """Devices that somebody else signed in on, or has by word of a call or of a vendor."""
    found = set()
    for contract, column in (
        ("usage_events", "anonymous_id"), ("exposures", "anonymous_id"),
        ("usage_events", "previous_id"), ("identities", "identity_ref"),
    ):  # fmt: skip
        others = f"list_contains($ids, {column}) and not list_contains($users, user_id)"
        found |= rows(contract, column, others, ids=devices, users=users)
    return found


def _further(rows: _Rows, keys: set[str]) -> set[str]:
    """Other addresses of the same people, by word of a vendor."""
    of_first = "role = 'mailbox' and list_contains($keys, identity_ref)"
    firsts = rows("identities", "email_key", of_first, keys=keys)
    of_others = "role = 'mailbox' and list_contains($keys, email_key)"
    return firsts | rows("identities", "identity_ref", of_others, keys=keys | firsts)


def _shared(rows: _Rows, keys: set[str], users: set[str]) -> set[str]:
    """Addresses that somebody else has too: by one of them nobody else must be forgotten."""
    shared = set()
    for contract in ("usage_events", "identities", "survey_responses"):
        others = "list_contains($keys, email_key) and not list_contains($users, user_id)"
        shared |= rows(contract, "email_key", others, keys=keys, users=users)
    return shared
