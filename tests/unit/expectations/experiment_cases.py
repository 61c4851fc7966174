"""Sane rows of experiments' tables, and what breaches each of their checks.

Belongs here: what `cases`, `breaches` and `tables` hold for all other tables. Does not belong here:
how rows are made of it (`mutations`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

from tests.unit.expectations.cases import Row

Change = Row | Callable[[Row], Row]
_READOUT, _SUM = "experiment_readout__metric_arm", "experiment_sum__metric_arm"
_CARD, _GATE = "experiment_scorecard__experiment", "experiment_gate__gate"
_GROUP, _IMPACT = "experiment_portfolio__team_quarter", "experiment_impact__team_quarter_metric"
_MOVED, _REPLAY = "metric_movability__metric", "aa_replay__metric"
_BASE = "metric_baseline__metric_unit_type"
_ALL_TIME: Row = {"quarter": "all", "quarter_on": None}
# All figures of a readout that may not be read.
_HIDDEN: Row = dict.fromkeys([
    "theta", "difference", "se", "df", "t", "p", "p_adjusted", "ci_low", "ci_high", "relative",
    "relative_low", "relative_high", "margin_p", "beyond_margin_p", "power_at_mde",
    "is_significant", "is_good", "is_beyond_margin",
])  # fmt: skip
_CLOSED: Row = {"state": "INVALID", "is_readable": False}


def _metric(**changes: Any) -> Row:
    """A metric's row whose entry in the register says something else; None leaves a word out."""
    said = {
        "metric_id": "week_2_return", "kind": "proportion", "numerator": "active_days",
        "direction": "increase", "from_day": 7, "to_day": 13,
    } | changes  # fmt: skip
    return {"spec": json.dumps({name: value for name, value in said.items() if value is not None})}


TELLS_APART = {"metrics": "source"}
NEEDED = {
    _READOUT: ("p", "p_adjusted", "nominal_alpha"),
    _IMPACT: ("valid_test_count",),
    _MOVED: ("test_count",),
}
# The sums of the two arms that the sane comparison is made of.
ARMS: list[Row] = [{}, {"variation_id": "b", "is_control": False}]

SANE: dict[str, Row] = {
    "metrics": _metric(),
    _READOUT: {
        "look_no": 1, "state": "VALID", "role": "primary", "kind": "mean", "direction": "increase",
        "variation_id": "b", "control_variation_id": "a", "estimator": "plain",
        "control_count": 10, "treatment_count": 10, "control_mean": 1.0, "treatment_mean": 1.5,
        "difference": 0.5, "ci_low": 0.1, "ci_high": 0.9, "relative": 0.5, "relative_low": 0.1,
        "relative_high": 0.9, "p": 0.01, "p_adjusted": 0.02, "family": "holm",
        "nominal_alpha": 0.05, "margin_p": 0.01, "reason": "",
    },
    _SUM: {
        "look_no": 1, "basis": "main", "variation_id": "a", "unit_count": 10, "nonzero_count": 4,
        "shift_y": 1.0, "s_y": 0.0, "q_yy": 8.0,
    },
    _GATE: {"look_no": 1, "gate": "sample_ratio", "status": "pass"},
    _CARD: {
        "team": "platform", "status": "running", "look_no": 1, "look_count": 1, "state": "VALID",
        "recommendation": "ship", "recommended_variation_id": "b", "unit_count": 30,
        "crossover_count": 1, "sample_ratio_p": 0.5, "primary_variation_id": "b", "relative": 0.5,
        "relative_low": 0.1, "relative_high": 0.9, "p_adjusted": 0.02, "quality_num": 1,
        "quality_den": 4, "quality_rate": 0.25, "outcome": "ship", "is_decision_overdue": False,
    },
    _GROUP: {
        "team": "platform", "quarter": "2026-Q1", "quarter_on": date(2026, 1, 1),
        "concluded_count": 2, "valid_num": 1, "valid_den": 2, "valid_rate": 0.5, "valid_low": 0.1,
        "valid_high": 0.9, "caution_den": 1, "caution_rate": 0.0, "caution_low": 0.0,
        "caution_high": 0.8, "win_num": 1, "win_den": 1, "win_rate": 1.0, "win_low": 0.2,
        "win_high": 1.0,
    },
    _IMPACT: {
        "team": "platform", "quarter": "2026-Q1", "quarter_on": date(2026, 1, 1),
        "valid_test_count": 30, "test_count": 1, "is_disputed": False, "lift": 0.1,
        "lift_se": 0.01, "lift_low": 0.05, "lift_high": 0.2,
    },
    _MOVED: {
        "test_count": 30, "moved_num": 1, "moved_den": 4, "moved_rate": 0.25, "moved_low": 0.1,
        "moved_high": 0.9, "tau": 0.1, "typical_effect": 0.1, "large_effect": 0.2,
    },
    _BASE: {
        "unit_type": "person", "kind": "mean", "unit_count": 9, "metric_mean": 0.5,
        "unit_variance": 1.0, "correlation": 0.5, "units_in_1_weeks": 1, "units_in_2_weeks": 2,
        "units_in_4_weeks": 3, "units_in_8_weeks": 4,
    },
    _REPLAY: {
        "kind": "mean", "unit_count": 9, "split_count": 400, "false_positive_num": 20,
        "false_positive_den": 400, "false_positive_rate": 0.05, "least_count": 7, "most_count": 36,
        "ks_p": 0.5, "verdict": "sound", "is_unsound": False,
    },
}  # fmt: skip

