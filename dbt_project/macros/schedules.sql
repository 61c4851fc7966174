{#
    How long schedules were open until a moment. Not here: which schedule is in force when
    (int_support__schedule), how a window follows from hours and holidays (int_support__open_window).
#}

{#
    Each schedule's stretches between openings, closings and midnights, by the day of their start:
    until a moment of the stretch it was open for moment * open_count - opened_micros.

    All that was open until then is each window since it opened, less all since it closed. Two such
    sums make a span, however many windows are in it; whole microseconds have no rounding.
    Midnights are among the edges, so that a moment's stretch is found by the day.
#}
{% macro open_stretches(windows) -%}
with

schedules as (

    select source, schedule_ref from {{ windows }} group by source, schedule_ref

),

spine as (

    {{ date_spine(
        '(select cast(min(opens_at) as date) from ' ~ windows ~ ')',
        '(select ' ~ add_days('cast(max(closes_at) as date)', 1) ~ ' from ' ~ windows ~ ')'
    ) }}

),

edges as (

    select source, schedule_ref, opens_at as edge_at, 1 as step from {{ windows }}
    union all
    select source, schedule_ref, closes_at, -1 from {{ windows }}
    union all
    select schedules.source, schedules.schedule_ref, cast(spine.day_on as timestamp), 0
    from schedules
    inner join spine on spine.day_on is not null

)

select
    source, schedule_ref, cast(edge_at as date) as day_on, edge_at as from_at,
    lead(edge_at) over (partition by source, schedule_ref order by edge_at) as until_at,
    sum(step) over (partition by source, schedule_ref order by edge_at) as open_count,
    sum(cast(step * {{ epoch_micros('edge_at') }} as decimal(38, 0))) over (partition by source, schedule_ref order by edge_at)
        as opened_micros
from edges
{%- endmacro %}
