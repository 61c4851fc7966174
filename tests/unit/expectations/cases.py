"""Sane rows of every table, where the types of its columns are not enough to make one.

Belongs here: rows that pass every check. Does not belong here: what breaches checks (`breaches`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

Row = dict[str, Any]
DAY = date(2026, 3, 2)  # a Monday

# A column by which rows of one table are told apart; elsewhere the first text column of the key.
TELLS_APART = {
    "retention__cohort_interval": "interval_number", "exclusions": "subject",
    "listed_rows": "item_id", "active_days__week_day_count": "week_on",
    "session__daily": "activity_on", "tracking_coverage__source_week": "source",
    "identity_change__event": "alias", "restatement__metric_day": "segment",
    "reconciliation__source_day": "metric",
    "exchange_rates": "source", "win_rate__cohort_month": "month_on",
    "research_coverage__quarter": "quarter_on", "check__run": "subject",
    "volume__source_day": "source", "drift__column_week": "source",
    "check_precision__check": "check_name",
}  # fmt: skip
# Numbers that a check of the whole row wants to be there.
NEEDED = {
    "active_users__daily": ("dau_count", "wau_count", "mau28_count", "mau30_count"),
    "theme_velocity__theme_week": ("p_value", "q_value"),
    "account_health__account_week": ("health_score",),
    "volume__source_day": ("row_count", "history_day_count", "low_row_count", "high_row_count"),
    "drift__column_week": ("row_count", "before_row_count", "shift_num", "shift_den", "shift_rate"),
}

SANE: dict[str, Row] = {
    "usage_events": {"group_id": "acc"},
    "tickets": {"requester_ref": "r"},
    "exposures": {},
    "tool_activity": {"actor_ref": "a"},
    "tool_contracts": {},
    "tools": {"app_names": '["Figma"]', "owner": "o"},
    "features": {"owner": "o"},
    "experiments": {"primary_metric": "m"},
    "releases": {"feature_id": "f"},
    "opportunities": {"amount_minor": None, "currency": None, "is_closed": None, "is_won": None},
    "accounts": {"arr_minor": None, "currency": None},
    "survey_responses": {},
    "survey_deliveries": {"user_id": "u"},
    "survey_questions": {"question_kind": "csat"},
    "identities": {},
    "listed_rows": {"contract": "tickets"},
    "theme_terms": {},
    "research_sessions": {"consent": "recording"},
    "active_users__daily": {
        "segment": "all", "dau_count": 2, "wau_count": 4, "mau28_count": 8, "mau30_count": 9,
        "stickiness_num": 2.0, "stickiness_den": 8, "stickiness_rate": 0.25, "stickiness_pt_num": 2,
        "stickiness_pt_den": 8, "stickiness_pt_rate": 0.25, "new_person_count": 1,
    },
    "retention__cohort_interval": {
        "variant": "classic_week", "eligible_count": 4, "retained_count": 1, "retention_num": 1,
        "retention_den": 4, "retention_rate": 0.25,
    },
    "lifecycle__weekly": {
        "segment": "all", "active_person_count": 4, "previous_active_person_count": 3,
        "new_person_count": 1, "returning_person_count": 2, "resurrecting_person_count": 1,
        "dormant_person_count": 1, "quick_ratio_num": 2, "quick_ratio_den": 1, "quick_ratio": 2.0,
    },
    "active_days__week_day_count": {
        "day_count": 2, "person_count": 1, "reaching_num": 1, "reaching_den": 4,
        "reaching_rate": 0.25,
    },
    "tracking_coverage__source_week": {
        "event_count": 4, "event_name_count": 2, "unknown_event_name_count": 1, "unmapped_num": 2,
        "unmapped_den": 4, "unmapped_rate": 0.5, "unknown_num": 1, "unknown_den": 4,
        "unknown_rate": 0.25,
    },
    "feature_stage__feature_cohort_week": {
        "exposed_person_count": 8, "weeks_since_release": 1, "tried_num": 4, "tried_den": 8,
        "tried_rate": 0.5, "repeated_num": 2, "repeated_den": 4, "repeated_rate": 0.5,
        "retained_num": 1, "retained_den": 4, "retained_rate": 0.25,
    },
    "activation__cohort_week": {
        "person_count": 5, "activation_num": 1, "activation_den": 4, "activation_rate": 0.25,
        "activated_person_count": 2, "waiting_person_count": 3, "within_days": 7,
    },
    "funnel__entry_week_step": {
        "entry_mode": "reentry", "step_number": 2, "entry_count": 8, "entry_person_count": 8,
        "mature_entry_count": 4, "ended_by_exclusion_count": 1, "reached_count": 1,
        "conversion_num": 1, "conversion_den": 4, "conversion_rate": 0.25,
        "step_conversion_num": 1, "step_conversion_den": 2, "step_conversion_rate": 0.5,
    },
    "session__daily": {
        "session_count": 4, "person_count": 2, "mean_length_seconds_num": 8.0,
        "mean_length_seconds_den": 4, "mean_length_seconds": 2.0, "single_event_num": 1,
        "single_event_den": 4, "single_event_rate": 0.25,
    },
    "feature_adoption__feature_week": {
        "entitled_active_person_count": 4, "feature_person_count": 2, "event_count": 9,
        "first_use_person_count": 1, "reach_num": 1, "reach_den": 4, "reach_rate": 0.25,
    },
    "account_usage__account_day": {
        "active_person_count": 1, "active7_person_count": 2, "active28_person_count": 3,
        "paid_seat_count": 4, "seat_utilisation_num": 3, "seat_utilisation_den": 4,
        "seat_utilisation_rate": 0.75, "event_count": 5,
    },
    "support_load__queue_day": {
        "created_count": 1, "csat_response_num": 1, "csat_response_den": 4,
        "csat_response_rate": 0.25,
        "queue_id": "all", "one_touch_num": 1, "one_touch_den": 4, "one_touch_rate": 0.25,
        "csat_num": 1, "csat_den": 4, "csat_rate": 0.25, "first_reply_p50_seconds": 60,
        "first_reply_business_p50_seconds": 60,
    },
    "reconciliation__source_day": {
        "basis": "day report", "own_value": 5.0, "vendor_value": 4.0, "difference": 1.0,
        "time_zone_difference": 1.0, "schedule_difference": 0.0, "rounding_difference": 0.0,
        "exclusion_difference": 0.0, "merged_deleted_difference": 0.0, "late_difference": 0.0,
        "residual": 0.0, "residual_num": 0.0, "residual_den": 4.0, "residual_rate": 0.0,
    },
    "sla_policies": {"priority": "urgent"},
    "sla__policy_week": {
        "metric": "resolution", "applied_count": 5, "achieved_count": 1, "breached_count": 3,
        "active_count": 1, "sla_num": 1, "sla_den": 4, "sla_rate": 0.25,
    },
    "ticket__ticket": {
        "status": "open", "priority": "high", "csat": "good", "exclusion_reason": None,
    },
    "contact_rate__feature_week": {
        "ticket_count": 2, "requester_count": 2, "active_person_count": 4, "contact_num": 2,
        "contact_den": 4, "contact_rate": 0.5, "account_contact_num": 2, "account_contact_den": 4,
        "account_contact_rate": 0.5, "contact28_num": 2, "contact28_den": 8, "contact28_rate": 0.25,
    },
    "theme_demand__theme_week": {
        "mention_count": 3, "ticket_mention_count": 1, "account_count": 2,
        "unmatched_mention_count": 1, "top1_num": 1, "top1_den": 4, "top1_rate": 0.25,
        "demand_arr_minor": 4, "currency": "USD",
    },
    "theme_velocity__theme_week": {
        "ask_count": 1, "velocity_ratio": 2.0, "velocity_low": 1.0, "velocity_high": 3.0,
        "p_value": 0.02, "q_value": 0.04, "verdict": "rising",
    },
    "feedback__mention": {
        "evidence_end": 1, "match_method": "keyword", "exclusion_reason": None,
    },
    "recruiting__person": {"consent_state": "contact", "block_reason": None},
    "research_coverage__quarter": {
        "quarter_on": date(2026, 1, 1), "session_count": 3, "interview_count": 2,
        "consent_num": 2, "consent_den": 3, "consent_rate": 2 / 3, "coverage_num": 1,
        "coverage_den": 4, "coverage_rate": 0.25,
    },
    "survey__survey_period": {
        "question_kind": "nps", "segment": "all", "quarter_on": date(2026, 1, 1),
        "answer_count": 9, "response_count": 4, "test_answer_count": 1, "excluded_answer_count": 2,
        "off_scale_answer_count": 1, "repeated_answer_count": 1, "promoter_count": 2,
        "passive_count": 1, "detractor_count": 1, "nps_score": 25.0, "scale_min": 0.0,
        "scale_max": 10.0, "answer_mean": 7.5, "top2_num": 1, "top2_den": 4, "top2_rate": 0.25,
        "response_num": 1, "response_den": 4, "response_rate": 0.25,
    },
    "revenue__account_month": {
        "month_on": date(2026, 3, 1), "movement": "expansion", "currency": "USD",
        "opening_spot_minor": 8, "expansion_spot_minor": 2, "fx_spot_minor": 1,
        "closing_spot_minor": 11, "opening_constant_minor": 8, "expansion_constant_minor": 2,
        "closing_constant_minor": 10, "grr_num": 8, "grr_den": 8, "grr_rate": 1.0, "nrr_num": 10,
        "nrr_den": 8, "nrr_rate": 1.25, "logo_churn_num": 0, "logo_churn_den": 1,
        "logo_churn_rate": 0.0,
    },
    "opportunity__opportunity": {
        "outcome": "lost", "account_id": "acc", "is_matched": True, "unmatched_reason": None,
        "currency": "USD", "gap_lost_num": 4, "gap_lost_den": 4, "gap_lost_rate": 1.0,
        "note_coverage_num": 1, "note_coverage_den": 1, "note_coverage_rate": 1.0,
    },
    "win_rate__cohort_month": {
        "cohort_basis": "created", "month_on": date(2026, 3, 1), "deal_count": 4, "won_count": 1,
        "lost_count": 3, "decided_num": 4, "decided_den": 4, "decided_rate": 1.0, "win_num": 1,
        "win_den": 4, "win_rate": 0.25, "gap_lost_num": 1, "gap_lost_den": 4,
        "gap_lost_rate": 0.25,
    },
    "account_health__account_week": {
        "score_basis": "all_components", "score_status": "scored", "health_score": 40.0,
        "loss_risk": 0.1, "seat_utilisation_num": 2, "seat_utilisation_den": 8,
        "seat_utilisation_rate": 0.25, "contact_num": 1, "contact_den": 4, "contact_rate": 0.25,
    },
    "health_backtest__version": {
        "status": "all_components", "until_on": None, "fitted_lost_account_count": 30,
        "held_out_lost_account_count": 12, "lost_num": 12, "lost_den": 48, "lost_rate": 0.25,
        "model_auc": 0.8, "model_auc_low": 0.7, "model_brier": 0.1, "baseline_brier": 0.2,
        "model_expected_lost_count": 11.0, "auc_gain_low": 0.1, "intercept": -2.0,
        "model_top_num": 1, "model_top_den": 4, "model_top_rate": 0.25, "baseline_top_num": 1,
        "baseline_top_den": 4, "baseline_top_rate": 0.25, "model_warned_num": 1,
        "model_warned_den": 4, "model_warned_rate": 0.25, "baseline_warned_num": 1,
        "baseline_warned_den": 4, "baseline_warned_rate": 0.25,
    },
    "tool__tool_month": {
        "month_on": date(2026, 3, 1), "assigned_seat_count": 9, "active28_seat_count": 2,
        "idle90_seat_count": 1, "leaver_seat_count": 1, "utilisation_num": 2, "utilisation_den": 8,
        "utilisation_rate": 0.25, "activity_evidence": "L2", "spend_minor": None, "currency": None,
    },
    "renewal__contract": {
        "assigned_seat_count": 9, "idle90_seat_count": 1, "currency": "USD",
    },
    "row_ledger__batch": {"status": "loaded"},
    "check__run": {
        "gate": "lake", "severity": "warning", "is_passed": False, "is_crashed": False,
        "is_blocking": True, "failing_count": None, "previous_checked_at": None,
    },
    "incident__incident": {
        "subject_type": "check", "severity": "warning", "verdict": "true_alarm", "is_open": False,
    },
    "check_precision__check": {
        "subject_type": "check", "incident_count": 8, "open_incident_count": 1, "precision_num": 3,
        "precision_den": 4, "precision_rate": 0.75,
    },
    "restatement__metric_day": {
        "metric": "dau_count", "first_value": 10.0, "value_now": 12.0, "difference": 2.0,
        "late_difference": 3.0, "identity_difference": -1.0, "exclusion_difference": 0.0,
        "definition_difference": 0.0, "residual_difference": 0.0,
    },
    "identity_change__event": {
        "alias_type": "user_id", "change_type": "merge", "evidence": "shared mailbox",
        "old_person_id": "a", "new_person_id": "b",
    },
    "volume__source_day": {
        "row_count": 100, "history_day_count": 8, "expected_row_count": 100.0, "deviation": 3.0,
        "low_row_count": 60.0, "high_row_count": 144.0, "verdict": "usual", "is_unusual": False,
    },
    "drift__column_week": {
        "row_count": 250, "before_row_count": 1000, "category_count": 2, "shift_num": 50.0,
        "shift_den": 250, "shift_rate": 0.2, "now_num": 100, "now_den": 250, "now_rate": 0.4,
        "before_num": 200, "before_den": 1000, "before_rate": 0.2, "verdict": "steady",
        "is_drifted": False,
    },
    "freshness__contract": {
        "freshness_status": "fresh", "warn_hours": 10, "fail_hours": 20, "lag_hours": 1.0,
    },
}  # fmt: skip

# Changes that breach a check where its type does not say how, or would breach others as well.
