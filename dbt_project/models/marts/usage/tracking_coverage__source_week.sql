with

-- Calls that only say who somebody is, and pages, are in nobody's plan.
names as (

    select
        source, {{ week_of('event_on') }} as week_on, event_name,
        sum(tracked_count) as event_count,
        sum(excluded_tracked_count) as excluded_count
    from {{ ref('fct_event_day') }}
    where tracked_count + excluded_tracked_count > 0
    group by source, {{ week_of('event_on') }}, event_name

),

-- Each source reaches as far as its own events do, whatever the plan makes of them.
clocks as (

    select source, {{ least_of('max(last_received_at)', as_of_at()) }} as high_water_at
    from {{ ref('fct_event_day') }}
    group by source

),

sources as (

    select
        clocks.source, clocks.high_water_at,
        min(names.week_on) as first_week_on, {{ week_of('clocks.high_water_at') }} as last_week_on
    from clocks
    inner join names on names.source = clocks.source
    group by clocks.source, clocks.high_water_at

),

days as (

    {{ date_spine('(select min(first_week_on) from sources)', '(select max(last_week_on) from sources)') }}

),

weeks as (select {{ week_of('day_on') }} as week_on from days where day_on is not null group by {{ week_of('day_on') }}),

counted as (

    select
        names.source, names.week_on,
        sum(names.event_count) as event_count,
        sum(case when plan.feature_id is null then names.event_count else 0 end) as unmapped_count,
        sum(case when plan.event_name is null then names.event_count else 0 end) as unknown_count,
        sum(case when names.event_count > 0 then 1 else 0 end) as name_count,
        sum(case when names.event_count > 0 and plan.event_name is null then 1 else 0 end) as unknown_name_count,
        sum(names.excluded_count) as excluded_count
    from names
    left join {{ ref('dim_event_name') }} as plan on plan.event_name = names.event_name
    group by names.source, names.week_on

)

select
    sources.source, weeks.week_on,
    cast(coalesce(counted.event_count, 0) as bigint) as event_count,
    cast(coalesce(counted.name_count, 0) as bigint) as event_name_count,
    cast(coalesce(counted.unknown_name_count, 0) as bigint) as unknown_event_name_count,
    cast(coalesce(counted.unmapped_count, 0) as bigint) as unmapped_num,
    cast(coalesce(counted.event_count, 0) as bigint) as unmapped_den,
    {{ rate('counted.unmapped_count', 'counted.event_count') }} as unmapped_rate,
    cast(coalesce(counted.unknown_count, 0) as bigint) as unknown_num,
    cast(coalesce(counted.event_count, 0) as bigint) as unknown_den,
    {{ rate('counted.unknown_count', 'counted.event_count') }} as unknown_rate,
    cast(coalesce(counted.excluded_count, 0) as bigint) as excluded_event_count,
    sources.high_water_at >= {{ day_over_at(add_days('weeks.week_on', 6)) }} as is_complete,
    {{ least_of('sources.high_water_at', day_over_at(add_days('weeks.week_on', 6))) }} as data_through_at,
    1 as definition_version
from sources
inner join weeks on weeks.week_on between sources.first_week_on and sources.last_week_on
left join counted on counted.source = sources.source and counted.week_on = weeks.week_on
