"""Pulling the configured APIs as the first step of a run.

Belongs here: whether there is anything to pull. Does not belong here: the pull (`ingest.pull`).
"""

from __future__ import annotations

from collections.abc import Callable

from ingest.settings import Workspace
from ingest.streams import StreamOutcome

Progress = Callable[[str, int, int], None]  # api/stream, pages, records


def pull_configured(
    workspace: Workspace, progress: Progress | None = None, only: str | None = None
) -> list[StreamOutcome]:
    """Pulls every configured API, or one; without any, the network library is not even loaded.

    A stream that fails does not keep the rest from being taken in: it is told by the run's account
    (`ingest.streams.pull_problems`), and the freshness of its contracts tells how old it is.
    """
    if not workspace.config.apis:
        return []
    from ingest.pull import pull

    return pull(workspace, only=only, progress=progress)
