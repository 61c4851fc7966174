"""Findings and the page, on marts made by hand of which the truth is known."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from analytics.brief.findings import Finding, find, money, percent
from analytics.brief.page import CheckLine, PageContext, build_pages
from analytics.brief.reading import BriefError

ROOT = Path(__file__).resolve().parents[3]
CONTEXT = PageContext("Harborline", "b-1", "2026-06-30 12:00:00", "America/New_York")
MONDAY = dt.date(2026, 1, 5)


class Book:
    """A published file whose marts have the columns that their descriptions promise."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with duckdb.connect(str(path)) as connection:
            connection.execute("create schema marts")
            for file in (ROOT / "dbt_project" / "models" / "marts").glob("*/*.yml"):
                for model in yaml.safe_load(file.read_text())["models"]:
                    columns = ", ".join(f'"{c["name"]}" {c["data_type"]}' for c in model["columns"])
                    connection.execute(f"create table marts.{model['name']} ({columns})")

    def add(self, mart: str, **values: Any) -> None:
        values = {"is_complete": True, "data_through_at": dt.datetime(2026, 6, 30)} | values
        if mart == "row_ledger__batch":
            values.pop("is_complete")
            values.pop("data_through_at")
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" for _ in values)
        with duckdb.connect(str(self.path)) as connection:
            connection.execute(
                f"insert into marts.{mart} ({names}) values ({marks})", list(values.values())
            )


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "productops.duckdb")


def test_open_incidents_are_shown_and_their_words_are_no_markup(book: Book, tmp_path: Path) -> None:
    for name, is_open, is_cause in (("goes on", True, True), ("is over", False, True),
                                    ("follows", True, False)):  # fmt: skip
        book.add(
            "incident__incident", incident_id=name, severity="critical", asset_name="marts/a",
            description=f"<b>{name}</b>", opened_at=dt.datetime(2026, 6, 30, 3), owner="ops",
            is_open=is_open, is_cause=is_cause,
        )  # fmt: skip
    page = build_pages(book.path, tmp_path, CONTEXT)[0].read_text()
    assert "Open incidents" in page
    assert "marts/a: &lt;b&gt;goes on&lt;/b&gt;" in page
    assert "2026-06-30 03:00" in page
    assert "is over" not in page
    assert "follows" not in page


def about(findings: list[Finding], title: str) -> list[Finding]:
    return [finding for finding in findings if finding.title == title]


def week(number: int) -> dt.date:
    return MONDAY + dt.timedelta(weeks=number)


def test_empty_marts_have_no_findings_and_still_a_page(book: Book, tmp_path: Path) -> None:
    assert find(book.path) == []
    page = build_pages(book.path, tmp_path, CONTEXT)[0].read_text()
    assert "nothing yet" in page


def test_a_theme_that_falls_is_found_at_the_week_it_fell(book: Book) -> None:
    counts = [9, 10, 8, 9, 10, 9, 1, 0, 1, 0, 1, 0]
    for number, count in enumerate(counts):
        book.add("theme_demand__theme_week", theme_id="e", theme_name="Exports fail",
                 week_on=week(number), mention_count=count)  # fmt: skip
        book.add("theme_demand__theme_week", theme_id="s", theme_name="Steady",
                 week_on=week(number), mention_count=5)  # fmt: skip
    [found] = about(find(book.path), "A theme that changed")
    # 55 mentions in six weeks, then 3 in six.
    assert "“Exports fail” fell from 9.2 mentions a week (6 weeks before 2026" in found.sentence
    assert "before 2026-02-16)" in found.sentence
    assert "to 0.5 (6 weeks from then on)" in found.sentence
    assert found.n == 58


def test_incomplete_weeks_and_small_numbers_say_nothing(book: Book) -> None:
    for number, count in enumerate([9, 9, 9, 9, 0, 0, 0, 0]):
        book.add("theme_demand__theme_week", theme_id="e", theme_name="E", week_on=week(number),
                 mention_count=count, is_complete=number < 4)  # fmt: skip
    for number, count in enumerate([1, 0, 1, 0, 0, 0, 0, 0]):
        book.add("theme_demand__theme_week", theme_id="t", theme_name="Tiny", week_on=week(number),
                 mention_count=count)  # fmt: skip
    assert find(book.path) == []


def test_a_launch_is_told_with_both_parts_of_its_reach(book: Book) -> None:
    for number, (num, den, out) in enumerate([(0, 0, False), (5, 50, True), (30, 60, True)]):
        book.add("feature_adoption__feature_week", feature_id="eta", week_on=week(number),
                 is_released=out, reach_num=num, reach_den=den)  # fmt: skip
        book.add("feature_adoption__feature_week", feature_id="old", week_on=week(number),
                 is_released=True, reach_num=9, reach_den=90)  # fmt: skip
    [found] = about(find(book.path), "A launched feature")
    assert "30 of 60 entitled active people (50 %)" in found.sentence
    assert "5 of 50 (10 %) in its first week" in found.sentence


