with

told as (

    select
        metric, day_on, segment, published_value, published_at, loaded_through_at, is_complete, definition_version,
        -- What was told of a day that was not over yet is no promise; it counts only without a better one.
        row_number() over (
            partition by metric, day_on, segment
            order by case when is_complete then 0 else 1 end, published_at, build_id
        ) as told_rank,
        count(*) over (partition by metric, day_on, segment) as told_count
    from {{ ref('stg_published_values') }}

)

select
    told.metric, told.day_on, told.segment,
    told.published_value as first_value,
    told.published_at as first_published_at,
    told.loaded_through_at as first_loaded_through_at,
    told.is_complete as was_complete,
    told.definition_version as first_definition_version,
    told.told_count,
    -- A day before the first and after the last event has no row, and nobody was there.
    coalesce(days.metric_value, 0) as metric_value,
    coalesce(days.window_days, 1) as window_days,
    coalesce(days.is_complete, false) as is_complete,
    coalesce(days.data_through_at, told.loaded_through_at) as data_through_at,
    coalesce(days.definition_version, told.definition_version) as definition_version
from told
left join {{ ref('fct_metric_day') }} as days
    on days.metric = told.metric and days.day_on = told.day_on and days.segment = told.segment
where told.told_rank = 1
