"""A small lake written straight to Parquet, and dbt runs on it.

Belongs here: putting rows of contracts where dbt looks for them, running dbt in this process,
reading the warehouse. Does not belong here: how vendor files become such rows (tests of ingest).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.lib.dbt_program import invoke

from .lake_schemas import (
    ARROW,
    BATCH_SCHEMA,
    CHECK_SCHEMA,
    CONTRACT_SCHEMA,
    INCIDENT_SCHEMA,
    VALUE_SCHEMA,
    at,
    day_of,
    load_contract_files,
    typed,
)
from .project import PROJECT, parse_project

Row = Mapping[str, Any]


@dataclass
class FixtureLake:
    """Rows of contracts in the layout of a lake; duplicates and revisions as ingest finds them."""

    folder: Path
    contracts: dict[str, dict[str, Any]] = field(default_factory=load_contract_files)
    batches: list[dict[str, Any]] = field(default_factory=list)
    published_values: list[dict[str, Any]] = field(default_factory=list)
    check_runs: list[dict[str, Any]] = field(default_factory=list)
    transitions: list[dict[str, Any]] = field(default_factory=list)
    _seen: dict[tuple, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.contracts:
            self._write(f"bronze/{name}/_schema.parquet", self._schema(name).empty_table())
        self.save()

    def add(
        self,
        contract: str,
        rows: Iterable[Row],
        *,
        source: str = "segment",
        batch: str | None = None,
        delivered_on: str = "2026-06-30",
        committed: bool = True,
    ) -> str:
        """Land rows as one delivery; returns its batch id."""
        spec = self.contracts[contract]
        file_id = batch or f"f{len(self.batches):05d}"
        batch_id = f"{file_id}-{contract}"
        loaded_at = at(delivered_on) + dt.timedelta(seconds=len(self.batches))
        landed: list[dict[str, Any]] = []
        duplicates = 0
        for line, row in enumerate(rows, start=1):
            full = self._complete(spec, row, line)
            key = (contract, source, *[full[k] for k in spec["key"] if k != "source"])
            content = hashlib.md5(repr(sorted(full.items())).encode()).hexdigest()
            known = self._seen.setdefault(key, set())
            if content in known:
                duplicates += 1
                continue
            full |= {
                "source": source,
                "batch_id": batch_id,
                "loaded_at": loaded_at,
                "source_file": f"{file_id}.json",
                "source_line": line,
                "is_revision": bool(known),
                "extra": None,
            }
            known.add(content)
            landed.append(full)
        path = f"bronze/{contract}/source={source}/dt={delivered_on}/{file_id}.parquet"
        self._write(path, pa.Table.from_pylist(landed, schema=self._schema(contract)))
        days = [day_of(row[spec["partition"]]) for row in landed] if spec.get("partition") else []
        if committed:
            self.batches.append(
                {
                    "batch_id": batch_id,
                    "file_id": file_id,
                    "contract": contract,
                    "source": source,
                    "source_file": f"{file_id}.json",
                    "format": f"{source}.{contract}",
                    "status": "loaded",
                    "rows_in": len(landed) + duplicates,
                    "rows_loaded": len(landed),
                    "rows_duplicate": duplicates,
                    **dict.fromkeys(
                        ("rows_quarantined", "rows_suppressed", "rows_late", "rows_kept_out"), 0
                    ),
                    "rows_revision": sum(row["is_revision"] for row in landed),
                    "first_on": min(days, default=None),
                    "last_on": max(days, default=None),
                    "delivered_on": dt.date.fromisoformat(delivered_on),
                    "loaded_at": loaded_at,
                    "is_withdrawn": False,
                    "output": path,
                }
            )
            self.save()
        return batch_id

    def withdraw(self, batch_id: str) -> None:
        """Take a delivery back; its files stay, as in the lake."""
        found = [batch for batch in self.batches if batch["batch_id"] == batch_id]
        if not found:
            raise KeyError(f"no batch {batch_id}")
        found[0]["is_withdrawn"] = True
        self.save()

    def event_days(self, batch_id: str) -> list[str]:
        """UTC days of the usage events of one delivery."""
        pattern = str(self.folder / "bronze/usage_events/**/*.parquet")
        query = (
            "select distinct cast(occurred_at as date)::varchar from read_parquet(?, "
            "hive_partitioning = false) where batch_id = ? order by 1"
        )
        return [row[0] for row in duckdb.execute(query, [pattern, batch_id]).fetchall()]

    def save(self) -> None:
        """Write what dbt reads beside the rows themselves."""
        batches = [dict.fromkeys(BATCH_SCHEMA.names) | batch for batch in self.batches]
        self._write("build/batches.parquet", pa.Table.from_pylist(batches, schema=BATCH_SCHEMA))
        told = pa.Table.from_pylist(self.published_values, VALUE_SCHEMA)
        self._write("build/published_values.parquet", told)
        checks = pa.Table.from_pylist(self.check_runs, CHECK_SCHEMA)
        self._write("build/check_runs.parquet", checks)
        happened = pa.Table.from_pylist(self.transitions, INCIDENT_SCHEMA)
        self._write("build/incident_transitions.parquet", happened)
        promises = []
        for name, spec in self.contracts.items():
            freshness = spec.get("freshness") or {}
            promises.append(
                {
                    "contract": name,
                    **{fact: spec[fact] for fact in ("owner", "grain")},
                    "warn_hours": freshness.get("warn_hours"),
                    "fail_hours": freshness.get("fail_hours"),
                    "late_after_hours": spec.get("late_after_hours"),
                }
            )
        kept = pa.Table.from_pylist(promises, schema=CONTRACT_SCHEMA)
        self._write("build/contracts.parquet", kept)

    def _schema(self, contract: str) -> pa.Schema:
        columns = [(c["name"], ARROW[c["type"]]) for c in self.contracts[contract]["columns"]]
        return pa.schema(
            [
                *columns,
                ("source", pa.string()),
                ("batch_id", pa.string()),
                ("loaded_at", pa.timestamp("us")),
                ("source_file", pa.string()),
                ("source_line", pa.int64()),
                ("is_revision", pa.bool_()),
                ("extra", pa.string()),
            ]
        )

    def _complete(self, spec: dict[str, Any], row: Row, line: int) -> dict[str, Any]:
        known = {c["name"]: c for c in spec["columns"]}
        if unknown := set(row) - set(known):
            raise ValueError(f"{spec['name']} line {line}: no such columns {sorted(unknown)}")
        full = {name: typed(column["type"], row.get(name)) for name, column in known.items()}
        if missing := [n for n, c in known.items() if c.get("required") and full[n] is None]:
            raise ValueError(f"{spec['name']} line {line}: required but missing: {missing}")
        return full

    def _write(self, path: str, table: pa.Table) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, target)


@dataclass(frozen=True)
class Warehouse:
    """A DuckDB file built by dbt from one lake."""

    path: Path
    lake: FixtureLake | Path
    target: Path
    settings: Mapping[str, Any] = field(default_factory=dict)

    def run(
        self,
        command: str = "run",
        *,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        touched: Sequence[str] = (),
        full_refresh: bool = False,
        **settings: Any,
    ) -> Any:
        """Run dbt in this process; raises with the failing nodes' messages."""
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        values = {
            "lake_path": str(self.lake.folder if isinstance(self.lake, FixtureLake) else self.lake),
            "as_of_at": "2026-06-30 12:00:00",
            "org_time_zone": "UTC",
            "touched_event_dates": list(touched),
            **self.settings,
            **settings,
        }
        manifest = parse_project()
        os.environ["PRODUCTOPS_WAREHOUSE"] = str(self.path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        words = [command, "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
        words += ["--target-path", str(self.target), "--log-path", str(self.target), "--quiet"]
        words += ["--log-level-file", "none", "--no-write-json", "--vars", json.dumps(values)]
        if command in ("build", "test"):
            # Of a part of the project, only tests whose tables are all in that part.
            words += ["--indirect-selection", "cautious"]
        if select:
            words += ["--select", *select]
        if exclude:
            words += ["--exclude", *exclude]
        if full_refresh:
            words += ["--full-refresh"]
        try:
            result = invoke(words, manifest)
        finally:
            DuckDBConnectionManager.close_all_connections()
        if not result.success:
            raise AssertionError(f"dbt {command} failed: {_failures(result)}")
        return result

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple]:
        """Rows of a query on the built warehouse."""
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(sql, list(parameters)).fetchall()

    def rows(self, table: str, columns: str = "*") -> list[tuple]:
        """A whole table in a fixed order, to compare two warehouses."""
        return self.query(f"select {columns} from {table} order by all")


def _failures(result: Any) -> str:
    if result.exception:
        return str(result.exception)
    bad = [r for r in result.result if str(r.status) in ("error", "fail", "runtime error")]
    return "\n".join(f"{r.node.name}: {r.message}" for r in bad)
