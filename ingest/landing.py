"""Staged rows to Parquet: exact duplicates out, competing versions marked, bad rows set aside.

Belongs here: de-duplication against all that was loaded before, the bronze and quarantine files.
Does not belong here: parsing (`ingest.stage`) or the commit (`ingest.ledger`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from ingest.contracts import LANDING_COLUMNS, SQL_TYPES, Contract
from ingest.keys import KeyIndex
from ingest.manifests import PartOutcome
from ingest.mapping import LEFT_OUT
from ingest.problems import BadRecord
from ingest.stage import Staged
from ingest.store import sync_folder, write_atomically
from ingest.texts import printable
from ingest.values import name, quote

if TYPE_CHECKING:
    import pyarrow as pa

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
        f"{_content(contract)} as content from stage where _reason is null and row_key in "
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
            f"{_content(contract)} as content, {when} as held_on from read_parquet([{listed}]) "
            "where row_key in (select row_key from suspect)"
        )
    else:
        connection.execute(
            "create or replace temp table held (row_key ubigint, content varchar, held_on date)"
        )
    connection.execute(
        """
        create or replace temp table verdict as
        select s.id, s.row_key,
            row_number() over (partition by s.row_key, s.content order by s.id) > 1
                or h.row_key is not null as is_duplicate,
            s.id > min(s.id) over (partition by s.row_key)
                or s.row_key in (select row_key from earlier) as is_known
        from suspect s
        left join (select distinct row_key, content from held) h
            on h.row_key = s.row_key and h.content = s.content
        """
    )
    if contract.partition:
        # Rows of one key may lie in two files that are landed together.
        connection.execute(
            f"insert into held select s.row_key, NULL, {when} from stage s "
            "semi join suspect k on k.id = s.rowid"
        )


def _no_suspects(connection: duckdb.DuckDBPyConnection) -> None:
    """The usual case: every key is new, so there is nothing to compare."""
    connection.execute(
        "create or replace temp table held (row_key ubigint, content varchar, held_on date);"
        "create or replace temp table verdict (id bigint, row_key ubigint, is_duplicate boolean, "
        "is_known boolean)"
    )


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0] or 0) if row else 0


def _line_map(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Makes `origin`: file and line of each staged row, where a row's number does not tell them."""
    import numpy as np
    import pyarrow as pa

    sizes = np.diff(np.array([0, *staged.ends]))
    origin = pa.table(
        {
            "id": np.arange(staged.ends[-1]),
            "line": np.array(staged.lines, dtype=np.int64),
            "file_no": np.repeat(np.arange(len(sizes)), sizes),
        }
    )
    connection.register("origin_rows", origin)
    connection.execute("create or replace temp table origin as select * from origin_rows")
    connection.unregister("origin_rows")


def _staged(staged: Staged) -> str:
    """The staged rows `s` with verdict `v` and, where there are several files, origin `o`."""
    origin = "join origin o on o.id = s.rowid" if staged.lines is not None else ""
    return f"stage s left join verdict v on v.id = s.rowid {origin}"


_FRESH = "s._reason is null and not coalesce(v.is_duplicate, false)"


def _rows_sql(staged: Staged, deliveries: Sequence[Delivery]) -> str:
    """Rows to be written, in the order of lines; of several files, with `file_no` at the end."""
    contract, first = staged.contract, deliveries[0]
    columns = ", ".join(f"s.{name(column)}" for column in contract.column_names)
    line = "s.rowid + 1" if staged.lines is None else "o.line"
    revision = "true" if first.is_state else "coalesce(v.is_known, false)"
    stamps, told, last = _stamps(contract, deliveries), "", ""
    if len(deliveries) > 1:
        listed = ", ".join(
            f"({number}, {', '.join(_stamps(contract, [one]))})"
            for number, one in enumerate(deliveries)
        )
        stamps = ("d.batch_id", "d.loaded_at", "d.source_file")
        told = f"join (values {listed}) d(no, batch_id, loaded_at, source_file) on d.no = o.file_no"
        last = ", o.file_no"
    return f"""
        select {columns}, {quote(first.source)} as source, {stamps[0]} as batch_id,
            {stamps[1]} as loaded_at, {stamps[2]} as source_file, {line} as source_line,
            s.row_key, {revision} as is_revision, s._extra as extra{last}
        from {_staged(staged)} {told}
        where {_FRESH}
        {"order by s.rowid" if last else ""}
    """


def _stamps(contract: Contract, deliveries: Sequence[Delivery]) -> tuple[str, str, str]:
    one = deliveries[0]
    return (
        quote(one.batch_id(contract.name)),
        f"{quote(one.loaded_at)}::timestamp",
        quote(one.source_file),
    )


@dataclass
class _Tally:
    """What became of one file's rows."""

    fresh: int = 0
    left_out: int = 0
    duplicate: int = 0
    revision: int = 0
    late: int = 0
    dates: dict[str, int] = field(default_factory=dict)


