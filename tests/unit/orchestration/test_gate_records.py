"""A gate's record speaks of exactly what was looked at, and a crash is no last word."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from expectations import runner
from expectations.results import CheckResult
from expectations.set_aside import Before
from ingest import arrivals
from ingest.config import parse_config
from ingest.settings import Workspace
from orchestration.cli import main
from orchestration.lib import gates
from orchestration.lib.admission import admit, held_back
from orchestration.lib.gates import Print, last_marts_record
from orchestration.lib.paths import PipelineError, stamp
from orchestration.lib.receipt import Plan, Receipt, plan_build
from tests.unit.ingest.conftest import Place, new_home
from tests.unit.ingest.test_formats import SLACK

SHOP = """
sources:
  - name: shop
    files: 'shop/*.csv'
    contract: tool_spend
    reader: {kind: csv}
    fields: {spend_id: id, vendor_name: vendor, spent_on: day, memo: note, state: {const: cleared},
             amount_minor: {path: amount, as: money}, currency: {const: EUR}}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    config = parse_config("org: {name: x}\n", tmp_path / "productops.yml")
    made = Workspace(tmp_path, config, "a-key-for-tests-alone")
    made.warehouse.mkdir()
    made.warehouse_path.write_bytes(b"first")
    return made


@pytest.fixture
def receipt(workspace: Workspace) -> Receipt:
    return Receipt(
        "one", "", "", "", True, (), "", "", stamp(workspace.warehouse_path), {}, {}, {}
    )  # fmt: skip


def evaluates_to(monkeypatch: pytest.MonkeyPatch, *outcomes: CheckResult) -> list[CheckResult]:
    """Lets the runner give one outcome after the other; returns those that are left."""
    left = list(outcomes)
    monkeypatch.setattr(runner, "run", lambda *_, **__: (left.pop(0),))
    monkeypatch.setattr(gates, "take_prints", lambda _: {"m": Print(1, "2-3")})
    return left


PASSED = CheckResult("m", "marts", "m", "c", "critical", passed=True)
FAILED = CheckResult("m", "marts", "m", "c", "critical", passed=False)
CRASHED = CheckResult("m", "marts", "m", "c", "warning", passed=False, crashed=True)


@pytest.mark.parametrize("outcome", [PASSED, FAILED])
def test_an_outcome_is_found_again_without_another_evaluation(
    workspace: Workspace, receipt: Receipt, monkeypatch: pytest.MonkeyPatch, outcome: CheckResult
) -> None:
    left = evaluates_to(monkeypatch, outcome)
    first = gates.gate_marts(workspace, receipt)
    assert gates.gate_marts(workspace, receipt) == first
    assert first.is_open == outcome.passed
    assert left == []


