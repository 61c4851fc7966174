"""Days of events in Dagster: marked whatever way they came, and a year of them in one run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from ingest.batches import Batch, read_batches
from ingest.load import ingest
from ingest.store import BusyError
from ingest.working import working
from orchestration.defs.days import EVENTS_BY_DAY, events_by_day, report_days
from orchestration.defs.resources import WorkspaceResource
from orchestration.lib import patience
from orchestration.lib.manifest import ensure_manifest
from tests.unit.ingest.conftest import Place, event, lines, new_home


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def place(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr("ingest.arrivals.SETTLE_SECONDS", 0.0)
    made = Place(new_home(tmp_path / "company"))
    monkeypatch.setenv("PRODUCTOPS_HOME", str(made.home))
    return made


def batch(loaded_at: str, days: dict[str, int], **more: Any) -> Batch:
    fields = {
        "batch_id": f"b-{loaded_at}", "file_id": "", "contract": "usage_events", "source": "s",
        "source_file": "f", "format": "x", "status": "loaded", "reason": "", "rows_in": 9,
        "rows_loaded": 9, "rows_duplicate": 0, "rows_quarantined": 0, "rows_suppressed": 0,
        "rows_revision": 0, "rows_late": 0, "first_on": None, "last_on": None,
        "delivered_on": "2026-05-01", "loaded_at": loaded_at, "is_withdrawn": False,
        "affected_dates": days, "output": None,
    }  # fmt: skip
    return Batch(**fields | more)


def report(instance: dg.DagsterInstance, *batches: Batch, dies_after: int = 999) -> dict[str, int]:
    """Days that are marked because of these batches, with their rows."""
    marked: dict[str, int] = {}

    def log(mark: dg.AssetMaterialization) -> None:
        if len(marked) == dies_after:
            raise KeyboardInterrupt
        instance.report_runless_asset_event(mark)
        marked[str(mark.partition)] = int(str(mark.metadata["rows_new"].value))

    context: Any = SimpleNamespace(instance=instance, log_event=log)
    with suppress(KeyboardInterrupt):
        report_days(context, list(batches))
    return marked


def test_days_are_marked_once_for_each_batch_that_brings_events(
    instance: dg.DagsterInstance, place: Place
) -> None:
    first = batch("2026-05-03T01", {"2026-05-01": 2, "2026-05-02": 7})
    second = batch("2026-05-03T02", {"2026-05-02": 1})
    before = batch("2026-05-03T03", {"2025-12-31": 3, "2026-01-01": 4})
    assert report(instance, first, second) == {"2026-05-01": 2, "2026-05-02": 8}
    assert report(instance, first, second) == {}
    # The product was born on January 1st.
    assert report(instance, first, second, before) == {"2026-01-01": 4}
    changes = ({"contract": "tickets"}, {"is_withdrawn": True}, {"status": "rejected"})
    others = [batch("2026-05-03T04", {"2026-05-01": 1}, **change) for change in changes]
    assert report(instance, *others) == {}


def test_what_a_killed_run_did_not_mark_the_next_one_does(
    instance: dg.DagsterInstance, place: Place
) -> None:
    days = {"2026-05-01": 1, "2026-05-02": 2, "2026-05-03": 3}
    found = batch("2026-05-03T01", days)
    assert report(instance, found, dies_after=2) == {"2026-05-01": 1, "2026-05-02": 2}
    assert report(instance, found) == days
    assert report(instance, found) == {}


def test_days_that_no_file_of_this_run_brought_are_marked(
    instance: dg.DagsterInstance, place: Place
) -> None:
    """As those of an API's pages, or of files that a command took in."""
    ensure_manifest()
    from orchestration.defs.lake import lake

    place.drop("a.json", lines(event(1, timestamp="2026-05-01T10:00:00.000Z")))
    ingest(place.workspace)
    resources = {"workspace": WorkspaceResource(home=str(place.home))}
    done = dg.materialize([lake], resources=resources, instance=instance)
    marks = done.get_asset_materialization_events()
    assert [m.partition for m in marks if m.asset_key == EVENTS_BY_DAY] == ["2026-05-01"]


def test_a_year_of_days_is_backfilled_in_one_run(
    instance: dg.DagsterInstance, place: Place
) -> None:
    """364 of its days have two events, one has none, and a file of another month comes along."""
    config = place.home / "productops.yml"
    config.write_text(config.read_text().replace("2026-01-01", "2025-01-01"))
    year = [date(2025, 3, 1) + timedelta(days=number) for number in range(365)]
    empty = year.pop(100)
    for part in range(0, 364, 91):
        calls = [event(2 * n + k, timestamp=f"{year[n]}T10:00:00.000Z")
                 for n in range(part, part + 91) for k in (0, 1)]  # fmt: skip
        place.drop(f"events-{year[part]}.json", lines(*calls))
    place.drop("more.json", lines(event(1000, timestamp="2025-02-01T10:00:00.000Z")))
    policy = events_by_day.backfill_policy
    assert policy == dg.BackfillPolicy.single_run()
    done = dg.materialize(
        [events_by_day], instance=instance,
        resources={"workspace": WorkspaceResource(home=str(place.home))},
        tags={"dagster/asset_partition_range_start": "2025-03-01",
              "dagster/asset_partition_range_end": "2026-02-28"},
    )  # fmt: skip
    marks = done.get_asset_materialization_events()
    found = {str(m.partition): m.materialization.metadata["rows"].value for m in marks}
    assert found == {str(day): 2 for day in year} | {str(empty): 0}
    batches = read_batches(place.workspace.lake)
    loaded = [one for one in batches if one.contract == "usage_events" and one.rows_loaded]
    assert len(loaded) == 5
    # The run of the whole job that follows marks those that came along.
    assert report(instance, *batches, dies_after=1) == {"2025-02-01": 1}


def test_a_step_waits_for_another_ingest_and_a_command_does_not(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    with working(place.workspace):
        with pytest.raises(BusyError, match="another ingest is running"):
            ingest(place.workspace)
        monkeypatch.setattr(patience, "WAITS_SECONDS", -1.0)
        with pytest.raises(BusyError):
            patience.patiently(lambda: ingest(place.workspace), said.append)
    assert said == []
    monkeypatch.setattr(patience, "WAITS_SECONDS", 60.0)
    held = working(place.workspace)
    held.__enter__()
    monkeypatch.setattr(patience.time, "sleep", lambda _: held.__exit__(None, None, None))
    report = patience.patiently(lambda: ingest(place.workspace), said.append)
    assert report.count("rejected") == 0
    assert len(said) == 1
    assert said[0].startswith("Waiting up to 1 minutes: another ingest is running (process ")
