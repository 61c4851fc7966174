{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-analytics', 'day': 'week_on', 'spine': 'core.dim_activity_date.week_on',
        'definition_version': 1}
) }}

-- depends_on: {{ ref('fct_rewritten_week') }}

with

windows as (

    select ends.week_on, ends.window_end_on, monthly.mau28_count, monthly.is_complete, monthly.data_through_at
    from (select week_on, max(day_on) as window_end_on from {{ ref('dim_activity_date') }} group by week_on) as ends
    inner join {{ ref('active_users__daily') }} as monthly
        on monthly.activity_on = ends.window_end_on and monthly.segment = 'all'
    {%- if is_incremental() %}
    left join {{ this }} as built on built.week_on = ends.week_on and built.day_count = 1
    where
        built.week_on is null
        or built.window_end_on <> ends.window_end_on
        or built.is_complete <> monthly.is_complete
        or built.data_through_at <> monthly.data_through_at
        or ends.week_on in (select window_week_on from {{ ref('fct_rewritten_week') }})
    {%- endif %}

),

numbers as (

    {{ date_spine("cast('2000-01-01' as date)", "cast('2000-01-28' as date)") }}

),

days as (

    select person_id, activity_on
    from {{ ref('fct_person_day') }}
    where
        is_countable
        {%- if is_incremental() %}
        and activity_on >= (select {{ add_days('min(week_on)', -27) }} from windows)
        {%- endif %}
    group by person_id, activity_on

),

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
        windows.*,
        {{ days_between("cast('1999-12-31' as date)", 'numbers.day_on') }} as day_count
    from windows
    cross join numbers

)

select
    cells.week_on, cast(cells.day_count as bigint) as day_count, cells.window_end_on,
    coalesce(counted.person_count, 0) as person_count,
    cast(sum(coalesce(counted.person_count, 0)) over (partition by cells.week_on order by cells.day_count desc) as bigint)
        as reaching_num,
    cells.mau28_count as reaching_den,
    {{ rate(
        'sum(coalesce(counted.person_count, 0)) over (partition by cells.week_on order by cells.day_count desc)',
        'cells.mau28_count'
    ) }} as reaching_rate,
    cells.is_complete, cells.data_through_at, 1 as definition_version
from cells
left join counted on counted.week_on = cells.week_on and counted.day_count = cells.day_count
order by cells.week_on
