"""The rows that break an expectation, all of them, as one SQL statement.

Belongs here: for each type of expectation in use, which rows fail. Does not belong here: the
verdict, which is Great Expectations' own; it returns at most 200 rows and, for filtered tables,
the wrong ones, so the rows are fetched here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Rule = Callable[[Mapping[str, Any]], str]


def failing_rows_sql(
    kind: str, kwargs: Mapping[str, Any], relation: str, row_condition: str | None = None
) -> str | None:
    """SQL for the rows of `relation` that break an expectation; None if it is not about rows."""
    if kind == "unexpected_rows_expectation":
        return str(kwargs["unexpected_rows_query"]).replace("{batch}", relation)
    rule = _RULES.get(kind)
    if rule is None:
        return None
    where = f"from {relation}" + (f" where {row_condition}" if row_condition else "")
    window = _WINDOWS.get(kind)
    if window:
        return f"select * exclude (_n) from (select *, {window(kwargs)} as _n {where}) where {rule(kwargs)}"
    return f"select * from (select * {where}) where {rule(kwargs)}"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return "'" + str(value).replace("'", "''") + "'"


def _not_between(kwargs: Mapping[str, Any]) -> str:
    column = _name(kwargs["column"])
    tests = []
    if kwargs.get("min_value") is not None:
        sign = "<=" if kwargs.get("strict_min") else "<"
        tests.append(f"{column} {sign} {_literal(kwargs['min_value'])}")
    if kwargs.get("max_value") is not None:
        sign = ">=" if kwargs.get("strict_max") else ">"
        tests.append(f"{column} {sign} {_literal(kwargs['max_value'])}")
    return " or ".join(tests)


def _not_in_set(kwargs: Mapping[str, Any]) -> str:
    values = ", ".join(_literal(value) for value in kwargs["value_set"])
    return f"{_name(kwargs['column'])} not in ({values})"


def _not_greater(kwargs: Mapping[str, Any]) -> str:
    sign = "<" if kwargs.get("or_equal") else "<="
    return f"{_name(kwargs['column_A'])} {sign} {_name(kwargs['column_B'])}"


def _columns(kwargs: Mapping[str, Any]) -> str:
    return ", ".join(_name(column) for column in kwargs["column_list"])


_RULES: dict[str, Rule] = {
    "expect_column_values_to_not_be_null": lambda k: f"{_name(k['column'])} is null",
    "expect_column_values_to_be_null": lambda k: f"{_name(k['column'])} is not null",
    "expect_column_values_to_be_unique": lambda k: f"_n > 1 and {_name(k['column'])} is not null",
    "expect_compound_columns_to_be_unique": lambda _: "_n > 1",
    "expect_column_values_to_be_between": _not_between,
    "expect_column_values_to_be_in_set": _not_in_set,
    "expect_column_values_to_match_regex": lambda k: (
        f"not regexp_matches({_name(k['column'])}, {_literal(k['regex'])})"
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": _not_greater,
}
_WINDOWS: dict[str, Rule] = {
    "expect_column_values_to_be_unique": lambda k: (
        f"count(*) over (partition by {_name(k['column'])})"
    ),
    "expect_compound_columns_to_be_unique": lambda k: (
        f"count(*) over (partition by {_columns(k)})"
    ),
}
# Types about a whole table or column rather than single rows.
_WHOLE = frozenset(
    {
        "expect_table_row_count_to_be_between",
        "expect_column_max_to_be_between",
        "expect_column_min_to_be_between",
        "expect_column_sum_to_be_between",
        "expect_column_unique_value_count_to_be_between",
    }
)
KNOWN_TYPES = frozenset(_RULES) | _WHOLE | {"unexpected_rows_expectation"}
