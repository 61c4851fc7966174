"""One bad export holds back its source; all others, and what came before it, are published."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.lib.run import RunReport
from tests.pipeline.conftest import events_of, marts, productops
from tests.pipeline.poisons import mostly_garbage

RULES = """
name: usage_events
layer: raw
table: usage_events
owner: product-analytics
on_fail: quarantine_rows
key: [source, event_id]
runbook: Ask the sender.
expectations:
  - type: expect_column_values_to_not_match_regex
    kwargs: {column: event_name, regex: "^Broken"}
    severity: critical
    description: The sender marks what it could not read.
"""


def later_good(home: Path) -> Path:
    """New events like those of the first day, delivered after the garbage."""
    source = events_of(home)[0]
    lines = [line.replace(b'"messageId":"', b'"messageId":"y')
             for line in gzip.decompress(source.read_bytes()).splitlines()]  # fmt: skip
    target = events_of(home)[-1].with_name("2026-02-02.json.gz")
    target.write_bytes(gzip.compress(b"\n".join(lines) + b"\n"))
    return target


def some_broken(home: Path) -> Path:
    """200 new events, of which 4 say that they are broken."""
    logs = (gzip.decompress(path.read_bytes()) for path in events_of(home))
    lines = [line for log in logs for line in log.splitlines() if line.endswith(b"}")]
    sample = [event for event in map(json.loads, lines) if event["type"] == "track"]
    fresh = [event | {"messageId": f"fresh-{n}", "event": "Report Exported"}
             for n, event in enumerate(sample[:200])]  # fmt: skip
    assert len(fresh) == 200
    for event in fresh[:4]:
        event["event"] = "Broken"
    path = home / "drop" / "early.json"
    path.write_text("".join(f"{json.dumps(event)}\n" for event in fresh))
    return path


def sets_rows_aside(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Lets the gate use RULES alone."""
    from expectations.suites import load_suites
    from orchestration.lib import gates

    (folder / "suites").mkdir()
    (folder / "suites" / "usage_events.yml").write_text(RULES)
    suites = load_suites(folder / "suites")
    monkeypatch.setattr(gates, "raw_suites", lambda *_: suites)


def test_one_bad_export_holds_back_its_source_and_all_others_are_published(
    home: Path, rerun: Callable[[Path], RunReport], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Before it came events of which 4 of 200 break a check: by the suite they stay out alone."""
    sets_rows_aside(monkeypatch, tmp_path)
    early = some_broken(home)
    bad = mostly_garbage(home)
    good = later_good(home)
    slack = sorted((home / "drop" / "slack").glob("*.csv"))[-1]
    text = slack.read_text().splitlines()
    (slack.with_name("slack-members-2026-07-31.csv")).write_text("\n".join(text[:-1]) + "\n")
    report = rerun(home)
    assert not report.is_green
    [held] = report.held_back
    assert (held.source, held.files, held.contracts) == ("segment", 2, ("usage_events",))
    assert report.is_current
    # Neither the bad events are in nor the good ones that came after them ...
    assert _events(home, "x%") == _events(home, "y%") == 0
    # ... but those that came before, without their broken rows, and the member list.
    assert _counts(home, early) == [(200, 200, 4)]
    assert _events(home, "fresh-%") == 196
    assert _events(home, "fresh-%", "Broken") == 0
    assert _ledger(home, "slack-members-2026-07-31.csv") == ["loaded"]
    assert _ledger(home, bad.name) == _ledger(home, good.name) == ["held_back"]


def _ledger(home: Path, name: str) -> list[str]:
    path = home / "published" / "current" / "productops.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute(
            "select distinct status from marts.row_ledger__batch where source_file like ?",
            [f"%{name}"],
        ).fetchall()
    return [status for (status,) in found]


@pytest.mark.slow
def test_from_nothing_the_same_deliveries_and_rows_are_left_out(
    home: Path, rerun: Callable[[Path], RunReport], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sets_rows_aside(monkeypatch, tmp_path)
    path = some_broken(home)
    bad, good = mostly_garbage(home), later_good(home)
    assert [held.source for held in rerun(home).held_back] == ["segment"]
    before = marts(home)
    assert _counts(home, path) == [(200, 200, 4)]
    shutil.rmtree(home / "warehouse")
    assert [held.source for held in rerun(home).held_back] == ["segment"]
    assert marts(home) == before
    # Taken back, the source goes on.
    bad.unlink()
    done = productops(home, "ingest", "--withdraw", bad.name, "--reason", "broken download")
    assert done.returncode == 0, done.stderr
    assert rerun(home).is_green
    assert _ledger(home, good.name) == ["loaded"]
    assert _events(home, "y%") > 0


def _counts(home: Path, path: Path) -> list[tuple]:
    database = home / "published" / "current" / "productops.duckdb"
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(
            "select rows_in_count, rows_loaded_count, rows_kept_out_count "
            "from marts.row_ledger__batch where source_file like ?",
            [f"%{path.name}"],
        ).fetchall()


def _events(home: Path, ids: str, name: str = "%") -> int:
    warehouse = home / "warehouse" / "warehouse.duckdb"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        row = connection.execute(
            "select count(*) from core.fct_event where event_id like ? and event_name like ?",
            [ids, name],
        ).fetchone()
    return row[0] if row else -1
