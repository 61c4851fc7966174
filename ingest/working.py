"""Working on the lake: nobody else does meanwhile, and its bucket, if there is one, agrees.

Belongs here: what stands around every change of the lake. Does not belong here: the changes.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress

from ingest.buckets import Bucket
from ingest.lease import leased
from ingest.manifests import changing
from ingest.mirror import Mirror
from ingest.settings import Workspace
from ingest.store import LakeError, sweep


@contextmanager
def working(workspace: Workspace, *, only_look: bool = False) -> Generator[None]:
    """Holds the lake; with a bucket, fetches its state before and stores the changes after.

    Args:
        workspace: The company's folder.
        only_look: Nothing is going to change; nobody is waited for, the bucket is left alone.

    Raises:
        LakeError: If another process or machine works on the lake, or its bucket can't be used.
    """
    if only_look:
        yield
        return
    lake, storage = workspace.lake, workspace.config.storage
    with changing(lake):
        sweep(lake)
        (lake / "tmp").mkdir(exist_ok=True)
        if not storage.lake:
            yield
            return
        bucket = Bucket(storage.lake, storage)
        with leased(bucket, lake) as check:
            mirror = Mirror(lake, bucket, check)
            mirror.pull()
            keep_raw_days = workspace.config.privacy.keep_raw_days
            try:
                yield
            except LakeError:
                # What was committed before counts, and is stored.
                with suppress(LakeError):
                    mirror.push(keep_raw_days)
                raise
            mirror.push(keep_raw_days)
