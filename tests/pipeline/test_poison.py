"""Bad files: each is told plainly, set aside to the row, and nothing bad is ever published."""

from __future__ import annotations

import gzip
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from ingest.ledger import Manifest, read_batches, read_manifests
from ingest.settings import HOME, open_workspace
from orchestration.lib.paths import PublishRefusedError
from orchestration.lib.publish import publish
from orchestration.lib.run import RunReport
from tests.pipeline.conftest import events_of, marts, productops, published_bytes


def truncated(home: Path) -> Path:
    """A download that broke off."""
    source = events_of(home)[-1]
    target = source.with_name("2026-01-29.json.gz")
    whole = gzip.compress(gzip.decompress(source.read_bytes()) * 3)
    target.write_bytes(whole[: len(whole) // 2])
    return target


def without_a_column(home: Path) -> Path:
    """A member list exported without the column that says who it is about."""
    source = sorted((home / "drop" / "slack").glob("*.csv"))[-1]
    header, *rows = source.read_text().splitlines()
    place = header.split(",").index("userid")
    cut = [",".join(c for n, c in enumerate(r.split(",")) if n != place) for r in [header, *rows]]
    target = source.with_name("slack-members-2026-07-31.csv")
    target.write_text("\n".join(cut))
    return target


def mostly_garbage(home: Path) -> Path:
    """A log of which a tenth of the lines is no JSON."""
    source = events_of(home)[-1]
    lines = gzip.decompress(source.read_bytes()).splitlines()
    fresh = [line.replace(b'"messageId":"', b'"messageId":"x') for line in lines]
    broken = [b"<html>502 Bad Gateway</html>"] * (len(fresh) // 10)
    target = source.with_name("2026-01-30.json.gz")
    target.write_bytes(gzip.compress(b"\n".join([*fresh, *broken]) + b"\n"))
    return target


@pytest.mark.parametrize(
    ("poison", "word"),
    [(truncated, "truncated"), (without_a_column, "userid"), (mostly_garbage, "share")],
)
def test_a_critical_breach_changes_no_published_byte_and_publishing_alone_says_why(
    home: Path,
    rerun: Callable[[Path], RunReport],
    poison: Callable[[Path], Path],
    word: str,
) -> None:
    before = published_bytes(home)
    built = (home / "warehouse" / "warehouse.duckdb").stat().st_mtime_ns
    file = poison(home)
    report = rerun(home)
    assert not report.is_green
    assert report.lake is not None
    told = " ".join(f"{check.message} {check.failing_rows}" for check in report.lake.breaches)
    assert file.name in told
    assert word in told or word in " ".join(refused.detail for refused in report.refused)
    assert published_bytes(home) == before
    assert (home / "warehouse" / "warehouse.duckdb").stat().st_mtime_ns == built
    assert not publish(open_workspace(home)).is_new
    alone = productops(home, "publish")
    assert alone.returncode == 1
    assert file.name in alone.stdout
    assert published_bytes(home) == before
    # Once the file is gone (and what was loaded of it withdrawn), all is well again.
    file.unlink()
    if poison is mostly_garbage:
        done = productops(home, "ingest", "--withdraw", file.name, "--reason", "broken download")
        assert done.returncode == 0, done.stderr
    assert rerun(home).is_green


def test_in_dagster_nothing_is_made_of_what_is_held_back(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagster as dg

    from orchestration.definitions import defs

    monkeypatch.setenv(HOME, str(home))
    before = published_bytes(home)
    file = mostly_garbage(home)
    with dg.DagsterInstance.ephemeral() as instance:
        job = defs.resolve_job_def("main_job")
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        below = dg.AssetSelection.groups("published").resolve(defs.resolve_asset_graph())
        alone = job.execute_in_process(
            instance=instance, raise_on_error=False, asset_selection=list(below)
        )
    seen = [event.step_key for event in result.all_events if event.is_step_start]
    assert seen == ["ingest", "gate_of_the_lake", "warehouse"]
    made = {event.asset_key.path[0] for event in result.get_asset_materialization_events()}
    assert made <= {"lake", "deliveries"}
    [failed] = [
        check
        for check in result.get_asset_check_evaluations()
        if not check.passed and check.severity is dg.AssetCheckSeverity.ERROR
    ]
    assert file.name in str(failed.metadata["failing_rows"].value)
    assert alone.success
    assert published_bytes(home) == before


def later_good(home: Path) -> Path:
    """New events like those of the first day, delivered after the garbage."""
    source = events_of(home)[0]
    lines = [line.replace(b'"messageId":"', b'"messageId":"y')
             for line in gzip.decompress(source.read_bytes()).splitlines()]  # fmt: skip
    target = events_of(home)[-1].with_name("2026-02-02.json.gz")
    target.write_bytes(gzip.compress(b"\n".join(lines) + b"\n"))
    return target


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
def test_bad_marts_are_not_published_either(home: Path, rerun: Callable[[Path], RunReport]) -> None:
    before = published_bytes(home)
    shutil.copyfile(events_of(home)[-1], home / "drop" / "again.json.gz")
    workspace = open_workspace(home)
    # Somebody writes to the warehouse by hand: its receipt no longer speaks of it.
    with duckdb.connect(str(workspace.warehouse_path)) as connection:
        connection.execute("update marts.active_users__daily set dau_count = -1")
    with pytest.raises(PublishRefusedError, match="receipt"):
        publish(workspace)
    assert published_bytes(home) == before
    report = rerun(home)
    assert report.is_green
    least = (
        duckdb.connect(str(home / "published" / "current" / "productops.duckdb"), read_only=True)
        .execute("select min(dau_count) from marts.active_users__daily")
        .fetchone()
    )
    assert least is not None
    assert least[0] >= 0


class TestHarmless:
    """What is odd but no reason to stop: one run takes all of it, each is accounted for."""

    @pytest.fixture(scope="class")
    def after(self, finished: Path, tmp_path_factory) -> tuple[Path, RunReport]:
        from orchestration.lib.run import run

        home = tmp_path_factory.mktemp("harmless") / "home"
        shutil.copytree(finished, home, symlinks=True)
        self.plant(home)
        return home, run(open_workspace(home))

    @staticmethod
    def plant(home: Path) -> None:
        events = events_of(home)
        lines = gzip.decompress(events[-1].read_bytes()).splitlines()
        sample = [json.loads(line) for line in lines if line.startswith(b'{"')][:40]
        drop = home / "drop"

        def event(number: int, **changes: object) -> bytes:
            made = sample[number] | {"messageId": f"poison-{number}"} | changes
            return json.dumps(made).encode()

        garbage = [event(n) for n in range(30)]
        garbage.insert(10, b'{"messageId": "half a li')
        (drop / "garbage.json").write_bytes(b"\n".join(garbage) + b"\n")
        shutil.copyfile(events[0], drop / "the same file again.json.gz")
        late = {
            "originalTimestamp": "2026-01-10T12:00:00.000Z",
            "timestamp": "2026-01-10T12:00:00.000Z",
        }
        came = {"sentAt": "2026-02-19T12:00:00.000Z", "receivedAt": "2026-02-19T12:00:01.000Z"}
        (drop / "late.json").write_bytes(event(31, **late, **came) + b"\n")
        ahead = {
            "originalTimestamp": "2026-01-10T15:00:00.000Z",
            "timestamp": "2026-01-10T15:00:00.000Z",
            "sentAt": "2026-01-10T12:00:00.000Z", "receivedAt": "2026-01-10T12:00:01.000Z",
        }  # fmt: skip
        (drop / "ahead.json").write_bytes(event(32, **ahead) + b"\n")
        slack = sorted((drop / "slack").glob("*.csv"))[-1].read_text()
        text = slack.replace("\r\n", "\n")
        (drop / "bom-2026-07-01.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
        (drop / "crlf-2026-07-02.csv").write_bytes(text.replace("\n", "\r\n").encode())
        (drop / "wide-2026-07-03.csv").write_bytes(text.encode("utf-16"))
        header, first, *rest = text.splitlines()
        cells = first.split(",")
        names = header.split(",")
        cells[names.index("fullname")] = '"A name\nin two lines"'
        newline = "\n".join([header, ",".join(cells), *rest]) + "\n"
        (drop / "newline-2026-07-04.csv").write_text(newline)
        (drop / "holiday photo.bin").write_bytes(random.Random(1).randbytes(5000))

    @staticmethod
    def entry(after: tuple[Path, RunReport], name: str) -> Manifest:
        lake = open_workspace(after[0]).lake
        found = [m for m in read_manifests(lake) if m.path == f"drop/{name}"]
        assert len(found) == 1, name
        return found[0]

    def test_the_run_is_green_and_every_batch_balances(self, after) -> None:
        home, report = after
        assert report.is_green, report.lake
        for b in read_batches(open_workspace(home).lake):
            spent = b.rows_loaded + b.rows_duplicate + b.rows_quarantined + b.rows_suppressed
            assert b.rows_in == spent, b

    def test_a_line_of_garbage_is_set_aside_with_line_and_raw_text(self, after) -> None:
        part = self.entry(after, "garbage.json").parts[0]
        assert (part.rows_in, part.rows_loaded, part.rows_quarantined) == (31, 30, 1)
        rows = duckdb.execute(
            "select source_file, source_line, raw, reason from read_parquet(?)",
            [f"{after[0]}/lake/quarantine/**/*usage_events.parquet"],
        ).fetchall()
        mine = [row for row in rows if row[0] == "drop/garbage.json"]
        assert mine == [("drop/garbage.json", 11, '{"messageId": "half a li', "malformed_json")]

    def test_the_same_file_twice_loads_nothing(self, after) -> None:
        entry = self.entry(after, "the same file again.json.gz")
        assert entry.status == "duplicate"
        part = entry.parts[0]
        assert part.rows_in == part.rows_duplicate > 0

    def test_an_event_forty_days_late_rebuilds_its_own_day(self, after) -> None:
        part = self.entry(after, "late.json").parts[0]
        assert part.rows_late == 1
        assert list(part.affected_dates) == ["2026-01-10"]

    def test_a_clock_three_hours_ahead_is_told_by_receipt(self, after) -> None:
        part = self.entry(after, "ahead.json").parts[0]
        found = duckdb.execute(
            "select occurred_at, is_clock_skewed from read_parquet(?)",
            [str(open_workspace(after[0]).lake / str(part.output))],
        ).fetchall()
        assert [(str(at), skewed) for at, skewed in found] == [("2026-01-10 12:00:01", True)]

    @pytest.mark.parametrize(
        "name",
        [
            "bom-2026-07-01.csv",
            "crlf-2026-07-02.csv",
            "wide-2026-07-03.csv",
            "newline-2026-07-04.csv",
        ],
    )
    def test_member_lists_are_read_however_they_were_saved(self, after, name: str) -> None:
        slack = sorted((after[0] / "drop" / "slack").glob("*.csv"))[-1]
        members = len(slack.read_text().splitlines()) - 1
        part = self.entry(after, name).parts[0]
        assert (part.rows_in, part.rows_loaded, part.rows_quarantined) == (members, members, 0)

    def test_an_unknown_file_is_named_and_harms_nothing(self, after) -> None:
        entry = self.entry(after, "holiday photo.bin")
        assert (entry.status, entry.reason) == ("rejected", "unknown_format")
        assert "holiday photo.bin" in entry.detail
        assert after[1].lake is not None
        warned = " ".join(check.message for check in after[1].lake.warnings)
        assert "holiday photo.bin" in warned


def test_a_file_that_still_grows_is_left_alone(
    home: Path, rerun: Callable[[Path], RunReport]
) -> None:
    before = marts(home)
    (home / "drop" / "download.json.gz.part").write_bytes(events_of(home)[0].read_bytes()[:100])
    assert rerun(home).is_green
    assert marts(home) == before
    lake = open_workspace(home).lake
    assert not [m for m in read_manifests(lake) if "download" in m.path]


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
