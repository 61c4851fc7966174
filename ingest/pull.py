"""Pulling vendors' APIs: each page becomes a landed raw file, then is like any other.

Belongs here: what a pull does, in order. Does not belong here: how vendors are asked
(`ingest.apis`, `ingest.http`, `ingest.cursors`), how a file is landed (`ingest.groups`).

A page's manifest is the only commit: it holds the page's rows and the cursor behind them. Killed
anywhere, the next pull goes on from the newest committed manifest.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from ingest.addresses import remove_all
from ingest.apis import Stream, Vendor, load_vendor
from ingest.arrivals import Arrival
from ingest.config import ApiSource, ConfigError, line_in
from ingest.contracts import load_contracts
from ingest.cursors import Cursor, Page
from ingest.delivery import NotReadyError
from ingest.groups import load_page
from ingest.http import Api, Budget, PullError
from ingest.landing import ensure_schemas
from ingest.manifests import Manifest, PageFacts
from ingest.orphans import remove_orphans, remove_unanswered_pages
from ingest.session import Session
from ingest.settings import Workspace
from ingest.store import temporary
from ingest.streams import COMMITTED, StreamOutcome, note_outcomes, read_chains
from ingest.working import working

__all__ = ["Progress", "StreamOutcome", "pull"]

Progress = Callable[[str, int, int], None]  # api/stream, pages, records


@dataclass
class _Tally:
    """What a stream has brought in this pull."""

    pages: int = 0
    records: int = 0
    loaded: int = 0
    quarantined: int = 0

    def add(self, manifest: Manifest, records: int) -> None:
        self.pages += 1
        self.records += records
        self.loaded += sum(part.rows_loaded for part in manifest.parts)
        self.quarantined += sum(part.rows_quarantined for part in manifest.parts)


def pull(
    workspace: Workspace, *, only: str | None = None, progress: Progress | None = None,
    budget: Budget | None = None, sleep: Callable[[float], object] = time.sleep,
) -> list[StreamOutcome]:  # fmt: skip
    """Pulls every configured API, or one, from where the last pull ended.

    A stream that fails stops where it is and says why; the others go on.

    Args:
        workspace: The company's folder.
        only: Name of the one API to pull.
        progress: Called with `api/stream`, pages and records, after each page.
        budget: Seconds that may be spent on waiting, by all streams together.
        sleep: Waits.

    Raises:
        ConfigError: If the settings name what there is not.
        LakeError: If the lake can't be written or another ingest is running.
    """
    plan = _plan(workspace, only)
    if not plan:
        return []
    budget = budget or Budget()
    outcomes: list[StreamOutcome] = []
    with working(workspace):
        run = Session(workspace)
        ensure_schemas(run.connection, run.lake, load_contracts().values())
        remove_orphans(run.lake, run.manifests.values())
        if not run.keeps_addresses:
            remove_all(run)
        known = [*run.manifests.values(), *run.reopened.values()]
        remove_unanswered_pages(workspace.home, run.lake, known)
        chains = read_chains(run.lake)
        for source, vendor, streams in plan:
            # Secrets that are mounted as files end in a line break.
            secret = workspace.secret(source.credentials_env).strip()
            if not secret:
                detail = f"not pulled: {source.credentials_env} is not set"
                outcomes += [
                    StreamOutcome(source.name, s, "skipped", detail=detail) for s in streams
                ]
                continue
            api = Api(
                source.base_url, vendor.headers(secret), budget=budget, sleep=sleep,
                classify=vendor.classify, pace=vendor.pace,
            )  # fmt: skip
            for name, stream in streams.items():
                chain = chains.get((source.name, name), [])
                outcomes.append(_pull_stream(run, source, name, stream, chain, api, progress))
            api.close()
        note_outcomes(run.lake, outcomes)
    return outcomes


def _plan(
    workspace: Workspace, only: str | None
) -> list[tuple[ApiSource, Vendor, dict[str, Stream]]]:
    """The configured APIs with their streams; raises `ConfigError` naming file, line and remedy."""
    sources = workspace.config.apis
    names = [source.name for source in sources]
    if only and only not in names:
        raise ConfigError(
            f"{workspace.config_path}: no API is called {only!r}; under `apis:` stand "
            f"{', '.join(names) or 'none'}"
        )
    plan = []
    for number, source in enumerate(sources):
        where = f"{workspace.config_path}:{line_in(workspace.config_path, ('apis', number))}"
        vendor = load_vendor(source.vendor)
        if missing := [option for option in vendor.needs if not source.options.get(option)]:
            raise ConfigError(
                f"{where}: {source.name}: {source.vendor} needs `options: {{{missing[0]}: ...}}`"
            )
        streams = vendor.streams(source.options)
        if unknown := sorted(set(source.streams) - set(streams)):
            raise ConfigError(
                f"{where}: {source.name}: {source.vendor} has no stream {', '.join(unknown)}; it "
                f"has {', '.join(streams)}"
            )
        chosen = {name: streams[name] for name in source.streams or streams}
        if only in {None, source.name}:
            plan.append((source, vendor, chosen))
    return plan


def _pull_stream(
    run: Session, source: ApiSource, name: str, stream: Stream,
    chain: Sequence[PageFacts], api: Api, progress: Progress | None,
) -> StreamOutcome:  # fmt: skip
    seq, cursor = (chain[-1].seq, chain[-1].cursor_out) if chain else (0, {})
    tally, status, detail = _Tally(), "pulled", ""
    options = _digest(source.options)
    if chain and chain[-1].options not in {"", options}:
        cursor, detail = {}, "its options were changed, so everything was asked for again"
    known = _bodies(run, source.name, name)
    try:
        for page in stream.walk.pages(api, cursor, source.starts_at):
            # What was read once more and is what it was says nothing new, and moves nothing.
            if page.cursor == cursor and sha256(page.body).hexdigest() in known:
                continue
            seq += 1
            facts = PageFacts(
                source.name, name, seq, cursor, page.cursor, page.ends, stream.format, page.count,
                options,
            )  # fmt: skip
            tally.add(_land(run, facts, page), page.count)
            cursor: Cursor = page.cursor
            if progress:
                progress(f"{source.name}/{name}", tally.pages, tally.records)
            if tally.pages >= source.max_pages and not page.hangs:
                detail = f"stopped after {tally.pages} pages (max_pages); the next pull goes on"
                break
    except PullError as error:
        status, detail = "failed", str(error)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # Only this stream stops; what came before is committed.
        what = f"{type(error).__name__}: {error}"
        status, detail = "failed", f"an answer is built in another way than known: {what} (shape)"
    if not chain and not tally.pages and status == "pulled":
        detail = f"nothing came since {source.starts_at:%Y-%m-%d}. If there should be something, "
        detail += "see to `base_url`, `options`, and what the credential may see"
    return StreamOutcome(
        source.name, name, status, tally.pages, tally.records, tally.loaded, tally.quarantined,
        detail,
    )  # fmt: skip


def _digest(options: Mapping[str, str]) -> str:
    return sha256(json.dumps(dict(options), sort_keys=True).encode()).hexdigest()[:16]


def _bodies(run: Session, api: str, stream: str) -> set[str]:
    """Hashes of the pages that a stream brought and whose rows count, or soon will again."""
    return {
        m.file_id for m in [*run.manifests.values(), *run.reopened.values()]
        if m.page and (m.page.api, m.page.stream) == (api, stream)
        and m.status in COMMITTED and m.entry_id not in run.withdrawn
    }  # fmt: skip


def _land(run: Session, facts: PageFacts, page: Page) -> Manifest:
    """Writes a page as a raw file and lands it like any other.

    Raises:
        PullError: If it can't be landed; the cursor stays where it was.
    """
    draft = temporary(run.lake / "tmp" / "page")
    draft.parent.mkdir(parents=True, exist_ok=True)
    draft.write_bytes(page.body)
    stat = draft.stat()
    arrival = Arrival(draft, facts.path, stat.st_size, stat.st_mtime_ns, page=facts)
    try:
        manifest = load_page(run, arrival)
    except NotReadyError as error:
        raise PullError("not_landed", f"{facts.path}: {error}") from error
    finally:
        draft.unlink(missing_ok=True)
    if manifest.status == "rejected":
        raise PullError(
            "rejected",
            f"{manifest.detail} The stream stops before this page, raw bytes: {manifest.landing}",
        )
    return manifest
