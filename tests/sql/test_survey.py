"""The survey mart against an oracle in plain Python, and contested cases counted by hand."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from math import isclose, sqrt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .fixture_lake import FixtureLake, Warehouse
from .survey_oracle import SurveyOracle, quarter_of, wilson
from .survey_world import QUESTIONS, answer, surveys
from .voice_world import AS_OF, Rows, deliver, deliver_scattered, merged, registers

MART = "marts.survey__survey_period"
KEY = "source, survey_id, question_id, segment, quarter_on"


def same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float | int):
        return isclose(a, b, abs_tol=1e-6)
    return a == b


def differences(warehouse: Warehouse, rows: Rows) -> dict:
    expected = SurveyOracle(rows).periods()
    columns = list(next(iter(expected.values())))
    found = {
        r[:5]: dict(zip(columns, r[5:], strict=True))
        for r in warehouse.query(f"select {KEY}, {', '.join(columns)} from {MART}")
    }
    wrong: dict = dict.fromkeys(set(found) ^ set(expected), "missing or too much")
    for key in set(found) & set(expected):
        for name, value in expected[key].items():
            if not same(found[key][name], value):
                wrong[(*key, name)] = (found[key][name], value)
    return wrong


def test_periods_equal_the_oracle(voice_built: Warehouse, voice_rows: Rows) -> None:
    assert differences(voice_built, voice_rows) == {}
    cells = SurveyOracle(voice_rows).periods().values()
    for name in ("test_answer_count", "excluded_answer_count", "off_scale_answer_count",
                 "repeated_answer_count", "anonymous_response_count", "passive_count",
                 "response_num", "top2_num"):  # fmt: skip
        assert sum((cell[name] or 0) > 0 for cell in cells) > 3, f"the rows never show {name}"
    assert {cell["is_complete"] for cell in cells} == {True, False}


def test_segments_add_up_to_all(voice_built: Warehouse) -> None:
    for name in ("answer_count", "response_count", "promoter_count", "top2_num", "response_den"):
        assert (
            voice_built.query(
                f"select survey_id, question_id, quarter_on from {MART} group by all "
                f"having sum(case when segment = 'all' then {name} else -{name} end) <> 0"
            )
            == []
        ), name


def test_the_oracle_is_no_yes_man(voice_built: Warehouse, voice_rows: Rows) -> None:
    ref = ("survey_responses", "qualtrics")
    fewer = voice_rows | {ref: [r for r in voice_rows[ref] if r["response_id"] != "s7"]}
    tests = voice_rows | {ref: [r | {"is_test": False} for r in voice_rows[ref]]}
    for other in (fewer, tests, voice_rows | {("survey_deliveries", "qualtrics"): []}):
        assert differences(voice_built, other)


# ---- contested cases, counted by hand (docs/decisions.md tells why)


def cell(warehouse: Warehouse, question: str, columns: str, segment: str = "all") -> tuple:
    (row,) = warehouse.query(
        f"select {columns} from {MART} where survey_id = 'hand' and question_id = ? "
        "and segment = ? and quarter_on = date '2026-04-01'", [question, segment],
    )  # fmt: skip
    return row


def test_an_nps_by_hand(voice_built: Warehouse) -> None:
    columns = "answer_count, test_answer_count, excluded_answer_count, off_scale_answer_count"
    columns += ", repeated_answer_count, response_count"
    assert cell(voice_built, "n", columns) == (12, 1, 1, 1, 1, 8)
    columns = "promoter_count, passive_count, detractor_count, nps_score"
    assert cell(voice_built, "n", columns) == (4, 2, 2, 25.0)
    se, low, high = cell(voice_built, "n", "nps_se, nps_low, nps_high")
    assert (
        se == pytest.approx(100 * sqrt((0.5 + 0.25 - 0.25**2) / 8)) == pytest.approx(29.3, abs=0.1)
    )
    assert (low, high) == pytest.approx((-32.5, 82.5), abs=0.1)
    # Blue 10, 10, 9: 100; another 8 and 6: -50; another 0: -100.
    assert cell(voice_built, "n", "account_count, round(nps_account_score, 1)") == (3, -16.7)


def test_a_csat_by_hand(voice_built: Warehouse) -> None:
    columns = "top2_num, top2_den, top2_rate, answer_mean, scale_max, nps_score, kind_basis"
    assert cell(voice_built, "c", columns) == (3, 4, 0.75, 3.75, 5.0, None, "register")
    assert cell(voice_built, "c", "top2_low, top2_high") == pytest.approx((0.301, 0.954), abs=0.001)


def test_the_response_rate_is_of_those_it_reached(voice_built: Warehouse) -> None:
    # Eight people; not the one of whom nobody knows, the bounced one and the employee. One of the
    # eight did not answer; who answered without a name can't be found among them.
    assert cell(voice_built, "n", "response_num, response_den, response_rate") == (7, 8, 0.875)


def test_all_of_one_kind_is_no_certainty(voice_built: Warehouse) -> None:
    found = voice_built.query(f"select nps_low, nps_high from {MART} where nps_se = 0")
    assert found
    assert set(found) == {(None, None)}


def test_wilson_by_hand() -> None:
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(None, None) == wilson(0, 0) == (None, None)


# ---- other companies


@pytest.fixture(scope="module")
def base(voice_built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """People and accounts, once; surveys come and go."""
    path = tmp_path_factory.mktemp("surveys") / voice_built.path.name
    shutil.copyfile(voice_built.path, path)
    return replace(voice_built, path=path)


def rebuilt(base: Warehouse, rows: Rows, folder: Path, seed: int | None = None) -> Warehouse:
    lake = FixtureLake(folder)
    found = merged(registers(), rows)
    deliver(lake, found) if seed is None else deliver_scattered(lake, found, seed)
    again = replace(base, lake=lake)
    own = ["int_voice__question", "fct_survey_answer", "fct_survey_invitee", "fct_survey_period"]
    views = ["stg_survey_responses", "stg_survey_questions", "stg_survey_deliveries", "stg_batches"]
    views += ["stg_contracts"]
    again.run("build", select=[*views, *own, "dim_contract", "survey__survey_period"])
    return again


def test_no_survey_at_all_gives_no_row(base: Warehouse, tmp_path: Path) -> None:
    assert rebuilt(base, {}, tmp_path / "lake").rows(MART) == []


def test_order_repetition_and_batches_change_nothing(base: Warehouse, tmp_path: Path) -> None:
    rows = surveys(9, count=60)
    first = rebuilt(base, rows, tmp_path / "a").rows(MART)
    assert rebuilt(base, rows, tmp_path / "b", seed=4).rows(MART) == first
    assert first


MOMENTS = st.datetimes(dt.datetime(2026, 3, 28), dt.datetime(2026, 4, 3)) | st.sampled_from(
    [dt.datetime(2026, 3, 31, 10, 59), dt.datetime(2026, 4, 1, 3, 59), dt.datetime(2026, 4, 1, 7),
     AS_OF, AS_OF + dt.timedelta(hours=1)]
)  # fmt: skip


@st.composite
def companies(draw: st.DrawFn) -> Rows:
    """A few answers and invitations around midnights at which a quarter ends somewhere."""
    answers, sent = [], []
    for n in range(draw(st.integers(1, 12))):
        survey, question, text, _, offered = draw(st.sampled_from(QUESTIONS))
        row = answer(
            survey, f"x{n}", question, float(draw(st.sampled_from(offered))), draw(MOMENTS)
        )
        user = draw(st.none() | st.integers(1, 12))
        more = {"question_text": text, "user_id": f"u{user}" if user else None}
        answers.append(row | more | {"is_test": draw(st.sampled_from((False, False, True, None)))})
    for n in range(draw(st.integers(0, 8))):
        at = draw(MOMENTS)
        sent.append(
            {"survey_id": draw(st.sampled_from(("nps", "NPS", "effort"))), "delivery_id": f"d{n}",
             "delivery_status": draw(st.sampled_from(("delivered", "delivered", "bounced"))),
             "user_id": f"u{draw(st.integers(1, 12))}", "sent_at": at, "updated_at": at}
        )  # fmt: skip
    found = surveys(1, count=0)
    return found | {
        ("survey_responses", "qualtrics"): answers, ("survey_deliveries", "qualtrics"): sent,
    }  # fmt: skip


@pytest.mark.slow
def test_any_small_company_equals_the_oracle(base: Warehouse, tmp_path: Path) -> None:
    numbers = iter(range(1000))

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(rows=companies())
    def check(rows: Rows) -> None:
        warehouse = rebuilt(base, rows, tmp_path / f"lake{next(numbers)}")
        if SurveyOracle(rows).periods():
            assert differences(warehouse, rows) == {}
        else:
            assert warehouse.rows(MART) == []

    check()


@pytest.mark.parametrize(("day", "first"), [
    (dt.date(2026, 1, 1), dt.date(2026, 1, 1)), (dt.date(2026, 3, 31), dt.date(2026, 1, 1)),
    (dt.date(2026, 12, 31), dt.date(2026, 10, 1)),
])  # fmt: skip
def test_quarters_by_hand(day: dt.date, first: dt.date) -> None:
    assert quarter_of(day) == first
