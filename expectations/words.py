"""A check in plain words, for people who decide and do not read YAML.

Belongs here: the sentence that follows from a check's type and arguments. Does not belong here: why
it matters, which each check says itself (`description`), and how it is printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from expectations.suites import ExpectationSpec, RowCondition

_OPERATORS = {"==": "is", "!=": "is not", "IN": "is one of", "NOT_IN": "is none of",
              "IS_NULL": "is unknown", "IS_NOT_NULL": "is known"}  # fmt: skip
_QUERY = "unexpected_rows__"


def in_words(spec: ExpectationSpec) -> str:
    """What must hold, e.g. `event_id is known in every row`."""
    words = _holds(spec)
    mostly = spec.kwargs.get("mostly")
    if mostly is not None:
        words += f", in at least {100 * mostly:.4g} % of the rows"
    return words + (f", where {_where(spec.row_condition)}" if spec.row_condition else "")


def _holds(spec: ExpectationSpec) -> str:
    k = spec.kwargs
    column = k.get("column", "")
    match spec.type.removeprefix("expect_"):
        case "column_values_to_not_be_null":
            return f"{column} is known" + ("" if "mostly" in k else " in every row")
        case "column_values_to_be_null":
            return f"{column} is empty"
        case "column_values_to_be_in_set" | "column_distinct_values_to_be_in_set":
            return f"{column} is one of: {_listed(k['value_set'])}"
        case "column_values_to_not_be_in_set":
            return f"{column} is none of: {_listed(k['value_set'])}"
        case "column_distinct_values_to_contain_set":
            return f"{column} has each of: {_listed(k['value_set'])}"
        case "column_values_to_match_regex":
            return f"{column} has the form {k['regex']}"
        case "column_values_to_not_match_regex":
            return f"{column} nowhere has the form {k['regex']}"
        case "column_values_to_be_unique":
            return f"no two rows have the same {column}"
        case "compound_columns_to_be_unique":
            return f"no two rows have the same {_listed(k['column_list'])}"
        case "column_values_to_be_between":
            return f"{column} is {_bounds(k)}"
        case "column_value_lengths_to_be_between":
            return f"the length of {column} is {_bounds(k)}"
        case "column_pair_values_a_to_be_greater_than_b":
            than = "not less than" if k.get("or_equal") else "greater than"
            return f"{k['column_A']} is {than} {k['column_B']}"
        case "column_pair_values_to_be_equal":
            return f"{k['column_A']} is {k['column_B']}"
        case "table_row_count_to_be_between":
            return f"the number of rows is {_bounds(k)}"
        case "table_columns_to_match_set":
            return f"the columns are: {_listed(k['column_set'])}"
        case "column_to_exist":
            return f"there is a column {column}"
        case "unexpected_rows_expectation":
            return f"no row is found of: {spec.check_name.removeprefix(_QUERY).replace('_', ' ')}"
    figure = spec.type.removeprefix("expect_column_").removesuffix("_to_be_between")
    return f"the {figure.replace('_', ' ')} of {column} is {_bounds(k)}"


def _bounds(kwargs: Mapping[str, Any]) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    parts = []
    if low is not None:
        parts.append(f"{'above' if kwargs.get('strict_min') else 'at least'} {low}")
    if high is not None:
        parts.append(f"{'below' if kwargs.get('strict_max') else 'at most'} {high}")
    return " and ".join(parts) or "anything"


def _where(condition: RowCondition) -> str:
    words = f"{condition.column} {_OPERATORS.get(condition.operator, condition.operator)}"
    if condition.operator in ("IS_NULL", "IS_NOT_NULL"):
        return words
    value = condition.parameter
    return f"{words} {_listed(value) if isinstance(value, list) else _plain(value)}"


def _listed(values: list[Any]) -> str:
    return ", ".join(_plain(value) for value in values)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
