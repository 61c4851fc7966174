"""Clear e-mail addresses: kept if the company asks, apart, for the owner alone, and gone when told.

The addresses, lines and hashes that are expected are written by hand, the hashes by Python's hmac.
"""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml
from click.testing import CliRunner

from ingest.absence import scan
from ingest.addresses import look_up
from ingest.build_inputs import write_build_inputs
from ingest.config import ConfigError, PrivacyRules, parse_config
from ingest.contracts import load_contracts, restricted_contracts
from ingest.fields import MappingError
from ingest.forget import conclude, look_for, purge
from ingest.formats import load_formats, parse_part
from ingest.ledger import read_batches, withdraw
from ingest.manifests import read_manifests
from ingest.mapping import compile_mapping
from ingest.store import LakeError
from ingest.subjects import make_request
from orchestration.cli import main
from tests.unit.ingest.apis.conftest import make_puller
from tests.unit.ingest.apis.worlds import ZendeskUsers
from tests.unit.ingest.cloud import client, cloud, server
from tests.unit.ingest.conftest import CONFIG, HASH_KEY, Place, event, lines
from tests.unit.ingest.killing import ROOT, killed_at, moments
from tests.unit.ingest.test_formats import SLACK, TICKET

__all__ = ["client", "cloud", "make_puller", "server"]

KEEP = "privacy: {keep_clear_emails: true}\n"
EVENTS = (
    event(1, userId=" Ann@Corp.test", anonymousId="web:bob@corp.test"),
    event(2, userId="u-2", traits={"email": "mailto:Cid@Corp.test "}, type="identify"),
    event(3, userId="dan%40corp.test", traits={"email": "nobody"}, type="identify"),
    "{broken eve@corp.test",
    event(4, userId="fay@corp.test", timestamp="never", originalTimestamp=None),
    event(5, userId="ann@corp.test", properties={"mail": "gus@corp.test"}),
    event(1, userId=" Ann@Corp.test", anonymousId="web:bob@corp.test"),
    event(6, userId="a-@-7", groupId="hal@corp.test"),
)
# Address -> the first line that holds it.
IN_EVENTS = {"ann@corp.test": 1, "web:bob@corp.test": 1, "cid@corp.test": 2, "dan@corp.test": 3,
             "hal@corp.test": 8}  # fmt: skip


def key_of(address: str) -> str:
    return hmac.new(HASH_KEY.encode(), address.encode(), hashlib.sha256).hexdigest()


def kept(place: Place) -> list[tuple[str, str, int]]:
    """Address, file and line of all that is kept, each with the hash that belongs to it."""
    lake, found = place.home / "lake", []
    on_disk = {p.relative_to(lake).as_posix() for p in lake.glob("restricted/*/*/*/*")}
    manifests = read_manifests(lake)
    assert on_disk == {part.output for m in manifests for part in m.restricted}
    with duckdb.connect() as connection:
        for manifest in manifests:
            for part in manifest.restricted:
                rows = connection.execute(
                    "select email_key, email, source, batch_id, source_file, source_line, "
                    f"row_key, is_revision, extra from '{lake / part.output}'"
                ).fetchall()
                assert len(rows) == part.rows_loaded - part.rows_erased
                for key, email, source, batch_id, file, line, row_key, *rest in rows:
                    assert key == key_of(email)
                    assert row_key == int.from_bytes(
                        hashlib.md5(key.encode()).digest()[8:], "little"
                    )
                    assert (source, batch_id) == (manifest.source, part.batch_id)
                    assert (file, rest) == (manifest.path, [False, None])
                    found.append((email, file, line))
    return sorted(found)


def expected(file: str, lines_of: dict[str, int]) -> list[tuple[str, str, int]]:
    return sorted((email, f"drop/{file}", line) for email, line in lines_of.items())


def texts_of(lake: Path, apart: tuple[str, ...] = ("landing", "restricted")) -> str:
    """Bytes and values of all files but the raw copies and what is kept apart."""
    shown = ""
    files = [path for path in lake.rglob("*") if path.is_file()]
    with duckdb.connect() as connection:
        for path in files:
            if set(path.relative_to(lake).parts) & set(apart):
                continue
            shown += path.read_bytes().decode(errors="replace")
            if path.suffix == ".parquet" and path.name != "_schema.parquet":
                shown += str(connection.execute(f"from read_parquet('{path}')").fetchall())
    return shown.lower()


