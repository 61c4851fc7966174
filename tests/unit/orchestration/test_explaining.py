"""`productops check --explain`: every check is told, in words that fit what it does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from expectations.ledger_checks import LEDGER_CHECKS
from expectations.suites import ExpectationSpec, RowCondition
from expectations.vocabulary import WORDS
from expectations.words import in_words
from orchestration.cli import main
from orchestration.lib.suites import mart_suites, raw_suites
from tests.unit.expectations.test_company import PEOPLE, SEATS, write

# Arguments of all types at once: each takes those that it knows.
KWARGS = {
    "column": "c", "column_A": "a", "column_B": "b", "column_list": ["a", "b"],
    "column_set": ["a", "b"], "value_set": ["a", True], "regex": "^x",
    "min_value": 1, "max_value": 3, "strict_max": True,
}  # fmt: skip
SAID = {
    "expect_column_distinct_values_to_be_in_set": "c is one of: a, true",
    "expect_column_distinct_values_to_contain_set": "c has each of: a, true",
    "expect_column_max_to_be_between": "the max of c is at least 1 and below 3",
    "expect_column_mean_to_be_between": "the mean of c is at least 1 and below 3",
    "expect_column_min_to_be_between": "the min of c is at least 1 and below 3",
    "expect_column_sum_to_be_between": "the sum of c is at least 1 and below 3",
    "expect_column_pair_values_a_to_be_greater_than_b": "a is greater than b",
    "expect_column_pair_values_to_be_equal": "a is b",
    "expect_column_proportion_of_unique_values_to_be_between":
        "the proportion of unique values of c is at least 1 and below 3",
    "expect_column_unique_value_count_to_be_between":
        "the unique value count of c is at least 1 and below 3",
    "expect_column_to_exist": "there is a column c",
    "expect_column_value_lengths_to_be_between": "the length of c is at least 1 and below 3",
    "expect_column_values_to_be_between": "c is at least 1 and below 3",
    "expect_column_values_to_be_in_set": "c is one of: a, true",
    "expect_column_values_to_be_null": "c is empty",
    "expect_column_values_to_be_unique": "no two rows have the same c",
    "expect_column_values_to_match_regex": "c has the form ^x",
    "expect_column_values_to_not_be_in_set": "c is none of: a, true",
    "expect_column_values_to_not_be_null": "c is known in every row",
    "expect_column_values_to_not_match_regex": "c nowhere has the form ^x",
    "expect_compound_columns_to_be_unique": "no two rows have the same a, b",
    "expect_table_columns_to_match_set": "the columns are: a, b",
    "expect_table_row_count_to_be_between": "the number of rows is at least 1 and below 3",
    "unexpected_rows_expectation": "no row is found of: own parent",
}  # fmt: skip


def explain(home: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), "check", "--explain", *words])


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_each_type_of_check_has_words(kind: str) -> None:
    assert in_words(_spec(kind, KWARGS)) == SAID[kind]


def test_a_share_of_rows_and_a_lower_limit_are_told() -> None:
    known = _spec("expect_column_values_to_not_be_null", {"column": "c", "mostly": 0.5})
    assert in_words(known) == "c is known, in at least 50 % of the rows"
    pair = {"column_A": "a", "column_B": "b", "or_equal": True}
    later = _spec("expect_column_pair_values_a_to_be_greater_than_b", pair)
    assert in_words(later) == "a is not less than b"


def _spec(kind: str, kwargs: dict, condition: RowCondition | None = None) -> ExpectationSpec:
    return ExpectationSpec(
        "unexpected_rows__own_parent", kind, kwargs, "critical", "Why.", condition
    )


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (RowCondition("d", "==", False), "where d is false"),
        (RowCondition("d", "IS_NULL"), "where d is unknown"),
        (RowCondition("d", "IN", ["a", "b"]), "where d is one of a, b"),
        (RowCondition("d", ">=", 3), "where d >= 3"),
    ],
)
def test_a_condition_is_told(condition: RowCondition, said: str) -> None:
    spec = _spec("expect_column_values_to_not_be_null", {"column": "c"}, condition)
    assert in_words(spec) == f"c is known in every row, {said}"


def test_every_check_is_told_once_with_all_that_people_ask(tmp_path: Path) -> None:
    told = json.loads(explain(tmp_path, "--json").output)
    suites = [*raw_suites(), *mart_suites()]
    wanted = {(s.table, e.check_name) for s in suites for e in s.expectations}
    wanted |= {("batches", check.check_name) for check in LEDGER_CHECKS}
    assert {(each["table"], each["check"]) for each in told} == wanted
    assert len(told) == len(wanted)
    for each in told:
        assert all(each[key] for key in each if key != "holds" or each["table"] != "batches"), each
        assert each["effect"].startswith(("holds back", "stops the")) == (
            each["severity"] == "critical"
        )
        assert each["of"] == "productops"
    by_place = {each["at"] for each in told if each["table"] == "tickets"}
    assert len(by_place) == sum(each["table"] == "tickets" for each in told)
    assert all(place.startswith("expectations/raw/tickets.yml:") for place in by_place)


def test_one_table_is_told_readably_with_the_companys_own_checks(tmp_path: Path) -> None:
    (tmp_path / "productops.yml").write_text("org: {name: x}\n", encoding="utf-8")
    write(tmp_path, PEOPLE, "marts/active_users__daily.yml")
    write(tmp_path, SEATS)
    shown = explain(tmp_path, "active_users__daily")
    assert shown.exit_code == 0
    assert "active_users__daily (mart, " in shown.output
    assert "owner product-analytics" in shown.output
    own = shown.output[shown.output.index("(the company's own)") :]
    assert "We have sold 500 seats." in own
    assert "must hold: dau_count is at most 500" in own
    assert "warns: told with the failing rows, stops nothing" in own
    assert "stands in expectations/marts/active_users__daily.yml:5" in own
    assert "tool_seats" not in shown.output
    everything = explain(tmp_path).output
    assert "unexpected_rows__guests_of_ours  (the company's own)" in everything
    assert "batches (ledger, " in everything
    assert max(len(line) for line in shown.output.splitlines()) < 400


def test_a_layer_alone_can_be_asked_for(tmp_path: Path) -> None:
    for flag, layer in (("--lake", "raw"), ("--marts", "marts")):
        told = json.loads(explain(tmp_path, flag, "--json").output)
        assert {each["layer"] for each in told} == {layer}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--explain", "tickts"), "No table 'tickts' is checked. Known are: tickets"),
        (("--explain", "tickets", "--marts"), "No table 'tickets' is checked"),
        (("--json",), "--json goes with --explain"),
    ],
)
def test_what_can_not_be_told_is_said(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(main, ["--home", str(tmp_path), "check", *words])
    assert done.exit_code == 2
    assert said in done.output


def test_a_broken_file_of_the_companys_is_named(tmp_path: Path) -> None:
    (tmp_path / "productops.yml").write_text("org: {name: x}\n", encoding="utf-8")
    path = write(tmp_path, SEATS.replace("critical", "fatal"))
    done = explain(tmp_path)
    assert done.exit_code == 2
    assert f"{path}:9: " in done.output
