"""One look at everything: what was observed is taken in, decided, written down and sent.

Belongs here: the order. Does not belong here: each part, and how Dagster is asked
(`defs/alerts.py`).

Whoever looks, the sensor, `productops run` or cron, does the same, and it may be at once.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from ingest.incident_record import incident_record_path
from ingest.settings import Workspace
from orchestration.lib.alerts.channels import beat
from orchestration.lib.alerts.channels import send as send_message
from orchestration.lib.alerts.codec import moment_of, text_of
from orchestration.lib.alerts.gate_records import observe_gate
from orchestration.lib.alerts.lifecycle import decide
from orchestration.lib.alerts.messages import make_message
from orchestration.lib.alerts.model import (
    Batch,
    Graph,
    Incident,
    Notice,
    Observation,
    Subject,
    SubjectKind,
)
from orchestration.lib.alerts.outbox import Delivery, Send, deliver
from orchestration.lib.alerts.promises import observe_promises
from orchestration.lib.alerts.record import append, incidents_in
from orchestration.lib.alerts.redacting import cleaned
from orchestration.lib.alerts.routing import channels_of, not_before
from orchestration.lib.alerts.store import Store

# Runs are asked for a little further back than where the last look ended, and known ones left out.
_OVERLAP = timedelta(hours=6)
_KEEP_MESSAGES = timedelta(days=30)
_BEAT_EVERY = timedelta(minutes=5)
_SINCE, _LAST_RUN, _LAST_BEAT = "runs_seen_through", "last_run_at", "last_beat_at"


class Source(Protocol):
    """What an orchestrator tells."""

    def graph(self) -> Graph:
        """The assets and checks."""
        ...

    def runs(self, since: datetime | None, seen: Collection[str]) -> Sequence[Batch]:
        """Runs that ended, in their order; without `since` only the last of each job."""
        ...

    def states(self, now: datetime) -> Batch:
        """How sensors and schedules do."""
        ...


@dataclass(frozen=True)
class Account:
    """What a look came to."""

    open_incidents: tuple[Incident, ...]
    notices: tuple[Notice, ...]
    delivery: Delivery
    waiting: int

    @property
    def is_news(self) -> bool:
        """Whether there is anything to say of it."""
        return bool(self.open_incidents or self.notices or self.waiting or self.delivery.problems)

    @property
    def sentence(self) -> str:
        """It in one line."""
        parts = [_many(len(self.open_incidents), "open incident")]
        parts += [f"{_many(self.delivery.sent, 'message')} sent"] if self.delivery.sent else []
        parts += [f"{_many(self.waiting, 'message')} waiting"] if self.waiting else []
        parts += [f"channel {name}: {problem}" for name, problem in self.delivery.problems]
        return "; ".join(parts)


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def store_path(workspace: Workspace) -> Path:
    """Where alerts remember."""
    return workspace.state / "alerts" / "alerts.sqlite"


@contextmanager
def opened(workspace: Workspace) -> Generator[Store]:
    """The store; one that was lost begins with what the record knows."""
    path = store_path(workspace)
    is_new = not path.exists()
    store = Store(path)
    try:
        if is_new:
            with store.transaction():
                store.save(incidents_in(incident_record_path(workspace)))
        yield store
    finally:
        store.close()


def look(
    workspace: Workspace, source: Source, now: datetime | None = None, send: Send = send_message
) -> Account:
    """Takes in what ended since the last look, and sends what is to be told.

    Args:
        workspace: The company's folder.
        source: Whom to ask.
        now: The moment; tests choose one.
        send: How a channel is given a message.
    """
    now = now or datetime.now(UTC)
    rules = workspace.config.alerts
    graph = source.graph()
    with opened(workspace) as store:
        with store.transaction():
            notices = _take_in(store, workspace, source, graph, now)
            store.queue.prune(now - _KEEP_MESSAGES)
        append(store, incident_record_path(workspace))
        lock = store_path(workspace).with_name("sending.lock")
        delivery = deliver(store, lock, rules, workspace.secret, send, now)
        delivery = _beat(store, workspace, delivery, now)
        alive = [incident for incident in store.live_incidents(now) if incident.is_open]
        return Account(tuple(alive), tuple(notices), delivery, store.queue.count_waiting())


def _beat(store: Store, workspace: Workspace, delivery: Delivery, now: datetime) -> Delivery:
    """Lets the world outside know that somebody still looks."""
    name = workspace.config.alerts.heartbeat_url_env
    last = moment_of(store.fact(_LAST_BEAT))
    if name is None or (last and now - last < _BEAT_EVERY):
        return delivery
    url = workspace.secret(name)
    problem = beat(url) if url else f"{name} is not set"
    if problem:
        return replace(delivery, problems=(*delivery.problems, ("heartbeat", problem)))
    with store.transaction():
        store.remember(_LAST_BEAT, text_of(now) or "")
    return delivery


def _take_in(
    store: Store, workspace: Workspace, source: Source, graph: Graph, now: datetime
) -> list[Notice]:
    since = moment_of(store.fact(_SINCE))
    runs = list(source.runs(since - _OVERLAP if since else None, store.seen_runs()))
    for run in runs:
        store.see_run(run.run_id, now)
    last = max((run.at for run in runs), default=None)
    through = max(since or last or now, last or since or now)
    store.remember(_SINCE, text_of(through) or "")
    store.forget_runs(through - 2 * _OVERLAP)
    clocks = _clocks(store, workspace, source.states(now), last, now)
    if runs:
        # Together with the last run: what one thing causes in both is one failure.
        ended = runs.pop()
        found = (*ended.observations, *clocks.observations)
        clocks = replace(ended, observations=found, covers=ended.covers | clocks.covers)
    told: list[Notice] = []
    for batch in (*runs, clocks):
        told += _decide(store, workspace, batch, graph, now)
    return told


def _clocks(
    store: Store, workspace: Workspace, states: Batch, last: datetime | None, now: datetime
) -> Batch:
    """What is so at this moment, whatever ran."""
    promises = observe_promises(workspace, now)
    gate = observe_gate(workspace, store.live_incidents(now))
    found = (*states.observations, *(promises or ()), *gate, _silence(store, workspace, last, now))
    covers: set[SubjectKind] = {*states.covers, "silence"}
    covers |= set() if promises is None else {"freshness"}
    return Batch(now, found, frozenset(covers))


def _silence(
    store: Store, workspace: Workspace, last: datetime | None, now: datetime
) -> Observation:
    """Whether something ran within the time in which something should have."""
    known = moment_of(store.fact(_LAST_RUN)) or last or now
    latest = max(known, last or known)
    store.remember(_LAST_RUN, text_of(latest) or "")
    allowed = timedelta(hours=workspace.config.alerts.silence_hours)
    return Observation(
        Subject("silence", "runs"),
        passed=now - latest <= allowed,
        at=now,
        severity="critical",
        words=f"No run has ended since {latest:%Y-%m-%d %H:%M} UTC; one is expected every "
        f"{workspace.config.alerts.silence_hours} hours.",
        remedy="See whether `productops up` or cron still runs, and what the last run waits for.",
        owner="product-ops",
        began_at=latest + allowed,
    )


def _with_owner(found: Observation, workspace: Workspace) -> Observation:
    """Whom the company itself names for a contract answers for it."""
    layer, _, table = found.subject.asset.rpartition("/")
    owner = workspace.config.owners.get(table) if layer == "lake" else None
    return replace(found, owner=owner) if owner else found


def _decide(
    store: Store, workspace: Workspace, batch: Batch, graph: Graph, now: datetime
) -> list[Notice]:
    rules = workspace.config.alerts
    found = [_with_owner(o, workspace) for o in cleaned(batch.observations, workspace)]
    batch = replace(batch, observations=tuple(found))
    known = store.live_incidents(now - timedelta(hours=rules.same_incident_hours))
    decision = decide(known, batch, graph, rules, now, store.passed_at())
    store.save(set(decision.incidents.values()) - set(known))
    store.add_transitions(decision.transitions)
    store.see_passed((o.subject.key, o.at) for o in batch.observations if o.passed)
    zone = ZoneInfo(workspace.config.org.time_zone)
    for notice in decision.notices:
        if notice.kind == "reminded" and store.queue.waits(notice.cause.incident_id):
            continue
        # What quiet hours still hold is outdated by what is said now.
        store.queue.supersede(notice.cause.incident_id, now)
        message = make_message(notice, graph, rules, zone)
        for channel in channels_of(notice, graph, rules):
            store.queue.put(message, channel, now, not_before(notice, rules, zone))
    return decision.notices
