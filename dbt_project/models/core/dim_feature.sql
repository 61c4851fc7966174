with

ranked as (

    select *, row_number() over (partition by feature_id order by source) as feature_rank
    from {{ ref('stg_features') }}

)

select feature_id, name as feature_name, area, owner, entitled_plans, flag_id, flag_variations, released_on, retired_on
from ranked
where feature_rank = 1
