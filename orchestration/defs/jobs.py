"""The job and what starts it: a schedule, and files that arrive. Both run without being asked.

Belongs here: when the job runs. Does not belong here: what it does.
"""

import json
import time

import dagster as dg
from dagster._core.errors import DagsterAssetCheckFailedError
from dagster._core.storage.tags import RUN_KEY_TAG

from ingest.config import ConfigError
from ingest.store import LakeError
from orchestration.defs.abandoned import close_abandoned
from orchestration.defs.days import EVENTS_BY_DAY
from orchestration.defs.resources import WorkspaceResource
from orchestration.lib.news import look

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


# Tag of a run: whose files are new.
SOURCES = "productops/sources"
_WAITS = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
# What breaks a run off is mostly over some minutes later: a full disk, another process's lock.
_ASKED_AGAIN = 2
_ASKED_AGAIN_AFTER_SECONDS = 600
_AGAIN = "-again"


@dg.sensor(
    name="files_arrived",
    job=main_job,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a run once a file in drop/ or registry/ is new and has stopped changing, "
    "whatever else still changes; twice more if that run breaks off.",
)
def files_arrived(
    context: dg.SensorEvaluationContext, workspace: WorkspaceResource
) -> dg.SensorResult | dg.SkipReason:
    """Compares size and time of each file with those of the look before."""
    for run_id in close_abandoned(context.instance):
        context.log.warning(f"run {run_id} was abandoned; it no longer holds up others")
    number = json.loads(context.cursor or "{}").get("number", 0)
    try:
        home = workspace.open()
        news = look(home, number)
        newest = context.instance.get_run_records(dg.RunsFilter(job_name=main_job.name), limit=1)
        last = newest[0] if newest else None
        if last and last.dagster_run.status in _WAITS:
            news.note(home, number)
            return dg.SkipReason("A run is waiting or working; what is new since then comes next.")
        if news.is_due:
            news.note_request(home, number + 1)
            sources = ", ".join(news.sources(home)) or "none"
            # Dagster starts no second run under a key that it knows, and numbers may begin anew.
            key = f"{number + 1}-{time.time():.0f}"
            request = dg.RunRequest(run_key=key, tags={SOURCES: sources})
            return dg.SensorResult([request], cursor=json.dumps({"number": number + 1}))
        news.note(home, number)
    except (ConfigError, LakeError) as error:
        return dg.SkipReason(str(error))
    if last and _broke_off(context.instance, last):
        tags = last.dagster_run.tags
        request = dg.RunRequest(run_key=tags[RUN_KEY_TAG] + _AGAIN, tags={SOURCES: tags[SOURCES]})
        return dg.SensorResult([request], cursor=context.cursor)
    if news.is_changing:
        return dg.SkipReason("Files are new; they must rest until the next look.")
    return dg.SkipReason("No file is new.")


def _broke_off(instance: dg.DagsterInstance, record: dg.RunRecord) -> bool:
    """Whether a run for new files failed a while ago, not by a verdict, and may be asked again."""
    run = record.dagster_run
    key = run.tags.get(RUN_KEY_TAG, "")
    if run.status is not dg.DagsterRunStatus.FAILURE or SOURCES not in run.tags or not key:
        return False
    if key.count(_AGAIN) >= _ASKED_AGAIN:
        return False
    if time.time() - (record.end_time or 0) < _ASKED_AGAIN_AFTER_SECONDS:
        return False
    errors = [
        entry.dagster_event.step_failure_data.error
        for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        if entry.dagster_event
    ]
    # A gate that is closed would be closed again.
    return not any(e and e.cls_name == DagsterAssetCheckFailedError.__name__ for e in errors)
