with

-- All intervals of a schedule carry its last change; those that an older change left behind are gone.
current_hours as (

    select hours.source, hours.schedule_ref, hours.time_zone, hours.opens_minute, hours.closes_minute
    from (
        select *, max(updated_at) over (partition by source, schedule_ref) as last_updated_at
        from {{ ref('stg_business_hours') }}
    ) as hours
    inner join ({{ known_time_zones() }}) as zones on zones.time_zone = hours.time_zone
    where hours.updated_at = hours.last_updated_at

),

-- Hours that two intervals share are open once.
clipped as (

    select
        source, schedule_ref, time_zone, closes_minute,
        {{ greatest_of('opens_minute', 'earlier_closes_minute') }} as opens_minute
    from (
        select
            *,
            max(closes_minute) over (
                partition by source, schedule_ref
                order by opens_minute rows between unbounded preceding and 1 preceding
            ) as earlier_closes_minute
        from current_hours
    ) as ordered

)

select source, schedule_ref, time_zone, opens_minute, closes_minute
from clipped
where opens_minute < closes_minute
