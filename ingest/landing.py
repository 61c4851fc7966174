"""Staged rows to Parquet: exact duplicates out, competing versions marked, bad rows set aside.

Belongs here: de-duplication against all that was loaded before, the bronze and quarantine files.
Does not belong here: parsing (`ingest.stage`) or the commit (`ingest.ledger`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ingest.contracts import LANDING_COLUMNS, SQL_TYPES, Contract
from ingest.erasures import ERASED, NOBODY
from ingest.keys import KeyIndex
from ingest.manifests import PartOutcome
from ingest.mapping import LEFT_OUT
from ingest.problems import BadRecord
from ingest.stage import Staged
from ingest.store import write_atomically
from ingest.texts import printable
from ingest.values import name, quote

_PARQUET = "format parquet, compression zstd, compression_level 1"


@dataclass(frozen=True)
class Delivery:
    """What the landed rows are stamped with."""

    entry_id: str
    source: str
    source_file: str
    delivered_on: str
    loaded_at: str
    is_state: bool

    def batch_id(self, contract: str) -> str:
        """Id of this file's rows of one contract."""
        return f"{self.entry_id}-{contract}"


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


def _find_suspects(
    connection: duckdb.DuckDBPyConnection, contract: Contract, index: KeyIndex, *, is_state: bool
) -> None:
    """Makes `verdict`: one row per staged row whose key is not new, and what it is."""
    keys = index.table(contract)
    connection.execute(
        "create or replace temp table repeated as select row_key from stage "
        "where _reason is null group by row_key having count(*) > 1"
    )
    connection.execute(
        "create or replace temp table earlier as select distinct k.row_key, k.file_no "
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
        row[0] for row in connection.execute("select distinct file_no from earlier").fetchall()
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
        connection.execute(
            "create or replace temp table held (row_key ubigint, content varchar, held_on date, "
            "masked_version varchar)"
        )
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


def _no_suspects(connection: duckdb.DuckDBPyConnection) -> None:
    """The usual case: every key is new, so there is nothing to compare."""
    connection.execute(
        "create or replace temp table held (row_key ubigint, content varchar, held_on date, "
        "masked_version varchar);"
        "create or replace temp table verdict (id bigint, row_key ubigint, is_duplicate boolean, "
        "is_known boolean)"
    )


def _rows_sql(contract: Contract, delivery: Delivery, has_lines: bool) -> str:
    columns = ", ".join(f"s.{name(column)}" for column in contract.column_names)
    line = "l.line" if has_lines else "s.rowid + 1"
    lines = "left join line_map l on l.id = s.rowid" if has_lines else ""
    revision = "true" if delivery.is_state else "coalesce(v.is_known, false)"
    return f"""
        select {columns}, {quote(delivery.source)} as source,
            {quote(delivery.batch_id(contract.name))} as batch_id,
            {quote(delivery.loaded_at)}::timestamp as loaded_at,
            {quote(delivery.source_file)} as source_file, {line} as source_line,
            s.row_key, {revision} as is_revision, s._extra as extra
        from stage s left join verdict v on v.id = s.rowid {lines}
        where s._reason is null and not coalesce(v.is_duplicate, false)
    """


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0] or 0) if row else 0


def _line_map(connection: duckdb.DuckDBPyConnection, lines: list[int]) -> None:
    connection.execute(
        "create or replace temp table line_map as select unnest($1::bigint[]) as line, "
        "generate_subscripts($1::bigint[], 1) - 1 as id",
        [lines],
    )


def _dates(connection: duckdb.DuckDBPyConnection, contract: Contract) -> tuple[dict[str, int], int]:
    """Rows per touched date (dates of competing earlier rows count 0), and late rows."""
    if not contract.partition:
        return {}, 0
    when = name(contract.partition)
    fresh = "s._reason is null and not coalesce(v.is_duplicate, false)"
    dates = dict(
        connection.execute(
            f"select cast(cast({when} as date) as varchar), count(*) from stage s "
            f"left join verdict v on v.id = s.rowid where {fresh} and {when} is not null group by 1"
        ).fetchall()
    )
    rivals = connection.execute(
        "select distinct cast(held_on as varchar) from held where held_on is not null "
        "and row_key in (select row_key from verdict where is_known and not is_duplicate)"
    ).fetchall()
    for (day,) in rivals:
        dates.setdefault(day, 0)
    late = 0
    if contract.name == "usage_events" and contract.late_after_hours:
        late = _count(
            connection,
            f"select count(*) from stage s left join verdict v on v.id = s.rowid where {fresh} "
            f"and received_at > occurred_at + interval {contract.late_after_hours} hours",
        )
    return dict(sorted(dates.items())), late


