"""The dbt project as dbt understands it.

Belongs here: where the project lies and its parsed manifest. Does not belong here: running models.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from orchestration.lib.dbt_program import read_parse
from orchestration.lib.manifest import ensure_manifest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "dbt_project"


@cache
def parse_project() -> Any:
    """The project's manifest as builds read it: parsed once for all processes of a test run.

    It holds the name of the database, which is that of a warehouse's file without its ending.
    """
    ensure_manifest()
    found = read_parse()
    assert found is not None
    return found
