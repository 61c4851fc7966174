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


def test_funnels_are_lists_of_events_in_order(place) -> None:
    registry = place.home / "registry"
    registry.mkdir()
    (registry / "funnels.yml").write_text(
        "kind: funnels\nfunnels:\n"
        "  - {funnel_id: buy, window_hours: 24, steps: [View, Pay], exclude: [Refused]}\n"
        "  - {funnel_id: save, version: 2, hold: doc, steps: [Open, Save, Open]}\n"
        "  - {funnel_id: bad, version: first, steps: [Open, Save]}\n"
    )
    place.run()
    names = "funnel_id, funnel_version, window_hours, held_property, is_exclusion, step_number"
    assert sorted(place.rows("funnel_steps", f"{names}, event_name"), key=str) == [
        ("buy", 1, 24, None, False, 1, "View"),
        ("buy", 1, 24, None, False, 2, "Pay"),
        ("buy", 1, 24, None, True, 1, "Refused"),
        ("save", 2, 168, "doc", False, 1, "Open"),
        ("save", 2, 168, "doc", False, 2, "Save"),
        ("save", 2, 168, "doc", False, 3, "Open"),
    ]
    # What can't be read is set aside, step by step.
    assert [row[2] for row in place.quarantine()] == ["bad_funnel_version"] * 2


def test_criteria_of_activation(place) -> None:
    registry = place.home / "registry"
    registry.mkdir()
    (registry / "activation.yml").write_text(
        "kind: activation\ncriteria:\n"
        "  - {criteria_id: active, feature_id: export, use_count: 3, within_days: 14, version: 2}\n"
        "  - {criteria_id: any}\n  - {name: nameless}\n"
    )
    place.run()
    names = "criteria_id, criteria_version, feature_id, use_count, within_days"
    assert place.rows("activation_criteria", names, "order by 1") == [
        ("active", 2, "export", 3, 14),
        ("any", 1, None, 1, 7),
    ]
    assert [row[2] for row in place.quarantine()] == ["missing_criteria_id"]


def test_promises_of_the_support_desk(place) -> None:
    registry = place.home / "registry"
    registry.mkdir()
    (registry / "sla_policies.yml").write_text(
        "kind: sla_policies\npolicies:\n"
        "  - {policy_id: urgent, metric: first_reply, priority: Urgent, target_minutes: 60, "
        "hours: business}\n"
        "  - {policy_id: all, metric: resolution, target_minutes: 2880, starts_on: 2026-03-01}\n"
        "  - {policy_id: soon, metric: resolution, target_minutes: soon}\n"
        "  - {metric: resolution, target_minutes: 5}\n"
    )
    place.run()
    columns = "policy_id, metric, priority, target_minutes, hours, starts_on"
    assert place.rows("sla_policies", columns, "order by 1") == [
        ("all", "resolution", None, 2880, "calendar", date(2026, 3, 1)),
        ("urgent", "first_reply", "urgent", 60, "business", None),
    ]
    assert [row[2] for row in place.quarantine()] == ["bad_target_minutes", "missing_policy_id"]


def test_the_register_of_survey_questions(place) -> None:
    folder = place.home / "registry"
    folder.mkdir(exist_ok=True)
    (folder / "surveys.yml").write_text(
        "kind: surveys\nquestions:\n"
        "  - {survey_id: S, question_id: QID3, question_kind: CSAT, scale_min: 1, scale_max: 5}\n"
        "  - {survey_id: S, question_id: QID4, question_kind: ces, scale_min: 1}\n"
    )
    outcome = next(f for f in place.run().files if f.path.endswith("surveys.yml"))
    assert outcome.status == "loaded"
    columns = "survey_id, question_id, question_kind, scale_min, scale_max"
    assert place.rows("survey_questions", columns) == [("S", "QID3", "csat", 1.0, 5.0)]


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
