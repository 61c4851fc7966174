"""The sensor that tells people what went wrong, and where open incidents are shown.

Belongs here: when it is looked, and what Dagster shows of it. Does not belong here: reading
Dagster's records (`observing`), everything else about alerts (`lib/alerts/`).
"""

from collections.abc import Collection
from datetime import datetime

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from expectations.vocabulary import SEVERITIES
from ingest.config import ConfigError
from ingest.settings import Workspace
from orchestration.defs.metadata import owners, table
from orchestration.defs.observing import OWN_ASSET, OWN_SENSOR, DagsterSource
from orchestration.defs.resources import WorkspaceResource
from orchestration.lib.alerts.look import Account, look, opened
from orchestration.lib.alerts.model import Incident, digest

_CHECK = "channels_answer"
_SHOWN = "shown_incidents"


def incidents_spec() -> dg.AssetSpec:
    """Open incidents, shown as the latest metadata of an asset that nobody has to run."""
    return dg.AssetSpec(
        OWN_ASSET,
        description="Open incidents: what fails, since when, and whose it is. Kept by the sensor "
        "`alerts` and by each `productops run`.",
        kinds={"sqlite"},
        group_name="published",
        owners=owners("product-ops"),
    )


@dg.asset_check(
    asset=OWN_ASSET, name=_CHECK, description="Each channel takes the messages that it is given."
)
def channels_answer(workspace: WorkspaceResource) -> dg.AssetCheckResult:
    """Reads how the channels did when they were last given a message."""
    verdict = _channels(workspace.open())
    return dg.AssetCheckResult(
        passed=verdict.passed, severity=verdict.severity, metadata=verdict.metadata
    )


@dg.sensor(
    name=OWN_SENSOR,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Looks at runs, checks, sensors, schedules, promises of freshness and at silence; "
    "tells people once of each incident.",
)
def alerts(context: dg.SensorEvaluationContext, workspace: WorkspaceResource) -> dg.SkipReason:
    """One look; what came of it is the reason that its tick shows."""
    try:
        home = workspace.open()
    except ConfigError as error:
        return dg.SkipReason(str(error))
    repository = context.repository_def
    if repository is None:
        return dg.SkipReason("No definitions are loaded.")
    names = {*repository.sensor_defs, *repository.schedule_defs}
    account = tell(
        home, context.instance, repository.asset_graph, {definition.name for definition in names}
    )
    for name, problem in account.delivery.problems:
        context.log.warning(f"The channel {name} takes no messages: {problem}")
    return dg.SkipReason(account.sentence)


def tell(
    workspace: Workspace, instance: dg.DagsterInstance, assets: AssetGraph,
    automations: Collection[str] = (),
) -> Account:  # fmt: skip
    """Looks, tells people, and shows in Dagster what is open; the same for sensor, run and cron."""
    account = look(workspace, DagsterSource(instance, assets, automations))
    shown = [_line(incident) for incident in sorted(account.open_incidents, key=_gravity)]
    channels = _channels(workspace)
    state = digest(repr(shown), repr(channels.metadata))
    with opened(workspace) as store:
        if store.fact(_SHOWN) == state:
            return account
        instance.report_runless_asset_event(
            dg.AssetMaterialization(
                OWN_ASSET,
                metadata={"open": len(shown), "incidents": dg.MetadataValue.md("\n".join(shown))},
            )
        )
        instance.report_runless_asset_event(channels)
        with store.transaction():
            store.remember(_SHOWN, state)
    return account


def _gravity(incident: Incident) -> tuple[int, datetime]:
    """The gravest first, older ones first among equals."""
    return SEVERITIES.index(incident.severity), incident.opened_at


def _line(incident: Incident) -> str:
    """One incident as an item of a list: a table of so many words would be wider than any page."""
    rows = "" if incident.rows_failing is None else f", {incident.rows_failing:,} rows"
    words = " ".join(incident.words.split()).replace("<", "&lt;")
    return (
        f"- **{incident.severity}** {words} `{incident.subject.shown}`, since "
        f"{incident.opened_at:%Y-%m-%d %H:%M} UTC{rows}, {incident.owner}, "
        f"`{incident.incident_id}`"
    )


def _channels(workspace: Workspace) -> dg.AssetCheckEvaluation:
    with opened(workspace) as store:
        failing = [c for c in store.queue.channels() if c.failing_since is not None]
        waiting = store.queue.count_waiting()
    rows = [(c.name, f"{c.failing_since:%Y-%m-%d %H:%M}", c.problem) for c in failing]
    return dg.AssetCheckEvaluation(
        asset_key=OWN_ASSET, check_name=_CHECK, passed=not failing,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "messages_waiting": waiting,
            "silent_channels": table(("channel", "since (UTC)", "problem"), rows),
        },
    )  # fmt: skip
