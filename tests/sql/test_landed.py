"""The warehouse's copies of small files, and events read by days, are what the lake says.

Belongs here: which files a build reads, and that it finds the same as by reading all of them. Does
not belong here: which version of a row counts (test_incremental and the oracles).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from .fixture_lake import FixtureLake, Warehouse, at
from .project import parse_project

STAGED = ["stg_tickets", "stg_accounts", "stg_account_versions", "stg_exclusion_versions"]
EVENTS = ["+fct_funnel_use", "+fct_exposure_event", "+int_identity__edge", "+int_identity__sign_in"]
ALWAYS, NEVER = {"copied_from_files": 2}, {"copied_from_files": 10**9}


def _ticket(name: str, version_at: str, status: str = "open") -> dict[str, Any]:
    return {"ticket_id": name, "version_at": version_at, "status": status,
            "created_at": "2026-05-01T08:00:00", "updated_at": version_at}  # fmt: skip


def _account(ref: str, updated_at: str, plan: str) -> dict[str, Any]:
    return {"account_ref": ref, "name": f"it's {ref}", "plan": plan, "updated_at": updated_at}


def _file(lake: FixtureLake, batch: str) -> Path:
    (found,) = [known["output"] for known in lake.batches if known["batch_id"] == batch]
    return lake.folder / found


class Twins:
    """One lake; a warehouse that keeps copies of it, and one that reads all files each time."""

    def __init__(self, folder: Path, target: Path) -> None:
        self.lake = FixtureLake(folder / "it's a lake")
        self.copying = Warehouse(folder / "copying" / "warehouse.duckdb", self.lake, target, ALWAYS)
        self.reading = Warehouse(folder / "reading" / "warehouse.duckdb", self.lake, target, NEVER)

    def build(self, **options: Any) -> None:
        self.copying.run(select=STAGED, **options)

    def hold(self) -> list[str]:
        """Both find the same; returns which contracts have a copy."""
        self.reading.run(select=STAGED)
        for name in STAGED:
            table = f"staging.{name}"
            assert self.copying.rows(table) == self.reading.rows(table), name
        return self.copies(self.copying)

    @staticmethod
    def copies(warehouse: Warehouse) -> list[str]:
        query = "select table_name from information_schema.tables where table_schema = 'landed'"
        return sorted(name for (name,) in warehouse.query(query))


@pytest.fixture
def twins(tmp_path: Path, dbt_target: Path) -> Twins:
    """Two deliveries of tickets and rules, one of accounts."""
    found = Twins(tmp_path, dbt_target)
    for day in (1, 2):
        at_noon = f"2026-05-0{day}T12:00:00"
        found.lake.add("tickets", [_ticket("a", at_noon), _ticket(f"b{day}", at_noon)], source="s")
        rule = {"subject_type": "account", "subject": f"a{day}", "reason": "demo"}
        found.lake.add("exclusions", [rule], source="registry")
    found.lake.add("accounts", [_account("1", "2026-05-01T00:00:00", "free")], source="crm")
    found.build()
    return found


def test_contracts_of_several_files_are_copied_and_others_are_not(twins: Twins) -> None:
    # Of rules, staging also asks for those of deliveries that were replaced since.
    assert twins.hold() == ["tickets"]
    assert twins.copies(twins.reading) == []


def test_what_comes_and_what_goes_is_followed(twins: Twins) -> None:
    lake = twins.lake
    newer = lake.add("tickets", [_ticket("a", "2026-05-03T00:00:00", "solved")], source="s")
    lake.add("accounts", [_account("1", "2026-05-02T00:00:00", "pro")], source="crm")
    never = [_ticket("never", "2026-05-03T00:00:00")]
    lake.add("tickets", never, source="s", batch="never", committed=False)
    twins.build()
    assert twins.hold() == ["accounts", "tickets"]
    lake.withdraw(newer)
    twins.build()
    twins.hold()
    # The same day brings one and takes another; what was taken back may come again.
    lake.withdraw(lake.batches[0]["batch_id"])
    (known,) = [batch for batch in lake.batches if batch["batch_id"] == newer]
    known["is_withdrawn"] = False
    lake.add("tickets", [_ticket("d", "2026-05-04T00:00:00")], source="t")
    twins.build()
    twins.hold()
    for batch in lake.batches:
        batch["is_withdrawn"] = batch["contract"] != "exclusions"
    lake.save()
    twins.build()
    twins.hold()
    assert twins.copying.rows("staging.stg_tickets") == []


def test_a_delivery_that_was_copied_is_not_read_again(twins: Twins) -> None:
    old = _file(twins.lake, twins.lake.batches[0]["batch_id"])
    content = old.read_bytes()
    old.write_bytes(b"can't be read")
    twins.lake.add("tickets", [_ticket("c", "2026-05-03T00:00:00")], source="s")
    twins.build()
    old.write_bytes(content)
    twins.hold()


def test_a_full_refresh_takes_the_lake_at_its_word(twins: Twins) -> None:
    """As after an erasure, which takes rows out of files that were copied."""
    output = twins.lake.batches[0]["output"]
    twins.lake._write(output, twins.lake._schema("tickets").empty_table())
    twins.build(full_refresh=True)
    twins.hold()
    assert twins.copying.query("select count(*) from landed.tickets") == [(2,)]


@pytest.mark.slow
def test_a_damaged_file_stops_the_build(twins: Twins) -> None:
    batch = twins.lake.add("tickets", [_ticket("c", "2026-05-03T00:00:00")], source="s")
    _file(twins.lake, batch).write_bytes(b"PAR1")
    with pytest.raises(AssertionError, match="f00005"):
        twins.build()


# ---- events by days


def _event(number: int, day: int) -> dict[str, Any]:
    moment = at(f"2026-05-{day:02}T12:00:00")
    return {"event_id": f"e{number}", "event_name": "A", "event_type": "track", "user_id": "u",
            "anonymous_id": "d", "occurred_at": moment, "received_at": moment,
            "is_clock_skewed": False, "properties": json.dumps({"n": number})}  # fmt: skip


@pytest.fixture
def eventful(tmp_path: Path, dbt_target: Path) -> Warehouse:
    """A warehouse of two days' events, each of its own file."""
    lake = FixtureLake(tmp_path / "lake")
    for day in (1, 2):
        lake.add("usage_events", [_event(day * 10 + n, day) for n in range(3)], batch=f"day{day}")
    warehouse = Warehouse(tmp_path / "events" / "warehouse.duckdb", lake, dbt_target)
    warehouse.run(select=EVENTS)
    return warehouse


