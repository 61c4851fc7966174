"""The rows that breach a check, all of them, as SQL.

Belongs here: for each row-level expectation type, the condition under which a row is wrong. Does
not belong here: the verdict itself, which is Great Expectations' alone (`expectations.runner`).

Great Expectations hands out at most 200 wrong rows of an SQL batch, and the query that it offers
for all of them forgets the row condition. The runner compares the number of rows found here with
the number that Great Expectations counted, and says so if they differ.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from expectations.suites import ExpectationSpec, RowCondition


def breach_query(spec: ExpectationSpec, relation: str) -> str | None:
    """A query of all rows of `relation` (a table's or view's name) that breach the check.

    Returns:
        None where the expectation speaks of the whole table, so that no single row is wrong.
    """
    if spec.type == "unexpected_rows_expectation":
        return spec.kwargs["unexpected_rows_query"].replace("{batch}", relation)
    where = _condition(spec.row_condition)
    scope = f"select * from {relation}" + (f" where {where}" if where else "")
    wrong = _wrong(spec)
    if wrong is None:
        return None
    return f"select * from ({scope}) {wrong}"


def quote(name: str) -> str:
    """An identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A value for SQL."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = value.isoformat() if isinstance(value, date) else str(value)
    return "'" + text.replace("'", "''") + "'"


def _wrong(spec: ExpectationSpec) -> str | None:
    k = spec.kwargs
    column = quote(k["column"]) if "column" in k else ""
    match spec.type:
        case "expect_column_values_to_not_be_null":
            return f"where {column} is null"
        case "expect_column_values_to_be_null":
            return f"where {column} is not null"
        case "expect_column_values_to_be_in_set":
            return f"where {column} not in ({_values(k)})"
        case "expect_column_values_to_not_be_in_set":
            return f"where {column} in ({_values(k)})"
        case "expect_column_values_to_match_regex":
            return f"where not regexp_matches({column}, {literal(k['regex'])})"
        case "expect_column_values_to_not_match_regex":
            return f"where regexp_matches({column}, {literal(k['regex'])})"
        case "expect_column_values_to_be_between":
            return f"where {_outside(column, k)}"
        case "expect_column_value_lengths_to_be_between":
            return f"where {_outside(f'length({column})', k)}"
        case "expect_column_values_to_be_unique":
            return f"where {column} is not null qualify count(*) over (partition by {column}) > 1"
        case "expect_compound_columns_to_be_unique":
            names = [quote(name) for name in k["column_list"]]
            keep = _ignored(names, k.get("ignore_row_if", "all_values_are_missing"))
            return f"{keep} qualify count(*) over (partition by {', '.join(names)}) > 1"
        case "expect_column_pair_values_a_to_be_greater_than_b":
            return _pair(k, "<" if k.get("or_equal") else "<=")
        case "expect_column_pair_values_to_be_equal":
            return _pair(k, "<>")
    return None


def _values(kwargs: dict[str, Any]) -> str:
    return ", ".join(literal(value) for value in kwargs["value_set"])


def _outside(what: str, kwargs: dict[str, Any]) -> str:
    tests = []
    if kwargs.get("min_value") is not None:
        operator = "<=" if kwargs.get("strict_min") else "<"
        tests.append(f"{what} {operator} {literal(kwargs['min_value'])}")
    if kwargs.get("max_value") is not None:
        operator = ">=" if kwargs.get("strict_max") else ">"
        tests.append(f"{what} {operator} {literal(kwargs['max_value'])}")
    return " or ".join(tests) or "false"


def _pair(kwargs: dict[str, Any], operator: str) -> str:
    a, b = quote(kwargs["column_A"]), quote(kwargs["column_B"])
    # Pairs of which one is missing are left out: other rules are refused when suites are read.
    return f"where {a} {operator} {b}"


def _ignored(names: list[str], rule: str) -> str:
    if rule == "never":
        return "where true"
    word = " or " if rule == "all_values_are_missing" else " and "
    return f"where ({word.join(f'{name} is not null' for name in names)})"


def _condition(condition: RowCondition | None) -> str:
    if condition is None:
        return ""
    column = quote(condition.column)
    match condition.operator:
        case "IS_NULL":
            return f"{column} is null"
        case "IS_NOT_NULL":
            return f"{column} is not null"
        case "IN" | "NOT_IN":
            values = ", ".join(literal(value) for value in condition.parameter)
            return f"{column} {'in' if condition.operator == 'IN' else 'not in'} ({values})"
        case "==":
            return f"{column} = {literal(condition.parameter)}"
    return f"{column} {condition.operator} {literal(condition.parameter)}"
