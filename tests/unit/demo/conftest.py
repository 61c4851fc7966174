"""One written company for all tests of the demo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demo import write_company


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("harborline") / "home"
    write_company(home)
    return home


@pytest.fixture(scope="session")
def truth(company: Path) -> dict[str, Any]:
    return json.loads((company / "truth.json").read_text())
