"""Exchange rates: which one is in force on a day, and what an amount becomes with it."""

from __future__ import annotations

import datetime as dt
import random
import re

import duckdb
import pytest

from ingest import values

from .fixture_lake import Warehouse
from .project import PROJECT
from .replay import Replay

ORG = "USD"
DAY = dt.timedelta(days=1)
FIXED = dt.date(2026, 1, 15)
FIRST, LAST = dt.date(2025, 11, 1), dt.date(2026, 12, 1)
TABLE = "core.dim_exchange_rate"
DIGITS = {"JPY": 0, "KWD": 3}


def rate(
    currency: str, on: str | dt.date, value: float, to: str = ORG, fixed: dt.date = FIXED
) -> dict:
    return {
        "currency": currency, "to_currency": to, "rated_on": on, "rate": value, "constant_on": fixed
    }  # fmt: skip


def register(seed: int) -> list[dict]:
    """Daily, monthly and forgotten rates of several currencies."""
    chance = random.Random(seed)
    rows = {}
    for currency in ("EUR", "GBP", "JPY", "KWD", "CHF"):
        day = FIRST + DAY * chance.randrange(60)
        while day < LAST:
            rows[currency, day] = rate(currency, day, round(chance.uniform(0.005, 3), 4))
            day += DAY * chance.choice((1, 3, 7, 30, 31, 32, 60))
    rows["PLN", FIRST] = rate("PLN", FIRST, 9.0, to="EUR")
    return list(rows.values())


def in_force(rows: list[dict], currency: str, day: dt.date) -> float | None:
    """The last rate entered up to the day, unless it is 31 days old or older."""
    if currency == ORG:
        return 1.0
    known = [r for r in rows if r["currency"] == currency and r["to_currency"] == ORG]
    past = [r for r in known if r["rated_on"] <= day]
    newest = max(past, key=lambda r: r["rated_on"], default=None)
    if newest is None or (day - newest["rated_on"]).days >= 31:
        return None
    return newest["rate"]


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Replay:
    return Replay(
        tmp_path_factory.mktemp("money"), ["+dim_exchange_rate"], ["exchange_rates"], {}
    )  # fmt: skip


def build(replay: Replay, *registers: list[dict]) -> Warehouse:
    """Rates of one register, or of several that differ."""
    replay.build({("exchange_rates", f"registry{n or ''}"): r for n, r in enumerate(registers)})
    return replay.warehouse


def on(warehouse: Warehouse, currency: str, day: str) -> tuple:
    found = warehouse.query(
        f"select rate, minor_rate, constant_minor_rate from {TABLE} where currency = ? "
        "and valid_from_on <= ? and (valid_to_on is null or valid_to_on > ?)",
        [currency, day, day],
    )
    assert len(found) <= 1, "two rates on one day"
    return found[0] if found else ()


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 3))])
def test_each_day_has_the_rate_of_a_plain_count(seed: int, replay: Replay) -> None:
    rows = register(seed)
    warehouse = build(replay, rows)
    found = warehouse.query(
        f"select currency, day_on, rate, minor_rate, constant_minor_rate from {TABLE} "
        "join (select unnest(generate_series(?::date, ?::date, interval 1 day))::date as day_on) "
        "on day_on >= valid_from_on and (valid_to_on is null or day_on < valid_to_on)",
        [FIRST - 40 * DAY, LAST + 99 * DAY],
    )
    currencies = {r["currency"] for r in rows if r["to_currency"] == ORG} | {ORG}
    days = (LAST - FIRST).days + 140
    assert len(found) == len(currencies) * days, "each day once, in every currency"
    for currency, day, value, minor, constant in found:
        factor = 10.0 ** (2 - DIGITS.get(currency, 2))
        expected = in_force(rows, currency, day)
        fixed = in_force(rows, currency, FIXED)
        assert value == expected, (currency, day)
        assert minor == (None if expected is None else pytest.approx(expected * factor, rel=1e-12))
        assert constant == (None if fixed is None else pytest.approx(fixed * factor, rel=1e-12))
    assert {row[0] for row in found if row[2] is None}
    assert {row[0] for row in found if row[4]}


