"""Funnels and sessions against the oracle on thousands of tiny histories, in memory.

Belongs here: models whose result hangs on the order of single events, run as dbt compiles them on
tables made here. Does not belong here: whole companies (test_usage_oracle).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .fixture_lake import FixtureLake, Warehouse
from .usage_oracle_events import SILENCE, Act, entries_of
from .usage_registry import funnel

FUNNELS = ("fct_funnel_use", "fct_funnel_event", "fct_funnel_attempt",
           "fct_funnel_attempt_end", "fct_funnel_entry")  # fmt: skip
SESSIONS = ("fct_session_part", "fct_session")
TABLES = """
create schema core;
create schema staging;
create table core.fct_event (
    source text, event_id text, event_on date, occurred_at timestamp, received_at timestamp,
    event_name text, event_class text, alias_type text, alias text, group_id text,
    is_countable boolean);
create table core.bridge_identity (
    alias_type text, alias text, person_id text, account_id text, reporting_time_zone text);
create table core.bridge_handover (
    anonymous_id text, user_id text, after_at timestamp, until_at timestamp);
create table core.dim_funnel_step (
    funnel_id text, funnel_version bigint, funnel_name text, window_hours bigint,
    held_property text, is_exclusion boolean, step_number bigint, event_name text);
create table core.dim_exclusion (
    subject_type text, subject_id text, reason text, valid_from_on date, valid_to_on date);
create table staging.stg_usage_events (
    source text, event_id text, event_name text, properties text);
"""
START = dt.datetime(2026, 10, 24, 22)  # a day before clocks go back in Berlin
MINUTE = dt.timedelta(minutes=1)
# Unsigned uses of d2 in here, without the first moment, are u2's; before and after nobody's.
LENT = (START + 45 * MINUTE, START + 75 * MINUTE)
HELD = {1: None, 2: "doc"}  # versions of the funnel, and the property that each holds
STEPS, EXCLUSIONS, HOURS = ["A", "B", "A", "C"], {"X"}, 2

moments = st.integers(0, 12).map(lambda n: START + n * 15 * MINUTE)
calls = st.lists(
    st.tuples(
        st.sampled_from(["u1", "u2", "d1", "d2"]), moments, st.integers(0, 1),
        st.sampled_from("AABBCX"), st.sampled_from([None, "1", "2"]),
    ),
    max_size=14,
)  # fmt: skip


@pytest.fixture(scope="module")
def sql(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The models as dbt compiles them for a first build."""
    folder = tmp_path_factory.mktemp("compiled")
    lake = FixtureLake(folder / "lake")
    warehouse = Warehouse(folder / "warehouse.duckdb", lake, folder / "target")
    done = warehouse.run("compile", select=[*FUNNELS, *SESSIONS])
    return {r.node.name: r.node.compiled_code for r in done.result if hasattr(r, "node")}


def events_of(drawn: list[tuple]) -> list[dict[str, Any]]:
    return [
        {"source": "s", "event_id": f"e{len(drawn) - n:02}", "event_name": name,
         "occurred_at": at, "received_at": at + late * MINUTE, "alias": alias, "doc": doc}
        for n, (alias, at, late, name, doc) in enumerate(drawn)
    ]  # fmt: skip


def fill(connection: duckdb.DuckDBPyConnection, events: list[dict[str, Any]]) -> None:
    """One person with two ids (u1, d1), another with one, a device (d2) that changes hands."""
    for e in events:
        kind = "user_id" if e["alias"].startswith("u") else "anonymous_id"
        connection.execute(
            "insert into core.fct_event values ('s', ?, ?, ?, ?, ?, 'value', ?, ?, null, true)",
            [e["event_id"], e["occurred_at"].date(), e["occurred_at"], e["received_at"],
             e["event_name"], kind, e["alias"]],
        )  # fmt: skip
        connection.execute(
            "insert into staging.stg_usage_events values ('s', ?, ?, ?)",
            [e["event_id"], e["event_name"], f'{{"doc": "{e["doc"]}"}}' if e["doc"] else None],
        )
    connection.execute(
        "insert into core.bridge_identity values ('user_id', 'u1', 'p', 'a', 'Europe/Berlin'), "
        "('anonymous_id', 'd1', 'p', 'a', 'Europe/Berlin'), "
        "('user_id', 'u2', 'q', 'a', 'Pacific/Auckland'), "
        "('anonymous_id', 'd2', 'anon:d2', 'a', 'Europe/Berlin')"
    )
    connection.execute("insert into core.bridge_handover values ('d2', 'u2', ?, ?)", LENT)
    for version, held in HELD.items():
        for row in funnel("f", version, HOURS, STEPS, EXCLUSIONS, hold=held):
            connection.execute(
                "insert into core.dim_funnel_step values (?, ?, 'F', ?, ?, ?, ?, ?)",
                list(row.values()),
            )


def built(
    sql: dict[str, str], models: tuple[str, ...], drawn: list[tuple], query: str
) -> tuple[list[dict], list[tuple]]:
    """The drawn events, and what a query finds of them in the models."""
    events = events_of(drawn)
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as warehouse; use warehouse;" + TABLES)
        fill(connection, events)
        for model in models:
            connection.execute(f"create table core.{model} as {sql[model]}")
        return events, connection.execute(query).fetchall()


def person_of(event: dict[str, Any]) -> str:
    if event["alias"] == "d2":
        return "q" if LENT[0] < event["occurred_at"] <= LENT[1] else "anon:d2"
    return {"u1": "p", "d1": "p", "u2": "q"}[event["alias"]]


def acts(events: list[dict[str, Any]]) -> list[Act]:
    found = [Act(person_of(e), "a", START.date(), True, True, e) for e in events]
    return sorted(found, key=lambda act: act.order)


@settings(max_examples=50, deadline=None)
@given(drawn=calls)
def test_funnels_are_those_of_the_oracle(sql: dict[str, str], drawn: list[tuple]) -> None:
    events, found = built(
        sql,
        FUNNELS,
        drawn,
        "select funnel_version, entry_mode, person_id, entered_at, reached_step_number, "
        "end_reason from core.fct_funnel_entry where step_number = 1 order by all",
    )
    expected = []
    for version, held in HELD.items():
        tracks: dict[tuple, list[Act]] = defaultdict(list)
        for act in acts(events):
            value = act.event[held] if held else "all"
            if value is not None:
                tracks[act.person, value].append(act)
        for mode in ("unique_first", "reentry"):
            expected += [
                (version, mode, entry.person, entry.event["occurred_at"], len(moments), how)
                for entry, moments, how in entries_of(
                    tracks, mode, STEPS, EXCLUSIONS, dt.timedelta(hours=HOURS)
                )
            ]
    assert found == sorted(expected)


@settings(max_examples=25, deadline=None)
@given(drawn=calls)
def test_sessions_are_those_of_a_walk(sql: dict[str, str], drawn: list[tuple]) -> None:
    events, found = built(
        sql,
        SESSIONS,
        drawn,
        "select person_id, started_at, ended_at, event_count from core.fct_session order by all",
    )
    expected: list[tuple] = []
    for person in ("p", "q", "anon:d2"):
        spans: list[list] = []
        for at in [a.event["occurred_at"] for a in acts(events) if a.person == person]:
            if spans and at - spans[-1][1] <= SILENCE:
                spans[-1][1], spans[-1][2] = at, spans[-1][2] + 1
            else:
                spans.append([at, at, 1])
        expected += [(person, *span) for span in spans]
    assert found == sorted(expected)