def test_a_crash_closes_the_gate_and_is_tried_again(
    workspace: Workspace, receipt: Receipt, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluates_to(monkeypatch, CRASHED, PASSED)
    assert not gates.gate_marts(workspace, receipt).is_open
    assert gates.gate_marts(workspace, receipt).is_open


def test_a_warehouse_replaced_meanwhile_leaves_no_record_for_the_old_build(
    workspace: Workspace, receipt: Receipt, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluates_to(monkeypatch, PASSED)

    def replaced(path: Path) -> dict[str, Print]:
        draft = path.with_name("draft")
        draft.write_bytes(b"second build")
        os.replace(draft, path)
        return {"m": Print(9, "of the second build")}

    monkeypatch.setattr(gates, "take_prints", replaced)
    with pytest.raises(PipelineError, match="Another build replaced the warehouse"):
        gates.gate_marts(workspace, receipt)
    assert last_marts_record(workspace) is None


def test_a_column_that_came_with_a_delivery_is_told_and_the_gate_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(runner, "run", lambda *_, **__: (PASSED,))
    place = Place(new_home(tmp_path / "company"))
    place.land("slack-2026-05-01.csv", SLACK)
    assert _columns_changed(place) == []
    wider = "\n".join(f"{line},x" for line in SLACK.strip().splitlines()).replace(",x", ",shoe", 1)
    place.land("slack-2026-05-02.csv", wider + "\n")
    told = [("drop/slack-2026-05-02.csv", "shoe", "new")]
    assert _columns_changed(place) == told
    # The column is as new as before when the next delivery has it too, for some days.
    place.land("slack-2026-05-03.csv", wider.replace("ann", "eve") + "\n")
    assert _columns_changed(place) == told
    monkeypatch.setattr(gates, "_NEWS_FOR", timedelta(seconds=-5))
    place.land("slack-2026-05-04.csv", wider.replace("ann", "kim") + "\n")
    assert _columns_changed(place) == []
    _the_command_tells_of(place, "shoe")


def _the_command_tells_of(place: Place, column: str) -> None:
    def diff(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["--home", str(place.home), "schema", "diff", *words])
        return done.exit_code, done.output

    nothing = "No table has a column, no record a field more or less.\n"
    code, told = diff("--source", "slack", "--since", "2026-05-02")
    assert (code, f"new            {column} " in told) == (0, True), told
    assert diff("--since", "2099-01-01") == (0, nothing)
    for words, said in [(("--source", "slakc"), "slakc: nothing was loaded from it"),
                        (("--since", "May"), "'May' does not match the format")]:  # fmt: skip
        code, told = diff(*words)
        assert (code, said in told) == (2, True), told


def test_a_delivery_that_lost_a_column_is_held_back_where_the_company_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(runner, "run", lambda *_, **__: (PASSED,))
    place = Place(new_home(tmp_path / "company", SHOP))
    place.land("shop/1.csv", "id,vendor,day,amount,note\n1,Figma,2026-05-01,5,seats\n")
    place.land("shop/2.csv", "id,vendor,day,amount\n2,Figma,2026-05-02,6\n")

    def held(receipt: Receipt | None = None) -> list[str]:
        plan = replace(plan_build(place.workspace), receipt=receipt)
        record = gates.gate_lake(place.workspace, plan)
        files = {batch.token: batch.source_file for batch in plan.added}
        return sorted({files[token] for token in record.held_back})

    assert held() == []
    suite = place.home / "expectations" / "raw" / "tool_spend.yml"
    suite.parent.mkdir(parents=True)
    suite.write_text("name: tool_spend\nlayer: raw\ntable: tool_spend\non_drift: block\n")
    assert held() == ["drop/shop/2.csv"]
    # It does not pass by waiting until the change is no news any more.
    monkeypatch.setattr(gates, "_NEWS_FOR", timedelta(seconds=-5))
    place.land("shop/3.csv", "id,vendor,day,amount\n3,Figma,2026-05-03,7\n")
    built = Receipt("one", "", "", "", True, (), "", "", stamp(Path(__file__)), {}, {}, {})
    assert held(built) == ["drop/shop/2.csv", "drop/shop/3.csv"]
    suite.write_text("# nothing\n")
    assert held(built) == []


def _columns_changed(place: Place) -> list[tuple[str, str, str]]:
    record = gates.gate_lake(place.workspace, plan_build(place.workspace))
    assert record.is_open
    (found,) = [check for check in record.checks if check.check_name == "columns_changed"]
    assert found.passed is not bool(found.failing_rows)
    return [(row["source_file"], row["column"], row["what"]) for row in found.failing_rows]


def test_what_is_held_back_is_not_planned_and_if_that_is_all_nothing_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "SETTLE_SECONDS", 0.0)
    bad = replace(FAILED, layer="raw", table="tool_seats", deliveries=["drop/slack-2026-05-02.csv"])
    monkeypatch.setattr(runner, "run", lambda *_, **__: (bad,))
    place = Place(new_home(tmp_path / "company"))
    place.land("slack-2026-05-01.csv", SLACK)
    place.land("slack-2026-05-02.csv", SLACK.replace("ann", "eve"))
    place.land("slack-2026-05-03.csv", SLACK.replace("ann", "kim"))
    record, plan = admit(place.workspace)
    # The bad one and the one after it; what came before it is built.
    assert {batch.source_file for batch in plan.added} >= {"drop/slack-2026-05-01.csv"}
    [held] = held_back(place.workspace, record)
    assert (held.source, held.files) == ("slack", 2)
    assert not {batch.token for batch in plan.added} & set(record.held_back)
    everything = tuple(batch.token for batch in plan_build(place.workspace).added)
    nothing = plan_build(place.workspace, everything)
    assert (nothing.kind, nothing.added) == ("nothing_to_do", ())
    assert nothing.why == ("all that was delivered is held back",)


def test_a_breach_that_nobody_can_place_holds_back_all_that_deliver_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "SETTLE_SECONDS", 0.0)
    crashed = replace(CRASHED, layer="raw", table="tool_seats")
    monkeypatch.setattr(runner, "run", lambda *_, **__: (crashed,))
    place = Place(new_home(tmp_path / "company"))
    place.land("slack-2026-05-01.csv", SLACK)
    record, _ = admit(place.workspace)
    assert [held.source for held in held_back(place.workspace, record)] == ["slack"]


def test_what_was_withdrawn_is_weighed_no_more(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small pulls are held against built pages, so that a verdict ends with one of these."""
    looks: list[Plan] = []
    monkeypatch.setattr(gates, "pages_before", lambda *_: looks.append(plan) or Before())
    plan = Plan("incremental", ())
    gates.gate_lake(workspace, plan)
    gates.gate_lake(workspace, plan)
    assert len(looks) == 1
    gates.gate_lake(workspace, replace(plan, removed=("page@2026-05-01",)))
    assert len(looks) == 2


def test_what_was_built_before_is_never_held_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of a person are erased from a delivery: it is another one, and still a good one."""
    monkeypatch.setattr(arrivals, "SETTLE_SECONDS", 0.0)
    bad = replace(FAILED, layer="raw", table="tool_seats", deliveries=["drop/slack-2026-05-01.csv"])
    monkeypatch.setattr(runner, "run", lambda *_, **__: (bad,))
    place = Place(new_home(tmp_path / "company"))
    place.land("slack-2026-05-01.csv", SLACK)
    place.land("slack-2026-05-02.csv", SLACK.replace("ann", "eve"))
    plan = plan_build(place.workspace)
    first = next(b for b in plan.added if b.source_file == "drop/slack-2026-05-01.csv")
    older = f"{first.batch_id}@2020-01-01T00:00:00.000000"
    built = Receipt("one", "", "", "", True, (older,), "", "", stamp(Path(__file__)), {}, {}, {})
    record = gates.gate_lake(place.workspace, replace(plan, receipt=built))
    assert first.token not in record.held_back
    assert len(record.held_back) == 1
