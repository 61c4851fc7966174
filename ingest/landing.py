"""Staged rows to Parquet: exact duplicates out, competing versions marked, bad rows set aside.

Belongs here: what is written for each file, and the count of what became of its rows. Does not
belong here: parsing (`ingest.stage`), which rows are new (`ingest.duplicates`), the commit
(`ingest.manifests`).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from ingest.contracts import LANDING_COLUMNS, SQL_TYPES, Contract
from ingest.duplicates import find_suspects
from ingest.erasures import ERASED
from ingest.held import Staged
from ingest.keys import KeyIndex
from ingest.manifests import PartOutcome
from ingest.mapping import LEFT_OUT
from ingest.parquet import copy
from ingest.quarantine import Delivery, write_quarantine
from ingest.store import series
from ingest.values import name, quote

if TYPE_CHECKING:
    import pyarrow as pa


def _line_map(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Makes `origin`: file and line of each staged row, where a row's number does not tell them."""
    import pyarrow as pa

    numbers = array("q")
    for number, (begin, end) in enumerate(pairwise([0, *staged.ends])):
        numbers.extend(array("q", [number]) * (end - begin))
    columns = {"id": array("q", range(len(numbers))), "line": array("q", staged.lines or ()),
               "file_no": numbers}  # fmt: skip
    # Made of plain memory: pyarrow takes values by way of pandas, whose import takes long.
    buffers = [
        pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(values)])
        for values in columns.values()
    ]
    origin = pa.Table.from_arrays(buffers, names=list(columns))
    connection.register("origin_rows", origin)
    connection.execute("create or replace temp table origin as select * from origin_rows")
    connection.unregister("origin_rows")


def _staged(staged: Staged) -> str:
    """The staged rows `s` with verdict `v` and, where there are several files, origin `o`."""
    origin = "join origin o on o.id = s.rowid" if staged.lines is not None else ""
    return f"stage s left join verdict v on v.id = s.rowid {origin}"


_MANY_ROWS = 10_000
_FRESH = "s._reason is null and not coalesce(v.is_duplicate, false)"


