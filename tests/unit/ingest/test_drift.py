"""Columns that come and go are kept, told, and nothing is lost because of them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ingest.drift import changes, told
from ingest.ledger import read_manifests, withdraw
from ingest.manifests import standing_manifests
from tests.unit.ingest.conftest import loaded, rejected
from tests.unit.ingest.test_kill import ROOT

HEAD = "username,email,status,billing-active,userid"
ROW = "ann,ann@corp.test,Member,1,U1"


def seen(place, **only: str) -> dict[str, tuple[str, str]]:
    found = changes(read_manifests(place.workspace.lake), **only)
    return {c.column: (c.what, c.first_file) for c in found if c.contract == "tool_seats"}


def land(place, day: int, more: dict[str, str]) -> None:
    head, row = ",".join([HEAD, *more]), ",".join([ROW, *more.values()])
    outcome = place.land(f"slack-2026-05-{day:02d}.csv", f"{head}\n{row}\n")
    assert loaded(outcome)["loaded"] == 1, outcome


def test_a_new_column_is_kept_and_told_once(place) -> None:
    land(place, 1, {})
    land(place, 2, {"cost-centre": "R&D"})
    land(place, 3, {"cost-centre": "Ops"})
    assert seen(place)["cost-centre"] == ("new", "drop/slack-2026-05-02.csv")
    extras = place.rows("tool_seats", "extra", "and extra is not null order by snapshot_on")
    assert [json.loads(row[0]) for row in extras] == [
        {"cost-centre": "R&D"},
        {"cost-centre": "Ops"},
    ]
    assert "map `cost-centre` in productops.yml" in told(
        changes(read_manifests(place.workspace.lake))
    )


def test_a_column_that_goes_again_is_told(place) -> None:
    land(place, 1, {"team": "A"})
    land(place, 2, {})
    assert seen(place)["team"] == ("came and went", "drop/slack-2026-05-01.csv")


def test_what_a_withdrawn_delivery_changed_is_over(place) -> None:
    land(place, 1, {})
    land(place, 2, {"team": "A"})
    withdraw(place.workspace, "drop/slack-2026-05-02.csv", "test data")
    assert "team" in seen(place)
    still = changes(standing_manifests(place.workspace.lake))
    assert {change.column for change in still} == {"username"}  # of the first delivery


def test_only_what_was_asked_for(place) -> None:
    land(place, 1, {"team": "A"})
    assert seen(place, source="figma") == {}
    assert seen(place, since="2099-01-01") == {}
    assert "team" in seen(place, source="slack", since="2020-01-01")


def test_what_the_mapping_reads_and_the_table_lacks_is_told(make_place) -> None:
    place = make_place(
        "sources:\n  - name: shop\n    files: 'shop/*.csv'\n    contract: tool_spend\n"
        "    reader: {kind: csv}\n    fields: {spend_id: id, vendor_name: vendor, spent_on: day,\n"
        "      amount_minor: {path: amount, as: money}, currency: {const: EUR},\n"
        "      state: {const: cleared}, memo: note}\n"
    )
    head = "id,vendor,day,amount"
    place.land("shop/1.csv", f"{head},note\n1,Figma,2026-05-01,5,seats\n")
    place.land("shop/2.csv", f"{head}\n2,Figma,2026-05-02,6\n")
    found = {c.column: c for c in changes(read_manifests(place.workspace.lake), source="shop")}
    assert found["memo"].what == "vanished"
    assert (found["memo"].first_file, found["memo"].file_count) == ("drop/shop/2.csv", 1)
    assert place.rows("tool_spend", "spend_id, memo", "order by 1") == [("1", "seats"), ("2", None)]
    # What is required is refused instead, and no change of a landed table.
    outcome = place.land("shop/3.csv", "id,vendor,amount\n3,Figma,7\n")
    rejected(outcome, "missing_required_column", "spent_on")
    place.land("shop/4.csv", f"{head},note\n4,Figma,2026-05-04,8,x\n")
    (memo,) = [c for c in changes(read_manifests(place.workspace.lake)) if c.column == "memo"]
    assert memo.what in {"was missing", "vanished"}


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_tells_it(place, as_json) -> None:
    land(place, 1, {})
    land(place, 2, {"cost-centre": "R&D"})
    command = [sys.executable, "-m", "ingest", "schema", "--home", str(place.home)]
    out = subprocess.run([*command, *(["--json"] if as_json else [])], cwd=ROOT, check=True,
                         capture_output=True, text=True).stdout  # fmt: skip
    if as_json:
        rows = [json.loads(line) for line in out.splitlines()]
        assert [r["column"] for r in rows if r["what"] == "new"] == ["cost-centre"]
    else:
        assert "slack (slack_members) -> tool_seats" in out
        assert "cost-centre" in out


def test_a_lake_without_changes_says_so(place) -> None:
    assert "No table has" in told(changes(read_manifests(place.workspace.lake)))
