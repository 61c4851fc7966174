"""Fields of a vendor's records to columns of a contract, as one total SQL statement.

Belongs here: the small field language of the format files and its compilation. Total means: no
vendor value can raise; what can't be read gives NULL and a reason. Does not belong here: reading
files (`ingest.records`) or deciding what happens to the rows (`ingest.load`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ingest.contracts import Column, Contract
from ingest.privacy import without_personal

CLOCK_TOLERANCE = "interval 10 minutes"
# ISO 4217 currencies whose minor unit is the unit itself.
_NO_DECIMALS = "('JPY','KRW','CLP','VND','ISK','HUF')"
# End of a time that says its distance from UTC.
_OFFSET = r":[0-9]{2}(\.[0-9]+)? ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
# Column that a raw relation has when an id is made of the whole record.
RECORD_HASH = "_hash"
CLOCK_COLUMNS = ("occurred_at", "received_at", "sent_at", "is_clock_skewed")


class MappingError(ValueError):
    """A mapping can't be used; the message names the field and the remedy."""


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
    currency: str | None = None


@dataclass(frozen=True)
class Clock:
    """Where a record tells its times; see `clock_sql` for how the error is taken out."""

    timestamp: str | None = None
    original: str | None = None
    sent: str | None = None
    received: str | None = None
    parser: str = "timestamp"
    zone: str | None = None


@dataclass(frozen=True)
class Mapping_:
    """All fields of one contract for one format."""

    contract: str
    fields: Mapping[str, Field]
    clock: Clock | None = None
    zone: str | None = None
    strip_personal: bool = False

    def resolved(self, names: Iterable[str]) -> Mapping_:
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
            found.extend(spec.paths)
            found.extend([spec.currency] if spec.currency else [])
        if self.clock:
            times = (self.clock.timestamp, self.clock.original, self.clock.sent)
            found.extend(path for path in (*times, self.clock.received) if path)
        return tuple(dict.fromkeys(found))


def _is_pattern(path: str) -> bool:
    return path.startswith("/") and path.endswith("/") and len(path) > 2


