"""A receiver that the workspace's channel `hook` leads to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.orchestration.alerts.world import Receiver, receiving


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as receiver:
        monkeypatch.setenv("HOOK_URL", receiver.url)
        yield receiver
