"""Fields of a vendor's records to columns of a contract, as one total SQL statement.

Belongs here: compiling a mapping. Total means: no vendor value can raise; what can't be read gives
NULL and a reason. Does not belong here: reading files (`ingest.records`) or deciding what happens
to the rows (`ingest.landing`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ingest.clock import clock_sql
from ingest.compiled import Compiled, Layer, Record
from ingest.contracts import Column, Contract
from ingest.fields import Field, FieldMap, MappingError, plain
from ingest.paths import PathTree
from ingest.privacy import without_addresses
from ingest.properties import holding, without_personal
from ingest.values import gathered_sql, latest_sql, name, quote, trimmed, value_sql, word

# Column that a raw relation has when an id is made of the whole record.
RECORD_HASH = "_hash"
# Reason of a line that the format itself leaves out; it is counted, not set aside.
LEFT_OUT = "left_out"
# What a field of an issue was changed from and to is what that field may hold: JSON too.
_ANY_VALUE = {"previous_ref", "value_ref"}
# What these make is never the hash of an address.
_NO_ADDRESS = {"hash", "file_date", "name_of", "list", "object"}


def _text(spec: Field, record: Record) -> str:
    pieces = [trimmed(record.text(path)) for path in spec.paths]
    for null in spec.nulls:
        pieces = [f"nullif({piece}, {quote(null)})" for piece in pieces]
    text = pieces[0] if len(pieces) == 1 else f"coalesce({', '.join([*pieces, 'NULL'])})"
    if spec.prefix:
        text = f"regexp_replace({text}, {quote('^' + re.escape(spec.prefix))}, '')"
    if spec.values:
        cases = " ".join(
            f"when {word(str(key), text)} then "
            + ("NULL" if value is None else quote(plain(value)))
            for key, value in spec.values.items()
        )
        text = f"case lower({text}) {cases} else {text if spec.default is None else 'NULL'} end"
    if spec.default is not None:
        text = f"coalesce({text}, {quote(spec.default)})"
    return _where_read(text, spec, record)


def _where_read(text: str, spec: Field, record: Record) -> str:
    """The text where what stands elsewhere says that it is to be read."""
    for condition in spec.conditions:
        words = ", ".join(map(quote, condition.words))
        seen = (
            f"coalesce({record.text(condition.path)}, '') {'in' if condition.holds else 'not in'}"
        )
        text = f"case when {seen} ({words}) then {text} end"
    return text


def _first_filled(spec: Field, record: Record) -> str:
    """Name of the first path that has a value: for records that carry the changed field as key."""
    cases = " ".join(
        f"when {record.text(path)} is not null then "
        f"{quote(plain((spec.values or {}).get(path, path.split('.')[-1])))}"
        for path in spec.paths
    )
    name_of = f"case {cases} else {'NULL' if spec.default is None else quote(spec.default)} end"
    return _where_read(name_of, spec, record)


def _hash_sql(spec: Field, record: Record, source: str) -> str:
    """An id for records without one: of the named fields, else of the whole record."""
    first = [", ".join(record.text(path) for path in spec.first)] if spec.first else []
    pieces = [f"coalesce({text}, '~')" for text in [*map(record.text, spec.paths), *first]]
    pieces = pieces or [record.paths.add(f"r.{RECORD_HASH}")]
    return f"sha256(concat_ws('|', {quote(source)}, {', '.join(pieces)}))"


def _column_sql(
    column: Column,
    spec: Field,
    record: Record,
    mapping: FieldMap,
    facts: Mapping[str, str],
    raw: Layer,
    moments: Layer,
) -> tuple[str, str | None]:
    """Expression of one column and, where reading it can fail, of its raw text."""
    if spec.parser == "hash":
        return raw.add(_hash_sql(spec, record, facts["source"])), None
    if spec.parser == "file_date":
        return f"{quote(facts['file_date'])}::date", None
    if spec.constant is not None:
        return f"cast({quote(spec.constant)} as {column.sql_type})", None
    if column.type == "json" and spec.parser is None:
        pieces = [record.text(path) for path in spec.paths]
        whole = f"coalesce({', '.join(pieces)})" if len(pieces) > 1 else pieces[0]
        whole = raw.add(f"nullif({whole}, 'null')")
        if not mapping.strip_personal:
            return whole, None
        held = moments.add(holding(whole))
        return f"case when {held} is null then {whole} else {without_personal(held)} end", None
    if spec.parser == "name_of":
        return raw.add(_first_filled(spec, record)), None
    if spec.parser in {"list", "object"}:
        texts = {p: trimmed(record.text(p)) for p in spec.paths}
        return f"cast({raw.add(gathered_sql(spec.parser, texts))} as varchar)", None
    if spec.parser == "latest":
        each = [raw.add(_text(replace(spec, paths=(path,)), record)) for path in spec.paths]
        return latest_sql(each, spec, mapping.zone), f"coalesce({', '.join([*each, 'NULL'])})"
    text = raw.add(_text(spec, record))
    parser = spec.parser or ("text" if column.type == "json" else column.type)
    currency = raw.add(_text(Field(paths=(spec.currency,)), record)) if spec.currency else None
    if parser in {"email_key", "email_domain"}:
        parsed = _of_email(parser, text, moments)
    else:
        parsed = value_sql(parser, text, spec, mapping.zone, currency)
    if parser == "match" and column.type not in {"text", "json"}:
        # What a pattern found is text still, and must not raise either.
        parsed = value_sql(column.type, f"({parsed})", Field(), mapping.zone, None)
    if column.free_text:
        parsed = f"redact({moments.add(parsed) if parser == 'html' else parsed})"
    elif column.is_person_id:
        is_ref = "ref" in {column.person, column.mentions}
        parsed = f"{'vendor_id' if is_ref else 'person_id'}({parsed})"
    elif column.masked and column.name.endswith("_id"):
        # Two ids stay two: the whole of what holds an address becomes its hash.
        parsed = f"person_id({parsed})"
    elif column.masked:
        parsed = without_addresses(parsed if parsed == text else moments.add(parsed))
    checked = column.type not in {"text", "json"} and parser != "match"
    return f"cast({parsed} as {column.sql_type})", text if checked else None


def _of_email(parser: str, text: str, moments: Layer) -> str:
    """The hash of an e-mail address, or its domain; the address itself is found once."""
    address = moments.add(f"email_of({text})")
    return f"keyed_hash({address})" if parser == "email_key" else f"split_part({address}, '@', 2)"


def _is_plain(column: Column, mapping: FieldMap) -> bool:
    """Whether it is an id or another word that must be there, read as the vendor writes it.

    Of events only whom and which account they are counted for: a look at every id of theirs would
    take a fiftieth of the time that landing takes.
    """
    spec = mapping.fields.get(column.name)
    if spec is None or spec.constant is not None or spec.parser not in {None, "text", "lower"}:
        return False
    if column.name in _ANY_VALUE:
        return False
    if mapping.contract == "usage_events":
        return column.name in {"user_id", "group_id"}
    return column.type == "text" and (column.required or column.name.endswith(("_id", "_ref")))


def _problems(
    contract: Contract, mapping: FieldMap, texts: Mapping[str, str], facts: Mapping[str, str]
) -> list[str]:
    """`when … then '<reason>'` clauses, the most telling first."""

    def typed(column: str) -> str:
        return name(f"c_{column}")

    problems = [
        f"when {typed(column)} is null and trimmed({name('t_' + column)}) is not null "
        f"then 'bad_{column}'"
        for column in texts
    ]
    problems += [
        f"when is_nested({typed(column.name)}) then 'bad_{column.name}'"
        for column in contract.columns
        if _is_plain(column, mapping)
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
    if contract.partition and (mapping.clock or contract.partition.endswith("_at")):
        late = f"{typed(contract.partition)} > {quote(facts['latest_at'])}::timestamp"
        problems.append(f"when {late} then 'timestamp_out_of_range'")
    return problems


def _left_out(
    only: Mapping[str, tuple[str, ...]], record: Record, raw: Layer, texts: dict[str, str]
) -> list[str]:
    """Clauses for records that are not among those that the format takes."""
    columns = (f"cast(r.{name(column)} as varchar)" for column in record.tree.columns())
    filled = f"coalesce({', '.join(columns)})"
    clauses = []
    for number, (path, values) in enumerate(only.items()):
        seen = f"coalesce({record.text(path)}, '')"
        texts[f"only{number}"] = raw.add(
            f"case when {record.paths.add(filled)} is not null then {seen} end"
        )
        wanted = ", ".join(quote(value) for value in values)
        clauses.append(f"when {name(f't_only{number}')} not in ({wanted}) then {quote(LEFT_OUT)}")
    return clauses


def _name_by_id(
    contract: Contract, mapping: FieldMap, columns: dict[str, str], record: Record, raw: Layer,
    moments: Layer,
) -> None:  # fmt: skip
    """Where a vendor's user id is an e-mail address, it is the person's e-mail too."""
    spec = mapping.fields.get("user_id")
    if spec is None or spec.constant is not None or contract.column("user_id").person != "user":
        return
    text = raw.add(_text(spec, record))
    for column in sorted({"email_key", "email_domain"} & columns.keys()):
        columns[column] = f"coalesce({columns[column]}, {_of_email(column, text, moments)})"


def _addresses(
    contract: Contract, mapping: FieldMap, record: Record, raw: Layer
) -> tuple[str, ...]:
    """SQL for each address whose hash stands in a column: of an e-mail, or of an id made of one."""
    found = []
    for column in contract.columns:
        spec = mapping.fields.get(column.name)
        if spec is None or spec.constant is not None or spec.parser in _NO_ADDRESS:
            continue
        if spec.parser == "email_key":
            found.append(f"address_of({raw.add(_text(spec, record))})")
        elif column.is_person_id:
            value = value_sql(
                spec.parser or "text", raw.add(_text(spec, record)), spec, mapping.zone, None
            )
            found.append(f"address_of(replace({value}, '%40', '@'))")
    return tuple(dict.fromkeys(found))


def compile_mapping(
    mapping: FieldMap,
    contract: Contract,
    facts: Mapping[str, str],
    only: Mapping[str, tuple[str, ...]] | None = None,
    *,
    keeps_addresses: bool = False,
) -> Compiled:
    """Compiles a mapping to SQL.

    Args:
        mapping: The fields.
        contract: The contract that they fill; fields that it lacks raise `MappingError`.
        facts: What the file itself tells: `source`, `file_date`, and the bounds
            `born_on` and `latest_at` for the partition column.
        only: Which records are taken: the values that they have at these paths. What is no
            record at all is never left out in silence.
        keeps_addresses: Whether the company keeps the clear value of e-mail addresses.
    """
    names = set(contract.column_names)
    if unknown := sorted(set(mapping.fields) - names):
        raise MappingError(
            f"contract {contract.name} has no column {', '.join(unknown)}; "
            f"it has {', '.join(contract.column_names)}"
        )
    record = Record(PathTree.of([*mapping.paths, *(only or ())]), Layer("p"))
    raw, moments, events = Layer("t"), Layer("m"), Layer("e")
    columns, texts = dict[str, str](), dict[str, str]()
    for column in contract.columns:
        if column.name not in mapping.fields:
            columns[column.name] = f"NULL::{column.sql_type}"
            continue
        spec = mapping.fields[column.name]
        columns[column.name], text = _column_sql(column, spec, record, mapping, facts, raw, moments)
        if text is not None:
            texts[column.name] = text
    _name_by_id(contract, mapping, columns, record, raw, moments)
    if mapping.clock:
        columns.update(clock_sql(mapping.clock, record, mapping.zone, moments, events))
        stamp = mapping.clock.timestamp or mapping.clock.original
        if stamp:
            texts["occurred_at"] = record.text(stamp)
    problems = _problems(contract, mapping, texts, facts)
    problems = _left_out(only or {}, record, raw, texts) + problems
    reason = f"case {' '.join(problems)} end" if problems else "NULL::varchar"
    json_leaves = frozenset(
        path.split(".")[0]
        for column_name, spec in mapping.fields.items()
        if contract.column(column_name).type == "json" and spec.parser is None
        for path in spec.paths
    ) | frozenset(path.split(".")[0] for path in mapping.paths
                  if "." in path and path.split(".")[0] in record.tree.leaves)  # fmt: skip
    reads = record.tree.columns(json_leaves)
    if any(spec.parser == "hash" and not spec.paths for spec in mapping.fields.values()):
        reads[RECORD_HASH] = "VARCHAR"
    addresses = _addresses(contract, mapping, record, raw) if keeps_addresses else ()
    return Compiled((record.paths, raw, moments, events), columns, texts, reason, reads, addresses)
