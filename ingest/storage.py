"""Where the drop folder and the lake live when they are not folders: buckets of an object store.

Belongs here: what `storage:` in `productops.yml` may say. Does not belong here: talking to a
bucket (`ingest.buckets`), and never credentials: those come from the environment alone.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

BucketUrl = Annotated[str, Field(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/]+)*/?$")]


class Storage(BaseModel):
    """Buckets instead of folders; what is left out stays a folder of the workspace."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    drop: BucketUrl | None = None
    lake: BucketUrl | None = None
    # Of a store that is not Amazon's, such as http://127.0.0.1:9000.
    endpoint: str | None = Field(default=None, pattern=r"^https?://[^/@\s]+/?$")
    region: str = "us-east-1"

    @model_validator(mode="after")
    def _apart(self) -> Storage:
        """What is landed must not be taken for a delivery."""
        if self.drop and self.lake:
            drop, lake = (f"{url.rstrip('/')}/" for url in (self.drop, self.lake))
            if drop.startswith(lake) or lake.startswith(drop):
                raise ValueError(f"drop ({self.drop}) and lake ({self.lake}) must not overlap")
        return self
