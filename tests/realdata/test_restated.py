"""A forum's hourly lists, published in between: each figure that changed is explained.

Belongs here: restatements on real exports. The truth is read with the csv module from the last
list of each day.
"""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

from ingest import arrivals
from ingest.build_inputs import PUBLISHED_VALUES, write_build_inputs
from tests.realdata.conftest import WORKSPACES
from tests.realdata.test_forums import REPLAY, _final, _rows, _utc
from tests.sql.fixture_lake import Warehouse
from tests.unit.ingest.conftest import Place

pytestmark = pytest.mark.realdata
ZONE = ZoneInfo("America/Los_Angeles")
EVERY = 9  # lists between one publication and the next


def _record(warehouse: Warehouse, place: Place, number: int) -> None:
    """What publishing would record of this build; repeating what was told does no harm."""
    import duckdb

    folder = place.workspace.published / "record"
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(warehouse.path), read_only=True) as connection:
        table = connection.execute(
            "select ? as build_id, ? as published_at, (select max(loaded_at) from read_parquet(?)) "
            "as loaded_through_at, metric, day_on, segment, metric_value as published_value, "
            "is_complete, definition_version from core.fct_metric_day",
            [
                f"b{number:02}",
                datetime(2024, 12, 9, number),
                str(place.workspace.lake / "build" / "batches.parquet"),
            ],
        ).to_arrow_table()
    assert table.schema.names == list(PUBLISHED_VALUES)
    pq.write_table(table, folder / f"b{number:02}.parquet")


def test_each_changed_figure_of_the_replay_is_explained(realdata, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(arrivals, "SETTLE_SECONDS", 0.0)
    shutil.copyfile(WORKSPACES / "sumo_firefox_replay.yml", tmp_path / "productops.yml")
    (tmp_path / ".env").write_text("PRODUCTOPS_HASH_KEY=a-key-for-tests-alone-0001\n")
    (tmp_path / "drop").mkdir()
    place = Place(tmp_path)
    files: list[Path] = sorted((realdata / REPLAY).glob("*.csv"))
    warehouse = Warehouse(
        tmp_path / "warehouse.duckdb", place.workspace.lake, tmp_path / "target",
        {"org_time_zone": str(ZONE), "as_of_at": "2024-12-31 00:00:00"},
    )  # fmt: skip
    tests = ["resource_type:test", "resource_type:unit_test"]
    for number, first in enumerate(range(0, len(files), EVERY)):
        for path in files[first : first + EVERY]:
            shutil.copyfile(path, tmp_path / "drop" / path.name)
        place.run()
        write_build_inputs(place.workspace)
        warehouse.run("build", select=["+restatement__metric_day"], exclude=tests)
        _record(warehouse, place, number)
    found = warehouse.query(
        "select metric, day_on, first_value, value_now, late_difference, residual_difference "
        "from marts.restatement__metric_day where is_restated order by all"
    )
    assert len(found) >= 2
    assert {metric for metric, *_ in found} == {"created_count", "backlog_count"}
    assert [row for row in found if row[5] != 0] == []
    created = {
        row["id"]: _utc(row["created"]).replace(tzinfo=UTC).astimezone(ZONE).date()
        for path in files for row in _rows(path)
    }  # fmt: skip
    truth = Counter(created[s.ticket_id] for s in _final(files) if s.status != "deleted")
    now = warehouse.query(
        "select day_on, value_now from marts.restatement__metric_day where metric = 'created_count'"
    )
    assert {day: value for day, value in now if value} == truth
