"""The gates: what is held against expectations when, and the record that it was.

Belongs here: which batches and which tables are checked, the records `lake_gate.json` and
`marts_gate.json` beside the warehouse. Does not belong here: expectations themselves and how they
are evaluated (`expectations/`), how Dagster shows them (`defs/gates.py`).

A record names exactly what it speaks of (batches, or the build and the content of its marts), so
that a later step can trust it without evaluating again, and must not trust it for anything else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from expectations.ledger_checks import check_ledger
from expectations.results import CheckResult
from ingest import drift
from ingest.ledger import Batch, Rejection, open_rejections
from ingest.manifests import standing_manifests
from ingest.settings import Workspace
from ingest.store import write_json
from orchestration.lib.alerts.redacting import clean_samples
from orchestration.lib.check_history import remember_checks
from orchestration.lib.check_pages import write_page
from orchestration.lib.kept_out import IDENTITY, keep_out
from orchestration.lib.paths import PipelineError
from orchestration.lib.prints import Print, take_prints
from orchestration.lib.receipt import Plan, Receipt, as_of_text
from orchestration.lib.stream_pages import pages_before
from orchestration.lib.suites import mart_suites, raw_suites, suites_fingerprint

Progress = Callable[[str, int, int], None]
_SHOWN_BREACHES = 8
# How long a changed column is told of, unless it is mapped, or comes again, before that.
_NEWS_FOR = timedelta(days=14)


@dataclass(frozen=True)
class GateRecord:
    """The outcome of a gate, bound to what it looked at.

    `held_back` are the batches (tokens) that no build may take in: what came from a source since
    its first delivery that breaches something critical.
    """

    subject: str
    suites: str
    checked_at: str
    checks: tuple[CheckResult, ...]
    tables: dict[str, Print] = field(default_factory=dict)
    held_back: tuple[str, ...] = ()

    @property
    def breaches(self) -> tuple[CheckResult, ...]:
        """Checks whose failure lets nothing pass; a check that crashed is one of them."""
        return tuple(check for check in self.checks if check.blocks)

    @property
    def warnings(self) -> tuple[CheckResult, ...]:
        """Checks that failed without closing the gate."""
        return tuple(c for c in self.checks if not c.passed and not c.blocks)

    @property
    def is_open(self) -> bool:
        """Whether what was looked at may pass."""
        return not self.breaches


def gate_lake(workspace: Workspace, plan: Plan, progress: Progress | None = None) -> GateRecord:
    """Checks the deliveries that a build would add; what was built before passed before.

    Returns the record of an earlier evaluation where it speaks of the very same deliveries.
    """
    subject = _lake_subject(workspace, plan)
    known = read_record(_lake_path(workspace))
    if known and _speaks_of(known, subject, workspace):
        return known
    refused = open_rejections(workspace)
    relations = _relations(workspace, plan.added)
    suites = [suite for suite in raw_suites(workspace.home) if suite.table in relations]
    strict = {suite.table for suite in suites if suite.on_drift == "block"}
    changes, before = _changes(workspace, plan), pages_before(workspace, plan.added)
    checks = list(check_ledger(plan.added, refused, limits(workspace), changes, strict, before))
    if suites:
        from expectations.runner import run

        results = run(
            suites, relations, quarantine=workspace.lake / "quarantine" / "gates",
            left_out_by=IDENTITY, progress=progress,
        )  # fmt: skip
        checks += clean_samples(results, workspace)
    keep_out(workspace, plan.added, checks)
    checks += _kept(known, plan, relations, workspace)
    record = GateRecord(
        subject, suites_fingerprint(workspace.home), _now(), tuple(checks),
        held_back=_held(checks, plan, refused),
    )  # fmt: skip
    _keep(workspace, "lake", record)
    return record


def _changes(workspace: Workspace, plan: Plan) -> list[drift.Change]:
    """How columns changed with what was landed in the last days.

    Not with the deliveries of one build alone: the change is not over because a build took it in.
    Nor is it while one is held back for it, however long.
    """
    manifests = standing_manifests(workspace.lake)
    since = (datetime.now(UTC) - _NEWS_FOR).replace(tzinfo=None).isoformat()
    lately = {manifest.path for manifest in manifests if manifest.loaded_at >= since}
    if plan.receipt:
        lately |= {batch.source_file for batch in plan.added}
    return [change for change in drift.changes(manifests) if change.first_file in lately]


def _held(
    checks: Iterable[CheckResult], plan: Plan, rejections: Iterable[Rejection]
) -> tuple[str, ...]:
    """Batches that no build may take in: of each source, from its first bad delivery on.

    What came later may rest on it: rows that it brought count as duplicates when they come again.
    What was built before passed before.
    """
    breaches = [check for check in checks if check.blocks]
    bad = {path for check in breaches for path in check.deliveries}
    tables = {check.table for check in breaches if not check.deliveries}
    bad |= {batch.source_file for batch in plan.added if batch.contract in tables}
    came = [(b.source_file, b.source, b.loaded_at) for b in plan.added]
    came += [(r.path, r.source, r.loaded_at) for r in rejections]
    since: dict[str, str] = {}
    for path, source, at in came:
        if path in bad:
            since[source] = min(at, since.get(source, at))
    built = {token.partition("@")[0] for token in plan.receipt.batches} if plan.receipt else set()
    return tuple(
        sorted(
            batch.token
            for batch in plan.added
            if batch.source in since
            and batch.loaded_at >= since[batch.source]
            and batch.batch_id not in built
        )
    )


def gate_marts(
    workspace: Workspace, receipt: Receipt, progress: Progress | None = None
) -> GateRecord:
    """Checks the marts of the warehouse that `receipt` describes, and takes their prints."""
    from expectations.runner import run

    path = _marts_path(workspace)
    known = read_record(path)
    if known and _speaks_of(known, receipt.build_id, workspace):
        return known
    suites = mart_suites(workspace.home)
    relations = {suite.table: f'select * from marts."{suite.table}"' for suite in suites}
    results = run(
        suites, relations, database=workspace.warehouse_path,
        quarantine=workspace.lake / "quarantine" / "gates", progress=progress,
    )  # fmt: skip
    record = GateRecord(
        receipt.build_id, suites_fingerprint(workspace.home), _now(),
        tuple(clean_samples(results, workspace)),
        take_prints(workspace.warehouse_path),
    )  # fmt: skip
    # Prints of a newer warehouse would vouch for marts that nobody checked.
    if not receipt.warehouse.matches(workspace.warehouse_path):
        raise PipelineError(
            "Another build replaced the warehouse while its marts were checked; nothing was "
            "recorded. Run: productops run"
        )
    _keep(workspace, "marts", record)
    return record


def last_lake_record(workspace: Workspace) -> GateRecord | None:
    """The last evaluation of the lake's gate."""
    return read_record(_lake_path(workspace))


