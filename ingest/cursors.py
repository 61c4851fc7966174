"""How an API is walked from page to page without losing or skipping a record.

Belongs here: the kinds of cursors that vendors have, each with its guards: against a cursor that
stands still, one that goes round, an order that is not kept, a cap that cuts off. Does not belong
here: what is asked (`ingest.apis`), retries (`ingest.http`), what becomes of a page
(`ingest.pull`).

A walk gives pages. Each names the cursor from which the next pull goes on once that page is
committed; a page without records is never committed, so it moves no cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from ingest.http import Api, ExpiredCursorError, PullError

Cursor = dict[str, Any]
_PATIENCE = 3


@dataclass(frozen=True)
class Place:
    """What is asked for: a stretch of time, and where in it."""

    since: datetime
    until: datetime
    token: Any = None


@dataclass(frozen=True)
class Reply:
    """What a vendor's module reads out of one answer.

    `token` names the next page, None that there is none. `total` is the vendor's own count of
    the whole stretch; `ids` tell records apart.
    """

    body: bytes
    records: Sequence[Any]
    token: Any = None
    ends: bool = False
    total: int | None = None
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """A page that may be committed, and the cursor that is committed with it.

    After one that `hangs` together with those that follow no pull should stop.
    """

    body: bytes
    count: int
    cursor: Cursor
    ends: bool
    hangs: bool = False


Ask = Callable[[Api, Place], Reply]


class Walk(Protocol):
    """A way through a stream."""

    def pages(self, api: Api, cursor: Cursor, start: datetime) -> Iterator[Page]:
        """Pages from a cursor on; an empty cursor begins at `start`."""
        ...


def written(moment: datetime) -> str:
    """A moment as it stands in a cursor."""
    return moment.astimezone(UTC).isoformat()


def read(text: str) -> datetime:
    """The moment that a cursor tells."""
    return datetime.fromisoformat(text)


@dataclass
class Guard:
    """Sees that a walk moves on, and never comes where it was before."""

    seen: set[str] = field(default_factory=set)
    idle: int = 0

    def stands_still(self, api: Api, reply: Reply, token: Any) -> bool:
        """Whether to ask for the same page again; raises `PullError` when that did not help."""
        stuck = reply.token is not None and reply.token == token
        empty = not reply.records and reply.token is not None
        if not (stuck or empty):
            self.idle = 0
            return False
        self.idle += 1
        what = "the cursor does not advance" if stuck else "an empty page that is not the last"
        if self.idle >= _PATIENCE:
            reason = "stuck_cursor" if stuck else "empty_page"
            raise PullError(reason, f"{what}, asked {_PATIENCE} times. What came before is kept")
        api.rest(self.idle, what)
        return True

    def step(self, token: Any) -> None:
        """Notes a cursor; raises `PullError` if the walk was there before."""
        if repr(token) in self.seen:
            raise PullError("cursor_ring", "the cursor leads back to a page that was read already")
        self.seen.add(repr(token))


@dataclass(frozen=True)
class TokenCursor:
    """The vendor keeps the place: every answer bears a token that stays good between pulls.

    A token that has expired is replaced by a walk from a day before the last end of the stream,
    by the server's clock; rows that were loaded already come out as duplicates.
    """

    ask: Ask
    lookback: timedelta = timedelta(days=1)

    def pages(self, api: Api, cursor: Cursor, start: datetime) -> Iterator[Page]:
        """Pages from the token on, to the vendor's own mark of the end."""
        guard, again = Guard(), False
        since, token = start, cursor.get("token")
        through = cursor.get("through")
        while True:
            now = api.server_now()
            try:
                reply = self.ask(api, Place(since, now, token))
            except ExpiredCursorError:
                if again or token is None:
                    raise
                again, token, guard = True, None, Guard()
                since = max(start, read(through) - self.lookback) if through else start
                continue
            if not reply.ends:
                if reply.token is None:
                    raise PullError("no_cursor", "a page that is not the last names no next one")
                if guard.stands_still(api, reply, token):
                    continue
                guard.step(reply.token)
            token = token if reply.token is None else reply.token
            through = written(now) if reply.ends else through
            if reply.records:
                yield Page(reply.body, len(reply.records), _filled(token=token, through=through),
                           reply.ends)  # fmt: skip
            if reply.ends:
                return


def _filled(**cursor: Any) -> Cursor:
    return {key: value for key, value in cursor.items() if value is not None}


