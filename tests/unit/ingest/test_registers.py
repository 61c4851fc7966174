"""The company's own registers, and that no two formats look the same."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from ingest import values
from ingest.formats import load_formats
from tests.unit.ingest.conftest import part


def test_registers_of_the_company(place) -> None:
    registry = place.home / "registry"
    (registry / "tools").mkdir(parents=True)
    (registry / "features.yml").write_text(
        "kind: features\nfeatures:\n  - {feature_id: export, name: no, released_on: 2026-02-01}\n"
    )
    (registry / "tools" / "figma.yml").write_text(
        "kind: tool\ntool: {tool_id: figma, name: Figma, vendor: Figma}\ncontracts:\n"
        "  - {contract_id: c1, starts_on: 2026-01-01, renews_on: 2027-01-01, currency: USD}\n"
    )
    place.run()
    # `no` is a name here, not false.
    assert place.rows("features", "feature_id, name, released_on") == [
        ("export", "no", date(2026, 2, 1))
    ]
    assert place.rows("tool_contracts", "contract_id, tool_id") == [("c1", "figma")]


RATES = """kind: exchange_rates
to_currency: USD
constant_on: 2026-01-01
rates:
  - {currency: EUR, rated_on: 2026-01-01, rate: 1.08}
  - {currency: EUR, rated_on: 2026-02-01, rate: 1.1}
  - {currency: JPY, rated_on: 2026-01-01, rate: 0.0067}
"""


def test_exchange_rates_of_the_company(place) -> None:
    path = place.home / "registry" / "exchange_rates.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(RATES)
    place.run()
    columns = "currency, to_currency, rated_on, rate, constant_on"
    found = place.rows("exchange_rates", columns, "order by currency, rated_on")
    fixed = date(2026, 1, 1)
    assert found == [
        ("EUR", "USD", date(2026, 1, 1), 1.08, fixed), ("EUR", "USD", date(2026, 2, 1), 1.1, fixed),
        ("JPY", "USD", date(2026, 1, 1), 0.0067, fixed),
    ]  # fmt: skip


def test_a_rate_that_is_no_number_and_one_without_a_day_are_set_aside(place) -> None:
    path = place.home / "registry" / "exchange_rates.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(RATES + "  - {currency: GBP, rated_on: 2026-01-01, rate: dear}\n"
                    "  - {currency: GBP, rate: 1.3}\n")  # fmt: skip
    outcome = next(f for f in place.run().files if f.path.endswith("exchange_rates.yml"))
    counts = part(outcome, "exchange_rates")
    assert counts == {"in": 5, "loaded": 3, "duplicate": 0, "quarantined": 2}


@pytest.mark.parametrize(
    ("code", "minor"), [("USD", 150), ("EUR", 150), ("HUF", 150), ("JPY", 2), ("KWD", 1500)]
)
def test_an_amount_has_the_minor_units_of_its_currency(code: str, minor: int) -> None:
    sql = values._money("'1.5'", f"'{code}'")
    assert duckdb.execute(f"select {sql}").fetchone() == (minor,)


def test_every_format_is_told_apart_from_all_others() -> None:
    for one in load_formats():
        for other in load_formats():
            if one.name < other.name and one.reader.kind == other.reader.kind:
                assert one.has != other.has
