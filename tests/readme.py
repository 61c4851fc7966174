"""The README's code blocks.

Belongs here: reading them, and which commands something else than a test runs. Does not belong
here: running them.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MADE_BY_CI = {"make demo", "make test"}
MADE_BY_BROWSER_TEST = {"make up"}


def blocks(language: str) -> list[str]:
    """Code blocks in a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    """Every command, in order."""
    return [line for block in blocks("sh") for line in block.splitlines() if line.strip()]
