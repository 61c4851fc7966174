"""The contracts: the typed tables that every vendor export is turned into.

Belongs here: one YAML file per contract and the code that reads them. Does not belong here:
anything about a vendor (see `ingest.formats`) or about how rows are written (`ingest.load`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from ingest.documents import read_own_yaml

ColumnType = Literal["text", "integer", "double", "boolean", "timestamp", "date", "json"]
PersonKind = Literal["email", "user", "device", "ref", "ticket", "note"]

SQL_TYPES: dict[str, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
    "json": "VARCHAR",
}

# Columns that every landed row carries besides those of its contract.
LANDING_COLUMNS: dict[str, str] = {
    "source": "VARCHAR",
    "batch_id": "VARCHAR",
    "loaded_at": "TIMESTAMP",
    "source_file": "VARCHAR",
    "source_line": "BIGINT",
    "row_key": "UBIGINT",
    "is_revision": "BOOLEAN",
    "extra": "VARCHAR",
}


@dataclass(frozen=True)
class Column:
    """One column of a contract.

    `personal` ones are hashed, masked or kept out of samples; `free_text` is prose, redacted on
    its way in; `masked` is none, and addresses in it lose what stands before the @, while an id
    with one becomes its hash. `person` says by what the column names the person that the row is
    about, `mentions` the same of somebody else: an e-mail's hash, a user, a device, a vendor's id,
    a ticket, the note of a session with them.
    """

    name: str
    type: ColumnType
    required: bool
    personal: bool
    description: str
    free_text: bool = False
    masked: bool = False
    person: PersonKind | None = None
    mentions: PersonKind | None = None

    @property
    def is_person_id(self) -> bool:
        """Whether the value is somebody's id, which a vendor may have made of an e-mail address."""
        return bool({self.person, self.mentions} & {"user", "device", "ref"})

    @property
    def sql_type(self) -> str:
        """The DuckDB type that the column has in the lake."""
        return SQL_TYPES[self.type]


@dataclass(frozen=True)
class VersionRule:
    """Which of several rows of one key is current: the latest or earliest by `column`."""

    column: str
    keep: Literal["latest", "earliest"]


@dataclass(frozen=True)
class Freshness:
    """How many hours after its last row a contract counts as stale (warn) or failed."""

    warn_hours: int
    fail_hours: int


@dataclass(frozen=True)
class Contract:
    """A raw table: its grain, key, columns, owner and promise of freshness."""

    name: str
    grain: str
    owner: str
    key: tuple[str, ...]
    version: VersionRule | None
    partition: str | None
    late_after_hours: int | None
    freshness: Freshness | None
    full_refresh_on_change: bool
    columns: tuple[Column, ...]
    example: dict[str, Any]
    # An export lists all rows of one of these as of a moment (`partition`): what a newer one lacks
    # is gone. Columns; of most contracts an export lists what is new, and lacks say nothing.
    listed_per: tuple[str, ...] = ()
    # Restricted ones are landed apart (`ingest.addresses`); nothing is ever built of them.
    is_restricted: bool = False

    def column(self, name: str) -> Column:
        """The column of that name; raises `KeyError` if the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"contract {self.name} has no column {name!r}")

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the contract's own columns, in order."""
        return tuple(column.name for column in self.columns)


def parse_contract(document: dict[str, Any]) -> Contract:
    """Builds a contract from its YAML document; raises `ValueError` naming what is wrong."""
    name = document.get("name", "?")
    try:
        columns = tuple(
            Column(
                name=item["name"],
                type=item["type"],
                required=bool(item.get("required", False)),
                personal=bool(item.get("personal", False)),
                description=item["description"],
                free_text=bool(item.get("free_text", False)),
                masked=bool(item.get("masked", False)),
                person=item.get("person"),
                mentions=item.get("mentions"),
            )
            for item in document["columns"]
        )
        version = document.get("version")
        freshness = document.get("freshness")
        contract = Contract(
            name=name,
            grain=document["grain"],
            owner=document["owner"],
            key=tuple(document["key"]),
            version=VersionRule(**version) if version else None,
            partition=document.get("partition"),
            late_after_hours=document.get("late_after_hours"),
            freshness=Freshness(**freshness) if freshness else None,
            full_refresh_on_change=bool(document.get("full_refresh_on_change", False)),
            columns=columns,
            example=dict(document.get("example", {})),
            listed_per=tuple(document.get("listed_per", ())),
            is_restricted=bool(document.get("is_restricted", False)),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"contract {name}: {error!r} is missing or has the wrong form") from error
    _check(contract)
    return contract


def _check(contract: Contract) -> None:
    names = set(contract.column_names)
    wanted = [key for key in contract.key if key != "source"]
    if contract.version:
        wanted.append(contract.version.column)
    if contract.partition:
        wanted.append(contract.partition)
    wanted.extend(contract.listed_per)
    wanted.extend(contract.example)
    if missing := [name for name in wanted if name not in names]:
        raise ValueError(f"contract {contract.name}: no such column: {', '.join(missing)}")
    if unknown := [c.type for c in contract.columns if c.type not in SQL_TYPES]:
        raise ValueError(f"contract {contract.name}: unknown type: {', '.join(unknown)}")
    kinds = {None, *get_args(PersonKind)}
    for column in contract.columns:
        if column.person not in kinds or column.mentions not in kinds:
            raise ValueError(
                f"contract {contract.name}: {column.name} names a person by an unknown kind; "
                f"known are {', '.join(get_args(PersonKind))}"
            )
        if column.type != "text" and (column.free_text or column.person or column.mentions):
            raise ValueError(f"contract {contract.name}: {column.name} must be of type text")


@cache
def _all_contracts() -> tuple[Contract, ...]:
    folder = Path(__file__).parent
    return tuple(parse_contract(read_own_yaml(path)) for path in sorted(folder.glob("*.yml")))


@cache
def load_contracts() -> dict[str, Contract]:
    """All contracts that are built from, by name, in the order of their names."""
    return {contract.name: contract for contract in _all_contracts() if not contract.is_restricted}


@cache
def restricted_contracts() -> dict[str, Contract]:
    """The contracts that only their own module reads, by name."""
    return {contract.name: contract for contract in _all_contracts() if contract.is_restricted}
