"""Incidents and transitions as JSON, and back.

Belongs here: how they are written down in the store and in the record. Does not belong here:
where (`store`, `record`).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from orchestration.lib.alerts.model import Incident, Subject, Transition

_MOMENTS = (
    "began_at", "opened_at", "last_failed_at", "recovered_at", "acknowledged_at", "told_at",
)  # fmt: skip


def text_of(moment: datetime | None) -> str | None:
    """UTC without zone, as everywhere in productops; sorts as text."""
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def moment_of(text: str | None) -> datetime | None:
    """The moment that `text_of` wrote."""
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


def dump_incident(incident: Incident) -> str:
    """An incident as JSON."""
    values = asdict(incident)
    values |= {name: text_of(values[name]) for name in _MOMENTS}
    return json.dumps(values, ensure_ascii=False)


def load_incident(text: str) -> Incident:
    """The incident that `dump_incident` wrote."""
    values: dict[str, Any] = json.loads(text)
    values |= {name: moment_of(values[name]) for name in _MOMENTS}
    values["subject"] = Subject(**values["subject"])
    values["partitions"] = tuple(values["partitions"])
    values["failing"] = tuple(values["failing"])
    values["sample"] = tuple(tuple((n, v) for n, v in row) for row in values["sample"])
    return Incident(**values)


def entry_of(happened: Transition) -> dict[str, Any]:
    """The record's line of a transition: facts about the incident, and none of its rows."""
    incident = happened.incident
    return {
        "transition_id": happened.transition_id,
        "incident_id": incident.incident_id,
        "transition": happened.kind,
        "happened_at": text_of(happened.at),
        "subject_kind": incident.subject.kind,
        "asset": incident.subject.asset,
        "name": incident.subject.name,
        "severity": incident.severity,
        "owner": incident.owner,
        "description": incident.words,
        "cause_id": incident.cause_id,
        "began_at": text_of(incident.began_at),
        "opened_at": text_of(incident.opened_at),
        "recovered_at": text_of(incident.recovered_at),
        "acknowledged_at": text_of(incident.acknowledged_at),
        "verdict": incident.verdict,
        "return_count": incident.return_count,
        "failing_row_count": incident.rows_failing,
        "partitions": list(incident.partitions),
    }


def incident_of(entry: dict[str, Any]) -> Incident:
    """What the record knows of an incident: enough to go on with it when the store is lost."""

    def at(name: str) -> datetime | None:
        return moment_of(entry.get(name))

    opened = at("opened_at") or datetime.min.replace(tzinfo=UTC)
    happened = at("happened_at") or opened
    partitions = tuple(entry.get("partitions") or ("",))
    return Incident(
        incident_id=entry["incident_id"],
        subject=Subject(entry["subject_kind"], entry["name"], entry["asset"]),
        severity=entry["severity"],
        began_at=at("began_at") or opened,
        opened_at=opened,
        last_failed_at=happened,
        partitions=partitions,
        failing=() if entry.get("recovered_at") else partitions,
        recovered_at=at("recovered_at"),
        words=entry["description"],
        owner=entry["owner"],
        rows_failing=entry.get("failing_row_count"),
        cause_id=entry["cause_id"],
        return_count=entry["return_count"],
        acknowledged_at=at("acknowledged_at"),
        verdict=entry["verdict"],
        # Whether people were told is not known; they are not told a second time.
        told_severity=entry["severity"],
        told_at=happened,
        is_told_open=not entry.get("recovered_at"),
    )  # fmt: skip
