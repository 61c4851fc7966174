"""The build: dbt works on a copy of the last good warehouse, which replaces it only on success.

Belongs here: preparing the copy, running dbt on it, putting it in place with its receipt. Does not
belong here: what has to be built (`receipt.plan_build`), gates (`gates.py`), models (dbt_project/).

Killed at any moment, the old warehouse is still there with its receipt; drafts that are left over
are removed by the next build.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.build_inputs import kept_out_contracts
from ingest.ledger import write_build_inputs
from ingest.settings import Workspace
from ingest.store import locked
from orchestration.lib import receipt as receipts
from orchestration.lib.admission import admit, require_admitted
from orchestration.lib.check_history import fold_checks
from orchestration.lib.gates import tell
from orchestration.lib.manifest import WAREHOUSE_FILE, dbt_environment
from orchestration.lib.paths import DBT_PROJECT, PipelineError, stamp, versions
from orchestration.lib.published_values import fold, remember
from orchestration.lib.receipt import Plan, Receipt

Progress = Callable[[str, int, int], None]
DBT = "orchestration.lib.dbt_program"
SETTINGS_VARIABLE = "PRODUCTOPS_BUILD"
_BAD = frozenset({"error", "fail", "runtime error"})
_SHOWN_FAILURES = 10


@dataclass(frozen=True)
class Draft:
    """A copy of the warehouse that dbt may write to, and the words that tell dbt what to do."""

    build_id: str
    path: Path
    plan: Plan
    target: Path
    words: tuple[str, ...]
    settings: str
    batches: tuple[str, ...]

    @property
    def environment(self) -> dict[str, str]:
        """What dbt needs beside the words."""
        return dbt_environment(self.path) | {SETTINGS_VARIABLE: self.settings}


@dataclass(frozen=True)
class BuildResult:
    """What a build did; `receipt` describes the warehouse that is there now."""

    plan: Plan
    receipt: Receipt
    seconds: float

    @property
    def is_new(self) -> bool:
        """Whether anything was built."""
        return self.plan.builds


def build(
    workspace: Workspace, *, progress: Progress | None = None, full_refresh: bool = False
) -> BuildResult:
    """Builds what changed since the last build.

    Raises:
        PipelineError: If the lake's gates don't pass, or a model or test fails; the warehouse
            that was there before stays.
    """
    started = time.monotonic()
    with building(workspace):
        record, plan = admit(workspace)
        if full_refresh and plan.receipt:
            plan = replace(plan, kind="full_refresh", why=("asked for",), touched_event_dates=())
        if not plan.builds:
            if plan.receipt is None:
                raise PipelineError(tell("What was delivered does not pass the gates.", record))
            return BuildResult(plan, plan.receipt, time.monotonic() - started)
        draft = prepare(workspace, plan)
        run_dbt(draft, progress)
        receipt = put_in_place(workspace, draft)
    return BuildResult(plan, receipt, time.monotonic() - started)


@contextmanager
def building(workspace: Workspace) -> Generator[None]:
    """One build at a time; also clears up what a killed one left."""
    workspace.warehouse.mkdir(parents=True, exist_ok=True)
    with locked(workspace.warehouse / "build.lock", "build of the warehouse"):
        receipts.settle_receipt(workspace)
        shutil.rmtree(draft_path(workspace.home).parent, ignore_errors=True)
        yield


def prepare(workspace: Workspace, plan: Plan) -> Draft:
    """Makes the copy and writes what dbt reads of the ledger.

    Raises:
        PipelineError: If the gates of the lake have not passed for every batch to be built.
    """
    require_admitted(workspace, plan)
    build_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    path = draft_path(workspace.home)
    path.parent.mkdir(parents=True, exist_ok=True)
    if plan.kind == "incremental":
        shutil.copyfile(workspace.warehouse_path, path)
    remember(workspace)
    fold(workspace)
    fold_checks(workspace)
    write_build_inputs(workspace, plan.held_back)
    target = workspace.state / "dbt"
    target.mkdir(parents=True, exist_ok=True)
    (target / "run_results.json").unlink(missing_ok=True)
    known = set(plan.receipt.batches) if plan.receipt else set()
    batches = (known | {batch.token for batch in plan.added}) - set(plan.removed)
    words = [
        "build", "--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT),
        "--target-path", str(target), "--log-path", str(target / "logs"),
        # Tests of the models' logic on made-up rows belong to development, not to every build.
        "--exclude-resource-type", "unit_test",
    ]  # fmt: skip
    if plan.kind == "full_refresh":
        words.append("--full-refresh")
    settings = json.dumps(settings_of(workspace, plan))
    return Draft(build_id, path, plan, target, tuple(words), settings, tuple(sorted(batches)))


def draft_path(home: Path) -> Path:
    """Where every build of a workspace works."""
    return home / "warehouse" / "draft" / WAREHOUSE_FILE


def settings_of(workspace: Workspace, plan: Plan) -> dict[str, Any]:
    """What the models may not guess (`macros/setting.sql`)."""
    org = workspace.config.org
    return {
        "lake_path": str(workspace.lake),
        "org_time_zone": org.time_zone,
        "org_currency": org.currency,
        "as_of_at": receipts.as_of_text(workspace.as_of_at()),
        "touched_event_dates": list(plan.touched_event_dates),
        "kept_out_contracts": kept_out_contracts(workspace),
        **workspace.config.identity.model_dump(),
    }


def run_dbt(draft: Draft, progress: Progress | None = None) -> None:
    """Runs dbt on the draft in a process of its own, so that a crash of it harms nothing.

    Raises:
        PipelineError: Naming what failed, with dbt's message.
    """
    command = [sys.executable, "-m", DBT, "--log-format", "json", *draft.words]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=draft.environment
    )
    said: list[str] = []
    assert process.stdout is not None  # noqa: S101 (it is a pipe, as asked for above)
    try:
        for line in process.stdout:
            _follow(line, said, progress)
        code = process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    if code:
        raise PipelineError(_explain(draft, said))


def _follow(line: str, said: list[str], progress: Progress | None) -> None:
    try:
        event: Mapping[str, Any] = json.loads(line)
        info, data = event["info"], event["data"]
    except (ValueError, KeyError, TypeError):
        said.append(line.rstrip())
        return
    if info.get("level") == "error":
        said.append(str(info.get("msg", "")))
    if progress and info.get("name") in {"LogModelResult", "LogTestResult", "LogSeedResult"}:
        node = data.get("node_info", {}).get("node_name", "")
        progress(node, int(data.get("index", 0)), int(data.get("total", 0)))


def failures(target: Path) -> list[str]:
    """What failed in the last run of dbt, a line each."""
    path = target / "run_results.json"
    if not path.is_file():
        return []
    results = json.loads(path.read_text(encoding="utf-8"))["results"]
    return [
        f"{result['unique_id'].split('.', 2)[-1]}: {result['message']}"
        for result in results
        if result["status"] in _BAD
    ]


def _explain(draft: Draft, said: list[str]) -> str:
    failed = failures(draft.target) or said[-_SHOWN_FAILURES:]
    shown = "\n".join(f"  {line}" for line in failed[:_SHOWN_FAILURES])
    more = len(failed) - _SHOWN_FAILURES
    return (
        f"The warehouse was not built; the one from before is still there.\n{shown}"
        + (f"\n  ... and {more} more" if more > 0 else "")
        + f"\nThe SQL that ran is below {draft.target / 'run'}. If data is at fault, correct or "
        "withdraw the delivery (`productops ingest --withdraw`), then run again."
    )


def put_in_place(workspace: Workspace, draft: Draft) -> Receipt:
    """Lets the draft replace the warehouse, together with the receipt that describes it."""
    if failed := failures(draft.target):
        raise PipelineError(_explain(draft, failed))
    rows = count_rows(draft.path)
    with draft.path.open("rb") as handle:
        os.fsync(handle.fileno())
    receipt = Receipt(
        build_id=draft.build_id,
        built_at=receipts.as_of_text(datetime.now(UTC)),
        as_of_at=receipts.as_of_text(workspace.as_of_at()),
        reporting_on=receipts.reporting_on(workspace),
        full_refresh=draft.plan.kind == "full_refresh",
        batches=draft.batches,
        config=receipts.config_fingerprint(workspace),
        project=receipts.project_fingerprint(),
        warehouse=stamp(draft.path),
        rows=rows,
        tests=_count_tests(draft.target),
        versions=versions(),
    )
    receipts.announce_receipt(workspace, receipt)
    os.replace(draft.path, workspace.warehouse_path)
    receipts.settle_receipt(workspace)
    return receipt


def count_rows(path: Path) -> dict[str, int]:
    """Rows of every table of the core and the marts: `schema.table` -> count."""
    import duckdb

    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema in ('core', 'marts') and table_type = 'BASE TABLE' order by 1, 2"
        ).fetchall()
        counts = {}
        for schema, table in tables:
            row = connection.execute(f'select count(*) from "{schema}"."{table}"').fetchone()
            counts[f"{schema}.{table}"] = int(row[0]) if row else 0
    return counts


def _count_tests(target: Path) -> dict[str, int]:
    path = target / "run_results.json"
    results = json.loads(path.read_text(encoding="utf-8"))["results"] if path.is_file() else []
    counts: dict[str, int] = {}
    for result in results:
        kind = result["unique_id"].split(".", 1)[0]
        if kind in {"test", "unit_test"}:
            counts[result["status"]] = counts.get(result["status"], 0) + 1
    return counts
