"""A compiled mapping: the pieces of one total SQL statement over a vendor's raw records.

Belongs here: how the pieces are put together. Does not belong here: making them
(`ingest.mapping`), running the statement (`ingest.stage`).
"""

from __future__ import annotations

from dataclasses import dataclass

from ingest.contracts import Contract
from ingest.paths import PathTree
from ingest.values import name, row_key_sql


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
class Record:
    """A raw record: each path that is read is looked up once, and named, as text.

    What is done to the text then names a column: each mention of a path into an object would cost
    as much to plan as all the rest.
    """

    tree: PathTree
    paths: Layer

    def text(self, path: str) -> str:
        """SQL for what stands at a path."""
        return self.paths.add(f"cast({self.tree.expression(path)} as varchar)")


@dataclass(frozen=True)
class Compiled:
    """SQL for the columns of a contract, over a relation `r` of raw records.

    `layers` are computed one after the other, each from those before: the vendor's fields, their
    text, what is made of it once, when events happened. `columns` are typed; `texts` hold the raw
    text of those that may be unreadable; `reason` says, in terms of `c_<column>` and `t_<column>`,
    why a row can't be loaded; `reads` are the raw columns that the relation must have, with the
    types that never fail; `addresses` are the e-mail addresses of which columns hold the hashes,
    where the company keeps them.
    """

    layers: tuple[Layer, ...]
    columns: dict[str, str]
    texts: dict[str, str]
    reason: str
    reads: dict[str, str]
    addresses: tuple[str, ...] = ()

    def create(self, contract: Contract) -> str:
        """The statement that makes the empty staging table."""
        columns = [f"{name(column.name)} {column.sql_type}" for column in contract.columns]
        columns += ["row_key ubigint", "_reason varchar", "_extra varchar"]
        columns += ["_addresses varchar[]"] if self.addresses else []
        return f"create or replace table stage ({', '.join(columns)})"

    def select(self, relation: str, key: str) -> str:
        """The whole statement: typed columns, `row_key` from the SQL `key`, and `reason`."""
        first, *others = (layer.columns() for layer in self.layers)
        made = f"(select {', '.join([*first, 'r.r_extra'])} from {relation} r)"
        for columns in filter(None, others):
            made = f"(select x.*, {', '.join(columns)} from {made} x)"
        typed = [f"{sql} as {name('c_' + column)}" for column, sql in self.columns.items()]
        typed += [f"{sql} as {name('t_' + column)}" for column, sql in self.texts.items()]
        typed += [f"[{', '.join(self.addresses)}] as _addresses"] if self.addresses else []
        outer = [f"{name('c_' + column)} as {name(column)}" for column in self.columns]
        last = ", _addresses" if self.addresses else ""
        return (
            f"select {', '.join(outer)}, {row_key_sql(key)} as row_key, "
            f"{self.reason} as _reason, r_extra as _extra{last} "
            f"from (select {', '.join(typed)}, x.r_extra from {made} x)"
        )
