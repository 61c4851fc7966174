"""Which staged rows were landed before, and which compete with rows that were.

Belongs here: comparing keys and contents, within what is staged and with all earlier files. Does
not belong here: what is written because of it (`ingest.landing`), the keys (`ingest.keys`).
"""

from __future__ import annotations

import duckdb

from ingest.contracts import Contract
from ingest.erasures import NOBODY
from ingest.keys import KeyIndex
from ingest.values import name, quote

# What `verdict` and `held` are where every key is new, the usual case.
_NOTHING_HELD = (
    "create or replace temp table held (row_key ubigint, content varchar, held_on date, "
    "masked_version varchar)"
)
_NO_VERDICT = (
    "create or replace temp table verdict (id bigint, row_key ubigint, is_duplicate boolean, "
    "is_known boolean)"
)
# The first staged row of each key and content is no duplicate, unless an earlier file holds it or
# an erasure took a name out of it there.
_VERDICT = """
    create or replace temp table verdict as
    select s.id, s.row_key, s.id > same.id {is_held} as is_duplicate,
        s.id > first.id {is_earlier} as is_known
    from suspect s
    join (select row_key, min(id) as id from suspect group by all) first
        on first.row_key = s.row_key
    join (select row_key, content, min(id) as id from suspect group by all) same
        on same.row_key = s.row_key and same.content = s.content
"""
_HELD = """
    left join (select distinct row_key, content from held) h
        on h.row_key = s.row_key and h.content = s.content
    left join (select distinct row_key, masked_version from held) m
        on m.row_key = s.row_key and m.masked_version = s.version
"""


def _create(connection: duckdb.DuckDBPyConnection, table: str, sql: str) -> int:
    """Makes a temporary table of a query; returns how many rows it has."""
    row = connection.execute(f"create or replace temp table {table} as {sql}").fetchone()
    return int(row[0]) if row else 0


def _content(contract: Contract) -> str:
    parts = ", ".join(
        f"coalesce(cast({name(c.name)} as varchar), chr(0))" for c in contract.columns
    )
    return f"md5(concat_ws(chr(1), {parts}))"


def _version(contract: Contract) -> str:
    return f"cast({name(contract.version.column)} as varchar)" if contract.version else "'none'"


def _day(contract: Contract) -> str:
    return f"cast({name(contract.partition)} as date)" if contract.partition else "NULL::date"


def _is_masked(contract: Contract) -> str:
    """SQL: an erasure took somebody's name out of the row; as delivered it must not come back."""
    parts = ", ".join(name(c.name) for c in contract.columns if c.sql_type == "VARCHAR")
    return f"contains(concat_ws(' ', {parts}), {quote(NOBODY)})"


def find_suspects(
    connection: duckdb.DuckDBPyConnection, contract: Contract, index: KeyIndex, *, is_state: bool
) -> None:
    """Makes `verdict`: one row per staged row whose key is not new, and what it is.

    If there are any, `suspect` and `held` are the rows of such keys here and in earlier files.
    """
    repeated = _create(
        connection,
        "repeated",
        "select row_key from stage where _reason is null group by row_key having count(*) > 1",
    )
    earlier = 0 if is_state else _find_earlier(connection, contract, index)
    if not repeated and not earlier:
        connection.execute(_NO_VERDICT)
        return
    keys = "select row_key from repeated"
    keys += " union select row_key from earlier" if earlier else ""
    _create(
        connection,
        "suspect",
        f"select rowid as id, row_key, {_content(contract)} as content, "
        f"{_version(contract)} as version, {_day(contract)} as held_on "
        f"from stage where _reason is null and row_key in ({keys})",
    )
    if not earlier:
        connection.execute(_NOTHING_HELD)
        connection.execute(_VERDICT.format(is_held="", is_earlier=""))
        return
    numbers = connection.execute("select distinct held_by from earlier").fetchall()
    files = index.files(contract, [row[0] for row in numbers])
    listed = ", ".join(quote(str(path)) for path in files)
    _create(
        connection,
        "held",
        f"select row_key, {_content(contract)} as content, {_day(contract)} as held_on, "
        f"case when {_is_masked(contract)} then {_version(contract)} end as masked_version "
        f"from read_parquet([{listed}]) where row_key in (select row_key from suspect)",
    )
    verdict = _VERDICT.format(
        is_held="or h.row_key is not null or m.row_key is not null",
        is_earlier="or s.row_key in (select row_key from earlier)",
    )
    connection.execute(verdict + _HELD)


def _find_earlier(
    connection: duckdb.DuckDBPyConnection, contract: Contract, index: KeyIndex
) -> int:
    """Makes `earlier`: the staged keys that earlier files hold; returns how many there are."""
    return _create(
        connection,
        "earlier",
        f"select distinct k.row_key, k.held_by from {index.relation(contract)} k "
        "semi join (select row_key from stage where _reason is null) s on s.row_key = k.row_key",
    )
