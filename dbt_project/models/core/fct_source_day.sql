with

sources as (

    select contract, source, min(day_on) as first_on, max(reached_at) as reached_at
    from {{ ref('fct_row_day') }}
    where column_name = 'all'
    group by contract, source

),

others as (

    select contract, max(reached_at) - interval '7' day as reached_at
    from sources
    group by contract

),

-- What others of the contract delivered a week ago, a source would have delivered by now.
reach as (

    select
        sources.contract, sources.source, sources.first_on,
        {{ greatest_of('sources.reached_at', 'others.reached_at') }} as through_at
    from sources
    inner join others on others.contract = sources.contract

),

spine as (

    {{ date_spine('(select min(first_on) from reach)', '(select max(cast(through_at as date)) from reach)') }}

),

closed as (

    select spine.day_on
    from spine
    inner join {{ ref('stg_holidays') }} as holidays
        on spine.day_on >= holidays.starts_on and spine.day_on <= holidays.ends_on
    group by spine.day_on

),

days as (

    select
        reach.contract, reach.source, spine.day_on, reach.through_at,
        cast({{ add_days('spine.day_on', 1) }} as timestamp) as over_at
    from spine
    inner join reach
        on spine.day_on >= reach.first_on and spine.day_on <= cast(reach.through_at as date)

)

select
    days.contract, days.source, days.day_on, {{ week_of('days.day_on') }} as week_on,
    closed.day_on is not null as is_holiday,
    coalesce(counts.row_count, 0) as row_count,
    days.through_at >= days.over_at as is_complete,
    {{ least_of('days.through_at', 'days.over_at') }} as data_through_at
from days
left join closed on closed.day_on = days.day_on
left join {{ ref('fct_row_day') }} as counts
    on counts.contract = days.contract and counts.source = days.source
    and counts.column_name = 'all' and counts.day_on = days.day_on
