"""One vendor value in, one typed value out: times, money, numbers, addresses.

Truths here are written down by hand or come from Python's own datetime, hmac and decimal.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import duckdb
import pytest

from ingest.contracts import load_contracts
from ingest.fields import FieldMap, parse_field
from ingest.mapping import compile_mapping
from ingest.privacy import install

KEY = "a hash key of more than sixteen characters"
FACTS = {
    "source": "shop",
    "file_date": "2026-05-01",
    "born_on": "2026-01-01",
    "latest_at": "2026-07-01 00:00:00",
}


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    install(connection, KEY)
    return connection


def read(connection, contract: str, column: str, spec: object, *, zone: str | None = None, **raw):
    """Value and reason of one column of one record."""
    field = parse_field(column, spec)
    mapping = FieldMap(contract, {column: field}, zone=zone)
    compiled = compile_mapping(mapping, load_contracts()[contract], FACTS)
    values = ", ".join(f"$v_{key} as {key}" for key in raw)
    relation = f"(select {values}, NULL::varchar as r_extra)"
    sql = f"select {column}, _reason from ({compiled.select(relation, repr('k'))})"
    return connection.execute(sql, {f"v_{key}": value for key, value in raw.items()}).fetchone()


TIMES = [
    "2026-05-01T10:00:00Z",
    "2026-05-01T10:00:00.123Z",
    "2026-05-01T10:00:00+02:00",
    "2026-05-01T10:00:00-07:00",
    "2026-05-01T10:00:00+0530",
    "2026-05-01T10:00:00.5-03:30",
    "2026-05-01 10:00:00+00",
    "2026-05-01T23:30:00-05",
]


@pytest.mark.parametrize("zone", [None, "America/New_York"])
@pytest.mark.parametrize("text", TIMES)
def test_a_time_with_an_offset_is_brought_to_utc(connection, text, zone) -> None:
    truth = datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
    assert read(connection, "tickets", "created_at", "t", zone=zone, t=text)[0] == truth


@pytest.mark.parametrize("text", ["2026-05-01 10:00:00", "2026-12-01T10:00:00", "2026-05-01"])
def test_a_time_without_offset_is_local_time_of_the_zone(connection, text) -> None:
    naive = datetime.fromisoformat(text)
    truth = naive.replace(tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)
    value, _ = read(connection, "tickets", "created_at", "t", zone="America/New_York", t=text)
    assert value == truth.replace(tzinfo=None)
    assert read(connection, "tickets", "created_at", "t", t=text)[0] == naive


def test_utc_written_as_a_word(connection) -> None:
    truth = datetime(2026, 5, 1, 10)
    for text in ("2026-05-01 10:00:00 UTC", "2026-05-01 10:00:00 GMT"):
        value, _ = read(connection, "tickets", "created_at", "t", zone="Asia/Tokyo", t=text)
        assert value == truth


@pytest.mark.parametrize(
    "text", ["NaN", "infinity", "-infinity", "epoch", "now", "2026-02-30", "05/01/2026", "0"]
)
def test_words_and_impossible_days_are_no_times(connection, text) -> None:
    assert read(connection, "tickets", "created_at", "t", t=text) == (None, "bad_created_at")
    assert read(connection, "tool_spend", "spent_on", "t", t=text)[0] is None


def test_a_style_with_and_without_offset(connection) -> None:
    styled = {"path": "t", "format": "%d.%m.%Y %H:%M"}
    value, _ = read(connection, "tickets", "created_at", styled, zone="Europe/Berlin",
                    t="01.05.2026 10:00")  # fmt: skip
    assert value == datetime(2026, 5, 1, 8)
    styled = {"path": "t", "format": "%d/%b/%Y:%H:%M:%S %z"}
    value, _ = read(connection, "tickets", "created_at", styled, zone="Europe/Berlin",
                    t="01/May/2026:10:00:00 -0400")  # fmt: skip
    assert value == datetime(2026, 5, 1, 14)
