select
    experiment_id, name, owner, coalesce(team, 'none') as team, feature_id, unit_type, status, starts_on, ends_on,
    window_days, cuped_days,
    template, method, alpha, power, primary_metric_id, direction, mde_relative, coverage,
    hypothesis, is_hypothesis_whole, guardrail_count, outcome, decided_variation_id, decided_on, decided_by, rationale, learning, is_override,
    is_analysable, plan, prereg_hash, registered_on, promised_on, promise_count,
    is_preregistered, is_changed_after_start
from {{ ref('int_experiments__plan') }}
