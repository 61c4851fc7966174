"""How commands end when they can't do their work.

Belongs here: exit codes, and errors told without a traceback. Does not belong here: the commands.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

EXIT_FAILED = 1  # the work was done and did not pass
EXIT_CANNOT = 2  # the work could not be done


def fails_plainly(command: Callable[..., int | None]) -> Callable[..., None]:
    """Expected errors are told in one paragraph, without a traceback."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        from ingest.config import ConfigError
        from ingest.store import LakeError
        from orchestration.lib.paths import PipelineError

        try:
            code = command(*arguments, **options)
        except (ConfigError, LakeError, PipelineError) as error:
            click.secho(str(error), fg="red", err=True)
            sys.exit(EXIT_CANNOT)
        sys.exit(code or 0)

    return run
