"""The vendor exports that are known, as data: how to recognise a file and where its fields are.

Belongs here: one YAML file per vendor export and the code that reads them. Does not belong here:
telling a file's format (`ingest.fingerprints`), reading whole files (`ingest.records`), SQL
(`ingest.mapping`), contracts.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from ingest.config import ConfigError, SourceMapping, line_in
from ingest.contracts import load_contracts
from ingest.documents import read_own_yaml
from ingest.fields import (
    FieldMap,
    MappingError,
    checked_pattern,
    checked_zone,
    parse_clock,
    parse_field,
    plain,
)
from ingest.paths import PathTree

Kind = Literal["ndjson", "csv", "json", "yaml", "tsv", "xml", "markdown"]
# Bump when the meaning of a format changes: files rejected by the old code are tried again.
PARSER_VERSION = "4"
FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Reader:
    """How records are cut out of the file."""

    kind: Kind
    delimiter: str | None = None
    header_rows: int = 1
    # Names of the columns of a file without a header.
    columns: tuple[str, ...] = ()
    json_columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unpivot:
    """Turns columns into rows: one record per column whose name matches.

    What is excluded is told by the name and, after a space, the cell of a third header row.
    """

    match: re.Pattern[str]
    prefix: str = ""
    excluded: re.Pattern[str] | None = None

    def takes(self, column: str, told: str) -> bool:
        """Whether a column becomes a row; `told` is what a third header row says of it."""
        is_out = self.excluded and self.excluded.fullmatch(f"{column} {told}".strip())
        return not is_out and self.match.fullmatch(column) is not None


@dataclass(frozen=True)
class Part:
    """One contract that a file fills, and which of its records do."""

    mapping: FieldMap
    records: str | None = None
    explode: tuple[str, ...] = ()
    only: Mapping[str, tuple[str, ...]] | None = None
    unpivot: Unpivot | None = None
    # Where objects stand whose fields are the record's own, for `extra` and `schema diff`.
    extra: tuple[str, ...] = ()

    @property
    def needs_top(self) -> bool:
        """Whether a field is read from the document around the records."""
        return any(path.startswith("_top.") for path in self.mapping.paths)

    @property
    def contract(self) -> str:
        """Name of the contract."""
        return self.mapping.contract

    @property
    def is_dated_list(self) -> bool:
        """Whether it lists all that there is, as of the day that the file's name tells."""
        contract = load_contracts()[self.contract]
        when = self.mapping.fields.get(contract.partition or "")
        return bool(contract.listed_per and when and when.parser == "file_date")


@dataclass(frozen=True)
class Format:
    """One vendor export."""

    name: str
    source: str
    reader: Reader
    parts: tuple[Part, ...]
    has: frozenset[str] = frozenset()
    files: str | None = None
    file_pattern: re.Pattern[str] | None = None
    is_state: bool = False

    @property
    def is_snapshot(self) -> bool:
        """Whether its rows are all that there is on the day that the file's name tells."""
        return any(part.is_dated_list for part in self.parts)

    @property
    def reads_name(self) -> bool:
        """Whether the file's name decides what its rows say, such as the day of a snapshot."""
        maps = [part.mapping for part in self.parts]
        is_dated = any(f.parser == "file_date" for one in maps for f in one.fields.values())
        return is_dated or any(path.startswith("_file.") for one in maps for path in one.paths)


def parse_part(spec: Mapping[str, Any], where: str) -> Part:
    """Reads one part of a format; raises `MappingError` that names format and field."""
    contract_name = spec.get("contract")
    if contract_name not in load_contracts():
        raise MappingError(
            f"{where}: unknown contract {contract_name!r}; known are {', '.join(load_contracts())}"
        )
    known = {"contract", "records", "explode", "only", "unpivot", "fields", "clock", "zone",
             "strip_personal", "extra"}  # fmt: skip
    if unknown := sorted(set(spec) - known):
        raise MappingError(f"{where}: unknown word {', '.join(unknown)}; known: {sorted(known)}")
    try:
        fields = {key: parse_field(key, value) for key, value in spec.get("fields", {}).items()}
        mapping = FieldMap(
            contract=contract_name,
            fields=fields,
            clock=parse_clock(spec.get("clock")),
            zone=checked_zone(spec.get("zone"), "zone"),
            strip_personal=bool(spec.get("strip_personal", True)),
        )
        PathTree.of(mapping.paths)
        unpivot = _parse_unpivot(spec.get("unpivot"))
    except (MappingError, TypeError) as error:
        raise MappingError(f"{where}, contract {contract_name}, {error}") from error
    if unknown := sorted(set(fields) - set(load_contracts()[contract_name].column_names)):
        raise MappingError(
            f"{where}: contract {contract_name} has no column {', '.join(unknown)}; it has "
            f"{', '.join(load_contracts()[contract_name].column_names)}"
        )
    explode, only = spec.get("explode"), spec.get("only") or {}
    return Part(
        mapping=mapping,
        records=spec.get("records"),
        explode=(explode,) if isinstance(explode, str) else tuple(explode or ()),
        only={key: tuple(plain(v) for v in values) for key, values in only.items()} or None,
        unpivot=unpivot,
        extra=tuple(spec.get("extra") or ()),
    )


