"""Vendors' APIs that are asked again and again: one sensor for each that can be asked at all.

Belongs here: when an API is pulled. Does not belong here: the pull (`ingest.pull`), which knows by
its own cursors where it ended, so that a look more or less costs nothing but a request.
"""

import os
import time
from pathlib import Path

import dagster as dg

from ingest.config import ApiSource, ConfigError
from ingest.settings import HOME, open_workspace
from orchestration.defs.jobs import main_job
from orchestration.defs.lake import ONLY_API

_LOOK_SECONDS = 30


def askable(home: Path) -> list[ApiSource]:
    """The configured APIs whose credential is there; `productops doctor` names the others.

    Settings that can't be read have none: the run says what is wrong with them, and where.
    """
    try:
        workspace = open_workspace(home)
    except (ConfigError, OSError, UnicodeDecodeError):
        return []
    return [source for source in workspace.config.apis if workspace.secret(source.credentials_env)]


def _is_under_way(instance: dg.DagsterInstance, name: str) -> bool:
    """Whether a run that pulls this API waits or works: another one would only queue up."""
    asked = dg.RunsFilter(
        tags={ONLY_API: name},
        statuses=[
            dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED,
            dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED,
        ],
    )  # fmt: skip
    return instance.get_runs_count(asked) > 0


def _sensor(source: ApiSource) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"poll_{source.name.replace('-', '_')}",
        job=main_job,
        minimum_interval_seconds=_LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Pulls {source.vendor} ({source.base_url}) every {source.every_minutes} "
        "minutes, from where the last pull ended, and builds what is new.",
    )
    def poll(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        """Requests one run in each interval, however often it is looked."""
        interval = str(int(time.time()) // (source.every_minutes * 60))
        if context.cursor == interval:
            return dg.SkipReason(f"Asked for within the last {source.every_minutes} minutes.")
        if _is_under_way(context.instance, source.name):
            return dg.SkipReason("A run that pulls it is still waiting or working.")
        request = dg.RunRequest(run_key=f"{source.name}-{interval}", tags={ONLY_API: source.name})
        return dg.SensorResult(run_requests=[request], cursor=interval)

    return poll


def poll_sensors() -> list[dg.SensorDefinition]:
    """One sensor per API of the workspace that is open; none without a workspace."""
    return [_sensor(source) for source in askable(Path(os.environ.get(HOME, ".")))]
