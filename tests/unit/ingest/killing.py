"""Ending `python -m ingest` at an exact moment, for the tests of what it leaves.

Belongs here: the program that kills itself and how it is started. Does not belong here: what must
hold afterwards (each test says that itself).
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from ingest import contents

ROOT = Path(__file__).parents[3]

# Home, number, moment and command: ends itself, without a farewell, at the n-th time that a file
# becomes visible.
_PROGRAM = """
import os, signal, sys
from ingest import arrivals, contents
from ingest.__main__ import main
arrivals.SETTLE_SECONDS = 0
contents._SMALL_BYTES = int(sys.argv[5])
home, left, after, command = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "after", sys.argv[4]
real = os.replace
def replace(source, target):
    global left
    left -= 1
    if left == 0 and after:
        real(source, target)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(source, target)
os.replace = replace
main([command, "--home", home])
"""


def killed_at(
    home: Path, number: int, moment: str, command: str, small: int = contents._SMALL_BYTES
) -> bool:
    """Runs a command that is killed `before` or `after` the n-th file becomes visible.

    Files of more than `small` bytes go through scratch files. Returns whether it came that far;
    what ends in another way fails the test.
    """
    words = [sys.executable, "-c", _PROGRAM, str(home), str(number), moment, command, str(small)]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, check=False, timeout=120)
    assert ended.returncode in {0, -signal.SIGKILL}, ended.stderr.decode()
    return ended.returncode == -signal.SIGKILL


def moments(count: int, usual: Iterable[tuple[int, str]]) -> list[object]:
    """All moments of the first files; those that are not usual take long."""
    chosen = list(usual)
    every = [(n, m) for n in range(1, count + 1) for m in ("before", "after")]
    rest = [pytest.param(*at, marks=pytest.mark.slow) for at in every if at not in chosen]
    return [*chosen, *rest]
