"""Publishing: a candidate is made beside the published builds, verified, and swapped in.

Belongs here: candidate, verification, swap, pruning, rollback. Does not belong here: building,
gates (which this asks, and evaluates itself when nobody did), what a page looks like.

`published/current` is a relative link to one build's folder. It is replaced in one step; builds
are never changed. So a reader sees one whole build, the old one or the new one.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ingest.settings import Workspace
from ingest.store import locked, sync_folder, write_json
from orchestration.lib import gates
from orchestration.lib.admission import admit
from orchestration.lib.candidate import DATABASE, export, verify
from orchestration.lib.gates import GateRecord
from orchestration.lib.paths import PublishRefusedError
from orchestration.lib.publication_manifest import manifest_of
from orchestration.lib.published_values import remember, remember_or_warn
from orchestration.lib.receipt import Receipt, as_of_text, read_receipt

Progress = Callable[[str, int, int], None]
_DRAFT = ".draft-"
_REMEDY = "Look at the disk ({free:,.0f} MB are free there) and at the folder's rights."
_REMEDIES = {
    errno.ENOSPC: "The disk is full ({free:,.0f} MB are free): free some space, or lower "
    "`publishing.keep_builds` in productops.yml.",
    errno.EDQUOT: "The quota of this user is used up: free some space.",
    errno.EACCES: "Give the user who publishes the right to write there.",
    errno.EPERM: "The file system allows no links, or the user must not make them: put the "
    "workspace on a local disk.",
    errno.EROFS: "The file system is mounted read-only: mount it so that it can be written to.",
}


@dataclass(frozen=True)
class Published:
    """One published build, as its `manifest.json` tells it."""

    build_id: str
    published_at: str
    as_of_at: str
    rows: dict[str, int]
    warnings: int
    is_current: bool


@dataclass(frozen=True)
class PublishResult:
    """What publishing did; `is_new` is false where the build was current already."""

    build_id: str
    folder: Path
    rows: dict[str, int]
    is_new: bool


def publish(workspace: Workspace, progress: Progress | None = None) -> PublishResult:
    """Publishes the warehouse that is there.

    Raises:
        PublishRefusedError: If it is missing, older than the lake, a gate does not pass, or the
            disk is full, can't be written to or does not know links.
    """
    with locked(workspace.published / "publish.lock", "publishing"):
        _clear_drafts(workspace)
        remember(workspace)
        receipt, record = _require(workspace, progress)
        folder = workspace.published / receipt.build_id
        rows = {name: found.rows for name, found in record.tables.items()}
        if current_build(workspace) == receipt.build_id:
            return PublishResult(receipt.build_id, folder, rows, is_new=False)
        with telling_disk_problems(workspace.published):
            if not (folder / "manifest.json").is_file():
                _make(workspace, receipt, record, folder, progress)
            _point_to(workspace, receipt.build_id)
        # Published it is: the next run makes up for a record that could not be written.
        remember_or_warn(workspace)
        _prune(workspace)
    return PublishResult(receipt.build_id, folder, rows, is_new=True)


def is_pending(workspace: Workspace) -> bool:
    """Whether the warehouse holds a build that is not the published one."""
    receipt = read_receipt(workspace)
    if receipt is None or receipt.build_id == current_build(workspace):
        return False
    return not _was_rolled_back(workspace, receipt.build_id)


def current_build(workspace: Workspace) -> str | None:
    """Id of the build that readers see."""
    link = workspace.published / "current"
    return link.readlink().name if link.is_symlink() and link.exists() else None


def list_builds(workspace: Workspace) -> list[Published]:
    """All published builds that are still there, newest first."""
    current = current_build(workspace)
    found = []
    for path in workspace.published.glob("[!.]*/manifest.json"):
        if path.parent.is_symlink():
            continue
        manifest = json.loads(path.read_text(encoding="utf-8"))
        names = ("build_id", "published_at", "as_of_at", "rows", "warnings")
        values = {name: manifest[name] for name in names}
        found.append(Published(**values, is_current=manifest["build_id"] == current))
    return sorted(found, key=lambda build: (build.published_at, build.build_id), reverse=True)


def rollback(workspace: Workspace, build_id: str | None = None) -> Published:
    """Points readers to the build before the current one, or to `build_id`.

    What the build tells that readers go back to was told before; it is not recorded once more.

    Raises:
        PublishRefusedError: If there is no such build.
    """
    with locked(workspace.published / "publish.lock", "publishing"):
        # Whoever was killed after the swap recorded nothing, and nobody comes back to this build.
        remember_or_warn(workspace)
        builds = list_builds(workspace)
        names = [build.build_id for build in builds]
        current = current_build(workspace)
        older = names[names.index(current) + 1 :] if current in names else names
        wanted = build_id or (older[0] if older else None)
        if wanted not in names:
            there = ", ".join(names) or "none"
            raise PublishRefusedError(
                f"There is no {'build ' + build_id if build_id else 'earlier build'} to go back "
                f"to; kept are: {there}. `publishing.keep_builds` in productops.yml says how many."
            )
        if current and current != wanted:
            write_json(_rolled_back_path(workspace), {"build_id": current, "at": _now()})
        _point_to(workspace, str(wanted))
        return next(build for build in builds if build.build_id == wanted)


@contextmanager
def telling_disk_problems(folder: Path) -> Generator[None]:
    """Turns what a disk refuses into words; what was half made is removed to free its space."""
    import duckdb

    try:
        yield
    # DuckDB tells what the system refused in errors of several classes.
    except (OSError, duckdb.Error) as error:
        for path in folder.glob(f"{_DRAFT}*"):
            shutil.rmtree(path, ignore_errors=True)
        free = shutil.disk_usage(folder).free / 1e6
        remedy = _REMEDIES.get(getattr(error, "errno", None) or 0, _REMEDY)
        raise PublishRefusedError(
            f"{folder} can't be written to: {error}. {remedy.format(free=free)} "
            "What was published before is still there. Then run: productops publish"
        ) from error


def _require(workspace: Workspace, progress: Progress | None) -> tuple[Receipt, GateRecord]:
    receipt = read_receipt(workspace)
    if receipt is None:
        raise PublishRefusedError(
            "No receipt describes the warehouse: it was never built, or something else wrote to "
            "it. Run: productops build"
        )
    lake, plan = admit(workspace)
    if set(receipt.batches) & set(lake.held_back):
        raise PublishRefusedError(gates.tell("What was built does not pass the gates.", lake))
    if plan.builds:
        raise PublishRefusedError(
            f"The warehouse is older than what was delivered ({'; '.join(plan.why)}). "
            "Run: productops build"
        )
    record = gates.gate_marts(workspace, receipt, progress)
    if not record.is_open:
        raise PublishRefusedError(gates.tell("The marts do not pass the gates.", record))
    return receipt, record


def _make(
    workspace: Workspace, receipt: Receipt, record: GateRecord, folder: Path,
    progress: Progress | None,
) -> None:  # fmt: skip
    """Makes a build's folder under another name, verifies it and gives it its name last."""
    draft = workspace.published / f"{_DRAFT}{receipt.build_id}"
    draft.mkdir(parents=True)
    steps = ("marts", "verification", "pages", "manifest")

    def tell(step: str) -> None:
        if progress:
            progress(step, steps.index(step), len(steps))

    tell("marts")
    export(workspace.warehouse_path, draft)
    tell("verification")
    verify(record, draft)
    tell("pages")
    _build_pages(workspace, receipt, record, draft)
    tell("manifest")
    write_json(draft / "manifest.json", manifest_of(workspace, receipt, record, draft))
    for path in sorted(draft.rglob("*")):
        _flush(path)
    os.replace(draft, folder)
    sync_folder(workspace.published)