def parse_clock(spec: Any) -> Clock | None:
    """Reads where a record tells its times; raises `MappingError` naming the word."""
    if not spec:
        return None
    known = {"timestamp", "original", "sent", "received", "parser", "zone"}
    if not isinstance(spec, dict) or not set(spec) <= known:
        raise MappingError(f"clock: expected a mapping of {', '.join(sorted(known))}")
    clock = Clock(**spec)
    if clock.parser not in {"timestamp", "epoch_s", "epoch_ms"}:
        raise MappingError(
            f"clock: unknown parser {clock.parser!r}; one of timestamp, epoch_s, epoch_ms"
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
    if not _is_pattern(path):
        return (path,)
    pattern = re.compile(path[1:-1])
    return tuple(item for item in names if pattern.fullmatch(item))


_PARSERS = frozenset(
    "text integer double boolean timestamp date json epoch_s epoch_ms money percent email_key "
    "email_domain html lower domain match name_of hash file_date".split()
)


def parse_field(name: str, spec: Any) -> Field:
    """Reads one field of a format or mapping file; raises `MappingError` naming the field."""
    if isinstance(spec, str):
        return Field(paths=(spec,))
    if isinstance(spec, list):
        return Field(paths=tuple(str(item) for item in spec))
    if not isinstance(spec, dict):
        raise MappingError(f"field {name}: expected a path, a list of paths or a mapping")
    known = {"path", "as", "const", "values", "default", "zone", "format", "nulls", "currency"}
    if unknown := sorted(set(spec) - known):
        raise MappingError(
            f"field {name}: unknown word {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        )
    parser = spec.get("as")
    if parser is not None and parser not in _PARSERS:
        raise MappingError(f"field {name}: unknown parser {parser!r}; one of {sorted(_PARSERS)}")
    for key in ("path", "nulls"):
        if not isinstance(spec.get(key, []), str | list):
            raise MappingError(f"field {name}: {key} must be a text or a list of texts")
    if not isinstance(spec.get("values", {}), dict):
        raise MappingError(f"field {name}: values must map the vendor's words to ours")
    if parser == "match":
        checked_pattern(spec.get("format") or "", f"field {name}: format")
    path = spec.get("path", [])
    for item in [path] if isinstance(path, str) else path:
        if _is_pattern(str(item)):
            checked_pattern(str(item)[1:-1], f"field {name}: path")
    constant = spec.get("const")
    return Field(
        paths=tuple(str(item) for item in _listed(path)),
        parser=parser,
        constant=None if constant is None else _plain(constant),
        values=spec.get("values"),
        default=None if spec.get("default") is None else _plain(spec["default"]),
        zone=checked_zone(spec.get("zone"), f"field {name}"),
        format=spec.get("format"),
        nulls=tuple(str(item) for item in _listed(spec.get("nulls", ()))),
        currency=spec.get("currency"),
    )


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def quote(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def name(identifier: str) -> str:
    """A quoted SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


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


def timestamp_sql(text: str, zone: str | None, style: str | None = None) -> str:
    """SQL for a UTC timestamp; text without an offset is local time of `zone` (default UTC).

    DuckDB's TIMESTAMP drops an offset in silence, so only text that ends in Z is read as one.
    Words that DuckDB would take for a time (`epoch`, `infinity`) are none.
    """
    if style:
        parsed = f"try_strptime({text}, {quote(style)})"
        if "%z" in style:
            return f"cast({parsed} as timestamp)"
        return f"timezone({quote(zone)}, {parsed}) at time zone 'UTC'" if zone else parsed
    cleaned = f"regexp_replace({text}, ' ?(UTC|GMT)$', 'Z')"
    parsed = f"cast(try_cast({cleaned} as timestamptz) as timestamp)"
    if zone:
        offset = f"regexp_matches({cleaned}, '{_OFFSET}')"
        local = f"timezone({quote(zone)}, try_cast({cleaned} as timestamp)) at time zone 'UTC'"
        parsed = f"case when {offset} then {parsed} else {local} end"
    return (
        f"case when {text} not between '0' and ':' then NULL "
        f"when suffix({text}, 'Z') then try_cast({text} as timestamp) else {parsed} end"
    )


def _epoch(text: str, per_second: int) -> str:
    seconds = f"try_cast({text} as double)"
    micros = f"cast(round({seconds} * {1_000_000 // per_second}) as bigint)"
    limit = 253_402_300_799 * per_second
    return f"case when {seconds} between 0 and {limit} then make_timestamp({micros}) end"


def _boolean(text: str) -> str:
    word = f"lower({text})"
    return (
        f"case when {word} in ('true','t','yes','y','1','active','enabled') then true "
        f"when {word} in ('false','f','no','n','0','inactive','disabled') then false end"
    )


def _money(text: str, currency: str | None) -> str:
    """Minor units; a comma before the last one or two digits is a decimal comma."""
    bare = f"regexp_replace({text}, '[^0-9.,()-]', '', 'g')"
    point = f"replace(replace({bare}, '.', ''), ',', '.')"
    is_comma = f"regexp_matches({bare}, '^[(-]?([0-9]+|[0-9]{{1,3}}(\\.[0-9]{{3}})+),[0-9]{{1,2}}[)]?$')"
    plain = f"case when {is_comma} then {point} else replace({bare}, ',', '') end"
    signed = f"regexp_replace({plain}, '^\\((.*)\\)$', '-\\1')"
    factor = f"case when upper({currency}) in {_NO_DECIMALS} then 1 else 100 end"
    amount = f"coalesce(try_cast({text} as decimal(18, 4)), try_cast({signed} as decimal(18, 4)))"
    return f"cast(round({amount} * {factor if currency else 100}) as bigint)"


def _integer(text: str) -> str:
    number = f"try_cast({text} as double)"
    whole = f"case when {number} = floor({number}) then try_cast({number} as bigint) end"
    return f"coalesce(try_cast({text} as bigint), {whole})"


def _parsed(parser: str, text: str, spec: Field, zone: str | None, currency: str | None) -> str:
    match parser:
        case "timestamp":
            return timestamp_sql(text, spec.zone or zone, spec.format)
        case "date":
            styled = f"try_strptime({text}, {quote(spec.format or '')})::date"
            bare = f"case when {text} between '0' and ':' then try_cast(left({text}, 10) as date) end"
            return styled if spec.format else bare
        case "epoch_s" | "epoch_ms":
            return _epoch(text, 1 if parser == "epoch_s" else 1000)
        case "integer":
            return _integer(text)
        case "double":
            return f"case when isfinite(try_cast({text} as double)) then try_cast({text} as double) end"
        case "boolean":
            return _boolean(text)
        case "money":
            return _money(text, currency)
        case "percent":
            return f"try_cast(replace({text}, '%', '') as double) / 100"
        case "email_key" | "email_domain":
            return f"{parser}({text})"
        case "html":
            return f"plain_text({text})"
        case "lower":
            return f"lower({text})"
        case "domain":
            bare = f"regexp_replace(lower({text}), '^https?://(www\\.)?|^www\\.', '')"
            return f"nullif(split_part({bare}, '/', 1), '')"
        case "match":
            style = spec.format or ".*"
            return f"nullif(regexp_extract({text}, {quote(style)}, {min(re.compile(style).groups, 1)}), '')"
        case "json":
            return f"case when json_valid({text}) then {text} end"
        case _:
            return text


class Layer:
    """Expressions that are computed once, however many columns need them."""

    def __init__(self, prefix: str) -> None:
        """Takes the letter that its names begin with."""
        self._prefix = prefix
        self._names: dict[str, str] = {}

    def add(self, sql: str) -> str:
        """Name under which the layers above find the value of `sql`."""
        return "x." + self._names.setdefault(sql, f"{self._prefix}{len(self._names)}")

    def columns(self) -> list[str]:
        """What its select computes."""
        return [f"{sql} as {label}" for sql, label in self._names.items()]


@dataclass(frozen=True)
class Compiled:
    """SQL for the columns of a contract, over a relation `r` of raw records.

    `raw` reads the vendor's fields as text, `moments` are the clock's times made of them,
    `columns` are typed; `texts` hold the raw text of those that may be unreadable; `reason` says,
    in terms of `c_<column>` and `t_<column>`, why a row can't be loaded; `reads` are the raw
    columns that the relation must have, with the types that never fail.
    """

    raw: Layer
    moments: Layer
    columns: dict[str, str]
    texts: dict[str, str]
    reason: str
    reads: dict[str, str]

    def select(self, relation: str, key: str) -> str:
        """The whole statement: typed columns, `row_key` from the SQL `key`, and `reason`."""
        read = ", ".join([*self.raw.columns(), "r.r_extra"])
        timed = ", ".join(["x.*", *self.moments.columns()])
        typed = [f"{sql} as {name('c_' + column)}" for column, sql in self.columns.items()]
        typed += [f"{sql} as {name('t_' + column)}" for column, sql in self.texts.items()]
        outer = [f"{name('c_' + column)} as {name(column)}" for column in self.columns]
        return (
            f"select {', '.join(outer)}, md5_number_lower({key}) as row_key, "
            f"{self.reason} as _reason, r_extra as _extra "
            f"from (select {', '.join(typed)}, x.r_extra from "
            f"(select {timed} from (select {read} from {relation} r) x) x)"
        )


def _text(spec: Field, tree: PathTree) -> str:
    pieces = [f"nullif(trim({tree.expression(path)}), '')" for path in spec.paths]
    for null in spec.nulls:
        pieces = [f"nullif({piece}, {quote(null)})" for piece in pieces]
    text = pieces[0] if len(pieces) == 1 else f"coalesce({', '.join([*pieces, 'NULL'])})"
    if spec.values:
        cases = " ".join(
            f"when {quote(str(key).lower())} then "
            + ("NULL" if value is None else quote(_plain(value)))
            for key, value in spec.values.items()
        )
        text = f"case lower({text}) {cases} else {text if spec.default is None else 'NULL'} end"
    if spec.default is not None:
        text = f"coalesce({text}, {quote(spec.default)})"
    return text


def _first_filled(spec: Field, tree: PathTree) -> str:
    """Name of the first path that has a value: for records that carry the changed field as key."""
    cases = " ".join(
        f"when {tree.expression(path)} is not null then {quote(path.split('.')[-1])}"
        for path in spec.paths
    )
    return f"case {cases} end"


def _hash_sql(spec: Field, tree: PathTree, source: str) -> str:
    """An id for records without one: of the named fields, else of the whole record."""
    pieces = [f"coalesce({tree.expression(path)}, '~')" for path in spec.paths]
    return f"sha256(concat_ws('|', {quote(source)}, {', '.join(pieces) or f'r.{RECORD_HASH}'}))"


def _column_sql(
    column: Column,
    spec: Field,
    tree: PathTree,
    mapping: Mapping_,
    facts: Mapping[str, str],
    raw: Layer,
) -> tuple[str, str | None]:
    """Expression of one column and, where reading it can fail, of its raw text."""
    if spec.parser == "hash":
        return raw.add(_hash_sql(spec, tree, facts["source"])), None
    if spec.parser == "file_date":
        return f"{quote(facts['file_date'])}::date", None
    if spec.constant is not None:
        return f"cast({quote(spec.constant)} as {column.sql_type})", None
    if column.type == "json" and spec.parser is None:
        pieces = [f"cast({tree.expression(path)} as varchar)" for path in spec.paths]
        whole = f"coalesce({', '.join(pieces)})" if len(pieces) > 1 else pieces[0]
        whole = raw.add(f"nullif({whole}, 'null')")
        return (without_personal(whole) if mapping.strip_personal else whole), None
    if spec.parser == "name_of":
        return raw.add(_first_filled(spec, tree)), None
    text = raw.add(_text(spec, tree))
    parser = spec.parser or ("text" if column.type == "json" else column.type)
    currency = raw.add(_text(Field(paths=(spec.currency,)), tree)) if spec.currency else None
    parsed = _parsed(parser, text, spec, mapping.zone, currency)
    checked = column.type not in {"text", "json"} and parser != "match"
    return f"cast({parsed} as {column.sql_type})", text if checked else None


def _clock_text(path: str, tree: PathTree, raw: Layer) -> str:
    return raw.add(f"nullif(trim({tree.expression(path)}), '')")


def clock_sql(
    clock: Clock, tree: PathTree, zone: str | None, raw: Layer, moments: Layer
) -> dict[str, str]:
    """The four clock columns of usage events.

    Event time = the vendor's corrected timestamp, else received - (sent - original); where it is
    more than ten minutes after receipt the client's clock is ahead and receipt is taken instead.
    """

    def read(path: str | None) -> str:
        if path is None:
            return "NULL::timestamp"
        text = _clock_text(path, tree, raw)
        return moments.add(_parsed(clock.parser, text, Field(zone=clock.zone), zone, None))

    original, sent, received = read(clock.original), read(clock.sent), read(clock.received)
    corrected = f"{received} - ({sent} - {original})"
    choices = [read(clock.timestamp)] if clock.timestamp else []
    choices += [corrected] if clock.original and clock.sent and clock.received else []
    choices += [original] if clock.original else []
    happened = f"coalesce({', '.join([*choices, 'NULL'])})"
    if clock.received is None:
        return {
            "occurred_at": happened,
            "received_at": happened,
            "sent_at": sent,
            "is_clock_skewed": "false",
        }
    ahead = f"coalesce({happened} > {received} + {CLOCK_TOLERANCE}, false)"
    return {
        "occurred_at": f"case when {ahead} then {received} else {happened} end",
        "received_at": received,
        "sent_at": sent,
        "is_clock_skewed": ahead,
    }


def _problems(
    contract: Contract, texts: Mapping[str, str], facts: Mapping[str, str], *, has_clock: bool
) -> list[str]:
    """`when … then '<reason>'` clauses, the most telling first."""

    def typed(column: str) -> str:
        return name(f"c_{column}")

    problems = [
        f"when {typed(column)} is null and {name('t_' + column)} is not null then 'bad_{column}'"
        for column in texts
    ]
    problems += [
        f"when {typed(column.name)} is null then 'missing_{column.name}'"
        for column in contract.columns
        if column.required
    ]
    if contract.name == "usage_events":
        actors = ", ".join(typed(c) for c in ("user_id", "anonymous_id", "group_id"))
        problems.append(f"when coalesce({actors}) is null then 'no_actor'")
        born = f"{typed('occurred_at')} < {quote(facts['born_on'])}::date"
        problems.append(f"when {born} then 'before_product_birth'")
    if contract.partition and (has_clock or contract.partition.endswith("_at")):
        late = f"{typed(contract.partition)} > {quote(facts['latest_at'])}::timestamp"
        problems.append(f"when {late} then 'timestamp_out_of_range'")
    return problems


def compile_mapping(mapping: Mapping_, contract: Contract, facts: Mapping[str, str]) -> Compiled:
    """Compiles a mapping to SQL.

    Args:
        mapping: The fields.
        contract: The contract that they fill; fields that it lacks raise `MappingError`.
        facts: What the file itself tells: `source`, `file_date`, and the bounds
            `born_on` and `latest_at` for the partition column.
    """
    names = set(contract.column_names)
    if unknown := sorted(set(mapping.fields) - names):
        raise MappingError(
            f"contract {contract.name} has no column {', '.join(unknown)}; "
            f"it has {', '.join(contract.column_names)}"
        )
    tree = PathTree.of(mapping.paths)
    raw, moments = Layer("t"), Layer("m")
    columns: dict[str, str] = {}
    texts: dict[str, str] = {}
    for column in contract.columns:
        if column.name not in mapping.fields:
            columns[column.name] = f"NULL::{column.sql_type}"
            continue
        spec = mapping.fields[column.name]
        columns[column.name], text = _column_sql(column, spec, tree, mapping, facts, raw)
        if text is not None:
            texts[column.name] = text
    if mapping.clock:
        columns.update(clock_sql(mapping.clock, tree, mapping.zone, raw, moments))
        stamp = mapping.clock.timestamp or mapping.clock.original
        if stamp:
            texts["occurred_at"] = _clock_text(stamp, tree, raw)
    problems = _problems(contract, texts, facts, has_clock=mapping.clock is not None)
    reason = f"case {' '.join(problems)} end" if problems else "NULL::varchar"
    json_leaves = frozenset(
        path.split(".")[0]
        for column_name, spec in mapping.fields.items()
        if contract.column(column_name).type == "json" and spec.parser is None
        for path in spec.paths
    ) | frozenset(path.split(".")[0] for path in mapping.paths
                  if "." in path and path.split(".")[0] in tree.leaves)  # fmt: skip
    reads = tree.columns(json_leaves)
    if any(spec.parser == "hash" and not spec.paths for spec in mapping.fields.values()):
        reads[RECORD_HASH] = "VARCHAR"
    return Compiled(raw, moments, columns, texts, reason, reads)
