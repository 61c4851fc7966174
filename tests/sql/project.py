"""The dbt project as dbt understands it.

Belongs here: where the project lies and its parsed manifest. Does not belong here: running models.
"""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "dbt_project"


@cache
def parse_project(database: str = "warehouse") -> Any:
    """The project's manifest, parsed once: dbt would parse anew whenever a variable differs.

    A manifest holds the name of the database, which is that of the file without its ending.
    """
    from dbt.cli.main import dbtRunner

    os.environ["PRODUCTOPS_WAREHOUSE"] = f"{database}.duckdb"

    with tempfile.TemporaryDirectory() as folder:
        words = ["parse", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
        words += ["--target-path", folder, "--log-path", folder, "--quiet"]
        result = dbtRunner().invoke(words)
    if not result.success:
        raise AssertionError(f"dbt parse failed: {result.exception}")
    return result.result
