"""The voice marts against an oracle in plain Python, and contested cases counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import NO_CHECKS
from .fixture_lake import FixtureLake, Warehouse
from .research_world import MORE_PEOPLE
from .voice_oracle import VoiceOracle
from .voice_words import first_hit, mentions
from .voice_world import TERMS, Rows, deliver_scattered

MART = "marts.theme_demand__theme_week"
MENTION = "marts.feedback__mention"
OWN = [
    "marts.voice",
    "fct_feedback_item",
    "fct_term_hit",
    "fct_mention",
    "fct_parent_week",
    "dim_opportunity_version",
    "dim_voice_week",
    "fct_theme_ask",
    "fct_theme_churn",
    "fct_ask_tail",
    "fct_survey_answer",
    "fct_survey_invitee",
    "fct_survey_period",
]


@pytest.fixture(scope="module")
def rows(voice_rows: Rows) -> Rows:
    return voice_rows


@pytest.fixture(scope="module")
def built(voice_built: Warehouse) -> Warehouse:
    return voice_built


def cells(warehouse: Warehouse, oracle: VoiceOracle) -> tuple[dict, dict]:
    """Rows of the mart and of the oracle by theme and week, with the oracle's columns."""
    expected = oracle.theme_weeks()
    columns = list(next(iter(expected.values())))
    asked = ", ".join("round(hhi_rate, 9)" if c == "hhi_rate" else c for c in columns)
    found = warehouse.query(f"select theme_id, week_on, {asked} from {MART}")
    return {(r[0], r[1]): dict(zip(columns, r[2:], strict=True)) for r in found}, expected


def test_theme_weeks_equal_the_oracle(built: Warehouse, rows: Rows) -> None:
    found, expected = cells(built, VoiceOracle(rows))
    assert set(found) == set(expected)
    assert {k: v for k, v in found.items() if v != expected[k]} == {}
    busy = [v for v in expected.values() if v["account_count"] > 1 and v["top1_rate"]]
    assert len(busy) > 20
    for name in ("excluded_mention_count", "unmatched_mention_count",
        "unrated_account_count",
                 "loss_mention_count", "lost_pipeline_minor", "open_pipeline_minor"):  # fmt: skip
        assert sum(v[name] > 0 for v in expected.values()) > 3, f"the random rows never show {name}"


def test_items_equal_the_oracle(built: Warehouse, rows: Rows) -> None:
    found = built.query(
        "select item_id, item_type, occurred_at, occurred_on, account_id, ultimate_parent_id, "
        "item_text, exclusion_reason, is_countable, is_matched from core.fct_feedback_item"
    )
    expected = [
        (
            i.item_id,
            i.kind,
            i.at,
            i.on,
            i.account,
            i.parent,
            i.text,
            i.reason,
            i.reason is None,
            i.account != "unknown",
        )
        for i in VoiceOracle(rows).items
    ]
    assert sorted(found) == sorted(expected)
    assert {"deleted", "merged", "test", "in the future", "employee", "test_account", "demo"} <= {
        r[7] for r in found
    }


def test_mentions_equal_the_oracle(built: Warehouse, rows: Rows) -> None:
    found = built.query(
        "select item_id, theme_id, evidence_start, evidence_end, term, term_count "
        "from core.fct_mention"
    )
    expected = [
        (i.item_id, t, *span)
        for i in VoiceOracle(rows).items
        for t, span in mentions(i.text).items()
    ]
    assert sorted(found) == sorted(expected)
    assert len(expected) > 150


