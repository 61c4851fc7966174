"""The small language in which format files say where a column's value stands and how to read it.

Belongs here: fields, clocks, and the checks that a mapping can be used at all. Does not belong
here: SQL (see `ingest.values`, `ingest.mapping`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

PARSERS = (
    "text", "integer", "double", "boolean", "timestamp", "date", "json", "epoch_s", "epoch_ms",
    "epoch", "money", "percent", "email_key", "email_domain", "html", "lower", "domain", "match",
    "name_of", "hash", "file_date", "list", "object", "names", "joined", "split", "latest",
)  # fmt: skip


class MappingError(ValueError):
    """A mapping can't be used; the message names the field and the remedy."""


@dataclass(frozen=True)
class Condition:
    """Whether what stands at a path is among some words, or (`holds` is false) is not."""

    path: str
    words: tuple[str, ...]
    holds: bool


@dataclass(frozen=True)
class Field:
    """How one column is read: from the first filled path, or a constant, by a parser."""

    paths: tuple[str, ...] = ()
    parser: str | None = None
    constant: str | None = None
    values: Mapping[str, Any] | None = None
    default: str | None = None
    zone: str | None = None
    format: str | None = None
    nulls: tuple[str, ...] = ()
    # What a vendor may write before the value.
    prefix: str | None = None
    currency: str | None = None
    # Of a hash: of these the first filled one goes into it too.
    first: tuple[str, ...] = ()
    # It is read where all of them are met, and NULL elsewhere.
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Clock:
    """Where a record tells its times; see `clock_sql` for how the error is taken out."""

    timestamp: str | None = None
    original: str | None = None
    sent: str | None = None
    received: str | None = None
    parser: str = "timestamp"
    zone: str | None = None
    # Whether what was not received at a known time was received when it happened.
    may_lack_receipt: bool = False


@dataclass(frozen=True)
class FieldMap:
    """All fields of one contract for one format."""

    contract: str
    fields: Mapping[str, Field]
    clock: Clock | None = None
    zone: str | None = None
    strip_personal: bool = False

    def resolved(self, names: Iterable[str]) -> FieldMap:
        """The mapping with each `/pattern/` path replaced by the names that it matches."""
        known = tuple(names)
        fields = {
            key: replace(spec, paths=tuple(p for path in spec.paths for p in _matches(path, known)))
            for key, spec in self.fields.items()
        }
        return replace(self, fields=fields)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that the mapping reads."""
        found: list[str] = []
        for spec in self.fields.values():
            found.extend((*spec.paths, *spec.first, *(c.path for c in spec.conditions)))
            found.extend([spec.currency] if spec.currency else [])
        if self.clock:
            times = (self.clock.timestamp, self.clock.original, self.clock.sent)
            found.extend(path for path in (*times, self.clock.received) if path)
        return tuple(dict.fromkeys(found))


def is_pattern(path: str) -> bool:
    """Whether a path, or a word, stands between slashes."""
    return path.startswith("/") and path.endswith("/") and len(path) > 2


def parse_clock(spec: Any) -> Clock | None:
    """Reads where a record tells its times; raises `MappingError` naming the word."""
    if not spec:
        return None
    known = {"timestamp", "original", "sent", "received", "parser", "zone", "may_lack_receipt"}
    if not isinstance(spec, dict) or not set(spec) <= known:
        raise MappingError(f"clock: expected a mapping of {', '.join(sorted(known))}")
    clock = Clock(**spec)
    if clock.parser not in {"timestamp", "epoch_s", "epoch_ms", "epoch"}:
        raise MappingError(
            f"clock: unknown parser {clock.parser!r}; one of timestamp, epoch_s, epoch_ms, epoch"
        )
    checked_zone(clock.zone, "clock")
    return clock


def _listed(value: Any) -> Iterable[Any]:
    return (value,) if isinstance(value, str) else value


def checked_pattern(text: str, where: str) -> re.Pattern[str]:
    """A regular expression; raises `MappingError` naming where it stands."""
    try:
        return re.compile(text)
    except re.error as error:
        raise MappingError(f"{where}: {text!r} is no regular expression: {error}") from error


def checked_zone(zone: Any, where: str) -> str | None:
    """A time zone's name; raises `MappingError` naming where it stands."""
    if zone is None:
        return None
    try:
        ZoneInfo(str(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise MappingError(
            f"{where}: zone {zone!r} is no IANA time zone such as Europe/Berlin"
        ) from error
    return str(zone)


def _matches(path: str, names: tuple[str, ...]) -> tuple[str, ...]:
    if not is_pattern(path):
        return (path,)
    pattern = re.compile(path[1:-1])
    return tuple(item for item in names if pattern.fullmatch(item))


def parse_field(name: str, spec: Any) -> Field:
    """Reads one field of a format or mapping file; raises `MappingError` naming the field."""
    if isinstance(spec, str):
        return Field(paths=(spec,))
    if isinstance(spec, list):
        return Field(paths=tuple(str(item) for item in spec))
    if not isinstance(spec, dict):
        raise MappingError(f"field {name}: expected a path, a list of paths or a mapping")
    known = {"path", "as", "const", "values", "default", "zone", "format", "nulls", "prefix",
             "currency", "first", "when", "unless"}  # fmt: skip
    if unknown := sorted(set(spec) - known):
        raise MappingError(
            f"field {name}: unknown word {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        )
    parser = spec.get("as")
    if parser is not None and parser not in PARSERS:
        raise MappingError(f"field {name}: unknown parser {parser!r}; one of {', '.join(PARSERS)}")
    for key in ("path", "nulls", "first"):
        if not isinstance(spec.get(key, []), str | list):
            raise MappingError(f"field {name}: {key} must be a text or a list of texts")
    for key in ("when", "unless"):
        found = spec.get(key, {})
        if not isinstance(found, dict) or not all(isinstance(w, list) for w in found.values()):
            raise MappingError(f"field {name}: {key} must name paths, each with a list of words")
    if not isinstance(spec.get("values", {}), dict):
        raise MappingError(f"field {name}: values must map the vendor's words to ours")
    for key in map(str, spec.get("values") or {}):
        if is_pattern(key):
            checked_pattern(key[1:-1], f"field {name}: values")
    if parser == "match":
        checked_pattern(spec.get("format") or "", f"field {name}: format")
    path = spec.get("path", [])
    for item in [path] if isinstance(path, str) else path:
        if is_pattern(str(item)):
            checked_pattern(str(item)[1:-1], f"field {name}: path")
    constant = spec.get("const")
    return Field(
        paths=tuple(str(item) for item in _listed(path)),
        parser=parser,
        constant=None if constant is None else plain(constant),
        values=spec.get("values"),
        default=None if spec.get("default") is None else plain(spec["default"]),
        zone=checked_zone(spec.get("zone"), f"field {name}"),
        format=spec.get("format"),
        nulls=tuple(str(item) for item in _listed(spec.get("nulls", ()))),
        prefix=None if spec.get("prefix") is None else str(spec["prefix"]),
        currency=spec.get("currency"),
        first=tuple(str(item) for item in _listed(spec.get("first", ()))),
        conditions=tuple(
            Condition(str(path), tuple(map(plain, words)), key == "when")
            for key in ("when", "unless")
            for path, words in spec.get(key, {}).items()
        ),
    )


def plain(value: Any) -> str:
    """Text of a value of a YAML file, with true and false as SQL knows them."""
    return str(value).lower() if isinstance(value, bool) else str(value)
