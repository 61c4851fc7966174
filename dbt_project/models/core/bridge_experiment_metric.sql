with

listed as (

    {{ json_field_rows(ref('dim_experiment'), ['experiment_id', 'window_days'], 'plan', 'metrics', 'metric', 'is_analysable') }}

),

named as (

    select
        experiment_id, window_days,
        {{ json_text('metric', 'metric') }} as metric_id,
        {{ json_text('metric', 'role') }} as role,
        {{ json_text('metric', 'direction') }} as planned_direction
    from listed

)

select
    named.experiment_id, named.metric_id, named.role,
    coalesce(named.planned_direction, metrics.direction) as direction,
    metrics.kind, metrics.numerator, metrics.denominator, metrics.from_day,
    coalesce(metrics.to_day, named.window_days - 1) as to_day,
    metrics.cap_quantile, metrics.compared_quantile
from named
inner join {{ ref('dim_metric') }} as metrics on metrics.metric_id = named.metric_id and metrics.is_valid
union all
select
    trials.experiment_id, metrics.metric_id, 'baseline', metrics.direction, metrics.kind, metrics.numerator,
    metrics.denominator, metrics.from_day, coalesce(metrics.to_day, trials.window_days - 1), metrics.cap_quantile,
    metrics.compared_quantile
from {{ ref('dim_metric') }} as metrics
inner join {{ ref('dim_trial') }} as trials on trials.is_baseline
where metrics.is_valid and coalesce(metrics.to_day, 0) < 28
