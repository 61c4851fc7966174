"""A workspace, and a receiver that its channel `hook` leads to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.settings import Workspace
from tests.unit.orchestration.alerts.world import Receiver, receiving, workspace


@pytest.fixture
def company(tmp_path: Path) -> Workspace:
    return workspace(tmp_path)


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as receiver:
        monkeypatch.setenv("HOOK_URL", receiver.url)
        yield receiver
