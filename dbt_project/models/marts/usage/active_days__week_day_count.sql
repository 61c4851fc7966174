with

windows as (

    select week_on, max(day_on) as window_end_on from {{ ref('dim_activity_date') }} group by week_on

),

numbers as (

    {{ date_spine("cast('2000-01-01' as date)", "cast('2000-01-28' as date)") }}

),

days as (select person_id, activity_on from {{ ref('fct_person_day') }} where is_countable group by person_id, activity_on),

-- A whole week's window is four whole weeks; only the window of a week that goes on cuts through one.
cut as (

    select *, {{ add_days('window_end_on', -27) }} as window_start_on
    from windows
    where window_end_on < {{ add_days('week_on', 6) }}

),

weeks as (

    select person_id, {{ week_of('activity_on') }} as week_on, count(*) as day_count
    from days
    group by person_id, {{ week_of('activity_on') }}

),

behind as (select 0 as days union all select 7 union all select 14 union all select 21),

parts as (

    select windows.week_on, weeks.person_id, weeks.day_count
    from weeks
    cross join behind
    inner join windows on windows.week_on = {{ add_days('weeks.week_on', 'behind.days') }}
    where windows.window_end_on = {{ add_days('windows.week_on', 6) }}
    union all
    select cut.week_on, days.person_id, 1
    from (select * from days where activity_on >= (select min(window_start_on) from cut)) as days
    inner join cut on days.activity_on between cut.window_start_on and cut.window_end_on

),

people as (select week_on, person_id, sum(day_count) as day_count from parts group by week_on, person_id),

counted as (select week_on, day_count, count(*) as person_count from people group by week_on, day_count),

cells as (

    select
        windows.week_on, windows.window_end_on,
        {{ days_between("cast('1999-12-31' as date)", 'numbers.day_on') }} as day_count
    from windows
    cross join numbers

)

select
    cells.week_on, cast(cells.day_count as bigint) as day_count, cells.window_end_on,
    coalesce(counted.person_count, 0) as person_count,
    cast(sum(coalesce(counted.person_count, 0)) over (partition by cells.week_on order by cells.day_count desc) as bigint)
        as reaching_num,
    monthly.mau28_count as reaching_den,
    {{ rate(
        'sum(coalesce(counted.person_count, 0)) over (partition by cells.week_on order by cells.day_count desc)',
        'monthly.mau28_count'
    ) }} as reaching_rate,
    monthly.is_complete, monthly.data_through_at, 1 as definition_version
from cells
inner join {{ ref('active_users__daily') }} as monthly
    on monthly.activity_on = cells.window_end_on and monthly.segment = 'all'
left join counted on counted.week_on = cells.week_on and counted.day_count = cells.day_count