def _rows_sql(staged: Staged, deliveries: Sequence[Delivery], number: int = 0) -> str:
    """Rows to be written, in the order of lines: of one file by its number, or of all.

    Of several files at once they have `file_no` at the end.
    """
    contract, first = staged.contract, deliveries[0]
    columns = ", ".join(f"s.{name(column)}" for column in contract.column_names)
    file_no, line = staged.place()
    revision = "true" if first.is_state else "coalesce(v.is_known, false)"
    stamps, told, last, chosen = _stamps(contract, deliveries), "", "", ""
    if len(deliveries) > 1:
        listed = ", ".join(
            f"({number}, {', '.join(_stamps(contract, [one]))})"
            for number, one in enumerate(deliveries)
        )
        stamps = ("d.batch_id", "d.loaded_at", "d.source_file")
        told = f"join (values {listed}) d(no, batch_id, loaded_at, source_file) on d.no = {file_no}"
        last = f", {file_no} as file_no"
    elif len(staged.ends) > 1:
        begin, end = [0, *staged.ends][number : number + 2]
        chosen = f"and s.rowid >= {begin} and s.rowid < {end}"
    return f"""
        select {columns}, {quote(first.source)} as source, {stamps[0]} as batch_id,
            {stamps[1]} as loaded_at, {stamps[2]} as source_file, {line} as source_line,
            s.row_key, {revision} as is_revision, s._extra as extra{last}
        from {_staged(staged)} {told}
        where {_FRESH} {chosen}
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
    number, _ = staged.place()
    when = f"cast(s.{name(contract.partition)} as date)" if contract.partition else "NULL::date"
    late = "false"
    if contract.name == "usage_events" and contract.late_after_hours:
        late = f"s.received_at > s.occurred_at + interval {contract.late_after_hours} hours"
    counted = connection.execute(
        f"select {number}, {when}, count(*) filter ({_FRESH}), "
        f"count(*) filter (s._reason in ({quote(LEFT_OUT)}, {quote(ERASED)})), "
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
            tally.dates[day.isoformat()] = fresh
    if contract.partition and any(tally.revision for tally in tallies):
        rivals = connection.execute(
            f"select distinct {number}, h.held_on from {_staged(staged)} "
            "join (select row_key, held_on from held union select row_key, held_on from suspect) h "
            "on h.row_key = s.row_key where v.is_known and not v.is_duplicate "
            "and h.held_on is not null"
        ).fetchall()
        for file_no, day in rivals:
            tallies[file_no].dates.setdefault(day.isoformat(), 0)
    return tallies


def _write_rows(
    connection: duckdb.DuckDBPyConnection, lake: Path, staged: Staged,
    deliveries: Sequence[Delivery], tallies: Sequence[_Tally], outputs: Sequence[Path],
) -> None:  # fmt: skip
    """One Parquet file per delivered file that has rows."""
    # Writing a small file takes DuckDB several times as long as it takes pyarrow.
    if len(deliveries) == 1 or staged.ends[-1] >= _MANY_ROWS * len(deliveries):
        for number, delivery in enumerate(deliveries):
            if tallies[number].fresh:
                copy(connection, _rows_sql(staged, [delivery], number), outputs[number])
        return
    import pyarrow.parquet as pq

    table = connection.sql(_rows_sql(staged, deliveries)).to_arrow_table().drop_columns(["file_no"])
    kept = [staged.contract.partition] if staged.contract.partition else False

    def write(rows: pa.Table, draft: Path) -> None:
        with draft.open("wb") as handle:
            pq.write_table(
                rows, handle, compression="zstd", compression_level=1, use_dictionary=False,
                write_statistics=kept, store_schema=False,
            )  # fmt: skip

    begin = 0
    with series(lake) as files:
        for tally, path in zip(tallies, outputs, strict=True):
            if tally.fresh:
                files.write(path, partial(write, table.slice(begin, tally.fresh)))
            begin += tally.fresh


def land_part(
    connection: duckdb.DuckDBPyConnection, lake: Path, staged: Staged,
    deliveries: Sequence[Delivery], index: KeyIndex,
) -> list[PartOutcome]:  # fmt: skip
    """Writes each file's rows and quarantine; nothing counts before its manifest is committed."""
    contract = staged.contract
    if staged.lines is not None:
        _line_map(connection, staged)
    find_suspects(connection, contract, index, is_state=deliveries[0].is_state)
    tallies = _tallies(connection, staged, len(deliveries))
    places = [f"source={d.source}/dt={d.delivered_on}/{d.entry_id}" for d in deliveries]
    outputs = [lake / "bronze" / contract.name / f"{place}.parquet" for place in places]
    aside = [lake / "quarantine" / f"{place}-{contract.name}.parquet" for place in places]
    bad = zip(aside, deliveries, staged.bad, strict=True)
    write_quarantine(connection, contract.name, list(bad))
    _write_rows(connection, lake, staged, deliveries, tallies, outputs)
    paths = [path for tally, path in zip(tallies, outputs, strict=True) if tally.fresh]
    written = _written(connection, paths)
    return [
        _outcome(staged, number, delivery, tallies[number], lake, outputs[number], written)
        for number, delivery in enumerate(deliveries)
    ]


def _outcome(
    staged: Staged, number: int, delivery: Delivery, tally: _Tally, lake: Path, output: Path,
    written: Mapping[str, int],
) -> PartOutcome:  # fmt: skip
    loaded_dates = [day for day, count in tally.dates.items() if count]
    bad = staged.bad[number]
    return PartOutcome(
        contract=staged.contract.name,
        batch_id=delivery.batch_id(staged.contract.name),
        rows_in=staged.rows_in(number),
        rows_loaded=written.get(str(output), 0) if tally.fresh else 0,
        rows_duplicate=tally.duplicate,
        rows_quarantined=len(bad),
        rows_suppressed=tally.left_out + staged.withheld[number],
        rows_revision=tally.revision,
        rows_late=tally.late,
        reasons=dict(sorted(bad.reasons.items())),
        first_on=min(loaded_dates, default=None),
        last_on=max(loaded_dates, default=None),
        affected_dates=dict(sorted(tally.dates.items())),
        new_columns=staged.new_columns,
        unkept_columns=staged.unkept_columns,
        missing_columns=staged.missing_columns,
        shape=staged.shapes[number],
        output=output.relative_to(lake).as_posix() if tally.fresh else None,
    )


def _written(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> dict[str, int]:
    """Rows that Parquet files themselves say they hold: the ledger counts what was written."""
    if not paths:
        return {}
    listed = ", ".join(quote(str(path)) for path in paths)
    return dict(
        connection.execute(
            f"select file_name, num_rows from parquet_file_metadata([{listed}])"
        ).fetchall()
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
        copy(connection, f"select {columns} where false", path)


def _header(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    rows = connection.execute(f"describe select * from read_parquet({quote(str(path))})")
    return [row[0] for row in rows.fetchall()]
