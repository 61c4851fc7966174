{%- set shown = ['relative', 'relative_low', 'relative_high', 'difference', 'p_adjusted', 'power_at_mde'] -%}
with

latest as (

    select * from {{ ref('fct_experiment_state') }} where is_latest

),

exposed as (

    select
        experiment_id, cast(sum(unit_count) as bigint) as unit_count, min(first_exposed_on) as first_on, max(first_exposed_on) as last_on
    from {{ ref('fct_experiment_day') }}
    group by experiment_id

),

reach as (

    select max(high_water_at) as high_water_at from {{ ref('dim_contract') }} where contract = 'usage_events'

)

select
    plans.experiment_id, plans.name, plans.owner, plans.team, plans.feature_id, plans.hypothesis, plans.template, plans.unit_type,
    plans.status, plans.starts_on, plans.ends_on, plans.method, plans.is_analysable, plans.registered_on,
    plans.is_preregistered, plans.is_changed_after_start,
    latest.look_no, latest.look_on, latest.look_count,
    coalesce(latest.state, case when plans.is_analysable then 'NOT_STARTED' else 'NOT_ANALYSABLE' end) as state,
    coalesce(latest.is_readable, false) as is_readable,
    coalesce(latest.recommendation, 'none') as recommendation, latest.recommended_variation_id, latest.reason_text,
    coalesce(exposed.unit_count, 0) as unit_count, latest.crossover_count, latest.sample_ratio_p,
    latest.failed_gate_count, latest.warning_gate_count,
    plans.primary_metric_id, plans.direction, plans.mde_relative, arms.variation_id as primary_variation_id
    {%- for name in shown %},
    case when latest.is_readable then compared.{{ name }} end as {{ name }}
    {%- endfor %},
    case when latest.is_readable then latest.is_win end as is_win,
    case when latest.is_readable then latest.is_guardrail_breached end as is_guardrail_breached,
    worths.shrunken_effect, worths.shrunken_sd, worths.quality_num, worths.quality_den,
    {{ rate('worths.quality_num', 'worths.quality_den') }} as quality_rate,
    {{ days_between('plans.starts_on', 'plans.ends_on') }} + 1 as planned_days,
    {{ days_between('exposed.first_on', 'exposed.last_on') }} + 1 as actual_days,
    plans.outcome, plans.decided_variation_id, plans.decided_on, plans.decided_by, plans.rationale, plans.learning,
    plans.is_override,
    {{ days_between('exposed.last_on', 'plans.decided_on') }} as days_to_decision,
    coalesce(
        plans.decided_on is null and latest.look_no = latest.look_count
        and {{ days_between('latest.look_on', as_of_at()) }} > 14, false
    ) as is_decision_overdue,
    coalesce(latest.look_no = latest.look_count, false) as is_complete,
    {{ least_of('cast(latest.look_on as timestamp)', 'reach.high_water_at') }} as data_through_at,
    1 as definition_version
from {{ ref('dim_experiment') }} as plans
cross join reach
left join latest on latest.experiment_id = plans.experiment_id
left join exposed on exposed.experiment_id = plans.experiment_id
left join {{ ref('fct_experiment_worth') }} as worths on worths.experiment_id = plans.experiment_id
left join {{ ref('fct_experiment_comparison') }} as compared
    on compared.experiment_id = plans.experiment_id and compared.look_no = latest.look_no and compared.is_deciding
    and compared.metric_id = plans.primary_metric_id and compared.arm_no = latest.primary_arm_no
left join {{ ref('dim_experiment_variation') }} as arms
    on arms.experiment_id = plans.experiment_id and arms.arm_no = latest.primary_arm_no
