"""Sending what waits: in order, each channel for itself, again and again until it is taken.

Belongs here: order, patience, the fallback. Does not belong here: how a channel is spoken to
(`channels`), what is said (`messages`).

A message counts as sent once that is written down. Killed between a channel's answer and that
writing, it is sent once more, with the same `message_id`.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from ingest.alerting import AlertRules, Channel
from orchestration.lib.alerts.messages import Message
from orchestration.lib.alerts.queue import ChannelState, Queued
from orchestration.lib.alerts.store import Store

Send = Callable[[Channel, str, Message], str]
_FIRST_WAIT_SECONDS = 60
_LONGEST_WAIT_SECONDS = 3600
# A look at everything must be over before Dagster takes its sensor for dead (60 seconds).
_BUDGET_SECONDS = 20.0


@dataclass(frozen=True)
class Delivery:
    """What came of the outbox: taken messages, and the channels that took none."""

    sent: int = 0
    problems: tuple[tuple[str, str], ...] = ()


def deliver(
    store: Store, lock: Path, rules: AlertRules, secret: Callable[[str], str], send: Send,
    now: datetime,
) -> Delivery:  # fmt: skip
    """Sends what is due; whoever comes while somebody else sends leaves it to them."""
    sent, problems = 0, {}
    with _alone(lock) as is_alone:
        if not is_alone:
            return Delivery()
        ends = time.monotonic() + _BUDGET_SECONDS
        names = store.queue.channels_waiting()
        done: set[str] = set()
        while names:
            name = names.pop(0)
            if name in done:
                continue
            done.add(name)
            channel = rules.channel(name)
            if channel is None:
                names += _rehome(store, name, rules, done)
                continue
            if (moved := _fall_back(store, channel, now)) is not None:
                done.discard(moved)
                names.append(moved)
                problems[name] = store.queue.channel(name).problem
                continue
            taken, problem = _send_all(store, channel, secret, send, now, ends)
            sent += taken
            if problem:
                problems[name] = problem
                if (moved := _fall_back(store, channel, now)) is not None:
                    done.discard(moved)
                    names.append(moved)
    return Delivery(sent, tuple(sorted(problems.items())))


def _send_all(
    store: Store, channel: Channel, secret: Callable[[str], str], send: Send, now: datetime,
    ends: float,
) -> tuple[int, str]:  # fmt: skip
    """Sends a channel's messages up to the first that it does not take."""
    state = store.queue.channel(channel.name)
    if state.next_at and state.next_at > now:
        return 0, state.problem
    sent = 0
    while time.monotonic() < ends:
        queued = store.queue.next_message(channel.name, now)
        if queued is None:
            break
        if problem := send(channel, secret(channel.url_env), _with_note(queued)):
            with store.transaction():
                store.queue.mark_failed(queued.number)
                store.queue.set_channel(_failed(state, problem, now))
            return sent, problem
        with store.transaction():
            store.queue.mark_sent(queued.number, now)
            store.queue.set_channel(ChannelState(channel.name))
        state = ChannelState(channel.name)
        sent += 1
    return sent, ""


def _failed(state: ChannelState, problem: str, now: datetime) -> ChannelState:
    wait = min(_FIRST_WAIT_SECONDS * 2**state.attempt_count, _LONGEST_WAIT_SECONDS)
    return ChannelState(
        state.name, state.failing_since or now, min(state.attempt_count + 1, 16),
        now + timedelta(seconds=wait), problem,
    )  # fmt: skip


def _fall_back(store: Store, channel: Channel, now: datetime) -> str | None:
    """Gives the messages of a channel that has failed for long to its fallback."""
    state = store.queue.channel(channel.name)
    limit = timedelta(minutes=channel.fallback_after_minutes)
    is_dead = state.failing_since is not None and now - state.failing_since >= limit
    # Once in a while it is tried again, or nobody would notice that it is back.
    may_be_back = state.next_at is None or state.next_at <= now
    if channel.fallback is None or not is_dead or may_be_back:
        return None
    with store.transaction():
        moved = store.queue.move(channel.name, channel.fallback)
    return channel.fallback if moved else None


def _rehome(store: Store, name: str, rules: AlertRules, done: set[str]) -> list[str]:
    """A channel that is no longer configured: its messages go where everything goes at last."""
    if not rules.routes or not rules.routes[-1].to:
        return []
    home = rules.routes[-1].to[0]
    with store.transaction():
        store.queue.move(name, home, again=True)
    done.discard(home)
    return [home]


def _with_note(queued: Queued) -> Message:
    message = queued.message
    if queued.moved_from is None:
        return message
    note = f"Sent here because the channel {queued.moved_from} does not answer or is gone."
    return replace(message, note=note)


@contextmanager
def _alone(lock: Path) -> Generator[bool]:
    """Whether nobody else sends; the lock of a killed process is gone with it."""
    with lock.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