def _counts(warehouse: Warehouse) -> list[tuple]:
    query = "select event_on::varchar, count(*) from core.fct_event group by 1 order by 1"
    return warehouse.query(query)


def test_files_without_touched_days_are_not_read(eventful: Warehouse) -> None:
    lake = eventful.lake
    assert isinstance(lake, FixtureLake)
    _file(lake, "day1-usage_events").write_bytes(b"can't be read")
    shown = {"event_name": "Experiment Viewed",
             "properties": json.dumps({"experiment_id": "x", "variation_id": "b"})}  # fmt: skip
    lake.add("usage_events", [_event(90, 2), _event(91, 4) | shown], batch="late")
    eventful.run(select=EVENTS, touched=["2026-05-02", "2026-05-04"])
    assert _counts(eventful) == [("2026-05-01", 3), ("2026-05-02", 4), ("2026-05-04", 1)]
    assert eventful.query("select event_id from core.fct_exposure_event") == [("e91",)]
    # A day of which no delivery is left is read in no file.
    lake.withdraw("day2-usage_events")
    lake.withdraw("late-usage_events")
    eventful.run(select=EVENTS, touched=["2026-05-02", "2026-05-04"])
    assert _counts(eventful) == [("2026-05-01", 3)]
    assert eventful.query("select event_id from core.fct_exposure_event") == []


@pytest.mark.slow
def test_where_versions_compete_all_files_are_read(eventful: Warehouse) -> None:
    """An earlier version moves the event to a day that nobody named."""
    lake = eventful.lake
    assert isinstance(lake, FixtureLake)
    earlier = _event(10, 3) | {"received_at": at("2026-04-30T00:00:00")}
    touched = ["2026-05-03"]
    lake.add("usage_events", [earlier], batch="earlier")
    eventful.run(select=EVENTS, touched=touched)
    assert _counts(eventful) == [("2026-05-01", 2), ("2026-05-02", 3), ("2026-05-03", 1)]


@pytest.mark.slow
def test_a_new_reader_gets_all_days(eventful: Warehouse) -> None:
    eventful.run(select=EVENTS, touched=["2026-05-02"])
    assert eventful.query("select count(*) from staging.stg_usage_events") == [(3,)]
    with duckdb.connect(str(eventful.path)) as connection:
        connection.execute("drop table core.fct_event")
    eventful.run(select=EVENTS, touched=["2026-05-02"])
    assert _counts(eventful) == [("2026-05-01", 3), ("2026-05-02", 3)]


def test_whoever_reads_events_keeps_what_it_read_before() -> None:
    models = [n for n in parse_project().nodes.values() if n.resource_type == "model"]
    (events,) = [n.unique_id for n in models if n.name == "stg_usage_events"]
    readers = [n for n in models if events in n.depends_on.nodes]
    assert len(readers) > 3
    for reader in readers:
        assert reader.config.incremental_strategy == "replace_days", reader.name
        assert reader.config.meta["rewritten"] == "staging.stg_touched_dates.event_on", reader.name
