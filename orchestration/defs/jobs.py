"""The job and what starts it: a schedule, and files that arrive. Both run without being asked.

Belongs here: when the job runs. Does not belong here: what it does.
"""

import hashlib
import json

import dagster as dg

from ingest.arrivals import find
from ingest.config import ConfigError
from ingest.store import LakeError
from orchestration.defs.abandoned import close_abandoned
from orchestration.defs.lake import EVENTS_BY_DAY
from orchestration.defs.resources import WorkspaceResource

main_job = dg.define_asset_job(
    "main_job",
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(EVENTS_BY_DAY),
    description="Take in what is new, check it, build, check the marts, publish.",
)

nightly = dg.ScheduleDefinition(
    name="nightly",
    job=main_job,
    cron_schedule="15 3 * * *",
    description="Every night, also when nothing was delivered: a new day is a new row.",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


@dg.sensor(
    name="files_arrived",
    job=main_job,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a run once files in drop/ or registry/ are new and have stopped changing.",
)
def files_arrived(
    context: dg.SensorEvaluationContext, workspace: WorkspaceResource
) -> dg.SensorResult | dg.SkipReason:
    """Compares names, sizes and times of all files with those of the look before."""
    for run_id in close_abandoned(context.instance):
        context.log.warning(f"run {run_id} was abandoned; it no longer holds up others")
    try:
        home = workspace.open()
    except ConfigError as error:
        return dg.SkipReason(str(error))
    before = json.loads(context.cursor or "{}")
    try:
        found = find(home)
    except LakeError as error:
        return dg.SkipReason(str(error))
    whole = "\n".join(f"{arrival.relative} {arrival.stamp}" for arrival in found)
    seen = hashlib.sha256(whole.encode()).hexdigest()[:16]
    if seen == before.get("requested"):
        return dg.SkipReason("No file is new.")
    if seen != before.get("seen"):
        cursor = json.dumps(before | {"seen": seen})
        context.update_cursor(cursor)
        return dg.SkipReason("Files are new; they must rest until the next look.")
    # Numbered: files that are put back as they were before are news as well, and Dagster starts
    # no second run under a key that it knows.
    number = before.get("number", 0) + 1
    cursor = json.dumps({"seen": seen, "requested": seen, "number": number})
    request = dg.RunRequest(run_key=f"{number}-{seen}")
    return dg.SensorResult(run_requests=[request], cursor=cursor)
