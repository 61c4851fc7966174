"""`productops doctor`: is this installation and this workspace fit to run, and if not, what to do.

Belongs here: short independent examinations, each with a remedy. Does not belong here: repair.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from ingest.config import ConfigError
from ingest.settings import Workspace, open_workspace
from ingest.storage import Storage
from ingest.streams import pull_problems, read_chains
from orchestration.lib.paths import PROJECT_ROOT

_PINNED = ("duckdb", "dbt-core", "dbt-duckdb", "dagster", "great-expectations", "duckdb-sqlalchemy")
_ENOUGH_FREE = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One examination: what was seen, and what to do if it is not as it should be."""

    fine: bool
    seen: str
    remedy: str = ""


def examine(home: Path) -> int:
    """Prints every examination; returns 1 if any found something to mend."""
    findings = list(_examine_installation())
    try:
        workspace = open_workspace(home)
    except ConfigError as error:
        findings.append(Finding(False, "the workspace can't be opened", str(error)))
    else:
        findings += _examine_workspace(workspace)
    for finding in findings:
        mark = click.style("ok  ", fg="green") if finding.fine else click.style("MEND", fg="red")
        click.echo(f"{mark} {finding.seen}")
        if not finding.fine:
            click.echo(f"     {finding.remedy}")
    bad = sum(not finding.fine for finding in findings)
    click.echo(f"\n{len(findings) - bad} fine, {bad} to mend.")
    return 1 if bad else 0


def locked_versions(lock: str) -> dict[str, str]:
    """Package -> version of a lock file's `name==version` lines."""
    lines = (line.split(" ")[0].split(";")[0] for line in lock.splitlines() if "==" in line)
    return dict(line.split("==") for line in lines if line and not line.startswith(("#", " ")))


def _examine_installation() -> Iterator[Finding]:
    here = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding(sys.version_info >= (3, 11), f"Python {here}", "Python 3.11 or newer is needed.")
    lock = PROJECT_ROOT / "requirements.lock"
    wanted = locked_versions(lock.read_text(encoding="utf-8")) if lock.is_file() else {}
    for name in _PINNED:
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "not installed"
        locked = wanted.get(name, found)
        yield Finding(
            found == locked,
            f"{name} {found}",
            f"The lock says {locked}. Run: make .venv/.installed",
        )


def _examine_workspace(workspace: Workspace) -> Iterator[Finding]:
    yield Finding(True, f"workspace {workspace.home} ({workspace.config.org.name})")
    for name, folder in (("drop", workspace.drop), ("registry", workspace.registry)):
        yield Finding(folder.is_dir(), f"{name}/", f"Make it: mkdir {folder}")
    yield _secret_is_private(workspace)
    yield _is_writable(workspace.home)
    free = shutil.disk_usage(workspace.home).free
    yield Finding(
        free > _ENOUGH_FREE,
        f"{free / 1024**3:.1f} GiB free",
        "A build works on a copy of the warehouse: free at least 2 GiB.",
    )
    yield from _buckets(workspace)
    yield from _apis(workspace)
    yield _attempt("the company's own checks can be read", lambda: _own_checks(workspace))
    yield from _channels(workspace)
    yield _attempt("the ledger balances", lambda: _ledger(workspace))
    yield _attempt("every erasure is at its end", lambda: _erasures(workspace))
    yield _attempt("the published build is whole", lambda: _published(workspace))


def _secret_is_private(workspace: Workspace) -> Finding:
    path = workspace.home / ".env"
    if not path.is_file():
        return Finding(True, "the hash key comes from the environment")
    others = path.stat().st_mode & 0o077
    return Finding(not others, ".env is readable by its owner alone", f"Run: chmod 600 {path}")


def _buckets(workspace: Workspace) -> Iterator[Finding]:
    """Whether each configured bucket can be reached with the credentials of the environment."""
    storage = workspace.config.storage
    for what, url in (("drop", storage.drop), ("lake", storage.lake)):
        if url:
            yield _attempt(f"{what} bucket {url}", partial(_bucket, url, storage))


def _bucket(url: str, storage: Storage) -> str:
    from ingest.buckets import Bucket
    from ingest.store import LakeError

    try:
        Bucket(url, storage).probe()
    except LakeError as error:
        return str(error)
    return ""


def _apis(workspace: Workspace) -> Iterator[Finding]:
    """Whether each configured API has its credential; the credential itself is never shown."""
    for api in workspace.config.apis:
        yield Finding(
            bool(workspace.secret(api.credentials_env)),
            f"API {api.name}: credential in {api.credentials_env}",
            f"{api.credentials_env} is not set, so {api.name} is not pulled. Put "
            f"`{api.credentials_env}=...` into {workspace.home / '.env'} or into the environment.",
        )
    if workspace.config.apis:
        yield _attempt("each stream goes on where it ended", lambda: _chains(workspace))
        yield _attempt("the last pull went well", lambda: "\n     ".join(pull_problems(workspace)))


def _channels(workspace: Workspace) -> Iterator[Finding]:
    """Whether each channel of alerts has its address; it is a secret and never shown."""
    rules = workspace.config.alerts
    for channel in rules.channels:
        routes = [n for n, route in enumerate(rules.routes, start=1) if channel.name in route.to]
        used = f"route {', '.join(map(str, routes))}" if routes else "a fallback alone"
        yield _address(workspace, f"channel {channel.name} ({used})", channel.url_env)
    if rules.heartbeat_url_env:
        yield _address(workspace, "heartbeat", rules.heartbeat_url_env)


def _address(workspace: Workspace, what: str, name: str) -> Finding:
    return Finding(
        bool(workspace.secret(name)),
        f"alerts: {what}: address in {name}",
        f"{name} is not set, so this {what.split()[0]} gets nothing. Put `{name}=...` into "
        f"{workspace.home / '.env'} or into the environment.",
    )


def _chains(workspace: Workspace) -> str:
    read_chains(workspace.lake)
    return ""


def _is_writable(folder: Path) -> Finding:
    return Finding(
        os.access(folder, os.W_OK),
        "the workspace is writable",
        f"Give yourself the right to write to {folder}.",
    )


def _attempt(seen: str, examine_it: Callable[[], str]) -> Finding:
    try:
        wrong = examine_it()
    except Exception as error:  # whatever is broken is what the doctor is asked for
        return Finding(False, seen, f"{type(error).__name__}: {error}")
    return Finding(not wrong, seen, wrong)


def _own_checks(workspace: Workspace) -> str:
    from orchestration.lib.suites import problems

    return "\n     ".join(problems(workspace.home))


def _ledger(workspace: Workspace) -> str:
    from ingest.ledger import read_batches

    off = [
        batch.batch_id
        for batch in read_batches(workspace.lake)
        if batch.rows_in
        != batch.rows_loaded + batch.rows_duplicate + batch.rows_quarantined + batch.rows_suppressed
    ]
    if not off:
        return ""
    return (
        f"Rows are unaccounted for in {', '.join(off[:5])}: withdraw the file and deliver it again."
    )


def _erasures(workspace: Workspace) -> str:
    from ingest.erasures import pending
    from ingest.subjects import Subject

    if pending(workspace.lake) == Subject():
        return ""
    return "A purge was cut off. Give the request again: productops forget --email ..."


def _published(workspace: Workspace) -> str:
    import duckdb

    current = workspace.published / "current"
    if not current.exists():
        return ""
    path = current / "productops.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        query = "select count(*) from information_schema.tables where table_schema = 'marts'"
        row = connection.execute(query).fetchone()
    return "" if row and row[0] else f"{path} holds no marts. Run: productops publish"
