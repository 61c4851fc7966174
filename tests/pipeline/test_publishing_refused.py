"""Publishing can't be fooled: what did not pass, or is not what passed, is not published.

One build waits to be published; each test harms a copy of it in another way.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from expectations.suites import ExpectationSpec
from ingest.ledger import read_manifests
from ingest.settings import open_workspace
from orchestration.lib import gates
from orchestration.lib import publish as publishing
from orchestration.lib.gates import gate_marts, last_marts_record
from orchestration.lib.paths import PublishRefusedError
from orchestration.lib.publish import publish
from orchestration.lib.receipt import read_receipt
from tests.pipeline.conftest import productops, published_bytes


@pytest.fixture
def home(waiting: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "home"
    shutil.copytree(waiting, copy, symlinks=True)
    return copy


def refused(home: Path, words: str, alone: bool = False) -> None:
    """Publishing refuses and changes nothing; `alone`: the program says why, in plain words."""
    before = published_bytes(home)
    with pytest.raises(PublishRefusedError, match=words):
        publish(open_workspace(home))
    if not alone:
        assert published_bytes(home) == before
        return
    done = productops(home, "publish")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()
    assert published_bytes(home) == before


def test_alone_after_a_gate_that_failed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    impossible = ExpectationSpec(
        "row_count", "expect_table_row_count_to_be_between", {"min_value": 10**9}, "critical",
        "There must be a billion of them.",
    )  # fmt: skip
    suites = gates.mart_suites(home)
    harsh = (replace(suites[0], expectations=(impossible,)), *suites[1:])
    monkeypatch.setattr(gates, "mart_suites", lambda *_: harsh)
    workspace = open_workspace(home)
    (workspace.warehouse / "marts_gate.json").unlink()
    receipt = read_receipt(workspace)
    assert receipt is not None
    assert not gate_marts(workspace, receipt).is_open
    # The record of the failure lies there: another process publishes by it, or not at all.
    refused(home, "a billion", alone=True)


def test_a_record_of_another_build_opens_no_gate(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = open_workspace(home)
    path = workspace.warehouse / "marts_gate.json"
    forged = json.loads(path.read_text()) | {"subject": "another-build"}
    path.write_text(json.dumps(forged))
    asked: list[str] = []
    monkeypatch.setattr("expectations.runner.run", lambda *_, **__: asked.append("all") or ())
    publish(workspace)
    assert asked == ["all"]
    record = last_marts_record(workspace)
    receipt = read_receipt(workspace)
    assert record is not None
    assert receipt is not None
    assert record.subject == receipt.build_id


def test_a_stale_receipt(home: Path) -> None:
    """It describes the file that was there before this one."""
    path = home / "warehouse" / "receipt.json"
    receipt = json.loads(path.read_text())
    receipt["warehouse"] |= {"size": receipt["warehouse"]["size"] - 4096, "sha256": "0" * 64}
    path.write_text(json.dumps(receipt))
    refused(home, "No receipt describes the warehouse")


def test_no_receipt_at_all(home: Path) -> None:
    (home / "warehouse" / "receipt.json").unlink()
    refused(home, "No receipt describes the warehouse")


def test_a_warehouse_that_was_written_to(home: Path) -> None:
    with duckdb.connect(str(home / "warehouse" / "warehouse.duckdb")) as connection:
        connection.execute("update marts.active_users__daily set dau_count = dau_count + 1")
    refused(home, "something else wrote to it")


def test_a_candidate_built_from_other_inputs(home: Path) -> None:
    """It holds a delivery that this lake never had."""
    [built, *_] = [entry for entry in read_manifests(home / "lake") if entry.status == "loaded"]
    entries = (home / "lake" / "ledger").rglob("*.json")
    [entry] = [path for path in entries if f'"path": "{built.path}"' in path.read_text()]
    entry.unlink()
    refused(home, "older than what was delivered", alone=True)


@pytest.mark.parametrize("form", ["productops.duckdb", "parquet/active_users__daily.parquet"])
def test_a_candidate_that_was_tampered_with(
    home: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = publishing.export

    def tampered(warehouse: Path, draft: Path) -> None:
        honest(warehouse, draft)
        path = draft / form
        if path.suffix == ".duckdb":
            with duckdb.connect(str(path)) as connection:
                connection.execute("update marts.active_users__daily set dau_count = 7 "
                                   "where activity_on = (select max(activity_on) from "
                                   "marts.active_users__daily)")  # fmt: skip
            return
        duckdb.execute(f"create or replace table t as from '{path}'")
        duckdb.execute("update t set dau_count = dau_count + 1")
        duckdb.execute(f"copy t to '{path}' (format parquet)")

    monkeypatch.setattr(publishing, "export", tampered)
    before = published_bytes(home)
    with pytest.raises(PublishRefusedError, match="active_users__daily"):
        publish(open_workspace(home))
    monkeypatch.undo()
    assert {name: digest for name, digest in published_bytes(home).items()
            if not name.startswith(".draft")} == before  # fmt: skip
    assert publish(open_workspace(home)).is_new
