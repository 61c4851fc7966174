with

measured as (

    select
        *,
        {{ seconds_between('last_occurred_at', as_of_at()) }} / 3600.0 as lag_hours
    from {{ ref('dim_contract') }}

)

select
    contract,
    owner,
    row_count,
    last_occurred_at,
    last_loaded_at,
    lag_hours,
    warn_hours,
    fail_hours,
    case
        when warn_hours is null and fail_hours is null then 'no promise'
        when last_occurred_at is null then 'no data'
        when lag_hours > fail_hours then 'failed'
        when lag_hours > warn_hours then 'stale'
        else 'fresh'
    end as freshness_status,
    true as is_complete,
    high_water_at as data_through_at,
    1 as definition_version
from measured