def test_the_worked_example_of_the_decisions(replay: Replay) -> None:
    rows = [
        rate("EUR", "2026-01-01", 1.08), rate("EUR", "2026-02-01", 1.10),
        rate("JPY", "2026-01-01", 0.0067), rate("KWD", "2026-01-01", 3.25),
    ]  # fmt: skip
    warehouse = build(replay, rows)
    assert on(warehouse, "EUR", "2025-12-31")[0] is None
    assert on(warehouse, "EUR", "2026-01-31")[0] == 1.08
    assert on(warehouse, "EUR", "2026-02-01")[0] == 1.10
    assert on(warehouse, "EUR", "2026-03-03")[0] == 1.10
    assert on(warehouse, "EUR", "2026-03-04")[0] is None, "31 days old"
    assert on(warehouse, "EUR", "2030-01-01")[2] == 1.08, "the fixed day's rate has no age"
    assert on(warehouse, "USD", "1999-01-01") == (1.0, 1.0, 1.0)
    assert on(warehouse, "CHF", "2026-01-01") == (), "nobody knows francs"
    # 12,000 yen are 80.40 dollars, 1.500 dinars are 4.875 dollars.
    assert round(12_000 * on(warehouse, "JPY", "2026-01-20")[1]) == 8_040
    assert 1_500 * on(warehouse, "KWD", "2026-01-20")[1] == pytest.approx(487.5)


def test_without_a_register_only_the_own_currency_is_known(replay: Replay) -> None:
    warehouse = build(replay)
    assert warehouse.query(f"select currency, rate from {TABLE}") == [("USD", 1.0)]


def test_nonsense_is_no_rate(replay: Replay) -> None:
    bad = [
        rate("EUR", "2026-01-01", 0.0), rate("GBP", "2026-01-01", -1.3),
        rate("USD", "2026-01-01", 7.0), rate("CHF", "2026-01-01", 1.1, to="EUR"),
    ]  # fmt: skip
    warehouse = build(replay, bad)
    assert warehouse.query(f"select currency, rate from {TABLE}") == [("USD", 1.0)]


def test_own_checks_of_the_model_pass_and_each_can_fail(replay: Replay) -> None:
    build(replay, register(1))
    assert replay.failed_checks(["dim_exchange_rate"], [])[0] == set()
    failed, every = replay.failed_checks(["dim_exchange_rate"], [
        f"update {TABLE} set rate = -1, valid_to_on = valid_from_on",
        f"insert into {TABLE} from {TABLE}",
    ])  # fmt: skip
    assert failed == every
    assert len(every) == 3


def test_two_registers_that_name_a_day_are_one_rate(replay: Replay) -> None:
    first, second = [rate("EUR", "2026-01-01", 1.08)], [rate("EUR", "2026-01-01", 1.5)]
    warehouse = build(replay, second, first)
    assert on(warehouse, "EUR", "2026-01-02")[0] == 1.5, "the first register by name"


def test_ingest_and_models_know_the_same_minor_units() -> None:
    macro = (PROJECT / "macros" / "money.sql").read_text()
    body = macro.split("macro currency_digits")[1].split("endmacro")[0]
    none, three = re.findall(r"in \(([^)]*)\)", body)
    assert re.findall(r"'(\w+)'", none) == values.NO_DECIMALS.split()
    assert re.findall(r"'(\w+)'", three) == values.THREE_DECIMALS.split()


@pytest.mark.parametrize(("minor", "minor_rate", "expected"), [
    (0, None, 0), (100, None, None), (None, 1.1, None), (105, 0.5, 53), (-105, 0.5, -53),
    (1_000, 1.08, 1_080),
])  # fmt: skip
def test_converted_amounts(
    minor: int | None, minor_rate: float | None, expected: int | None
) -> None:
    macro = (PROJECT / "macros" / "money.sql").read_text().split("macro converted")[1]
    sql = macro.split("-%}")[1].split("{%-")[0]
    sql = sql.replace("{{ minor }}", "m").replace("{{ minor_rate }}", "r")
    found = duckdb.execute(
        f"select {sql} from (select ?::bigint as m, ?::double as r)", [minor, minor_rate]
    ).fetchone()
    assert found == (expected,)
