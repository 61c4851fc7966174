"""Reports of test runs: what becomes of each test, and XML that is never trusted."""

from __future__ import annotations

import os
from datetime import datetime

import pytest

from ingest.markup import elements
from tests.unit.ingest.conftest import loaded, rejected

REPORT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites name="nightly" tests="6">
  <testsuite name="export" errors="1" failures="1" skipped="1" tests="4" time="2.5"
             timestamp="2026-05-01T12:00:00+02:00" hostname="ci-7">
    <properties><property name="branch" value="main"/></properties>
    <testcase classname="tests.export" name="test_empty" time="0.012"/>
    <testcase classname="tests.export" name="test_large" time="1,234.5">
      <failure message="assert 3 == 4" type="AssertionError">def test_large():
&gt; assert 3 == 4</failure>
      <system-out><![CDATA[<not a tag>]]></system-out>
    </testcase>
    <testcase classname="tests.export" name="test_broken"><error>no disk</error></testcase>
    <testcase classname="tests.export" name="test_later" time="0"><skipped/></testcase>
  </testsuite>
  <testsuite name="all">
    <testsuite name="inner" timestamp="2026-05-01T10:00:00">
      <testcase classname="c" name="again" time="1"><failure message="flaky"/></testcase>
      <testcase classname="c" name="again" time="2" file="src/c.ts"/>
    </testsuite>
  </testsuite>
</testsuites>
"""
COLUMNS = "suite, check_name, status, message, duration_seconds, checked_at, source_line"
TEN = datetime(2026, 5, 1, 10)


def test_every_test_of_nested_suites_has_its_row(place) -> None:
    outcome = place.land("report.xml", REPORT)
    assert outcome.format == "junit_report"
    assert loaded(outcome) == {"in": 6, "loaded": 6, "duplicate": 0, "quarantined": 0}
    assert place.rows("qa_checks", COLUMNS, "order by source_line") == [
        ("export", "test_empty", "passed", None, 0.012, TEN, 6),
        ("export", "test_large", "failed", "assert 3 == 4", None, TEN, 7),
        ("export", "test_broken", "error", "no disk", None, TEN, 12),
        ("export", "test_later", "skipped", None, 0.0, TEN, 13),
        ("inner", "again", "failed", "flaky", 1.0, TEN, 17),
        ("inner", "again", "passed", None, 2.0, TEN, 18),
    ]
    assert place.rows("qa_checks", "distinct run_id", "order by 1") == [("all",), ("nightly",)]
    # The same test twice in one suite is two results, not two versions of one.
    assert place.rows("qa_checks", "count(distinct qa_check_id), bool_or(is_revision)") == [
        (6, False)
    ]


def test_the_same_run_in_another_file_adds_nothing(place) -> None:
    place.land("report.xml", REPORT)
    again = place.land("again/report.xml", REPORT.replace("  <", "<"))
    assert loaded(again) == {"in": 6, "loaded": 0, "duplicate": 6, "quarantined": 0}
    place.land("next.xml", REPORT.replace("2026-05-01T1", "2026-05-02T1"))
    assert place.rows("qa_checks", "count(*)") == [(12,)]


def test_suites_without_a_time_take_the_day_of_the_file(place) -> None:
    bare = '<testsuite name="s"><testcase name="a"/><testcase classname="c"/></testsuite>'
    place.drop("junit_2026-05-01.xml", bare)
    place.drop("junit_2026-05-02.xml", bare)
    place.run()
    assert place.rows("qa_checks", "check_name, checked_at", "order by 2") == [
        ("a", datetime(2026, 5, 1)), ("a", datetime(2026, 5, 2)),
    ]  # fmt: skip
    assert [(row[1], row[2]) for row in place.quarantine()] == 2 * [(1, "missing_check_name")]


def test_a_turn_is_counted_within_its_suite_however_often_the_report_is_read() -> None:
    tests = '<testcase name="a"><system-out>much</system-out></testcase><testcase name="a"/>'
    report = f"<r>{''.join(f'<testsuite>{tests}</testsuite>' for _ in range(9))}</r>".encode()
    for _ in range(20):
        assert [row["_nth"] for row in elements(report, "testcase")[0]] == ["1", "2"] * 9


def test_a_report_with_a_time_is_the_same_on_whatever_day_it_comes(place) -> None:
    suite = '<testsuite name="s" hostname="{}" timestamp="2026-05-01T10:00:00">{}</testsuite>'
    both = "".join(suite.format(host, '<testcase name="a"/>') for host in ("chrome", "firefox"))
    for day, text in enumerate((f"<r>{both}</r>", f"<r>{both}</r>", f"<r>\n{both}\n</r>")):
        path = place.drop(f"{day}.xml", text)
        os.utime(path, (1777636800 + day * 86400,) * 2)
        place.run()
    assert place.rows("qa_checks", "checked_at, count(*)", "group by 1") == [(TEN, 2)]


BOMB = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<testsuite name="&b;"><testcase name="x"/></testsuite>"""
FILE = """<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/hostname">]>
<testsuite name="s"><testcase name="&x;"/></testsuite>"""
EMPTY_TYPE = '<!DOCTYPE testsuite><testsuite name="s"><testcase name="x"/></testsuite>'
DEEP = "<testsuite>" * 200 + '<testcase name="x"/>' + "</testsuite>" * 200


@pytest.mark.parametrize(
    ("text", "reason", "word"),
    [
        (BOMB, "declares_entities", "never followed"),
        (FILE, "declares_entities", "never followed"),
        (EMPTY_TYPE, "declares_entities", "never followed"),
        (DEEP, "too_deeply_nested", "nested too deeply"),
        (REPORT[:-60], "malformed_xml", "line 18"),
        (REPORT.replace("&gt;", "&nope;"), "malformed_xml", "undefined entity"),
        (REPORT.replace("utf-8", "no-such-code"), "malformed_xml", "encoding"),
        ("<html><body>Sign in</body></html>", "unknown_format", "no known export"),
    ],
)
def test_what_can_not_be_trusted_is_refused_whole(place, text, reason, word) -> None:
    rejected(place.land("report.xml", text), reason, word)
    assert place.rows("qa_checks", "count(*)") == [(0,)]


def test_other_encodings_are_read_as_the_report_says(place) -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>\n<testsuite name="s" ' \
           'timestamp="2026-05-01T10:00:00"><testcase name="größe"/></testsuite>'  # fmt: skip
    place.land("latin.xml", text.encode("latin-1"))
    assert place.rows("qa_checks", "check_name") == [("größe",)]