def _parse_unpivot(spec: Mapping[str, Any] | None) -> Unpivot | None:
    if not spec:
        return None
    pattern = checked_pattern(spec.get("match", ""), "unpivot.match")
    excluded = checked_pattern(spec["except"], "unpivot.except") if "except" in spec else None
    return Unpivot(pattern, spec.get("prefix", ""), excluded)


def parse_reader(spec: Mapping[str, Any]) -> Reader:
    """Reads how a file is cut into records; raises `MappingError` that names the word."""
    known = {"kind", "delimiter", "header_rows", "columns", "json_columns"}
    if unknown := sorted(set(spec) - known):
        raise MappingError(f"reader: unknown word {', '.join(unknown)}; known: {sorted(known)}")
    if spec.get("kind") not in get_args(Kind):
        raise MappingError(
            f"reader: kind {spec.get('kind')!r} is unknown; one of {', '.join(get_args(Kind))}"
        )
    delimiter, header_rows = spec.get("delimiter"), spec.get("header_rows", 1)
    if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1):
        raise MappingError(f"reader: delimiter {delimiter!r} must be one character")
    if not isinstance(header_rows, int) or header_rows < 1:
        raise MappingError(f"reader: header_rows {header_rows!r} must be a number from 1 on")
    columns = spec.get("columns", ())
    names = tuple(columns.split() if isinstance(columns, str) else map(str, columns))
    if bool(names) != (spec["kind"] == "tsv") or len(set(names)) != len(names):
        raise MappingError("reader: `columns` names each column of a tsv file once, in order")
    json_columns = spec.get("json_columns", [])
    if not isinstance(json_columns, list) or (json_columns and spec["kind"] != "csv"):
        raise MappingError("reader: json_columns must be a list of columns of a csv file")
    return Reader(spec["kind"], delimiter, header_rows, names, tuple(map(str, json_columns)))


def parse_format(document: Mapping[str, Any]) -> Format:
    """Reads one format file."""
    name = document["name"]
    pattern = document.get("file_pattern")
    return Format(
        name=name,
        source=document["source"],
        reader=parse_reader(document["reader"]),
        parts=tuple(parse_part(part, f"format {name}") for part in document["parts"]),
        has=frozenset(document["has"]),
        file_pattern=re.compile(pattern) if pattern else None,
        is_state=bool(document.get("is_state", False)),
    )


@cache
def load_formats() -> tuple[Format, ...]:
    """All known formats, by name."""
    return tuple(parse_format(read_own_yaml(path)) for path in sorted(FOLDER.glob("*.yml")))


def from_source(source: SourceMapping, path: Path, number: int = 0) -> Format:
    """A generic mapping of `productops.yml` as a format.

    Args:
        source: The mapping.
        path: The file that it stands in, for the message.
        number: Its place in `sources`, from 0, for the message.

    Raises:
        ConfigError: Naming file, line, field and remedy.
    """
    only = source.model_dump(include={"contract", "fields", "clock", "zone"})
    pattern = source.file_pattern
    try:
        reader = parse_reader(source.reader)
        parts = tuple(parse_part(one, f"source {source.name}") for one in source.parts or (only,))
        if reader.kind == "xml" and not all(part.records for part in parts):
            raise MappingError(f"source {source.name}: say in `records` which elements are records")
        return Format(
            name=f"mapping:{source.name}",
            source=source.name,
            reader=reader,
            parts=parts,
            files=source.files,
            file_pattern=checked_pattern(pattern, "file_pattern") if pattern else None,
        )
    except MappingError as error:
        raise ConfigError(f"{path}:{line_in(path, ('sources', number))}: {error}") from error


def parser_digest(sources: Iterable[SourceMapping]) -> str:
    """Changes when a file that was not understood may now be: formats, mappings, code."""
    digest = hashlib.sha256(PARSER_VERSION.encode())
    for path in sorted(FOLDER.glob("*.yml")):
        digest.update(path.read_bytes())
    for source in sources:
        digest.update(source.model_dump_json().encode())
    return digest.hexdigest()[:12]
