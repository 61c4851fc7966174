"""The build receipt: what the warehouse file holds, and whether it has to be built again.

Belongs here: reading, writing and checking `warehouse/receipt.json`, and the decision what the
next build has to do. Does not belong here: building (`build.py`) or publishing (`publish.py`).

A receipt and the warehouse are two files, so they can't be replaced in one step. The new receipt
is written beside the old one first; whichever of the two describes the file that is there counts.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from ingest.contracts import load_contracts
from ingest.ledger import Batch, Changes, changes_since
from ingest.settings import Workspace
from ingest.store import write_json
from orchestration.lib.paths import FileStamp, code_fingerprint, dbt_fingerprint, versions

Kind = Literal["nothing_to_do", "publish_only", "incremental", "full_refresh"]


@dataclass(frozen=True)
class Receipt:
    """What one successful build put into the warehouse file."""

    build_id: str
    built_at: str
    as_of_at: str
    reporting_on: str
    full_refresh: bool
    batches: tuple[str, ...]
    config: str
    project: str
    warehouse: FileStamp
    rows: dict[str, int]
    tests: dict[str, int]
    versions: dict[str, str]
    failed_tests: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What the next run has to do, and why, in words."""

    kind: Kind
    why: tuple[str, ...]
    added: tuple[Batch, ...] = ()
    removed: tuple[str, ...] = ()
    touched_event_dates: tuple[str, ...] = ()
    held_back: tuple[str, ...] = ()
    receipt: Receipt | None = field(default=None, repr=False)

    @property
    def builds(self) -> bool:
        """Whether the warehouse has to be built."""
        return self.kind in ("incremental", "full_refresh")


def receipt_path(workspace: Workspace) -> Path:
    """Where the receipt of the warehouse file lies."""
    return workspace.warehouse / "receipt.json"


def _next_path(workspace: Workspace) -> Path:
    return workspace.warehouse / "receipt.next.json"


def _read(path: Path) -> Receipt | None:
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        document["warehouse"] = FileStamp(**document["warehouse"])
        for name in ("batches", "failed_tests"):
            document[name] = tuple(document[name])
        return Receipt(**document)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_receipt(workspace: Workspace) -> Receipt | None:
    """The receipt of the warehouse file that is there; None if none describes it."""
    for path in (receipt_path(workspace), _next_path(workspace)):
        receipt = _read(path)
        if receipt and receipt.warehouse.matches(workspace.warehouse_path):
            return receipt
    return None


def announce_receipt(workspace: Workspace, receipt: Receipt) -> None:
    """Writes the receipt of a warehouse file that is about to be put in place."""
    write_json(_next_path(workspace), asdict(receipt))


def settle_receipt(workspace: Workspace) -> None:
    """Makes the receipt that describes the warehouse file the only one, also after a kill."""
    ahead = _read(_next_path(workspace))
    if ahead and ahead.warehouse.matches(workspace.warehouse_path):
        _next_path(workspace).replace(receipt_path(workspace))
    else:
        _next_path(workspace).unlink(missing_ok=True)


def config_fingerprint(workspace: Workspace) -> str:
    """Digest of the settings that every row may depend on."""
    org = workspace.config.org
    facts = [org.time_zone, org.currency, org.product_born_on.isoformat()]
    facts += [str(fact) for fact in workspace.config.identity.model_dump().items()]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def project_fingerprint() -> str:
    """Digest of the models, the fits, the contracts and the engine that build the warehouse."""
    engine = {name: versions()[name] for name in ("duckdb", "dbt-core", "dbt-duckdb")}
    parts = [dbt_fingerprint(), code_fingerprint("ingest/contracts", ".yml"), json.dumps(engine)]
    parts.append(code_fingerprint("analytics/health", ".py"))
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def reporting_on(workspace: Workspace) -> str:
    """Today by the workspace's clock, in the company's own time zone."""
    zone = ZoneInfo(workspace.config.org.time_zone)
    return workspace.as_of_at().astimezone(zone).date().isoformat()


def plan_build(workspace: Workspace, held_back: tuple[str, ...] = ()) -> Plan:
    """What a build has to do; kind `nothing_to_do` if the warehouse is up to date.

    Args:
        workspace: The company's folder.
        held_back: Batches (tokens) that must not be built.
    """
    receipt = read_receipt(workspace)
    changes = changes_since(workspace, receipt.batches if receipt else (), held_back)
    plan = partial(Plan, held_back=held_back, receipt=receipt)
    if receipt is None and held_back and not changes.added:
        return plan("nothing_to_do", ("all that was delivered is held back",))
    reasons = _reasons_for_full_refresh(workspace, receipt, changes)
    if reasons:
        return plan("full_refresh", tuple(reasons), changes.added, changes.removed)
    reasons = _reasons_for_increment(workspace, receipt, changes)
    if reasons:
        touched = changes.touched_event_dates
        return plan("incremental", tuple(reasons), changes.added, changes.removed, touched)
    return plan("nothing_to_do", ("nothing new since the last build",))


def _reasons_for_full_refresh(
    workspace: Workspace, receipt: Receipt | None, changes: Changes
) -> list[str]:
    if receipt is None:
        if workspace.warehouse_path.exists():
            return ["no receipt describes the warehouse file: it was changed by something else"]
        return ["the first build"]
    reasons = []
    if receipt.config != config_fingerprint(workspace):
        reasons.append("time zone, currency, birth date or `identity` in productops.yml changed")
    if receipt.project != project_fingerprint():
        reasons.append("the models, the contracts or an engine's version changed")
    if changes.full_refresh_contracts:
        names = ", ".join(changes.full_refresh_contracts)
        reasons.append(f"{names} changed, on which every row may depend")
    return reasons


def _reasons_for_increment(
    workspace: Workspace, receipt: Receipt | None, changes: Changes
) -> list[str]:
    reasons = []
    if changes.added:
        contracts = sorted({b.contract for b in changes.added} & set(load_contracts()))
        reasons.append(f"{len(changes.added)} new batches ({', '.join(contracts)})")
    if changes.removed:
        reasons.append(f"{len(changes.removed)} batches were withdrawn or replaced")
    if receipt and receipt.reporting_on != reporting_on(workspace):
        reasons.append(f"a new day: {reporting_on(workspace)} after {receipt.reporting_on}")
    return reasons


def as_of_text(moment: datetime) -> str:
    """A moment as the models take it: UTC without zone, whole seconds."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")
