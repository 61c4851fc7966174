"""Columns that come and go are kept, told, and nothing is lost because of them."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from typing import Any

import pytest

from ingest.drift import changes, told
from ingest.ledger import read_manifests, withdraw
from ingest.manifests import standing_manifests
from ingest.store import LakeError
from tests.unit.ingest.conftest import Place, loaded, rejected
from tests.unit.ingest.test_formats import TICKET
from tests.unit.ingest.test_kill import ROOT

HEAD = "username,email,status,billing-active,userid"
ROW = "ann,ann@corp.test,Member,1,U1"


def seen(place, **only: Any) -> dict[str, tuple[str, str]]:
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


def test_a_column_that_may_name_people_is_told_and_not_kept(place) -> None:
    land(place, 1, {})
    land(place, 2, {"requester name": "Ann", "floor": "3"})
    remedies = {c.column: c.remedy for c in changes(read_manifests(place.workspace.lake))}
    assert remedies["requester name"].startswith("not kept; to use it, map")
    assert remedies["floor"].startswith("kept in `extra`; to use it, map")
    extra = place.rows("tool_seats", "extra", "and extra is not null")
    assert [json.loads(row[0]) for row in extra] == [{"floor": "3"}]


def test_another_question_of_a_survey_is_no_news(place) -> None:
    """Columns that become rows are read; what may name people beside them is told and not kept."""
    head = "StartDate,EndDate,Status,RecordedDate,ResponseId,Finished"
    row = "x,y,IP Address,2026-05-01 10:00:00"
    for day, more, answers in ((1, ",Q1", ",9"), (2, ",Q1,Q2,phone", ",9,Great,1")):
        names = f"{head}{more}\n"
        place.land(f"s_2026-05-0{day}.csv", f"{names * 3}{row},R_{day},True{answers}\n")
    questions = place.rows("survey_responses", "question_id", "order by all")
    assert [row[0] for row in questions] == ["q1", "q1", "q2"]
    found = changes(read_manifests(place.workspace.lake), source="qualtrics")
    news = {c.column: c.remedy[:8] for c in found if c.what == "new"}
    assert news == {"phone": "not kept"}


def test_new_fields_of_documents_are_kept_where_they_are_short_and_name_nobody(place) -> None:
    more = {
            "brand_id": 7, "is_vip": True, "recipient": "desk@corp.test",
            "hint": "call +49 30 1234567", "callerName": "Ann", "due_at": None,
            "follower_ids": [361, 2], "custom": {"id": 1}, "description": "words " * 40,
    }  # fmt: skip
    person = {"id": 361, "role": "agent", "updated_at": "2026-05-01T00:00:00Z", "alias": "Annie"}
    page = {"tickets": [TICKET | more, TICKET | {"id": 2}], "users": [person],
            "end_of_stream": True}  # fmt: skip
    loaded(place.land("tickets.json", json.dumps(page)))
    kept, none = place.rows("tickets", "extra", "order by ticket_id desc")
    assert json.loads(kept[0]) == {
        "brand_id": "7", "is_vip": "true", "recipient": "***@corp.test", "hint": "call [phone]",
    }  # fmt: skip
    assert none == (None,)
    assert place.rows("identities", "extra") == [(None,)]


def test_what_is_kept_is_json_whatever_is_taken_out_of_it(place) -> None:
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N"
    more = {
        "hint": 'password: \\abc12345\\" api_key="k1234567"', "api key": "abc12345",
        "card": "4111111111111111", "number": 4111111111111111, "at": "x\njo (at) corp [dot] test",
        "next": "call\f5552345678", "auth": f"\nbearer {jwt}\\",
        "path": "C:\\new\\", "plan": '"pro"',
    }  # fmt: skip
    place.land("tickets.json", json.dumps({"tickets": [TICKET | more], "end_of_stream": True}))
    ((extra,),) = place.rows("tickets", "extra")
    assert json.loads(extra) == {
        "hint": '[token]" [token]"', "card": "[card]", "number": "[card]", "at": "x\n[email]",
        "next": "call [phone]", "auth": "\n[token]\\", "path": "C:\\new\\", "plan": '"pro"',
    }  # fmt: skip


def test_only_what_was_asked_for(place) -> None:
    land(place, 1, {"team": "A"})
    assert seen(place, since=date(2099, 1, 1)) == {}
    assert "team" in seen(place, source="slack", since=date(2020, 1, 1))
    with pytest.raises(LakeError, match=r"slakc: nothing .* from it; files came from .*slack"):
        seen(place, source="slakc")


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
    assert _memo(place)[0] == "was missing"
    # It goes once more, and a colleague's export never has it.
    place.land("shop/5.csv", f"{head}\n5,Figma,2026-05-05,9\n")
    assert _memo(place) == ("vanished", "drop/shop/5.csv", 1)
    place.land("shop/apac-1.csv", f"{head}\n6,Figma,2026-05-05,9\n")
    place.land("shop/6.csv", f"{head}\n7,Figma,2026-05-06,9\n")
    assert _memo(place) == ("vanished", "drop/shop/5.csv", 2)
    place.land("shop/apac-2.csv", f"{head}\n8,Figma,2026-05-06,9\n")
    assert _memo(place) == ("vanished", "drop/shop/2.csv", 5)


def _memo(place: Place) -> tuple[str, str, int]:
    (memo,) = [c for c in changes(read_manifests(place.workspace.lake)) if c.column == "memo"]
    return memo.what, memo.first_file, memo.file_count


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