def _copy(connection: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    """Writes the result of a query as Parquet, whole or not at all."""
    write_atomically(
        path, lambda draft: connection.execute(f"copy ({sql}) to {quote(str(draft))} ({_PARQUET})")
    )


def write_quarantine(
    connection: duckdb.DuckDBPyConnection, path: Path, contract: str, delivery: Delivery,
    bad: list[BadRecord],
) -> None:  # fmt: skip
    """Writes set-aside records with file, line, raw text and reason; no records, no file.

    The raw text is redacted like free text: the undisturbed bytes are in `lake/landing` alone.
    """
    if not bad:
        path.unlink(missing_ok=True)
        return
    connection.execute(
        "create or replace temp table bad_rows as select $1 as contract, $2 as source, "
        "$3 as source_file, unnest($4::bigint[]) as source_line, unnest($5::varchar[]) as reason, "
        "unnest($6::varchar[]) as raw",
        [
            contract,
            delivery.source,
            delivery.source_file,
            [item.line for item in bad],
            [item.reason for item in bad],
            [printable(item.raw) for item in bad],
        ],
    )
    _copy(connection, "select * replace (redact(raw) as raw) from bad_rows", path)


def land_part(
    connection: duckdb.DuckDBPyConnection, lake: Path, staged: Staged, delivery: Delivery,
    index: KeyIndex,
) -> PartOutcome:  # fmt: skip
    """Writes one part's rows and quarantine; nothing counts before the manifest is committed."""
    contract = staged.contract
    _find_suspects(connection, contract, index, is_state=delivery.is_state)
    if staged.lines is not None:
        _line_map(connection, staged.lines)
    place = f"source={delivery.source}/dt={delivery.delivered_on}/{delivery.entry_id}"
    quarantine = lake / "quarantine" / f"{place}-{contract.name}.parquet"
    write_quarantine(connection, quarantine, contract.name, delivery, staged.bad)
    duplicates = _count(connection, "select count(*) from verdict where is_duplicate")
    revisions = _count(
        connection, "select count(*) from verdict where is_known and not is_duplicate"
    )
    loaded = _count(connection, "select count(*) from stage where _reason is null") - duplicates
    left_out = f"select count(*) from stage where _reason in ({quote(LEFT_OUT)}, {quote(ERASED)})"
    output = lake / "bronze" / contract.name / f"{place}.parquet"
    if loaded:
        _copy(connection, _rows_sql(contract, delivery, staged.lines is not None), output)
    dates, late = _dates(connection, contract)
    loaded_dates = [day for day, count in dates.items() if count]
    reasons: dict[str, int] = {}
    for item in staged.bad:
        reasons[item.reason] = reasons.get(item.reason, 0) + 1
    written = _written(connection, output) if loaded else 0
    return PartOutcome(
        contract=contract.name,
        batch_id=delivery.batch_id(contract.name),
        rows_in=staged.rows_in,
        rows_loaded=written,
        rows_duplicate=duplicates,
        rows_quarantined=len(staged.bad),
        rows_suppressed=_count(connection, left_out) + staged.withheld,
        rows_revision=revisions,
        rows_late=late,
        reasons=dict(sorted(reasons.items())),
        first_on=min(loaded_dates, default=None),
        last_on=max(loaded_dates, default=None),
        affected_dates=dates,
        new_columns=staged.new_columns,
        output=output.relative_to(lake).as_posix() if loaded else None,
    )


def _written(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Rows that the Parquet file itself says it holds: the ledger counts what was written."""
    return _count(
        connection, f"select sum(num_rows) from parquet_file_metadata({quote(str(path))})"
    )


def ensure_schemas(
    connection: duckdb.DuckDBPyConnection, lake: Path, contracts: Iterable[Contract]
) -> None:
    """Gives every contract a Parquet file without rows, so that reading its folder never fails."""
    for contract in contracts:
        path = lake / "bronze" / contract.name / "_schema.parquet"
        types = {c.name: SQL_TYPES[c.type] for c in contract.columns} | LANDING_COLUMNS
        columns = ", ".join(f"NULL::{kind} as {name(key)}" for key, kind in types.items())
        if path.exists() and _header(connection, path) == list(types):
            continue
        _copy(connection, f"select {columns} where false", path)


def _header(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    rows = connection.execute(f"describe select * from read_parquet({quote(str(path))})")
    return [row[0] for row in rows.fetchall()]
