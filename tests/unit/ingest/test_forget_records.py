"""What is asked and what is remembered: requests that can be used, records of hashes alone."""

from __future__ import annotations

import json
from contextlib import nullcontext

import pytest

from ingest.config import ConfigError
from ingest.erasures import erasures_path, read_erasures
from ingest.forget import purge
from ingest.hash_key import check_key, key_check
from ingest.ledger import withdraw
from ingest.store import LakeError
from ingest.subjects import Subject, make_request, read_requests
from tests.unit.ingest.conftest import HASH_KEY, event, lines
from tests.unit.ingest.forgetting import (
    ASKED,
    DEVICE,
    KEY,
    MAIL,
    USER,
    filled,
    forget,
    full,
    traces,
)

__all__ = ["filled", "full"]


def test_another_hash_key_is_noticed(full) -> None:
    forget(full)
    (full.home / ".env").write_text("PRODUCTOPS_HASH_KEY=another key for tests alone\n")
    full.drop("x.json", lines(event(50)))
    with pytest.raises(LakeError, match="another hash key"):
        full.run()


def test_another_hash_key_is_noticed_where_nobody_was_erased(place) -> None:
    place.land("a.json", lines(event(1)))
    (place.home / ".env").write_text("PRODUCTOPS_HASH_KEY=another key for tests alone\n")
    place.drop("b.json", lines(event(2)))
    with pytest.raises(LakeError, match="known by two ids"):
        place.run()
    (place.home / ".env").write_text(f"PRODUCTOPS_HASH_KEY={HASH_KEY}\n")
    place.run()
    assert len(place.rows("usage_events")) == 2
    (check,) = (place.home / "lake/privacy").glob("*")
    assert check.name == "hash_key.json"
    assert HASH_KEY not in check.read_text()
    assert check.stat().st_mode & 0o077 == 0


def test_the_check_of_the_hash_key_is_known_by_its_earlier_name(place) -> None:
    for check, is_ours in (("another one", False), (key_check(HASH_KEY), True)):
        earlier = place.home / "lake/privacy/hash_key"
        earlier.parent.mkdir(exist_ok=True)
        earlier.write_text(f"{check}\n")
        with nullcontext() if is_ours else pytest.raises(LakeError, match="another hash key"):
            check_key(place.home / "lake", HASH_KEY)
        assert earlier.with_suffix(".json").is_file() == is_ours
        assert earlier.is_file() != is_ours


def test_a_new_hash_key_as_the_handbook_has_it(full) -> None:
    """Landed anew and erased anew, before anything is built of it."""
    forget(full)
    bob = full.rows("identities", "email_key")
    (full.home / "lake").rename(full.home / "lake.old")
    (full.home / ".env").write_text("PRODUCTOPS_HASH_KEY=another key for tests alone\n")
    full.run()
    assert traces(full, MAIL)
    _, seen = forget(full)
    assert seen.is_clean
    assert traces(full, MAIL, USER, DEVICE) == []
    assert len(full.rows("identities", "email_key")) == len(bob)
    assert full.rows("identities", "email_key") != bob


def test_the_record_holds_hashes_and_counts_alone(full) -> None:
    forget(full)
    (record,) = read_erasures(full.home / "lake")
    assert set(record) == {"erased_at", "status", "subjects", "rows", "files_read",
                           "files_holding", "key"}  # fmt: skip
    assert KEY in record["subjects"]
    assert all(len(subject) == 64 for subject in record["subjects"])
    text = erasures_path(full.home / "lake").read_text()
    for word in (MAIL, USER, DEVICE, "9001"):
        assert word not in text
    assert erasures_path(full.home / "lake").stat().st_mode & 0o077 == 0


def test_a_damaged_record_is_named(full) -> None:
    forget(full)
    path = erasures_path(full.home / "lake")
    path.write_text(path.read_text() + "{half\n")
    with pytest.raises(LakeError, match=r"erasures\.jsonl:2: not a record"):
        full.run()


def test_deliveries_that_wait_must_be_landed_first(full) -> None:
    withdraw(full.workspace, "drop/again.json", "test")
    with pytest.raises(LakeError, match="wait to be landed again"):
        purge(full.workspace, ASKED)


