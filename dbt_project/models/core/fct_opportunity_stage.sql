with

steps as (

    select
        source, opportunity_id, stage, valid_from_at, valid_to_at, is_open,
        lag(stage) over by_time as stage_before
    from {{ ref('dim_opportunity_version') }}
    window by_time as (partition by source, opportunity_id order by valid_from_at)

),

-- Versions that say the same stage one after the other are one visit of it.
visits as (

    select
        *,
        sum(case when stage = stage_before then 0 else 1 end) over (
            partition by source, opportunity_id order by valid_from_at
        ) as visit_number
    from steps

)

select
    source, opportunity_id, cast(visit_number as bigint) as visit_number, stage,
    min(valid_from_at) as entered_at,
    case when count(*) = count(valid_to_at) then max(valid_to_at) end as left_at,
    cast({{ seconds_between('min(valid_from_at)', 'case when count(*) = count(valid_to_at) then max(valid_to_at) end') }} as double) as stage_seconds
from visits
group by source, opportunity_id, visit_number, stage
