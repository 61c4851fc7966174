"""The promise of freshness of each contract, as Dagster's freshness policies.

Belongs here: one asset per contract that promises something, marked whenever rows of it came. Does
not belong here: the promises (`ingest/contracts`), how old the data is by its own clock (the mart
`freshness__contract`).

The contract's own asset can't carry the policy: each run that builds marks all of them, also at
night, when nothing was delivered. So a promise would be kept by whatever else came.
"""

from datetime import UTC, datetime, timedelta

import dagster as dg

from ingest.contracts import Contract, load_contracts
from ingest.ledger import Batch
from orchestration.defs.metadata import owners

GROUP = "deliveries"
_LOADED_AT = "loaded_at"


def delivery_key(contract: str) -> dg.AssetKey:
    """Asset key of what is known of a contract's deliveries."""
    return dg.AssetKey([GROUP, contract])


def delivery_specs() -> list[dg.AssetSpec]:
    """One asset for each contract with a promise."""
    return [_spec(contract) for contract in _promising()]


def report_deliveries(context: dg.AssetExecutionContext, batches: list[Batch]) -> None:
    """Marks the contracts of which rows came since they were marked, by whatever way they came.

    Dagster dates a mark by the moment of marking: what came so long ago that the promise is in
    danger is not marked, rather than taken for fresh.
    """
    newest: dict[str, Batch] = {}
    for batch in batches:
        if batch.is_committed and batch.rows_loaded:
            known = newest.get(batch.contract)
            if known is None or batch.loaded_at > known.loaded_at:
                newest[batch.contract] = batch
    told = _told(context.instance)
    now = datetime.now(UTC).replace(tzinfo=None)
    for contract in _promising():
        batch = newest.get(contract.name)
        if batch is None or told.get(contract.name) == batch.loaded_at:
            continue
        if now - datetime.fromisoformat(batch.loaded_at) < _hours(contract)[0]:
            context.log_event(
                dg.AssetMaterialization(
                    asset_key=delivery_key(contract.name),
                    metadata={_LOADED_AT: batch.loaded_at, "file": batch.source_file,
                              "rows_new": batch.rows_loaded},
                )
            )  # fmt: skip


def _told(instance: dg.DagsterInstance) -> dict[str, object]:
    """When the delivery was loaded that each contract was marked for last."""
    found = {}
    for record in instance.get_asset_records([delivery_key(c.name) for c in _promising()]):
        last = record.asset_entry.last_materialization
        if last and last.asset_materialization:
            value = last.asset_materialization.metadata.get(_LOADED_AT)
            found[record.asset_entry.asset_key.path[-1]] = value.value if value else None
    return found


def _promising() -> list[Contract]:
    return [contract for contract in load_contracts().values() if contract.freshness]


def _hours(contract: Contract) -> tuple[timedelta, timedelta]:
    assert contract.freshness  # noqa: S101
    promise = contract.freshness
    return timedelta(hours=promise.warn_hours), timedelta(hours=promise.fail_hours)


def _spec(contract: Contract) -> dg.AssetSpec:
    warn, fail = _hours(contract)
    return dg.AssetSpec(
        delivery_key(contract.name),
        deps=[dg.AssetKey(["lake", contract.name])],
        description=f"Deliveries of {contract.name}: marked when one brought rows. Nothing for "
        f"{warn.total_seconds() / 3600:.0f} hours is a warning, for "
        f"{fail.total_seconds() / 3600:.0f} hours a broken promise.",
        group_name=GROUP,
        owners=owners(contract.owner),
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=fail, warn_window=warn),
    )
