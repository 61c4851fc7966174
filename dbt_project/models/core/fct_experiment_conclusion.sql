{%- set figures = [
    'effect', 'se', 'direction', 'p_adjusted', 'alpha', 'is_win', 'is_shipped', 'is_override', 'is_breached',
    'is_preregistered', 'is_stopped_early', 'srm_p', 'planned_power', 'power_at_mde', 'mde_relative', 'planned_days', 'actual_days',
] -%}
{%- set checks = [
    'check_hypothesis', 'check_guardrail', 'check_preregistered', 'check_split', 'check_data', 'check_full_weeks',
    'check_precision', 'check_multiplicity', 'check_decided_in_time', 'check_learning',
] -%}
with

-- The look that an experiment ended with: its last one, or the latest where it was stopped before.
ends as (

    select
        plans.experiment_id, states.look_no, states.look_on, states.state, states.is_win, states.is_guardrail_breached,
        states.primary_arm_no, states.sample_ratio_p, states.look_no = states.look_count as is_last_look
    from {{ ref('dim_experiment') }} as plans
    inner join {{ ref('fct_experiment_state') }} as states
        on states.experiment_id = plans.experiment_id and states.is_latest
    where plans.status in ('stopped', 'decided') or states.look_no = states.look_count

),

exposed as (

    select experiment_id, min(first_exposed_on) as first_on, max(first_exposed_on) as last_on
    from {{ ref('fct_experiment_day') }}
    group by experiment_id

),

gates as (

    select
        experiment_id, look_no,
        max(case when gate in ('metrics_defined', 'variations_known', 'facts_complete', 'sums_finite', 'none_before_start') and status = 'fail' then 1 else 0 end) as bad_data,
        max(case when gate = 'sample_ratio' and status = 'fail' then 1 else 0 end) as bad_split,
        max(case when gate = 'full_weeks' and status = 'warn' then 1 else 0 end) as odd_days,
        max(case when gate = 'precision' and status = 'warn' then 1 else 0 end) as too_blunt,
        max(case when gate = 'precision' and status = 'unknown' then 1 else 0 end) as unknown_precision,
        max(case when gate = 'decision_adjusted' and status = 'warn' then 1 else 0 end) as not_adjusted
    from {{ ref('fct_experiment_gate') }}
    group by experiment_id, look_no

),

told as (

    select
        plans.experiment_id, plans.team, plans.primary_metric_id as metric_id, ends.look_no, ends.state,
        coalesce(plans.decided_on, ends.look_on) as concluded_on,
        compared.relative as effect,
        -- By the delta method, of the mean of the variation over that of the control.
        sqrt(
            compared.treatment_variance / compared.treatment_count
            + compared.treatment_mean * compared.treatment_mean / (compared.control_mean * compared.control_mean)
                * compared.control_variance / compared.control_count
        ) / nullif(abs(compared.control_mean), 0) as se,
        case when plans.direction = 'increase' then 1.0 else -1.0 end as direction,
        compared.p_adjusted, plans.alpha,
        case when ends.is_win then 1.0 else 0.0 end as is_win,
        case when plans.outcome = 'ship' then 1.0 when plans.outcome is not null then 0.0 end as is_shipped,
        case when plans.is_override then 1.0 when plans.is_override is not null then 0.0 end as is_override,
        case when ends.is_guardrail_breached then 1.0 when plans.guardrail_count > 0 then 0.0 end as is_breached,
        case when plans.is_preregistered and not plans.is_changed_after_start then 1.0 else 0.0 end as is_preregistered,
        case when plans.method = 'fixed_horizon' then case when ends.is_last_look then 0.0 else 1.0 end end as is_stopped_early,
        ends.sample_ratio_p as srm_p, plans.power as planned_power, compared.power_at_mde, plans.mde_relative,
        cast({{ days_between('plans.starts_on', 'plans.ends_on') }} + 1 as double) as planned_days,
        cast({{ days_between('exposed.first_on', 'exposed.last_on') }} + 1 as double) as actual_days,
        exposed.last_on as last_exposure_on, plans.decided_on, plans.coverage,
        case when plans.is_hypothesis_whole then 1.0 else 0.0 end as check_hypothesis,
        case when plans.template = 'aa_test' then null when plans.guardrail_count > 0 then 1.0 else 0.0 end as check_guardrail,
        case when plans.is_preregistered and not plans.is_changed_after_start then 1.0 else 0.0 end as check_preregistered,
        1.0 - gates.bad_split as check_split,
        1.0 - gates.bad_data as check_data,
        1.0 - gates.odd_days as check_full_weeks,
        case when gates.unknown_precision = 1 then null else 1.0 - gates.too_blunt end as check_precision,
        case when plans.outcome = 'ship' then 1.0 - gates.not_adjusted end as check_multiplicity,
        case
            when plans.decided_on is not null
                then case when {{ days_between('ends.look_on', 'plans.decided_on') }} <= 14 then 1.0 else 0.0 end
            when {{ days_between('ends.look_on', as_of_at()) }} > 14 then 0.0
        end as check_decided_in_time,
        case when plans.decided_on is not null then case when plans.learning is not null then 1.0 else 0.0 end end as check_learning
    from ends
    inner join {{ ref('dim_experiment') }} as plans on plans.experiment_id = ends.experiment_id
    left join exposed on exposed.experiment_id = ends.experiment_id
    left join gates on gates.experiment_id = ends.experiment_id and gates.look_no = ends.look_no
    left join {{ ref('fct_experiment_comparison') }} as compared
        on compared.experiment_id = ends.experiment_id and compared.look_no = ends.look_no and compared.is_deciding
        and compared.metric_id = plans.primary_metric_id and compared.arm_no = ends.primary_arm_no

)

select
    experiment_id, team, metric_id, look_no, state, concluded_on,
    {%- for name in figures %}
    cast({{ name }} as double) as {{ name }},
    {%- endfor %}
    last_exposure_on, decided_on, coverage
    {%- for name in checks %},
    cast({{ name }} as double) as {{ name }}
    {%- endfor %}
from told
