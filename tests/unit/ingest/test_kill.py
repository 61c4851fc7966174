"""kill -9 anywhere, then run again: the lake holds what an undisturbed run leaves."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

import pytest

from ingest.ledger import read_batches
from ingest.manifests import read_manifests
from tests.unit.ingest.conftest import Place, event, lines, new_home, packed
from tests.unit.ingest.killing import ROOT, killed_at, moments
from tests.unit.ingest.test_formats import SLACK

RUN = [sys.executable, "-m", "ingest", "run", "--home"]


def fill(place: Place, events: int = 40) -> Place:
    for file in range(3):
        own = [event(n) for n in range(file * events, (file + 1) * events)]
        again = [event(n) for n in range(0, events, 3)]
        place.drop(f"e{file}.json.gz", packed(*own, *again, "garbage", *own[:5]))
    place.drop("slack-2026-05-02.csv", SLACK + "short,row\n")
    (place.home / "registry").mkdir()
    (place.home / "registry/features.yml").write_text(
        "kind: features\nfeatures:\n  - {feature_id: export, name: Export}\n"
    )
    return place


def content(place: Place) -> dict[str, object]:
    """All that the lake says but for the moments at which it was written."""
    rows = {
        contract: place.rows(contract, "* exclude (loaded_at)", "order by all")
        for contract in ("usage_events", "tool_seats", "features")
    }
    lake = place.home / "lake"
    batches = sorted(
        (b.batch_id, b.status, b.rows_in, b.rows_loaded, b.rows_duplicate, b.rows_quarantined)
        for b in read_batches(lake)
    )
    on_disk = {p.relative_to(lake).as_posix() for p in (lake / "bronze").rglob("*/dt=*/*.parquet")}
    promised = {part.output for m in read_manifests(lake) for part in m.parts if part.output}
    assert on_disk == promised
    assert not [p for p in lake.rglob(".*.tmp") if p.is_file()]
    assert not [p for p in (lake / "tmp").rglob("*") if p.is_file()]
    return rows | {"batches": batches, "quarantine": place.quarantine()}


def python(*arguments: str, wait: float | None = None) -> int:
    process = subprocess.Popen(
        [*arguments], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        return process.wait(timeout=wait)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        return process.wait()


@pytest.fixture
def truth(make_place) -> dict[str, object]:
    place = fill(make_place(name="undisturbed"))
    place.run()
    return content(place)


# Raw bytes kept, rows visible, manifest visible: before and after each of them, in each file.
@pytest.mark.parametrize(
    ("number", "moment"), moments(23, [(3, "before"), (4, "after"), (6, "after")])
)
def test_killed_when_a_file_becomes_visible(make_place, truth, number, moment) -> None:
    place = fill(make_place())
    assert killed_at(place.home, number, moment, "run") or number > 10
    place.run()
    assert content(place) == truth
    assert not place.run().files


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory) -> tuple[dict[str, object], float]:
    """What a run in a process of its own leaves, and how long it takes."""
    place = fill(Place(new_home(tmp_path_factory.mktemp("whole") / "company")), 3000)
    began = time.monotonic()
    assert python(*RUN, str(place.home)) == 0
    return content(place), time.monotonic() - began


@pytest.mark.parametrize(
    "seed", [1, 2, *(pytest.param(n, marks=pytest.mark.slow) for n in range(3, 101))]
)
def test_killed_at_any_time(tmp_path, whole_run, seed) -> None:
    expected, took = whole_run
    place = fill(Place(new_home(tmp_path / "company")), 3000)
    # The first half second goes to imports, where there is nothing to break.
    python(*RUN, str(place.home), wait=random.Random(seed).uniform(0.5, max(took, 0.6)))
    place.run()
    assert content(place) == expected


def test_text_that_a_killed_run_was_reading_does_not_stay(make_place) -> None:
    place = make_place()
    place.drop("a.json", lines(*(event(n) for n in range(2000))))
    code = (
        "import os, signal, sys\n"
        "from ingest import arrivals, stage\n"
        "from ingest.__main__ import main\n"
        "arrivals.SETTLE_SECONDS = 0\n"
        "stage._note_bad = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from ingest import contents\n"
        "contents._SMALL_BYTES = 0\n"
        "main(['run', '--home', sys.argv[1]])\n"
    )
    assert python(sys.executable, "-c", code, str(place.home)) == -signal.SIGKILL
    left = [p for p in (place.home / "lake/tmp").rglob("*") if p.is_file()]
    assert any(b"Report Exported" in path.read_bytes() for path in left)
    place.run()
    assert not [p for p in (place.home / "lake/tmp").rglob("*") if p.is_file()]


def test_two_runs_at_once_end_as_one(make_place, truth) -> None:
    place = fill(make_place())
    both = [
        subprocess.Popen([*RUN, str(place.home)], cwd=ROOT, stderr=subprocess.PIPE, text=True,
                         stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]  # fmt: skip
    said = [process.communicate()[1] for process in both]
    for process, words in zip(both, said, strict=True):
        assert process.returncode == 0 or "another ingest is running" in words, words
    assert any(process.returncode == 0 for process in both)
    place.run()
    assert content(place) == truth


def test_works_with_nothing_heavy_installed(make_place) -> None:
    """Blocks what ingest must never import, in a process of its own."""
    place = make_place()
    place.drop("a.json", lines(event(1), "bad"))
    code = (
        "import sys\n"
        "class Blocked:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in {'dagster', 'dbt', 'great_expectations', 'pandas',\n"
        "                'scipy', 'altair', 'click', 'rich', 'analytics', 'expectations',\n"
        "                'orchestration', 'demo'}:\n"
        "            raise ImportError(f'{name} is blocked')\n"
        "sys.meta_path.insert(0, Blocked())\n"
        "from ingest.__main__ import main\n"
        "sys.exit(main(['run', '--home', sys.argv[1]]))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(place.home)], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert "1 rows, 1 set aside" in found.stdout