@pytest.fixture
def keeping(make_place) -> Place:
    return make_place(KEEP)


def turn_off(place: Place) -> None:
    (place.home / "productops.yml").write_text(CONFIG)


def test_addresses_of_events_with_the_first_line_of_each(keeping) -> None:
    outcome = keeping.land("e.json", lines(*EVENTS))
    assert kept(keeping) == expected("e.json", IN_EVENTS)
    part = outcome.parts[0]
    assert (part.rows_in, part.rows_loaded, part.rows_duplicate, part.rows_quarantined) == (
        8, 5, 1, 2,
    )  # fmt: skip
    rows = keeping.rows("usage_events", "user_id, email_key, anonymous_id, group_id")
    keys = {value for row in rows for value in row if value and len(value) == 64}
    assert keys == {key_of(email) for email in IN_EVENTS}


def test_addresses_of_a_table(keeping) -> None:
    keeping.land("slack.csv", SLACK + 'cid,no address,Member,1,1,0,U3,"C\nC",c,\n'
                 "dan,DAN@corp.test,Member,1,1,0,U4,D,d,\nshort,eve@corp.test\n")  # fmt: skip
    assert kept(keeping) == expected(
        "slack.csv", {"ann@corp.test": 2, "bob@corp.test": 3, "dan@corp.test": 6}
    )


def test_addresses_of_a_document_whose_parts_share_them(keeping) -> None:
    mails = enumerate(("Ann@Corp.test", None, "cid@corp.test"), start=1)
    person = {"role": "end-user", "updated_at": "2026-05-01T00:00:00Z"}
    people = [person | {"id": number, "email": mail} for number, mail in mails]
    people.append(people[0] | {"id": 9})
    page = {"tickets": [TICKET | {"assignee_id": "cid@corp.test"}], "users": people,
            "end_of_stream": True}  # fmt: skip
    keeping.land("t.json", json.dumps(page))
    # Ticket 1 names Cid before the third user is Cid: one row, the first place in the file.
    assert kept(keeping) == expected("t.json", {"ann@corp.test": 1, "cid@corp.test": 1})


def test_addresses_of_the_pages_of_an_api(make_puller) -> None:
    puller = make_puller(ZendeskUsers(150))
    config = puller.place.home / "productops.yml"
    config.write_text(config.read_text() + KEEP)
    puller.pulled()
    first, second = [{(n, f"u{n}@acme.test") for n in numbers}
                     for numbers in (range(1, 101), range(101, 151))]  # fmt: skip
    found = kept(puller.place)
    assert {email for email, file, _ in found if file.endswith("/000001")} == {e for _, e in first}
    assert {email for email, file, _ in found if file.endswith("/000002")} == {e for _, e in second}
    assert [line for email, _, line in found if email == "u102@acme.test"] == [2]


def test_small_files_that_are_landed_together_have_files_of_their_own(keeping) -> None:
    for number in range(1, 4):
        keeping.drop(f"{number}.json", lines("", event(number, userId=f"p{number}@corp.test"),
                                             event(9, userId="all@corp.test")))  # fmt: skip
    keeping.drop("4.json", lines(event(4)))
    keeping.run()
    alone = [(f"p{n}@corp.test", f"drop/{n}.json", 2) for n in (1, 2, 3)]
    assert kept(keeping) == sorted([*alone, *(("all@corp.test", f"drop/{n}.json", 3)
                                              for n in (1, 2, 3))])  # fmt: skip


def test_only_the_owner_may_look(keeping) -> None:
    keeping.land("e.json", lines(*EVENTS))
    top = keeping.home / "lake" / "restricted"
    modes = {path.stat().st_mode & 0o777 for path in [top, *top.rglob("*")] if path.is_dir()}
    assert modes == {0o700}
    assert {p.stat().st_mode & 0o777 for p in top.rglob("*") if p.is_file()} == {0o600}
    purge(keeping.workspace, make_request(["ann@corp.test"]))
    assert {p.stat().st_mode & 0o777 for p in top.rglob("*") if p.is_file()} == {0o600}


