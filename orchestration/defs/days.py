"""Usage events by the UTC day on which they happened: which days have data, and their backfill.

Belongs here: marking days, and one run for many of them. Does not belong here: ingest itself,
which takes in all that lies there in one go, whatever days it is of.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from ingest.config import ConfigError, parse_config
from ingest.ledger import Batch, read_batches
from ingest.load import ingest
from ingest.settings import HOME
from orchestration.defs.metadata import owners
from orchestration.defs.resources import WorkspaceResource
from orchestration.lib.patience import patiently

EVENTS_BY_DAY = dg.AssetKey(["lake", "usage_events_by_day"])
_EVENTS = "usage_events"
_LOADED_AT = "loaded_at"


def _first_day() -> str:
    """The company's `product_born_on`, if its settings can be read; else a year ago."""
    path = Path(os.environ.get(HOME, ".")) / "productops.yml"
    try:
        born = parse_config(path.read_text(encoding="utf-8"), path).org.product_born_on
    except (OSError, ConfigError):
        return f"{datetime.now(UTC).year - 1}-01-01"
    return born.isoformat()


def report_days(context: dg.AssetExecutionContext, batches: list[Batch]) -> None:
    """Marks the days whose events were loaded since days were marked last, by whatever way."""
    told = _told(context.instance)
    new = [batch for batch in _of_events(batches) if batch.loaded_at > told]
    days = [(day, rows) for day, rows in _rows_by_day(new).items() if day >= _first_day()]
    newest = max((batch.loaded_at for batch in new), default=told)
    for number, (day, rows) in enumerate(days, start=1):
        # Only the last one says that all are marked: a run that is killed before marks them again.
        loaded_at = newest if number == len(days) else told
        context.log_event(
            dg.AssetMaterialization(
                EVENTS_BY_DAY, partition=day, metadata={"rows_new": rows, _LOADED_AT: loaded_at}
            )
        )


@dg.asset(
    key=EVENTS_BY_DAY,
    deps=[dg.AssetKey(["lake", _EVENTS])],
    description="Usage events by the UTC day on which they happened. A day is marked whenever a "
    "delivery brings events of it, however late. Materialised for a range of days, one run takes "
    "in all that lies in drop/ and tells how many events each of them has; the next run of "
    "`main_job` builds them.",
    group_name="lake",
    kinds={"parquet"},
    owners=owners("product-analytics"),
    partitions_def=dg.DailyPartitionsDefinition(
        start_date=_first_day(), end_offset=1, timezone="UTC"
    ),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def events_by_day(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> None:
    """Backfills the days of its range, however many they are, in this one run."""
    home = workspace.open()
    patiently(lambda: ingest(home), context.log.warning)
    rows = _rows_by_day(_of_events(read_batches(home.lake)))
    # The days of other ranges that came along are left to the next run of the whole job.
    told = _told(context.instance)
    for day in context.partition_keys:
        found = {"rows": rows.get(day, 0), _LOADED_AT: told}
        context.add_asset_metadata(found, partition_key=day)


def _of_events(batches: list[Batch]) -> list[Batch]:
    return [batch for batch in batches if batch.contract == _EVENTS and batch.is_committed]


def _rows_by_day(batches: list[Batch]) -> dict[str, int]:
    days: dict[str, int] = {}
    for batch in batches:
        for day, rows in batch.affected_dates.items():
            days[day] = days.get(day, 0) + rows
    return dict(sorted(days.items()))


def _told(instance: dg.DagsterInstance) -> str:
    """When the newest batch was loaded whose days are marked; empty if none ever was."""
    (record,) = instance.get_asset_records([EVENTS_BY_DAY]) or (None,)
    last = record.asset_entry.last_materialization if record else None
    found = last.asset_materialization if last else None
    value = found.metadata.get(_LOADED_AT) if found else None
    return str(value.value) if value else ""
