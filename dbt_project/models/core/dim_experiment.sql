with

ranked as (

    select *, row_number() over (partition by experiment_id order by source) as experiment_rank
    from {{ ref('stg_experiments') }}

),

current_plans as (

    select
        ranked.source, ranked.experiment_id, ranked.name, ranked.owner, ranked.feature_id, ranked.unit as unit_type,
        ranked.status, ranked.starts_on, ranked.ends_on, versions.plan, versions.prereg_hash,
        {{ json_text('versions.plan', 'team') }} as team,
        {{ json_text('versions.plan', 'template') }} as template,
        {{ json_text('versions.plan', 'method') }} as method,
        cast({{ json_text('versions.plan', 'alpha') }} as double) as alpha,
        cast({{ json_text('versions.plan', 'power') }} as double) as power,
        {{ json_text('versions.plan', 'primary_metric_id') }} as primary_metric_id,
        {{ json_text('versions.plan', 'direction') }} as direction,
        cast({{ json_text('versions.plan', 'mde_relative') }} as double) as mde_relative,
        cast({{ json_text('versions.plan', 'coverage') }} as double) as coverage,
        coalesce({{ json_text('versions.plan', 'hypothesis') }}, ranked.hypothesis) as hypothesis,
        {{ json_text('versions.plan', 'is_hypothesis_whole') }} = 'true' as is_hypothesis_whole,
        cast({{ json_text('versions.plan', 'guardrail_count') }} as bigint) as guardrail_count,
        {{ json_text('versions.plan', 'outcome') }} as outcome,
        {{ json_text('versions.plan', 'decided_variation_id') }} as decided_variation_id,
        cast({{ json_text('versions.plan', 'decided_on') }} as date) as decided_on,
        {{ json_text('versions.plan', 'decided_by') }} as decided_by,
        {{ json_text('versions.plan', 'rationale') }} as rationale,
        {{ json_text('versions.plan', 'learning') }} as learning,
        {{ json_text('versions.plan', 'is_override') }} = 'true' as is_override,
        coalesce({{ json_text('versions.plan', 'is_analysable') }} = 'true', false) as is_analysable,
        cast({{ json_text('versions.plan', 'window_days') }} as bigint) as window_days,
        cast({{ json_text('versions.plan', 'cuped_days') }} as bigint) as cuped_days
    from ranked
    left join {{ ref('int_experiments__plan_version') }} as versions
        on versions.source = ranked.source and versions.experiment_id = ranked.experiment_id
        and versions.batch_id = ranked.batch_id
    where ranked.experiment_rank = 1

),

promised as (

    select
        source, experiment_id, prereg_hash, min(delivered_on) as promised_on
    from {{ ref('int_experiments__plan_version') }}
    where prereg_hash is not null
    group by source, experiment_id, prereg_hash

),

histories as (

    select source, experiment_id, min(promised_on) as registered_on, count(*) as promise_count
    from promised
    group by source, experiment_id

),

measured_anew as (

    select distinct experiment_id from {{ ref('int_experiments__metric_change') }}

)

select
    plans.experiment_id, plans.name, plans.owner, coalesce(plans.team, 'none') as team, plans.feature_id, plans.unit_type,
    plans.status, plans.starts_on, plans.ends_on, plans.window_days, plans.cuped_days,
    plans.template, plans.method, plans.alpha, plans.power, plans.primary_metric_id, plans.direction, plans.mde_relative, plans.coverage,
    plans.hypothesis, plans.is_hypothesis_whole, plans.guardrail_count, plans.outcome, plans.decided_variation_id,
    plans.decided_on, plans.decided_by, plans.rationale, plans.learning, plans.is_override,
    plans.is_analysable, plans.plan,
    plans.prereg_hash, histories.registered_on, promised.promised_on, histories.promise_count,
    coalesce(promised.promised_on <= plans.starts_on, false) as is_preregistered,
    coalesce(promised.promised_on > plans.starts_on and histories.registered_on < promised.promised_on, false)
        or measured_anew.experiment_id is not null as is_changed_after_start
from current_plans as plans
left join promised
    on promised.source = plans.source and promised.experiment_id = plans.experiment_id
    and promised.prereg_hash = plans.prereg_hash
left join histories on histories.source = plans.source and histories.experiment_id = plans.experiment_id
left join measured_anew on measured_anew.experiment_id = plans.experiment_id