def test_idle_seats_are_told_before_notice_is_due_and_not_after(book: Book) -> None:
    common = {
        "reclaimable_seat_count": 18, "assigned_seat_count": 52, "purchased_seat_count": 60,
        "currency": "USD", "renews_on": dt.date(2026, 8, 15), "notice_by_on": dt.date(2026, 7, 16),
    }  # fmt: skip
    book.add("renewal__contract", tool_name="Figma", reclaimable_minor=972_000,
             days_to_notice_count=16, **common)  # fmt: skip
    book.add("renewal__contract", tool_name="Missed", reclaimable_minor=1,
             days_to_notice_count=-1, **common)  # fmt: skip
    book.add("renewal__contract", tool_name="Unknown", reclaimable_minor=None,
             days_to_notice_count=5, **common)  # fmt: skip
    [found] = find(book.path)
    assert "18 of 52 assigned seats were idle for 90 days: 9,720 USD" in found.sentence


def test_every_finding_comes_back_from_its_own_evidence(book: Book) -> None:
    last = dt.date(2026, 6, 28)
    for back, active in ((0, 2), (28, 9), (56, 12)):
        day = last - dt.timedelta(days=back)
        book.add("account_usage__account_day", account_id="a1", plan="pro", activity_on=day,
                 active28_person_count=active, paid_seat_count=20)  # fmt: skip
        book.add("active_users__daily", segment="all", activity_on=day, stickiness_num=30.4,
                 stickiness_den=100 + back)  # fmt: skip
    found = find(book.path)
    assert {finding.title for finding in found} == {"An account that goes quiet", "Active people"}
    with duckdb.connect(str(book.path), read_only=True) as connection:
        for finding in found:
            [row] = connection.execute(finding.evidence_sql).fetchall()
            numbers = {f"{value:,.0f}" for value in row if isinstance(value, int | float)}
            said = set(
                re.findall(r"\b\d[\d,]*\b(?! %)", re.sub(r"\d{4}-\d\d-\d\d", "", finding.sentence))
            )
            assert said - {"28"} <= numbers, finding


def test_words_for_shares_and_money() -> None:
    assert percent(154, 320) == "48 %"
    assert money(972_000, "USD") == "9,720 USD"
    assert money(972_000, "JPY") == "972,000 JPY"


def test_the_page_needs_nothing_from_outside_and_escapes_what_customers_write(
    book: Book, tmp_path: Path
) -> None:
    evil = "<script>alert(1)</script>"
    for number in range(12):
        book.add("theme_demand__theme_week", theme_id="e", theme_name=evil, week_on=week(number),
                 mention_count=9 if number < 6 else 0)  # fmt: skip
    book.add("renewal__contract", tool_name=evil, recommendation=evil,
             notice_by_on=dt.date(2026, 7, 1))  # fmt: skip
    checks = (
        CheckLine("marts.x", "c", "warning", False, evil),
        CheckLine("y", "d", "critical", True, ""),
    )
    context = PageContext(evil, "b-1", "2026-06-30", "UTC", checks)
    page = build_pages(book.path, tmp_path, context)[0].read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "1 of 2 checks did not pass" in page
    outside = re.findall(r"(?:src|href)=\"?(https?://[^\"> ]+)", page)
    assert outside == []
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids)), "pictures on one page must not share ids"


def test_the_same_marts_give_the_same_bytes(book: Book, tmp_path: Path) -> None:
    for number in range(12):
        book.add("theme_demand__theme_week", theme_id="e", theme_name="E", week_on=week(number),
                 mention_count=number)  # fmt: skip
    pages = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        pages.append(build_pages(book.path, tmp_path / name, CONTEXT)[0].read_bytes())
    assert pages[0] == pages[1]


def test_a_file_that_is_no_published_build_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(BriefError, match="productops run"):
        find(tmp_path / "missing.duckdb")
    (tmp_path / "text.duckdb").write_text("this is no database, only a letter")
    with pytest.raises(BriefError, match="no DuckDB file"):
        find(tmp_path / "text.duckdb")
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    with pytest.raises(BriefError, match="a mart is missing"):
        find(tmp_path / "empty.duckdb")


@pytest.mark.browser
def test_the_page_is_drawn_by_a_browser(
    book: Book, tmp_path: Path, screenshot: Callable[..., Path]
) -> None:
    for number in range(12):
        book.add("theme_demand__theme_week", theme_id="e", theme_name="E", week_on=week(number),
                 mention_count=number)  # fmt: skip
    page = build_pages(book.path, tmp_path, CONTEXT)[0]
    picture = screenshot(page.as_uri(), "page.png", 1180, 1400)
    assert picture.stat().st_size > 15_000