def test_published_mentions_are_what_was_found_and_in_whose_name(
    built: Warehouse, rows: Rows
) -> None:
    found = built.query(
        "select item_id, theme_id, account_id, ultimate_parent_id, occurred_on, evidence, "
        "is_countable, person_id from marts.feedback__mention"
    )
    expected = [
        (i.item_id, t, i.account, i.parent, i.on, i.text[a:b], i.reason is None)
        for i in VoiceOracle(rows).items
        for t, (a, b, *_) in mentions(i.text).items()
    ]
    assert sorted(r[:7] for r in found) == sorted(expected)
    people = {r[7] for r in found if r[0].startswith("interview:")}
    assert len(people) > 3, "the random rows never name who was interviewed"
    everybody = [*range(1, 11), *MORE_PEOPLE]
    assert {r[7] for r in found} <= {None, *(f"u{n}" for n in everybody)}


def test_every_kind_of_feedback_is_an_item_once(built: Warehouse) -> None:
    kinds = built.query("select distinct item_type from core.fct_feedback_item order by 1")
    assert {k for (k,) in kinds} == {
        "call", "idea", "interview", "loss_reason", "note", "survey_answer", "ticket",
    }  # fmt: skip


def test_a_mention_is_complete_once_its_day_is_over(built: Warehouse) -> None:
    assert built.query(
        "select count(*) > 100, bool_and(data_through_at <= occurred_on + interval 36 hours), "
        "bool_and(is_complete = (data_through_at = occurred_on + interval 36 hours)), "
        "bool_or(not is_complete) from marts.feedback__mention"
    ) == [(True, True, True, True)]


def test_the_version_of_a_theme_follows_its_terms(built: Warehouse, tmp_path: Path) -> None:
    versions = "select theme_id, terms_version from core.dim_theme"
    before = dict(built.query(versions))
    terms = [{"theme_id": t, "theme_name": t, "term": w, "is_exclusion": x} for t, w, x in TERMS]
    lake = FixtureLake(tmp_path / "lake")
    changed = [r | {"term": "ssoo"} if r["term"] == "sso" else r for r in reversed(terms)]
    lake.add("theme_terms", changed, source="registry")
    other = Warehouse(tmp_path / "warehouse.duckdb", lake, built.target, built.settings)
    other.run(select=["stg_theme_terms", "dim_theme"])
    after = dict(other.query(versions))
    assert {t for t in before if before[t] != after[t]} == {"sso"}


def test_the_oracle_is_no_yes_man(built: Warehouse, rows: Rows) -> None:
    """One item less, one word less or another currency must be seen."""
    ref = ("feedback_notes", "hubspot")
    fewer = rows | {ref: [r for r in rows[ref] if r["note_id"] != "h9"]}
    for other in (VoiceOracle(fewer), VoiceOracle(rows, currency="EUR")):
        found, expected = cells(built, other)
        assert found != expected


def test_evidence_is_what_stands_in_the_text(built: Warehouse) -> None:
    wrong = built.query(
        "select m.* from core.fct_mention m join core.fct_feedback_item i using (item_id) "
        "where substr(i.item_text, m.evidence_start + 1, m.evidence_end - m.evidence_start) "
        "<> m.evidence"
    )
    assert wrong == []


def test_own_checks_of_the_models_pass(built: Warehouse) -> None:
    built.run(
        "test",
        select=[*OWN, "int_voice__item", "int_voice__term", "int_voice__question"],
    )


def test_order_repetition_and_batches_of_deliveries_change_nothing(
    built: Warehouse, rows: Rows, tmp_path: Path
) -> None:
    lake = FixtureLake(tmp_path / "lake")
    other = Warehouse(tmp_path / "warehouse.duckdb", lake, built.target, built.settings)
    # Half of the texts and of the terms come first, and some of the texts are others then.
    deliver_scattered(lake, {key: found[::2] for key, found in rows.items()}, seed=4)
    other.run("build", select=["+fct_mention"], exclude=NO_CHECKS)
    assert other.rows("core.fct_term_hit") != built.rows("core.fct_term_hit")
    deliver_scattered(lake, rows, seed=3)
    other.run("build", select=["+marts.voice"], exclude=NO_CHECKS)
    hits = "columns(lambda name: name <> 'text_key')"
    assert other.rows("core.fct_term_hit", hits) == built.rows("core.fct_term_hit", hits)
    for table in (MART, MENTION, "core.fct_mention", "core.fct_feedback_item"):
        assert other.rows(table) == built.rows(table)


