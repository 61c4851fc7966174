"""Files that are not ready, bear odd names or are no exports at all."""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path

import pytest

from ingest import arrivals
from ingest.fingerprints import fingerprint
from tests.unit.ingest.conftest import event, lines, loaded
from tests.unit.ingest.test_formats import SLACK


def test_a_file_that_is_being_written_is_left_alone(place, monkeypatch) -> None:
    monkeypatch.setattr(arrivals, "SETTLE_SECONDS", 2.0)
    path = place.drop("a.json", lines(event(1)))
    real_sleep = time.sleep

    def write_on(seconds: float) -> None:
        with path.open("a") as handle:
            handle.write(lines(event(2)))
        real_sleep(0)

    monkeypatch.setattr(arrivals.clock, "sleep", write_on)
    outcome = next(o for o in place.run().files if o.path == "drop/a.json")
    assert (outcome.status, outcome.reason) == ("waiting", "still_written")
    monkeypatch.setattr(arrivals.clock, "sleep", lambda seconds: None)
    outcome = next(o for o in place.run().files if o.path == "drop/a.json")
    assert loaded(outcome)["loaded"] == 2


def test_unfinished_downloads_are_left_alone(place) -> None:
    for ending in (".part", ".crdownload", ".tmp"):
        outcome = place.land(f"a.json{ending}", lines(event(1)))
        assert outcome.status == "waiting"


def test_a_file_that_changes_while_it_is_read_waits(place, monkeypatch) -> None:
    path = place.drop("a.json", lines(event(1)))
    real = arrivals.find

    def find_then_write(workspace):
        found = real(workspace)
        path.write_text(lines(event(1), event(2)))
        return found

    monkeypatch.setattr("ingest.load.find", find_then_write)
    outcome = next(o for o in place.run().files if o.path == "drop/a.json")
    assert (outcome.status, outcome.reason) == ("waiting", "not_readable_yet")
    assert not place.rows("usage_events")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_does_not_stop_the_others(place) -> None:
    place.drop("a.json", lines(event(1))).chmod(0)
    place.drop("b.json", lines(event(2)))
    assert {o.status for o in place.run().files if o.path.startswith("drop/")} == {
        "waiting", "loaded",
    }  # fmt: skip


def test_a_name_as_long_as_a_file_system_takes(place) -> None:
    assert loaded(place.land("n" * 245 + ".json", lines(event(1))))["loaded"] == 1


def test_a_day_in_the_name_that_is_none_is_not_taken_for_one(place) -> None:
    assert loaded(place.land("slack-2026-13-39.csv", SLACK))["loaded"] == 2


@pytest.mark.parametrize(
    ("name", "title", "day"),
    [
        ("NPS.csv", "NPS", None),
        ("NPS_2026-05-02.csv.gz", "NPS", date(2026, 5, 2)),
        ("NPS_2026-05-02 (1).csv", "NPS", date(2026, 5, 2)),
        ("NPS.csv (2).gz", "NPS", None),
        ("nps-20260502T101500Z.json", "nps", date(2026, 5, 2)),
        ("nps_20260502101500.json", "nps", date(2026, 5, 2)),
        ("nps_2026-05-02_page_3.json", "nps", date(2026, 5, 2)),
        # Qualtrics: day in words, then the time.
        ("New Users_May 2, 2026_10.15.csv", "New Users", None),
        ("New Users_2 May 2026 10.15 PM.csv", "New Users", None),
        # What tells surveys apart stays.
        ("NPS 2026q2.csv", "NPS 2026q2", None),
        ("NPS (EU).tsv", "NPS (EU)", None),
        ("csat_1.csv", "csat_1", None),
        ("Webinar May 2026.csv", "Webinar May 2026", None),
        ("order 20260502101.csv", "order 20260502101", None),
    ],
)
def test_what_a_download_adds_to_a_name_is_no_part_of_its_title(name, title, day) -> None:
    written = date(2026, 6, 1)
    arrival = arrivals.Arrival(Path(name), f"drop/{name}", 0, 1780315200 * 10**9)
    assert (arrival.title, arrival.told_on) == (title, day or written)


def test_what_no_format_fits_has_a_kind_all_the_same(tmp_path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(os.urandom(4000))
    assert fingerprint(path)[0] is None
