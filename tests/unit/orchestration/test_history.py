"""The event log keeps its connections and loses nothing by it."""

from __future__ import annotations

import threading
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from ingest.settings import open_workspace
from orchestration.history import KeptSqliteEventLogStorage
from orchestration.lib.dagster_home import prepare_dagster_home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".env").write_text("PRODUCTOPS_HASH_KEY=kkkkkkkkkkkkkkkkkkkk\n")
    (tmp_path / "productops.yml").write_text("org: {name: a, time_zone: UTC, currency: EUR}\n")
    return prepare_dagster_home(open_workspace(tmp_path))


def _storage(instance: dg.DagsterInstance) -> KeptSqliteEventLogStorage:
    storage = instance.event_log_storage
    assert isinstance(storage, KeptSqliteEventLogStorage)
    return storage


@dg.asset(check_specs=[dg.AssetCheckSpec("seen", asset="ships")])
def ships() -> dg.MaterializeResult:
    result = dg.AssetCheckResult(passed=True)
    return dg.MaterializeResult(metadata={"rows": 3}, check_results=[result])


def _run(instance: dg.DagsterInstance) -> str:
    return dg.materialize([ships], instance=instance).run_id


def test_what_dagster_itself_reads_in_the_files_is_what_was_stored(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        run_id = _run(instance)
        kept = [record.event_log_entry for record in instance.get_records_for_run(run_id).records]
        folder = yaml.safe_load((home / "dagster.yaml").read_text())
        base = SqliteEventLogStorage(folder["event_log_storage"]["config"]["base_dir"])
        base.register_instance(instance)
        stock = [record.event_log_entry for record in base.get_records_for_run(run_id).records]
        assert kept == stock
        kinds = {entry.dagster_event.event_type_value for entry in stock if entry.dagster_event}
        assert {"ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION", "PIPELINE_SUCCESS"} <= kinds
        assert base.get_latest_materialization_events([dg.AssetKey("ships")])
        checked = base.get_asset_check_execution_history(
            dg.AssetCheckKey(dg.AssetKey("ships"), "seen"), limit=5
        )
        assert [record.status.value for record in checked] == ["SUCCEEDED"]


def test_connections_are_kept_but_not_many(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        storage = _storage(instance)
        runs = [_run(instance) for _ in range(6)]
        assert runs[-1] in storage._engines  # else Dagster no longer asks us
        assert len(storage._engines) == 4
        assert all(instance.get_records_for_run(run).records for run in runs)


def test_threads_take_turns(home: Path) -> None:
    def report(number: int) -> None:
        for turn in range(10):
            instance.report_runless_asset_event(
                dg.AssetMaterialization("ships", metadata={"n": number * 10 + turn})
            )

    with dg.DagsterInstance.from_config(str(home)) as instance:
        threads = [threading.Thread(target=report, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = instance.fetch_materializations(dg.AssetKey("ships"), limit=100).records
        numbers = [record.asset_materialization.metadata["n"].value for record in found]  # ty: ignore[unresolved-attribute]
        assert sorted(numbers) == list(range(40))


def test_after_a_wipe_it_starts_anew(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        before = _run(instance)
        _storage(instance).wipe()
        assert not instance.get_records_for_run(before).records
        assert instance.get_records_for_run(_run(instance)).records


def test_a_damaged_log_says_so(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        run_id = _run(instance)
        storage = _storage(instance)
        storage.dispose()
        Path(storage.path_for_shard(run_id)).write_bytes(b"not a database" * 100)
        for suffix in ("-wal", "-shm"):
            Path(storage.path_for_shard(run_id) + suffix).unlink(missing_ok=True)
        with pytest.raises(Exception, match="not a database"):
            instance.get_records_for_run(run_id)
