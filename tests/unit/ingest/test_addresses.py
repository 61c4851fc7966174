"""Clear e-mail addresses: kept if the company asks, apart, for the owner alone.

The addresses and lines that are expected are written by hand.
"""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from ingest.addresses import look_up
from ingest.build_inputs import write_build_inputs
from ingest.config import ConfigError, PrivacyRules, parse_config
from ingest.contracts import load_contracts, restricted_contracts
from ingest.fields import MappingError
from ingest.forget import purge
from ingest.formats import load_formats, parse_part
from ingest.ledger import read_batches, withdraw
from ingest.manifests import read_manifests
from ingest.mapping import compile_mapping
from ingest.store import LakeError
from ingest.subjects import make_request
from orchestration.cli import main
from tests.unit.ingest.apis.conftest import make_puller
from tests.unit.ingest.apis.worlds import ZendeskUsers
from tests.unit.ingest.clear_emails import EVENTS, KEEP, keeping, kept, key_of, texts_of
from tests.unit.ingest.conftest import event, lines
from tests.unit.ingest.killing import ROOT
from tests.unit.ingest.test_formats import SLACK, TICKET

__all__ = ["keeping", "make_puller"]

# Address -> the first line that holds it.
IN_EVENTS = {"ann@corp.test": 1, "web:bob@corp.test": 1, "cid@corp.test": 2, "dan@corp.test": 3,
             "hal@corp.test": 8}  # fmt: skip


def expected(file: str, lines_of: dict[str, int]) -> list[tuple[str, str, int]]:
    return sorted((email, f"drop/{file}", line) for email, line in lines_of.items())


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
