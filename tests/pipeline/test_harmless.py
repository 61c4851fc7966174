"""What is odd but no reason to stop: it is let in, and each is accounted for."""

from __future__ import annotations

import gzip
import json
import random
import shutil
from pathlib import Path

import duckdb
import pytest

from ingest.ledger import Manifest, read_batches, read_manifests
from ingest.load import ingest
from ingest.settings import open_workspace
from orchestration.lib.admission import admit
from orchestration.lib.gates import GateRecord
from orchestration.lib.run import run
from tests.pipeline.conftest import events_of


class TestHarmless:
    """One ingest takes all of it."""

    @pytest.fixture(scope="class")
    def after(self, finished: Path, tmp_path_factory) -> tuple[Path, GateRecord]:
        home = tmp_path_factory.mktemp("harmless") / "home"
        shutil.copytree(finished, home, symlinks=True)
        self.plant(home)
        workspace = open_workspace(home)
        ingest(workspace)
        record, plan = admit(workspace)
        assert plan.builds
        return home, record

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
    def entry(after: tuple[Path, GateRecord], name: str) -> Manifest:
        lake = open_workspace(after[0]).lake
        found = [m for m in read_manifests(lake) if m.path == f"drop/{name}"]
        assert len(found) == 1, name
        return found[0]

    def test_all_of_it_is_let_in_and_every_batch_balances(self, after) -> None:
        home, record = after
        assert record.is_open, record.breaches
        assert record.held_back == ()
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
        warned = " ".join(check.message for check in after[1].warnings)
        assert "holiday photo.bin" in warned

    @pytest.mark.slow
    def test_it_is_built_and_published(self, after) -> None:
        """Last, because it changes the home."""
        report = run(open_workspace(after[0]))
        assert report.is_green, report
