{#- Clocks that one event stops; a help desk times these by the one schedule in force at that event. -#}
{%- set of_one_event = "('first_reply', 'first_resolution', 'full_resolution')" -%}
with

pieces as (

    select
        clocks.source, clocks.ticket_id, clocks.clock, clocks.span_number, periods.schedule_ref,
        'in force' as rule,
        {{ greatest_of('clocks.starts_at', 'periods.starts_at') }} as starts_at,
        {{ least_of('clocks.ends_at', 'periods.ends_at') }} as ends_at
    from {{ ref('int_support__span') }} as clocks
    inner join {{ ref('int_support__schedule') }} as periods
        on periods.source = clocks.source and periods.ticket_id = clocks.ticket_id
        and periods.ends_at > clocks.starts_at
        and (periods.starts_at < clocks.ends_at or periods.starts_at = clocks.starts_at)
    union all
    select
        clocks.source, clocks.ticket_id, clocks.clock, clocks.span_number, periods.schedule_ref,
        'one schedule', clocks.starts_at, clocks.ends_at
    from {{ ref('int_support__span') }} as clocks
    inner join {{ ref('int_support__schedule') }} as periods
        on periods.source = clocks.source and periods.ticket_id = clocks.ticket_id
        and periods.starts_at <= clocks.ends_at and periods.ends_at > clocks.ends_at
    where clocks.is_over and clocks.clock in {{ of_one_event }}

),

lines as (

    select
        source, schedule_ref,
        cast(min(cast(opens_at as date)) as timestamp) as first_at,
        cast({{ add_days('max(cast(closes_at as date))', 1) }} as timestamp) as last_at
    from {{ ref('int_support__open_window') }}
    group by source, schedule_ref

),

spine as (

    {{ date_spine(
        '(select cast(min(first_at) as date) from lines)', '(select cast(max(last_at) as date) from lines)'
    ) }}

),

-- A schedule's midnights are among its edges, so that a moment's stretch is found by the day.
edges as (

    select source, schedule_ref, opens_at as edge_at, 1 as step from {{ ref('int_support__open_window') }}
    union all
    select source, schedule_ref, closes_at, -1 from {{ ref('int_support__open_window') }}
    union all
    select lines.source, lines.schedule_ref, cast(spine.day_on as timestamp), 0
    from lines
    inner join spine on spine.day_on is not null

),

-- All that was open until a moment is each window since it opened, less all since it closed. Two
-- such sums make a piece, however many windows are in it; whole microseconds have no rounding.
stretches as (

    select
        source, schedule_ref, cast(edge_at as date) as day_on, edge_at as from_at,
        lead(edge_at) over (partition by source, schedule_ref order by edge_at) as until_at,
        sum(step) over (partition by source, schedule_ref order by edge_at) as open_count,
        sum(cast(step * {{ epoch_micros('edge_at') }} as decimal(38, 0))) over (partition by source, schedule_ref order by edge_at)
            as opened_micros
    from edges

),

bounded as (

    select
        pieces.source, pieces.ticket_id, pieces.clock, pieces.span_number, pieces.schedule_ref, pieces.rule,
        {%- for name in ['starts_at', 'ends_at'] %}
        {{ least_of(greatest_of('pieces.' ~ name, 'lines.first_at'), 'lines.last_at') }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from pieces
    left join lines on lines.source = pieces.source and lines.schedule_ref = pieces.schedule_ref

),

ruled as (

    select
        bounded.source, bounded.ticket_id, bounded.clock, bounded.span_number
        {%- for rule, name in [('in force', 'business_seconds'), ('one schedule', 'one_schedule_seconds')] %},
        case when max(case when bounded.rule = '{{ rule }}' and bounded.schedule_ref is null then 1 else 0 end) = 0
            then cast(floor(sum(case when bounded.rule = '{{ rule }}' then coalesce(
                {{ epoch_micros('bounded.ends_at') }} * ends.open_count - ends.opened_micros
                - {{ epoch_micros('bounded.starts_at') }} * starts.open_count + starts.opened_micros, 0
            ) end) / 1000000) as bigint) end as {{ name }}
        {%- endfor %}
    from bounded
    {%- for name in ['starts', 'ends'] %}
    left join stretches as {{ name }}
        on {{ name }}.source = bounded.source and {{ name }}.schedule_ref = bounded.schedule_ref
        and {{ name }}.day_on = cast(bounded.{{ name }}_at as date) and {{ name }}.from_at <= bounded.{{ name }}_at
        and ({{ name }}.until_at > bounded.{{ name }}_at or {{ name }}.until_at is null)
    {%- endfor %}
    group by bounded.source, bounded.ticket_id, bounded.clock, bounded.span_number

)

select
    clocks.source, clocks.ticket_id, clocks.clock, clocks.span_number, clocks.is_over, clocks.is_running,
    clocks.starts_at, clocks.ends_at,
    cast(floor({{ seconds_between('clocks.starts_at', 'clocks.ends_at') }}) as bigint) as calendar_seconds,
    ruled.business_seconds, ruled.one_schedule_seconds
from {{ ref('int_support__span') }} as clocks
left join ruled
    on ruled.source = clocks.source and ruled.ticket_id = clocks.ticket_id and ruled.clock = clocks.clock
    and ruled.span_number = clocks.span_number
