"""A workspace that can't be used says file, line and remedy; secrets show nowhere."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.__main__ import main
from ingest.config import ConfigError
from ingest.load import ingest
from ingest.settings import open_workspace
from tests.unit.ingest.conftest import HASH_KEY, new_home

SOURCE = """sources:
  - name: shop
    files: "shop/*.csv"
    contract: tickets
    reader: {kind: csv}
    fields: {ticket_id: id}
"""


@pytest.mark.parametrize(
    ("config", "line", "said"),
    [
        ("orgs: 1\n", 5, "orgs: Extra inputs are not permitted"),
        ("exclusions:\n  - {subject_type: shoe, subject: x, reason: y}\n", 6, "subject_type"),
        ("publishing:\n  keep_builds: 0\n", 6, "greater than or equal to 1"),
        ('identity:\n  public_email_domains: ["a\'b"]\n', 6, "should match pattern"),
        (SOURCE.replace("name: shop", "name: ../shop"), 6, "should match pattern"),
        (SOURCE.replace("contract: tickets", "contract: ticket"), 6, "unknown contract 'ticket'"),
        (SOURCE.replace("ticket_id: id", "ticketid: id"), 6, "has no column ticketid"),
        (SOURCE.replace("kind: csv", "kind: pdf"), 6, "kind 'pdf' is unknown; one of ndjson"),
        (SOURCE.replace("kind: csv", "kind: xml"), 6, "say in `records` which elements"),
        (SOURCE.replace("kind: csv", "kind: csv, delimiter: ab"), 6, "must be one character"),
        (SOURCE.replace("kind: csv", "kind: csv, skip: 2"), 6, "unknown word skip"),
        (SOURCE + "    zone: Mars/Phobos\n", 6, "no IANA time zone"),
        (SOURCE + "    clock: {stamp: x}\n", 6, "clock: expected a mapping of"),
        (SOURCE.replace("id}", "{path: id, as: shoe}}"), 6, "unknown parser 'shoe'"),
    ],
)
def test_a_mistake_in_the_configuration_names_file_line_and_what_is_expected(
    tmp_path, config, line, said
) -> None:
    home = new_home(tmp_path / "company", config)
    with pytest.raises(ConfigError) as caught:
        ingest(open_workspace(home))
    assert f"{home}/productops.yml:{line}: " in str(caught.value)
    assert said in str(caught.value)


def test_an_unknown_zone_of_the_company(tmp_path) -> None:
    home = new_home(tmp_path / "company")
    path = home / "productops.yml"
    path.write_text("org:\n  name: Test\n  time_zone: Mars/Phobos\n")
    with pytest.raises(ConfigError, match=r"productops\.yml:3: org\.time_zone: .*Europe/Berlin"):
        open_workspace(home)


@pytest.mark.parametrize("text", ["org: [", "just words", ""])
def test_a_configuration_that_is_none(tmp_path, text) -> None:
    home = new_home(tmp_path / "company")
    (home / "productops.yml").write_text(text)
    with pytest.raises(ConfigError, match=r"productops\.yml"):
        open_workspace(home)


def test_a_folder_that_is_no_workspace(tmp_path) -> None:
    with pytest.raises(ConfigError, match="productops init"):
        open_workspace(tmp_path)


@pytest.mark.parametrize(
    "dotenv", [None, "", "PRODUCTOPS_HASH_KEY=short\n", "# nothing\nOTHER=x\n"]
)
def test_without_a_hash_key_nothing_is_hashed(tmp_path, dotenv) -> None:
    home = new_home(tmp_path / "company")
    (home / ".env").unlink()
    if dotenv is not None:
        (home / ".env").write_text(dotenv)
    with pytest.raises(ConfigError, match="PRODUCTOPS_HASH_KEY") as caught:
        open_workspace(home)
    assert str(home / ".env") in str(caught.value)
    assert "short" not in str(caught.value).replace("shorter", "")


def test_the_environment_comes_before_the_file_and_neither_is_shown(tmp_path, monkeypatch) -> None:
    home = new_home(tmp_path / "company")
    assert open_workspace(home).hash_key == HASH_KEY
    monkeypatch.setenv("PRODUCTOPS_HASH_KEY", "another key, long enough")
    workspace = open_workspace(home)
    assert workspace.hash_key == "another key, long enough"
    assert "another key" not in f"{workspace!r} {workspace}"


def test_the_frozen_clock(tmp_path) -> None:
    assert open_workspace(new_home(tmp_path / "a")).as_of_at() == datetime(
        2026, 6, 30, 12, tzinfo=UTC
    )


def _said(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    told = capsys.readouterr()
    return code, told.out, told.err


def test_the_command_says_what_happened_and_how_it_ended(tmp_path, capsys) -> None:
    home = new_home(tmp_path / "company")
    (home / "drop" / "plants.csv").write_text("plant,height\nfern,3\n")
    code, out, _ = _said(capsys, "run", "--home", str(home))
    assert code == 1
    assert "rejected  drop/plants.csv" in out
    code, out, _ = _said(capsys, "run", "--home", str(home))
    assert (code, out) == (0, "Nothing new: 2 files are in the ledger already.\n")
    code, out, _ = _said(capsys, "ledger", "--home", str(home))
    assert code == 0
    assert "drop/plants.csv unknown_format" in out
    code, _, err = _said(capsys, "withdraw", "nothing.csv", "--reason", "x", "--home", str(home))
    assert code == 2
    assert "0 loaded files fit" in err
    code, _, err = _said(capsys, "run", "--home", str(tmp_path))
    assert code == 2
    assert "productops init" in err
    for command in ("formats", "contracts"):
        code, out, _ = _said(capsys, command)
        assert code == 0
        assert len(out.splitlines()) > 10


def test_settings_are_read_where_they_are_asked_for_only(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: pytest.fail("read"))
    with pytest.raises(ConfigError):
        open_workspace(tmp_path)
