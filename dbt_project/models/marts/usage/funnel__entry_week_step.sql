with

weeks as (select week_on, {{ add_days('week_on', 6) }} as last_on from {{ ref('dim_activity_date') }} group by week_on),

reach as (select max(data_through_at) as high_water_at from {{ ref('dim_activity_date') }}),

steps as (

    select funnel_id, funnel_version, funnel_name, window_hours, step_number, event_name
    from {{ ref('dim_funnel_step') }}
    where not is_exclusion

),

cells as (

    select
        steps.*, modes.entry_mode, weeks.week_on as entry_week_on,
        cast({{ day_over_at('weeks.last_on') }} + steps.window_hours * interval '1' hour as timestamp) as last_end_at
    from steps
    cross join weeks
    cross join (select 'unique_first' as entry_mode union all select 'reentry') as modes

),

weekly as (

    select
        entries.funnel_id, entries.funnel_version, entries.entry_mode, {{ week_of('entries.entered_on') }} as entry_week_on,
        count(*) as entry_count,
        sum(case when entries.window_ends_at <= reach.high_water_at then 1 else 0 end) as mature_count,
        count(distinct entries.person_id) as person_count,
        sum(case when entries.window_ends_at <= reach.high_water_at and entries.end_reason = 'excluded' then 1 else 0 end)
            as excluded_count
    from {{ ref('fct_funnel_entry') }} as entries
    cross join reach
    where entries.step_number = 1
    group by entries.funnel_id, entries.funnel_version, entries.entry_mode, {{ week_of('entries.entered_on') }}

),

steps_reached as (

    select
        entries.funnel_id, entries.funnel_version, entries.entry_mode, {{ week_of('entries.entered_on') }} as entry_week_on,
        entries.step_number,
        count(*) as reached_count,
        {{ percentile(seconds_between('entries.entered_at', 'entries.reached_at'), 0.5) }} as p50_seconds
    from {{ ref('fct_funnel_entry') }} as entries
    cross join reach
    where entries.window_ends_at <= reach.high_water_at
    group by
        entries.funnel_id, entries.funnel_version, entries.entry_mode, {{ week_of('entries.entered_on') }},
        entries.step_number

),

counted as (

    select
        cells.*,
        coalesce(weekly.entry_count, 0) as entry_count,
        coalesce(weekly.person_count, 0) as entry_person_count,
        cast(coalesce(weekly.mature_count, 0) as bigint) as mature_entry_count,
        cast(coalesce(weekly.excluded_count, 0) as bigint) as ended_by_exclusion_count,
        coalesce(steps_reached.reached_count, 0) as reached_count,
        steps_reached.p50_seconds
    from cells
    left join weekly
        on weekly.funnel_id = cells.funnel_id and weekly.funnel_version = cells.funnel_version
        and weekly.entry_mode = cells.entry_mode and weekly.entry_week_on = cells.entry_week_on
    left join steps_reached
        on steps_reached.funnel_id = cells.funnel_id and steps_reached.funnel_version = cells.funnel_version
        and steps_reached.entry_mode = cells.entry_mode and steps_reached.entry_week_on = cells.entry_week_on
        and steps_reached.step_number = cells.step_number

),

compared as (

    select
        *,
        lag(reached_count) over (
            partition by funnel_id, funnel_version, entry_mode, entry_week_on order by step_number
        ) as previous_count
    from counted

)

select
    compared.funnel_id, compared.funnel_version, compared.entry_mode, compared.entry_week_on, compared.step_number,
    compared.funnel_name, compared.event_name,
    compared.entry_count, compared.entry_person_count, compared.mature_entry_count, compared.ended_by_exclusion_count,
    compared.reached_count,
    compared.reached_count as conversion_num,
    compared.mature_entry_count as conversion_den,
    {{ rate('compared.reached_count', 'compared.mature_entry_count') }} as conversion_rate,
    case when compared.step_number > 1 then compared.reached_count end as step_conversion_num,
    compared.previous_count as step_conversion_den,
    {{ rate('case when compared.step_number > 1 then compared.reached_count end', 'compared.previous_count') }}
        as step_conversion_rate,
    compared.p50_seconds as reached_p50_seconds,
    compared.last_end_at <= reach.high_water_at as is_complete,
    {{ least_of('reach.high_water_at', 'compared.last_end_at') }} as data_through_at,
    1 as definition_version
from compared
cross join reach
