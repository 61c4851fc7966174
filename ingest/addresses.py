"""The clear value of e-mail addresses, for companies that ask for it (`keep_clear_emails`).

Belongs here: all that writes, reads or removes `lake/restricted/`. Does not belong here: the hashes
(`ingest.privacy`), which fields hold addresses (`ingest.mapping`).

No batch tells of these rows, and nothing is built, checked or published of them. A file of them
counts as the rows do beside which it was landed: by the delivery's manifest.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from ingest.config import ConfigError
from ingest.held import Staged
from ingest.manifests import PartOutcome, commit, standing_manifests
from ingest.parquet import PARQUET
from ingest.purge import rows_of
from ingest.quarantine import Delivery
from ingest.session import Session
from ingest.settings import Workspace
from ingest.store import LakeError, make_private, series, write_atomically
from ingest.values import quote, row_key_sql

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "clear_emails"
FOLDER = f"restricted/{NAME}"
# The hash of an address is an id too, where somebody's id was made of it.
_IS_ERASED = " or ".join(
    f"{token} in (select token from erased)"
    for token in (
        "email_key", "keyed_hash('user||' || email_key)", "keyed_hash('device||' || email_key)"
    )
)  # fmt: skip


class Addresses:
    """The addresses in files that are landed together, part after part."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Begins with none."""
        self._connection = connection
        connection.execute(
            "create or replace temp table address (file_no integer, line bigint, email varchar)"
        )

    def note(self, staged: Staged) -> None:
        """Takes those of the rows that can be loaded, once `land_part` has made their `origin`."""
        if not staged.has_addresses:
            return
        number, line = staged.place()
        origin = "join origin o on o.id = s.rowid" if staged.lines is not None else ""
        self._connection.execute(
            "insert into address select file_no, min(line), email from "
            f"(select {number} as file_no, {line} as line, unnest(s._addresses) as email "
            f"from stage s {origin} where s._reason is null) "
            "where email is not null group by file_no, email"
        )

    def write(self, lake: Path, deliveries: Sequence[Delivery]) -> list[tuple[PartOutcome, ...]]:
        """One file of addresses for each delivered file that has any; erased people have none."""
        listed = ", ".join(
            f"({number}, {quote(d.source)}, {quote(d.batch_id(NAME))}, "
            f"{quote(d.loaded_at)}::timestamp, {quote(d.source_file)})"
            for number, d in enumerate(deliveries)
        )
        rows = self._connection.sql(
            "select email_key, email, source, batch_id, loaded_at, source_file, "
            f"min(line) as source_line, {row_key_sql('email_key')} as row_key, "
            "false as is_revision, NULL::varchar as extra, file_no "
            "from (select *, keyed_hash(email) as email_key from address) "
            f"join (values {listed}) d(file_no, source, batch_id, loaded_at, source_file) "
            f"using (file_no) where not ({_IS_ERASED}) "
            "group by all order by file_no, source_line, email"
        ).to_arrow_table()
        sizes = [0] * len(deliveries)
        for number in rows["file_no"].to_pylist():
            sizes[number] += 1
        rows = rows.drop_columns(["file_no"])
        outcomes: list[tuple[PartOutcome, ...]] = []
        begin = 0
        with series(lake) as files:
            for delivery, size in zip(deliveries, sizes, strict=True):
                if size:
                    path = lake / _place(delivery)
                    make_private(lake / "restricted", path.parent)
                    files.write(path, partial(_write, rows.slice(begin, size)))
                begin += size
                outcomes.append((_outcome(delivery, size),) if size else ())
        return outcomes


def _place(delivery: Delivery) -> str:
    where = f"source={delivery.source}/dt={delivery.delivered_on}"
    return f"{FOLDER}/{where}/{delivery.entry_id}.parquet"


def _outcome(delivery: Delivery, rows: int) -> PartOutcome:
    return PartOutcome(NAME, delivery.batch_id(NAME), rows, rows, 0, 0, output=_place(delivery))


def _write(rows: pa.Table, draft: Path) -> None:
    """Writes a file that was never anybody's but the owner's."""
    import pyarrow.parquet as pq

    with os.fdopen(_open_private(draft), "wb") as file:
        pq.write_table(rows, file, compression="zstd", store_schema=False)


def _open_private(draft: Path) -> int:
    return os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def purge_addresses(
    connection: duckdb.DuckDBPyConnection, lake: Path, part: PartOutcome, pattern: str | None
) -> PartOutcome:
    """Takes erased people's addresses out of a file, and whatever else holds what is looked for."""
    path = lake / (part.output or "")
    if not path.is_file():
        return part
    relation = rows_of(path)
    theirs = _IS_ERASED
    if pattern:
        theirs += f" or regexp_matches(concat_ws(' ', email_key, email), {quote(pattern)})"
    left = f"from {relation} where not ({theirs})"
    row = connection.execute(f"select count(*) {left}").fetchone()
    count = int(row[0]) if row else 0

    def write(draft: Path) -> None:
        os.close(_open_private(draft))
        # Into the file that is there, which nobody else may read.
        connection.execute(f"copy ({left}) to {quote(str(draft))} ({PARQUET}, use_tmp_file false)")

    if count < part.rows_loaded - part.rows_erased:
        write_atomically(path, write)
    return replace(part, rows_erased=part.rows_loaded - count)


def remove_all(run: Session) -> None:
    """What is left where the company no longer keeps addresses: none, and no word of them.

    The folder goes last: killed on the way, the next run does the rest.
    """
    folder = run.lake / "restricted"
    naming = [manifest for manifest in run.manifests.values() if manifest.restricted]
    if not naming and not folder.exists():
        return
    with series(run.lake) as entries:
        for manifest in naming:
            bare = replace(manifest, restricted=())
            commit(run.lake, bare, entries)
            run.manifests[manifest.entry_id] = bare
    shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Found:
    """An address, and where it was first seen."""

    email: str
    source_file: str
    source_line: int
    loaded_at: datetime


def look_up(workspace: Workspace, key: str) -> Found | None:
    """The address that a key stands for, or None if it is not among those that are kept.

    Raises:
        ConfigError: If the company keeps none, or what was given is no key.
        LakeError: If files went while they were read.
    """
    if not workspace.config.privacy.keep_clear_emails:
        raise ConfigError(
            f"{workspace.config_path}: no clear address is kept. `privacy: {{keep_clear_emails: "
            "true}` keeps those of files that are landed from then on (docs/privacy.md)"
        )
    key = key.strip().lower()
    if len(key) != 64 or set(key) - set("0123456789abcdef"):
        raise ConfigError(
            f"{key!r} is no key of a person: give the 64 hex digits that a table holds"
        )
    files = [
        quote(str(workspace.lake / part.output))
        for manifest in standing_manifests(workspace.lake)
        for part in manifest.restricted
        if part.output
    ]
    if not files:
        return None
    with duckdb.connect(config={"threads": 1}) as connection:
        try:
            row = connection.execute(
                "select email, source_file, source_line, loaded_at from "
                f"read_parquet([{', '.join(files)}], hive_partitioning = false) "
                "where email_key = $1 order by loaded_at, source_file, source_line limit 1",
                [key],
            ).fetchone()
        except duckdb.IOException as error:
            raise LakeError(
                f"{workspace.lake / FOLDER}: can't be read ({error}). If an ingest or an erasure "
                "is running, wait until it ends; then ask again."
            ) from error
    return Found(*row) if row else None