@pytest.mark.parametrize("address", ["ada", "ada@", "@corp.test", "ada@corp", "a b@corp.test", ""])
def test_what_is_no_address_is_refused(address) -> None:
    with pytest.raises(ConfigError, match=r"is no e-mail address|nothing was done"):
        make_request([address])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "header"), ("name\nada\n", "header"), ("email\n", "no request"),
        ("email\nada@corp.test\nada\n", ":3: 'ada' is no e-mail"),
        (b"email\n\xff\xfe@x\n", "can't be read"),
    ],
)  # fmt: skip
def test_a_file_of_requests_that_cant_be_used(tmp_path, text, words) -> None:
    path = tmp_path / "requests.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        read_requests(path)
    assert words in str(caught.value)
    with pytest.raises(ConfigError, match="can't be read"):
        read_requests(tmp_path / "absent.csv")


def test_a_file_of_requests(tmp_path) -> None:
    path = tmp_path / "requests.csv"
    path.write_text("user_id,email,note\nu1,A@b.test,x\n,c@d.test,\nu2,,\n,,\n")
    request = read_requests(path)
    assert request.emails == {"a@b.test", "c@d.test"}
    assert request.user_ids == {"u1", "u2"}


def test_a_subject_survives_its_note() -> None:
    subject = Subject(frozenset({"a@b.test"}), refs=frozenset({("x", "1"), ("y", "1")}))
    assert Subject.from_document(json.loads(json.dumps(subject.document()))) == subject


def test_devices_that_are_theirs_by_word_of_a_call_or_of_a_vendor(place) -> None:
    """Nobody signed in on them: an `alias` call and Mixpanel's identity mappings tell whose."""
    place.drop("map_2026-05-01.csv", f"distinct_id,resolved_distinct_id\nlaptop-ada-9,{USER}\n")
    call = {"type": "alias", "previousId": "phone-ada-9"}
    devices = ("laptop-ada-9", "phone-ada-9", "desk-of-nobody")
    uses = [event(n, userId=None, anonymousId=device) for n, device in enumerate(devices)]
    place.drop("uses.json", lines(*uses, event(3, userId=USER, anonymousId=None, **call)))
    place.run()
    assert len(place.rows("usage_events", "event_id")) == 4
    purge(place.workspace, make_request(user_ids=[USER]))
    assert place.rows("usage_events", "event_id") == [("m-2",)]
    assert place.rows("identities", "identity_ref") == []


def test_a_device_that_somebody_else_has_by_word_of_a_call_or_a_vendor_stays(place) -> None:
    other = "user-bob-88"
    head = "distinct_id,resolved_distinct_id\n"
    place.land("map_2026-05-01.csv", f"{head}laptop-9001,{USER}\n")
    place.land("map_2026-05-02.csv", f"{head}laptop-9001,{other}\n")
    alias = {"type": "alias", "previousId": "phone-9001", "anonymousId": None}
    both = [event(n, userId=user, **alias) for n, user in enumerate((USER, other))]
    uses = [event(2, userId=None, anonymousId="phone-9001"),
            event(3, userId=None, anonymousId="laptop-9001"),
            event(4, userId=USER, anonymousId="laptop-9001")]  # fmt: skip
    place.land("uses.json", lines(*both, *uses))
    found, seen = forget(place, make_request(user_ids=[USER]))
    assert seen.is_clean
    assert not found.subject.devices
    assert place.rows("usage_events", "event_id", "order by 1") == [("m-1",), ("m-2",), ("m-3",)]
    assert place.rows("identities", "identity_ref, user_id") == [("laptop-9001", other)]
    # Told again of the erased one, the other's edge still stands; of the other, it is a version.
    place.land("map_2026-05-03.csv", f"{head}laptop-9001,{USER}\n")
    place.land("map_2026-05-04.csv", f"{head}laptop-9001,{other}\nphone-9001,{other}\n")
    told = place.rows("identities", "identity_ref, user_id", "order by updated_at, 1")
    assert told == [("laptop-9001", other), ("laptop-9001", other), ("phone-9001", other)]
    forget(place, make_request(user_ids=[other]))
    assert place.rows("usage_events", "event_id") == []
