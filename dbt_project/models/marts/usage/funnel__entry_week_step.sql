{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    meta={'owner': 'product-analytics', 'day': 'entry_week_on', 'spine': 'core.dim_activity_date.week_on',
        'definition_version': 1}
) }}

-- depends_on: {{ ref('fct_rewritten_start') }}

with

reach as (select max(data_through_at) as high_water_at from {{ ref('dim_activity_date') }}),

weeks as (

    {% if is_incremental() -%}
    {{ weeks_of_another_reach(this, 'entry_week_on') }}
    union
    {% endif -%}
    select week_on
    from {{ ref('dim_activity_date') }}
    {%- if is_incremental() %}
    where week_on in (select {{ week_of('started_on') }} from {{ ref('fct_rewritten_start') }})
    {%- endif %}
    group by week_on

),

-- Days and not the week of each entry, so that entries of other days need not be read.
week_days as (

    select {{ add_days('weeks.week_on', 'ahead.days') }} as day_on
    from weeks
    cross join ({% for days in range(7) %}select {{ days }} as days{{ ' union all ' if not loop.last }}{% endfor %}) as ahead

),

cells as (

    select
        steps.funnel_id, steps.funnel_version, steps.funnel_name, steps.step_number, steps.event_name,
        modes.entry_mode, weeks.week_on as entry_week_on,
        cast({{ day_over_at(add_days('weeks.week_on', 6)) }} + steps.window_hours * interval '1' hour as timestamp) as last_end_at
    from {{ ref('dim_funnel_step') }} as steps
    cross join weeks
    cross join (select 'unique_first' as entry_mode union all select 'reentry') as modes
    where not steps.is_exclusion

),

entries as (

    select
        entries.*, {{ week_of('entries.entered_on') }} as entry_week_on,
        entries.window_ends_at <= reach.high_water_at as is_mature
    from {{ ref('fct_funnel_entry') }} as entries
    cross join reach
    {%- if is_incremental() %}
    where entries.entered_on in (select day_on from week_days)
    {%- endif %}

),

-- All entries have the first step.
steps_reached as (

    select
        funnel_id, funnel_version, entry_mode, entry_week_on, step_number,
        count(*) as entry_count,
        sum(case when is_mature then 1 else 0 end) as mature_count,
        count(distinct case when step_number = 1 then person_id end) as person_count,
        sum(case when is_mature and end_reason = 'excluded' then 1 else 0 end) as excluded_count,
        {{ percentile('case when is_mature then ' ~ seconds_between('entered_at', 'reached_at') ~ ' end', 0.5) }} as p50_seconds
    from entries
    group by funnel_id, funnel_version, entry_mode, entry_week_on, step_number

),

counted as (

    select
        cells.*, reach.high_water_at,
        coalesce(weekly.entry_count, 0) as entry_count, coalesce(weekly.person_count, 0) as entry_person_count,
        cast(coalesce(weekly.mature_count, 0) as bigint) as mature_entry_count,
        cast(coalesce(weekly.excluded_count, 0) as bigint) as ended_by_exclusion_count,
        cast(coalesce(steps_reached.mature_count, 0) as bigint) as reached_count,
        lag(cast(coalesce(steps_reached.mature_count, 0) as bigint)) over (
            partition by cells.funnel_id, cells.funnel_version, cells.entry_mode, cells.entry_week_on
            order by cells.step_number
        ) as previous_count,
        steps_reached.p50_seconds
    from cells
    cross join reach
    left join steps_reached as weekly
        on weekly.funnel_id = cells.funnel_id and weekly.funnel_version = cells.funnel_version
        and weekly.entry_mode = cells.entry_mode and weekly.entry_week_on = cells.entry_week_on
        and weekly.step_number = 1
    left join steps_reached
        on steps_reached.funnel_id = cells.funnel_id and steps_reached.funnel_version = cells.funnel_version
        and steps_reached.entry_mode = cells.entry_mode and steps_reached.entry_week_on = cells.entry_week_on
        and steps_reached.step_number = cells.step_number

)

select
    funnel_id, funnel_version, entry_mode, entry_week_on, step_number, funnel_name, event_name,
    entry_count, entry_person_count, mature_entry_count, ended_by_exclusion_count, reached_count,
    reached_count as conversion_num, mature_entry_count as conversion_den,
    {{ rate('reached_count', 'mature_entry_count') }} as conversion_rate,
    case when step_number > 1 then reached_count end as step_conversion_num, previous_count as step_conversion_den,
    {{ rate('case when step_number > 1 then reached_count end', 'previous_count') }} as step_conversion_rate,
    p50_seconds as reached_p50_seconds,
    last_end_at <= high_water_at as is_complete, {{ least_of('high_water_at', 'last_end_at') }} as data_through_at,
    1 as definition_version
from counted
order by entry_week_on
