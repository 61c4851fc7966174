"""What the gate has to know of an API's streams beside their new pages.

Belongs here: the pages that were built already, and which records that were set aside had been set
aside before. Does not belong here: the verdict (`expectations.set_aside`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from expectations.set_aside import Before
from ingest.ledger import Batch, read_batches
from ingest.settings import Workspace

# So many of a stream's newest pages of which something was set aside are looked into: one record
# that stays the last one of a quiet stream comes with each pull, for years.
_LOOKED_BACK = 500


def pages_before(workspace: Workspace, added: Iterable[Batch]) -> Before:
    """What came before of those streams of which something new was set aside."""
    new = {batch.batch_id: batch.stream for batch in added}
    streams = {batch.stream for batch in added if batch.stream and batch.rows_quarantined}
    if not streams:
        return Before()
    pages = [b for b in read_batches(workspace.lake) if b.stream in streams]
    built = [page for page in pages if page.is_committed and page.batch_id not in new]
    return Before(built, _repeats(workspace, pages, new))


def _repeats(workspace: Workspace, pages: Iterable[Batch], new: Collection[str]) -> dict[str, int]:
    """How many of a page's records were set aside before, alike and for the same reason, by batch.

    Pulls read the last minutes or days once more, and a record that could not be read then is
    none that is wrong anew. The ledger counts it with each page, as it came with each. What one
    page has more often than every page before it is not all the same record. A page that was
    withdrawn was before as well: else the one that read its records again would take its place.
    """
    import duckdb

    files: dict[tuple[str, str], list[str]] = defaultdict(list)
    for page in sorted(pages, key=lambda page: page.loaded_at, reverse=True):
        newest = files[page.stream, page.contract]
        folder = workspace.lake / "quarantine" / f"source={page.source}/dt={page.delivered_on}"
        path = folder / f"{page.batch_id}.parquet"
        is_asked = page.batch_id in new or len(newest) < _LOOKED_BACK
        if page.rows_quarantined and is_asked and path.exists():
            newest.append(str(path))
    found: dict[str, int] = {}
    with duckdb.connect() as connection:
        for paths in filter(None, files.values()):
            found |= dict(
                connection.execute(
                    "select parse_filename(filename, true), count(*) from (select filename, "
                    "row_number() over (partition by reason, raw, copy order by file_index desc) "
                    "as turn from (select filename, file_index, reason, raw, "
                    "row_number() over (partition by reason, raw, file_index) as copy "
                    "from read_parquet($files, filename = true, hive_partitioning = false))) "
                    "where turn > 1 group by all",
                    {"files": paths},
                ).fetchall()
            )
    return found
