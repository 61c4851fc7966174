"""One written company for all tests of the demo, and its events read once."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from demo import write_company

Calls = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("harborline") / "home"
    write_company(home)
    return home


@pytest.fixture(scope="session")
def truth(company: Path) -> dict[str, Any]:
    return json.loads((company / "truth.json").read_text())


@pytest.fixture(scope="session")
def raw(company: Path) -> tuple[Calls, Counter[str]]:
    """Each message once, as it was received first, and what else the files hold."""
    calls: Calls = {}
    seen: set[str] = set()
    counts: Counter[str] = Counter()
    for path in sorted((company / "drop/segment-logs").rglob("*.gz")):
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            counts["lines"] += 1
            try:
                call = json.loads(line)
                key, received = call["messageId"], call["receivedAt"]
                is_bad = (
                    not (call["userId"] or call.get("anonymousId")) or call["timestamp"] < "2025"
                )
            except (ValueError, KeyError, TypeError):
                is_bad = True
            if is_bad:
                counts["bad"] += 1
            elif line in seen:
                counts["exact"] += 1
            elif key in calls:
                counts["retries"] += 1
                if received < calls[key]["receivedAt"]:
                    calls[key] = call
            else:
                calls[key] = call
            seen.add(line)
    return calls, counts
