"""How much of a delivery was set aside, and what a delivery is.

Belongs here: pure functions over batches of the ledger. Does not belong here: what else is asked of
the ledger (`expectations.ledger_checks`), where batches and repeated records are found
(`orchestration.lib.stream_pages`).

A file is a delivery. A page of an API is none: where it ends is the vendor's affair, and a pull may
bring three records. So the pages of a stream that came since the last build are one, and where
that one is small, the stream's last hundred records are asked as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

QUARANTINE_LIMIT = 0.05
# Of fewer records of a stream a share says nothing, as long as there are more.
_ENOUGH = 100


class BatchLike(Protocol):
    """What a batch of the ledger must tell."""

    @property
    def batch_id(self) -> str: ...  # noqa: D102
    @property
    def contract(self) -> str: ...  # noqa: D102
    @property
    def source_file(self) -> str: ...  # noqa: D102
    @property
    def stream(self) -> str: ...  # noqa: D102
    @property
    def format(self) -> str: ...  # noqa: D102
    @property
    def status(self) -> str: ...  # noqa: D102
    @property
    def loaded_at(self) -> str: ...  # noqa: D102
    @property
    def rows_in(self) -> int: ...  # noqa: D102
    @property
    def rows_loaded(self) -> int: ...  # noqa: D102
    @property
    def rows_duplicate(self) -> int: ...  # noqa: D102
    @property
    def rows_quarantined(self) -> int: ...  # noqa: D102
    @property
    def rows_suppressed(self) -> int: ...  # noqa: D102
    @property
    def rows_revision(self) -> int: ...  # noqa: D102
    @property
    def reasons(self) -> Mapping[str, int]: ...  # noqa: D102


@dataclass(frozen=True)
class Before:
    """What is known of streams beside their new pages.

    `pages` were built already; `repeats` are how many of a batch's records that were set aside had
    been set aside before, by batch: what a pull reads once more is not wrong once more.
    """

    pages: Sequence[BatchLike] = ()
    repeats: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Excess:
    """A delivery of which too much was set aside: all of it, and the batches where."""

    delivery: tuple[BatchLike, ...]
    bad: tuple[BatchLike, ...]
    share: float
    limit: float


def excesses(
    batches: Iterable[BatchLike], limits: Mapping[str, float], before: Before
) -> list[Excess]:
    """Deliveries of which more is set aside than may be."""
    streams: dict[tuple[str, str], list[BatchLike]] = defaultdict(list)
    found = []
    for batch in batches:
        if batch.stream:
            streams[batch.stream, batch.contract].append(batch)
            continue
        limit = limits.get(batch.format, QUARANTINE_LIMIT)
        share = _share(batch.rows_quarantined, batch.rows_in)
        if share > limit:
            found.append(Excess((batch,), (batch,), share, limit))
    judged = (_judged(pages, limits, before) for pages in streams.values())
    return [*found, *(excess for excess in judged if excess)]


def _judged(
    pages: Sequence[BatchLike], limits: Mapping[str, float], before: Before
) -> Excess | None:
    """What is wrong with the new pages of a stream, if anything is.

    Small ones are told by chance: more than is allowed must be wrong of them and of the last
    hundred records as well.
    """
    limit = limits.get(f"api:{pages[0].stream.partition('/')[0]}", QUARANTINE_LIMIT)
    repeats = before.repeats or {}
    bad: float
    bad, count = _records(pages, repeats)
    if _share(bad, count) <= limit:
        return None
    contract, stream = pages[0].contract, pages[0].stream
    known = [page for page in before.pages if (page.stream, page.contract) == (stream, contract)]
    for page in sorted(known, key=lambda page: page.loaded_at, reverse=True):
        if count >= _ENOUGH:
            break
        more_bad, more = _records([page], repeats)
        # Of a large page no more than is asked for: a thousand good records would drown a stream
        # whose every record is bad since then.
        taken = min(more, _ENOUGH - count)
        bad, count = bad + (more_bad * taken / more if more else 0), count + taken
    if _share(bad, count) <= limit:
        return None
    wrong = tuple(page for page in pages if page.rows_quarantined > repeats.get(page.batch_id, 0))
    return Excess(tuple(pages), wrong, _share(bad, count), limit)


def _records(pages: Iterable[BatchLike], repeats: Mapping[str, int]) -> tuple[int, int]:
    """How many records were set aside, of how many; what comes again counts once."""
    pages = list(pages)
    bad = sum(page.rows_quarantined - repeats.get(page.batch_id, 0) for page in pages)
    good = sum(page.rows_in - page.rows_duplicate - page.rows_quarantined for page in pages)
    return bad, bad + good


def _share(part: float, whole: int) -> float:
    return part / whole if whole else 0.0
