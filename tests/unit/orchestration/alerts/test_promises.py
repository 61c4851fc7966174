"""A contract of which nothing new comes is told, whether anything runs or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.incident_record import read_incident_record
from ingest.settings import Workspace, open_workspace
from orchestration.lib.alerts.look import look
from tests.unit.orchestration.alerts.world import (
    GRAPH,
    T0,
    FakeSource,
    Receiver,
    hours,
    seen,
    workspace,
)

FRESHNESS = "marts/freshness__contract"


def publish(company: Workspace, **last: Any) -> None:
    """What the published mart says of contracts: when something last happened, promised hours."""
    folder = company.published / "build" / "parquet"
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {"contract": name, "owner": "support-ops", "warn_hours": warn, "fail_hours": fail,
         "last_occurred_at": at and at.replace(tzinfo=None)}
        for name, (at, warn, fail) in last.items()
    ]  # fmt: skip
    kinds = pa.schema([
        ("contract", pa.string()), ("owner", pa.string()), ("last_occurred_at", pa.timestamp("us")),
        ("warn_hours", pa.int64()), ("fail_hours", pa.int64()),
    ])  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows, kinds), folder / "freshness__contract.parquet")
    link = company.published / "current"
    if not link.is_symlink():
        link.symlink_to("build")


def test_silence_of_a_contract_is_told_once_it_is_longer_than_promised_and_when_it_ends(
    tmp_path: Path, hook: Receiver
) -> None:
    company = workspace(tmp_path)
    publish(company, tickets=(T0, 10, 20), notes=(T0, None, None), tools=(None, 1, 2))
    source = FakeSource()
    source.run(hours(19), seen("marts/c__day", True, at=hours(19)))
    look(company, source, hours(20))
    assert hook.got == []
    look(company, source, hours(20.5))
    (message,) = hook.got
    assert message["title"].startswith(
        "[warning] tickets: Nothing of tickets is newer than 2026-05"
    )
    assert "every 20 hours" in message["text"]
    assert message["facts"]["owner"] == "support-ops"
    assert message["facts"]["affected marts"] == "a__day, b__day"
    assert message["links"] == {"asset": "http://127.0.0.1:3000/assets/lake/tickets"}
    began = read_incident_record(company).to_pylist()[0]["began_at"]
    assert began == hours(20).replace(tzinfo=None), "the promise was broken at a known moment"
    look(company, source, hours(21))
    publish(company, tickets=(hours(21), 10, 20))
    look(company, source, hours(22))
    assert hook.kinds == ["opened", "recovered"]


def test_its_marts_and_the_check_of_freshness_are_no_alerts_besides(
    tmp_path: Path, hook: Receiver
) -> None:
    company = workspace(tmp_path)
    source = FakeSource()
    upstream = GRAPH.upstream | {FRESHNESS: ["lake/tickets"]}
    source.assets = replace(GRAPH, upstream=upstream)
    publish(company, tickets=(T0 - timedelta(hours=30), 10, 20))
    source.run(T0, seen(FRESHNESS, False), seen("marts/a__day", False))
    look(company, source, T0)
    (message,) = hook.got
    assert message["title"].endswith("(and 2 consequences)")


def test_a_frozen_clock_is_the_clock_of_promises(tmp_path: Path, hook: Receiver) -> None:
    """The demo company never ages."""
    company = workspace(tmp_path)
    path = tmp_path / "productops.yml"
    path.write_text(path.read_text().replace("name: x", f"name: x, as_of: {T0:%Y-%m-%dT%H:%M:%SZ}"))
    company = open_workspace(tmp_path)
    publish(company, tickets=(T0, 10, 20), notes=(T0 - timedelta(hours=21), 10, 20))
    account = look(company, FakeSource(), hours(24))
    assert [i.subject.name for i in account.open_incidents] == ["notes"]


def test_what_is_not_published_any_more_is_neither_late_nor_well(
    tmp_path: Path, hook: Receiver
) -> None:
    company = workspace(tmp_path)
    publish(company, tickets=(T0, 10, 20))
    look(company, FakeSource(), hours(21))
    (company.published / "current").unlink()
    assert len(look(company, FakeSource(), hours(22)).open_incidents) == 1
    assert hook.kinds == ["opened"]
