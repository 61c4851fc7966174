"""What was pulled from APIs so far: the chain of pages of each stream, and what went wrong last.

Belongs here: reading chains out of manifests, the note of the last pull. Does not belong here:
asking vendors (`ingest.pull`); so this module needs no network library.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from ingest.manifests import Manifest, PageFacts, read_manifests, read_reopened
from ingest.settings import Workspace
from ingest.store import LakeError, write_json

COMMITTED = {"loaded", "duplicate"}


@dataclass(frozen=True)
class StreamOutcome:
    """What one pull of one stream did: pulled, failed, or skipped for want of a credential."""

    api: str
    stream: str
    status: str
    pages: int = 0
    records: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    detail: str = ""

    @property
    def name(self) -> str:
        """`api/stream`."""
        return f"{self.api}/{self.stream}"

    @property
    def words(self) -> str:
        """What was done, in one line."""
        if self.status == "skipped":
            return self.detail
        came = f"{self.pages} pages, {self.records:,} records, {self.rows_loaded:,} new rows"
        came += f", {self.rows_quarantined:,} set aside" if self.rows_quarantined else ""
        return f"{came}; {self.detail}" if self.detail else came


def read_chains(lake: Path) -> dict[tuple[str, str], list[PageFacts]]:
    """Committed pages of every stream in their order.

    Raises:
        LakeError: If a page is missing or doesn't begin where the one before it ended.
    """
    # Pages that wait to be landed again were committed all the same.
    chains: dict[tuple[str, str], dict[int, PageFacts]] = {}
    for manifest in [*read_manifests(lake), *read_reopened(lake)]:
        page = manifest.page
        if page and manifest.status in COMMITTED:
            chains.setdefault((page.api, page.stream), {})[page.seq] = page
    ordered = {key: [chain[seq] for seq in sorted(chain)] for key, chain in chains.items()}
    for (api, stream), chain in ordered.items():
        before: PageFacts | None = None
        for number, page in enumerate(chain, start=1):
            began_anew = before and not page.cursor_in and page.options != before.options
            end = before.cursor_out if before and not began_anew else {}
            if page.seq != number or page.cursor_in != end:
                raise LakeError(
                    f"{api}/{stream}: the ledger holds no page {number} that goes on where the one "
                    "before it ended. Restore lake/ledger from a backup; or give the API another "
                    "`name` in productops.yml, then everything is pulled again"
                )
            before = page
    return ordered


def rejected_pages(workspace: Workspace, manifests: Iterable[Manifest]) -> list[Manifest]:
    """Pages of configured APIs that could not be landed and still hold their stream up."""
    configured = {api.name for api in workspace.config.apis}
    manifests = list(manifests)
    done = {m.page.path for m in manifests if m.page and m.status in COMMITTED}
    newest = {
        m.page.path: m for m in manifests
        if m.page and m.status == "rejected" and m.page.api in configured
    }  # fmt: skip
    return [manifest for path, manifest in newest.items() if path not in done]


def _note(lake: Path) -> Path:
    return lake / "ledger" / ".pulls.json"


def note_outcomes(lake: Path, outcomes: Iterable[StreamOutcome]) -> None:
    """Remembers what became of each stream the last time it was pulled."""
    fresh = {outcome.name: asdict(outcome) for outcome in outcomes}
    pulled = {found["api"] for found in fresh.values()}
    # A stream that was taken out of the settings is no longer anybody's trouble.
    known = {name: was for name, was in _read_note(lake).items() if was["api"] not in pulled}
    write_json(_note(lake), known | fresh)


def _read_note(lake: Path) -> dict[str, dict[str, object]]:
    try:
        return json.loads(_note(lake).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def pull_problems(workspace: Workspace) -> list[str]:
    """Configured streams whose last pull failed, with what happened."""
    configured = {api.name for api in workspace.config.apis}
    return [
        f"{name}: {found['detail']}"
        for name, found in sorted(_read_note(workspace.lake).items())
        if found["status"] == "failed" and found["api"] in configured
    ]


def missing_credentials(workspace: Workspace) -> list[str]:
    """Configured APIs without their credential, each with the variable that is missing."""
    return [
        f"{api.name}: {api.credentials_env} is not set"
        for api in workspace.config.apis
        if not workspace.secret(api.credentials_env)
    ]
