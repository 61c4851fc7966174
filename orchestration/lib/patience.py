"""Waiting for whoever works on the same workspace, where nobody sits before a terminal.

Belongs here: how long a step waits for a lock. Does not belong here: the locks (`ingest.store`),
commands, which say at once who holds them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from ingest.store import BusyError

# A bucket's lease outlives a machine that died by ten minutes.
WAITS_SECONDS = 900.0
_LOOKS_EVERY_SECONDS = 5.0

Found = TypeVar("Found")


def patiently(work: Callable[[], Found], tell: Callable[[str], object]) -> Found:
    """Does the work, as soon as nobody else holds the lock that it begins with.

    Args:
        work: Changes nothing before it holds its lock.
        tell: Is told once what is waited for.

    Raises:
        BusyError: If the lock is still held after `WAITS_SECONDS`.
    """
    began = time.monotonic()
    is_told = False
    while True:
        try:
            return work()
        except BusyError as error:
            if time.monotonic() - began > WAITS_SECONDS:
                raise
            if not is_told:
                tell(f"Waiting up to {WAITS_SECONDS / 60:.0f} minutes: {error}")
                is_told = True
        time.sleep(_LOOKS_EVERY_SECONDS)
