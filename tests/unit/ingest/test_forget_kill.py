"""kill -9 anywhere in an erasure, then ask again: it ends as an undisturbed one does."""

from __future__ import annotations

import shutil
import signal
import sys

import pytest

from tests.unit.ingest.conftest import Place
from tests.unit.ingest.forgetting import (
    DEVICE,
    KEY,
    MAIL,
    USER,
    content,
    filled,
    forget,
    full,
    traces,
)
from tests.unit.ingest.test_kill import python

__all__ = ["filled", "full"]

# Ends the process, without a farewell, at the n-th time that a file becomes visible or goes.
AT_CHANGE = """
import os, signal, sys
from pathlib import Path
left, real, gone = int(sys.argv[2]), os.replace, Path.unlink
def count():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
def replace(source, target):
    count()
    real(source, target)
def unlink(path, missing_ok=False):
    count()
    gone(path, missing_ok=missing_ok)
os.replace, Path.unlink = replace, unlink
from ingest.__main__ import main
sys.exit(main(["forget", "--home", sys.argv[1], "--email", sys.argv[3]]))
"""


@pytest.fixture(scope="module")
def expected(filled, tmp_path_factory) -> dict[str, object]:
    """What an undisturbed purge leaves of the lake."""
    home = tmp_path_factory.mktemp("after") / "company"
    shutil.copytree(filled, home)
    forget(Place(home))
    return content(Place(home))


@pytest.mark.parametrize(
    "number",
    [8, 14, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 40)
              if n not in {8, 14})],
)  # fmt: skip
def test_killed_anywhere_it_ends_the_same(full, expected, number) -> None:
    code = python(sys.executable, "-c", AT_CHANGE, str(full.home), str(number), MAIL)
    assert code in {-signal.SIGKILL, 0, 1}
    assert number > 20 or code == -signal.SIGKILL
    _, seen = forget(full)
    assert seen.is_clean
    assert traces(full, MAIL, KEY, USER, DEVICE, "Ada cannot export") == []
    found = content(full)
    # A purge that was killed after its last step, or not at all, has a record of its own.
    assert found["erasures"][0]["rows"] == expected["erasures"][0]["rows"]
    assert len(found["erasures"]) == 1 or number > 25
    assert {k: v for k, v in found.items() if k != "erasures"} == {
        k: v for k, v in expected.items() if k != "erasures"
    }
