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

_NOTHING_HELD = (
    "create or replace temp table held (row_key ubigint, content varchar, held_on date, "
    "masked_version varchar)"
)


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0] or 0) if row else 0


def _content(contract: Contract) -> str:
    parts = ", ".join(
        f"coalesce(cast({name(c.name)} as varchar), chr(0))" for c in contract.columns
    )
    return f"md5(concat_ws(chr(1), {parts}))"


def _version(contract: Contract) -> str:
    return f"cast({name(contract.version.column)} as varchar)" if contract.version else "'none'"


def _is_masked(contract: Contract) -> str:
    """SQL: an erasure took somebody's name out of the row; as delivered it must not come back."""
    parts = ", ".join(name(c.name) for c in contract.columns if c.sql_type == "VARCHAR")
    return f"contains(concat_ws(' ', {parts}), {quote(NOBODY)})"


def find_suspects(
    connection: duckdb.DuckDBPyConnection, contract: Contract, index: KeyIndex, *, is_state: bool
) -> None:
    """Makes `verdict`: one row per staged row whose key is not new, and what it is."""
    keys = index.relation(contract)
    connection.execute(
        "create or replace temp table repeated as select row_key from stage "
        "where _reason is null group by row_key having count(*) > 1"
    )
    connection.execute(
        "create or replace temp table earlier as select distinct k.row_key, k.held_by "
        f"from {keys} k semi join (select row_key from stage where _reason is null) s "
        "on s.row_key = k.row_key"
    )
    if is_state:
        connection.execute("delete from earlier")
    if not _count(
        connection, "select (select count(*) from repeated) + (select count(*) from earlier)"
    ):
        _no_suspects(connection)
        return
    connection.execute(
        f"create or replace temp table suspect as select rowid as id, row_key, "
        f"{_content(contract)} as content, {_version(contract)} as version "
        "from stage where _reason is null and row_key in "
        "(select row_key from repeated union select row_key from earlier)"
    )
    numbers = [
        row[0] for row in connection.execute("select distinct held_by from earlier").fetchall()
    ]
    when = f"cast({name(contract.partition)} as date)" if contract.partition else "NULL::date"
    if numbers:
        listed = ", ".join(quote(str(path)) for path in index.files(contract, numbers))
        connection.execute(
            f"create or replace temp table held as select row_key, "
            f"{_content(contract)} as content, {when} as held_on, "
            f"case when {_is_masked(contract)} then {_version(contract)} end as masked_version "
            f"from read_parquet([{listed}]) where row_key in (select row_key from suspect)"
        )
    else:
        connection.execute(_NOTHING_HELD)
    connection.execute(
        """
        create or replace temp table verdict as
        select s.id, s.row_key,
            row_number() over (partition by s.row_key, s.content order by s.id) > 1
                or h.row_key is not null or m.row_key is not null as is_duplicate,
            s.id > min(s.id) over (partition by s.row_key)
                or s.row_key in (select row_key from earlier) as is_known
        from suspect s
        left join (select distinct row_key, content from held) h
            on h.row_key = s.row_key and h.content = s.content
        left join (select distinct row_key, masked_version from held) m
            on m.row_key = s.row_key and m.masked_version = s.version
        """
    )
    if contract.partition:
        # Rows of one key may lie in two files that are landed together.
        connection.execute(
            f"insert into held select s.row_key, NULL, {when}, NULL from stage s "
            "semi join suspect k on k.id = s.rowid"
        )


def _no_suspects(connection: duckdb.DuckDBPyConnection) -> None:
    """The usual case: every key is new, so there is nothing to compare."""
    connection.execute(
        f"{_NOTHING_HELD};"
        "create or replace temp table verdict (id bigint, row_key ubigint, is_duplicate boolean, "
        "is_known boolean)"
    )