def test_off_nothing_is_kept_compiled_or_said(place) -> None:
    place.land("e.json", lines(*EVENTS))
    assert not (place.home / "lake" / "restricted").exists()
    assert not any(manifest.restricted for manifest in read_manifests(place.home / "lake"))
    facts = {"source": "s", "file_date": "2026-05-01", "born_on": "2026-01-01",
             "latest_at": "2026-07-01"}  # fmt: skip
    for chosen in load_formats():
        for part in chosen.parts:
            contract = load_contracts()[part.contract]
            compiled = compile_mapping(part.mapping, contract, facts)
            statements = compiled.create(contract) + compiled.select("t", "'k'")
            assert "_addresses" not in statements
            assert "address_of" not in statements
    with pytest.raises(ConfigError, match="no clear address is kept"):
        look_up(place.workspace, key_of("ann@corp.test"))
    assert PrivacyRules().keep_clear_emails is False


def test_no_address_stands_anywhere_else(keeping) -> None:
    keeping.drop("e.json", lines(*EVENTS))
    keeping.drop("slack.csv", SLACK + "short,eve@corp.test\n")
    keeping.run()
    write_build_inputs(keeping.workspace)
    shown = texts_of(keeping.home / "lake")
    assert "malformed_json" in shown
    assert not re.findall(r"[a-z:]+@corp\.test", shown.replace("***@corp.test", ""))
    assert re.findall(r"ann@corp\.test", texts_of(keeping.home / "lake", apart=("landing",)))
    assert not [
        b for b in read_batches(keeping.home / "lake") if "clear" in b.contract + b.batch_id
    ]


def test_no_model_suite_page_or_job_knows_of_them() -> None:
    """By name or by folder; the command that a person gives is the one that does."""
    allowed = {ROOT / "orchestration/cli.py", ROOT / "orchestration/commands/address.py"}
    words = re.compile(r"clear_emails|ingest\.addresses|restricted/|restricted_contracts")
    seen = 0
    for top in ("dbt_project", "expectations", "analytics", "orchestration", "demo"):
        for path in (ROOT / top).rglob("*"):
            is_text = path.suffix in {".py", ".sql", ".yml", ".csv", ".html", ".md", ".json"}
            if not is_text or {"target", "__pycache__"} & set(path.parts) or path in allowed:
                continue
            seen += 1
            assert not words.search(path.read_text(encoding="utf-8")), path
    assert seen > 300
    assert "clear_emails" not in load_contracts()
    assert list(restricted_contracts()) == ["clear_emails"]
    with pytest.raises(MappingError, match="unknown contract 'clear_emails'"):
        parse_part({"contract": "clear_emails"}, "here")


@pytest.mark.parametrize("value", ["maybe", "'true'", "1", "[]", ""])
def test_an_answer_that_is_none_is_refused(tmp_path, value) -> None:
    path = tmp_path / "productops.yml"
    text = f"org: {{name: x}}\nprivacy:\n  keep_clear_emails: {value}\n"
    with pytest.raises(ConfigError, match=r"productops\.yml:3: .*neither true nor false"):
        parse_config(text, path)


def test_an_address_is_looked_up_by_its_key(keeping) -> None:
    keeping.land("a.json", lines(event(1), event(2, userId="ann@corp.test")))
    keeping.land("b.json", lines(event(3, userId="ann@corp.test")))
    found = look_up(keeping.workspace, f" {key_of('ann@corp.test').upper()}")
    assert (found.email, found.source_file, found.source_line) == (
        "ann@corp.test", "drop/a.json", 2,
    )  # fmt: skip
    home = str(keeping.home)
    shown = CliRunner().invoke(main, ["--home", home, "address", key_of("ann@corp.test")])
    assert (shown.exit_code, shown.stdout) == (0, "ann@corp.test\n")
    assert "drop/a.json, line 2" in shown.stderr
    other = CliRunner().invoke(main, ["--home", home, "address", key_of("bob@corp.test")])
    assert (other.exit_code, other.stdout) == (1, "")
    for word in ("ann@corp.test", "abc", "g" * 64, ""):
        bad = CliRunner().invoke(main, ["--home", home, "address", word])
        assert bad.exit_code == 2
        assert "is no key of a person" in bad.stderr
    withdraw(keeping.workspace, "drop/a.json", "test")
    assert look_up(keeping.workspace, key_of("ann@corp.test")).source_file == "drop/b.json"
    for path in (keeping.home / "lake/restricted").rglob("*.parquet"):
        path.unlink()
    with pytest.raises(LakeError, match="can't be read"):
        look_up(keeping.workspace, key_of("ann@corp.test"))


