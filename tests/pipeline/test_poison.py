"""Bad files: each is told plainly, set aside to the row, and nothing bad is ever published."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from ingest.ledger import read_manifests
from ingest.settings import HOME, open_workspace
from orchestration.lib.paths import PublishRefusedError
from orchestration.lib.publish import publish
from orchestration.lib.run import RunReport
from tests.pipeline.conftest import events_of, marts, productops, published_bytes
from tests.pipeline.poisons import mostly_garbage, truncated, without_a_column


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


def test_a_file_that_still_grows_is_left_alone(
    home: Path, rerun: Callable[[Path], RunReport]
) -> None:
    before = marts(home)
    (home / "drop" / "download.json.gz.part").write_bytes(events_of(home)[0].read_bytes()[:100])
    assert rerun(home).is_green
    assert marts(home) == before
    lake = open_workspace(home).lake
    assert not [m for m in read_manifests(lake) if "download" in m.path]
