"""What Dagster knows, as observations: runs that ended, and how sensors and schedules do.

Belongs here: reading Dagster's records with a cursor of our own. Does not belong here: what
follows (`lib/alerts/`), when it is read (`defs/alerts.py`).

Dagster's run status sensors are not asked: they don't fire for checks that fail without failing
their run.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.scheduler.instigation import InstigatorState, InstigatorTick, TickStatus

from orchestration.lib.alerts.facts import observation_of
from orchestration.lib.alerts.model import Batch, Graph, Observation, Subject

_ENDED = [
    dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED,
]  # fmt: skip
_EVENTS = {
    dg.DagsterEventType.ASSET_CHECK_EVALUATION, dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.STEP_SUCCESS, dg.DagsterEventType.RUN_FAILURE,
}  # fmt: skip
# One look must be over in time; the rest is for the next one.
_MOST_RUNS = 25
# A single failed tick of a sensor is followed by a good one half a minute later.
_TICKS_IN_A_ROW = 3
OWN_ASSET = dg.AssetKey(["published", "incidents"])
OWN_SENSOR = "alerts"


def _name(key: dg.AssetKey) -> str:
    return "/".join(key.path)


def _subject(key: dg.AssetCheckKey) -> Subject:
    return Subject("check", key.name, _name(key.asset_key))


@dataclass(frozen=True)
class DagsterSource:
    """An instance and the definitions that are loaded: what `lib.alerts.look` asks."""

    instance: dg.DagsterInstance
    assets: AssetGraph
    automations: Collection[str]

    def graph(self) -> Graph:
        """The assets and checks, as names."""
        return self._graph

    @cached_property
    def _graph(self) -> Graph:
        nodes = [self.assets.get(key) for key in self.assets.get_all_asset_keys()]
        return Graph(
            upstream={_name(n.key): [_name(k) for k in n.parent_keys] for n in nodes},
            owners={_name(n.key): _owner(n.owners) for n in nodes},
            tags={_name(n.key): _tags(n) for n in nodes},
            checks=frozenset(_subject(key).key for key in self.assets.asset_check_keys),
        )

    @cached_property
    def _purposes(self) -> dict[str, str]:
        specs = map(self.assets.get_check_spec, self.assets.asset_check_keys)
        return {_subject(spec.key).key: spec.description or "" for spec in specs}

    def runs(self, since: datetime | None, seen: Collection[str]) -> Sequence[Batch]:
        """Runs that ended and were not looked at, in the order of their ends."""
        asked = dg.RunsFilter(statuses=_ENDED, updated_after=since)
        if since is None:
            newest: dict[str, dg.RunRecord] = {}
            for record in self.instance.get_run_records(asked, limit=100):
                newest.setdefault(record.dagster_run.job_name, record)
            records = list(newest.values())
        else:
            records = self.instance.get_run_records(asked)
        ended = sorted((_ended_at(r), r.dagster_run.run_id, r.dagster_run) for r in records)
        due = [(at, run) for at, run_id, run in ended
               if run_id not in seen and (since is None or at >= since)]  # fmt: skip
        return [self._batch(at, run) for at, run in due[:_MOST_RUNS]]

    def _batch(self, at: datetime, run: dg.DagsterRun) -> Batch:
        events = self.instance.all_logs(run.run_id, of_type=_EVENTS)
        found = [*self._checks(run, events), *_steps(run, events, at), *_whole(run, events, at)]
        return Batch(at, tuple(found), run_id=run.run_id)

    def _checks(
        self, run: dg.DagsterRun, events: Sequence[dg.EventLogEntry]
    ) -> Iterator[Observation]:
        for entry in events:
            event = entry.dagster_event
            if event is None or event.event_type is not dg.DagsterEventType.ASSET_CHECK_EVALUATION:
                continue
            verdict = event.asset_check_evaluation_data
            if verdict.asset_key == OWN_ASSET:
                continue
            subject = _subject(verdict.asset_check_key)
            yield observation_of(
                subject, verdict.passed, _moment(entry.timestamp),
                {name: value.value for name, value in verdict.metadata.items()},
                is_error=verdict.severity == dg.AssetCheckSeverity.ERROR,
                description=self._purposes.get(subject.key) or verdict.description or "",
                partition=verdict.partition or "", run_id=run.run_id,
                owner=self._graph.owners.get(subject.asset, ""),
            )  # fmt: skip

    def states(self, now: datetime) -> Batch:
        """Sensors and schedules whose evaluations fail."""
        found = [
            observation
            for state in self.instance.all_instigator_state()
            if state.name in self.automations and state.name != OWN_SENSOR and state.is_running
            for observation in self._ticks(state, now)
        ]
        return Batch(now, tuple(found), frozenset({"sensor", "schedule"}))

    def _ticks(self, state: InstigatorState, now: datetime) -> Iterator[Observation]:
        is_sensor = state.instigator_type.value == "SENSOR"
        needed = _TICKS_IN_A_ROW if is_sensor else 1
        ticks = self.instance.get_ticks(
            state.instigator_origin_id, state.selector_id, limit=needed,
            statuses=[TickStatus.SUCCESS, TickStatus.SKIPPED, TickStatus.FAILURE],
        )  # fmt: skip
        if not ticks:
            return
        passed = len(ticks) < needed or any(t.status != TickStatus.FAILURE for t in ticks)
        kind = "sensor" if is_sensor else "schedule"
        times = f"{needed} times in a row" if is_sensor else "when it was due"
        yield Observation(
            Subject(kind, state.name), passed, now, severity="critical", owner="product-ops",
            words=f"The {kind} {state.name} failed {times}: {_error_of(ticks[0])}",
            remedy="See its ticks in the web UI under Automation.",
        )  # fmt: skip


def _steps(
    run: dg.DagsterRun, events: Sequence[dg.EventLogEntry], at: datetime
) -> Iterator[Observation]:
    """Steps that failed, but for those that only failed because a check did."""
    explained = {entry.step_key for entry in events if _is_failed_check(entry)}
    for entry in events:
        event = entry.dagster_event
        if event is None or not entry.step_key:
            continue
        failed = event.is_step_failure and entry.step_key not in explained
        if event.is_step_failure or event.is_step_success:
            yield Observation(
                Subject("step", entry.step_key), not failed, at, severity="critical",
                words=f"The step {entry.step_key} failed: {_problem(event)}" if failed else "",
                remedy="Mend what it names, then run again: productops run", owner="product-ops",
                run_id=run.run_id,
            )  # fmt: skip


def _whole(
    run: dg.DagsterRun, events: Sequence[dg.EventLogEntry], at: datetime
) -> Iterator[Observation]:
    """Runs that ended without any step telling why: killed, or never begun."""
    if run.status is dg.DagsterRunStatus.CANCELED:
        return
    told = any(_is_failed_check(e) or (e.dagster_event and e.dagster_event.is_step_failure)
               for e in events)  # fmt: skip
    failed = run.status is dg.DagsterRunStatus.FAILURE and not told
    said = [e.dagster_event.message or "" for e in events if e.dagster_event
            and e.dagster_event.event_type is dg.DagsterEventType.RUN_FAILURE]  # fmt: skip
    yield Observation(
        Subject("run", run.job_name), not failed, at, severity="critical", run_id=run.run_id,
        words=f"A run of {run.job_name} broke off: {_first_line(' '.join(said))}",
        remedy="Run again: productops run. What was killed leaves nothing half done.",
        owner="product-ops",
    )  # fmt: skip


def _is_failed_check(entry: dg.EventLogEntry) -> bool:
    event = entry.dagster_event
    if event is None or event.event_type is not dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        return False
    verdict = event.asset_check_evaluation_data
    return not verdict.passed and verdict.severity == dg.AssetCheckSeverity.ERROR


def _problem(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return _first_line(data.user_failure_data.description)
    error = (data.error and data.error.cause) or data.error
    return _first_line(error.message if error else "")


def _error_of(tick: InstigatorTick) -> str:
    error = tick.error and (tick.error.cause or tick.error)
    return _first_line(error.message) if error else "see its log"


def _first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "see its log")
    # Whose module an error's class is of tells people nothing.
    return re.sub(r"^(?:\w+\.)+(?=\w+:)", "", line)


def _ended_at(record: dg.RunRecord) -> datetime:
    return _moment(record.end_time or record.update_timestamp.timestamp())


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _owner(owners: Sequence[str]) -> str:
    """The first owner as productops writes teams; Dagster's names know no hyphens."""
    return next(iter(owners), "").removeprefix("team:").replace("_", "-")


def _tags(node: Any) -> tuple[str, ...]:
    return (node.group_name or "", *node.tags)