@pytest.mark.slow
def test_landed_again_after_a_withdrawal(keeping) -> None:
    keeping.land("a.json", lines(event(1, userId="ann@corp.test")))
    keeping.land("b.json", lines(event(1, userId="ann@corp.test"), event(2)))
    before = kept(keeping)
    withdraw(keeping.workspace, "drop/a.json", "test")
    keeping.run()
    assert kept(keeping) == before


# Forgetting


def people(place: Place) -> Place:
    place.drop("e.json", lines(
        event(1, userId="user-ann-11", traits={"email": "Ann@Corp.test"}, type="identify"),
        event(2, userId="user-bob-22", groupId="ann@corp.test"),
        event(3, userId="bob@corp.test", anonymousId="web:ann@corp.test"),
    ))  # fmt: skip
    place.drop("slack.csv", SLACK)
    place.run()
    return place


LEFT = [("bob@corp.test", "drop/e.json", 3), ("bob@corp.test", "drop/slack.csv", 3)]


def forget(place: Place, request) -> None:
    found = purge(place.workspace, request)
    seen = scan(place.workspace, found.subject)
    assert seen.is_clean, seen.found
    conclude(place.workspace, found.subject, seen.read, 0)


@pytest.mark.parametrize(
    "request_", [make_request(["ann@corp.test"]), make_request(user_ids=["user-ann-11"])],
    ids=["address", "user id"],
)  # fmt: skip
def test_an_erased_person_has_no_address_any_more(keeping, request_) -> None:
    people(keeping)
    assert len([row for row in kept(keeping) if "ann@" in row[0]]) == 3
    assert look_for(keeping.workspace, request_).rows["clear_emails"] == 2
    forget(keeping, request_)
    assert [row for row in kept(keeping) if not row[0].startswith("web:")] == LEFT
    # The proof looks for the address where the request told it.
    if request_.emails:
        assert kept(keeping) == LEFT
        assert "ann@corp.test" not in texts_of(keeping.home / "lake", apart=("landing",))
    assert look_up(keeping.workspace, key_of("ann@corp.test")) is None
    keeping.land("again.json", lines(
        event(7, userId="user-ann-11", traits={"email": "ann@corp.test"}, type="identify"),
        event(8, userId="user-bob-22", groupId="ann@corp.test"),
        event(9, userId="cid@corp.test"),
    ))  # fmt: skip
    new = [row for row in kept(keeping) if row[1] == "drop/again.json"]
    assert new == [("cid@corp.test", "drop/again.json", 3)]


def test_a_proof_would_see_an_address_that_stayed(keeping) -> None:
    people(keeping)
    request = make_request(["ann@corp.test"])
    [path] = [p for p in (keeping.home / "lake/restricted").rglob("*.parquet")
              if "source=slack" in str(p)]  # fmt: skip
    before = path.read_bytes()
    found = purge(keeping.workspace, request)
    path.write_bytes(before)
    assert scan(keeping.workspace, found.subject).found == (path,)


_FORGET = """
import os, signal, sys
left, real = int(sys.argv[2]), os.replace
def replace(source, target):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(source, target)
os.replace = replace
from ingest.__main__ import main
main(["forget", "--home", sys.argv[1], "--email", "ann@corp.test"])
"""


@pytest.mark.slow
def test_a_device_made_of_an_address_goes_with_its_only_user(keeping) -> None:
    both = event(1, userId="ann@corp.test", anonymousId="web:bob@corp.test")
    keeping.land("e.json", lines(both, event(2, userId="cid@corp.test")))
    forget(keeping, make_request(["ann@corp.test"]))
    keeping.land("f.json", lines(both, event(3, userId="dan@corp.test")))
    assert [row[0] for row in kept(keeping)] == ["cid@corp.test", "dan@corp.test"]


@pytest.mark.parametrize(
    "number",
    [7, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 14) if n != 7)],
)
def test_a_purge_that_is_killed_is_ended_by_the_next(keeping, number) -> None:
    people(keeping)
    words = [sys.executable, "-c", _FORGET, str(keeping.home), str(number)]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL or number > 9
    forget(keeping, make_request(["ann@corp.test"]))
    assert kept(keeping) == LEFT


