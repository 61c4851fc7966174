"""Which incident is the consequence of which: one cause, one alert.

Belongs here: finding the cause of incidents that are new. Does not belong here: the graph itself,
which is handed in, and what is told (`lifecycle`).

Of what begins together, a cause is a failure of an asset upstream; failing checks of one asset are
one failure, and so are checks that could not be evaluated in one run, whatever their assets. What
begins later is a consequence only of an incident upstream that is at least as grave and of which
people were told within a day: an old one that nobody mends explains nothing new, and a trifle does
not explain a disaster.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from orchestration.lib.alerts.model import Graph, Incident, rank

_RECENT = timedelta(hours=24)


def with_causes(
    incidents: Mapping[str, Incident], new: Collection[str], graph: Graph, now: datetime
) -> dict[str, Incident]:
    """The incidents, with `cause_id` of the new ones found; of others it stays."""
    found = dict(incidents)
    depth = {i: len(graph.above(found[i].subject.asset)) for i in new}
    # Causes before their consequences; of one asset's checks the gravest speaks for all.
    order = sorted(new, key=lambda i: (depth[i], -rank(found[i].severity), found[i].subject.key))
    settled = [i for i in found.values() if i.incident_id not in new and _explains(i, now)]
    for incident_id in order:
        incident = found[incident_id]
        if incident.is_cause and incident.return_count:
            # It returned, and people know it already.
            settled.append(incident)
            continue
        above = graph.above(incident.subject.asset) if incident.subject.asset else frozenset()
        causes = [
            other for other in settled
            if (_is_cause if other.incident_id in new else _may_explain)(other, incident, above)
        ]  # fmt: skip
        cause = min(causes, key=lambda c: len(graph.above(c.subject.asset)), default=None)
        found[incident_id] = replace(
            incident, cause_id=cause.cause_id if cause else incident.incident_id
        )
        settled.append(found[incident_id])
    return found


def _explains(incident: Incident, now: datetime) -> bool:
    recently = incident.told_at is not None and now - incident.told_at <= _RECENT
    is_believed = incident.is_open and incident.verdict != "false_alarm"
    return is_believed and incident.is_cause and recently


def _is_cause(other: Incident, incident: Incident, above: frozenset[str]) -> bool:
    if other.crashed and incident.crashed and other.run_id == incident.run_id:
        return True
    mine = incident.subject.asset
    return bool(mine) and (other.subject.asset in above or other.subject.asset == mine)


def _may_explain(other: Incident, incident: Incident, above: frozenset[str]) -> bool:
    return other.subject.asset in above and rank(incident.severity) <= rank(other.told_severity)
