"""Recruiting and research coverage against an oracle in plain Python, and counted by hand."""

from __future__ import annotations

import datetime as dt
from math import isclose
from typing import Any

import pytest

from .fixture_lake import Warehouse
from .research_oracle import ResearchOracle, state_of
from .voice_world import Rows

PEOPLE = "marts.recruiting__person"
QUARTERS = "marts.research_coverage__quarter"


@pytest.fixture(scope="module")
def oracle(voice_rows: Rows) -> ResearchOracle:
    return ResearchOracle(voice_rows)


def same(a: Any, b: Any) -> bool:
    return isclose(a, b) if isinstance(a, float) and isinstance(b, float) else a == b


def differences(warehouse: Warehouse, table: str, key: str, expected: dict) -> dict:
    columns = list(next(iter(expected.values())))
    found = {
        r[0]: dict(zip(columns, r[1:], strict=True))
        for r in warehouse.query(f"select {key}, {', '.join(columns)} from {table}")
    }
    wrong: dict = dict.fromkeys(set(found) ^ set(expected), "missing or too much")
    for one in set(found) & set(expected):
        for name, value in expected[one].items():
            if not same(found[one][name], value):
                wrong[one, name] = (found[one][name], value)
    return wrong


def test_candidates_equal_the_oracle(voice_built: Warehouse, oracle: ResearchOracle) -> None:
    expected = oracle.candidates()
    assert differences(voice_built, PEOPLE, "person_id", expected) == {}
    reasons = {row["block_reason"] for row in expected.values()}
    assert reasons == {None, "excluded", "no consent known", "no consent to contact",
                       "contacted within 90 days"}  # fmt: skip
    assert sum(bool(row["used_feature_ids"]) for row in expected.values()) > 5
    assert sum(bool(row["raised_theme_ids"]) for row in expected.values()) > 5


def test_quarters_equal_the_oracle(voice_built: Warehouse, oracle: ResearchOracle) -> None:
    expected = oracle.quarters()
    assert differences(voice_built, QUARTERS, "quarter_on", expected) == {}
    assert len(expected) >= 4
    assert any(row["excluded_session_count"] for row in expected.values())
    assert expected[dt.date(2025, 7, 1)]["session_count"] == 0


def test_the_oracle_is_no_yes_man(voice_built: Warehouse, voice_rows: Rows) -> None:
    ref = ("research_sessions", "notes")
    agreeing = voice_rows | {ref: [r | {"consent": "contact"} for r in voice_rows[ref]]}
    found = ResearchOracle(agreeing).candidates()
    assert differences(voice_built, PEOPLE, "person_id", found)
    fewer = voice_rows | {ref: voice_rows[ref][3:]}
    assert differences(voice_built, QUARTERS, "quarter_on", ResearchOracle(fewer).quarters())


def test_who_may_be_asked_by_hand(voice_built: Warehouse) -> None:
    found = voice_built.query(
        f"select person_id, block_reason, used_feature_ids, raised_theme_ids from {PEOPLE} "
        "where person_id > 'u2' and person_id < 'u3' and length(person_id) = 3 order by 1"
    )
    assert found == [
        ("u21", None, "export", None),
        ("u22", "contacted within 90 days", None, None),
        ("u23", None, None, "sso"),
        ("u24", "no consent to contact", None, None),
        ("u25", "no consent to contact", None, None),
        ("u26", "no consent known", "export", None),
        ("u27", "contacted within 90 days", None, None),
    ]


def test_consent_and_fatigue_block(voice_built: Warehouse) -> None:
    assert voice_built.query(
        f"select person_id from {PEOPLE} where is_eligible and (consent_state <> 'contact' "
        "or contact90_count > 0 or last_contacted_on > date '2026-04-01')"
    ) == []  # fmt: skip


def test_dbts_own_unit_tests(voice_built: Warehouse) -> None:
    own = ["recruiting__person", "research_coverage__quarter", "survey__survey_period"]
    voice_built.run("test", select=[f"{model},resource_type:unit_test" for model in own])


@pytest.mark.parametrize(
    ("consent", "state"),
    [
        (None, "unknown"), ("  ", "unknown"), (" Contact ", "contact"), ("panel", "contact"),
        ("recording", "session only"), ("no contact", "session only"), ("No", "refused"),
        ("withdrawn", "refused"),
    ],
)  # fmt: skip
def test_words_of_consent(consent: str | None, state: str) -> None:
    assert state_of(consent) == state