# ---- contested cases, counted by hand (docs/decisions.md tells why)


def cell(warehouse: Warehouse, theme: str, week: str, columns: str) -> tuple:
    (row,) = warehouse.query(
        f"select {columns} from {MART} where theme_id = ? and week_on = ?", [theme, week]
    )
    return row


def test_demand_counts_each_parent_once_with_its_whole_family(built: Warehouse) -> None:
    # h1, h2 (a subsidiary of h1's account), h3 (nobody knows whose), h4 (paid in EUR), h9, and the
    # loss of hd3. Left out: h5 (test account), h7 (deleted); h6 is about the newsletter.
    assert cell(
        built, "sso", "2026-03-02", "mention_count, ticket_mention_count, loss_mention_count"
    ) == (6, 4, 1)
    columns = "account_count, unmatched_mention_count, excluded_mention_count"
    columns += ", unrated_account_count"
    assert cell(built, "sso", "2026-03-02", columns) == (3, 1, 2, 1)
    # g1 1,000 + its subsidiary g2 300 + free g3 0; g6 5,000 once for a note and a lost deal; g4
    # pays in EUR, for which there is no rate.
    assert cell(built, "sso", "2026-03-02", "demand_arr_minor, currency") == (6_300, "USD")
    assert cell(built, "sso", "2026-03-02", "top1_num, top1_den, top1_rate") == (
        5_000,
        6_300,
        5_000 / 6_300,
    )


def test_pipeline_is_what_was_open_at_the_end_of_the_week(built: Warehouse) -> None:
    # 2,000 x 0.25 + 1,000 x 0.5, which was won two weeks later; hd3 was lost, hd4 is in EUR.
    assert cell(built, "sso", "2026-03-02", "open_pipeline_minor, lost_pipeline_minor") == (
        1_000,
        700,
    )


def test_a_week_is_the_accounts_own_week(built: Warehouse) -> None:
    # Sunday noon in UTC is Monday in Auckland.
    assert cell(built, "billing", "2026-03-02", "mention_count, demand_arr_minor, top1_rate") == (
        0,
        0,
        None,
    )
    assert cell(built, "billing", "2026-03-09", "mention_count, demand_arr_minor") == (1, 1_300)


def test_an_example_is_of_a_known_account(built: Warehouse) -> None:
    found = cell(built, "sso", "2026-03-02", "example_item_id, example_evidence")
    assert found == ("note:hubspot:h9", "Single\n Sign-On")


def test_a_blank_term_and_an_unused_one_match_nothing(built: Warehouse) -> None:
    assert built.query(
        f"select sum(mention_count) from {MART} where theme_id in ('blank', 'silent')"
    ) == [(0,)]
    weeks = built.query(f"select theme_id, count(*) as n from {MART} group by theme_id order by n")
    assert len({n for _, n in weeks}) == 1, "a theme that nobody mentions has its zeros"


@pytest.mark.parametrize(("text", "term", "span"), [
    ("assos sso", "sso", (6, 9)), ("SSO-login", "sso", (0, 3)), ("our_sso", "sso", None), ("2sso",
     "sso", None),
    ("Exports  FAILED", "export* fail*", None), ("c++11", "c++", None), ("(C++)", "c++", (1, 4)),
    ("Über", "über*", (0, 4)), ("single\nsign-on", "single sign-on", (0, 14)), ("billed", "bill*",
     (0, 6)),
    ("anything", " * ", None), ("export fai", "export fail*", None),
])  # fmt: skip
def test_the_oracle_finds_words_as_people_do(
    text: str, term: str, span: tuple[int, int] | None
) -> None:
    assert first_hit(text, term) == span
