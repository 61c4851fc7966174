"""For each check what makes a sane row breach it and nothing else.

Row by row: a check that looks at single rows gets one row of its own (or two, for keys) among the
rows of all other checks. Checks that look at a whole table get a table of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from tests.unit.expectations.cases import DAY, Row

Change = Row | Callable[[Row], Row]
BREACH: dict[tuple[str, str], Change] = {
    ("usage_events", "unexpected_rows__nobody"): {"user_id": None, "group_id": None},
    ("usage_events", "unexpected_rows__alias_of_nobody"): {"event_type": "alias"},
    ("usage_events", "unexpected_rows__occurred_after_receipt"): {
        "occurred_at": "2026-05-01 10:10:03"},
    ("identities", "unexpected_rows__key_without_domain"): {"email_domain": None},
    ("accounts", "unexpected_rows__own_parent"): lambda row: {"parent_ref": row["account_ref"]},
    ("accounts", "unexpected_rows__arr_minor_without_currency"): {"arr_minor": 5},
    ("accounts", "unexpected_rows__customer_who_left"): {"churned_on": "2026-05-01"},
    ("accounts", "column_values_to_be_between__arr_minor"): {"arr_minor": -1, "currency": "USD"},
    ("tickets", "unexpected_rows__merged_into_itself"): lambda row: {
        "merged_into_id": row["ticket_id"]},
    ("ticket_events", "unexpected_rows__change_of_nothing"): {"field": None},
    ("ticket_events", "unexpected_rows__unknown_status"): {"value": "on-hold"},
    ("ticket_events", "unexpected_rows__change_to_the_same"): {"previous_value": "solved"},
    ("business_hours", "column_values_to_be_between__opens_minute"): {"opens_minute": -1},
    ("business_hours", "column_values_to_be_between__closes_minute"): {"closes_minute": 10081},
    ("holidays", "unexpected_rows__longer_than_a_month"): {"ends_on": "2026-03-01"},
    ("holidays", "column_values_to_be_between__starts_on"): {
        "starts_on": "1999-01-01", "ends_on": "1999-01-01"},
    ("survey_responses", "unexpected_rows__answer_beyond_any_scale"): {"answer_number": 1e6},
    ("survey_responses", "unexpected_rows__preview_not_marked"): {"channel": "preview"},
    ("survey_deliveries", "unexpected_rows__nobody"): {"user_id": None},
    ("survey_questions", "unexpected_rows__scale_without_room"): {"scale_max": 1},
    ("survey_questions", "unexpected_rows__nps_on_another_scale"): {
        "question_kind": "nps", "scale_max": 5},
    ("opportunities", "column_values_to_be_between__amount_minor"): {
        "amount_minor": -1, "currency": "USD"},
    ("opportunities", "unexpected_rows__amount_without_currency"): {"amount_minor": 5},
    ("opportunities", "unexpected_rows__won_but_open"): {"is_won": True, "is_closed": False},
    ("opportunities", "unexpected_rows__loss_reason_of_no_loss"): {
        "is_won": True, "is_closed": True, "loss_reason": "price"},
    ("tool_seats", "unexpected_rows__activity_without_evidence"): {
        "activity_evidence": "L0", "last_active_at": "2026-04-01 00:00:00"},
    ("tool_seats", "unexpected_rows__active_after_export"): {
        "last_active_at": "2026-05-03 00:00:00"},
    ("tool_seats", "unexpected_rows__joined_after_export"): {"joined_at": "2026-05-03 00:00:00"},
    ("tool_activity", "unexpected_rows__nobody"): {"actor_ref": None},
    ("tool_spend", "unexpected_rows__absurd_amount"): {"amount_minor": 20_000_000_000},
    ("tool_spend", "unexpected_rows__free_line"): {"amount_minor": 0},
    ("exposures", "unexpected_rows__nobody"): {"user_id": None},
    ("exclusions", "column_value_lengths_to_be_between__subject"): {
        "subject": "", "subject_type": "account"},
    ("exclusions", "unexpected_rows__short_agent_word"): {
        "subject_type": "user_agent", "subject": "x"},
    ("exclusions", "unexpected_rows__domain_with_at"): {"subject": "a@b"},
    ("exclusions", "unexpected_rows__address_in_the_clear"): {
        "subject_type": "email_key", "subject": "a@b"},
    ("experiments", "unexpected_rows__running_without_start"): {"starts_on": None},
    ("experiments", "unexpected_rows__stopped_without_end"): {"status": "stopped"},
    ("experiments", "column_pair_values_a_to_be_greater_than_b__ends_on__starts_on"): {
        "ends_on": "2026-04-30"},
    ("exchange_rates", "unexpected_rows__rate_to_itself"): {"to_currency": "EUR"},
    ("features", "unexpected_rows__plans_are_no_list"): {"entitled_plans": '"pro"'},
    ("features", "unexpected_rows__variations_are_no_list"): {"flag_variations": '{"on": 1}'},
    ("theme_terms", "unexpected_rows__term_matches_everything"): {"term": "**"},
    ("tool_contracts", "unexpected_rows__seat_month_minor_without_currency"): {"currency": None},
    ("work_items", "unexpected_rows__ended_yet_open"): {"resolved_at": "2026-05-02"},
    ("work_items", "column_pair_values_a_to_be_greater_than_b__resolved_at__created_at"): {
        "status_category": "done", "resolved_at": "2026-04-30"},
    ("work_items", "unexpected_rows__own_parent"): lambda row: {"parent_ref": row["work_item_id"]},
    ("work_items", "unexpected_rows__iterations_no_list"): {"iterations": "Sprint 1"},
    ("work_item_events", "unexpected_rows__change_to_the_same"): {"previous_value": "In Progress"},
    ("work_item_events", "unexpected_rows__change_from_nothing_to_nothing"): {"value": None},
    ("deployments", "unexpected_rows__success_of_nowhere"): {"environment": None},
    ("incidents", "unexpected_rows__resolved_without_end"): {"resolved_at": None},
    ("qa_checks", "unexpected_rows__failure_without_word"): {"status": "failed"},
    ("research_sessions", "unexpected_rows__key_without_domain"): {
        "email_key": "9f2c", "email_domain": None},
    ("research_sessions", "unexpected_rows__tags_no_list"): {"tags": "export"},
    ("tracking_plan", "unexpected_rows__system_event_of_a_feature"): {"event_class": "system"},
    ("active_users__daily", "unexpected_rows__count_unknown"): {"mau30_count": None},
    ("active_users__daily", "unexpected_rows__stickiness_of_others"): {
        "stickiness_den": 16, "stickiness_rate": 0.125},
    ("support_load__queue_day", "unexpected_rows__below_zero"): {"solved_count": -1},
    ("support_load__queue_day", "unexpected_rows__reopened_beyond_solved"): {"reopen14_num": 1},
    ("support_load__queue_day", "unexpected_rows__more_answers_than_tickets"): {
        "first_reply_count": 2},
    ("sla_policies", "column_pair_values_a_to_be_greater_than_b__ends_on__starts_on"): {
        "starts_on": "2026-05-02", "ends_on": "2026-05-01"},
    ("sla_policies", "column_values_to_be_between__target_minutes"): {"target_minutes": 0},
    ("reconciliation__source_day", "unexpected_rows__causes_do_not_add_up"): {
        "time_zone_difference": 2.0},
    ("reconciliation__source_day", "unexpected_rows__residual_rate_of_its_parts"): {
        "residual_rate": 0.0005},
    ("reconciliation__source_day", "unexpected_rows__more_than_a_thousandth_unexplained"): {
        "time_zone_difference": 0.0, "residual": 1.0, "residual_num": 1.0, "residual_rate": 0.25},
    ("sla__policy_week", "unexpected_rows__below_zero"): {"called_off_count": -1},
    ("sla__policy_week", "unexpected_rows__parts_of_the_promise"): {"applied_count": 6},
    ("sla__policy_week", "unexpected_rows__active_ones_in_the_rate"): {
        "sla_den": 5, "sla_rate": 0.2},
    ("sla__policy_week", "unexpected_rows__sla_rate_of_its_parts"): {"sla_rate": 0.6},
    ("sla__policy_week", "unexpected_rows__no_business_hours"): {"hours_not_known_count": 6},
    ("ticket__ticket", "unexpected_rows__below_zero"): {"agent_count": -1},
    ("ticket__ticket", "unexpected_rows__business_beyond_calendar"): {
        "first_reply_business_seconds": 1},
    ("ticket__ticket", "unexpected_rows__wait_of_other_parts"): {"requester_wait_seconds": 1},
    ("ticket__ticket", "unexpected_rows__kept_out_without_reason"): {"is_countable": False},
    ("ticket__ticket", "unexpected_rows__soon_reopened_beyond_reopened"): {"reopen14_count": 1},
    ("ticket__ticket", "unexpected_rows__first_reply_not_explained"): {
        "first_reply_difference_reason": "not explained"},
    ("theme_demand__theme_week", "unexpected_rows__parts_beyond_the_whole"): {
        "survey_mention_count": 3},
    ("theme_demand__theme_week", "unexpected_rows__accounts_without_mention"): {
        "account_count": 3},
    ("feedback__mention", "column_value_lengths_to_be_between__evidence"): {
        "evidence": "", "evidence_end": 0},
    ("feedback__mention", "column_values_to_not_match_regex__evidence"): {
        "evidence": "a@b.test", "evidence_end": 8},
    ("feedback__mention", "unexpected_rows__evidence_out_of_place"): {"evidence_end": 9},
    ("feedback__mention", "unexpected_rows__left_out_without_reason"): {"is_countable": False},
    ("feedback__mention", "unexpected_rows__account_unknown_but_matched"): {
        "account_id": "unknown"},
    ("theme_velocity__theme_week", "column_values_to_be_between__p_value"): {
        "p_value": 1.1, "q_value": None, "verdict": "unknown"},
    ("theme_velocity__theme_week", "unexpected_rows__surer_after_looking_at_more"): {
        "q_value": 0.01},
    ("theme_velocity__theme_week", "unexpected_rows__ratio_outside_its_interval"): {
        "velocity_ratio": 4.0},
    ("theme_velocity__theme_week", "unexpected_rows__verdict_beyond_its_evidence"): {
        "q_value": 0.06},
    ("recruiting__person", "unexpected_rows__asked_without_consent"): {
        "consent_state": "session only"},
    ("recruiting__person", "unexpected_rows__asked_too_often"): {"contact90_count": 1},
    ("recruiting__person", "unexpected_rows__asked_without_knowing"): {"is_complete": False},
    ("recruiting__person", "unexpected_rows__verdict_without_reason"): {
        "is_eligible": False},
    ("recruiting__person", "column_values_to_be_in_set__consent_state"): {
        "consent_state": "maybe", "is_eligible": False, "block_reason": "x"},
    ("recruiting__person", "column_values_to_be_between__contact90_count"): {
        "contact90_count": -1},
    ("research_coverage__quarter", "unexpected_rows__quarter_on_is_no_first"): {
        "quarter_on": date(2026, 2, 1)},
    ("research_coverage__quarter", "unexpected_rows__little_consent"): {"consent_rate": 0.4},
    ("survey__survey_period", "unexpected_rows__quarter_on_is_no_first"): {"quarter_on": DAY},
    ("survey__survey_period", "unexpected_rows__answers_do_not_add_up"): {"answer_count": 10},
    ("survey__survey_period", "unexpected_rows__parts_are_not_all"): {"passive_count": 2},
    ("survey__survey_period", "unexpected_rows__score_of_other_parts"): {"nps_score": 50.0},
    ("survey__survey_period", "column_values_to_be_between__nps_score"): {
        "nps_score": 101.0, "promoter_count": None},
    ("survey__survey_period", "unexpected_rows__scales_mixed"): {"answer_mean": 11.0},
    ("survey__survey_period", "unexpected_rows__few_answers_on_the_scale"): {
        "off_scale_answer_count": 5, "answer_count": 13},
    ("renewal__contract", "unexpected_rows__saving_of_other_parts"): {"reclaimable_minor": 5},
    ("active_days__week_day_count", "unexpected_rows__others_than_the_monthly_active"): {
        "day_count": 1},
    ("tracking_coverage__source_week", "unexpected_rows__plan_out_of_date"): {
        "unmapped_num": 4, "unmapped_rate": 1.0, "unknown_num": 4, "unknown_rate": 1.0},
    ("activation__cohort_week", "unexpected_rows__people_neither_activated_nor_waiting"): {
        "person_count": 6},
    ("funnel__entry_week_step", "unexpected_rows__first_step_without_entries"): {
        "step_number": 1},
    ("session__daily", "unexpected_rows__mean_of_other_parts"): {"mean_length_seconds_num": 9.0},
    ("session__daily", "column_pair_values_to_be_equal__mean_length_seconds_den__session_count"): {
        "mean_length_seconds_den": 8, "mean_length_seconds_num": 16.0},
    ("session__daily", "unexpected_rows__session_of_days"): {"length_p50_seconds": 3e5},
    ("lifecycle__weekly", "unexpected_rows__active_people_of_no_state"): {
        "active_person_count": 5},
    ("lifecycle__weekly", "unexpected_rows__earlier_people_of_no_state"): {
        "previous_active_person_count": 9},
    ("feature_adoption__feature_week", "unexpected_rows__use_before_release"): {
        "is_released": False},
    ("account_usage__account_day", "column_values_to_be_between__seat_utilisation_rate"): {
        "seat_utilisation_num": -4, "seat_utilisation_rate": -1.0},
    ("active_users__daily", "column_values_to_be_between__stickiness_rate"): {
        "stickiness_num": -8.0, "stickiness_rate": -1.0},
    ("account_usage__account_day", "unexpected_rows__utilisation_without_seats"): {
        "paid_seat_count": None},
    ("support_load__queue_day", "unexpected_rows__reply_faster_in_calendar"): {
        "first_reply_business_p50_seconds": 62},
    ("theme_demand__theme_week", "unexpected_rows__demand_without_currency"): {"currency": None},
    ("theme_demand__theme_week", "unexpected_rows__mention_without_evidence"): {
        "example_evidence": None},
    ("revenue__account_month", "unexpected_rows__month_on_is_no_first"): {"month_on": DAY},
    ("revenue__account_month", "unexpected_rows__spot_movements_do_not_add_up"): {
        "fx_spot_minor": 2},
    ("revenue__account_month", "unexpected_rows__constant_movements_do_not_add_up"): {
        "opening_constant_minor": 9},
    ("revenue__account_month", "unexpected_rows__two_movements_at_once"): {
        "new_spot_minor": 1, "fx_spot_minor": 0},
    ("revenue__account_month", "unexpected_rows__revenue_without_rate"): {
        "unconverted_account_count": 1},
    ("opportunity__opportunity", "unexpected_rows__matched_without_reason"): {
        "is_matched": False},
    ("opportunity__opportunity", "column_values_to_be_in_set__unmatched_reason"): {
        "account_id": "unknown", "is_matched": False, "unmatched_reason": "lost"},
    ("opportunity__opportunity", "column_values_to_be_in_set__outcome"): {
        "outcome": "paused", "closed_on": None},
    ("opportunity__opportunity", "unexpected_rows__closed_yet_open"): {"closed_on": None},
    ("opportunity__opportunity", "unexpected_rows__pushes_of_no_day"): {"push_count": 1},
    ("opportunity__opportunity", "unexpected_rows__amount_without_rate"): {
        "amount_minor": 5, "amount_spot_minor": None},
    ("win_rate__cohort_month", "column_values_to_be_in_set__cohort_basis"): {
        "cohort_basis": "won"},
    ("win_rate__cohort_month", "unexpected_rows__month_on_is_no_first"): lambda row: {
        "month_on": row["month_on"].replace(day=2)},
    ("win_rate__cohort_month", "unexpected_rows__outcomes_do_not_add_up"): {"won_count": 2},
    ("win_rate__cohort_month", "unexpected_rows__rate_before_its_time"): {"is_mature": False},
    ("account_health__account_week", "unexpected_rows__score_and_status_disagree"): {
        "health_score": None},
    ("account_health__account_week", "column_values_to_be_in_set__score_status"): {
        "score_status": "later", "health_score": None, "loss_risk": None},
    ("account_health__account_week", "unexpected_rows__risk_without_weights"): {
        "score_basis": "usage_trend_unfitted"},
    ("health_backtest__version", "unexpected_rows__published_though_not_better"): {
        "auc_gain_low": 0.0},
    ("health_backtest__version", "unexpected_rows__fitted_on_too_few"): {
        "fitted_lost_account_count": 19},
    ("health_backtest__version", "unexpected_rows__no_better_than_a_coin"): {
        "model_auc_low": 0.4},
    ("health_backtest__version", "unexpected_rows__risks_far_off"): {
        "model_expected_lost_count": 30.0},
    ("tool__tool_month", "unexpected_rows__month_on_is_no_first"): {"month_on": DAY},
    ("tool__tool_month", "unexpected_rows__idle_and_active_beyond_assigned"): {
        "active28_seat_count": 9},
    ("tool__tool_month", "unexpected_rows__spend_without_currency"): {"spend_minor": 5},
    ("renewal__contract", "unexpected_rows__cost_without_currency"): {
        "annual_cost_minor": 5, "currency": None},
    ("restatement__metric_day", "unexpected_rows__difference_of_its_parts"): {"difference": 1.0},
    ("restatement__metric_day", "unexpected_rows__not_explained"): {
        "late_difference": 1.0, "residual_difference": 2.0},
    ("check__run", "unexpected_rows__passed_with_breaches"): {
        "is_passed": True, "is_blocking": False, "failing_count": 1},
    ("check__run", "unexpected_rows__crash_let_through"): {
        "is_passed": False, "is_crashed": True, "is_blocking": False},
    ("check__run", "unexpected_rows__evaluated_before_the_one_before"): {
        "previous_checked_at": datetime(2027, 1, 1)},
    ("identity_change__event", "unexpected_rows__moved_nowhere"): {"new_person_id": "a"},
    ("identity_change__event", "unexpected_rows__too_many_ids"): {"evidence": "too many ids"},
    ("incident__incident", "unexpected_rows__open_and_over"): {"is_open": True},
    ("check_precision__check", "unexpected_rows__mostly_false_alarms"): {
        "precision_num": 2, "precision_den": 8, "precision_rate": 0.25},
    ("row_ledger__batch", "unexpected_rows__parts_do_not_add_up"): {"rows_in_count": 1},
    ("row_ledger__batch", "unexpected_rows__rejected_without_reason"): {
        "status": "rejected", "reason": None},
    ("volume__source_day", "column_values_to_be_between__row_count"): {
        "row_count": -1, "verdict": "not over"},
    ("volume__source_day", "unexpected_rows__verdict_contradicts_bounds"): {"row_count": 59},
    ("volume__source_day", "unexpected_rows__judged_on_too_little"): {"history_day_count": 3},
    ("volume__source_day", "unexpected_rows__unusual_volume"): {
        "row_count": 59, "verdict": "low", "is_unusual": True},
    ("drift__column_week", "column_values_to_be_between__row_count"): {
        "row_count": -1, "verdict": "too few rows"},
    ("drift__column_week", "unexpected_rows__more_moved_than_there_are"): {
        "shift_num": 251.0, "shift_rate": 251 / 250, "verdict": "not over"},
    ("drift__column_week", "unexpected_rows__verdict_contradicts_shift"): {
        "shift_num": 51.0, "shift_rate": 0.204},
    ("drift__column_week", "unexpected_rows__judged_on_too_little"): {"is_complete": False},
    ("drift__column_week", "unexpected_rows__drifted_mixture"): {
        "shift_num": 51.0, "shift_rate": 0.204, "verdict": "drifted", "is_drifted": True},
    ("freshness__contract", "unexpected_rows__promise_broken"): {
        "freshness_status": "failed", "lag_hours": 30.0},
    ("freshness__contract", "unexpected_rows__promise_in_danger"): {
        "freshness_status": "stale", "lag_hours": 15.0},
    ("freshness__contract", "unexpected_rows__verdict_contradicts_hours"): {"lag_hours": 30.0},
}  # fmt: skip
