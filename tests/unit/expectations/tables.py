"""Whole tables: sane ones, and ones that breach a check which looks at more than one row."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from expectations.suites import ExpectationSpec, Suite
from tests.unit.expectations import experiment_cases as experiments
from tests.unit.expectations.cases import DAY, Row
from tests.unit.expectations.mutations import sane, told_apart

Case = tuple[str, Row]

# Each table: the changes of its rows against a sane one.
WHOLE: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("business_hours", "unexpected_rows__overlap"): [{}, {"opens_minute": 2000}],
    ("theme_terms", "unexpected_rows__two_names_of_a_theme"): [
        {}, {"term": "other", "theme_name": "Another name"}],
    ("theme_terms", "unexpected_rows__theme_without_words"): [{"is_exclusion": True}],
    ("exchange_rates", "unexpected_rows__two_constant_days"): [
        {}, {"rated_on": "2026-02-01", "constant_on": "2026-02-01"}],
    ("exchange_rates", "unexpected_rows__leap_of_the_rate"): [
        {}, {"rated_on": "2026-02-01", "rate": 0.5}],
    ("tracking_plan", "unexpected_rows__no_value_event"): [{"event_class": "neutral"}],
    ("sla_policies", "unexpected_rows__two_targets"): [{}, {"policy_id": "other"}],
    ("active_users__daily", "unexpected_rows__segment_beyond_all"): [
        {"dau_count": 0, "stickiness_pt_num": 0, "stickiness_pt_rate": 0.0, "new_person_count": 0},
        {"segment": "pro"}],
    ("active_users__daily", "unexpected_rows__day_without_all"): [{"segment": "pro"}],
    ("active_users__daily", "unexpected_rows__missing_day"): [
        {}, {"activity_on": DAY + timedelta(days=2)}],
    ("retention__cohort_interval", "unexpected_rows__unbounded_rises"): [
        {"variant": "unbounded_week", "interval_number": 1},
        {"variant": "unbounded_week", "interval_number": 2, "retained_count": 2,
         "retention_num": 2, "retention_rate": 0.5}],
    ("active_days__week_day_count", "unexpected_rows__people_lost_between"): [
        {"reaching_num": 2, "reaching_rate": 0.5}],
    ("funnel_steps", "unexpected_rows__funnel_of_one_step"): [{}],
    ("funnel_steps", "unexpected_rows__step_excludes_itself"): [
        {}, {"step_number": 2, "event_name": "b"}, {"is_exclusion": True, "event_name": "b"}],
    ("funnel__entry_week_step", "unexpected_rows__step_above_the_one_before"): [
        {}, {"step_number": 3, "reached_count": 2}],
    ("session__daily", "unexpected_rows__missing_day"): [
        {}, {"activity_on": DAY + timedelta(days=2)}],
    ("lifecycle__weekly", "unexpected_rows__missing_week"): [
        {}, {"week_on": DAY + timedelta(days=14)}],
    ("support_load__queue_day", "unexpected_rows__queues_do_not_add_up"): [
        {"created_count": 3}, {"queue_id": "a", "created_count": 1},
        {"queue_id": "b", "created_count": 1}],
    ("support_load__queue_day", "unexpected_rows__backlogs_do_not_add_up"): [
        {"backlog_count": 3}, {"queue_id": "a", "backlog_count": 2}],
}  # fmt: skip


def sane_rows(suite: Suite) -> list[Case]:
    """Rows that breach nothing at all."""
    row = sane(suite)
    if suite.table == "support_load__queue_day":
        return [("none", row), ("none", {**row, "queue_id": "a"})]
    if suite.table == "sla_policies":
        return [("none", row), ("none", {**row, "policy_id": "other", "priority": "low"})]
    if suite.table in ("active_users__daily", "session__daily"):
        return [("none", row), ("none", {**row, "activity_on": DAY + timedelta(days=1)})]
    if suite.table == "funnel_steps":
        return [("none", row), ("none", {**row, "step_number": 2})]
    if suite.table == "retention__cohort_interval":
        return [("none", row), ("none", {**row, "interval_number": 5})]
    both = [row, told_apart(suite, row, 1)]
    arms = experiments.ARMS if suite.table == "experiment_sum__metric_arm" else [{}]
    return [("none", {**one, **arm}) for one in both for arm in arms]


def breaching_rows(suite: Suite, spec: ExpectationSpec) -> list[Case]:
    """A table that breaches exactly this check."""
    if spec.type == "expect_table_row_count_to_be_between":
        return []
    if "mostly" in spec.kwargs:
        return [("all", {**sane(suite), spec.kwargs["column"]: None})]
    changes = (WHOLE | experiments.WHOLE)[suite.table, spec.check_name]
    base = dict(sane(suite))
    if suite.table == "support_load__queue_day" and "backlogs" in spec.check_name:
        return [("all", {**base, **change}) for change in changes]
    return [("all", {**base, **change}) for change in changes]
