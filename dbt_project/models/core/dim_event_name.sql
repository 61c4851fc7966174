with

ranked as (

    select *, row_number() over (partition by event_name order by source) as plan_rank
    from {{ ref('stg_tracking_plan') }}

)

select event_name, feature_id, event_class
from ranked
where plan_rank = 1
