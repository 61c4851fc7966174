"""The ledger's own checks against batches written here."""

from __future__ import annotations

from types import SimpleNamespace

from expectations.ledger_checks import LEDGER_CHECKS, check_ledger


def _batch(**changes: object) -> SimpleNamespace:
    values = {
        "batch_id": "b", "contract": "tickets", "source_file": "drop/a.csv",
        "format": "zendesk",
        "status": "loaded", "rows_in": 100, "rows_loaded": 90, "rows_duplicate": 5,
        "rows_quarantined": 5, "rows_suppressed": 0, "rows_revision": 0,
        "reasons": {"malformed_json": 5},
        "stream": "", "loaded_at": "2026-05-01", **changes,
    }  # fmt: skip
    return SimpleNamespace(**values)


def _refusal(**changes: object) -> SimpleNamespace:
    values = {"path": "drop/x.csv", "format": "zendesk_tickets", "reason": "truncated",
              "detail": "the last line is cut", **changes}  # fmt: skip
    return SimpleNamespace(**values)


def _change(**changes: object) -> SimpleNamespace:
    values = {"contract": "tickets", "column": "colour", "what": "new", "first_file": "drop/a.csv",
              "remedy": "map it", **changes}  # fmt: skip
    return SimpleNamespace(**values)


def _failed(*args, **kwargs) -> dict[str, list[str]]:
    return {
        result.check_name: [row["source_file"] for row in result.failing_rows]
        for result in check_ledger(*args, **kwargs)
        if not result.passed
    }


def test_a_balanced_ledger_passes_every_check_in_a_fixed_order() -> None:
    results = check_ledger([_batch()], [])
    assert all(result.passed and not result.blocks for result in results)
    assert [r.check_name for r in results] == [check.check_name for check in LEDGER_CHECKS]
    assert {result.table for result in results} == {"batches"}


def test_five_per_cent_may_be_set_aside_and_not_a_row_more() -> None:
    assert _failed([_batch()]) == {}
    more = _batch(rows_loaded=89, rows_quarantined=6)
    assert _failed([more]) == {"quarantine_share": ["drop/a.csv"]}
    (share,) = [r for r in check_ledger([more]) if not r.passed]
    assert share.blocks
    assert "drop/a.csv (share 0.06, reasons malformed_json 5)" in share.message


def test_a_company_may_allow_more_for_a_format() -> None:
    half = _batch(rows_loaded=45, rows_quarantined=50, format="mapping:logs")
    assert _failed([half], limits={"mapping:logs": 0.5}) == {}
    assert _failed([half], limits={"mapping:other": 0.5}) == {"quarantine_share": ["drop/a.csv"]}


def test_rows_that_vanished_are_named() -> None:
    assert _failed([_batch(rows_loaded=89)]) == {"ledger_balance": ["drop/a.csv"]}


def test_an_empty_delivery_and_one_that_was_not_loaded_are_no_breach() -> None:
    empty = _batch(rows_in=0, rows_loaded=0, rows_duplicate=0, rows_quarantined=0)
    refused = _batch(status="rejected", rows_loaded=0)
    assert _failed([empty, refused]) == {}


def test_a_refused_file_of_a_known_format_blocks_and_an_unknown_one_warns() -> None:
    unknown = _refusal(path="drop/y.bin", format="", reason="unknown_format")
    results = {r.check_name: r for r in check_ledger([], [unknown, _refusal()])}
    known = results["rejected_file_of_known_format"]
    assert (known.passed, known.blocks, known.unexpected_count) == (False, True, 1)
    assert "drop/x.csv" in known.message
    other = results["file_of_unknown_format"]
    assert (other.passed, other.blocks, other.severity) == (False, False, "warning")
    assert other.failing_rows[0]["source_file"] == "drop/y.bin"


def test_the_order_of_deliveries_changes_nothing() -> None:
    batches = [_batch(batch_id=str(n), rows_loaded=1) for n in range(30)]
    assert check_ledger(batches) == check_ledger(reversed(batches))
    assert len(check_ledger(batches)[0].failing_rows) == 20
    assert check_ledger(batches)[0].unexpected_count == 30


def test_columns_that_came_or_went_are_told_and_stop_nothing() -> None:
    changes = [
        _change(), _change(column="status", what="vanished"),
        _change(column="old", what="was missing"), _change(column="spare", what="not read"),
    ]  # fmt: skip
    (told,) = [r for r in check_ledger([_batch()], changes=changes) if not r.passed]
    assert (told.check_name, told.severity, told.blocks) == ("columns_changed", "warning", False)
    assert [row["column"] for row in told.failing_rows] == ["colour", "status"]
    assert "drop/a.csv (column colour)" in told.message
    assert "schema diff" in told.message
    assert "2 of 4" in told.message
    assert _failed([_batch()], changes=changes[2:]) == {}


def test_a_column_that_a_contract_can_not_do_without_holds_back_the_delivery_it_went_in() -> None:
    """What was built before, what came anew and what other contracts lost is told alone."""
    changes = [
        _change(column="status", what="vanished"), _change(column="arr", what="retyped"),
        _change(column="colour"), _change(column="team", what="vanished", first_file="drop/0.csv"),
        _change(column="plan", what="vanished", contract="accounts"),
    ]  # fmt: skip
    found = {r.check_name: r for r in check_ledger([_batch()], (), {}, changes, {"tickets"})}
    lost, told = found["columns_lost"], found["columns_changed"]
    assert (lost.blocks, lost.deliveries) == (True, ["drop/a.csv"])
    assert [row["column"] for row in lost.failing_rows] == ["arr", "status"]
    assert "on_drift: block" in lost.message
    assert (told.blocks, [row["column"] for row in told.failing_rows]) == (
        False, ["team", "plan", "colour"],
    )  # fmt: skip


def test_a_breach_names_its_deliveries_beyond_the_rows_that_are_shown() -> None:
    many = [
        _batch(batch_id=f"b{number}", source_file=f"drop/{number:02}", rows_loaded=0)
        for number in range(30)
    ]  # fmt: skip
    results = {r.check_name: r for r in check_ledger([*many, _batch()], [_refusal()])}
    balance = results["ledger_balance"]
    assert len(balance.failing_rows) == 20
    assert balance.deliveries == [f"drop/{number:02}" for number in range(30)]
    assert results["rejected_file_of_known_format"].deliveries == ["drop/x.csv"]
    assert results["quarantine_share"].deliveries == []


def test_ids_of_events_that_come_with_another_content_are_told_beyond_one_in_ten_thousand() -> None:
    def events(revised: int, contract: str = "usage_events") -> SimpleNamespace:
        return _batch(contract=contract, rows_in=20_000, rows_loaded=20_000, rows_duplicate=0,
                      rows_quarantined=0, rows_revision=revised)  # fmt: skip

    assert _failed([events(2)]) == {}
    assert _failed([events(3)]) == {"conflicting_ids": ["drop/a.csv"]}
    assert not any(result.blocks for result in check_ledger([events(3)]))
    # A ticket changes, and that is no conflict.
    assert _failed([events(9_000, "tickets")]) == {}