def _tallies(
    connection: duckdb.DuckDBPyConnection, staged: Staged, file_count: int
) -> list[_Tally]:
    """Counts per file, rows per touched date; dates of competing rows elsewhere count 0."""
    contract = staged.contract
    tallies = [_Tally() for _ in range(file_count)]
    number = "0" if staged.lines is None else "o.file_no"
    when = f"cast(s.{name(contract.partition)} as date)" if contract.partition else "NULL::date"
    late = "false"
    if contract.name == "usage_events" and contract.late_after_hours:
        late = f"s.received_at > s.occurred_at + interval {contract.late_after_hours} hours"
    counted = connection.execute(
        f"select {number}, cast({when} as varchar), count(*) filter ({_FRESH}), "
        f"count(*) filter (s._reason = {quote(LEFT_OUT)}), "
        "count(*) filter (v.is_duplicate), "
        "count(*) filter (v.is_known and not v.is_duplicate), "
        f"count(*) filter ({_FRESH} and {late}) from {_staged(staged)} group by 1, 2"
    ).fetchall()
    for file_no, day, fresh, left_out, duplicate, revision, is_late in counted:
        tally = tallies[file_no]
        tally.fresh += fresh
        tally.left_out += left_out
        tally.duplicate += duplicate
        tally.revision += revision
        tally.late += is_late
        if day and fresh:
            tally.dates[day] = fresh
    if contract.partition and any(tally.revision for tally in tallies):
        rivals = connection.execute(
            f"select distinct {number}, cast(h.held_on as varchar) from {_staged(staged)} "
            "join held h on h.row_key = s.row_key where v.is_known and not v.is_duplicate "
            "and h.held_on is not null"
        ).fetchall()
        for file_no, day in rivals:
            tallies[file_no].dates.setdefault(day, 0)
    return tallies


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


def _write_rows(
    connection: duckdb.DuckDBPyConnection, staged: Staged, deliveries: Sequence[Delivery],
    tallies: Sequence[_Tally], outputs: Sequence[Path],
) -> None:  # fmt: skip
    """One Parquet file per delivered file that has rows."""
    sql = _rows_sql(staged, deliveries)
    if len(deliveries) == 1:
        if tallies[0].fresh:
            _copy(connection, sql, outputs[0])
        return
    import pyarrow.parquet as pq

    # Writing a small file takes DuckDB several times as long as it takes pyarrow.
    table = connection.sql(sql).to_arrow_table().drop_columns(["file_no"])
    kept = [staged.contract.partition] if staged.contract.partition else False

    def write(rows: pa.Table, draft: Path) -> None:
        with draft.open("wb") as handle:
            pq.write_table(
                rows, handle, compression="zstd", compression_level=1, use_dictionary=False,
                write_statistics=kept, store_schema=False,
            )  # fmt: skip

    begin = 0
    for tally, path in zip(tallies, outputs, strict=True):
        rows = table.slice(begin, tally.fresh)
        begin += tally.fresh
        if tally.fresh:
            write_atomically(path, partial(write, rows), in_series=True)
    for folder in {path.parent for path in outputs if path.exists()}:
        sync_folder(folder)


def land_part(
    connection: duckdb.DuckDBPyConnection, lake: Path, staged: Staged,
    deliveries: Sequence[Delivery], index: KeyIndex,
) -> list[PartOutcome]:  # fmt: skip
    """Writes each file's rows and quarantine; nothing counts before its manifest is committed."""
    contract = staged.contract
    if staged.lines is not None:
        _line_map(connection, staged)
    _find_suspects(connection, contract, index, is_state=deliveries[0].is_state)
    tallies = _tallies(connection, staged, len(deliveries))
    places = [f"source={d.source}/dt={d.delivered_on}/{d.entry_id}" for d in deliveries]
    outputs = [lake / "bronze" / contract.name / f"{place}.parquet" for place in places]
    for delivery, place, bad in zip(deliveries, places, staged.bad, strict=True):
        quarantine = lake / "quarantine" / f"{place}-{contract.name}.parquet"
        write_quarantine(connection, quarantine, contract.name, delivery, bad)
    _write_rows(connection, staged, deliveries, tallies, outputs)
    return [
        _outcome(staged, number, delivery, tallies[number], lake, outputs[number])
        for number, delivery in enumerate(deliveries)
    ]


def _outcome(
    staged: Staged, number: int, delivery: Delivery, tally: _Tally, lake: Path, output: Path
) -> PartOutcome:
    loaded_dates = [day for day, count in tally.dates.items() if count]
    bad = staged.bad[number]
    return PartOutcome(
        contract=staged.contract.name,
        batch_id=delivery.batch_id(staged.contract.name),
        rows_in=staged.rows_in(number),
        rows_loaded=_written(output) if tally.fresh else 0,
        rows_duplicate=tally.duplicate,
        rows_quarantined=len(bad),
        rows_suppressed=tally.left_out,
        rows_revision=tally.revision,
        rows_late=tally.late,
        reasons=dict(sorted(Counter(item.reason for item in bad).items())),
        first_on=min(loaded_dates, default=None),
        last_on=max(loaded_dates, default=None),
        affected_dates=dict(sorted(tally.dates.items())),
        new_columns=staged.new_columns,
        output=output.relative_to(lake).as_posix() if tally.fresh else None,
    )


def _written(path: Path) -> int:
    """Rows that the Parquet file itself says it holds: the ledger counts what was written."""
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)


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