_ROWS: dict[str, dict[str, Change]] = {
    "metrics": {
        "column_value_lengths_to_be_between__metric_id": {
            "metric_id": "", **_metric(metric_id="")},
        "unexpected_rows__spec_of_another_id": _metric(metric_id="week_3_return"),
        "unexpected_rows__kind_unknown": _metric(kind="average"),
        "unexpected_rows__direction_unknown": _metric(direction=None),
        "unexpected_rows__measure_unknown": _metric(numerator="feature:"),
        "unexpected_rows__denominator_of_no_ratio": _metric(denominator="sessions"),
        "unexpected_rows__days_the_wrong_way_round": _metric(to_day=6),
    },
    "experiments": {
        "unexpected_rows__spec_of_another_id": {"spec": '{"experiment_id": "another"}'},
        "unexpected_rows__team_called_all": {"spec": '{"team": "all"}'},
        "unexpected_rows__decided_without_decision": {
            "status": "decided", "ends_on": "2026-06-01", "spec": '{"decision": {}}'},
    },
    _READOUT: {
        "unexpected_rows__part_of_the_key_unknown": {"metric_id": None},
        "column_values_to_be_in_set__state": {**_HIDDEN, "state": "OPEN", "is_readable": False},
        "unexpected_rows__readable_against_its_state": {"is_planned": False},
        "unexpected_rows__hidden_figure_shown": {**_HIDDEN, **_CLOSED, "relative": 0.5},
        "unexpected_rows__no_probability": {"margin_p": 1.5},
        "unexpected_rows__surer_after_looking_at_more": {"p_adjusted": 0.005},
        "unexpected_rows__estimate_outside_its_interval": {"ci_low": 0.6},
        "unexpected_rows__finding_of_another_p": {"is_significant": False},
        "unexpected_rows__no_p_and_no_reason": {"reason": "no_variance"},
        "unexpected_rows__difference_of_other_means": {"treatment_mean": 2.0},
        "unexpected_rows__held_against_itself": {"variation_id": "a"},
    },
    _SUM: {
        "unexpected_rows__part_of_the_key_unknown": {"basis": None},
        "column_pair_values_a_to_be_greater_than_b__capped_high__capped_low": {
            "capped_low": 2.0, "capped_high": 1.0},
        "unexpected_rows__sum_not_finite": {"shift_x": float("inf")},
        "unexpected_rows__squares_too_small": {"s_y": 100.0},
        "unexpected_rows__products_too_large": {"q_yd": 9.0, "q_dd": 1.0},
    },
    _CARD: {
        "column_values_to_be_in_set__state": {
            **_HIDDEN, "state": "OPEN", "is_readable": False, "recommendation": "none",
            "is_win": None, "is_guardrail_breached": None},
        "unexpected_rows__readable_against_its_state": {"state": None},
        "unexpected_rows__hidden_figure_shown": {
            **_HIDDEN, **_CLOSED, "recommendation": "none", "is_guardrail_breached": None},
        "unexpected_rows__advice_without_grounds": {"reason_text": None},
        "unexpected_rows__figure_out_of_range": {"crossover_count": 31},
        "unexpected_rows__estimate_outside_its_interval": {"relative_low": 0.6},
        "unexpected_rows__cannot_be_analysed": {
            **_HIDDEN, "state": "NOT_ANALYSABLE", "is_readable": False, "look_no": None,
            "recommendation": "none", "is_win": None, "is_guardrail_breached": None},
        "unexpected_rows__arms_not_as_planned": {"sample_ratio_p": 0.0009},
        "unexpected_rows__harm_while_it_runs": {"recommendation": "stop"},
        "unexpected_rows__decision_overdue": {"is_decision_overdue": True},
    },
    _GROUP: {
        "unexpected_rows__quarter_of_another_name": {"quarter": "2026-Q2"},
        "unexpected_rows__rates_of_other_parts": {"valid_rate": 0.6},
        "unexpected_rows__parts_beyond_their_whole": {"srm_num": 1},
        "unexpected_rows__rates_outside_their_interval": {"valid_low": 0.6},
        "unexpected_rows__wholes_of_others": {"caution_den": 2},
        "unexpected_rows__no_probability": {"alpha_mean": 1.5},
        "unexpected_rows__ninetieth_below_the_middle": {
            "planned_days_median": 9.0, "planned_days_p90": 8.0},
        "unexpected_rows__plans_without_promise": {
            **_ALL_TIME, "concluded_count": 5, "valid_den": 5, "valid_rate": 0.2,
            "preregistered_num": 1, "preregistered_den": 5, "preregistered_rate": 0.2,
            "preregistered_low": 0.1, "preregistered_high": 0.5},
    },
    _IMPACT: {
        "unexpected_rows__quarter_of_another_name": {"quarter": "2026-Q2"},
        "unexpected_rows__counts_beyond_the_whole": {"shipped_count": 2},
        "unexpected_rows__shown_against_the_rule": {"is_indicative": False},
        "unexpected_rows__sum_of_too_few_shown": {
            "valid_test_count": 29, "is_shown": False, "is_indicative": False},
        "unexpected_rows__sum_outside_its_interval": {"lift_low": 0.15},
        "unexpected_rows__two_ways_disagree": {"is_disputed": True},
    },
    _MOVED: {
        "column_values_to_be_between__test_count": {"test_count": -1, "is_known": False},
        "unexpected_rows__moved_rate_outside_its_interval": {"moved_low": 0.3},
        "unexpected_rows__known_against_the_rule": {"is_known": False},
        "unexpected_rows__effects_of_no_test": {"test_count": 0, "is_known": False},
    },
    _BASE: {
        "column_values_to_be_between__unit_count": {"unit_count": 0},
        "unexpected_rows__fewer_units_in_more_weeks": {"units_in_1_weeks": 3},
        "unexpected_rows__share_beyond_all": {"kind": "proportion", "metric_mean": 1.5},
    },
    _REPLAY: {
        "column_values_to_not_be_null__verdict": {"verdict": None, "is_unsound": None},
        "unexpected_rows__share_of_other_splits": {"split_count": 401},
        "unexpected_rows__verdict_against_its_count": {
            "false_positive_num": 40, "false_positive_rate": 0.1},
        "unexpected_rows__unsound_against_its_verdict": {
            "verdict": "dull", "false_positive_num": 4, "false_positive_rate": 0.01},
        "unexpected_rows__metric_failed_the_replay": {"verdict": "uneven", "is_unsound": True},
    },
}  # fmt: skip
BREACH: dict[tuple[str, str], Change] = {
    (table, check): change for table, checks in _ROWS.items() for check, change in checks.items()
}

