"""A disk that is full, a lake that can't be written: nothing half-done is seen, nothing is lost."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from ingest.ledger import read_batches
from ingest.store import LakeError
from tests.unit.ingest.conftest import event, packed
from tests.unit.ingest.test_kill import ROOT, content, fill

# No file may grow beyond so many bytes: writes fail half-way, as they do on a full disk.
SMALL_DISK = """
import resource, signal, sys
from ingest import arrivals
from ingest.__main__ import main
arrivals.SETTLE_SECONDS = 0
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
sys.exit(main(["run", "--home", sys.argv[1]]))
"""


def run_on_small_disk(home, limit: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SMALL_DISK, str(home), str(limit)], cwd=ROOT, check=False,
        capture_output=True, text=True,
    )  # fmt: skip


# Too small for the raw copy, for the scratch file, for the rows, for a manifest.
@pytest.mark.parametrize("limit", [300, 1500, 4000, 12_000])
def test_a_full_disk_is_told_and_the_next_run_ends_as_if_nothing_had_been(
    make_place, limit
) -> None:
    truth = fill(make_place(name="undisturbed"))
    truth.run()
    place = fill(make_place())
    told = run_on_small_disk(place.home, limit)
    assert told.returncode != 0, told.stdout
    assert "free space" in told.stderr.lower(), told.stderr
    assert "Traceback" not in told.stderr
    # What was committed before the disk was full is whole: rows on disk are those in the ledger.
    batches = [b for b in read_batches(place.workspace.lake) if b.contract == "usage_events"]
    rows = place.rows("usage_events", "count(*)")[0][0] if batches else 0
    assert rows == sum(b.rows_loaded for b in batches)
    place.run()
    assert content(place) == content(truth)


def test_enough_space_is_enough(make_place) -> None:
    """Or else the test above would fail for another reason."""
    place = fill(make_place())
    told = run_on_small_disk(place.home, 50_000_000)
    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize(
    "folder", ["landing", "bronze/usage_events/source=segment", "ledger/source=segment"]
)
def test_a_lake_that_can_not_be_written_is_told_with_the_place(place, folder) -> None:
    place.drop("e.json.gz", packed(event(1)))
    # A file where a folder should be: nobody can write below it, whoever they are.
    blocked = place.home / "lake" / folder
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("in the way")
    with pytest.raises((LakeError, FileExistsError, NotADirectoryError)) as error:
        place.run()
    assert isinstance(error.value, LakeError), error.value
    assert folder.split("/")[0] in str(error.value)
    assert place.rows("usage_events", "count(*)") == [(0,)]
    blocked.unlink()
    place.run()
    assert place.rows("usage_events", "event_id") == [("m-1",)]


def test_a_drop_folder_that_is_gone_is_no_crash(place) -> None:
    shutil.rmtree(place.home / "drop")
    assert place.run().count("rejected") == 0
