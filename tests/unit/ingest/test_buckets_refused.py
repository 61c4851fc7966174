"""Buckets that can't be used, and settings that are wrong: said plainly, without a secret."""

from __future__ import annotations

import pytest

from ingest import buckets
from ingest.__main__ import main
from ingest.load import ingest
from ingest.store import LakeError
from orchestration.commands.doctor import examine
from tests.unit.ingest.cloud import client, cloud, server
from tests.unit.ingest.conftest import event, lines
from tests.unit.ingest.storage_server import KEYS, Fault

__all__ = ["client", "cloud", "server"]


@pytest.mark.parametrize("name", list(KEYS)[:1])
def test_without_credentials(cloud, monkeypatch, capsys, name) -> None:
    monkeypatch.delenv(name)
    place = cloud.place()
    assert main(["run", "--home", str(place.home)]) == 2
    said = capsys.readouterr().err
    assert "no credentials" in said
    assert "AWS_SECRET_ACCESS_KEY" in said
    assert not cloud.proxy.seen


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"lake": "s3://no-such-bucket/x"}, "the bucket no-such-bucket does not exist"),
        ({"drop": "s3://no-such-bucket"}, "the bucket no-such-bucket does not exist"),
        ({"endpoint": "http://127.0.0.1:1"}, "can't be reached"),
    ],
)
def test_a_store_that_is_not_there(cloud, monkeypatch, capsys, more, said) -> None:
    monkeypatch.setattr(buckets, "RETRIES", 0)
    place = cloud.place(**more)
    assert main(["run", "--home", str(place.home)]) == 2
    assert said in (found := capsys.readouterr().err)
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in found


def test_refused_credentials_are_told_and_not_shown(cloud, monkeypatch) -> None:
    monkeypatch.setattr(buckets, "RETRIES", 0)
    cloud.proxy.faults = [Fault("GET", "list-type", 403, 100), Fault("PUT", "", 403, 100)]
    with pytest.raises(LakeError, match="refuses these credentials") as caught:
        ingest(cloud.place().workspace)
    assert not [value for value in KEYS.values() if value in str(caught.value)]


def test_a_name_that_is_no_path(cloud) -> None:
    cloud.put("a//b.json", lines(event(1)))
    with pytest.raises(LakeError, match="an object's name can't be used"):
        ingest(cloud.place().workspace)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"drop": "in/drop"}, "storage.drop"),
        ({"lake": "s3://somewhere/in", "drop": "s3://somewhere/in/drop"}, "must not overlap"),
        ({"endpoint": "http://name:secret@host"}, "storage.endpoint"),
        ({"secret_access_key": "x"}, "Extra inputs are not permitted"),
    ],
)
def test_mistakes_in_the_settings(cloud, capsys, more, said) -> None:
    place = cloud.place(**more)
    assert main(["run", "--home", str(place.home)]) == 2
    assert said in capsys.readouterr().err


def test_the_doctor_looks_at_the_buckets(cloud, capsys, monkeypatch) -> None:
    monkeypatch.setattr(buckets, "RETRIES", 0)
    examine(cloud.place(drop="s3://no-such-bucket").home)
    said = capsys.readouterr().out
    assert f"ok   lake bucket s3://{cloud.name}/lakes/one" in said
    assert "MEND drop bucket s3://no-such-bucket" in said
    assert "the bucket no-such-bucket does not exist" in said
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    examine(cloud.place("other").home)
    assert capsys.readouterr().out.count("no credentials") == 2


def test_a_lake_of_another_hash_key_is_refused_on_an_empty_machine(cloud) -> None:
    cloud.put("a.json", lines(event(1)))
    cloud.place().run()
    assert "privacy/hash_key.json" in cloud.stored()
    other = cloud.place("other")
    (other.home / ".env").write_text("PRODUCTOPS_HASH_KEY=another key for tests alone\n")
    with pytest.raises(LakeError, match="another hash key"):
        other.run()