# Checks of several rows, or that hold a mart against another one, whose rows are sane.
WHOLE: dict[tuple[str, str], list[Row]] = {
    (_READOUT, "unexpected_rows__two_ways_decide"): [{}, {"estimator": "cuped"}],
    (_READOUT, "unexpected_rows__units_of_no_sums"): [{"control_count": 11}],
    (_SUM, "unexpected_rows__arms_measured_from_other_points"): [
        {}, {**ARMS[1], "shift_y": 2.0}],
    (_SUM, "unexpected_rows__two_controls"): [{}, {"variation_id": "b"}],
    (_SUM, "unexpected_rows__parts_beyond_the_whole"): [
        {}, {"basis": "early", "unit_count": 11}],
    (_GATE, "unexpected_rows__shut_and_yet_read"): [{"status": "wait"}],
    (_GATE, "unexpected_rows__scorecard_counts_others"): [{"status": "warn"}],
    (_CARD, "unexpected_rows__another_readout"): [{"relative": 0.6}],
    (_CARD, "unexpected_rows__more_ripe_units_than_exposed"): [{"unit_count": 19}],
    (_GROUP, "unexpected_rows__quarters_do_not_add_up"): [_ALL_TIME],
    (_GROUP, "unexpected_rows__teams_do_not_add_up"): [{"team": "all"}],
    (_GROUP, "unexpected_rows__other_experiments_than_scorecards"): [
        {"team": "other"}, {"team": "other", **_ALL_TIME}],
    (_IMPACT, "unexpected_rows__tests_of_another_count"): [{"valid_test_count": 31}],
    (_IMPACT, "unexpected_rows__experiments_of_no_group"): [{"team": "other"}],
}  # fmt: skip
