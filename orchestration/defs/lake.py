"""The lake's assets: what was delivered, one asset for each contract.

Belongs here: how ingest is shown to Dagster. Does not belong here: ingest itself.
"""

import os
import threading
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import dagster as dg

from ingest.contracts import Contract, load_contracts
from ingest.ledger import Batch, read_batches
from ingest.load import FileOutcome, IngestReport, ingest
from ingest.settings import Workspace
from orchestration.defs.days import report_days
from orchestration.defs.freshness import report_deliveries
from orchestration.defs.metadata import owners, preview, table
from orchestration.defs.resources import WorkspaceResource
from orchestration.lib import publish as publishing
from orchestration.lib.gates import gate_lake
from orchestration.lib.patience import patiently
from orchestration.lib.pulling import pull_configured
from orchestration.lib.receipt import plan_build

BATCHES = dg.AssetKey(["lake", "batches"])
CONTRACTS = dg.AssetKey(["lake", "contracts"])
GROUP = "lake"
# Tag of a run that pulls one API alone.
ONLY_API = "productops/api"
_SHOWN_FILES = 30


def contract_key(name: str) -> dg.AssetKey:
    """Asset key of a contract."""
    return dg.AssetKey(["lake", name])


def _spec(contract: Contract) -> dg.AssetSpec:
    rows = [(c.name, c.type, "yes" if c.required else "", c.description) for c in contract.columns]
    return dg.AssetSpec(
        contract_key(contract.name),
        description=f"{contract.grain.capitalize()}. Typed Parquet of every delivery.",
        group_name=GROUP,
        kinds={"parquet"},
        owners=owners(contract.owner),
        skippable=True,
        metadata={
            "key": ", ".join(contract.key),
            "columns": table(("column", "type", "required", "meaning"), rows),
        },
    )


def lake_specs() -> list[dg.AssetSpec]:
    """Specs of the ledger and of every contract."""
    batches = dg.AssetSpec(
        BATCHES,
        description="The ledger: one row per delivered file and contract, balanced to the row.",
        group_name=GROUP,
        kinds={"parquet"},
        owners=owners("product-ops"),
        skippable=True,
    )
    contracts = dg.AssetSpec(
        CONTRACTS,
        description="What each contract promises: owner, grain, freshness.",
        group_name=GROUP,
        kinds={"parquet"},
        owners=owners("product-ops"),
        skippable=True,
    )
    return [batches, contracts, *(_spec(contract) for contract in load_contracts().values())]


@dg.multi_asset(name="ingest", specs=lake_specs())
def lake(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> Iterator[dg.MaterializeResult]:
    """Takes in what is new; without anything to do, nothing downstream runs."""
    home = workspace.open()

    begun: set[int] = set()

    def progress(what: str, done: int, total: int) -> None:
        if not what or done in begun:
            return
        begun.add(done)
        if done == 0:
            _warm_up()
        if done % 25 == 0 or total <= 25:
            context.log.info(f"file {done + 1} of {total}: {what}")

    asked = context.run.tags.get(ONLY_API)
    pulled = patiently(
        lambda: pull_configured(home, lambda *page: _tell_pages(context, *page), asked),
        context.log.warning,
    )
    for outcome in pulled:
        tell = context.log.error if outcome.status == "failed" else context.log.info
        tell(f"{outcome.name}: {outcome.words}")
    report = patiently(lambda: ingest(home, progress=progress), context.log.warning)
    batches = read_batches(home.lake)
    report_deliveries(context, batches)
    report_days(context, batches)
    plan = plan_build(home)
    is_closed = not gate_lake(home, plan).is_open if not plan.builds else False
    if not (plan.builds or is_closed or publishing.is_pending(home)):
        context.log.info("Nothing new was delivered and everything is published.")
        return
    metadata = _ledger_metadata(report, batches)
    if pulled:
        rows = [(o.name, o.status, o.pages, o.records, o.rows_loaded, o.detail) for o in pulled]
        names = ("stream", "status", "pages", "records", "new rows", "detail")
        metadata["pulled"] = table(names, rows)
    yield dg.MaterializeResult(asset_key=BATCHES, metadata=metadata)
    promises = [(c.name, c.owner, c.grain) for c in load_contracts().values()]
    yield dg.MaterializeResult(
        asset_key=CONTRACTS,
        metadata={"contracts": table(("contract", "owner", "grain"), promises)},
    )
    arrived = {part.batch_id for outcome in report.files for part in outcome.parts}
    for contract in load_contracts().values():
        mine = [batch for batch in batches if batch.contract == contract.name]
        yield dg.MaterializeResult(
            asset_key=contract_key(contract.name),
            metadata=_contract_metadata(home, contract, mine, arrived),
        )


def _tell_pages(context: dg.AssetExecutionContext, stream: str, pages: int, records: int) -> None:
    if pages % 25 == 1:
        context.log.info(f"pulling {stream}: {pages} pages, {records:,} records")


def _warm_up() -> None:
    """Something is new, so the gates will be needed: their import takes seconds, beside ingest."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    threading.Thread(target=import_module, args=("great_expectations",), daemon=True).start()


def _ledger_metadata(report: IngestReport, batches: list[Batch]) -> dict[str, Any]:
    counted = [batch for batch in batches if not batch.is_withdrawn]
    totals = {
        name: sum(getattr(batch, name) for batch in counted)
        for name in (
            "rows_in", "rows_loaded", "rows_duplicate", "rows_quarantined", "rows_suppressed",
        )
    }  # fmt: skip
    shown = [_file_line(outcome) for outcome in report.files[:_SHOWN_FILES]]
    return {
        "files_new": report.count("loaded"),
        "files_refused": report.count("rejected"),
        "files_still_written": report.count("waiting"),
        **totals,
        "balance": dg.MetadataValue.md(
            f"{totals['rows_in']:,} in = {totals['rows_loaded']:,} loaded + "
            f"{totals['rows_duplicate']:,} duplicate + {totals['rows_quarantined']:,} set aside + "
            f"{totals['rows_suppressed']:,} suppressed"
        ),
        "files": table(("file", "format", "status", "loaded", "set aside", "detail"), shown),
    }


def _file_line(outcome: FileOutcome) -> tuple[object, ...]:
    loaded = sum(part.rows_loaded for part in outcome.parts)
    aside = sum(part.rows_quarantined for part in outcome.parts)
    return outcome.path, outcome.format, outcome.status, loaded, aside, outcome.detail


def _contract_metadata(
    workspace: Workspace, contract: Contract, batches: list[Batch], arrived: set[str]
) -> dict[str, Any]:
    new = [batch for batch in batches if batch.batch_id in arrived]
    alive = [batch for batch in batches if batch.is_committed]
    found: dict[str, Any] = {
        "dagster/row_count": sum(batch.rows_loaded for batch in alive),
        "rows_new": sum(batch.rows_loaded for batch in new),
        "rows_duplicate": sum(batch.rows_duplicate for batch in new),
        "rows_set_aside": sum(batch.rows_quarantined for batch in new),
        "rows_late": sum(batch.rows_late for batch in new),
        "folder": dg.MetadataValue.path(str(workspace.lake / "bronze" / contract.name)),
    }
    files = [str(workspace.lake / batch.output) for batch in new if batch.output]
    if files:
        shown = preview(files[-1], [c.name for c in contract.columns if not c.personal])
        found["preview"] = shown
    return found
