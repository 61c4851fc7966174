"""Pages of the last evaluations of the gates: `<workspace>/checks/`.

Belongs here: where they lie, how many stay, their index, their address. Does not belong here: what
stands on one (`check_page.py`), who serves them (`page_server.py`).

They have a folder of their own: what is published is for everybody and never changes, `state/` is
Dagster's. Losing them loses nothing but the view of the past.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
from html import escape, unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.results import CheckResult
from ingest.settings import Workspace
from ingest.store import LakeError, write_atomically
from orchestration.lib.check_page import TITLES, anchor, grid, page, render
from orchestration.lib.paths import PipelineError

if TYPE_CHECKING:
    from orchestration.lib.gates import GateRecord

INDEX = "index.html"
ADDRESS = "PRODUCTOPS_PAGES_URL"
USUAL_ADDRESS = "http://127.0.0.1:3001"
_PAGES = "[0-9]*.html"
_FACTS = re.compile(r"<!-- gate (\{.*?\}) -->")
_log = logging.getLogger(__name__)


def write_page(workspace: Workspace, gate: str, record: GateRecord) -> None:
    """Writes the page of an evaluation, removes the oldest ones, makes the index anew.

    A verdict must not depend on its page: what goes wrong is logged.
    """
    try:
        text = render(gate, record, workspace.config.org.name)
        text = text.replace("<body>", f"<body>\n<!-- gate {_facts(gate, record)} -->", 1)
        _write(workspace.checks / page_name(gate, record), text)
        for path in _pages(workspace)[workspace.config.publishing.keep_check_pages :]:
            path.unlink(missing_ok=True)
        _write(workspace.checks / INDEX, _index(workspace))
    except (LakeError, OSError) as error:
        _log.warning("The page of the checks was not written. %s", error)


def page_name(gate: str, record: GateRecord) -> str:
    """File of an evaluation; names are in the order of time."""
    moment = re.sub(r"\D", "", record.checked_at)
    return f"{moment}-{gate}-{record.subject[:12]}.html"


def page_url(workspace: Workspace, gate: str, record: GateRecord, check: CheckResult) -> str:
    """Where a browser finds a check of an evaluation while `productops up` runs."""
    return f"{address(workspace)}/checks/{page_name(gate, record)}#{anchor(check)}"


def address(workspace: Workspace) -> str:
    """Where pages are served: as the company says, as `up` was started, or as it usually is."""
    configured = workspace.config.publishing.pages_url
    return (configured or os.environ.get(ADDRESS) or USUAL_ADDRESS).rstrip("/")


def remove_pages(workspace: Workspace) -> None:
    """Removes all pages, because somebody must be forgotten.

    Raises:
        PipelineError: If one can't be removed.
    """
    try:
        if workspace.checks.is_dir():
            shutil.rmtree(workspace.checks)
    except OSError as error:
        raise PipelineError(
            f"{workspace.checks}: can't be removed ({error}). Remove it, then ask again."
        ) from error


def _pages(workspace: Workspace) -> list[Path]:
    return sorted(workspace.checks.glob(_PAGES), reverse=True)


def _write(path: Path, text: str) -> None:
    write_atomically(path, lambda draft: draft.write_text(text, encoding="utf-8"))


def _facts(gate: str, record: GateRecord) -> str:
    """What the index tells of a page, as it stands in the page itself."""
    return escape(json.dumps({
        "gate": gate, "checked_at": record.checked_at, "checks": len(record.checks),
        "stop": len(record.breaches), "warn": len(record.warnings),
        "crashed": sum(check.crashed for check in record.checks),
    }), quote=False)  # fmt: skip


def _index(workspace: Workspace) -> str:
    rows = [_line(path) for path in _pages(workspace)]
    header = ("evaluated (UTC)", "gate", "result", "checks", "stop", "told", "not evaluated")
    org = workspace.config.org.name
    body = [
        f"<header><h1>{escape(org)}: checks</h1>"
        f"<p class=through>the last {len(rows)} evaluations</p></header>",
        f"<section>{grid(header, rows)}</section>",
    ]
    return page(f"{org}: checks", body)


def _line(path: Path) -> list[str]:
    facts = _facts_of(path)
    if not facts:
        return [f"<td><a href='{escape(path.name)}'>{escape(path.name)}</a></td>"]
    style, words = ("stops", "closed") if facts["stop"] else ("passed", "open")
    numbers = (facts[name] for name in ("checks", "stop", "warn", "crashed"))
    return [
        f"<td><a href='{escape(path.name)}'>{escape(str(facts['checked_at']))}</a></td>",
        f"<td>{escape(TITLES.get(facts['gate'], facts['gate']))}</td>",
        f"<td class='mark {style}'>{words}</td>",
        *(f"<td class=number>{int(number):,}</td>" for number in numbers),
    ]


def _facts_of(path: Path) -> dict[str, Any]:
    """What a page says of itself; nothing of one that somebody changed."""
    try:
        found = _FACTS.search(path.read_text(encoding="utf-8"))
        facts = json.loads(unescape(found.group(1))) if found else {}
    except (OSError, ValueError):
        return {}
    whole = {"gate", "checked_at", "checks", "stop", "warn", "crashed"} <= set(facts)
    return facts if whole else {}
