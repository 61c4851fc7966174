"""A run that is asked for one source, or for files since a day, leaves the rest for later."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from functools import partial

import pytest

from ingest.arrivals import Arrival
from ingest.framing import spooled_chunks
from ingest.ledger import withdraw
from ingest.load import ingest
from ingest.store import LakeError
from tests.unit.ingest.conftest import event, lines, packed
from tests.unit.ingest.test_kill import ROOT

SLACK = "username,email,status,billing-active,userid\nann,ann@corp.test,Member,1,U1\n"


@pytest.fixture
def filled(place):
    place.drop("2026-04-30/a.json", lines(event(1)))
    place.drop("b-2026-05-02.json.gz", packed(event(2), event(3)))
    place.drop("slack-2026-05-03.csv", SLACK)
    place.drop("nobody-knows-2026-05-03.txt", "hello\n")
    return place


def taken(place, **asked: object) -> dict[str, str]:
    report = ingest(place.workspace, **asked)
    return {o.path.removeprefix("drop/"): o.status for o in report.files if "drop/" in o.path}


def test_one_source_and_the_rest_later(filled) -> None:
    assert taken(filled, source="slack") == {"slack-2026-05-03.csv": "loaded"}
    assert filled.rows("usage_events") == []
    assert taken(filled, source="slack") == {}
    assert taken(filled) == {
        "2026-04-30/a.json": "loaded", "b-2026-05-02.json.gz": "loaded",
        "nobody-knows-2026-05-03.txt": "rejected",
    }  # fmt: skip
    assert len(filled.rows("usage_events")) == 3


def test_since_a_day_by_name_else_by_the_files_own_date(filled) -> None:
    moment = datetime(2026, 4, 30, 12, tzinfo=UTC).timestamp()
    os.utime(filled.home / "drop/2026-04-30/a.json", (moment, moment))
    report = ingest(filled.workspace, since=date(2026, 5, 2), source="segment")
    assert [o.path for o in report.files if "drop/" in o.path] == ["drop/b-2026-05-02.json.gz"]
    # One is left by its date; the others were looked at and are of another source.
    assert report.unchanged_count == 0
    assert taken(filled, since=date(2026, 4, 30))["2026-04-30/a.json"] == "loaded"


def test_what_a_withdrawal_reopens_is_landed_whatever_is_asked_for(place) -> None:
    place.land("a.json", lines(event(1)))
    place.land("b.json", lines(event(1), event(2)))
    place.drop("slack-2026-05-03.csv", SLACK)
    withdraw(place.workspace, "drop/a.json", "test")
    assert taken(place, source="slack") == {"b.json": "loaded", "slack-2026-05-03.csv": "loaded"}
    assert len(place.rows("usage_events")) == 2


def test_what_is_left_is_counted_and_a_forced_file_is_asked_for(filled) -> None:
    report = ingest(filled.workspace, source="slack", since=date(2026, 5, 3))
    assert report.left_count == 3
    assert "3 more were not asked for" in report.rest
    place = filled
    place.drop("slack-2026-05-02.csv", SLACK)
    forced = ingest(place.workspace, since=date(2099, 1, 1), force_snapshot="slack-2026-05-02.csv")
    assert [o.path for o in forced.files] == ["drop/slack-2026-05-02.csv"]


def test_members_of_an_archive_are_asked_for_one_by_one(place) -> None:
    import io
    import zipfile

    packed_up = io.BytesIO()
    with zipfile.ZipFile(packed_up, "w") as archive:
        archive.writestr("events.json", lines(event(1)))
        archive.writestr("slack-2026-05-03.csv", SLACK)
    place.drop("all.zip", packed_up.getvalue())
    assert taken(place, source="segment") == {"all.zip/events.json": "loaded"}
    assert taken(place) == {"all.zip/slack-2026-05-03.csv": "loaded"}


def test_a_source_that_nobody_knows_is_told_with_those_that_are_known(filled) -> None:
    with pytest.raises(LakeError, match=r"slak: no such source; .*segment, .*slack"):
        ingest(filled.workspace, source="slak")
    assert filled.rows("tool_seats") == []


def test_a_dry_run_and_a_day_that_is_none(filled) -> None:
    report = ingest(filled.workspace, since=date(2026, 5, 3), dry_run=True)
    names = {o.path for o in report.files if "drop/" in o.path}
    assert names == {
        "drop/slack-2026-05-03.csv", "drop/nobody-knows-2026-05-03.txt", "drop/2026-04-30/a.json",
    }  # fmt: skip
    command = [sys.executable, "-m", "ingest", "--home", str(filled.home), "run", "--since", "May"]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "--since" in refused.stderr


def test_a_dry_run_beside_a_run_that_changes_what_is_there(filled, monkeypatch) -> None:
    filled.run()
    filled.drop("more.json", lines(event(4)))
    filled.drop("gone.json", lines(event(5)))
    # A name that is listed and can't be read any more, as when it is taken out in between.
    (filled.home / "lake/ledger/source=segment/left.json").symlink_to("nowhere")

    def too_late(found: list[Arrival]) -> tuple[list[Arrival], list[Arrival]]:
        (filled.home / "drop/gone.json").unlink()
        return found, []

    monkeypatch.setattr("ingest.load.settle", too_late)
    new = {"more.json": "new", "gone.json": "new"}
    assert taken(filled, source="segment", dry_run=True) == new


def test_a_span_of_days_counts_by_its_end_and_a_folder_may_tell_the_day(place) -> None:
    place.drop("events_2025-01-01_to_2026-05-31.json", lines(event(1)))
    place.drop("dt=2024-02-01/events.json", lines(event(2)))
    place.drop("dt=2026-06-01/events.json", lines(event(3)))
    place.drop("dt=2024-02-01/late-2026-06-02.json", lines(event(4)))
    place.drop("dt=2026-06-03/dt=2024-02-01/events.json", lines(event(5)))
    assert set(taken(place, since=date(2026, 5, 31))) == {
        "events_2025-01-01_to_2026-05-31.json", "dt=2026-06-01/events.json",
        "dt=2024-02-01/late-2026-06-02.json",
    }  # fmt: skip


def test_the_pace_is_told_before_the_path(filled) -> None:
    told: list[str] = []
    ingest(filled.workspace, progress=lambda what, done, of: told.append(what))
    assert told[0] == "drop/2026-04-30/a.json"
    assert re.fullmatch(r"3 rows, [\d,]+ a second: drop/slack-2026-05-03.csv", told[-3])


def test_the_pace_of_one_large_file_is_told_while_it_is_read(place, monkeypatch) -> None:
    monkeypatch.setattr("ingest.contents._SMALL_BYTES", 0)
    monkeypatch.setattr("ingest.contents._MEDIUM_BYTES", 0)
    in_parts = partial(spooled_chunks, size=1000)
    monkeypatch.setattr("ingest.contents.spooled_chunks", in_parts)
    calls = [event(n, properties={"text": "x" * 100_000}) for n in range(20)]
    place.drop("a.json", lines(*calls))
    told: list[str] = []
    ingest(place.workspace, progress=lambda what, done, of: told.append(what))
    counts = [int(what.split()[0]) for what in told if what.endswith(" a second: drop/a.json")]
    assert counts[-1] == 20
    assert len(counts) > 1
    assert counts == sorted(set(counts))