def _build_pages(workspace: Workspace, receipt: Receipt, record: GateRecord, draft: Path) -> None:
    from analytics.brief.experiment_page import build_experiment_pages
    from analytics.brief.page import build_pages
    from orchestration.lib.page_context import page_context

    pages = draft / "pages"
    pages.mkdir()
    build_pages(draft / DATABASE, pages, page_context(workspace, receipt, record))
    build_experiment_pages(draft / DATABASE, pages)


def _point_to(workspace: Workspace, build_id: str) -> None:
    link = workspace.published / "current"
    draft = workspace.published / ".current-next"
    draft.unlink(missing_ok=True)
    draft.symlink_to(build_id, target_is_directory=True)
    os.replace(draft, link)
    sync_folder(workspace.published)


def _prune(workspace: Workspace) -> None:
    builds = list_builds(workspace)
    for build in builds[workspace.config.publishing.keep_builds :]:
        if not build.is_current:
            # Renamed first: a half-removed build must not look like one.
            going = workspace.published / f"{_DRAFT}{build.build_id}"
            os.replace(workspace.published / build.build_id, going)
            shutil.rmtree(going, ignore_errors=True)


def _clear_drafts(workspace: Workspace) -> None:
    for path in workspace.published.glob(f"{_DRAFT}*"):
        shutil.rmtree(path, ignore_errors=True)


def _was_rolled_back(workspace: Workspace, build_id: str) -> bool:
    try:
        found = json.loads(_rolled_back_path(workspace).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return found.get("build_id") == build_id


def _rolled_back_path(workspace: Workspace) -> Path:
    return workspace.published / "rolled_back.json"


def _flush(path: Path) -> None:
    if path.is_file():
        with path.open("rb") as handle:
            os.fsync(handle.fileno())


def _now() -> str:
    return as_of_text(datetime.now(UTC))