@dataclass(frozen=True)
class Window:
    """Stretches of time `[since, until)` that are closed before they are read.

    Serves page tokens, link headers and keyset walks alike: what differs is how the vendor's
    module finds the next token. A record that is edited meanwhile leaves the stretch for the next
    one, so none is skipped. Each pull reads `lookback` again, since vendors' indexes lag.
    """

    ask: Ask
    lookback: timedelta = timedelta(minutes=10)
    lag: timedelta = timedelta(minutes=1)
    span: timedelta | None = None

    def pages(self, api: Api, cursor: Cursor, start: datetime) -> Iterator[Page]:
        """Pages of the stretch that was left open, then of those up to now."""
        if "until" in cursor:
            yield from self._stretch(api, cursor)
            cursor = {"through": cursor["until"]}
        end = api.server_now() - self.lag
        since = max(start, read(cursor["through"]) - self.lookback) if cursor else start
        while since < end:
            until = min(end, since + self.span) if self.span else end
            yield from self._stretch(api, {"since": written(since), "until": written(until)})
            since = until

    def _stretch(self, api: Api, cursor: Cursor) -> Iterator[Page]:
        since, until = read(cursor["since"]), read(cursor["until"])
        token = cursor.get("token")
        guard, ids, again = Guard(), set(), False
        while True:
            try:
                reply = self.ask(api, Place(since, until, token))
            except ExpiredCursorError:
                if again or token is None:
                    raise
                again, token, guard, ids = True, None, Guard(), set()
                continue
            if guard.stands_still(api, reply, token):
                continue
            ids.update(reply.ids)
            if reply.token is None:
                if reply.total is not None and len(ids) < reply.total:
                    _read_again(again, len(ids), reply.total)
                    again, token, guard, ids = True, None, Guard(), set()
                    continue
                if reply.records:
                    yield Page(reply.body, len(reply.records), {"through": cursor["until"]}, True)
                return
            guard.step(reply.token)
            token = reply.token
            # What is counted is counted from the beginning: another pull begins there again.
            hangs = reply.total is not None
            here = _filled(**cursor | {"token": None if hangs else token})
            yield Page(reply.body, len(reply.records), here, ends=False, hangs=hangs)


def _read_again(was_read_again: bool, seen: int, total: int) -> None:
    if was_read_again:
        told = f"the vendor counts {total} records of this stretch, {seen} came, twice. Run again "
        raise PullError("count_differs", told + "later; if it stays so, ask the vendor")


@dataclass(frozen=True)
class PageNumber:
    """Pages have numbers, and no more than `cap` of them can be asked for.

    Numbers shift when records are edited, so only the first page is trusted: the next one is
    asked for from the last moment seen, that moment included. Only where a whole page bears one
    and the same moment are numbers counted up, and then all of it is read twice.
    """

    ask: Ask
    stamp: Callable[[dict[str, Any]], datetime]
    cap: int
    lookback: timedelta = timedelta(minutes=10)

    def pages(self, api: Api, cursor: Cursor, start: datetime) -> Iterator[Page]:
        """Pages in the order of last change."""
        since = max(start, read(cursor["since"]) - self.lookback) if cursor else start
        number, block = 1, []
        now = api.server_now()
        while True:
            reply = self.ask(api, Place(since, now, number))
            # A record dated in the future must not carry the cursor past what is yet to come.
            newest = min(max((self.stamp(r) for r in reply.records), default=since), now)
            block.append(reply.ids)
            is_whole_block = not reply.ends and newest <= since
            here = {"since": written(since if is_whole_block else newest)}
            if reply.records and not is_whole_block and number > 1:
                self._same_again(api, since, block)
            if reply.records:
                yield Page(reply.body, len(reply.records), here, reply.ends, hangs=is_whole_block)
            if reply.ends:
                return
            if not is_whole_block:
                since, number, block = newest, 1, []
                continue
            number += 1
            if number > self.cap:
                raise PullError(
                    "page_cap",
                    f"more than {self.cap} pages bear the same moment {written(since)}, and the "
                    "vendor gives no more: get these records by an export and drop it",
                )

    def _same_again(self, api: Api, since: datetime, block: list[tuple[str, ...]]) -> None:
        for number, ids in enumerate(block[:-1], start=1):
            if self.ask(api, Place(since, since, number)).ids != ids:
                raise PullError(
                    "moved_while_read",
                    f"records changed at {written(since)} were edited while their pages were read, "
                    "so that one may have been passed over. Run again: they are read anew",
                )


@dataclass(frozen=True)
class Slices:
    """Whole hours or days of an export, asked for once they should no longer grow.

    A slice that is empty moves nothing, nor does one that is read once more.
    """

    ask: Ask
    step: timedelta
    ready_after: timedelta
    lookback: timedelta = timedelta(0)

    def pages(self, api: Api, cursor: Cursor, start: datetime) -> Iterator[Page]:
        """One page for each slice that holds anything."""
        through = read(cursor["through"]) if cursor else start
        since = max(start, through - self.lookback)
        since -= timedelta(seconds=since.timestamp() % self.step.total_seconds())
        end = api.server_now() - self.ready_after
        while since + self.step <= end:
            until = since + self.step
            reply = self.ask(api, Place(since, until))
            if reply.records:
                through, ends = max(through, until), until + self.step > end
                yield Page(reply.body, len(reply.records), {"through": written(through)}, ends)
            since = until
