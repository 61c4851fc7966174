{#- Each step counts the day anew with one more rule of the help desk's; what a step changes is that cause. -#}
{%- set causes = ['time_zone', 'schedule', 'rounding', 'exclusion', 'merged_deleted', 'late'] -%}
with

counts as (

    select
        reports.source, reports.metric, reports.day_on,
        sum(case when moments.own_day_on = reports.day_on and moments.standing = 'counted'
            then moments.own_value else 0 end) as own_value,
        sum(case when moments.vendor_day_on = reports.day_on and moments.standing = 'counted'
            then moments.own_value else 0 end) as time_zone_value,
        sum(case when moments.vendor_day_on = reports.day_on and moments.standing = 'counted'
            then moments.rule_value else 0 end) as schedule_value,
        sum(case when moments.vendor_day_on = reports.day_on and moments.standing = 'counted'
            then moments.told_value else 0 end) as rounding_value,
        sum(case when moments.vendor_day_on = reports.day_on and moments.standing in ('counted', 'excluded')
            then moments.told_value else 0 end) as exclusion_value,
        -- What was deleted before the report is gone there as well.
        sum(case when moments.vendor_day_on = reports.day_on
            and (moments.gone_at is null or moments.gone_at > reports.reported_at)
            then moments.told_value else 0 end) as merged_deleted_value,
        sum(case when moments.vendor_day_on = reports.day_on
            and (moments.gone_at is null or moments.gone_at > reports.reported_at)
            and moments.known_at <= reports.reported_at
            then moments.told_value else 0 end) as late_value
    from {{ ref('fct_support_report') }} as reports
    left join {{ ref('fct_ticket_moment') }} as moments
        on moments.source = reports.source and moments.metric = reports.metric
        and (moments.own_day_on = reports.day_on or moments.vendor_day_on = reports.day_on)
    group by reports.source, reports.metric, reports.day_on

),

by_day as (

    select
        'day report' as basis, reports.source, reports.metric, reports.day_on, reports.reported_at,
        counts.own_value, reports.vendor_value
        {%- for cause in causes %},
        counts.{{ 'own' if loop.first else causes[loop.index0 - 1] }}_value - counts.{{ cause }}_value as {{ cause }}_difference
        {%- endfor %},
        counts.late_value - reports.vendor_value as residual,
        reports.is_complete, reports.data_through_at
    from {{ ref('fct_support_report') }} as reports
    inner join counts
        on counts.source = reports.source and counts.metric = reports.metric and counts.day_on = reports.day_on

),

-- Figures that the help desk gives ticket by ticket, added up on the day of creation.
figures as (

    select
        figures.source, figures.figure, days.day_on, figures.reason, figures.reported_at,
        days.is_complete, days.data_through_at,
        case when tickets.is_countable then 'counted'
            when tickets.exclusion_reason in ('merged', 'deleted') then 'merged' else 'excluded' end as standing,
        -- Whole seconds are added up before they become minutes: so no order of rows changes a sum.
        case when figures.figure in ('replies', 'reopens') then 1.0 else 60.0 end as unit,
        coalesce(figures.own_value, 0) as own_value, coalesce(figures.vendor_value, 0) as vendor_value
    from {{ ref('fct_ticket_figure') }} as figures
    inner join {{ ref('fct_ticket') }} as tickets
        on tickets.source = figures.source and tickets.ticket_id = figures.ticket_id
    inner join {{ ref('dim_support_date') }} as days on days.day_on = tickets.created_on
    where figures.reason is not null

),

by_ticket as (

    select
        'ticket figures' as basis, source,
        case when figure in ('replies', 'reopens') then figure else figure || '_minutes' end as metric,
        day_on, max(reported_at) as reported_at,
        sum(case when standing = 'counted' then own_value else 0 end) / unit as own_value,
        sum(vendor_value) / unit as vendor_value,
        cast(0 as double) as time_zone_difference
        {%- for cause, test in [
            ('schedule', "reason in ('schedule rule', 'schedule not known')"), ('rounding', "reason = 'equal'")
        ] %},
        sum(case when standing = 'counted' and {{ test }} then own_value - vendor_value else 0 end)
            / unit as {{ cause }}_difference
        {%- endfor %},
        -sum(case when standing = 'excluded' then vendor_value else 0 end) / unit as exclusion_difference,
        -sum(case when standing = 'merged' then vendor_value else 0 end) / unit as merged_deleted_difference,
        sum(case when standing = 'counted' and reason = 'later data' then own_value - vendor_value else 0 end)
            / unit as late_difference,
        sum(case when standing = 'counted'
            and reason not in ('equal', 'schedule rule', 'schedule not known', 'later data')
            then own_value - vendor_value else 0 end) / unit as residual,
        is_complete, data_through_at
    from figures
    group by source, figure, day_on, unit, is_complete, data_through_at

)

select
    source, basis, metric, day_on, own_value, vendor_value, own_value - vendor_value as difference
    {%- for cause in causes %}, {{ cause }}_difference{% endfor %}, residual,
    abs(residual) as residual_num, abs(vendor_value) as residual_den, {{ rate('abs(residual)', 'abs(vendor_value)') }} as residual_rate,
    reported_at, is_complete, data_through_at, 1 as definition_version
from (select * from by_day union all select * from by_ticket) as both_ways
