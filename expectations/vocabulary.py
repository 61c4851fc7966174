"""The words a suite may use: Great Expectations' own types, as plain data.

Belongs here: which expectation types are known, their arguments, which of these name columns, and
what a severity or a row condition may be. Does not belong here: reading files (`suites`) or
evaluating (`runner`, `breaches`). A test holds these tables against Great Expectations itself.
"""

from __future__ import annotations

from dataclasses import dataclass

SEVERITIES = ("critical", "warning", "info")
ON_FAIL = ("block", "quarantine_rows")
ON_DRIFT = ("warn", "block")
LAYERS = ("raw", "marts")
OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "IN", "NOT_IN", "IS_NULL", "IS_NOT_NULL")
_EFFECTS = {"raw": "holds back its source", "marts": "stops the publication"}


def effect_of(layer: str, severity: str) -> str:
    """What a breach does, in words; a check that can't be evaluated counts as critical."""
    return _EFFECTS[layer] if severity == "critical" else "is told"


@dataclass(frozen=True)
class Word:
    """An expectation type: arguments it must and may have, and those that name columns."""

    required: frozenset[str]
    optional: frozenset[str]
    columns: tuple[str, ...]

    @property
    def arguments(self) -> frozenset[str]:
        """All arguments."""
        return self.required | self.optional


def _word(required: str, optional: str = "", columns: str = "column") -> Word:
    return Word(frozenset(required.split()), frozenset(optional.split()), tuple(columns.split()))


_MAP = "mostly"
_PAIR = "column_A column_B"
_BOUNDS = "min_value max_value strict_min strict_max"
_LIST = "column_list"

WORDS: dict[str, Word] = {
    "expect_column_distinct_values_to_be_in_set": _word("column value_set"),
    "expect_column_distinct_values_to_contain_set": _word("column value_set"),
    "expect_column_max_to_be_between": _word("column", _BOUNDS),
    "expect_column_mean_to_be_between": _word("column", _BOUNDS),
    "expect_column_min_to_be_between": _word("column", _BOUNDS),
    "expect_column_sum_to_be_between": _word("column", _BOUNDS),
    "expect_column_pair_values_a_to_be_greater_than_b": _word(
        _PAIR, "or_equal ignore_row_if mostly", _PAIR
    ),
    "expect_column_pair_values_to_be_equal": _word(_PAIR, "ignore_row_if mostly", _PAIR),
    "expect_column_proportion_of_unique_values_to_be_between": _word("column", _BOUNDS),
    "expect_column_unique_value_count_to_be_between": _word("column", _BOUNDS),
    "expect_column_to_exist": _word("column"),
    "expect_column_value_lengths_to_be_between": _word("column", f"{_BOUNDS} {_MAP}"),
    "expect_column_values_to_be_between": _word("column", f"{_BOUNDS} {_MAP}"),
    "expect_column_values_to_be_in_set": _word("column value_set", _MAP),
    "expect_column_values_to_be_null": _word("column", _MAP),
    "expect_column_values_to_be_unique": _word("column", _MAP),
    "expect_column_values_to_match_regex": _word("column regex", _MAP),
    "expect_column_values_to_not_be_in_set": _word("column value_set", _MAP),
    "expect_column_values_to_not_be_null": _word("column", _MAP),
    "expect_column_values_to_not_match_regex": _word("column regex", _MAP),
    "expect_compound_columns_to_be_unique": _word(_LIST, f"ignore_row_if {_MAP}", _LIST),
    "expect_table_columns_to_match_set": _word("column_set", "exact_match", "column_set"),
    "expect_table_row_count_to_be_between": _word("", _BOUNDS, ""),
    "unexpected_rows_expectation": _word("unexpected_rows_query", "", ""),
}
