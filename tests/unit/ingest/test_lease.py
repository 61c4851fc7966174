"""One machine at a time writes to a lake's bucket: the lease."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from ingest import lease
from ingest.buckets import Bucket
from ingest.ledger import withdraw
from ingest.load import ingest
from ingest.store import LakeError
from tests.unit.ingest.cloud import Cloud, client, cloud, server

__all__ = ["client", "cloud", "server"]


def held_by(cloud: Cloud, seconds: float) -> None:
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    told = {"id": "x", "host": "ship-7", "process": 42, "lake": "/l",
            "expires_at": until.isoformat()}  # fmt: skip
    cloud.client.put_object(
        Bucket=cloud.name, Key="lakes/one/lease.json", Body=json.dumps(told).encode()
    )


def test_a_lease_is_respected_until_it_expires(cloud) -> None:
    place = cloud.place()
    held_by(cloud, 300)
    with pytest.raises(LakeError, match=r"ship-7 \(process 42\) writes to this lake"):
        ingest(place.workspace)
    with pytest.raises(LakeError, match="ship-7"):
        withdraw(place.workspace, "drop/a.json", "a test")
    held_by(cloud, -1)
    place.run()
    assert "lease.json" not in cloud.stored()


def test_a_damaged_lease_is_not_taken_for_an_expired_one(cloud) -> None:
    cloud.client.put_object(Bucket=cloud.name, Key="lakes/one/lease.json", Body=b"{broken")
    with pytest.raises(LakeError, match=r"delete the object lease\.json"):
        ingest(cloud.place().workspace)


def test_a_lease_is_renewed_and_its_loss_is_noticed(cloud, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(lease, "SECONDS", 1.0)
    storage = cloud.place().workspace.config.storage
    bucket = Bucket(storage.lake, storage)
    with lease.leased(bucket, tmp_path) as check:
        time.sleep(1.5)
        check()
        held_by(cloud, 300)
        time.sleep(0.6)
        with pytest.raises(LakeError, match="has taken the lease over"):
            check()
    # Not ours to remove.
    assert "lease.json" in cloud.stored()
