"""An erased person is in no byte of a whole company's workspace, and the numbers go on."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Collection
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from ingest.erasures import read_erasures
from ingest.privacy import email_key
from ingest.settings import open_workspace
from orchestration.lib.publish import current_build, list_builds
from orchestration.lib.run import RunReport
from tests.pipeline.conftest import KEY, events_of, marts, productops

pytestmark = pytest.mark.slow


def somebody(home: Path) -> tuple[str, str]:
    """Address and user id of the first person who signed in on the first day."""
    for path in events_of(home):
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            found = json.loads(line) if line.startswith("{") and line.endswith("}") else {}
            email = (found.get("traits") or {}).get("email")
            if email and found.get("userId"):
                return email, found["userId"]
    raise AssertionError("nobody signs in")


def traces(home: Path, *words: str) -> list[str]:
    """Files below lake, warehouse, published and state in whose bytes or values a word stands."""
    pattern = re.compile("|".join(rf"(?<![\w-]){re.escape(word)}(?![\w-])" for word in words), re.I)
    folders = ("lake", "warehouse", "published", "state")
    paths = [path for folder in folders for path in sorted((home / folder).rglob("*"))]
    found = []
    with duckdb.connect() as connection:
        for path in paths:
            if not path.is_file() or path.name == "erasures.jsonl":
                continue
            data = path.read_bytes()
            data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
            text = data.decode("utf-8", errors="replace") + values(connection, path)
            if pattern.search(text):
                found.append(str(path.relative_to(home)))
    return found


def values(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    """Everything that a Parquet or DuckDB file holds, as text."""
    if path.suffix == ".parquet":
        return str(connection.execute(f"from read_parquet('{path}')").fetchall())
    if path.suffix != ".duckdb":
        return ""
    connection.execute(f"attach '{path}' as it (read_only)")
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'it'"
    ).fetchall()
    text = "".join(
        str(connection.execute(f'from it."{schema}"."{table}"').fetchall())
        for schema, table in tables
    )
    connection.execute("detach it")
    return text


def test_an_erased_person_is_in_no_byte_of_the_workspace(
    home: Path, rerun: Callable[[Path], RunReport]
) -> None:
    email, user = somebody(home)
    key = email_key(email, KEY)
    workspace = open_workspace(home)
    (workspace.state / "last_run.log").parent.mkdir(exist_ok=True)
    (workspace.state / "last_run.log").write_text(f"looked at {email} and went on\n")
    before = current_build(workspace)
    assert "warehouse/warehouse.duckdb" in traces(home, email, user, key)
    dry = productops(home, "forget", "--email", email, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "usage_events rows would go" in dry.stdout
    assert "Nothing was changed" in dry.stdout
    assert current_build(workspace) == before
    done = productops(home, "forget", "--email", email)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no address, id or hash of theirs is left" in done.stdout
    # What the company itself put there is told, and left alone.
    assert "Your own files still hold them" in done.stdout
    assert traces(home, email, user, key) == []
    assert (workspace.state / "last_run.log").read_text() == "looked at [erased] and went on\n"
    assert [record["status"] for record in read_erasures(workspace.lake)] == ["done"]
    assert current_build(workspace) not in (None, before)
    assert [build.build_id for build in list_builds(workspace)] == [current_build(workspace)]
    numbers = marts(home)
    assert numbers["active_users__daily"]
    first = gzip.decompress(events_of(home)[0].read_bytes())
    (home / "drop" / "again.json.gz").write_bytes(gzip.compress(first + b"\n"))
    assert rerun(home).is_green
    assert marts(home) == numbers
    assert traces(home, email, user, key) == []
    assert productops(home, "forget", "--email", "no address").returncode == 2
    assert productops(home, "forget", "--file", str(home / "absent.csv")).returncode == 2


def named(text: str, emails: Collection[str]) -> list[str]:
    """Those of the addresses that stand in a text; looked for where it has an @."""
    near = "\n".join(f"{left[-80:]}@{right[:80]}" for left, right in pairwise(text.split("@")))
    return [email for email in emails if email in near.lower()]


def test_clear_addresses_are_kept_apart_and_change_nothing(fresh: Path, finished: Path) -> None:
    config = fresh / "productops.yml"
    config.write_text(config.read_text() + "\nprivacy: {keep_clear_emails: true}\n")
    done = productops(fresh, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    kept = list((fresh / "lake/restricted").rglob("*.parquet"))
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select distinct email_key, email from read_parquet($1)", [[str(p) for p in kept]]
        ).fetchall()
    assert len(rows) > 100
    assert all(email_key(email, KEY) == key for key, email in rows)
    emails = {email for _, email in rows}
    assert not named(done.stdout + done.stderr, emails)
    holding = []
    with duckdb.connect() as connection:
        for folder in ("lake", "warehouse", "published", "state"):
            for path in sorted((fresh / folder).rglob("*")):
                apart = {"landing", "restricted"} & set(path.relative_to(fresh).parts)
                if not path.is_file() or apart:
                    continue
                text = path.read_bytes().decode("utf-8", errors="replace")
                holding += named(text + values(connection, path), emails)
    assert somebody(fresh)[0] in emails
    assert holding == []
    assert marts(fresh) == marts(finished)
    key, email = rows[0]
    assert productops(fresh, "address", key).stdout == f"{email}\n"