def last_marts_record(workspace: Workspace) -> GateRecord | None:
    """The last evaluation of the marts' gate."""
    return read_record(_marts_path(workspace))


def limits(workspace: Workspace) -> dict[str, float]:
    """Share of rows that may be set aside, by format or API, as the company's settings say."""
    config = workspace.config
    mapped = {f"mapping:{source.name}": source.quarantine_limit for source in config.sources}
    return mapped | {f"api:{api.name}": api.quarantine_limit for api in config.apis}


def tell(headline: str, record: GateRecord) -> str:
    """Breaches in words, with what to do."""
    shown = [f"  {check.table}: {check.message}" for check in record.breaches[:_SHOWN_BREACHES]]
    more = len(record.breaches) - _SHOWN_BREACHES
    shown += [f"  ... and {more} more"] if more > 0 else []
    return "\n".join(
        [
            headline,
            *shown,
            "Nothing was published; what was published before is still there. See "
            "`productops check` for failing rows; correct or withdraw the delivery, then "
            "`productops run`.",
        ]
    )


def _speaks_of(known: GateRecord, subject: str, workspace: Workspace) -> bool:
    """Whether a record can be trusted for `subject`; a crash tells nothing and is tried again."""
    is_whole = not any(check.crashed for check in known.checks)
    is_same = known.suites == suites_fingerprint(workspace.home)
    return is_whole and is_same and known.subject == subject


def _kept(
    known: GateRecord | None, plan: Plan, relations: dict[str, str], workspace: Workspace
) -> list[CheckResult]:
    """What was found of tables to which nothing came since: it still holds."""
    if known is None or known.suites != suites_fingerprint(workspace.home):
        return []
    return [
        check
        for check in known.checks
        if check.suite != "ledger" and check.table not in relations
        and (check.passed or not (check.blocks or plan.removed))
    ]  # fmt: skip


def _lake_subject(workspace: Workspace, plan: Plan) -> str:
    refused = [(r.path, r.format, r.reason) for r in open_rejections(workspace)]
    tokens = sorted(batch.token for batch in plan.added)
    parts = [tokens, plan.removed, sorted(refused), limits(workspace)]
    whole = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def _relations(workspace: Workspace, batches: Iterable[Batch]) -> dict[str, str]:
    files: dict[str, list[str]] = {}
    for batch in batches:
        if batch.output:
            files.setdefault(batch.contract, []).append(str(workspace.lake / batch.output))
    return {contract: _read(paths) for contract, paths in sorted(files.items())}


def _read(paths: list[str]) -> str:
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in sorted(paths))
    return f"select * from read_parquet([{listed}], hive_partitioning = false)"


def _lake_path(workspace: Workspace) -> Path:
    return workspace.warehouse / "lake_gate.json"


def _marts_path(workspace: Workspace) -> Path:
    return workspace.warehouse / "marts_gate.json"


def _now() -> str:
    return as_of_text(datetime.now(UTC))


def _keep(workspace: Workspace, gate: str, record: GateRecord) -> None:
    """Writes the record that later steps trust, its history, the page that people look at."""
    write_json(workspace.warehouse / f"{gate}_gate.json", asdict(record))
    remember_checks(workspace, gate, record.subject, record.checked_at, record.checks)
    write_page(workspace, gate, record)


def read_record(path: Path) -> GateRecord | None:
    """A gate's record; None if there is none that can be read."""
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        document["checks"] = tuple(CheckResult(**check) for check in document["checks"])
        tables = document["tables"].items()
        document["tables"] = {name: Print(**found) for name, found in tables}
        document["held_back"] = tuple(document["held_back"])
        return GateRecord(**document)
    except (OSError, ValueError, KeyError, TypeError):
        return None
