"""Pages of an API are judged by what came of their stream, files one by one."""

from __future__ import annotations

from types import SimpleNamespace

from expectations.ledger_checks import check_ledger
from expectations.results import CheckResult
from expectations.set_aside import Before

TICKETS = "zendesk/tickets"


def page(
    number: int, good: int, bad: int = 0, duplicate: int = 0, stream: str = TICKETS
) -> SimpleNamespace:
    path = f"api/{stream}/{number:06}" if stream else f"drop/{number}.json"
    return SimpleNamespace(
        batch_id=f"{stream}-{number}", contract="tickets", source_file=path, stream=stream,
        format="zendesk_tickets", status="loaded", loaded_at=f"2026-05-01T00:00:{number:02}",
        rows_in=good + bad + duplicate, rows_loaded=good, rows_duplicate=duplicate,
        rows_quarantined=bad, rows_suppressed=0, reasons={"bad_created_at": bad} if bad else {},
    )  # fmt: skip


def share(*pages: SimpleNamespace, before=(), repeats=None, limits=None) -> CheckResult:
    results = check_ledger(pages, limits=limits, before=Before(before, repeats))
    (found,) = [result for result in results if result.check_name == "quarantine_share"]
    return found


def test_one_bad_record_in_the_last_small_page_of_a_pull_is_one_of_the_whole_pull() -> None:
    # 1 of 7 on the page, 1 of 207 in the pull.
    assert share(page(1, 100), page(2, 100), page(3, 6, bad=1)).passed
    # The same three records in a file that was dropped are a breach.
    assert share(page(1, 100), page(3, 6, bad=1, stream="")).deliveries == ["drop/3.json"]


def test_more_than_five_per_cent_of_a_pull_hold_all_of_it_back_and_name_the_pages() -> None:
    # 11 of 211 are 5.2 %, though no page but the second has any.
    pull = [page(1, 100), page(2, 90, bad=11), page(3, 10)]
    found = share(*pull)
    assert found.blocks
    assert "1 of 3: api/zendesk/tickets/000002 (share 0.0521, reasons bad_created_at 11)" in (
        found.message
    )
    assert found.deliveries == [one.source_file for one in pull]
    assert [row["source_file"] for row in found.failing_rows] == ["api/zendesk/tickets/000002"]
    # 10 of 200 are 5 %.
    assert share(page(1, 100), page(2, 90, bad=10)).passed


def test_a_company_may_allow_more_for_an_api() -> None:
    # A past of which 8 % can't be read stays as it is, and has no mapping.
    past = page(1, 920, bad=80)
    assert not share(past).passed
    assert share(past, limits={"api:zendesk": 0.08}).passed
    assert not share(past, limits={"api:zendesk": 0.079, "api:other": 1}).passed


def test_streams_are_judged_one_by_one() -> None:
    users = page(1, 0, bad=3, stream="zendesk/users")
    assert share(page(1, 1000), users).deliveries == [users.source_file]


def test_a_pull_of_three_records_is_held_against_the_last_hundred_as_well() -> None:
    built = [page(1, 60), page(2, 60)]
    # 1 of 3 by itself, 1 of 100 with the pages before it.
    assert share(page(9, 2, bad=1), before=built).passed
    # Where there is nothing else, that is all that is known.
    assert not share(page(9, 2, bad=1)).passed
    # Of another stream, nothing is known by it.
    others = [page(1, 500, stream="other/tickets")]
    assert not share(page(9, 2, bad=1), before=others).passed


def test_a_stream_that_went_bad_is_seen_after_a_few_small_pulls() -> None:
    built = [page(1, 1000), page(2, 96), page(3, 0, bad=3)]
    # 3 + 2 of the last 100 records: 5 %. Those before them would drown whatever came.
    assert share(page(4, 0, bad=2), before=built).passed
    # 3 + 3 of 100 records: 6 %.
    found = share(page(4, 0, bad=3), before=built)
    assert (found.failing_rows[0]["share"], found.deliveries) == (
        0.06, ["api/zendesk/tickets/000004"],
    )  # fmt: skip


def test_how_large_the_vendor_s_pages_are_is_of_no_account() -> None:
    built = [page(1, 990, bad=10), page(2, 0, bad=3)]
    # 2 and 3 bad ones, and 95 of a thousand, of which 1 % is bad: 5.95 of the last hundred.
    found = share(page(3, 0, bad=2), before=built)
    assert found.failing_rows[0]["share"] == 0.0595
    assert share(page(3, 0, bad=1), before=built).passed


def test_what_went_bad_before_is_not_held_against_a_pull_that_is_well() -> None:
    # A thousand records with 45 bad ones passed; most of them stood on the last page.
    built = [page(1, 900), page(2, 55, bad=45)]
    assert share(page(3, 19, bad=1), before=built).passed


def test_a_record_that_is_read_once_more_is_bad_once() -> None:
    again = page(4, 2, bad=2, duplicate=9)
    # One of the two was set aside before: 1 of 3, and 2 of 100 with what came before.
    built = [page(3, 99, bad=1)]
    assert share(again, before=built, repeats={again.batch_id: 1}).passed
    assert share(again, repeats={again.batch_id: 2}).passed
    # What is known already makes nothing better: 6 of 12, not 6 of 212.
    known = page(5, 6, bad=6, duplicate=200)
    found = share(known, again, repeats={again.batch_id: 2})
    assert found.failing_rows[0]["share"] == round(6 / 14, 4)
    assert [row["source_file"] for row in found.failing_rows] == [known.source_file]
