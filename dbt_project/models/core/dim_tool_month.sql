with

firsts as (

    select min(first_on) as first_on
    from (
        select min(first_snapshot_on) as first_on from {{ ref('dim_tool') }}
        union all
        select min(first_spent_on) from {{ ref('dim_tool') }}
    ) as evidence

),

clock as (

    select
        {{ local_date(as_of_at(), "'" ~ setting('org_time_zone') ~ "'") }} as today_on,
        (select first_on from firsts) as first_on

),

spine as (

    {{ date_spine('(select ' ~ least_of('today_on', 'first_on') ~ ' from clock)', '(select today_on from clock)') }}

),

months as (

    select cast(date_trunc('month', day_on) as date) as month_on
    from spine
    group by cast(date_trunc('month', day_on) as date)

),

ends as (

    select
        months.month_on, clock.today_on,
        {{ add_days("cast(date_trunc('month', " ~ add_days('months.month_on', 31) ~ ") as date)", -1) }} as last_on
    from months
    cross join clock

)

-- A tool begins with the first thing known about it, at the latest now.
select
    tools.tool_id, ends.month_on, ends.last_on,
    {{ least_of('ends.last_on', 'ends.today_on') }} as state_on
from {{ ref('dim_tool') }} as tools
inner join ends
    on ends.last_on >= coalesce(
        {{ least_of('tools.first_contract_on', least_of('tools.first_snapshot_on', 'tools.first_spent_on')) }},
        case when tools.is_registered then ends.today_on end
    )
