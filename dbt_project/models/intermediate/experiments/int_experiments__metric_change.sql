with

plans as (

    select running.experiment_id, running.starts_on, versions.plan
    from {{ ref('stg_experiments') }} as running
    inner join {{ ref('int_experiments__plan_version') }} as versions
        on versions.source = running.source and versions.experiment_id = running.experiment_id
        and versions.batch_id = running.batch_id

),

listed as (

    {{ json_field_rows('plans', ['experiment_id', 'starts_on'], 'plan', 'metrics', 'metric') }}

),

used as (

    select distinct experiment_id, starts_on, {{ json_text('metric', 'metric') }} as metric_id
    from listed

),

defined as (

    select source, metric_id, batch_id, delivered_on, {{ metric_definition('spec', 'name') }} as definition
    from {{ ref('stg_metric_versions') }}
    where spec is not null

),

counted as (

    select source, metric_id, batch_id, delivered_on, {{ json_text('definition', 'definition_hash') }} as definition_hash
    from defined
    where {{ json_text('definition', 'definition_hash') }} is not null

),

firsts as (

    select source, metric_id, definition_hash, min(delivered_on) as counted_since
    from counted
    group by source, metric_id, definition_hash

),

-- What it counts now, since when, and whether it counted anything else before.
standing as (

    select
        counted.metric_id, firsts.counted_since, min(others.counted_since) as first_counted_on,
        row_number() over (partition by counted.metric_id order by counted.source) as metric_rank
    from {{ ref('stg_metrics') }} as metrics
    inner join counted
        on counted.source = metrics.source and counted.metric_id = metrics.metric_id and counted.batch_id = metrics.batch_id
    inner join firsts
        on firsts.source = counted.source and firsts.metric_id = counted.metric_id
        and firsts.definition_hash = counted.definition_hash
    inner join firsts as others on others.source = counted.source and others.metric_id = counted.metric_id
    group by counted.metric_id, counted.source, firsts.counted_since

)

select used.experiment_id, used.metric_id, standing.counted_since as changed_on
from used
inner join standing on standing.metric_id = used.metric_id and standing.metric_rank = 1
where standing.counted_since > used.starts_on and standing.first_counted_on < standing.counted_since
