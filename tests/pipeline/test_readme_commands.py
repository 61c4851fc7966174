"""Every command in the README is run, by this test or by what runs the tests."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from ingest.settings import HASH_KEY
from tests.pipeline.conftest import KEY
from tests.readme import MADE_BY_BROWSER_TEST, MADE_BY_CI, commands


def test_every_other_command_does_what_it_says(finished: Path, tmp_path: Path) -> None:
    """In the order of the README, in a folder with nothing but what `make demo` leaves there."""
    shutil.copytree(finished, tmp_path / "demo-company", symlinks=True)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    ran = []
    for command in commands():
        if command in MADE_BY_CI | MADE_BY_BROWSER_TEST:
            continue
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        ran.append(shlex.split(command)[0])
        if " init " in command:
            (tmp_path / "my-company" / ".env").write_text(f"{HASH_KEY}={KEY}\n")
    assert len(ran) >= 10