# Killing


def fill(place: Place) -> Place:
    for number in range(3):
        own = [event(10 * number + n, userId=f"p{n}@corp.test") for n in range(4)]
        place.drop(f"{number}.json.gz", gzip.compress(lines(*own, "bad").encode(), mtime=0))
    place.drop("slack.csv", SLACK)
    return place


@pytest.mark.parametrize(("number", "moment"), moments(16, [(7, "after"), (10, "before")]))
def test_killed_when_a_file_becomes_visible(make_place, number, moment) -> None:
    truth = fill(make_place(KEEP, "undisturbed"))
    truth.run()
    place = fill(make_place(KEEP))
    assert killed_at(place.home, number, moment, "run") or number > 10
    place.run()
    assert kept(place) == kept(truth)
    assert len(kept(place)) == 14


def test_a_file_that_no_manifest_names_goes(keeping) -> None:
    keeping.land("e.json", lines(*EVENTS))
    before = kept(keeping)
    [path] = (keeping.home / "lake/restricted").rglob("*.parquet")
    left = path.parent.with_name("dt=2026-01-01") / path.name
    left.parent.mkdir()
    shutil.copyfile(path, left)
    keeping.run()
    assert not left.exists()
    assert kept(keeping) == before


# Switching off


def test_switched_off_the_next_run_removes_them(keeping) -> None:
    keeping.land("e.json", lines(*EVENTS))
    tokens = {batch.token for batch in read_batches(keeping.home / "lake")}
    rows = keeping.rows("usage_events", "*", "order by event_id")
    turn_off(keeping)
    keeping.run()
    assert not (keeping.home / "lake/restricted").exists()
    assert not any(manifest.restricted for manifest in read_manifests(keeping.home / "lake"))
    assert keeping.rows("usage_events", "*", "order by event_id") == rows
    # Nothing is built anew because of it.
    assert tokens <= {batch.token for batch in read_batches(keeping.home / "lake")}
    (keeping.home / "productops.yml").write_text(CONFIG + KEEP)
    keeping.run()
    assert kept(keeping) == []
    keeping.land("f.json", lines(event(50, userId="ann@corp.test")))
    assert kept(keeping) == [("ann@corp.test", "drop/f.json", 1)]


@pytest.mark.parametrize("number", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 3))])
def test_switching_off_that_is_killed_is_ended_by_the_next_run(keeping, number) -> None:
    fill(keeping).run()
    turn_off(keeping)
    assert killed_at(keeping.home, number, "after", "run")
    keeping.run()
    assert not (keeping.home / "lake/restricted").exists()
    assert not any(manifest.restricted for manifest in read_manifests(keeping.home / "lake"))


# In a bucket


@pytest.mark.slow
def test_in_a_bucket_they_come_and_go_with_the_lake(cloud) -> None:
    cloud.put("slack.csv", SLACK)
    cloud.put("e.json", lines(*EVENTS[:3]))
    place = cloud.place("first")
    config = place.home / "productops.yml"
    config.write_text(config.read_text() + KEEP)
    place.run()
    apart = [key for key in cloud.stored() if key.startswith("restricted/")]
    assert len(apart) == 2
    second = cloud.place("second")
    (second.home / "productops.yml").write_text(config.read_text())
    second.run()
    assert kept(second) == kept(place)
    top = second.home / "lake/restricted"
    assert top.stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o777 for p in top.rglob("*") if p.is_file()} == {0o600}
    forget(second, make_request(["ann@corp.test"]))
    assert [row[0] for row in kept(second)] == ["bob@corp.test", "cid@corp.test", "dan@corp.test"]
    third = cloud.place("third")
    (third.home / "productops.yml").write_text(config.read_text())
    third.run()
    assert kept(third) == kept(second)
    storage = yaml.safe_load(config.read_text())
    storage.pop("privacy")
    (third.home / "productops.yml").write_text(yaml.safe_dump(storage))
    third.run()
    assert not [key for key in cloud.stored() if key.startswith("restricted/")]
    shutil.rmtree(second.home / "lake")
    (second.home / "productops.yml").write_text(yaml.safe_dump(storage))
    second.run()
    assert not (second.home / "lake/restricted").exists()
