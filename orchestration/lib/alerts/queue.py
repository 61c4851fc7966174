"""The tables of messages and channels, in the file of the store.

Belongs here: putting messages in, taking them out, how channels do. Does not belong here: when to
send what (`outbox`), words (`messages`).
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from orchestration.lib.alerts.codec import moment_of, text_of
from orchestration.lib.alerts.messages import Message, load_message

_NEVER = datetime.min.replace(tzinfo=UTC)
QUEUE_TABLES = """
create table if not exists message (
    number integer primary key autoincrement, message_id text not null, channel text not null,
    moved_from text, cause_id text not null, body text not null, state text not null,
    created_at text not null, not_before text not null, sent_at text,
    attempt_count integer not null default 0, unique (message_id, channel)
);
create index if not exists waiting_message on message (channel, number) where state = 'waiting';
create table if not exists channel (
    name text primary key, failing_since text, attempt_count integer not null default 0,
    next_at text, problem text not null default ''
);
"""


@dataclass(frozen=True)
class Queued:
    """A message in the outbox; `state` is waiting, sent or superseded."""

    number: int
    channel: str
    moved_from: str | None
    state: str
    message: Message
    created_at: datetime
    not_before: datetime
    sent_at: datetime | None
    attempt_count: int


@dataclass(frozen=True)
class ChannelState:
    """How a channel does; `failing_since` is None while it answers."""

    name: str
    failing_since: datetime | None = None
    attempt_count: int = 0
    next_at: datetime | None = None
    problem: str = ""


class Queue:
    """Messages in the order in which they were decided."""

    def __init__(self, sql: sqlite3.Connection) -> None:
        """Works on the store's connection."""
        self._sql = sql

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._sql.execute(query, values).fetchall()

    def put(self, message: Message, channel: str, now: datetime, not_before: datetime) -> None:
        """Puts a message into the outbox; one that is there already is not put in again."""
        self._sql.execute(
            "insert or ignore into message "
            "(message_id, channel, cause_id, body, state, created_at, not_before) "
            "values (?, ?, ?, ?, 'waiting', ?, ?)",
            (message.message_id, channel, message.incident_id,
             json.dumps(asdict(message), ensure_ascii=False), text_of(now), text_of(not_before)),
        )  # fmt: skip

    def supersede(self, cause_id: str, now: datetime) -> None:
        """Takes back what quiet hours still hold about an incident: the next message says more."""
        self._sql.execute(
            "update message set state = 'superseded' where cause_id = ? and state = 'waiting' "
            "and not_before > ? and attempt_count = 0",
            (cause_id, text_of(now)),
        )

    def waits(self, cause_id: str) -> bool:
        """Whether something about an incident is not sent yet."""
        query = "select 1 from message where cause_id = ? and state = 'waiting' limit 1"
        return bool(self._rows(query, cause_id))

    def next_message(self, channel: str, now: datetime) -> Queued | None:
        """The first message that a channel is to be given now."""
        rows = self._queued("where state = 'waiting' and channel = ? and not_before <= ? "
                            "order by number limit 1", channel, text_of(now))  # fmt: skip
        return rows[0] if rows else None

    def channels_waiting(self) -> list[str]:
        """Channels with messages to send, by the age of these."""
        rows = self._rows("select channel from message where state = 'waiting' "
                          "group by channel order by min(number)")  # fmt: skip
        return [name for (name,) in rows]

    def count_waiting(self) -> int:
        """How many messages wait."""
        return self._rows("select count(*) from message where state = 'waiting'")[0][0]

    def mark_sent(self, number: int, at: datetime) -> None:
        """Notes that a channel took a message."""
        self._sql.execute(
            "update message set state = 'sent', sent_at = ?, attempt_count = attempt_count + 1 "
            "where number = ?",
            (text_of(at), number),
        )

    def mark_failed(self, number: int) -> None:
        """Notes that a channel did not take a message."""
        self._sql.execute(
            "update message set attempt_count = attempt_count + 1 where number = ?", (number,)
        )

    def move(self, channel: str, to: str, *, again: bool = False) -> int:
        """Gives a channel's messages to another one, once each unless `again`; tells how many."""
        those = "channel = ? and state = 'waiting' and (moved_from is null or ?)"
        moved = self._sql.execute(
            f"update or ignore message set channel = ?, moved_from = ? where {those}",
            (to, channel, channel, again),
        ).rowcount
        # The other one has them already: it was told itself.
        self._sql.execute(
            f"update message set state = 'superseded' where {those}", (channel, again)
        )
        return moved

    def messages(self, limit: int = 50) -> list[Queued]:
        """The latest messages, newest first."""
        return self._queued("order by number desc limit ?", limit)

    def prune(self, before: datetime) -> None:
        """Forgets old messages that were sent: they may hold rows of data."""
        self._sql.execute(
            "delete from message where state <> 'waiting' and created_at < ?", (text_of(before),)
        )

    def _queued(self, rest: str, *values: Any) -> list[Queued]:
        rows = self._rows(
            "select number, channel, moved_from, state, body, created_at, not_before, sent_at, "
            f"attempt_count from message {rest}", *values,
        )  # fmt: skip
        return [
            Queued(
                number, channel, moved, state, load_message(body),
                moment_of(created) or _NEVER, moment_of(due) or _NEVER, moment_of(sent), attempts,
            )
            for number, channel, moved, state, body, created, due, sent, attempts in rows
        ]  # fmt: skip

    def channel(self, name: str) -> ChannelState:
        """How a channel does."""
        for state in self.channels():
            if state.name == name:
                return state
        return ChannelState(name)

    def channels(self) -> list[ChannelState]:
        """How all channels do that were ever used."""
        rows = self._rows("select name, failing_since, attempt_count, next_at, problem "
                          "from channel order by name")  # fmt: skip
        return [ChannelState(name, moment_of(since), count, moment_of(at), problem)
                for name, since, count, at, problem in rows]  # fmt: skip

    def set_channel(self, state: ChannelState) -> None:
        """Notes how a channel does."""
        self._sql.execute(
            "insert or replace into channel values (?, ?, ?, ?, ?)",
            (state.name, text_of(state.failing_since), state.attempt_count,
             text_of(state.next_at), state.problem),
        )  # fmt: skip
